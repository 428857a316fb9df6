# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run shows becomes the right marks and reasons, and nothing that should stay where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.collect import Collector
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import (
    HostOutcome,
    Observation,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.tasks import Item
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Cell, Mark, Step
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.samples import (
    ACCESS,
    ALLOWS,
    CONNECTION,
    DOUBT,
    EFFECT,
    ENTRY,
    KEY,
    LANDING,
    RUN,
    TESTS,
    UNCLAIMED,
    onboarding,
    planned,
    report_of,
    seen,
    verified,
    workspace_of,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "verdict", "permissions", "missing", "access", "grant", "connection", "connections", "setup_tests", "findings",
    "integrations", "ansible_facts", "failure", "msg", "workspaces", "unclaimed", "doubts", "effect",
)  # fmt: skip
MODULES = (
    "braze_api_key_info", "braze_currents_info", "s3_access_plan_info", "gcs_bucket_iam_member", "fivetran_connection",
    "fivetran_connection_info", "fivetran_connection_sync", "s3_bucket_preflight_info", "workspace_plan",
    "workspace_verdict",
)  # fmt: skip
OF_A_PLAN = (
    "applies", "reads_only", "findings", "warnings", "noticed", "unverified", "changes", "seen", "schema", "storage",
    "bucket", "prefix",
)  # fmt: skip
OF_A_LOOK = ("key", "landing", "access", "grant", "connection")
NOT_GOOD = {"step": "key", "severity": "error", "message": "The key is not good."}
KMS = {
    "severity": "warning",
    "code": "kms_closed",
    "message": "The key alias/a is closed.",
    "remedy": "Do.",
}
FAILED_FOR_KMS = {"failure": {"code": "kms_closed"}}
RECONNECT = {"code": "reconnect", "message": "Log in again."}
LISTED = {"code": "state", "field": "tasks", "message": "Fivetran lists under tasks: reconnect: Log in again."}
INVALID = {"step": "settings", "severity": "error", "code": "invalid_settings", "message": "Not set."}
# What was seen of a workspace with which nothing is wrong.
SEEN = {"key": KEY, "landing": LANDING, **ACCESS, "connection": CONNECTION}


def test_a_workspace_in_order_is_fine_in_every_step() -> None:
    workspace = workspace_of(onboarding())
    assert {cell.mark for cell in workspace.cells.values()} == {Mark.OK}
    assert workspace.status == Mark.OK
    assert workspace.findings == ()


@pytest.mark.parametrize(
    ("changes", "step", "mark", "words"),
    [
        ({"braze_api_key_info": {"verdict": "invalid_key"}}, Step.KEY, Mark.FAILED, "invalid key"),
        (
            {"braze_api_key_info": {"verdict": "missing_permissions", "missing": ["a.b", "c.d"]}},
            Step.KEY,
            Mark.FAILED,
            "lacks a.b, c.d",
        ),
        ({"braze_api_key_info": {"verdict": "undecided"}}, Step.KEY, Mark.WARNING, "undecided"),
        (
            {"braze_currents_info": {"verdict": "stale"}},
            Step.LANDING,
            Mark.WARNING,
            "nothing since 2026-03-01 14:00 UTC",
        ),
        (
            {"fivetran_connection": {"connection": {**CONNECTION, "paused": True}}},
            Step.CONNECTION,
            Mark.PAUSED,
            "paused in Fivetran, no sync since 2026-03-01 14:10 UTC",
        ),
        (
            {"fivetran_connection": {"connection": {**CONNECTION, "setup_state": "broken"}}},
            Step.CONNECTION,
            Mark.FAILED,
            "setup broken",
        ),
        (
            {"fivetran_connection": {"setup_tests": [{"title": "Read", "status": "FAILED", "message": "no"}]}},
            Step.TESTS,
            Mark.FAILED,
            "Read: no",
        ),
        (
            {"fivetran_connection": {"setup_tests": [{"title": "Read", "status": "WARNING", "message": "late"}]}},
            Step.TESTS,
            Mark.WARNING,
            "warning from Read",
        ),
        (
            {"fivetran_connection": {"connection": {**CONNECTION, "failed_at": "2026-03-02T08:00:00Z"}}},
            Step.SYNC,
            Mark.FAILED,
            "failed 2026-03-02 08:00 UTC",
        ),
        (
            {"fivetran_connection": {"connection": {**CONNECTION, "succeeded_at": None}}},
            Step.SYNC,
            Mark.NONE,
            "not yet",
        ),
    ],
)
def test_what_is_wrong_with_a_step_is_its_mark_and_reason(
    changes: dict[str, Any], step: Step, mark: Mark, words: str
) -> None:
    workspace = workspace_of(onboarding(**changes))
    assert (workspace.cells[step].mark, workspace.cells[step].text) == (mark, words)
    assert workspace.status == (Mark.OK if mark == Mark.NONE else mark)
    assert {cell.mark for other, cell in workspace.cells.items() if other != step} == {Mark.OK}


def test_a_next_step_that_no_finding_says_is_told() -> None:
    bad = {"verdict": "stale", "next_step": "Look at the integration in Braze."}
    [finding] = workspace_of(onboarding(braze_currents_info=bad)).findings
    assert (finding.step, finding.message) == (Step.LANDING, "Look at the integration in Braze.")
    said = {"msg": "shop_us: stale. Look at the integration in Braze.", "failure": {"code": "stale"}}
    failed = seen("braze_currents_info", {**LANDING, **bad, **said}, outcome="failed")
    [finding] = workspace_of([*onboarding(braze_currents_info=bad), failed]).findings
    assert finding.message == "stale. Look at the integration in Braze."


@pytest.mark.parametrize(
    ("connection", "changed", "mark", "words"),
    [
        ({**CONNECTION, "id": None, "setup_state": None}, True, Mark.PLANNED, "would be created"),
        (CONNECTION, True, Mark.PLANNED, "would be changed"),
        (None, True, Mark.PLANNED, "would be removed"),
        (CONNECTION, False, Mark.OK, "running"),
    ],
)
def test_check_mode_tells_what_would_be_done(
    connection: dict[str, Any] | None, changed: bool, mark: Mark, words: str
) -> None:
    result = {"changed": changed, "connection": connection}
    report = report_of([seen("fivetran_connection", result, check_mode=True)])
    cell = report.workspaces[0].cells[Step.CONNECTION]
    assert (cell.mark, cell.text) == (mark, words)
    assert report.run.check_mode


def test_a_run_that_has_changed_something_before_it_only_looked_is_not_called_check_mode() -> None:
    looked = seen("braze_api_key_info", {"verdict": "ok"}, check_mode=True)
    assert not report_of([*onboarding(), looked]).run.check_mode


def test_in_check_mode_a_connection_is_shown_as_it_is_and_not_as_it_would_be() -> None:
    now = seen("fivetran_connection_info", {"connections": [{**CONNECTION, "paused": True}]}, check_mode=True)
    then = seen("fivetran_connection", {"changed": True, "connection": CONNECTION}, check_mode=True)
    connection = workspace_of([now, then]).connection
    assert connection is not None
    assert (connection.paused, connection.action) == (True, "update")


def test_what_verify_found_is_the_reason_once_and_all_of_it() -> None:
    messages = ["paused differs.", "sync_frequency differs."]
    found = [{"step": "connection", "severity": "error", "message": message} for message in messages]
    plan = planned(reads_only=True, findings=found, seen=SEEN)
    told = seen("workspace_verdict", {"msg": f"shop_us: 2 findings.\n- {messages}"}, outcome="failed")
    workspace = workspace_of([plan, told], shop_us=HostOutcome(failed=True))
    assert workspace.cells[Step.CONNECTION].text == "paused differs.\nsync_frequency differs."
    assert [finding.message for finding in workspace.findings] == messages


def test_what_heal_leaves_to_a_person_is_told_once_and_at_its_step() -> None:
    plan = planned(findings=[NOT_GOOD], seen=SEEN)
    failure = {"code": "invalid_key", "message": NOT_GOOD["message"], "step": "key"}
    told = seen("workspace_heal", {"msg": "shop_us: needs a person. No.", "failure": failure}, outcome="failed")
    workspace = workspace_of([plan, told], shop_us=HostOutcome(failed=True))
    assert [(finding.step, finding.message) for finding in workspace.findings] == [("key", NOT_GOOD["message"])]
    # What the plan could not know yet, such as a sync that fails again, has the step that the failure names.
    failure = {"code": "sync_failed", "message": "No.", "step": "sync"}
    told = seen("workspace_heal", {"msg": "shop_us: not healed. No.", "failure": failure}, outcome="failed")
    workspace = workspace_of([planned(seen=SEEN), told], shop_us=HostOutcome(failed=True))
    assert [(finding.step, finding.message) for finding in workspace.findings] == [("sync", "not healed. No.")]


def test_what_may_be_why_heal_has_failed_is_a_finding_of_its_own() -> None:
    hint = {"step": "access", "severity": "warning", "code": "kms", "message": "By a key.", "remedy": "Name it."}
    found = {"step": "tests", "severity": "error", "code": "setup_tests_failed", "message": "No.", "remedy": ""}
    ended = seen("workspace_heal", {"outcome": {"state": "not_healed", "findings": [found, hint]}})
    failure = {"code": "setup_tests_failed", "message": "No.", "step": "tests"}
    message = "shop_us: not healed. No. By a key. Name it."
    told = seen("workspace_heal", {"msg": message, "failure": failure}, outcome="failed")
    workspace = workspace_of([planned(seen=SEEN), ended, told], shop_us=HostOutcome(failed=True))
    assert [(one.step, one.severity, one.text()) for one in workspace.findings] == [
        ("tests", "error", "not healed. No."),
        ("access", "warning", "By a key. Name it."),
    ]


def test_who_is_not_to_be_healed_is_not_shown() -> None:
    one = {"reads_only": False, "findings": [], "warnings": [], "changes": [], "seen": SEEN}
    plans = {"app_us": {**one, "healing": {"state": "left_out"}}, "shop_us": {**one, "healing": {"state": "healed"}}}
    report = report_of([seen("workspace_plan", {"workspaces": plans}, "app_us")])
    assert [workspace.name for workspace in report.workspaces] == ["shop_us"]


def test_a_plan_tells_of_every_workspace_of_the_play_no_matter_who_has_run_it() -> None:
    one = {"reads_only": True, "findings": [], "warnings": [], "changes": [], "seen": SEEN}
    looked = seen("workspace_plan", {"workspaces": {"app_us": one, "shop_us": one}}, "app_us")
    report = report_of([looked])
    assert [workspace.name for workspace in report.workspaces] == ["app_us", "shop_us"]
    for workspace in report.workspaces:
        assert {cell.mark for cell in workspace.cells.values()} == {Mark.OK}
        assert workspace.key is not None
        assert workspace.key.missing == ()


def test_what_a_plan_has_found_is_told_with_its_remedy_and_at_its_step() -> None:
    found = [{"step": "key", "severity": "error", "message": "No key.", "remedy": "Make one.", "code": "c"}]
    warned = [{"step": "landing", "severity": "warning", "message": "Quiet.", "remedy": "", "code": "c"}]
    noted = [{"step": "access", "severity": "info", "message": "Not all was seen.", "remedy": "", "code": "c"}]
    # In verify.yml, what is noticed as an error is among the findings already.
    late = [{"step": "sync", "severity": "error", "message": "Late.", "remedy": "", "code": "c"}]
    workspace = workspace_of([planned(findings=found, warnings=warned, noticed=[*noted, *late])])
    assert [(told.step, told.severity, told.message, told.remedy) for told in workspace.findings] == [
        ("key", "error", "No key.", "Make one."),
        ("landing", "warning", "Quiet.", ""),
        ("access", "info", "Not all was seen.", ""),
    ]
    assert (workspace.cells[Step.KEY].mark, workspace.cells[Step.LANDING].mark) == (Mark.FAILED, Mark.WARNING)


def test_a_next_step_that_is_the_remedy_of_a_finding_is_told_once() -> None:
    found = [{**NOT_GOOD, "remedy": "Make a new key.", "code": "invalid_key"}]
    bad = {**KEY, "verdict": "invalid_key", "next_step": "Make a new key."}
    [finding] = workspace_of([planned(findings=found, seen={"key": bad})]).findings
    assert (finding.message, finding.remedy) == ("The key is not good.", "Make a new key.")


@pytest.mark.parametrize(
    ("action", "existing", "mark", "words"),
    [
        ("create", {}, Mark.PLANNED, "would be created"),
        ("update", {"connection": CONNECTION}, Mark.PLANNED, "would be changed"),
        ("delete", {"connection": CONNECTION}, Mark.PLANNED, "would be removed"),
        ("none", {"connection": CONNECTION}, Mark.OK, "running"),
    ],
)
def test_a_plan_tells_what_would_be_done_until_it_is_done(
    action: str, existing: dict[str, Any], mark: Mark, words: str
) -> None:
    change = {"kind": "connection", "name": "braze_shop_us", "action": action}
    plan = planned(applies=action != "none", changes=[change], seen=existing, schema="braze_shop_us")
    cell = workspace_of([plan]).cells[Step.CONNECTION]
    assert (cell.mark, cell.text) == (mark, words)
    done = seen("fivetran_connection", {"changed": True, "connection": CONNECTION, "setup_tests": TESTS})
    cell = workspace_of([plan, done]).cells[Step.CONNECTION]
    assert (cell.mark, cell.text) == (Mark.OK, "running")


def test_what_another_workspace_does_for_all_that_share_it_is_done_when_that_one_has_done_it() -> None:
    mine = [{"kind": kind, "name": kind, "action": "delete"} for kind in ("policy", "role")]
    others = [{**change, "made_by": "shop_us"} for change in mine]
    removed = {"access": {kind: {"name": kind, "arn": kind, "action": "delete"} for kind in ("policy", "role")}}
    plans = [
        planned("app_us", applies=True, changes=others, seen=removed),
        planned("shop_us", applies=True, changes=mine, seen=removed),
    ]

    def access(*done: Observation) -> list[tuple[Mark, str]]:
        workspaces = report_of([*plans, *done]).workspaces
        return [(workspace.cells[Step.ACCESS].mark, workspace.cells[Step.ACCESS].text) for workspace in workspaces]

    assert access() == [(Mark.PLANNED, "would be removed")] * 2
    looked = seen("s3_access_plan_info", removed)
    assert access(looked, seen("s3_access", removed)) == [(Mark.REMOVED, "removed")] * 2
    failed = seen("s3_access", {**removed, "msg": "AWS said no."}, role="s3_access", outcome="failed")
    assert access(looked, failed)[0] == (Mark.PLANNED, "would be removed")


MADE = {"changed": True, "connection": CONNECTION, "setup_tests": TESTS}
REFUSED = {"msg": "shop_us: Fivetran answers 403.", "failure": {"code": "Forbidden"}}


def in_aws(action: str) -> dict[str, Any]:
    return {"access": {kind: {**ACCESS["access"][kind], "action": action} for kind in ("policy", "role")}}


def to_do(action: str, *kinds: str, host: str = "shop_us", maker: str = "") -> Observation:
    """Return the plan that does the same to the access and to the connection."""
    looked = {**in_aws(action), **({} if action == "create" else {"connection": CONNECTION})}
    changes = [
        {"kind": kind, "action": action, "made_by": "" if kind == "connection" else maker}
        for kind in kinds or ("policy", "role", "connection")
    ]
    return planned(host, applies=True, changes=changes, seen=looked, schema="braze_shop_us")


def refused(module: str, role: str, result: dict[str, Any] | None = None) -> Observation:
    return seen(module, result or REFUSED, role=role, outcome="failed")


def wrote(action: str, host: str = "shop_us", **changes: Any) -> list[Observation]:
    """Return what the role s3_access shows of what it has done."""
    return [seen(module, in_aws(action), host, **changes) for module in ("s3_access_plan_info", "s3_access")]


NOT_DELETED = refused("fivetran_connection", "fivetran_connection")
NOT_WRITTEN = refused("s3_access", "s3_access", {**REFUSED, **in_aws("create")})


@pytest.mark.parametrize(
    ("observations", "access", "connection", "planned"),
    [
        # The access comes after the connection when a workspace leaves, and before it when one comes.
        ([to_do("delete"), NOT_DELETED], "would be removed", "Fivetran answers 403.", ["access", "connection"]),
        ([to_do("create"), NOT_WRITTEN], "Fivetran answers 403.", "would be created", ["access", "connection"]),
        ([to_do("create"), *wrote("create"), NOT_DELETED], "role Fivetran", "Fivetran answers 403.", ["connection"]),
        ([to_do("update"), *wrote("update"), seen("fivetran_connection", MADE)], "role Fivetran", "running", []),
        (
            [to_do("delete"), seen("fivetran_connection", {"connection": None}), *wrote("delete")],
            "removed", "removed", [],
        ),
        # What only looks does nothing, and what is done by then is not a plan.
        ([seen("s3_access_plan_info", in_aws("create"))], "would be created", "", ["access"]),
        ([to_do("create"), *wrote("none")[:1]], "role Fivetran", "would be created", ["connection"]),
        (wrote("create", check_mode=True), "would be created", "", ["access"]),
        # The key was looked at, and nothing was done.
        (
            [to_do("create"), seen("braze_api_key_info", KEY)],
            "would be created", "would be created", ["access", "connection"],
        ),
    ],
)  # fmt: skip
def test_what_one_step_has_done_says_nothing_of_another_step(
    observations: list[Observation], access: str, connection: str, planned: list[str]
) -> None:
    workspace = workspace_of(observations)
    assert workspace.cells[Step.ACCESS].text == access
    assert workspace.cells[Step.CONNECTION].text == connection
    assert list(workspace.planned) == planned


def test_a_grant_that_the_run_has_not_come_to_is_not_called_removed() -> None:
    grant = {"changed": True, "grant": {}}
    changes = [{"kind": kind, "action": "delete"} for kind in ("grant", "connection")]
    plan = planned(applies=True, changes=changes, seen={"grant": grant, "connection": CONNECTION})
    assert workspace_of([plan, NOT_DELETED]).cells[Step.ACCESS].text == "would be removed"
    gone = seen("fivetran_connection", {"changed": True, "connection": None})
    assert workspace_of([plan, gone]).cells[Step.ACCESS].text == "would be removed"
    done = seen("gcs_bucket_iam_member", grant)
    assert workspace_of([plan, gone, done]).cells[Step.ACCESS].text == "removed"


def test_access_that_stays_is_still_told_when_a_later_look_cannot_see_it_any_more() -> None:
    stays = {"step": "access", "severity": "warning", "code": "role_elsewhere", "message": "The role stays."}
    other = {"step": "key", "severity": "warning", "code": "key_used_twice", "message": "Two have it."}
    first, second = planned(warnings=[stays, other]), planned()
    assert [finding.code for finding in workspace_of([first, second]).findings] == ["role_elsewhere"]
    assert [finding.code for finding in workspace_of([first, first]).findings] == ["role_elsewhere", "key_used_twice"]


def test_of_a_grant_that_is_not_there_nothing_is_removed() -> None:
    nothing = {"changed": False, "grant": None}
    plan = planned(applies=True, changes=[{"kind": "connection", "action": "delete"}], seen={"grant": nothing})
    for told in ([plan], [plan, seen("gcs_bucket_iam_member", nothing)], [seen("gcs_bucket_iam_member", nothing)]):
        workspace = workspace_of(told)
        assert (workspace.cells[Step.ACCESS].text, workspace.access) == ("", None)
        assert Step.ACCESS not in workspace.planned


def test_access_that_another_workspace_makes_is_done_with_the_own_connection_still_to_make() -> None:
    plans = [to_do("create", host="app_us"), to_do("create", maker="app_us")]

    def told(*done: Observation) -> list[str]:
        [_app, shop] = report_of([*plans, *done]).workspaces
        return [shop.cells[step].text for step in (Step.ACCESS, Step.CONNECTION)]

    assert told() == ["would be created"] * 2
    assert told(seen("fivetran_connection", MADE)) == ["would be created", "running"]
    assert told(seen("fivetran_connection", REFUSED, "app_us", outcome="failed")) == ["would be created"] * 2
    assert told(*wrote("create", "app_us")) == ["role Fivetran", "would be created"]
    # What fails for the other one afterwards takes nothing back.
    later = seen("fivetran_connection", REFUSED, "app_us", outcome="failed")
    assert told(*wrote("create", "app_us"), later) == ["role Fivetran", "would be created"]


def test_who_is_not_offboarded_keeps_the_access_that_another_workspace_leaves_to_it() -> None:
    plans = [to_do("delete", host="app_us"), to_do("delete", maker="app_us")]
    deleted = seen("fivetran_connection", {"changed": True, "connection": None}, "app_us")
    # The second look, of those that are left.
    again = planned("app_us", seen=in_aws("none"), changes=[{"kind": "role", "action": "none"}])
    app, shop = report_of([*plans, deleted, NOT_DELETED, again]).workspaces
    assert [app.cells[step].text for step in (Step.ACCESS, Step.CONNECTION)] == ["role Fivetran", "removed"]
    assert shop.cells[Step.ACCESS] == Cell(Mark.PLANNED, "would be removed")


def test_who_shows_the_documents_of_another_shows_them_as_planned_where_they_are() -> None:
    fact = seen("set_fact", {"ansible_facts": {"s3_access_fivetran_role_arn": ACCESS["access"]["role"]["arn"]}})
    for action, words in (("create", "would be created"), ("none", "role Fivetran")):
        looked = seen("s3_access_plan_info", in_aws(action), "app_us")
        assert report_of([looked, fact]).workspaces[1].cells[Step.ACCESS].text == words


def test_the_page_calls_documents_planned_that_a_failed_run_has_not_written() -> None:
    for observations, words in (([to_do("create"), NOT_WRITTEN], True), ([to_do("create"), *wrote("create")], False)):
        assert ("Trust policy as it would be" in page_of(report_of(observations))) is words


def test_of_a_workspace_that_is_refused_nothing_is_called_planned() -> None:
    changes = [{"kind": kind, "name": "", "action": "create"} for kind in ("grant", "connection")]
    found = [{"step": "key", "severity": "error", "message": "The key is not good."}]
    grant = {"changed": True, "grant": {"bucket": "acme", "role": "r", "member": "m"}}
    workspace = workspace_of([planned(findings=found, changes=changes, seen={"grant": grant})])
    assert {step: cell.mark for step, cell in workspace.cells.items()} == {
        **dict.fromkeys(Step, Mark.NONE),
        Step.KEY: Mark.FAILED,
    }


def test_a_plan_that_only_reads_makes_no_run_that_has_acted() -> None:
    assert report_of([planned(reads_only=True, seen=SEEN)]).run.check_mode
    assert not report_of([planned(seen=SEEN)]).run.check_mode


def test_what_nobody_claims_is_told_beside_the_workspaces_and_is_nobodys_fault() -> None:
    report = report_of([verified()])
    [found] = report.unclaimed
    assert (found.id, found.group, found.schema, found.entry) == (
        "connection_2", "patient_harbor", "braze_old", ENTRY,
    )  # fmt: skip
    assert report.doubts == (DOUBT,)
    assert [workspace.status for workspace in report.workspaces] == [Mark.NONE]
    assert report.as_json()["unclaimed"][0]["reads"] == UNCLAIMED["reads"]


def test_later_plans_of_the_run_know_nothing_of_it_and_a_later_look_replaces_it() -> None:
    assert len(report_of([verified(), planned(applies=True)]).unclaimed) == 1
    assert report_of([verified(), verified(unclaimed=[], doubts=[])]).unclaimed == ()


def test_failing_setup_tests_are_the_reason_of_the_column_tests() -> None:
    result = {"msg": "shop_us: Read: FAILED (no)", "failure": {"code": "setup_tests_failed"}, "connection": CONNECTION}
    workspace = workspace_of([seen("fivetran_connection", result, outcome="failed")], shop_us=HostOutcome(failed=True))
    assert workspace.cells[Step.TESTS].text == "Read: FAILED (no)"
    assert workspace.status == Mark.FAILED


def test_a_finding_that_a_failure_quotes_is_told_once() -> None:
    finding = {"severity": "error", "code": "foreign", "message": "The policy was changed.", "remedy": "Look."}
    msg = "The policy was changed. Look. Nothing was changed."
    result = {"access": {"findings": [finding]}, "msg": msg, "failure": {"code": "foreign"}}
    workspace = workspace_of([seen("s3_access_plan_info", result, outcome="failed")])
    assert [(found.message, found.remedy) for found in workspace.findings] == [("The policy was changed.", "Look.")]


def test_the_message_of_a_task_from_elsewhere_stays_in_the_output_of_the_play() -> None:
    foreign = seen("x", {"msg": "password hunter2"}, action="ansible.builtin.command", own=False, outcome="failed")
    [finding] = workspace_of([*onboarding(), foreign]).findings
    assert finding.message == "The task 'Run x' failed. The output of the play tells why."


def test_a_failure_that_the_play_survives_is_no_finding() -> None:
    ignored = seen("braze_currents_info", {"msg": "no"}, outcome="ignored")
    assert workspace_of([*onboarding(), ignored]).findings == ()


def test_a_host_without_findings_of_this_collection_is_no_workspace() -> None:
    elsewhere = seen("x", {"msg": "no"}, "web_01", action="ansible.builtin.command", own=False, workspace=False)
    assert report_of([elsewhere]).workspaces == ()


def test_a_host_that_cannot_be_reached_is_told_how_to_be() -> None:
    [finding] = workspace_of([seen("x", {}, outcome="unreachable")], shop_us=HostOutcome(unreachable=True)).findings
    assert "connection: local" in finding.remedy


@pytest.mark.parametrize(
    ("earlier", "later", "told"),
    [
        # The failure of a module that looks quotes what it has found.
        (
            seen("s3_bucket_preflight_info", {"findings": [{**KMS, "severity": "error"}]}),
            seen("s3_bucket_preflight_info", {"msg": f"{KMS['message']} Do it.", **FAILED_FOR_KMS}, outcome="failed"),
            [("error", KMS["message"])],
        ),
        # The role looks once more at what the plan has looked at, and words it in its own way.
        (
            planned(applies=True, warnings=[{**KMS, "step": "access", "field": "kms_key_arns"}]),
            seen("s3_bucket_preflight_info", {"findings": [{**KMS, "message": "Key alias/a is closed."}]}),
            [("warning", KMS["message"])],
        ),
        # What was a warning is what the run fails for.
        (
            planned(applies=True, warnings=[{**KMS, "step": "access"}]),
            seen("s3_access", {"msg": "The key is closed.", **FAILED_FOR_KMS}, role="s3_access", outcome="failed"),
            [("error", "The key is closed.")],
        ),
        # The plan tells as a finding what Fivetran lists of its connection.
        (
            planned(reads_only=True, findings=[{**LISTED, "step": "sync", "severity": "error"}]),
            seen("fivetran_connection_sync", {"connection": {**CONNECTION, "status": {"tasks": [RECONNECT]}}}),
            [("error", LISTED["message"])],
        ),
        # A verdict has a next step, which the module's failure says in other words.
        (
            seen("braze_api_key_info", {**KEY, "verdict": "invalid_key", "next_step": "Make a new one."}),
            seen("braze_api_key_info", {"msg": "Make another.", "failure": {"code": "invalid_key"}}, outcome="failed"),
            [("error", "Make another.")],
        ),
        # Two fields of the same kind are two findings, and so is the same in two steps.
        (
            planned(findings=[{**INVALID, "field": name} for name in ("currents_bucket", "braze_api_url")]),
            seen("s3_access", {"msg": "No.", "failure": {"code": "invalid_settings"}}, outcome="failed"),
            [("error", "Not set."), ("error", "Not set."), ("error", "No.")],
        ),
    ],
)
def test_what_two_tasks_tell_is_shown_once_and_the_worse_one_wins(
    earlier: Observation, later: Observation, told: list[tuple[str, str]]
) -> None:
    found = workspace_of([earlier, later]).findings
    assert [(finding.severity, finding.message) for finding in found] == told


def test_what_a_rescue_of_this_collection_says_takes_the_place_of_what_it_rescues() -> None:
    refused = {"msg": "Read: FAILED (no)", "failure": {"code": "setup_tests_failed"}, "connection": CONNECTION}
    broken = seen("fivetran_connection", refused, outcome="failed", rescued=True)
    says = seen("x", {"msg": "shop_us: keep the old key."}, action="ansible.builtin.fail", outcome="failed")
    [finding] = workspace_of([broken, says]).findings
    assert (finding.step, finding.code, finding.message) == (Step.TESTS, "setup_tests_failed", "keep the old key.")
    # Somebody else's rescue says nothing that could be shown.
    assert len(workspace_of([broken, seen("x", {}, action="x", own=False, outcome="failed")]).findings) == 2


def items(*labels: str, loop: str = "loop", value: int = 0) -> tuple[Item, ...]:
    return tuple(Item(loop, label, value) for label in labels)


def named(observations: list[Observation], **outcomes: HostOutcome) -> list[tuple[str, str, Mark]]:
    return [(found.name, found.host, found.status) for found in report_of(observations, **outcomes).workspaces]


def looped(module: str, result: dict[str, Any], *labels: str, host: str = "localhost", **changes: Any) -> Observation:
    of = items(*labels, **{name: changes.pop(name) for name in ("loop", "value") if name in changes})
    return seen(module, result, host, workspace=False, items=of, **changes)


def test_each_item_of_a_loop_has_a_row_to_which_every_loop_adds_what_it_sees() -> None:
    observations = [
        *(looped("braze_api_key_info", KEY, label, loop="first", value=value) for value, label in enumerate("ab")),
        *(looped("fivetran_connection", {"connection": CONNECTION}, label, loop="second", value=9) for label in "ab"),
    ]
    report = report_of(observations)
    assert [workspace.name for workspace in report.workspaces] == ["a", "b"]
    for workspace in report.workspaces:
        assert (workspace.host, workspace.status) == ("localhost", Mark.OK)
        assert {workspace.cells[step].mark for step in (Step.KEY, Step.CONNECTION)} == {Mark.OK}


def test_items_of_one_name_are_told_apart_by_host_group_or_number() -> None:
    def one(value: int, group: str, host: str = "localhost", label: str = "shop") -> Observation:
        connection = {**CONNECTION, "schema": "braze_shop", "group_id": group}
        return looped("fivetran_connection", {"connection": connection}, *([label]), value=value, host=host)

    def names(*observations: Observation) -> list[str]:
        return [name for name, _host, _status in named(list(observations))]

    assert names(one(1, "emea"), one(2, "us")) == ["shop (emea)", "shop (us)"]
    assert names(one(1, "emea"), one(2, "emea")) == ["shop (emea) #1", "shop (emea) #2"]
    assert names(one(1, "us", "east"), one(1, "us", "west")) == ["east: shop", "west: shop"]
    assert names(one(1, "us"), *onboarding("shop")) == ["localhost: shop", "shop"]
    # Without a label, by the schema of its connection.
    assert names(one(1, "us", label=""), one(2, "emea", label="")) == ["braze_shop (emea)", "braze_shop (us)"]
    assert names(looped("braze_api_key_info", KEY, ""), one(1, "us", label="a")) == ["a", "item 1"]
    assert names(looped("braze_api_key_info", KEY, "emea", "shop")) == ["emea / shop"]


def test_what_fails_one_item_is_not_the_others_fault_and_what_was_never_reached_says_so() -> None:
    collector = Collector()
    for label in "abc":
        collector.expect("localhost", items(label))
    collector.expect("localhost", items("something else", loop="of another kind"))
    collector.observe(looped("braze_api_key_info", {**KEY, "changed": True}, "a"))
    collector.observe(looped("braze_api_key_info", {"msg": "Refused."}, "b", outcome="failed"))
    report = collector.report(RUN, {"localhost": HostOutcome(failed=True, changed=1)})
    assert [(found.name, found.status, found.changed) for found in report.workspaces] == [
        ("a", Mark.OK, 1),
        ("b", Mark.FAILED, 0),
        ("c", Mark.NONE, 0),
    ]
    assert [finding.code for finding in report.workspaces[2].findings] == ["not_reached"]


def test_what_fails_between_the_items_is_a_row_of_the_host() -> None:
    group = seen("fivetran_group_info", {"msg": "No such group."}, "localhost", workspace=False, outcome="failed")
    told = named([looped("braze_api_key_info", KEY, "a"), group], localhost=HostOutcome(failed=True))
    assert told == [("a", "localhost", Mark.OK), ("localhost", "localhost", Mark.FAILED)]


def test_what_a_workspace_loops_over_is_no_workspace() -> None:
    [workspace] = report_of([seen("braze_api_key_info", KEY, items=items("bucket"))]).workspaces
    assert workspace.name == "shop_us"


UNSEEN = ["Whether Fivetran holds the key cannot be seen."]


@pytest.mark.parametrize(
    ("connection", "mark"),
    [
        ({}, Mark.OK),
        ({"succeeded_at": None}, Mark.UNVERIFIED),
        ({"failed_at": "2026-03-02T08:00:00Z"}, Mark.UNVERIFIED),
        ({"paused": True}, Mark.PAUSED),
        ({"setup_state": "broken"}, Mark.FAILED),
        ({"setup_state": "broken", "status": {"sync_state": "syncing"}}, Mark.WARNING),
    ],
)
def test_what_nobody_can_see_is_fine_only_where_a_sync_has_proved_it(connection: dict[str, Any], mark: Mark) -> None:
    looked = {**SEEN, "connection": {**CONNECTION, **connection}}
    workspace = workspace_of([planned(reads_only=True, seen=looked, unverified=UNSEEN)])
    assert (workspace.cells[Step.CONNECTION].mark, workspace.unverified) == (mark, tuple(UNSEEN))


def test_what_the_setup_tests_have_tried_is_not_unseen_any_more() -> None:
    tried = seen("fivetran_connection", {"changed": True, "connection": CONNECTION, "setup_tests": TESTS})
    workspace = workspace_of([planned(applies=True, seen=SEEN, unverified=UNSEEN), tried])
    assert (workspace.cells[Step.CONNECTION].mark, workspace.unverified) == (Mark.OK, ())


def test_what_could_not_be_told_is_said_to_be_proved_by_the_tests_of_this_run_with_their_time() -> None:
    at = "2026-03-01T14:10:05+00:00"
    tests = [{"title": title, "status": "PASSED"} for title in ("Validate API Credentials", "Access S3 Bucket")]

    def proved(*rows: dict[str, str], unseen: Any = tuple(UNSEEN), **more: Any) -> str:
        result = {"connection": CONNECTION, "setup_tests": list(rows), "tested_at": at, **more}
        return workspace_of(
            [planned(applies=True, seen=SEEN, unverified=unseen), seen("fivetran_connection", result)]
        ).proved

    sentence = "That what could not be told before works is proved by Fivetran's tests of Validate API Credentials, "
    assert proved(*tests) == f"{sentence}Access S3 Bucket at 2026-03-01 14:10 UTC."
    assert proved(tests[1]).endswith("is proved by Fivetran's test of Access S3 Bucket at 2026-03-01 14:10 UTC.")
    assert proved(*tests, {"title": "Read", "status": "FAILED"}) == ""
    assert proved({"title": "Read", "status": "SKIPPED"}) == ""
    assert proved(*tests, unseen=[]) == ""


def test_a_paused_connection_that_has_never_synced_is_told_as_such() -> None:
    never = {"fivetran_connection": {"connection": {**CONNECTION, "paused": True, "succeeded_at": None}}}
    assert workspace_of(onboarding(**never)).cells[Step.CONNECTION].text == "paused in Fivetran, never synced"


def test_who_shares_a_role_shows_the_documents_that_another_has_brought_to_their_state() -> None:
    fact = {"ansible_facts": {"s3_access_fivetran_role_arn": "arn:aws:iam::1:role/Fivetran"}}
    report = report_of([seen("s3_access_plan_info", ACCESS, "app_us"), seen("set_fact", fact, "shop_us")])
    assert [workspace.access for workspace in report.workspaces] == [report.workspaces[0].access] * 2


HERE = {"storage": "s3", "bucket": "acme-currents-us", "prefix": "currents"}


def access_with(action: str = "none", **effect: Any) -> dict[str, Any]:
    """Return what was seen of access in AWS. ``effect``: what of it differs."""
    access: dict[str, Any] = ACCESS["access"]
    return {"access": {**access, "role": {**access["role"], "action": action}, "effect": {**EFFECT, **effect}}}


def test_what_fivetran_may_do_is_told_of_the_place_that_the_workspace_reads() -> None:
    neighbour = {"answer": "no", "reasons": []}
    looked = access_with(read={**EFFECT["read"], "s3://acme-currents-us/elsewhere": neighbour})
    [assume, read] = workspace_of([planned(reads_only=True, seen=looked, **HERE)]).may
    assert (assume.what, assume.answer) == ("assume the role with the External ID patient_harbor", "yes")
    assert (read.what, read.answer) == ("list and read s3://acme-currents-us/currents", "yes")
    assert read.because == (ALLOWS["text"],)


def test_without_a_plan_every_place_that_was_judged_is_told_and_afterwards_only_the_own_one() -> None:
    whole = {"s3://acme-currents-us": EFFECT["read"]["s3://acme-currents-us/currents"]}
    module = seen("s3_access_plan_info", access_with(read={**EFFECT["read"], **whole}))
    assert len(workspace_of([module]).may) == 3
    plan = planned(applies=True, seen=access_with("create"), **HERE)
    # For the whole policy, the role asks about buckets without the folder of each workspace.
    for result in (access_with(read={**EFFECT["read"], **whole}), access_with(read=whole)):
        assert workspace_of([plan, seen("s3_access_plan_info", result)]).may == workspace_of([plan]).may


def test_what_is_wider_than_needed_is_told_after_it() -> None:
    wider = [{"code": "every_bucket", "text": "every bucket can be read"}]
    *_needed, beside = workspace_of([planned(reads_only=True, seen=access_with(wider=wider), **HERE)]).may
    assert (beside.what, beside.because) == ("more than that", ("every bucket can be read",))


def test_of_what_will_not_be_done_it_is_not_told_what_it_would_let_fivetran_do() -> None:
    found = [{"step": "key", "severity": "error", "message": "The key is not good."}]
    assert workspace_of([planned(findings=found, seen=access_with("create"), **HERE)]).may == ()
    assert workspace_of([planned(applies=True, seen=access_with("create"), **HERE)]).may != ()
    # What is there already is true whatever else is wrong.
    narrow = access_with(read={"s3://acme-currents-us/currents": {"answer": "no", "reasons": []}})
    refused = workspace_of([planned(findings=found, seen=narrow, **HERE)])
    assert [may.answer for may in refused.may] == ["yes", "no"]


def test_reasons_are_at_most_five_printable_lines_and_say_how_many_are_left_out() -> None:
    texts = ["two\nlines\x1b[31m", "x" * 1000, "again", "again", *(f"reason {number}" for number in range(9))]
    effect = {"answer": "unknown", "reasons": [{"text": text} for text in texts]}
    looked = access_with(read={"s3://acme-currents-us/currents": effect})
    *_assume, read = workspace_of([planned(reads_only=True, seen=looked, **HERE)]).may
    assert read.because == ("two lines[31m", f"{'x' * 300} ...", "again", "reason 0", "and 8 more")


def test_what_fivetran_may_do_in_google_cloud_storage_is_told_where_it_was_judged() -> None:
    grant = {"bucket": "acme", "role": "r", "member": "m"}
    effect = {"answer": "unknown", "reasons": [{"text": "who is in a group is not seen"}]}
    seen_there = {"grant": {"changed": False, "grant": grant, "effect": effect}}
    here = {"storage": "gcs", "bucket": "acme", "prefix": "currents"}
    [may] = workspace_of([planned(reads_only=True, seen=seen_there, **here)]).may
    assert (may.what, may.answer) == ("list and read gs://acme/currents", "unknown")
    assert may.because == ("who is in a group is not seen",)
    result = {"changed": False, "grant": grant, "effect": effect}
    assert workspace_of([seen("gcs_bucket_iam_member", result)]).may[0].what == "list and read gs://acme"
    # Made just now, and judged before.
    assert workspace_of([seen("gcs_bucket_iam_member", {**result, "changed": True})]).may == ()


@given(st.sampled_from(MODULES), st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from(["ok", "failed"]))
def test_no_result_however_odd_stops_the_report(module: str, result: dict[str, Any], outcome: str) -> None:
    json.dumps(report_of([seen(module, result, outcome=outcome)]).as_json())


@given(st.dictionaries(st.sampled_from(OF_A_PLAN), JSON), st.dictionaries(st.sampled_from(OF_A_LOOK), JSON))
def test_no_plan_however_odd_stops_the_report(plan: dict[str, Any], seen: dict[str, Any]) -> None:
    json.dumps(report_of([planned(**{"seen": seen, **plan})]).as_json())


@given(st.text(min_size=1))
def test_a_field_that_is_not_named_does_not_get_into_the_report(secret: str) -> None:
    marked = f"secret:{secret}"
    report = report_of(
        onboarding(
            braze_api_key_info={"api_key": marked, "invocation": {"module_args": {"api_key": marked}}},
            fivetran_connection={"connection": {**CONNECTION, "config": {"api_key": marked}}},
        )
    )
    assert "secret:" not in json.dumps(report.as_json())
    looked = {**SEEN, "key": {**KEY, "api_key": marked}, "connection": {**CONNECTION, "config": {"api_key": marked}}}
    change = {"kind": "connection", "action": "update", "after": {"config.api_key": marked}}
    report = report_of([planned(applies=True, seen=looked, changes=[change], told=[marked], api_key=marked)])
    assert "secret:" not in json.dumps(report.as_json())
