# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole company that was set up by hand, by the partner guide: it is taken over, and not one thing of it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.inventories.by_hand import GCS, S3, make
from tests.integration.playbooks.fleet import connections, play
from tests.integration.playbooks.pages import ENVIRONMENT, shows
from tests.integration.playbooks.plans import YES, make_bucket, planned, says, to_do
from tests.integration.playbooks.shapes import ENOUGH, Shape, allow
from tests.integration.playbooks.test_discover import discover, grant, keys_for
from tests.sandbox import world
from tests.sandbox.client import Sandbox

EXPORTS, LOYALTY = "acme-profile-exports", "acme-loyalty-us"
SYNCED = {"succeeded_at": "2026-03-01T03:10:00Z", "destination_schema_names": "FIVETRAN_NAMING"}
GUIDED = ENOUGH["the partner guide"]
COMMAND = "ansible-playbook onramp.braze_fivetran.discover -e discover_file=workspaces.yml"
HOSTS = ("braze_shop_us", "braze_loyalty_us", "braze_shop_eu")


def guided(bucket: str, role: str) -> Shape:
    """Return what the partner guide makes for another bucket, under names of one's own."""
    arn = f"arn:aws:s3:::{bucket}"
    return Shape(managed={role: tuple(allow(["s3:Get*", "s3:List*"], where) for where in (f"{arn}/*", arn))}, role=role)


@pytest.fixture
def by_hand(sandbox: Sandbox) -> Sandbox:
    """Make the world of the guide: policies of two statements, roles, a grant, and what else people set."""
    exports, loyalty = guided(EXPORTS, "FivetranExports"), guided(LOYALTY, "acme-fivetran")
    for shape in (GUIDED, exports, loyalty):
        shape.build(sandbox)
    make_bucket(sandbox, EXPORTS)
    make_bucket(sandbox, LOYALTY, "currents")
    grant(sandbox, "roles/storage.objectViewer", f"serviceAccount:{world.SERVICE_ACCOUNT}", "user:ann@acme.example")
    slash = {"api_url": f"{sandbox.env['SANDBOX_BRAZE_URL']}/"}
    own_exports = {
        "enable_exports": True,
        "export_storage_type": "AWS_S3",
        "s3_export_bucket": EXPORTS,
        "s3_export_role_arn": exports.arn,
    }
    make(
        sandbox,
        "braze_shop_us",
        config={**S3, **slash, **own_exports, "s3role_arn": GUIDED.arn},
        sync_frequency=1440,
        daily_sync_time="03:00",
        data_delay_sensitivity="HIGH",
        pause_after_trial=True,
        **SYNCED,
    )
    in_loyalty = {**S3, "s3bucket": LOYALTY, "s3role_arn": loyalty.arn}
    make(sandbox, "braze_loyalty_us", config=in_loyalty, schedule_type="manual", **SYNCED)
    make(sandbox, "braze_shop_eu", config=GCS, paused=True, **SYNCED)
    # Of services that this collection knows nothing of.
    make(sandbox, "s3.files", service="s3", config={"bucket": world.S3_BUCKET, "role_arn": GUIDED.arn})
    make(sandbox, "gcs.files", service="gcs", config={"bucket": world.GCS_BUCKET})
    sandbox.clear_journal()
    return sandbox


@pytest.mark.slow
def test_a_world_that_was_made_by_the_guide_is_taken_over_without_one_write_and_left_without_taking_from_others(
    by_hand: Sandbox, tmp_path: Path
) -> None:
    before = by_hand.state_hash()
    path = tmp_path / "workspaces.yml"
    found = discover(by_hand, path, **ENVIRONMENT)
    assert found.exit_code == 0
    shows("existing_connections", "discover", COMMAND, found, by_hand, places={f"{tmp_path}/": ""})
    keys = keys_for(path, **dict.fromkeys(HOSTS, world.BRAZE_KEY_SHOP_US))
    for playbook, arguments in (("verify", ()), ("onboard", ("--check",)), ("onboard", ()), ("verify", ())):
        result = play(by_hand, playbook, *arguments, *keys, inventory=path)
        assert result.exit_code == 0, result.output
        assert sorted(planned(result)) == sorted(HOSTS)
        assert [change for host in HOSTS for change in to_do(result, host)] == [], result.output
    says(result.output, "paused in Fivetran", "not verifiable")
    assert by_hand.writes() == []
    assert by_hand.state_hash() == before

    # What a person asks for is done, and nothing else.
    asked = ("--limit", "braze_shop_eu", "-e", "fivetran_connection_paused=false")
    started = play(by_hand, "onboard", *asked, *keys, inventory=path)
    assert started.exit_code == 0, started.output
    assert {entry.operation for entry in by_hand.writes()} <= {"fivetran:update_connection", "fivetran:test_connection"}
    assert connections(by_hand)["braze_shop_eu"]["paused"] is False

    # Roles and policies are somebody else's, and the connection of the service gcs reads by the same grant.
    iam, gcs = by_hand.state("aws")["aws"]["accounts"], by_hand.state("gcs")["gcs"]
    left = play(by_hand, "offboard", *YES, *keys, inventory=path)
    assert left.exit_code == 0, left.output
    assert sorted(connections(by_hand)) == ["gcs.files", "s3.files"]
    assert by_hand.state("aws")["aws"]["accounts"] == iam
    assert by_hand.state("gcs")["gcs"] == gcs
