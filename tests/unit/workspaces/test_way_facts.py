# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the look shows of the way of a workspace's data, and what verify says of it: each thing once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualPolicy, ActualRole
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import S3Bucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.statement import Document
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reading import hints
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings, Unusable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._way import way_line
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.drafts import Draft
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Group, WorkspacePlan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import findings_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.way.way_facts import note_way
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspaces.situations import (
    AWS_ACCOUNT,
    EXPORTS_SECRET,
    GROUP_ID,
    SERVICE_ACCOUNT,
    Host,
    World,
    entry,
    failed,
    gcs,
    gcs_policy,
    in_iam,
    key_result,
    landing_result,
    plan_of,
    row,
    settings,
    situation,
)

NOW = datetime.now(UTC)
US, EU = settings(), gcs()
GREEN = "The connection braze_shop_us is green all the same, and reads nothing new."


def ago(hours: float) -> str:
    return f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def world(workspace: Settings, connection: Mapping[str, Any] | None = MappingProxyType({}), **changes: Any) -> World:
    """Return a world in which a workspace's data flows; ``connection``: what differs of it, None for none."""
    synced = {"succeeded_at": ago(0.1), "sync_frequency": 360, **(connection or {})}
    whole = {
        "rows": () if connection is None else (row(workspace, **synced),),
        "iam": in_iam(workspace, workspace.bucket) if workspace.storage == "s3" else (),
        "policies": {workspace.bucket: gcs_policy(SERVICE_ACCOUNT)},
    }
    return World(**{**whole, **changes})


def landed(workspace: Settings, hours: float = 0.5, verdict: str = "landing", next_step: str = "") -> Returned:
    """Return what the look into the bucket shows."""
    newest = ago(hours) if verdict in ("landing", "stale", "not_currents") else None
    return Returned({**landing_result(workspace, verdict, next_step), "newest_hour": newest})


def verified(workspace: Settings, there: World, *answers: tuple[Any, Returned], landing: Returned | None = None) -> Any:
    """Return the plan of verify for one workspace."""
    known = {questions.landing(workspace): landing or landed(workspace), **dict(answers)}
    return plan_of("verify", workspace, world=there, answers=known).workspaces[workspace.name]


def line(plan: WorkspacePlan) -> str:
    return way_line(plan.way).removeprefix("way: ")


def told(plan: WorkspacePlan) -> list[str]:
    return [finding.text() for finding in (*findings_of(plan), *plan.warnings)]


FLOWS = "Braze <1 h -> bucket <1 h -> access ok -> connection <1 h -> warehouse <1 h"


@pytest.mark.parametrize("workspace", [US, EU], ids=["s3", "gcs"])
def test_data_that_flows_is_held_against_nobody(workspace: Settings) -> None:
    plan = verified(workspace, world(workspace))
    assert line(plan) == FLOWS
    assert told(plan) == []
    assert {stop.message for stop in plan.way} == {""}


def test_only_who_verifies_is_told_the_way() -> None:
    assert plan_of("onboard", US, world=world(US)).workspaces["shop_us"].way == ()


# Braze and the bucket


def test_a_key_of_which_nothing_is_known_is_not_accused() -> None:
    plan = verified(US, world(US), (questions.key(US), Returned(key_result("undecided", "Run again."))))
    assert line(plan) == FLOWS


def test_a_bad_key_and_data_that_stops_to_land_are_told_at_braze() -> None:
    bad = (questions.key(US), Returned(key_result("invalid_key", "Make a new one.")))
    plan = verified(US, world(US), bad, landing=landed(US, 40, "stale", "The newest events are old."))
    assert line(plan).startswith("Braze 40 h (broken) -> bucket 40 h -> access ok -> connection 40 h -> warehouse 40 h")
    [message] = [stop.message for stop in plan.way if stop.message]
    assert message.startswith("The Braze API key is not good (invalid_key), and nothing has landed since ")


@pytest.mark.parametrize(
    ("connection", "is_green"),
    [
        ({}, True),
        ({"paused": True}, False),
        ({"status": {"setup_state": "broken"}}, False),
        ({"failed_at": ago(0)}, False),
        ({"succeeded_at": None}, False),
        # It has not read what is there.
        ({"succeeded_at": ago(50)}, False),
    ],
)
def test_a_green_connection_for_which_nothing_lands_is_said_so_in_the_finding_about_that(
    connection: dict[str, Any], is_green: bool
) -> None:
    plan = verified(US, world(US, connection), landing=landed(US, 40, "stale", "The newest events are old."))
    [about] = [finding for finding in told(plan) if "does not land" in finding]
    assert (GREEN in about) == is_green
    assert about.endswith("The newest events are old.")
    assert line(plan).startswith("Braze 40 h (late)")
    # A limit says nothing that is said.
    limited = settings(onramp_max_lag_hours=24)
    again = verified(
        limited, world(limited, connection), landing=landed(limited, 40, "stale", "The newest events are old.")
    )
    assert not any("onramp_max_lag_hours" in finding for finding in told(again))


@pytest.mark.parametrize(
    ("verdict", "way", "message"),
    [
        ("empty", "Braze ? -> bucket (broken)", "Nothing has been written to s3://acme-currents/shop_us yet."),
        ("elsewhere", "Braze ok -> bucket (broken)", "Currents does not write to s3://acme-currents/shop_us, but"),
        (
            "not_currents",
            "Braze <1 h -> bucket <1 h (broken)",
            "What is in s3://acme-currents/shop_us was not written by",
        ),
        ("no_bucket", "Braze ? -> bucket (broken)", "There is no bucket acme-currents."),
        ("no_access", "Braze ? -> bucket ?", "s3://acme-currents/shop_us cannot be read with these credentials."),
    ],
)
def test_what_the_look_into_the_bucket_shows_is_told_at_the_bucket(verdict: str, way: str, message: str) -> None:
    plan = verified(US, world(US), landing=landed(US, verdict=verdict))
    assert line(plan).startswith(way)
    assert plan.way[1].message.startswith(message)
    # Where nobody could look, the last sync is all that tells an age; where nothing is, there is none.
    has_age = verdict in ("not_currents", "no_access")
    assert line(plan).endswith("connection <1 h -> warehouse <1 h" if has_age else "connection ok -> warehouse ok")


def test_a_bucket_that_could_not_be_looked_at_is_accused_of_nothing() -> None:
    plan = verified(US, world(US), landing=failed())
    assert line(plan) == "Braze ? -> bucket ? -> access ok -> connection <1 h -> warehouse <1 h"


@pytest.mark.parametrize(("storage", "changes"), [
    ("azure", {"currents_connection_string": EXPORTS_SECRET}),
    ("none", {"currents_bucket": None, "currents_prefix": None}),
])  # fmt: skip
def test_what_nobody_looks_into_is_unknown_and_the_last_sync_tells_the_age(
    storage: str, changes: dict[str, Any]
) -> None:
    workspace = settings(currents_storage=storage, onramp_max_lag_hours=24, **changes)
    known = {questions.destination(workspace, GROUP_ID): Returned({"setup_status": "connected"})}
    there = World(rows=(row(workspace, succeeded_at=ago(3), sync_frequency=60),))
    plan = plan_of("verify", workspace, world=there, answers=known).workspaces["shop_us"]
    braze = "?" if storage == "azure" else "ok"
    assert line(plan) == f"Braze {braze} -> bucket ? -> access ? -> connection 3 h -> warehouse 3 h"
    assert told(plan) == []
    there = World(rows=(row(workspace, succeeded_at=ago(25), sync_frequency=60),))
    late = plan_of("verify", workspace, world=there, answers=known).workspaces["shop_us"]
    assert [finding.code for finding in findings_of(late)] == ["data_late"]


# Access


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (world(US, {"succeeded_at": ago(26), "failed_at": ago(1)}, iam=()), "There is no IAM role arn:aws:iam::"),
        (
            world(US, {"succeeded_at": ago(26), "failed_at": ago(1)}, iam=in_iam(US, US.bucket, attached_policies=())),
            "Fivetran may not read s3://acme-currents/shop_us: ",
        ),
        (
            world(US, {"succeeded_at": ago(26), "failed_at": ago(1)}, iam=in_iam(US, US.bucket, group_id="other")),
            "Fivetran may not read s3://acme-currents/shop_us: the trust policy of the role Fivetran does not let ",
        ),
    ],
    ids=["no role", "no policy", "trust"],
)
def test_a_role_that_does_not_let_fivetran_read_now_is_told_at_the_access(there: World, message: str) -> None:
    without_policy = Returned(S3Bucket(US.bucket, answers={"get_bucket_policy": None}))
    plan = verified(US, there, (questions.s3_bucket(US, AWS_ACCOUNT), without_policy))
    assert line(plan) == "Braze <1 h -> bucket <1 h -> access 26 h (broken) -> connection 26 h -> warehouse 26 h"
    access, connection = plan.way[2:4]
    assert access.message.startswith(message)
    assert connection.message == "It cannot work before the access does."


def test_a_difference_that_lets_fivetran_read_breaks_nothing() -> None:
    tagged = settings(s3_access_tags={"team": "growth"})
    policy, role = in_iam(US, US.bucket)
    assert isinstance(policy, ActualPolicy)
    assert isinstance(role, ActualRole)
    role = replace(role, documents=(Document("the policy", policy.document),))
    plan = verified(tagged, world(tagged, iam=(policy, role)))
    assert [finding.code for finding in findings_of(plan)] == ["policy_differs", "role_differs"]
    assert line(plan) == FLOWS


def test_a_grant_that_is_missing_is_told_at_the_access_unless_fivetran_reads_all_the_same() -> None:
    seen = verified(EU, world(EU, policies={}))
    assert line(seen).split(" -> ")[2] == "access ?"
    assert seen.way[2].state == "unknown"
    broken = {"status": {"setup_state": "broken"}, "succeeded_at": ago(30)}
    missing = verified(EU, world(EU, broken, policies={}))
    assert line(missing) == "Braze <1 h -> bucket <1 h -> access 30 h (broken) -> connection 30 h -> warehouse 30 h"


# Connection and warehouse


@pytest.mark.parametrize(
    ("connection", "way", "message"),
    [
        (None, "connection (broken) -> warehouse ok", "There is no connection braze_shop_us in the group Warehouse."),
        (
            {"status": {"setup_state": "broken"}, "succeeded_at": ago(9)},
            "connection 9 h (broken) -> warehouse 9 h",
            "Fivetran calls it broken: The password has expired.",
        ),
        (
            {"succeeded_at": ago(9), "failed_at": ago(8)},
            "connection 9 h (broken) -> warehouse 9 h",
            "Its last sync failed at ",
        ),
        (
            {"paused": True, "succeeded_at": ago(9)},
            "connection 9 h (paused) -> warehouse 9 h",
            "It is paused in Fivetran.",
        ),
        ({"succeeded_at": None}, "connection ? -> warehouse ok", "No sync has ended yet."),
        (
            {"config": {"cloud_storage_type": "AWS_S3", "s3bucket": "acme-old", "s3folder": "shop_us"}},
            "connection (broken) -> warehouse ok",
            "It reads s3://acme-old/shop_us, and not what the inventory names.",
        ),
    ],
    ids=["none", "broken", "failed", "paused", "never", "elsewhere"],
)
def test_what_is_wrong_with_the_connection_is_told_there_with_the_reason_that_fivetran_gives(
    connection: dict[str, Any] | None, way: str, message: str
) -> None:
    reasons = (questions.reasons(US, "id_of_braze_shop_us"), Returned(("The password has expired",)))
    plan = verified(US, world(US, connection), reasons)
    assert line(plan).endswith(way)
    told_there = plan.way[3].message
    assert told_there.startswith(message)
    assert ("The password has expired" in told_there) == ("Fivetran calls" in told_there or "failed" in told_there)


def test_a_destination_that_is_not_connected_is_told_at_the_warehouse() -> None:
    gone = (questions.destination(US, GROUP_ID), Returned({"setup_status": "BROKEN"}))
    plan = verified(US, world(US, {"succeeded_at": ago(26), "failed_at": ago(1)}), gone)
    assert line(plan) == "Braze <1 h -> bucket <1 h -> access ok -> connection 26 h -> warehouse 26 h (broken)"
    assert plan.way[4].message == "The destination of the group Warehouse is broken."


def test_data_that_fivetran_calls_late_is_told_at_the_warehouse_and_once() -> None:
    status = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "delayed"}
    limited = settings(onramp_max_lag_hours=24)
    for workspace in (US, limited):
        plan = verified(workspace, world(workspace, {"succeeded_at": ago(26), "status": status}))
        assert line(plan).endswith("connection 26 h -> warehouse 26 h (late)")
        assert told(plan) == ["The data in the warehouse is late: update_state is delayed."]


# What is late


def test_syncs_that_do_not_come_are_a_warning_and_with_a_limit_a_finding() -> None:
    stuck = {"succeeded_at": ago(26)}
    plan = verified(US, world(US, stuck))
    assert [warning.code for warning in plan.warnings] == ["reads_nothing_new"]
    assert findings_of(plan) == []
    limited = settings(onramp_max_lag_hours="24")
    failing = verified(limited, world(limited, stuck))
    assert failing.warnings == ()
    [found] = findings_of(failing)
    assert (found.code, found.step, found.field) == ("data_late", "sync", "onramp_max_lag_hours")
    assert line(failing) == "Braze <1 h -> bucket <1 h -> access ok -> connection 26 h (late) -> warehouse 26 h"
    by_hand = {**stuck, "schedule_type": "manual"}
    assert told(verified(US, world(US, by_hand))) == []
    assert [found.code for found in findings_of(verified(limited, world(limited, by_hand)))] == ["data_late"]
    patient = settings(onramp_max_lag_hours=48)
    assert told(verified(patient, world(patient, stuck))) == []


def test_data_that_does_not_land_within_the_limit_is_late_at_braze_before_currents_calls_it_stale() -> None:
    limited = settings(onramp_max_lag_hours=6)
    plan = verified(limited, world(limited), landing=landed(limited, 10))
    [found] = findings_of(plan)
    assert (found.code, found.step) == ("data_late", "landing")
    assert GREEN in found.message
    assert line(plan).startswith("Braze 10 h (late) -> bucket 10 h ->")


def test_what_the_inventory_has_paused_is_late_on_purpose() -> None:
    paused = {"paused": True, "succeeded_at": ago(99)}
    for meant, codes in ((None, ["data_late"]), (True, [])):
        limited = settings(onramp_max_lag_hours=24, fivetran_connection_paused=meant)
        assert [found.code for found in findings_of(verified(limited, world(limited, paused)))] == codes


@pytest.mark.parametrize(
    ("value", "words"), [(0, "1 to"), (-3, "1 to"), (10**17, "to 87600"), ("soon", "whole number"), (1.5, "whole")]
)
def test_a_limit_that_is_no_number_of_hours_is_refused(value: Any, words: str) -> None:
    refused = entry(onramp_max_lag_hours=value)
    assert isinstance(refused, Unusable)
    [problem] = refused.problems
    assert problem.message.startswith("onramp_max_lag_hours: ")
    assert words in problem.message


@pytest.mark.parametrize("name", ["onramp_max_lag", "onramp_max_lag_hour", "onramp_maxlag_hours"])
def test_a_limit_under_another_name_is_noticed(name: str) -> None:
    assert hints(Host({name: 24})) == [f"{name}: no such setting. Did you mean onramp_max_lag_hours?"]
    # What the playbooks and the inventory plugin call by this prefix is nobody's mistake.
    assert hints(Host({"onramp_plan": {}, "onramp_in_process": False, "onramp_paused": True})) == []


TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "soon", "")
WEIRD = st.sampled_from([*TIMES, None, True, -1, 10**20, 2.5, [], [None], {}, {"code": None}, "\x1b[31m"])
FIELDS = ("succeeded_at", "failed_at", "created_at", "sync_frequency", "schedule_type", "paused", "status", "config")
OF_STATUS = ("setup_state", "sync_state", "update_state", "is_historical_sync", "tasks", "warnings")


@given(
    st.dictionaries(st.sampled_from(FIELDS), WEIRD),
    st.dictionaries(st.sampled_from(OF_STATUS), WEIRD),
    st.sampled_from([None, 1, 24, 87600]),
)
def test_whatever_fivetran_answers_there_is_a_way(
    fields: dict[str, Any], status: dict[str, Any], limit: int | None
) -> None:
    workspace = settings(onramp_max_lag_hours=limit)
    there = world(workspace, {"status": {"setup_state": "connected", **status}, **fields})
    known = situation("verify", workspace, world=there, answers={questions.landing(workspace): landed(workspace)})
    draft = Draft(workspace, group=Group(GROUP_ID, "Warehouse"), rows=there.rows)
    draft.seen["landing"] = landed(workspace).value
    note_way(known, draft)
    assert len(draft.way) == 5


# What is told


def test_the_way_is_the_last_line_of_a_workspace_with_findings_and_needs_verbosity_elsewhere() -> None:
    def of(there: World) -> dict[str, Any]:
        known = {questions.landing(US): landed(US)}
        shown: dict[str, Any] = as_told(plan_of("verify", US, world=there, answers=known))["workspaces"]["shop_us"]
        return shown

    failing, fine = of(world(US, None)), of(world(US))
    assert failing["told"][-1].startswith("  way: Braze <1 h -> bucket <1 h -> access ok -> connection (broken)")
    assert failing["told_if_verbose"] == []
    assert not any("way:" in line for line in fine["told"])
    assert fine["told_if_verbose"] == [f"  way: {FLOWS}"]
    assert [stop["stop"] for stop in fine["way"]] == ["braze", "bucket", "access", "connection", "warehouse"]
