# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks as AWX runs them: by ansible-runner, with credentials as AWX injects them.

AWX itself does not run here; ansible-runner and the code that injects credentials are its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml
from awx_plugins.credentials.plugins import aws
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

from tests.collection import CHECKOUT, COLLECTIONS
from tests.sandbox import world
from tests.sandbox.client import Sandbox

EXAMPLES = CHECKOUT / "examples" / "awx"
BIN = Path(sys.executable).parent
KEYS = {"shop_us": world.BRAZE_KEY_SHOP_US, "shop_eu": world.BRAZE_KEY_SHOP_EU}


class Job:
    """A private data folder as AWX makes one for a job, with the example project in it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.folder = folder
        self.report = folder / "report.json"
        shutil.copytree(EXAMPLES / "project", folder / "project")
        (folder / "env").mkdir()
        self.environment = {
            **{name: value for name, value in sandbox.env.items() if "BRAZE_KEY" not in name},
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "HOME": str(folder),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "ONRAMP_REPORT_JSON": str(self.report),
        }
        self.inject(custom("fivetran"), api_key=world.FIVETRAN_KEY, api_secret=world.FIVETRAN_SECRET)
        self.inject(custom("braze"), api_keys=yaml.safe_dump(KEYS))
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        username, password = (self.environment.pop(name) for name in names)
        self.inject(aws, username=username, password=password)

    def inject(self, kind: Any, **inputs: Any) -> None:
        """Inject a credential by the code of AWX; what AWX stores of it must show no secret."""
        stored: dict[str, Any] = {}
        arguments: list[str] = []
        inject_credential(kind, Credential(inputs), self.environment, stored, arguments, str(self.folder))
        # Without a container, the job sees the folder where it is.
        for name, value in self.environment.items():
            if value.startswith("/runner/"):
                self.environment[name] = str(self.folder / value.removeprefix("/runner/"))
        assert arguments == []
        assert not [value for value in stored.values() if any(secret in str(value) for secret in world.secrets())]

    def run(self, playbook: str, **arguments: Any) -> Any:
        """Run a playbook of the project to its end, without isolation."""
        return ansible_runner.run(
            private_data_dir=str(self.folder),
            playbook=playbook,
            inventory=str(self.folder / "project" / "inventory.yml"),
            envvars=self.environment,
            extravars={"braze_api_url": self.environment["SANDBOX_BRAZE_URL"]},
            quiet=True,
            settings={"job_timeout": 180},
            **arguments,
        )


def custom(name: str) -> ManagedCredentialType:
    """Return the example's credential type."""
    data = yaml.safe_load((EXAMPLES / f"credential_type_{name}.yml").read_text())
    return ManagedCredentialType(
        namespace=name, name=data["name"], kind=data["kind"], inputs=data["inputs"], injectors=data["injectors"]
    )


def changed(job: Any) -> dict[str, int]:
    """Return how many tasks have changed something, by host."""
    return {host: job.stats["changed"].get(host, 0) for host in job.stats["ok"]}


@pytest.mark.slow
def test_a_job_onboards_again_without_change_verifies_and_alarms_and_no_event_holds_a_secret(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    job = Job(sandbox, tmp_path)
    first = job.run("onboard.yml")
    assert first.rc == 0, first.stdout.read()
    second = job.run("onboard.yml")
    assert changed(second) == {"shop_us": 0, "shop_eu": 0}
    assert json.loads(job.report.read_text())["workspaces"]
    assert job.run("verify.yml").rc == 0
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[])
    alarm = job.run("verify.yml")
    assert (alarm.rc, alarm.status) == (2, "failed")
    failed = [event["event_data"] for event in alarm.events if event["event"] == "runner_on_failed"]
    assert any(data["host"] == "shop_eu" and "grant" in str(data["res"]["msg"]) for data in failed)
    for run in (first, second, alarm):
        written = json.dumps(list(run.events)) + run.stdout.read() + job.report.read_text()
        assert not [secret for secret in world.secrets() if secret in written]


def test_ansible_builder_finds_what_the_image_needs(tmp_path: Path) -> None:
    builder = str(BIN / "ansible-builder")
    found = subprocess.run([builder, "introspect", str(COLLECTIONS)], capture_output=True, text=True, check=True).stdout
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    for requirement in [line for line in lines if line and not line.startswith("#")]:
        assert f"{requirement}  # from collection onramp.braze_fivetran" in found
    subprocess.run(
        [builder, "create", "-f", str(CHECKOUT / "execution-environment.yml"), "-c", str(tmp_path)],
        check=True, capture_output=True,
    )  # fmt: skip
    asked = yaml.safe_load((tmp_path / "_build" / "requirements.yml").read_text())["collections"]
    versions = {item["name"]: item["version"] for item in asked}
    needed = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["dependencies"]
    assert {name: versions[name] for name in needed} == needed
