# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection does about facts that no other test is about; ``tests/facts.py`` lists all."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.clock import Hurried
from tests.collection import CHECKOUT
from tests.hardening.planning import plan
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

DENIED = (
    f"{world.SERVICE_ACCOUNT} does not have storage.objects.list access to the Google Cloud Storage bucket. Permission"
    " 'storage.objects.list' denied on resource (or it may not exist)."
)
NOT_YET = [{"title": "Connecting to the bucket", "status": "FAILED", "message": DENIED, "details": DENIED}]
PASSED = [{"title": "Connecting to the bucket", "status": "PASSED", "message": ""}]
NETWORK = ("networking_method", "private_link_id", "proxy_agent_id", "hybrid_deployment_agent_id")


def bring(sandbox: Sandbox, time: Hurried | None = None, **changes: Any) -> ModuleResult:
    """Bring a connection without Currents to its state."""
    arguments = {
        "group_id": world.GROUP_ID,
        "service": "braze",
        "schema": "braze_shop_us",
        "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE"},
        "config_secrets": {"api_key": world.BRAZE_KEY_SHOP_US},
    }
    return run_module("fivetran_connection", {**arguments, **changes}, sandbox.env, time=time)


def stored(sandbox: Sandbox) -> dict[str, Any]:
    [connection] = sandbox.state("fivetran")["fivetran"]["connections"].values()
    return dict(connection)


@pytest.mark.fact("accept-version-2")
def test_everything_that_is_asked_names_the_version_of_the_answers_and_what_its_body_is(sandbox: Sandbox) -> None:
    """In an account that answers nothing else."""
    sandbox.seed("fivetran", "manners", unversioned="error")
    assert not bring(sandbox).failed
    assert not any(workspace["failed"] for workspace in plan(sandbox)["workspaces"].values())
    asked = sandbox.journal("fivetran")
    assert {entry.headers["Accept"] for entry in asked} == {"application/json;version=2"}
    with_body = [entry for entry in asked if entry.method in ("POST", "PATCH")]
    assert {entry.headers["Content-Type"] for entry in with_body} == {"application/json"}


@pytest.mark.fact("incomplete-is-scheduled")
def test_scheduled_is_not_taken_for_working_where_the_setup_is_incomplete(sandbox: Sandbox) -> None:
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    assert made["status"]["sync_state"] == "scheduled"
    assert made["status"]["setup_state"] == "incomplete"
    result = run_module("fivetran_connection_sync", {"id": made["id"], "wait": True}, sandbox.env)
    assert "cannot sync, because its setup_state is incomplete" in result.msg
    assert sandbox.journal("fivetran", "sync_connection") == []


@pytest.mark.fact("schema-names")
@pytest.mark.parametrize("schema", ["Braze", "1braze", "braze-shop", "braze shop", "bräze"])
def test_a_name_that_no_schema_can_have_is_refused_before_anything_is_asked(sandbox: Sandbox, schema: str) -> None:
    result = bring(sandbox, schema=schema)
    assert result.failed
    assert result.msg.startswith("schema:")
    assert sandbox.journal() == []


@pytest.mark.fact("saas-only")
def test_a_workspace_has_no_setting_for_a_way_through_a_network_and_its_connection_gets_none(sandbox: Sandbox) -> None:
    spec = yaml.safe_load((CHECKOUT / "roles" / "fivetran_connection" / "meta" / "argument_specs.yml").read_text())
    options = spec["argument_specs"]["main"]["options"]
    assert [name for name in options if name.removeprefix("fivetran_connection_") in NETWORK] == []
    assert not bring(sandbox).failed
    [creation] = sandbox.journal("fivetran", "create_connection")
    assert set(creation.body) & set(NETWORK) == set()
    assert stored(sandbox)["networking_method"] == "Directly"


@pytest.mark.fact("no-body")
def test_setup_tests_and_syncs_are_asked_for_with_a_body_which_all_of_them_take(sandbox: Sandbox) -> None:
    assert not bring(sandbox, paused=False).failed
    for how in ({"wait": True}, {"resync": True}):
        result = run_module("fivetran_connection_sync", {"id": stored(sandbox)["id"], **how}, sandbox.env)
        assert not result.failed, result.msg
    bodies = {
        name: entry.body
        for name in ("test_connection", "sync_connection", "resync_connection")
        for entry in sandbox.journal("fivetran", name)
    }
    assert bodies == {"test_connection": {}, "sync_connection": {"force": False}, "resync_connection": {}}


@pytest.mark.fact("denied-to-a-reader")
def test_googles_denial_to_a_reader_is_tried_again_also_where_nothing_was_changed(sandbox: Sandbox) -> None:
    assert not bring(sandbox).failed
    sandbox.seed("fivetran", "script_setup_tests", runs=[NOT_YET] * 4 + [PASSED])
    time = Hurried()
    result = bring(sandbox, time, run_setup_tests="always")
    assert not result.failed, result.msg
    assert len(sandbox.journal("fivetran", "test_connection")) == 6
    # Between the first two runs, the key was sent again.
    assert len(time.waits) == 3


@pytest.mark.fact("a-grant-spreads")
@pytest.mark.parametrize("minutes", [2, 7])
def test_a_grant_that_takes_minutes_is_waited_for_if_the_retries_are_many_enough(
    sandbox: Sandbox, minutes: int
) -> None:
    """By default a minute and a half is waited for; then it is said that the next run goes on, and it does."""
    sandbox.seed("fivetran", "script_setup_tests", runs=[NOT_YET] * 100)
    time = Hurried()
    given_up = bring(sandbox, time, paused=False)
    assert given_up.code == "setup_tests_failed"
    assert "continues where this one stopped" in given_up.msg
    # Ninety seconds at most, and half of them at least: by chance, so that a fleet does not ask all at once.
    assert 45 < sum(time.waits) < 120
    # Twenty of the waits take what Google says it may take.
    sandbox.seed("fivetran", "script_setup_tests", runs=[NOT_YET] * (2 * minutes) + [PASSED])
    result = bring(sandbox, Hurried(), paused=False, setup_test_retries=20)
    assert not result.failed, result.msg
    assert stored(sandbox)["paused"] is False
