# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that somebody has made by hand: what of them stays, what is refused, and what is sent all the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.connection import (
    decide_connection,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.drafts import Draft
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Action,
    Group,
    RoleWork,
    WorkspacePlan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import findings_of

from tests.unit.workspaces.situations import (
    GROUP,
    GROUP_ID,
    MASK,
    ROLE,
    SERVICE_ACCOUNT,
    World,
    change,
    codes,
    gcs,
    gcs_policy,
    in_iam,
    plans_of,
    row,
    settings,
    situation,
)

US, EU = settings(), gcs()
POLICIES = {EU.bucket: gcs_policy(SERVICE_ACCOUNT)}
BY_HAND: dict[str, dict[str, Any]] = {
    "exports": {
        "enable_exports": True,
        "export_storage_type": "AWS_S3",
        "s3_export_bucket": "acme-exports",
        "s3_export_folder": "/profiles/",
        "s3_export_role_arn": MASK,
    },
    "no exports": {"enable_exports": None},
    "exports switched off": {"enable_exports": False},
    "a folder with slashes": {"s3folder": "/shop_us/"},
    "a URL with a slash": {"api_url": "https://rest.iad-01.braze.com/"},
    "another spelling of the storage": {"cloud_storage_type": "AwsS3"},
    "a key that is not returned": {"api_key": None},
}


def held(workspace: Settings, config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the connection of a workspace with other values in its configuration; None is what is not returned."""
    made = row(workspace, **fields)
    changed = {**made["config"], **config}
    return {**made, "config": {name: value for name, value in changed.items() if value is not None}}


@pytest.mark.parametrize("purpose", ["onboard", "verify"])
@pytest.mark.parametrize("config", BY_HAND.values(), ids=BY_HAND)
def test_what_the_inventory_does_not_speak_of_is_no_difference(purpose: str, config: dict[str, Any]) -> None:
    world = World(rows=(held(US, config),), iam=in_iam(US, "acme-currents"))
    (plan,) = plans_of(purpose, US, world=world)
    assert (plan.verdict, plan.problems, findings_of(plan)) == (WorkspaceVerdict.FINE, (), [])


def test_fields_of_the_connection_that_the_inventory_does_not_speak_of_stay() -> None:
    theirs = {
        "sync_frequency": 1440,
        "daily_sync_time": "03:00",
        "data_delay_sensitivity": "HIGH",
        "pause_after_trial": True,
        "schedule_type": "manual",
        "networking_method": "PrivateLink",
    }
    world = World(rows=(row(EU, **theirs),), policies=POLICIES)
    (plan,) = plans_of("onboard", EU, world=world)
    assert plan.verdict is WorkspaceVerdict.FINE


def test_exports_that_the_inventory_switches_off_are_switched_off() -> None:
    workspace = gcs(fivetran_connection_exports_storage="none")
    world = World(rows=(held(workspace, {"enable_exports": True}),), policies=POLICIES)
    (plan,) = plans_of("onboard", workspace, world=world)
    assert change(plan, "connection").after == {"config.enable_exports": False}


# A connection that reads something else

ELSEWHERE: list[tuple[dict[str, Any], str, str, str]] = [
    ({"api_url": "https://rest.fra-02.braze.eu"}, "braze_api_url", "https://rest.fra-02.braze.eu", "rest.iad-01"),
    ({"s3bucket": "acme-other"}, "currents_bucket", '"acme-other"', '"acme-currents"'),
    ({"cloud_storage_type": "GCS"}, "currents_storage", '"GCS"', '"AWS_S3"'),
]


@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key"])
@pytest.mark.parametrize(("config", "setting", "before", "after"), ELSEWHERE)
def test_a_connection_that_would_be_pointed_elsewhere_is_refused_with_both_values_and_the_way_out(
    purpose: str, config: dict[str, Any], setting: str, before: str, after: str
) -> None:
    world = World(rows=(held(US, config),), iam=in_iam(US, "acme-currents"))
    (plan,) = plans_of(purpose, US, world=world)
    (problem,) = plan.problems
    assert (plan.verdict, problem.code, problem.field) == (WorkspaceVerdict.REFUSED, "protected_field", setting)
    assert problem.message.startswith(f"{setting}: the connection braze_shop_us of the Fivetran group {GROUP} has ")
    assert before in problem.message
    assert after in problem.message
    assert "fivetran_connection_adopt: true" in problem.remedy
    assert purpose == "rotate_key" or len(findings_of(plan)) == 1


def test_all_that_would_be_pointed_elsewhere_is_named_at_once_and_what_else_differs_is_found_beside_it() -> None:
    config = {"api_url": "https://rest.fra-02.braze.eu", "s3bucket": "acme-other", "s3folder": "elsewhere"}
    world = World(rows=(held(US, config),), iam=in_iam(US, "acme-currents"))
    (plan,) = plans_of("verify", US, world=world)
    assert [problem.field for problem in plan.problems] == ["braze_api_url", "currents_bucket"]
    assert change(plan, "connection").before == {"config.s3folder": "elsewhere"}


@pytest.mark.parametrize("config", [row[0] for row in ELSEWHERE])
def test_adopting_it_points_it_to_what_the_inventory_says(config: dict[str, Any]) -> None:
    workspace = settings(fivetran_connection_adopt=True)
    world = World(rows=(held(workspace, config),), iam=in_iam(US, "acme-currents"))
    (plan,) = plans_of("onboard", workspace, world=world)
    # Of another storage, the role that is stored is one of an earlier time.
    again = {"config.s3role_arn"} if "cloud_storage_type" in config else set()
    assert (codes(plan), set(change(plan, "connection").before)) == ([], {f"config.{name}" for name in config} | again)


def test_exports_that_are_switched_on_get_the_role_that_the_settings_name() -> None:
    exports = {"storage": "s3", "bucket": "acme-exports", "role_arn": "arn:aws:iam::111122223333:role/Exports"}
    workspace = settings(**{f"fivetran_connection_exports_{name}": value for name, value in exports.items()})
    stored = {
        "enable_exports": True,
        "export_storage_type": "AWS_S3",
        "s3_export_bucket": "acme-exports",
        "s3_export_role_arn": "********",
    }
    world = World(rows=(held(workspace, stored),), iam=in_iam(US, "acme-currents"))
    (plan,) = plans_of("onboard", workspace, world=world)
    assert change(plan, "connection").action is Action.NONE
    assert "Braze API key, IAM role and IAM role of the exports" in plan.unverified[0]
    for off in ({"enable_exports": False}, {"export_storage_type": "NONE"}):
        world = World(rows=(held(workspace, {**stored, **off}),), iam=in_iam(US, "acme-currents"))
        (plan,) = plans_of("onboard", workspace, world=world)
        assert set(change(plan, "connection").before) == {f"config.{name}" for name in (*off, "s3_export_role_arn")}


@pytest.mark.parametrize("config", [{"cloud_storage_type": "NONE", "s3bucket": None}, {"api_url": ""}])
def test_what_a_connection_does_not_have_yet_is_given_to_it(config: dict[str, Any]) -> None:
    world = World(rows=(held(US, config),), iam=in_iam(US, "acme-currents"))
    (plan,) = plans_of("onboard", US, world=world)
    assert (plan.verdict, plan.problems) == (WorkspaceVerdict.CHANGES, ())


# A role that this run makes


def decided(purpose: str, workspace: Settings, held: dict[str, Any], **more: Any) -> Draft:
    """Return what is decided about a connection while the IAM role is still to be made."""
    draft = Draft(workspace, Group(GROUP_ID, GROUP), (held,), access=RoleWork(role_arn=ROLE), role_is_new=True, **more)
    decide_connection(situation(purpose, workspace, world=World(rows=(held,))), draft)
    return draft


@pytest.mark.parametrize("on_change", ["on_create", "on_test_failure"])
def test_a_connection_that_cannot_be_using_a_new_role_is_sent_it_and_tested(on_change: str) -> None:
    workspace = settings(fivetran_connection_update_secrets=on_change, fivetran_connection_paused=False)
    draft = decided("onboard", workspace, row(workspace))
    (made,) = draft.changes
    assert (made.action, made.reason) == ("update", "role_is_new")
    assert made.after == dict.fromkeys(("config.api_key", "config.s3role_arn"), "******** (sent again)")
    assert made.work is not None
    assert (made.work.update_secrets, made.work.run_setup_tests, made.work.paused) == ("always", "always", False)
    assert draft.unverified == []
    assert called(draft.plan()) == {"update_secrets": "always", "run_setup_tests": "always", "paused": False}


def called(plan: WorkspacePlan) -> dict[str, Any]:
    """Return what of the settings of the connection's role the plan decides."""
    work = plan.work()["connection"]
    return {name: work[name] for name in ("update_secrets", "run_setup_tests", "paused")}


def test_verifying_says_that_a_connection_cannot_be_using_a_role_that_does_not_exist() -> None:
    (finding,) = findings_of(decided("verify", US, row(US)).plan())
    assert finding.code == "connection_role_is_new"
    assert f"The connection braze_shop_us cannot be using the IAM role {ROLE}" in finding.message


def test_a_new_role_is_no_reason_to_start_what_a_person_has_paused() -> None:
    synced = row(US, paused=True, succeeded_at="2026-03-01T14:10:00Z")
    (made,) = decided("onboard", US, synced).changes
    assert "paused" not in made.after


def test_as_long_as_there_is_no_connection_a_new_role_changes_nothing_of_how_it_is_made() -> None:
    draft = Draft(US, Group(GROUP_ID, GROUP), (), access=RoleWork(role_arn=ROLE), role_is_new=True)
    decide_connection(situation("onboard", US), draft)
    (made,) = draft.changes
    assert made.work is not None
    assert (made.reason, made.work.update_secrets, made.work.run_setup_tests) == (
        "missing", "on_test_failure", "on_change",
    )  # fmt: skip


def test_the_roles_are_called_with_what_the_inventory_says_and_a_rotation_sends_everything() -> None:
    workspace = gcs(fivetran_connection_update_secrets="on_create", fivetran_connection_run_setup_tests="always")
    new, known = World(policies=POLICIES), World(rows=(row(workspace, paused=True),), policies=POLICIES)
    (plan,) = plans_of("onboard", workspace, world=new)
    assert called(plan) == {"update_secrets": "on_create", "run_setup_tests": "always", "paused": None}
    (plan,) = plans_of("rotate_key", workspace, world=known)
    assert called(plan) == {"update_secrets": "always", "run_setup_tests": "always", "paused": True}


def test_what_is_sent_every_time_is_no_finding_of_verify() -> None:
    workspace = gcs(fivetran_connection_update_secrets="always", fivetran_connection_run_setup_tests="always")
    (plan,) = plans_of("verify", workspace, world=World(rows=(row(workspace),), policies=POLICIES))
    assert (plan.verdict, findings_of(plan)) == (WorkspaceVerdict.FINE, [])
