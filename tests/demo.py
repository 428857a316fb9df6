# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make demo``: onboard two workspaces in a sandbox, do it again, and show what exists then.

Exits with 1 if a run failed or the second one changed anything.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.sandbox.client import Sandbox

CHECKOUT = Path(__file__).resolve().parent.parent
PLAYBOOK = "playbooks/onboard.yml"
INVENTORY = "examples/workspaces.yml"
REPORT = ".cache/report.html"
FIRST = "First run: everything is new"
SECOND = "Second run, after a sync: nothing is left to do"
RESULT = "What exists now"
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def main() -> int:
    """Run the demonstration and return its exit code."""
    with Sandbox.start() as sandbox:
        first = onboard(sandbox, FIRST)
        let_fivetran_sync(sandbox)
        second = onboard(sandbox, SECOND)
        print(headline(RESULT))
        for line in inspect(sandbox):
            print(line)
    failed = any(unreachable or failures for _changed, unreachable, failures in [*first.values(), *second.values()])
    repeated = any(changed for changed, _unreachable, _failures in second.values())
    print()
    if failed or not first or not second:
        print("The demonstration FAILED: see the output above.")
        return 1
    if repeated:
        print("The demonstration FAILED: the second run changed something.")
        return 1
    print("Both workspaces are connected; the second run changed nothing.")
    return 0


def onboard(sandbox: Sandbox, title: str) -> dict[str, tuple[int, int, int]]:
    """Run the playbook, print its output, and return (changed, unreachable, failed) by workspace."""
    print(headline(title))
    print(f"$ ansible-playbook -i {INVENTORY} {PLAYBOOK}")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", INVENTORY, PLAYBOOK]
    environment = {
        **os.environ,
        **sandbox.env,
        "ANSIBLE_FORCE_COLOR": str(sys.stdout.isatty()).lower(),
        # At the end of each run a table of workspaces and steps, and the same as a page.
        "ANSIBLE_CALLBACKS_ENABLED": "onramp.braze_fivetran.workspace_report",
        "ONRAMP_REPORT_HTML": REPORT,
        # Less to read: no skipped steps, and no announcements of amazon.aws about its own future.
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
    }
    # In one stream, so that the table stands where it was printed.
    finished = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=environment,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    print(finished.stdout.replace(f"{CHECKOUT}{os.sep}", ""), flush=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", finished.stdout)
    return {host: (int(changed), int(lost), int(failed)) for host, changed, lost, failed in RECAP.findall(plain)}


def let_fivetran_sync(sandbox: Sandbox) -> None:
    """Let the first sync of each connection succeed, as Fivetran's schedule would."""
    now = datetime.now(UTC).isoformat()
    for connection in sandbox.state("fivetran")["fivetran"]["connections"].values():
        sandbox.seed("fivetran", "edit_connection", id=connection["id"], succeeded_at=now)


def inspect(sandbox: Sandbox) -> Iterator[str]:
    """Read back from AWS, Google and Fivetran what stands there, past everything that the play said."""
    yield from inspect_aws(sandbox)
    state = sandbox.state()
    for bucket, content in state["gcs"]["buckets"].items():
        yield f"GCS    bucket {bucket}"
        for binding in content["policy"]["bindings"]:
            yield f"         {binding['role']}: {', '.join(binding['members'])}"
    for connection in sorted(state["fivetran"]["connections"].values(), key=lambda found: str(found["schema"])):
        status = connection["status"]["setup_state"]
        paused = "paused" if connection["paused"] else "running"
        yield f"Fivetran connection {connection['id']}  schema {connection['schema']}: {status}, {paused}"
        for test in connection.get("setup_tests") or []:
            yield f"         {test['status']:7} {test['title']}"


def inspect_aws(sandbox: Sandbox) -> Iterator[str]:
    """Describe the roles of the customer's account with trust and policies."""
    iam = sandbox.aws("iam")
    for role in iam.list_roles()["Roles"]:
        yield f"AWS    role {role['Arn']}"
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            yield f"         trusts {principals(statement)} {json.dumps(statement.get('Condition', {}))}"
        for policy in iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]:
            yield f"         policy {policy['PolicyArn']}"
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
            for statement in document["PolicyVersion"]["Document"]["Statement"]:
                yield f"           {listed(statement['Action'])} on {listed(statement['Resource'])}"


def principals(statement: dict[str, Any]) -> str:
    """Return who a trust statement trusts."""
    return ", ".join(listed(value) for value in statement["Principal"].values())


def listed(value: Any) -> str:
    """Return a string or a list of strings of a policy as text."""
    return ", ".join(value) if isinstance(value, list) else str(value)


def headline(text: str) -> str:
    """Return a headline."""
    return f"\n{text}\n{'=' * len(text)}\n"


if __name__ == "__main__":
    sys.exit(main())
