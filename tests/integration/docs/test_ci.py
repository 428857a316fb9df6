# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipelines in examples/ci do what their page says: their commands run as they stand, with the sandbox's secrets.

Neither GitHub nor GitLab runs here. Their schemas are held to by ``python -m tests.checks pipelines``; what an action
of somebody else's does is what its name says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT, COLLECTIONS
from tests.documents import blocks
from tests.integration.docs.shell import shell
from tests.integration.docs.story import Story
from tests.integration.playbooks.fleet import EXAMPLES, connections
from tests.sandbox import world
from tests.sandbox.client import Sandbox

CI = EXAMPLES / "ci"
GITHUB = yaml.safe_load((CI / "github-actions.yml").read_text())
GITLAB = yaml.safe_load((CI / "gitlab-ci.yml").read_text())
INSTALLING = ("pip install", "ansible-galaxy collection install")
EVENTS = {"github.event_name == 'pull_request'": "pull_request", "github.event_name == 'push'": "push"}
EVENTS["github.event_name == 'schedule'"] = "schedule"
SECRETS = {
    "FIVETRAN_APIKEY": world.FIVETRAN_KEY,
    "FIVETRAN_APISECRET": world.FIVETRAN_SECRET,
    "VAULT_PASSWORD": "password-of-the-vault",
}


@dataclass
class Machine:
    """A runner with the repository of an inventory on it."""

    sandbox: Sandbox
    folder: Path

    def __post_init__(self) -> None:
        shutil.copy(EXAMPLES / "workspaces.yml", self.folder / "inventory.yml")
        sandbox = {name: value for name, value in self.sandbox.env.items() if not name.startswith("FIVETRAN_APIK")}
        self.environment = {
            **{name: value for name, value in sandbox.items() if name != "FIVETRAN_APISECRET"},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        }

    def run(self, script: str, environment: Mapping[str, Any]) -> tuple[int, str]:
        """Run a script as both do, by a shell that stops at the first command that fails."""
        script = script.replace("/tmp/", f"{self.folder}/")
        given = {name: str(value) for name, value in environment.items()}
        return shell("-euo pipefail", script, self.folder, {**self.environment, **given})

    def report(self) -> dict[str, str]:
        """Return how each workspace stands by the report that is kept, and take it away."""
        path = self.folder / "report.json"
        found = json.loads(path.read_text())["workspaces"]
        assert (self.folder / "report.html").exists()
        path.unlink()
        return {workspace["name"]: workspace["status"] for workspace in found}


def filled(values: Mapping[str, Any]) -> dict[str, str]:
    """Return variables with the secrets that they name."""
    return {
        name: re.sub(r"\$\{\{ secrets\.(\w+) \}\}", lambda found: SECRETS[found[1]], str(value))
        for name, value in values.items()
    }


def github(machine: Machine, event: str) -> tuple[int, str]:
    """Run the steps of the workflow that an event reaches; return how the last one ended."""
    remembered = machine.folder / "github_env"
    remembered.touch()
    ended = (0, "")
    for step in GITHUB["jobs"]["workspaces"]["steps"]:
        condition = step.get("if")
        if "run" not in step or (condition and EVENTS[condition] != event) or step["run"].startswith(INSTALLING):
            continue
        lines = dict(line.split("=", 1) for line in remembered.read_text().splitlines())
        runner = {"GITHUB_ENV": remembered, "RUNNER_TEMP": machine.folder}
        environment = {**filled(GITHUB["env"]), **runner, **lines, **filled(step.get("env", {}))}
        ended = machine.run(step["run"], environment)
        if ended[0]:
            break
    return ended


def gitlab(machine: Machine, event: str) -> tuple[int, str]:
    """Run the job of the pipeline that an event reaches."""
    source = {"pull_request": "merge_request_event"}.get(event, event)
    [job] = [job for job in jobs() if job["rules"] == [{"if": f'$CI_PIPELINE_SOURCE == "{source}"'}]]
    template = GITLAB[job["extends"]]
    script = [line for line in template["before_script"] + job["script"] if not line.startswith(INSTALLING)]
    password = machine.folder / "vault_password"
    password.write_text(SECRETS["VAULT_PASSWORD"])
    keys = {name: value for name, value in SECRETS.items() if name.startswith("FIVETRAN")}
    of_project = {"VAULT_PASSWORD": password, "GOOGLE_IDENTITY": "", **dict.fromkeys(ROLES, "arn:aws:iam::1:role/R")}
    tokens = dict.fromkeys(template["id_tokens"], "a-token-of-gitlab")
    return machine.run("\n".join(script), {**GITLAB["variables"], **keys, **of_project, **tokens})


ROLES = ("AWS_ROLE_THAT_READS", "AWS_ROLE_THAT_WRITES")


def jobs() -> Iterator[dict[str, Any]]:
    """Yield the jobs of GitLab's file."""
    return (job for job in GITLAB.values() if isinstance(job, dict) and "script" in job)


@pytest.mark.slow
@pytest.mark.parametrize("run", [github, gitlab], ids=["GitHub", "GitLab"])
def test_a_request_is_told_the_plan_a_merge_onboards_and_the_night_finds_what_has_changed(
    sandbox: Sandbox, tmp_path: Path, run: Any
) -> None:
    machine = Machine(sandbox, tmp_path)
    exit_code, told = run(machine, "pull_request")
    assert exit_code == 0, told
    assert "+ create connection braze_shop_us" in told
    assert sandbox.writes() == []
    assert machine.report() == dict.fromkeys(("shop_us", "shop_eu"), "planned")

    exit_code, made = run(machine, "push")
    assert exit_code == 0, made
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]
    assert machine.report() == dict.fromkeys(("shop_us", "shop_eu"), "ok")

    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[])
    sandbox.clear_journal()
    exit_code, found = run(machine, "schedule")
    assert exit_code == 2, found
    assert machine.report()["shop_eu"] == "failed"
    assert sandbox.writes() == []
    written = told + made + found
    assert not [secret for secret in (*world.secrets(), *SECRETS.values()) if secret in written]


def test_the_pipelines_install_what_the_page_for_beginners_installs() -> None:
    shown = "\n".join(blocks(CHECKOUT / "docs" / "getting_started.md", "console"))
    [step] = [step for step in GITHUB["jobs"]["workspaces"]["steps"] if step.get("run", "").startswith(INSTALLING)]
    lines = [line for line in GITLAB[".workspaces"]["before_script"] if line.startswith(INSTALLING)]
    assert step["run"].splitlines() == lines
    assert all(f"$ {line}\n" in shown + "\n" for line in lines)


def test_no_secret_of_a_pipeline_reaches_a_command_line_and_only_a_merge_writes() -> None:
    steps = [step for step in GITHUB["jobs"]["workspaces"]["steps"] if "run" in step]
    assert not [step for step in steps if "${{" in step["run"]]
    # What runs for a request must not be able to write: another role, and no key of its own.
    [aws] = [step["with"] for step in GITHUB["jobs"]["workspaces"]["steps"] if "aws-actions" in step.get("uses", "")]
    assert aws["role-to-assume"].startswith("${{ github.event_name == 'push' && vars.AWS_ROLE_THAT_WRITES ||")
    assert "pull_request_target" not in (CI / "github-actions.yml").read_text()
    for job in jobs():
        writes = "AWS_ROLE_THAT_WRITES" in str(job["script"])
        assert writes == ("push" in str(job["rules"]))


@pytest.mark.slow
def test_the_commands_of_the_page_about_ci_work(sandbox: Sandbox, tmp_path: Path) -> None:
    for command, result in Story(sandbox, "guide_ci", tmp_path).told():
        assert result.exit_code == 0, f"{command}: {result.output}"
