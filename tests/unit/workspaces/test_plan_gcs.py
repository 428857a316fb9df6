# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is decided about grants in Google Cloud Storage that somebody else has made, or that others need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.preflight import GcsBucket
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    WorkspacePlan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import findings_of

from tests.unit.workspaces.situations import (
    GROUP_ID,
    SERVICE_ACCOUNT,
    World,
    codes,
    gcs,
    other_row,
    plan_of,
    plans_of,
    row,
    told_of,
)

EU = gcs()
VIEWER, ADMIN = "roles/storage.objectViewer", "roles/storage.objectAdmin"
CUSTOM = "projects/acme/roles/fivetranReader"
MEMBER = f"serviceAccount:{SERVICE_ACCOUNT}"
OBJECTS = 'resource.name.startsWith("projects/_/buckets/acme-currents-eu/objects/shop_eu/")'
LISTS = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("shop_eu/")'
STAYS, ADDED, REMOVED = ("none", "as_wanted"), ("create", "missing"), ("delete", "not_needed")
KEPT, GONE = ("none", "still_needed"), ("none", "gone")


def binding(role: str, *members: str, when: str = "") -> dict[str, Any]:
    held: dict[str, Any] = {"role": role, "members": list(members or (MEMBER,))}
    return {**held, "condition": {"title": "Only some", "expression": when}} if when else held


def world(*bindings: dict[str, Any], rows: tuple[dict[str, Any], ...] = ()) -> World:
    return World(rows=rows, policies={EU.bucket: {"version": 3, "etag": "BwX", "bindings": list(bindings)}})


def planned(purpose: str, workspace: Settings, *bindings: dict[str, Any], connected: bool = False) -> WorkspacePlan:
    rows = (row(workspace),) if connected else ()
    (plan,) = plans_of(purpose, workspace, world=world(*bindings, rows=rows))
    return plan


def grant_of(plan: WorkspacePlan) -> tuple[str, str] | None:
    return told_of(plan).get("grant")


def noticed(plan: WorkspacePlan) -> dict[str, str]:
    return {finding.code: finding.text() for finding in plan.noticed}


def warned(plan: WorkspacePlan) -> dict[str, str]:
    return {finding.code: finding.text() for finding in plan.warnings}


SUFFICIENT = {
    "W-34 Object Admin": binding(ADMIN),
    "G07 the folder in other words": binding(VIEWER, when=f"{OBJECTS} || {LISTS}"),
    "everybody": binding(VIEWER, "allUsers"),
}


@pytest.mark.parametrize("shape", SUFFICIENT)
@pytest.mark.parametrize("connected", [False, True])
def test_what_suffices_is_adopted_without_a_write_and_said(shape: str, connected: bool) -> None:
    for purpose in ("onboard", "verify"):
        plan = planned(purpose, EU, SUFFICIENT[shape], connected=connected)
        assert grant_of(plan) == STAYS
        assert plan.access.maker == ""
        assert SUFFICIENT[shape]["members"][0] in noticed(plan)["grant_adopted"]
        assert plan.seen["grant"]["grant"]["role"] == SUFFICIENT[shape]["role"]
        assert [finding.step for finding in findings_of(plan) if finding.step == "access"] == []
    assert plan.verdict is WorkspaceVerdict.FINE or not connected


def test_what_is_wider_than_needed_is_mentioned() -> None:
    plan = planned("onboard", EU, binding(ADMIN))
    assert f"{ADMIN} allows more than listing and reading" in noticed(plan)["grant_adopted"]


def test_what_is_for_a_while_only_is_a_warning() -> None:
    plan = planned("onboard", EU, binding(VIEWER, when='request.time < timestamp("2100-01-01T00:00:00Z")'))
    assert grant_of(plan) == STAYS
    assert "ends on 2100-01-01" in warned(plan)["grant_expires"]


UNCLEAR = {
    "W-36 a custom role": (binding(CUSTOM), [CUSTOM, f"gcs_access_role: {CUSTOM}"]),
    "W-37 objects of the folder": (binding(VIEWER, when=OBJECTS), [OBJECTS, "gcs_access_scope: prefix"]),
}


@pytest.mark.parametrize("shape", UNCLEAR)
def test_what_cannot_be_told_is_left_alone_where_fivetran_says_that_it_can_read(shape: str) -> None:
    held, (named, _way_out) = UNCLEAR[shape]
    for purpose in ("onboard", "verify"):
        plan = planned(purpose, EU, held, connected=True)
        assert grant_of(plan) == STAYS
        assert codes(plan) == []
        assert findings_of(plan) == []
        (unverified,) = [text for text in plan.unverified if "gs://acme-currents-eu/shop_eu" in text]
        assert named in unverified
        assert "That it can is proved by Fivetran" in noticed(plan)["grant_undecided"]


@pytest.mark.parametrize("shape", UNCLEAR)
def test_without_a_connection_it_is_asked_about_by_name_and_not_widened(shape: str) -> None:
    held, (named, way_out) = UNCLEAR[shape]
    plan = planned("onboard", EU, held)
    assert codes(plan) == ["grant_undecided"]
    (problem,) = plan.problems
    for words in (named, way_out, "gcs_access_manage: false", "gcs_access_sufficient: exact"):
        assert words in problem.text()
    assert grant_of(plan) is None


@pytest.mark.parametrize("shape", UNCLEAR)
def test_verifying_never_calls_missing_what_cannot_be_told(shape: str) -> None:
    plan = planned("verify", EU, UNCLEAR[shape][0])
    assert [finding.step for finding in findings_of(plan)] == ["connection"]
    assert "grant_undecided" in noticed(plan)


@pytest.mark.parametrize(
    ("shape", "settings", "expected"),
    [
        ("W-36 a custom role", {"gcs_access_role": CUSTOM}, STAYS),
        ("W-36 a custom role", {"gcs_access_sufficient": "exact"}, ADDED),
        ("W-36 a custom role", {"gcs_access_manage": False}, STAYS),
        ("W-37 objects of the folder", {"gcs_access_scope": "prefix"}, ADDED),
        ("W-37 objects of the folder", {"gcs_access_sufficient": "exact"}, ADDED),
        ("W-37 objects of the folder", {"gcs_access_manage": False}, STAYS),
    ],
)
def test_each_way_out_that_is_offered_is_one(shape: str, settings: dict[str, Any], expected: tuple[str, str]) -> None:
    plan = planned("onboard", gcs(**settings), UNCLEAR[shape][0])
    assert codes(plan) == []
    assert grant_of(plan) == expected


READS = frozenset({"storage.objects.get", "storage.objects.list"})
MAY_NOT_READ = "these credentials may not read the role (iam.roles.get)"


def planned_with_role(
    purpose: str, workspace: Settings, allowed: frozenset[str] | str, *bindings: dict[str, Any], connected: bool = False
) -> WorkspacePlan:
    rows = (row(workspace),) if connected else ()
    answers = {questions.gcs_role(workspace, CUSTOM): Returned(allowed)}
    (plan,) = plans_of(purpose, workspace, world=world(*bindings, rows=rows), answers=answers)
    return plan


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("workspace", [EU, gcs(gcs_access_manage=False)])
def test_a_custom_role_that_could_be_read_and_suffices_is_adopted_like_any_other(
    workspace: Settings, connected: bool
) -> None:
    for purpose in ("onboard", "verify"):
        plan = planned_with_role(purpose, workspace, READS, binding(CUSTOM), connected=connected)
        assert (codes(plan), grant_of(plan)) == ([], STAYS)
        assert f"{MEMBER} holds {CUSTOM}" in noticed(plan)["grant_adopted"]
        assert plan.seen["grant"]["effect"]["answer"] == "yes"


def test_a_custom_role_that_is_too_narrow_is_no_reason_to_ask_and_gets_the_guides_grant_beside_it() -> None:
    narrow = frozenset({"storage.objects.get"})
    plan = planned_with_role("onboard", EU, narrow, binding(CUSTOM))
    assert (codes(plan), grant_of(plan)) == ([], ADDED)
    theirs = planned_with_role("onboard", gcs(gcs_access_manage=False), narrow, binding(CUSTOM))
    (problem,) = theirs.problems
    assert f"gives storage.objects.list ({CUSTOM} does not)" in problem.text()


def test_of_a_role_that_may_not_be_read_it_is_said_which_permission_that_needs() -> None:
    asked_about = planned_with_role("onboard", EU, MAY_NOT_READ, binding(CUSTOM))
    (problem,) = asked_about.problems
    assert problem.code == "grant_undecided"
    assert f"cannot be seen from here, because {MAY_NOT_READ}" in problem.text()
    trusted = planned_with_role("verify", EU, MAY_NOT_READ, binding(CUSTOM), connected=True)
    assert (codes(trusted), grant_of(trusted)) == ([], STAYS)
    assert MAY_NOT_READ in trusted.unverified[-1]


def test_a_role_of_the_settings_that_does_not_let_fivetran_read_is_refused_before_it_is_granted_in_vain() -> None:
    narrow, lacks = frozenset({"storage.objects.get"}), f"gcs_access_role: {CUSTOM} does not allow storage.objects.list"
    ours = gcs(gcs_access_role=CUSTOM)
    plan = planned_with_role("onboard", ours, narrow)
    (problem,) = plan.problems
    assert problem.code == "grant_too_narrow"
    for words in (lacks, "may not read gs://acme-currents-eu/shop_eu", "gcs_access_preflight: warn"):
        assert words in problem.text()
    for held, workspace, connected in (
        ([binding(CUSTOM)], ours, False),
        ([binding(CUSTOM)], ours, True),
        ([], ours, True),
        ([], gcs(gcs_access_role=CUSTOM, gcs_access_preflight="warn"), False),
    ):
        plan = planned_with_role("onboard", workspace, narrow, *held, connected=connected)
        assert codes(plan) == []
        assert lacks in warned(plan)["grant_too_narrow"]
    plan = planned_with_role("onboard", gcs(gcs_access_role=CUSTOM, gcs_access_preflight="ignore"), narrow)
    assert (codes(plan), warned(plan)) == ([], {})
    assert grant_of(planned_with_role("onboard", ours, READS)) == ADDED
    assert codes(planned_with_role("onboard", ours, MAY_NOT_READ)) == []
    # What else the service account holds makes up for it.
    reader = binding("roles/storage.legacyBucketReader")
    assert (
        codes(planned_with_role("onboard", gcs(gcs_access_role=CUSTOM, gcs_access_sufficient="exact"), narrow, reader))
        == []
    )


def test_a_group_keeps_nobody_from_the_normal_grant_and_is_no_missing_grant_of_a_connection() -> None:
    group = binding(VIEWER, "group:readers@acme.example")
    assert grant_of(planned("onboard", EU, group)) == ADDED
    for purpose in ("onboard", "verify"):
        plan = planned(purpose, EU, group, connected=True)
        assert grant_of(plan) == STAYS
        assert findings_of(plan) == []
        assert "group:readers@acme.example" in noticed(plan)["grant_undecided"]


def test_what_is_said_by_a_connection_of_another_folder_or_in_another_state_counts_for_nothing() -> None:
    held = binding(CUSTOM)
    others: list[dict[str, Any]] = [
        {"config": {**row(EU)["config"], "gcs_folder": "elsewhere"}},
        {"config": {**row(EU)["config"], "gcs_bucket": "elsewhere"}},
        {"status": {"setup_state": "broken"}},
        {"status": None},
    ]
    for changes in others:
        (plan,) = plans_of("onboard", EU, world=world(held, rows=(row(EU, **changes),)))
        assert "grant_undecided" in codes(plan)


def test_what_is_nowhere_visible_is_granted_and_verifying_does_not_state_that_it_is_missing() -> None:
    assert grant_of(planned("onboard", EU)) == ADDED
    assert grant_of(planned("onboard", EU, connected=True)) == ADDED
    plan = planned("verify", EU, connected=True)
    (finding,) = findings_of(plan)
    assert (finding.step, finding.code) == ("access", "grant_not_visible")
    assert "missing" not in finding.text()
    assert "a grant on its project would not be seen from here" in finding.text()
    (missing,) = [one for one in findings_of(planned("verify", EU)) if one.step == "access"]
    assert missing.message.startswith("The grant on gs://acme-currents-eu is missing")


def test_a_grant_that_shall_be_narrowed_gets_the_narrow_one_beside_it() -> None:
    narrow = gcs(gcs_access_scope="prefix")
    plan = planned("onboard", narrow, binding(VIEWER), connected=True)
    assert grant_of(plan) == ADDED
    assert "condition_without_effect" in warned(plan)
    (finding,) = findings_of(planned("verify", narrow, binding(VIEWER), connected=True))
    assert "does not hold roles/storage.objectViewer under the condition Fivetran reads shop_eu" in finding.message
    theirs = gcs(gcs_access_scope="prefix", gcs_access_manage=False)
    assert grant_of(planned("verify", theirs, binding(VIEWER))) == STAYS
    assert grant_of(planned("onboard", narrow, binding(VIEWER, when=f"{LISTS} || {OBJECTS}"))) == STAYS
    assert grant_of(planned("onboard", narrow, binding(ADMIN))) == STAYS


# Somebody else's

THEIRS = gcs(gcs_access_manage=False)


@pytest.mark.parametrize("purpose", ["onboard", "verify", "offboard"])
@pytest.mark.parametrize("held", [[], [binding(VIEWER)], [binding(ADMIN)], [binding(CUSTOM)]])
def test_nothing_is_planned_for_a_grant_of_somebody_else(purpose: str, held: list[dict[str, Any]]) -> None:
    for connected in (False, True):
        plan = planned(purpose, THEIRS, *held, connected=connected)
        assert plan.access.maker == ""
        assert [change for change in plan.todo if change.kind == "grant"] == []


def test_what_cannot_be_seen_of_it_refuses_a_new_workspace_unless_the_look_may_be_wrong() -> None:
    plan = planned("onboard", THEIRS)
    assert codes(plan) == ["grant_not_visible"]
    assert "gcs_access_preflight: warn" in plan.problems[0].text()
    plan = planned("onboard", gcs(gcs_access_manage=False, gcs_access_preflight="warn"))
    assert (codes(plan), list(warned(plan))) == ([], ["grant_not_visible"])
    plan = planned("onboard", gcs(gcs_access_manage=False, gcs_access_preflight="ignore"))
    assert (codes(plan), warned(plan)) == ([], {})
    plan = planned("verify", THEIRS, connected=True)
    assert (findings_of(plan), list(warned(plan))) == ([], ["grant_not_visible"])


def test_a_policy_that_may_not_be_read_is_unverified_where_it_is_somebody_elses() -> None:
    answers = {questions.gcs_bucket(THEIRS): Returned(GcsBucket(EU.bucket, exists=True))}
    (plan,) = plans_of("onboard", THEIRS, world=world(), answers=answers)
    assert codes(plan) == []
    assert "cannot be read with these credentials" in plan.unverified[0]
    (plan,) = plans_of("onboard", EU, world=world(), answers=answers)
    assert codes(plan) == ["policy_not_readable"]


def test_leaving_keeps_it_and_says_so() -> None:
    plan = planned("offboard", THEIRS, binding(VIEWER), connected=True)
    assert grant_of(plan) is None
    assert "somebody else's, and stays" in noticed(plan)["grant_kept"]


# Leaving


def test_only_the_grant_that_the_settings_would_make_is_taken_away_and_the_others_are_named() -> None:
    held = [binding(VIEWER), binding(ADMIN), binding(VIEWER, when=OBJECTS), binding(VIEWER, "group:x@acme.example")]
    plan = planned("offboard", EU, *held, connected=True)
    assert grant_of(plan) == REMOVED
    kept = warned(plan)["grant_kept"]
    assert f"{ADMIN} to {MEMBER}; {VIEWER} to {MEMBER} if Only some" in kept
    assert "group:" not in kept
    plan = planned("offboard", EU, binding(ADMIN), connected=True)
    assert grant_of(plan) == GONE
    assert ADMIN in warned(plan)["grant_kept"]
    assert "grant_kept" not in warned(planned("offboard", EU, binding(VIEWER), connected=True))


@pytest.mark.parametrize(
    ("service", "config"),
    [
        ("gcs", {"bucket": EU.bucket}),
        ("google_cloud_storage", {"deep": [{"bucket_name": EU.bucket}]}),
        ("braze", {"cloud_storage_type": "GCS", "gcs_bucket": EU.bucket, "gcs_folder": "other"}),
        ("braze", {"cloud_storage_type": "NONE", "export_storage_type": "GCS", "gcs_export_bucket": EU.bucket}),
    ],
)
def test_it_stays_for_every_other_connection_of_the_group_that_names_the_bucket(
    service: str, config: dict[str, Any]
) -> None:
    rows = (row(EU), other_row("files", service, **config))
    (plan,) = plans_of("offboard", EU, world=world(binding(VIEWER), binding(ADMIN), rows=rows))
    assert grant_of(plan) == KEPT
    assert "it is also used by files" in noticed(plan)["grant_still_needed"]


def test_a_narrow_one_goes_where_others_read_elsewhere_and_their_access_is_not_called_left_over() -> None:
    narrow = gcs(gcs_access_scope="prefix")
    made = planned("onboard", narrow).seen["grant"]["grant"]
    own = {"role": made["role"], "members": [made["member"]], "condition": made["condition"]}
    elsewhere = {"cloud_storage_type": "GCS", "gcs_bucket": EU.bucket, "gcs_folder": "other"}
    rows = (row(narrow), other_row("neighbor", "braze", **elsewhere))
    (plan,) = plans_of("offboard", narrow, world=world(own, binding(ADMIN), rows=rows))
    assert grant_of(plan) == REMOVED
    assert "grant_kept" not in warned(plan)


def test_it_stays_for_a_workspace_whose_connections_these_credentials_may_not_see() -> None:
    hidden = gcs("hidden", fivetran_api_key="another-key-of-the-account", currents_prefix="hidden")
    answers = {questions.connections(EU, GROUP_ID): Returned((row(EU),))}
    scene = world(binding(VIEWER), rows=(row(EU), row(hidden)))
    (plan,) = plans_of("offboard", EU, hidden, names=["shop_eu"], world=scene, answers=answers)
    assert grant_of(plan) == KEPT
    assert "it is also used by hidden" in noticed(plan)["grant_still_needed"]
    # Of those with the same credentials it is known that there is no connection.
    alike = gcs("alike", currents_prefix="alike")
    (plan,) = plans_of("offboard", EU, alike, names=["shop_eu"], world=scene, answers=answers)
    assert grant_of(plan) == REMOVED


def test_who_leaves_together_with_other_credentials_is_seen_by_them() -> None:
    other = gcs("other", fivetran_api_key="another-key-of-the-account", currents_prefix="other")
    third = other_row("third", "gcs", bucket=EU.bucket)
    scene = world(binding(VIEWER), rows=(row(EU), row(other)))
    apart = {
        questions.connections(EU, GROUP_ID): Returned((row(EU),)),
        questions.connections(other, GROUP_ID): Returned((row(other),)),
    }
    assert [grant_of(plan) for plan in plans_of("offboard", EU, other, world=scene, answers=apart)] == [REMOVED] * 2
    apart[questions.connections(other, GROUP_ID)] = Returned((row(other), third))
    for plan in plans_of("offboard", EU, other, world=scene, answers=apart):
        assert grant_of(plan) == KEPT


def test_what_is_told_and_reported_holds_whatever_was_decided() -> None:
    for purpose in ("onboard", "verify", "offboard"):
        for held in ([], [binding(ADMIN)], [binding(CUSTOM)], [binding(VIEWER, "group:x@acme.example")]):
            for workspace in (EU, THEIRS):
                rows = (row(workspace),)
                told = as_told(plan_of(purpose, workspace, world=replace(world(*held), rows=rows)))
                assert told["workspaces"][workspace.name]["told"]


def test_what_another_who_leaves_was_granted_is_not_called_left_over() -> None:
    fleet = [gcs(name, gcs_access_scope="prefix") for name in ("app", "loyalty")]
    made = [planned("onboard", one).seen["grant"]["grant"] for one in fleet]
    own = [{"role": one["role"], "members": [one["member"]], "condition": one["condition"]} for one in made]
    rows = tuple(map(row, fleet))
    for plan in plans_of("offboard", *fleet, world=world(*own, rows=rows)):
        assert grant_of(plan) == REMOVED
        assert "grant_kept" not in warned(plan)
    for plan in plans_of("offboard", *fleet, world=world(*own, binding(ADMIN), rows=rows)):
        assert f"would not have granted it: {ADMIN} to {MEMBER}." in warned(plan)["grant_kept"]
