# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that somebody has made by hand, below the playbooks: what the inventory does not say stays."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.given import let_fivetran_read
from tests.integration.playbooks.fleet import VERDICT, connections, findings, play
from tests.integration.playbooks.plans import says, to_do
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

SYNCED = "2026-03-01T14:10:00Z"
EXPORTS = {
    "enable_exports": True,
    "export_storage_type": "AWS_S3",
    "s3_export_bucket": "acme-profile-exports",
    "s3_export_folder": "/profiles/",
    "s3_export_role_arn": f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran-Exports",
}
TERRAFORM = {
    "sync_frequency": 1440,
    "daily_sync_time": "03:00",
    "data_delay_sensitivity": "HIGH",
    "pause_after_trial": True,
}
# What each has that the inventory does not speak of: in its configuration, and beside it.
THEIRS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "exports": (EXPORTS, {}),
    "schedule": ({}, TERRAFORM),
    "manual": ({"enable_exports": False}, {"schedule_type": "manual"}),
    "slashes": ({"gcs_folder": "/currents/"}, {}),
    "paused": ({}, {"paused": True}),
}
KEY = "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_EU') }}"


def post(sandbox: Sandbox, name: str, config: Mapping[str, Any], **fields: Any) -> str:
    """Make a connection by Fivetran's API, which tests it; return its id."""
    stored = {
        "schema": f"braze_{name}",
        "api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "api_key": world.BRAZE_KEY_SHOP_EU,
        "cloud_storage_type": "GCS",
        "gcs_bucket": world.GCS_BUCKET,
        "gcs_folder": world.PREFIX,
        **config,
    }
    body = {"group_id": world.GROUP_ID, "service": "braze", "config": stored, **fields}
    credentials = base64.b64encode(f"{world.FIVETRAN_KEY}:{world.FIVETRAN_SECRET}".encode()).decode()
    request = urllib.request.Request(
        f"{sandbox.env['FIVETRAN_API_URL']}/v1/connections",
        json.dumps(body).encode(),
        {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["data"]["id"])


def inventory(*names: str, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return an inventory of workspaces that all read the same folder, and say no more than they must."""
    common = {
        "fivetran_group": world.GROUP_NAME,
        "braze_api_url": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_URL') }}",
        "braze_api_key": KEY,
        "currents_storage": "gcs",
        "currents_bucket": world.GCS_BUCKET,
        "currents_prefix": world.PREFIX,
        "currents_folder_shared": True,
    }
    hosts = {name: {"fivetran_schema": f"braze_{name}", **changes.get(name, {})} for name in names}
    return {"braze_workspaces": {"vars": common, "hosts": hosts}}


def told(result: PlayResult, host: str) -> str:
    """Return what is told of a workspace."""
    [verdict] = result.results(VERDICT, host)
    lines = verdict["msg"]
    return lines if isinstance(lines, str) else "\n".join(lines)


def changing(sandbox: Sandbox) -> list[str]:
    """Return what was sent to Fivetran to change something, or to test."""
    return [entry.operation for entry in sandbox.journal("fivetran") if entry.method != "GET"]


def test_what_was_made_by_hand_and_works_stays_as_it_is(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    for name, (config, fields) in THEIRS.items():
        made = post(sandbox, name, config, **fields)
        url = {"api_url": f"{sandbox.env['SANDBOX_BRAZE_URL']}/"}
        sandbox.seed("fivetran", "edit_connection", id=made, succeeded_at=SYNCED, config=url)
    before = connections(sandbox)
    assert {row["status"]["setup_state"] for row in before.values()} == {"connected"}
    hosts = inventory(*THEIRS, paused={"fivetran_connection_paused": None})
    sandbox.clear_journal()
    for playbook, arguments in (("onboard", ["--check"]), ("onboard", []), ("verify", [])):
        result = play(sandbox, playbook, *arguments, inventory=hosts)
        assert result.exit_code == 0, result.output
        assert {stats["changed"] for stats in result.stats.values()} == {0}
        says(told(result, "paused"), "is paused in Fivetran: no sync since 2026-03-01 14:10 UTC")
        assert "paused" not in told(result, "schedule")
    says(told(result, "exports"), "not verifiable", "proved by Fivetran's sync of 2026-03-01 14:10 UTC")
    assert connections(sandbox) == before
    assert sandbox.writes() == []


def test_a_connection_that_reads_something_else_is_refused_and_one_that_never_ran_is_started(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    post(sandbox, "instance", {})
    post(sandbox, "bucket", {})
    post(sandbox, "never", {}, paused=True)
    ids = {name: row["id"] for name, row in connections(sandbox).items()}
    elsewhere = {"api_url": "https://rest.fra-02.braze.eu"}
    sandbox.seed("fivetran", "edit_connection", id=ids["braze_instance"], config=elsewhere)
    sandbox.seed("fivetran", "edit_connection", id=ids["braze_bucket"], config={"gcs_bucket": "acme-other"})
    before = connections(sandbox)
    hosts = inventory("instance", "bucket", "never")
    sandbox.clear_journal()

    foretold = play(sandbox, "onboard", "--check", inventory=hosts)
    assert changing(sandbox) == []
    result = play(sandbox, "onboard", inventory=hosts)
    for run in (foretold, result):
        assert to_do(run, "never") == [("update", "connection")]
        says(told(run, "never"), "it has never been started", "paused: true -> false")
        for host, words in {
            "instance": ("braze_api_url: ", '"https://rest.fra-02.braze.eu"', sandbox.env["SANDBOX_BRAZE_URL"]),
            "bucket": ("currents_bucket: ", '"acme-other"', f'"{world.GCS_BUCKET}"'),
        }.items():
            says(run.messages(host), *words, "fivetran_connection_adopt: true")
    assert changing(sandbox) == ["fivetran:test_connection", "fivetran:update_connection"]
    after = connections(sandbox)
    assert after["braze_never"]["paused"] is False
    assert [after[name] for name in ("braze_instance", "braze_bucket")] == [
        before[name] for name in ("braze_instance", "braze_bucket")
    ]


@pytest.mark.slow
def test_a_connection_that_reads_something_else_is_adopted_when_it_is_said(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    made = post(sandbox, "bucket", {})
    sandbox.seed("fivetran", "edit_connection", id=made, config={"gcs_bucket": "acme-other"}, succeeded_at=SYNCED)
    hosts = inventory("bucket", bucket={"fivetran_connection_adopt": True})
    result = play(sandbox, "onboard", inventory=hosts)
    assert result.exit_code == 0, result.output
    says(told(result, "bucket"), 'config.gcs_bucket: "acme-other" -> "acme-currents-eu"')
    assert connections(sandbox)["braze_bucket"]["config"]["gcs_bucket"] == world.GCS_BUCKET


@pytest.mark.slow
def test_verifying_names_what_is_paused_and_what_cannot_be_seen_and_fails_for_neither(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    never = post(sandbox, "never", {}, paused=True)
    result = play(sandbox, "verify", inventory=inventory("never"))
    assert result.exit_code == 0, result.output
    says(told(result, "never"), "it has never synced", "onboard.yml starts it", "not verifiable", "No sync proves")
    sandbox.seed("fivetran", "edit_connection", id=never, sync_frequency=60)
    wanted = inventory("never", never={"fivetran_connection_sync_frequency": 360})
    result = play(sandbox, "verify", inventory=wanted)
    assert findings(result, "never") == [("connection", "sync_frequency is 60, should be 360.")]
    says(result.output, "it has never synced", "not verifiable")


OTHER_ROLE = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Made-By-Hand"
OUR_ROLE = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran"


def reads_with(sandbox: Sandbox, role: str) -> dict[str, Any]:
    """Make a connected connection that reads with a role of somebody else's; return an inventory that names ours."""
    config = {
        "cloud_storage_type": "AWS_S3",
        "s3bucket": world.S3_BUCKET,
        "s3folder": world.PREFIX,
        "s3role_arn": role,
        "gcs_bucket": None,
        "gcs_folder": None,
    }
    made = post(sandbox, "hand", {})
    status = {"setup_state": "connected", "sync_state": "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=made, config=config, status=status)
    sandbox.clear_journal()
    return inventory("hand", hand={"currents_storage": "s3", "currents_bucket": world.S3_BUCKET})


@pytest.mark.slow
def test_a_connection_that_reads_with_another_role_is_sent_the_one_that_is_made_and_tested_with_it(
    sandbox: Sandbox,
) -> None:
    let_fivetran_read(sandbox)
    sandbox.aws("iam").delete_role_policy(RoleName="Fivetran", PolicyName="reading")
    sandbox.aws("iam").delete_role(RoleName="Fivetran")
    hosts = reads_with(sandbox, OTHER_ROLE)
    foretold = play(sandbox, "onboard", "--check", inventory=hosts)
    assert changing(sandbox) == []
    result = play(sandbox, "onboard", inventory=hosts)
    assert result.exit_code == 0, result.output
    for run in (foretold, result):
        says(told(run, "hand"), "its IAM role is new, so that it cannot be using it yet", "config.s3role_arn")
    connection = connections(sandbox)["braze_hand"]
    assert (connection["config"]["s3role_arn"], connection["status"]["setup_state"]) == (OUR_ROLE, "connected")
    assert changing(sandbox) == ["fivetran:update_connection", "fivetran:test_connection"]
    sandbox.clear_journal()
    again = play(sandbox, "onboard", inventory=hosts)
    assert (again.exit_code, changing(sandbox)) == (0, [])


@pytest.mark.slow
def test_verifying_says_that_a_connection_reads_with_another_role_or_that_it_cannot_see_it(sandbox: Sandbox) -> None:
    hosts = reads_with(sandbox, OTHER_ROLE)
    result = play(sandbox, "verify", inventory=hosts)
    assert ("connection", f"The connection braze_hand cannot be using the IAM role {OUR_ROLE}") in [
        (step, message.partition(", ")[0]) for step, message in findings(result, "hand")
    ]
    # As soon as there is such a role, nobody can tell which of the two it reads with.
    let_fivetran_read(sandbox)
    says(play(sandbox, "verify", inventory=hosts).output, "not verifiable", "No sync proves")
