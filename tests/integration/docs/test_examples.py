# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example that a reader may copy works: those of the plugins, and those of the pages.

All are found by themselves, so a new one is executed without a change here. Only the address of Braze is another one.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.collection import CHECKOUT
from tests.documents import blocks, examples, for_the_sandbox, languages, name_of, pages, plugins_with_examples
from tests.integration.docs.story import STORIES
from tests.integration.given import VAULT, let_fivetran_read, make_connection
from tests.integration.playbooks.fleet import EXAMPLES, connections, play, workspaces
from tests.integration.playbooks.shapes import GUIDE, Shape
from tests.integration.storage.identities import make_deployment_roles
from tests.playbook import run_playbook
from tests.sandbox.aws import REGION
from tests.sandbox.client import Sandbox

Prepare = Callable[[Sandbox], None]
OF_ANOTHER_TEAM = Shape(managed={"read-currents": GUIDE}, role="fivetran-reader", path="/vendors/")

# What an example takes for granted, by plugin or page.
PREPARE: Mapping[str, Prepare] = {
    "plugins/modules/fivetran_connection.py": let_fivetran_read,
    "plugins/modules/fivetran_connection_info.py": make_connection,
    "plugins/modules/fivetran_connection_schema.py": make_connection,
    "plugins/modules/fivetran_connection_sync.py": make_connection,
    "plugins/modules/gcs_bucket_preflight_info.py": let_fivetran_read,
    "plugins/modules/s3_access.py": make_deployment_roles,
    "plugins/modules/workspace_unclaimed_info.py": make_connection,
    "roles/fivetran_connection/README.md": let_fivetran_read,
    "docs/credentials.md": make_deployment_roles,
    "docs/existing_connections.md": OF_ANOTHER_TEAM.build,
    "docs/guide_existing_playbooks.md": OF_ANOTHER_TEAM.build,
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give the AWS profile that an example names."""
    configuration = tmp_path / "aws"
    configuration.write_text(f"[profile data-platform]\nregion = {REGION}\n")
    return {"AWS_CONFIG_FILE": str(configuration)}


# Those that are no obstacle to each other: `make test` runs them in one play after the other, in this order.
READING = "what only reads"
TOGETHER: Mapping[str, tuple[str, ...]] = {
    READING: (
        "braze_api_key_info",
        "braze_config",
        "braze_currents_info",
        "collection_version",
        "findings",
        "fivetran_account_info",
        "fivetran_destination_info",
        "fivetran_group_info",
        "fivetran_webhook_info",
        "gcs_bucket_iam_info",
        "role_variables",
        "s3_access_plan_info",
        "s3_bucket_preflight_info",
        "workspace_discovery",
    ),
    "a connection": (
        "fivetran_connection_info",
        "workspace_unclaimed_info",
        "fivetran_connection_schema",
        "fivetran_connection_sync",
    ),
    "buckets that Fivetran may read": (
        "gcs_bucket_preflight_info",
        "fivetran_connection",
        "gcs_bucket_iam_member",
        "fivetran_webhook",
        "fivetran_group",
    ),
    "the workspaces of an inventory": (
        "workspace_heal",
        "workspace_plan",
        "workspace_plan_info",
        "workspace_verdict",
        "workspaces_group",
    ),
}


class Example:
    """The examples of one plugin, as plays."""

    def __init__(self, plugin: Path, sandbox: Sandbox, **variables: Any) -> None:
        self.plugin = plugin
        self.tasks = 0
        self.plays = yaml.safe_load(for_the_sandbox(examples(plugin), sandbox))
        # What is for all workspaces of an inventory is shown as a whole play.
        if not any("hosts" in entry for entry in self.plays):
            self.tasks = len(self.plays)
            variables = {**VAULT, **variables}
            self.plays = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": self.plays}]
        assert all("hosts" in entry for entry in self.plays)

    @property
    def needed(self) -> Prepare | None:
        return PREPARE.get(name_of(self.plugin))


def run_examples(sandbox: Sandbox, environment: dict[str, str], shown: list[Example]) -> None:
    for prepare in {example.needed for example in shown if example.needed}:
        prepare(sandbox)
    on_localhost = sum(example.tasks for example in shown)
    inventory = None if on_localhost else EXAMPLES / "workspaces.yml"
    plays = [play for example in shown for play in example.plays]
    result = run_playbook(sandbox, plays, inventory=inventory, environment=environment)
    assert result.exit_code == 0, result.output
    if on_localhost:
        assert all(example.tasks for example in shown)
        assert result.stats["localhost"]["ok"] == on_localhost
    else:
        assert {task.host for task in result.tasks} >= {"shop_us"}
    modules = {example.plugin.stem for example in shown if example.plugin.parent.name == "modules"}
    assert {f"onramp.braze_fivetran.{module}" for module in modules} <= {task.action for task in result.tasks}


@pytest.mark.parametrize("there", TOGETHER)
def test_the_examples_of_plugins_that_take_the_same_for_granted_work_in_one_run(
    sandbox: Sandbox, environment: dict[str, str], there: str
) -> None:
    found = {plugin.stem: plugin for plugin in plugins_with_examples()}
    run_examples(sandbox, environment, [Example(found[name], sandbox) for name in TOGETHER[there]])
    if there == READING:
        assert sandbox.writes() == []


ALONE = [plugin for plugin in plugins_with_examples() if plugin.stem not in chain(*TOGETHER.values())]


@pytest.mark.parametrize("plugin", ALONE, ids=lambda plugin: plugin.stem)
def test_the_examples_of_a_plugin_work_one_after_the_other(
    sandbox: Sandbox, environment: dict[str, str], plugin: Path
) -> None:
    run_examples(sandbox, environment, [Example(plugin, sandbox)])


@pytest.mark.slow
@pytest.mark.parametrize("plugin", plugins_with_examples(), ids=lambda plugin: plugin.stem)
def test_the_examples_of_a_plugin_work_alone_and_in_processes_of_their_own(
    sandbox: Sandbox, environment: dict[str, str], plugin: Path
) -> None:
    run_examples(sandbox, environment, [Example(plugin, sandbox, onramp_in_process=False)])


# A guide is told from its top to its end, by test_guides.py, and docs/events.md by tests/integration/events.
PAGES = [page for page in pages() if blocks(page, "yaml") and page.stem not in (*STORIES, "events")]


# What a newcomer copies first. `make test-full` executes all of them.
FIRST = (
    "README.md",
    "docs/existing_connections.md",
    "docs/guide_existing_playbooks.md",
    "docs/guide_gcs.md",
    "docs/guide_s3.md",
)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[] if name_of(page) in FIRST else [pytest.mark.slow], id=name_of(page))
        for page in PAGES
    ],
)
def test_the_yaml_of_a_page_works(sandbox: Sandbox, page: Path) -> None:
    PREPARE.get(name_of(page), lambda _sandbox: None)(sandbox)
    shown = [yaml.safe_load(for_the_sandbox(block, sandbox)) for block in blocks(page, "yaml")]
    plays = [play for block in shown if isinstance(block, list) for play in block]
    inventories = [block for block in shown if "braze_workspaces" in block]
    roles = [block for block in shown if "includedPermissions" in block]
    assert len(inventories) + len(roles) + sum(isinstance(block, list) for block in shown) == len(shown)
    if plays:
        run_plays(sandbox, plays)
    for inventory in inventories:
        onboard(sandbox, inventory)
    for role in roles:
        # That these are enough, and each of them needed, shows tests/integration/permissions.
        assert role["stage"] == "GA"
        assert all(re.fullmatch(r"storage\.\w+\.\w+", permission) for permission in role["includedPermissions"])


def test_of_the_plays_of_all_pages_nothing_runs_where_tags_of_others_are_asked_for(sandbox: Sandbox) -> None:
    shown = [yaml.safe_load(for_the_sandbox(block, sandbox)) for page in PAGES for block in blocks(page, "yaml")]
    plays = [play for block in shown if isinstance(block, list) for play in block]
    result = run_playbook(sandbox, plays, "--tags", "web", inventory=workspaces())
    assert result.exit_code == 0, result.output
    assert result.tasks == ()
    assert sandbox.journal() == []


def run_plays(sandbox: Sandbox, plays: list[dict[str, Any]]) -> None:
    plays = [{**play, "vars": {**VAULT, **play.get("vars", {})}} for play in plays]
    result = run_playbook(sandbox, plays)
    assert result.exit_code == 0, result.output
    assert sum(host["failures"] + host["ignored"] + host["rescued"] for host in result.stats.values()) == 0
    assert result.tasks


def onboard(sandbox: Sandbox, inventory: dict[str, Any]) -> None:
    group = inventory["braze_workspaces"]
    given = dict(VAULT)
    if "hosts" not in group:
        # A setting for all workspaces: they are those of the example.
        example = workspaces()["braze_workspaces"]
        group["hosts"], given = example["hosts"], {**given, **example["vars"]}
    group["vars"] = {**given, **group.get("vars", {})}
    result = play(sandbox, "onboard", inventory=inventory)
    assert result.exit_code == 0, result.output
    made = connections(sandbox)
    assert sorted(made) == sorted(host["fivetran_schema"] for host in group["hosts"].values())
    for connection in made.values():
        assert connection["status"]["setup_state"] == "connected"
        assert connection["paused"] is False


def test_the_configuration_of_each_page_switches_the_report_on(sandbox: Sandbox) -> None:
    enabled = set()
    for page in pages():
        for block in blocks(page, "ini"):
            configuration = configparser.ConfigParser()
            configuration.read_string(block)
            enabled.add(configuration["defaults"]["callbacks_enabled"])
    assert enabled
    for callbacks in enabled:
        result = play(sandbox, "onboard", "--check", "--limit", "shop_eu", ANSIBLE_CALLBACKS_ENABLED=callbacks)
        assert "1 workspace: 1 would change" in result.output


def note(given: list[Mapping[str, str]], env: Mapping[str, str]) -> None:
    """Stand in for what an example runs in the sandbox's environment: it looks which groups there are."""
    given.append(env)
    requests.get(
        f"{env['FIVETRAN_API_URL']}/v1/groups",
        auth=(env["FIVETRAN_APIKEY"], env["FIVETRAN_APISECRET"]),
        headers={"Accept": "application/json;version=2"},
        timeout=30,
    ).raise_for_status()


# That of CONTRIBUTING.md, which needs a trace, is executed by tests/integration/trace.
@pytest.mark.parametrize(
    "page", [page for page in pages() if blocks(page, "python") and page.name != "CONTRIBUTING.md"], ids=name_of
)
def test_the_python_of_a_page_works(page: Path) -> None:
    given: list[Mapping[str, str]] = []
    for block in blocks(page, "python"):
        # Installed, the sandbox has a name of its own; tests/sandbox/tests/test_package.py installs it.
        exec(block.replace("braze_fivetran_sandbox", "tests.sandbox"), {"run_something": partial(note, given)})
    assert all("FIVETRAN_API_URL" in environment for environment in given)
    assert given


def test_no_page_has_code_that_nothing_executes() -> None:
    # JSON: the policies of docs/permissions.md, held to what is needed by tests/integration/permissions, and a stop of
    # docs/report.md, held to its schema by tests/unit/docs. HCL: what docs/guide_terraform.md shows, held to what
    # onboarding makes by test_guides.py.
    executed = {"yaml", "ini", "python", "json", "hcl", "console"}
    found = {language for page in pages() for language in languages(page)}
    assert found - {"text", "{toctree}"} == executed
    assert {name_of(page) for page in pages() if blocks(page, "json")} == {"docs/permissions.md", "docs/report.md"}
    assert {name_of(page) for page in pages() if blocks(page, "hcl")} == {"docs/guide_terraform.md"}


COMMANDS = sorted(
    {
        line.removeprefix("$ ").split("  #")[0].strip()
        for page in pages()
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    }
)


def test_the_commands_of_all_pages_are_looked_at() -> None:
    assert {"ansible-playbook", "make"} <= {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make")])
def test_a_make_target_that_a_page_names_exists(command: str) -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert command.split()[1] in targets


@pytest.mark.parametrize("command", [command for command in COMMANDS if "onramp.braze_fivetran." in command])
def test_a_playbook_that_a_page_names_exists(command: str) -> None:
    for name in re.findall(r"onramp\.braze_fivetran\.(\w+)", command):
        files = [
            f"playbooks/{name}.yml",
            f"roles/{name}",
            f"extensions/eda/rulebooks/{name}.yml",
            *(f"plugins/{kind}/{name}.py" for kind in ("modules", "callback")),
        ]
        assert any((CHECKOUT / file).exists() for file in files)
