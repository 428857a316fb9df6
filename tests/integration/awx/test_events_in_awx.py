# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loop in AWX: its image, its set-up, and that the rulebook, the job template and the project fit each other."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.collection import CHECKOUT
from tests.integration.awx.controller import TOKEN, controlling
from tests.integration.awx.test_awx import Job
from tests.integration.events.rulebook import needs_rulebook, running, wait_for_the_next_look
from tests.integration.playbooks.fleet import connections, workspaces
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox

EXAMPLES = CHECKOUT / "examples" / "awx"
RULEBOOKS = CHECKOUT / "extensions" / "eda" / "rulebooks"
DECISION_ENVIRONMENT = CHECKOUT / "extensions" / "eda" / "decision-environment.yml"
RULEBOOK = "heal_job_template.yml"


def created(definition: Path, folder: Path) -> Path:
    """Let ansible-builder make the build context of an image; return where."""
    builder = str(Path(sys.executable).parent / "ansible-builder")
    subprocess.run([builder, "create", "-f", str(definition), "-c", str(folder)], check=True, capture_output=True)
    return folder / "_build"


def collections(build: Path) -> dict[str, str]:
    asked = yaml.safe_load((build / "requirements.yml").read_text())["collections"]
    return {item["name"]: item["version"] for item in asked}


def made(file: str, module: str) -> dict[str, dict[str, Any]]:
    """Return the arguments of a module in an example, by the names of what it makes."""
    [play] = yaml.safe_load((EXAMPLES / file).read_text())
    found = [task[module] for task in play["tasks"] if module in task]
    return {arguments["name"]: arguments for arguments in found}


def variables(file: str) -> dict[str, Any]:
    [play] = yaml.safe_load((EXAMPLES / file).read_text())
    known: dict[str, Any] = play["vars"]
    return known


def test_the_decision_environment_has_what_the_rulebooks_are_tested_with(tmp_path: Path) -> None:
    build = created(DECISION_ENVIRONMENT, tmp_path)
    assert collections(build) == {
        item["name"]: item["version"]
        for item in yaml.safe_load((CHECKOUT / "requirements.yml").read_text())["collections"]
    }
    assert (build / "bindep.txt").read_text().startswith("java-17-openjdk-headless ")
    definition = yaml.safe_load(DECISION_ENVIRONMENT.read_text())["dependencies"]
    asked = [
        *definition["python"],
        definition["ansible_core"]["package_pip"],
        definition["ansible_runner"]["package_pip"],
    ]
    lines = (CHECKOUT / "tests" / "requirements-rulebook.in").read_text().splitlines()
    tested = [Requirement(line) for line in lines if line and not line.startswith("#")]
    for requirement in map(Requirement, asked):
        versions = [str(pin.specifier).removeprefix("==") for pin in tested if pin.name == requirement.name]
        assert versions, requirement.name
        assert all(version in requirement.specifier for version in versions), requirement
    assert "ansible-rulebook" in (build / "requirements.txt").read_text()


def test_the_image_of_automation_platform_takes_the_place_of_the_base_as_the_comment_says(tmp_path: Path) -> None:
    text = DECISION_ENVIRONMENT.read_text()
    [image] = re.findall(r"registry\.redhat\.io/\S+:latest", text)
    [manager] = re.findall(r"package_manager_path: (\S+)\.\n", text)
    definition = yaml.safe_load(text)
    changed = {
        **definition,
        "images": {"base_image": {"name": image}},
        "dependencies": {"galaxy": str(CHECKOUT / "requirements.yml")},
        "options": {"package_manager_path": manager},
    }
    (tmp_path / "decision-environment.yml").write_text(yaml.safe_dump(changed))
    build = created(tmp_path / "decision-environment.yml", tmp_path / "context")
    assert "onramp.braze_fivetran" in collections(build)
    containerfile = next(path for path in (tmp_path / "context").iterdir() if path.is_file()).read_text()
    assert f'ARG EE_BASE_IMAGE="{image}"' in containerfile
    assert f'ARG PKGMGR="{manager}"' in containerfile


def test_the_activation_starts_the_job_template_that_is_made() -> None:
    [activation] = made("configure_eda.yml", "ansible.eda.rulebook_activation").values()
    assert activation["rulebook_name"] == RULEBOOK
    assert (RULEBOOKS / RULEBOOK).exists()
    organization = variables("configure.yml")["organization"]
    given = yaml.safe_load(activation["extra_vars"].replace("{{ organization }}", organization))
    known = set(re.findall(r"\{\{ \[?(\w+) \|", (RULEBOOKS / RULEBOOK).read_text()))
    assert set(given) <= known
    template = made("configure.yml", "awx.awx.job_template")[given["heal_job_template"]]
    assert given["heal_organization"] == organization == variables("configure_eda.yml")["organization"]
    # AWX drops the variables of a launch that it was not told to ask for.
    assert template["ask_variables_on_launch"] is True
    assert template["allow_simultaneous"] is False
    # Else each job forgets what earlier ones have tried.
    assert template["use_fact_cache"] is True
    assert (EXAMPLES / "project" / template["playbook"]).exists()
    for name, module in (("project_name", "project"), ("decision_environment_name", "decision_environment")):
        assert activation[name] in made("configure_eda.yml", f"ansible.eda.{module}")


def test_without_variables_the_rulebook_means_the_same_job_template() -> None:
    text = (RULEBOOKS / RULEBOOK).read_text()
    [name] = set(re.findall(r"heal_job_template \| default\('([^']+)'\)", text))
    assert name in made("configure.yml", "awx.awx.job_template")
    [organization] = set(re.findall(r"heal_organization \| default\('([^']+)'\)", text))
    assert organization == variables("configure.yml")["organization"]


def launched(variables: Mapping[str, Any]) -> str:
    """Return the argument by which AWX hands the variables of a launch to Ansible."""
    return f"-e {shlex.quote(json.dumps(variables))}"


def states(sandbox: Sandbox) -> dict[str, str]:
    return {schema: row["status"]["setup_state"] for schema, row in connections(sandbox).items()}


@pytest.mark.slow
def test_a_job_heals_the_connection_that_is_named_at_launch(sandbox: Sandbox, tmp_path: Path) -> None:
    job = Job(sandbox, tmp_path)
    first = job.run("onboard.yml")
    assert first.rc == 0, first.stdout.read()
    breaking.grant_removed(sandbox)
    breaking.trust_edited(sandbox)
    assert {row["status"] for row in breaking.notice(sandbox)} == {"FAILURE_WITH_TASK"}
    broken = connections(sandbox)["braze_shop_eu"]
    named = [{"connection_id": broken["id"], "schema": broken["schema"], "group_id": broken["group_id"]}]
    healed = job.run("heal.yml", cmdline=launched({"onramp_heal_connections": named}))
    assert healed.rc == 0, healed.stdout.read()
    assert states(sandbox) == {"braze_shop_eu": "connected", "braze_shop_us": "broken"}
    written = json.dumps(list(healed.events)) + healed.stdout.read()
    assert not [secret for secret in world.secrets() if secret in written]


@pytest.mark.slow
def test_a_job_knows_from_the_stored_facts_what_an_earlier_one_has_tried(sandbox: Sandbox, tmp_path: Path) -> None:
    job = Job(sandbox, tmp_path)
    assert job.run("onboard.yml").rc == 0
    connection = connections(sandbox)["braze_shop_us"]["id"]

    def heal(number: int) -> Any:
        breaking.source_failed(sandbox, connection)
        breaking.notice(sandbox, connection)
        # Of a container, nothing remains but what AWX has stored: the facts.
        shutil.rmtree(tmp_path / "ansible")
        facts = tmp_path / "artifacts" / str(number - 1) / "fact_cache"
        if facts.exists():
            shutil.copytree(facts, tmp_path / "artifacts" / str(number) / "fact_cache")
        return job.run("heal.yml", ident=str(number), fact_cache_type="jsonfile")

    first, second = heal(1), heal(2)
    assert first.rc == 0, first.stdout.read()
    assert second.rc == 2
    assert "cooling down" in second.stdout.read()


@pytest.mark.slow
@needs_rulebook
def test_the_rulebook_has_the_job_template_heal_what_breaks_with_a_key_that_may_only_read(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The whole loop but AWX itself: its API, and its engine below."""
    for folder in ("job", "rules"):
        (tmp_path / folder).mkdir()
    job = Job(sandbox, tmp_path / "job")
    assert job.run("onboard.yml").rc == 0
    assert {row["status"] for row in breaking.notice(sandbox)} == {"SUCCESSFUL"}
    printed: list[str] = []

    def run(template: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
        ran = job.run(template["playbook"], cmdline=launched(variables))
        printed.append(ran.stdout.read())
        return bool(ran.rc == 0)

    organization = {"organization": variables("configure.yml")["organization"]}
    made_templates = made("configure.yml", "awx.awx.job_template").values()
    templates = [{**template, **organization} for template in made_templates]
    key, secret = world.FIVETRAN_READER
    with controlling(templates, run) as controller:
        environment = {
            "EDA_CONTROLLER_URL": controller.url, "EDA_CONTROLLER_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1",
            "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.5", "FIVETRAN_APIKEY": key, "FIVETRAN_APISECRET": secret,
        }  # fmt: skip
        known = {"fivetran_interval": 5, "heal_every": 0}
        rules = (sandbox, tmp_path / "rules", "heal_job_template", workspaces(), known)
        with running(*rules, **environment) as rulebook:
            wait_for_the_next_look(sandbox, rulebook)
            breaking.grant_removed(sandbox)
            assert "FAILURE_WITH_TASK" in {row["status"] for row in breaking.notice(sandbox)}
            rulebook.wait_until(lambda: states(sandbox)["braze_shop_eu"] == "connected", 60)
            rulebook.wait_until(lambda: {job["status"] for job in controller.jobs} == {"successful"}, 30)
        assert len(controller.jobs) == 1, printed
        [told] = json.loads(controller.jobs[0]["extra_vars"])["onramp_heal_connections"]
        assert (told["schema"], told["group_id"]) == ("braze_shop_eu", world.GROUP_ID)
    output = rulebook.printed + "".join(printed) + json.dumps(controller.jobs)
    assert not [secret for secret in world.secrets() if secret in output]
