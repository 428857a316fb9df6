# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No setting and no callback that people usually have shows a secret, and machines can read what callbacks write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.collection import CHECKOUT, COLLECTIONS
from tests.hardening.onboarding import REPORTS, assert_nothing_secret, workspaces
from tests.hardening.test_secrets import AWS_KEYS, SESSION_TOKEN, basic_credentials, files
from tests.integration.playbooks.fleet import PLAYBOOKS
from tests.playbook import TIMEOUT, played, start_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

REPORT = "onramp.braze_fivetran.workspace_report"
CALLBACKS = CHECKOUT / ".cache" / "callbacks"
NEEDS_CALLBACKS = pytest.mark.skipif(not CALLBACKS.exists(), reason="make .cache/callbacks.stamp brings the callbacks")

# Banners have the arguments that a task ran with where they are printed after it.
BANNERS = {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"}
LATE_BANNERS = {**BANNERS, "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false", "ANSIBLE_DISPLAY_OK_HOSTS": "true"}
LOUD = ("-vvvvv", "--diff")
SETTINGS: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "banners with arguments": (BANNERS, ()),
    "banners with arguments, skipped hosts left out": (LATE_BANNERS, ()),
    "as modules": (LATE_BANNERS, (*LOUD, "-e", "onramp_in_process=false")),
    "check mode": (LATE_BANNERS, (*LOUD, "--check")),
    "very loud": ({}, LOUD),
    "debug": ({"ANSIBLE_DEBUG": "true"}, LOUD),
    "tracebacks": ({"ANSIBLE_DISPLAY_TRACEBACK": "always"}, LOUD),
    "invocations": ({"ANSIBLE_INJECT_INVOCATION": "true", "ANSIBLE_INJECT_FACT_VARS": "true"}, LOUD),
    "failures to stderr": ({"ANSIBLE_DISPLAY_FAILED_STDERR": "true", **LATE_BANNERS}, LOUD),
    "YAML": ({"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", **LATE_BANNERS}, LOUD),
    "a fact cache": (
        {
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": "facts",
            "ANSIBLE_GATHERING": "implicit",
        },
        (),
    ),
    "the strategy free": ({"ANSIBLE_STRATEGY": "free", **LATE_BANNERS}, LOUD),
}
OF_CORE = ("ansible.builtin.minimal", "ansible.builtin.oneline")
OF_COLLECTIONS = (
    "ansible.posix.debug",
    "ansible.posix.json",
    "ansible.posix.jsonl",
    *(
        f"community.general.{name}"
        for name in ("default_without_diff", "dense", "diy", "null", "selective", "tasks_only", "timestamp", "unixy")
    ),
)
BESIDE = (
    "ansible.builtin.tree",
    "ansible.builtin.junit",
    "ansible.posix.profile_tasks",
    "ansible.posix.profile_roles",
    "ansible.posix.timer",
    "community.general.context_demo",
    "community.general.log_plays",
    "community.general.print_task",
)


@pytest.fixture
def inventory() -> Iterator[Path]:
    """Give an inventory with keys for AWS in it, of which one workspace fails; it is no output of the play."""
    folder = Path(tempfile.mkdtemp(prefix="onramp-"))
    path = folder / "inventory.yml"
    path.write_text(yaml.safe_dump(workspaces(shop_us=AWS_KEYS, shop_eu={"braze_api_key": world.BRAZE_KEY_INCOMPLETE})))
    yield path
    shutil.rmtree(folder)


def surroundings(callbacks: tuple[str, ...] = (), **more: str) -> dict[str, str]:
    return {
        "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:{CALLBACKS}",
        "ANSIBLE_CALLBACKS_ENABLED": ",".join((REPORT, *callbacks)),
        "ANSIBLE_LOG_PATH": "ansible.log",
        "ANSIBLE_CALLBACK_TREE_DIR": "tree",
        "JUNIT_OUTPUT_DIR": "junit",
        "ANSIBLE_LOG_FOLDER": "log_plays",
        **REPORTS,
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        **more,
    }


def onboard(
    sandbox: Sandbox, inventory: Path, environment: Mapping[str, str], *arguments: str
) -> tuple[str, list[str]]:
    """Onboard, hold that nothing secret is shown, and return what was printed and the files that were written."""
    onboarding = played(sandbox, PLAYBOOKS / "onboard.yml", *arguments, inventory=inventory, environment=environment)
    with onboarding as (result, directory):
        written = [str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()]
        assert "shop_us" in result.output + "".join(files(directory))
        for text in (result.output, *files(directory)):
            assert_hidden(text)
    return result.output, written


def assert_hidden(text: str) -> None:
    assert_nothing_secret(text)
    assert basic_credentials() not in text
    assert SESSION_TOKEN not in text


@pytest.mark.slow
def test_the_loudest_settings_of_all_show_no_secret(sandbox: Sandbox, inventory: Path) -> None:
    settings = {name: value for environment, _arguments in SETTINGS.values() for name, value in environment.items()}
    settings.pop("ANSIBLE_STRATEGY")
    # Which makes a line of everything, and the run several times as long.
    settings.pop("ANSIBLE_DEBUG")
    environment = surroundings(("ansible.builtin.tree", "ansible.builtin.junit"), **settings)
    output, written = onboard(sandbox, inventory, environment, *LOUD)
    assert "api_key=VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in output
    assert [name for name in written if name.startswith("junit/")]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_shows_a_secret(sandbox: Sandbox, inventory: Path, name: str) -> None:
    environment, arguments = SETTINGS[name]
    onboard(sandbox, inventory, surroundings(**environment), *arguments)


@pytest.mark.slow
@NEEDS_CALLBACKS
@pytest.mark.parametrize("callback", [*OF_CORE, *OF_COLLECTIONS])
def test_no_callback_of_standard_output_shows_a_secret(sandbox: Sandbox, inventory: Path, callback: str) -> None:
    onboard(sandbox, inventory, surroundings(ANSIBLE_STDOUT_CALLBACK=callback, **LATE_BANNERS), *LOUD)


@pytest.mark.slow
@NEEDS_CALLBACKS
def test_no_callback_beside_it_shows_a_secret(sandbox: Sandbox, inventory: Path) -> None:
    onboard(sandbox, inventory, surroundings(BESIDE, **LATE_BANNERS), *LOUD)


@pytest.mark.slow
def test_the_events_of_ansible_runner_hold_no_secret(sandbox: Sandbox, inventory: Path, tmp_path: Path) -> None:
    import ansible_runner

    (tmp_path / "run").mkdir()
    # It finds the command on the path.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **sandbox.env, **surroundings(**LATE_BANNERS), "PATH": path, "HOME": str(tmp_path)}
    ran = ansible_runner.run(
        private_data_dir=str(tmp_path / "run"),
        playbook=str(PLAYBOOKS / "onboard.yml"),
        inventory=str(inventory),
        envvars=environment,
        verbosity=5,
        quiet=True,
    )
    events = "\n".join(json.dumps(event) for event in ran.events)
    assert "shop_us" in events
    assert_hidden(events)


def machine_readable(output: str, callback: str) -> None:
    """Hold that standard output is JSON, or JSON in lines, and nothing else."""
    if callback.endswith("jsonl"):
        assert [json.loads(line)["_event"] for line in output.splitlines()]
    else:
        assert json.loads(output)["plays"]


@pytest.mark.slow
@NEEDS_CALLBACKS
@pytest.mark.parametrize("callback", ["ansible.posix.json", "ansible.posix.jsonl"])
def test_standard_output_belongs_to_its_callback_with_every_playbook(
    sandbox: Sandbox, inventory: Path, tmp_path: Path, callback: str
) -> None:
    confirmed = ["-e", "offboard_confirmed=true", "-e", f"discover_file={tmp_path / 'found.yml'}"]
    confirmed += ["-e", f"init_folder={tmp_path / 'new'}", "-e", f"onramp_plan_file={tmp_path / 'plan.json'}"]
    environment = surroundings(ANSIBLE_STDOUT_CALLBACK=callback)
    for playbook in (
        "init.yml",
        "onboard.yml",
        "verify.yml",
        "rotate_key.yml",
        "heal.yml",
        "discover.yml",
        "offboard.yml",
        "show_plan.yml",
    ):
        process = start_playbook(
            sandbox, PLAYBOOKS / playbook, *confirmed, directory=tmp_path, inventory=inventory, environment=environment,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        output, errors = process.communicate(timeout=TIMEOUT)
        machine_readable(output, callback)
        assert ("BRAZE WORKSPACES" in errors) == (playbook not in ("init.yml", "discover.yml", "show_plan.yml")), (
            playbook
        )


def test_every_playbook_is_held_to_that() -> None:
    tried = Path(__file__).read_text()
    assert [path.name for path in PLAYBOOKS.glob("*.yml") if path.name not in tried] == []
