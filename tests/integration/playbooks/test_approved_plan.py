# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan is saved, approved, and done exactly: what has moved since is refused by name, and the others go on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import connections, grants, iam_names, play, policy_document, workspaces
from tests.integration.playbooks.pages import ENVIRONMENT, shows
from tests.integration.playbooks.plans import (
    OTHER_BUCKET,
    YES,
    add_connection,
    make_bucket,
    planned,
    reads_currents,
    says,
)
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

COMMAND = "ansible-playbook onramp.braze_fivetran"
# Beside the two of the example: one whose connection was made by hand, and one with a bucket of its own.
INVENTORY = workspaces(app_us={"fivetran_connection_sync_frequency": 60}, loyalty_us=OTHER_BUCKET)


def refused(result: PlayResult) -> list[str]:
    return sorted(host for host, workspace in planned(result).items() if workspace["verdict"] == "refused")


def save(sandbox: Sandbox, path: Path, playbook: str = "onboard", inventory: Any = INVENTORY) -> Any:
    """Save a plan of what a playbook would do, and return what stands in the file."""
    result = play(sandbox, playbook, "--check", "-e", f"onramp_plan_file={path}", inventory=inventory)
    assert result.exit_code == 0, result.output
    says(result.output, f"Written as a plan: {path}")
    return json.loads(path.read_text())


def apply(
    sandbox: Sandbox, path: Path, playbook: str = "onboard", *arguments: str, inventory: Any = INVENTORY, **more: str
) -> Any:
    """Run a playbook with an approved plan."""
    approved = ("-e", f"onramp_approved_plan={path}")
    return play(sandbox, playbook, *approved, *arguments, inventory=inventory, **ENVIRONMENT, **more)


def deny_all(sandbox: Sandbox, bucket: str) -> None:
    """Deny everybody to read a bucket, as somebody does in the console of AWS."""
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Sid": "Frozen", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": everything}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sandbox.aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy)


def test_of_an_approved_plan_exactly_what_has_moved_is_refused_and_the_others_are_done(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_bucket(sandbox, OTHER_BUCKET["currents_bucket"], "currents")
    by_hand = add_connection(sandbox, "braze_app_us", **reads_currents())
    path = tmp_path / "plan.json"
    saved = save(sandbox, path)
    assert {name: one["verdict"] for name, one in saved["workspaces"].items()} == dict.fromkeys(
        ("shop_us", "shop_eu", "app_us", "loyalty_us"), "changes"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    for secret in world.secrets():
        assert secret not in path.read_text()
    told = play(sandbox, "show_plan", "-e", f"onramp_plan_file={path}", inventory="localhost,", **ENVIRONMENT)
    shows("saved_plans", "showing", f"{COMMAND}.show_plan -e onramp_plan_file=plan.json", told, sandbox)

    deny_all(sandbox, OTHER_BUCKET["currents_bucket"])
    sandbox.seed("fivetran", "edit_connection", id=by_hand, sync_frequency=1440)
    result = apply(sandbox, path, ONRAMP_REPORT_JSON=str(tmp_path / "report.json"))

    assert result.exit_code == 2
    assert refused(result) == ["app_us", "loyalty_us"]
    says(result.messages("app_us"), "sync_frequency of the connection braze_app_us is 1440 now, and was 360")
    says(result.messages("loyalty_us"), "acme-loyalty-us", "Frozen", "That was not so in the plan of")
    rows = connections(sandbox)
    done = {schema for schema, row in rows.items() if row["status"]["setup_state"] == "connected" and not row["paused"]}
    assert done == {"braze_shop_us", "braze_shop_eu"}
    assert rows["braze_app_us"]["sync_frequency"] == 1440
    assert "braze_loyalty_us" not in rows
    assert OTHER_BUCKET["currents_bucket"] not in policy_document(sandbox)
    for secret in world.secrets():
        assert secret not in result.output
    report = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(report, json.loads((CHECKOUT / "docs" / "report.schema.json").read_text()))
    found = {one["name"]: [finding["code"] for finding in one["findings"]] for one in report["workspaces"]}
    assert [name for name, codes in found.items() if "plan_moved" in codes] == ["app_us", "loyalty_us"]
    command, written = f"{COMMAND}.onboard -e onramp_approved_plan=plan.json", "Written as JSON: "
    output = "\n".join(line for line in result.output.splitlines() if written not in line)
    shows("saved_plans", "doing", command, replace(result, output=output), sandbox)


def test_a_plan_that_is_none_for_this_run_is_refused_before_anybody_is_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save(sandbox, path, inventory=workspaces())
    sandbox.clear_journal()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"braze_shop_us", b"braze_shop_uk", 1))
    result = apply(sandbox, path, inventory=workspaces())
    assert result.exit_code == 2
    assert result.messages("shop_us") == (
        f"shop_us: {path}: The plan is not as it was made: its checksum is another. Make a new plan."
    )
    path.write_bytes(content)
    result = apply(sandbox, path, "offboard", *YES, inventory=workspaces())
    says(result.messages("shop_eu"), "The plan is one of onboard.yml, and this is offboard.yml.")
    result = play(sandbox, "onboard", "-e", '{"onramp_approved_plan": null}', inventory=workspaces())
    says(result.messages("shop_eu"), "onramp_approved_plan: It is empty.")
    assert sandbox.journal() == []


@pytest.mark.slow
def test_an_offboarding_is_done_as_it_was_approved(sandbox: Sandbox, tmp_path: Path) -> None:
    make_bucket(sandbox, OTHER_BUCKET["currents_bucket"], "currents")
    inventory = workspaces(loyalty_us=OTHER_BUCKET)
    assert play(sandbox, "onboard", inventory=inventory).exit_code == 0
    path = tmp_path / "plan.json"
    save(sandbox, path, "offboard", inventory=inventory)
    # Somebody has made the connection anew, with what was in the old one: it is not the one that was approved.
    sandbox.seed("fivetran", "remove_connection", id=connections(sandbox)["braze_loyalty_us"]["id"])
    add_connection(sandbox, "braze_loyalty_us", **reads_currents(OTHER_BUCKET["currents_bucket"]))

    result = apply(sandbox, path, "offboard", *YES, inventory=inventory)

    assert refused(result) == ["loyalty_us"]
    says(result.messages("loyalty_us"), "the connection braze_loyalty_us is another one")
    assert list(connections(sandbox)) == ["braze_loyalty_us"]
    assert (iam_names(sandbox), grants(sandbox)) == (["Fivetran", "Fivetran-S3-Access"], [])
    assert world.S3_BUCKET not in policy_document(sandbox)
    # The second look has not taken the place of the plan for all.
    assert sorted(json.loads(path.read_text())["workspaces"]) == ["loyalty_us", "shop_eu", "shop_us"]


@pytest.mark.slow
def test_a_rotation_is_done_as_it_was_approved(sandbox: Sandbox, tmp_path: Path) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    path = tmp_path / "plan.json"
    save(sandbox, path, "rotate_key", inventory=workspaces())
    row = connections(sandbox)["braze_shop_eu"]
    sandbox.seed("fivetran", "edit_connection", id=row["id"], paused=True)
    sandbox.clear_journal()

    foretold = apply(sandbox, path, "rotate_key", "--check", inventory=workspaces())
    assert refused(foretold) == ["shop_eu"]
    assert [entry for entry in sandbox.journal("fivetran") if entry.method == "PATCH"] == []

    result = apply(sandbox, path, "rotate_key", inventory=workspaces())

    assert refused(result) == ["shop_eu"]
    says(result.messages("shop_eu"), "fivetran_connection_paused would be true, and was false")
    sent = [entry.path for entry in sandbox.journal("fivetran") if entry.method == "PATCH"]
    assert [connections(sandbox)["braze_shop_us"]["id"] in path for path in sent] == [True]
