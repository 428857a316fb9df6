# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is new since the last report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import Observation
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.news import (
    FLAPPING_WITHIN,
    FLAPS,
    MOST_LINES,
    Earlier,
    sentences,
    with_news,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.unit.report.nights import DELAYED, INVALID, LACKING, Nights, connection, told
from tests.unit.report.samples import ACCESS, TRUST, onboarding, planned, report_of, seen

WANTED = {**TRUST, "Statement": []}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
PARTS = ("status", "since", "changed", "cells", "findings", "key", "landing", "access", "connection", "host")


def of_access(part: str = "role", **changes: Any) -> Mapping[str, Mapping[str, Any]]:
    access = ACCESS["access"]
    return {"s3_access_plan_info": {"access": {**access, part: {**access[part], **changes}}}}


def looked_at(**access: Mapping[str, Any]) -> list[Observation]:
    """Return what verify.yml sees of policy and role, which lets nobody say that a step has failed."""
    there = {kind: {**ACCESS["access"][kind], **access.get(kind, {})} for kind in ("policy", "role")}
    return [planned(reads_only=True, seen={"access": there})]


def granted(action: str, **grant: Any) -> list[Observation]:
    """Return what verify.yml sees of a grant in Google Cloud Storage."""
    wanted = {"bucket": "acme", "role": "r", "member": "m", "condition": {"expression": "a"}, **grant}
    return [planned(reads_only=True, seen={"grant": {"changed": action == "create", "grant": wanted}})]


def test_what_fails_since_last_night_is_told_with_its_reason_and_from_then_on_since_when(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    assert told(nights.of("shop_us")) == []
    failed = nights.of("shop_us", INVALID)
    assert told(failed) == [("failed", "key: invalid key")]
    for _night in range(5):
        still = nights.of("shop_us", INVALID)
        assert told(still) == []
        assert still.since == failed.since == "2026-03-02T02:15:00Z"
    healed = nights.of("shop_us")
    assert told(healed) == [("healed", "fine, was failed since 2026-03-02 02:15 UTC")]
    assert healed.since == "2026-03-08T02:15:00Z"


def test_since_when_is_known_for_longer_than_reports_are_kept(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    for _night in range(4):
        nights.of("shop_us", INVALID)
    for path in sorted(tmp_path.iterdir())[:3]:
        path.unlink()
    assert nights.of("shop_us", INVALID).since == "2026-03-01T02:15:00Z"


@pytest.mark.parametrize("since", ["<script>", "2999-01-01T00:00:00Z"])
def test_a_time_that_is_none_or_ahead_is_not_passed_on(since: str) -> None:
    report = report_of(onboarding("shop_us", **INVALID))
    odd = {"status": "failed", "since": since}
    old = Earlier("2026-02-01T02:15:00Z", (report.run.playbooks, False), {"shop_us": odd})
    assert with_news(report, [old], bool).workspaces[0].since == "2026-02-01T02:15:00Z"


def test_what_is_newly_to_look_at_is_told_and_so_is_that_it_has_become_worse(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us")
    assert told(nights.of("shop_us", DELAYED)) == [("warning", "sync: delayed")]
    assert told(nights.of("shop_us", DELAYED)) == []
    assert told(nights.of("shop_us", INVALID)) == [("failed", "key: invalid key")]
    assert told(nights.of("shop_us", DELAYED)) == [("healed", "to look at, was failed since 2026-03-04 02:15 UTC")]


def test_a_second_fault_of_what_fails_already_is_new(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us", INVALID)
    both = {**INVALID, **connection(setup_state="broken")}
    second = nights.of("shop_us", both)
    assert told(second) == [("failed", "connection: setup broken")]
    assert second.since == "2026-03-01T02:15:00Z"
    assert told(nights.of("shop_us", both)) == []


def test_what_is_wrong_is_known_again_by_its_code_whatever_times_its_words_hold(tmp_path: Path) -> None:
    def found(hours: int, *codes: str) -> list[Observation]:
        findings = [
            {"step": "access", "severity": "error", "code": code, "message": f"{code} for {hours} h"} for code in codes
        ]
        return [planned(reads_only=True, findings=findings)]

    nights = Nights(tmp_path, "shop_us")
    bad = found(1, "no_role"), found(2, "no_role"), found(3, "no_role", "no_policy", "no_bucket")
    seen = [onboarding("shop_us"), *bad]
    assert [told(nights.run(night).workspaces[0]) for night in seen] == [
        [],
        [("failed", "access: no_role for 1 h")],
        [],
        [("failed", "access: no_policy for 3 h; and 1 more")],
    ]


def test_what_was_not_looked_at_is_neither_well_again_nor_gone(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_eu", "shop_us")
    nights.run([*onboarding("shop_eu", **INVALID), *onboarding("shop_us")])
    limited = nights.run(onboarding("shop_us"))
    assert limited.past is not None
    assert (limited.past.gone, limited.run.left_out) == ((), ("shop_eu",))
    # In the report, and not looked at.
    of_nothing = seen("workspace_plan", {"workspaces": {"shop_eu": {"seen": {}}}}, "shop_eu")
    [nothing] = nights.run([of_nothing]).workspaces
    assert (nothing.status, told(nothing), nothing.since) == (Mark.NONE, [], "")
    # The night after, it is compared with the last time that somebody looked.
    whole = nights.run([*onboarding("shop_eu", **INVALID), *onboarding("shop_us")])
    assert [told(workspace) for workspace in whole.workspaces] == [[], []]
    assert whole.workspaces[0].since == "2026-03-01T02:15:00Z"


@pytest.mark.parametrize("other", [{"playbook": "onboard.yml"}, {"check_mode": True}])
def test_runs_of_another_kind_look_at_other_things_and_are_not_compared(tmp_path: Path, other: dict[str, Any]) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us", INVALID)
    assert told(nights.of("shop_us", **other)) == []
    assert told(nights.of("shop_us")) == [("healed", "fine, was failed since 2026-03-01 02:15 UTC")]
    assert told(nights.of("shop_us", INVALID, **other)) == [("failed", "key: invalid key")]


def test_new_workspaces_and_those_that_are_gone_are_told_once(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_eu", "shop_us")
    nights.run([*onboarding("shop_eu"), *onboarding("shop_us")])
    nights.inventory = {"shop_uk", "shop_us"}
    report = nights.run([*onboarding("shop_uk"), *onboarding("shop_us")])
    assert report.past is not None
    assert [told(workspace) for workspace in report.workspaces] == [[("added", "fine")], []]
    assert report.past.gone == ("shop_eu",)
    nights.inventory.add("shop_fr")
    broken = nights.run([*onboarding("shop_fr", **INVALID), *onboarding("shop_uk"), *onboarding("shop_us")])
    assert told(broken.workspaces[0]) == [("added", "failed, key: invalid key")]
    nights.inventory.remove("shop_fr")
    nights.run([*onboarding("shop_uk"), *onboarding("shop_us")])
    again = nights.run([*onboarding("shop_uk"), *onboarding("shop_us")])
    assert again.past is not None
    assert ([told(workspace) for workspace in again.workspaces], again.past.gone) == ([[], []], ())
    nights.inventory.add("shop_eu")
    nights.run(onboarding("shop_eu"))
    nights.inventory.remove("shop_eu")
    back_and_gone = nights.run(onboarding("shop_us"))
    assert back_and_gone.past is not None
    assert back_and_gone.past.gone == ("shop_eu",)


def test_what_an_earlier_run_had_left_out_is_not_new(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_eu", "shop_us")
    nights.run(onboarding("shop_us"))
    assert told(nights.of("shop_eu")) == []


CHANGES = [
    (connection(paused=True), "connection: paused was false, is true"),
    (connection(sync_frequency=1440), "connection: sync_frequency was 60, is 1440"),
    (connection(id="connection_2"), "connection: id was connection_1, is connection_2"),
    ({"braze_currents_info": {"prefix": "exports"}}, "landing: prefix was currents, is exports"),
    (of_access(arn="arn:aws:iam::1:role/Other"), "access: role_arn was arn:aws:iam::1:role/Fivetran, is ...Other"),
    (of_access(digest="2"), "access: the trust policy reads otherwise than before"),
    (of_access("policy", digest="2"), "access: the policy reads otherwise than before"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_what_somebody_has_changed_is_told_unless_a_run_has_done_it(
    tmp_path: Path, change: Mapping[str, Mapping[str, Any]], message: str
) -> None:
    message = message.replace("...", "arn:aws:iam::1:role/")
    for changed_by, expected in (("", [("changed", message)]), ("shop_us", [])):
        between, itself = Nights(tmp_path / f"between{changed_by}"), Nights(tmp_path / f"itself{changed_by}")
        between.of("shop_us")
        between.of("shop_us", playbook="onboard.yml", changed=changed_by)
        assert told(between.of("shop_us", change)) == expected
        assert told(between.of("shop_us", change)) == []
        itself.of("shop_us")
        assert told(itself.of("shop_us", change, changed=changed_by)) == expected


def told_of(folder: Path, *nights: list[Observation]) -> list[str]:
    """Return what was changed by somebody according to the last of these nights."""
    kept = Nights(folder, "shop_us")
    [*_earlier, last] = [kept.run(night).workspaces[0] for night in nights]
    return [message for kind, message in told(last) if kind == "changed"]


def test_what_only_the_inventory_wants_otherwise_was_changed_by_nobody(tmp_path: Path) -> None:
    other = {"action": "update", "document": WANTED}
    assert told_of(tmp_path / "s3", looked_at(), looked_at(policy=other, role=other)) == []
    # Of a role of somebody else's there is no policy, whatever would be in it.
    none = [{"digest": "", "document": wanted} for wanted in (TRUST, WANTED)]
    assert told_of(tmp_path / "given", *(looked_at(policy=policy) for policy in none)) == []
    named = {"arn": "arn:aws:iam::1:policy/Other", "action": "create", "digest": ""}
    assert told_of(tmp_path / "named", looked_at(), looked_at(policy=named)) == []
    other_condition = granted("create", condition={"expression": "b"})
    assert told_of(tmp_path / "gcs", granted("none"), other_condition) == []


def test_what_somebody_has_done_in_the_cloud_is_told_though_the_inventory_wants_the_same(tmp_path: Path) -> None:
    edited = {"action": "update", "digest": "2"}
    assert told_of(tmp_path / "edited", looked_at(), looked_at(policy=edited, role=edited)) == [
        "access: the trust policy reads otherwise than before",
        "access: the policy reads otherwise than before",
    ]
    gone = {"action": "create", "digest": ""}
    assert told_of(tmp_path / "gone", looked_at(), looked_at(policy=gone, role=gone)) == [
        "access: the role is gone",
        "access: the policy is gone",
    ]
    assert told_of(tmp_path / "still", looked_at(), looked_at(role=gone), looked_at(role=gone)) == []
    assert told_of(tmp_path / "gcs", granted("none"), granted("create")) == [
        "access: the grant is gone, or has another condition"
    ]


def test_what_a_run_found_before_it_wrote_is_not_held_against_what_it_has_written(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us", of_access(digest="1"), playbook="onboard.yml", changed="shop_us")
    assert told(nights.of("shop_us", of_access(digest="2"), playbook="onboard.yml")) == []
    assert told(nights.of("shop_us", of_access(digest="3"), playbook="onboard.yml")) == [
        ("changed", "access: the trust policy reads otherwise than before")
    ]


def test_what_was_written_before_a_task_failed_was_changed_by_a_run(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.run(looked_at())
    failed = {"msg": "The IAM role was not changed.", "changed": True, **ACCESS}
    nights.run([*looked_at(), seen("s3_access", failed, outcome="failed")], playbook="onboard.yml")
    [workspace] = nights.run(looked_at(policy={"digest": "2"})).workspaces
    assert told(workspace) == []
    elsewhere = seen("x", {"changed": True}, action="ansible.builtin.command", own=False, outcome="failed")
    assert report_of([*looked_at(), elsewhere]).workspaces[0].changed == 0


def test_a_run_in_check_mode_has_changed_nothing(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us")
    nights.of("shop_us", playbook="onboard.yml", check_mode=True, changed="shop_us")
    assert told(nights.of("shop_us", connection(paused=True))) == [("changed", "connection: paused was false, is true")]


def test_what_a_run_changed_of_another_workspace_may_have_been_the_role_that_both_share(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_eu", "shop_us")
    nights.of("shop_us")
    nights.of("shop_eu", playbook="onboard.yml", changed="shop_eu")
    changed = {**of_access(digest="2"), **connection(paused=True)}
    assert told(nights.of("shop_us", changed)) == [("changed", "connection: paused was false, is true")]


def test_permissions_that_the_key_has_lost_are_named(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us")
    assert told(nights.of("shop_us", LACKING)) == [
        ("failed", "key: lacks campaigns.list"),
        ("changed", "key: lost campaigns.list"),
    ]
    nights.of("shop_us", INVALID)
    assert told(nights.of("shop_us", LACKING)) == []


def test_what_fails_and_is_well_by_turns_is_called_flapping_until_it_rests(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us")
    turns = [nights.of("shop_us", INVALID if number % 2 == 0 else None).flapping for number in range(FLAPS + 1)]
    assert turns == [*[False] * (FLAPS - 1), True, True]
    rests = [nights.of("shop_us").flapping for _night in range(FLAPPING_WITHIN)]
    assert rests[0] is True
    assert rests[-1] is False


def test_a_workspace_that_broke_and_was_mended_once_is_not_flapping(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    whole = [None, INVALID, INVALID, None, None]
    assert not any(nights.of("shop_us", what).flapping for what in whole)


def test_without_kept_reports_nothing_is_told(tmp_path: Path) -> None:
    assert sentences(report_of(onboarding("shop_us", **INVALID))) == []
    first = Nights(tmp_path, "shop_us").run(onboarding("shop_us", **INVALID))
    assert sentences(first) == []
    assert "Since the report of" not in page_of(first)


def test_table_and_page_tell_what_is_new_and_what_still_fails(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "app_eu", "app_us", "shop_eu", "shop_us")
    nights.run([*onboarding("app_eu"), *onboarding("app_us", **INVALID), *onboarding("shop_us", **INVALID)])
    nights.inventory.remove("app_eu")
    nights.inventory.add("shop_uk")
    now = [*onboarding("app_us", **INVALID), *onboarding("shop_eu", **LACKING), *onboarding("shop_us")]
    report = nights.run([*now, *onboarding("shop_uk")])
    lines = [line.text for line in lines_of(report, 80, "utf-8", "summary")]
    assert lines == [
        "4 workspaces: 2 failed, 2 fine",
        "Since the report of 2026-03-01 02:15 UTC:",
        "    well again: shop_us: fine, was failed since 2026-03-01 02:15 UTC",
        "    new: shop_uk: fine",
        "    gone: app_eu, which the inventory does not have any more",
        "    still failed, in UTC: app_us since 2026-03-01 02:15",
    ]
    page = page_of(report)
    for words in ("Since the report of", "was failed since 2026-03-01 02:15 UTC", "app_eu", "newly failed"):
        assert words in page
    assert "failed since 2026-03-01 02:15 UTC</span>" in page
    quiet = nights.run([*onboarding("app_us"), *onboarding("shop_eu"), *onboarding("shop_us"), *onboarding("shop_uk")])
    assert [line.text for line in lines_of(quiet, 80, "utf-8", "summary")][2:] == [
        "    well again: app_us: fine, was failed since 2026-03-01 02:15 UTC",
        "    well again: shop_eu: fine, was failed since 2026-03-02 02:15 UTC",
    ]
    well = nights.run([*onboarding("app_us"), *onboarding("shop_eu"), *onboarding("shop_us"), *onboarding("shop_uk")])
    assert [line.text for line in lines_of(well, 80, "utf-8", "summary")] == ["4 workspaces: 4 fine"]
    assert "nothing is new" in page_of(well)


def test_of_a_fleet_that_broke_at_once_the_terminal_tells_a_screen(tmp_path: Path) -> None:
    names = [f"shop_{number:04}" for number in range(200)]
    nights = Nights(tmp_path, *names)
    nights.run([found for name in names for found in onboarding(name)])
    broken = nights.run([found for name in names for found in onboarding(name, **INVALID)])
    _heading, *rest = sentences(broken)
    assert len(rest) == MOST_LINES
    assert rest[-1][1] == f"and {200 - MOST_LINES + 1} more, which page and JSON tell"
    assert page_of(broken).count("Newly failed") == 200


@settings(deadline=None, max_examples=examples(60))
@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.text(max_size=5))
def test_no_earlier_report_however_odd_stops_the_report(data: dict[str, Any], name: str) -> None:
    report = report_of(onboarding("shop_us", **INVALID))
    for kind in ((report.run.playbooks, False), ((), True)):
        odd = {"status": "ok", **data, "name": "shop_us"}
        old = Earlier("2026-02-01T02:15:00Z", kind, {"shop_us": odd, name: data})
        new = with_news(report, [old, old], lambda _name: False)
        json.dumps(new.as_json())
        assert all(line.text.isprintable() for line in lines_of(new, 80, "utf-8"))


def test_what_is_new_does_not_change_what_is_known(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_us")
    nights.of("shop_us")
    new = nights.of("shop_us", INVALID)
    [without] = report_of(onboarding("shop_us", **INVALID)).workspaces
    assert replace(new, since="", news=()) == without
