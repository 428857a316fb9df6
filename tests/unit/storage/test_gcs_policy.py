# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing one grant in a policy: nothing else changes, whatever the policy holds."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.member import wanted_grant
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import (
    Condition,
    Grant,
    check_role,
    complete_member,
    folder_condition,
    grants,
    plan_policy,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from hypothesis import given
from hypothesis import strategies as st

VIEWER = "roles/storage.objectViewer"
FIVETRAN = "serviceAccount:g-jovial-daylight@fivetran-production.iam.gserviceaccount.com"
CONDITION = Condition("Only currents", 'resource.name.startsWith("projects/_/buckets/b/objects/currents/")')

MEMBERS = (FIVETRAN, "serviceAccount:other@acme.iam.gserviceaccount.com", "user:ann@example.com", "allUsers",
           "deleted:serviceAccount:gone@acme.iam.gserviceaccount.com?uid=1")  # fmt: skip
ROLES = (VIEWER, "roles/storage.admin", "projects/acme/roles/reader")
CONDITIONS = (None, CONDITION.as_json(), {"title": "Office hours", "expression": "true", "description": "d"})

conditions = st.sampled_from(CONDITIONS)
bindings = st.builds(
    lambda role, members, condition, extra: {
        "role": role,
        "members": members,
        **({"condition": condition} if condition else {}),
        **extra,
    },
    st.sampled_from(ROLES),
    st.lists(st.sampled_from(MEMBERS), unique=True),
    conditions,
    st.sampled_from([{}, {"bindingId": "of a later API"}]),
)
policies = st.builds(
    lambda listed, version: {"etag": "CAE=", "version": version, "kind": "storage#policy", "bindings": listed},
    st.lists(bindings, max_size=6),
    st.sampled_from([1, 3]),
)
wishes = st.builds(
    Grant,
    st.sampled_from(ROLES),
    st.sampled_from(MEMBERS[:3]),
    conditions.map(Condition.from_json),
)


def lines(policy: dict[str, Any], *, without: Grant) -> list[str]:
    return [grant.line() for grant in grants(policy) if grant != without]


def holds(policy: dict[str, Any], wish: Grant) -> bool:
    return wish in list(grants(policy))


@given(policies, wishes, st.booleans())
def test_a_change_touches_no_other_grant_and_keeps_their_order(
    policy: dict[str, Any], wish: Grant, present: bool
) -> None:
    before = copy.deepcopy(policy)
    change = plan_policy(policy, wish, present=present)

    assert policy == before
    assert lines(change.policy, without=wish) == lines(before, without=wish)
    assert change.policy["etag"] == before["etag"]
    assert change.policy["kind"] == before["kind"]


@given(policies, wishes)
def test_bindings_of_others_stay_byte_for_byte(policy: dict[str, Any], wish: Grant) -> None:
    foreign = [
        binding
        for binding in policy["bindings"]
        if (binding["role"], Condition.from_json(binding.get("condition"))) != (wish.role, wish.condition)
    ]
    for present in (True, False):
        change = plan_policy(policy, wish, present=present)
        kept = [binding for binding in change.policy["bindings"] if binding in foreign]
        assert kept == foreign


@given(policies, wishes)
def test_a_grant_that_is_wanted_is_there_afterwards_and_planning_again_changes_nothing(
    policy: dict[str, Any], wish: Grant
) -> None:
    change = plan_policy(policy, wish, present=True)
    assert holds(change.policy, wish)
    assert change.changed is not holds(policy, wish)
    assert not plan_policy(change.policy, wish, present=True).changed


@given(policies, wishes)
def test_a_grant_that_is_not_wanted_is_gone_afterwards_and_planning_again_changes_nothing(
    policy: dict[str, Any], wish: Grant
) -> None:
    change = plan_policy(policy, wish, present=False)
    assert not holds(change.policy, wish)
    assert change.changed is holds(policy, wish)
    assert not plan_policy(change.policy, wish, present=False).changed


@given(policies, wishes)
def test_granting_and_taking_away_leaves_what_was_there(policy: dict[str, Any], wish: Grant) -> None:
    there_and_back = plan_policy(plan_policy(policy, wish, present=True).policy, wish, present=False).policy
    expected = Counter(lines(policy, without=wish))
    assert Counter(grant.line() for grant in grants(there_and_back)) == expected


@given(policies, wishes)
def test_a_policy_that_is_written_with_conditions_says_version_3(policy: dict[str, Any], wish: Grant) -> None:
    change = plan_policy(policy, wish, present=True)
    if change.changed and any(binding.get("condition") for binding in change.policy["bindings"]):
        assert change.policy["version"] == 3


def test_the_diff_shows_our_line_and_no_other() -> None:
    policy = {"bindings": [{"role": VIEWER, "members": ["user:ann@example.com"]}]}
    change = plan_policy(policy, Grant(VIEWER, FIVETRAN), present=True)
    assert (change.before, change.after) == ((), (f"{VIEWER} to {FIVETRAN}",))


def test_taking_away_a_plain_grant_leaves_a_conditional_one_of_the_same_role() -> None:
    policy = {
        "bindings": [
            {"role": VIEWER, "members": [FIVETRAN]},
            {"role": VIEWER, "members": [FIVETRAN], "condition": CONDITION.as_json()},
        ]
    }
    change = plan_policy(policy, Grant(VIEWER, FIVETRAN), present=False)
    assert list(grants(change.policy)) == [Grant(VIEWER, FIVETRAN, CONDITION)]


def test_the_case_of_an_address_does_not_matter_as_with_google() -> None:
    policy = {"bindings": [{"role": VIEWER, "members": [FIVETRAN]}]}
    shouted = Grant(VIEWER, FIVETRAN.replace("jovial", "JOVIAL"))
    assert not plan_policy(policy, shouted, present=True).changed
    assert plan_policy(policy, shouted, present=False).policy["bindings"] == []


def test_an_unknown_field_of_a_binding_that_gets_our_member_survives() -> None:
    policy = {"bindings": [{"role": VIEWER, "members": ["user:ann@example.com"], "bindingId": "7"}]}
    change = plan_policy(policy, Grant(VIEWER, FIVETRAN), present=True)
    assert change.policy["bindings"] == [
        {"role": VIEWER, "members": ["user:ann@example.com", FIVETRAN], "bindingId": "7"}
    ]


# Grants of the first release are known again by exactly this text.
IN_CURRENTS = Condition(
    "Fivetran reads currents",
    'resource.name.startsWith("projects/_/buckets/acme-eu/objects/currents/") ||'
    ' api.getAttribute("storage.googleapis.com/objectListPrefix", "") == "currents" ||'
    ' api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("currents/")',
)
IN_QUOTES = Condition(
    'Fivetran reads t\u00e4glich/a "b" \\c',
    'resource.name.startsWith("projects/_/buckets/acme-eu/objects/t\\u00e4glich/a \\"b\\" \\\\c/") ||'
    ' api.getAttribute("storage.googleapis.com/objectListPrefix", "") == "t\\u00e4glich/a \\"b\\" \\\\c" ||'
    ' api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("t\\u00e4glich/a \\"b\\" \\\\c/")',
)


@pytest.mark.parametrize("folder", ["currents", "/currents/", "currents//"])
def test_the_condition_of_a_folder_is_the_same_whatever_slashes_it_is_given_with(folder: str) -> None:
    assert folder_condition("acme-eu", folder) == IN_CURRENTS


def test_no_character_of_a_folder_gets_out_of_its_string_in_the_condition() -> None:
    assert folder_condition("acme-eu", 't\u00e4glich/a "b" \\c') == IN_QUOTES


@pytest.mark.parametrize("folder", ["", "/", "//"])
def test_a_folder_that_is_the_whole_bucket_narrows_nothing_and_is_refused(folder: str) -> None:
    with pytest.raises(InvalidArgument, match="folder: expected the folder of the bucket"):
        folder_condition("acme-eu", folder)


def options(**changes: Any) -> dict[str, Any]:
    return {"bucket": "acme-eu", "role": VIEWER, "member": FIVETRAN, "folder": None, "condition": None, **changes}


@pytest.mark.parametrize(
    ("changes", "condition"),
    [({}, None), ({"folder": "currents/"}, IN_CURRENTS), ({"condition": CONDITION.as_json()}, CONDITION)],
)
def test_the_wanted_grant_holds_always_or_for_a_folder_or_under_a_condition(
    changes: dict[str, Any], condition: Condition | None
) -> None:
    assert wanted_grant(options(**changes)) == Grant(VIEWER, FIVETRAN, condition)


@pytest.mark.parametrize("folder", ["currents", ""])
def test_a_folder_beside_a_condition_is_refused(folder: str) -> None:
    with pytest.raises(InvalidArgument, match="folder: cannot be given beside condition"):
        wanted_grant(options(folder=folder, condition=CONDITION.as_json()))


@pytest.mark.parametrize(
    ("given_member", "expected"),
    [
        ("g-x@p.iam.gserviceaccount.com", "serviceAccount:g-x@p.iam.gserviceaccount.com"),
        (" g-x@p.iam.gserviceaccount.com\n", "serviceAccount:g-x@p.iam.gserviceaccount.com"),
        ("group:data@example.com", "group:data@example.com"),
        ("principal://iam.googleapis.com/x/subject/y", "principal://iam.googleapis.com/x/subject/y"),
        ("allAuthenticatedUsers", "allAuthenticatedUsers"),
    ],
)
def test_a_member_gets_the_prefix_that_it_lacks(given_member: str, expected: str) -> None:
    assert complete_member(given_member) == expected


@pytest.mark.parametrize("member", ["", "fivetran", "robot:x@y.z", "serviceAccount:x", "a b@example.com"])
def test_what_no_policy_can_name_is_refused(member: str) -> None:
    with pytest.raises(InvalidArgument, match="member: expected"):
        complete_member(member)


@pytest.mark.parametrize("role", ["", "Storage Object Viewer", "storage.objectViewer", "roles/", "projects/p/viewer"])
def test_the_display_name_of_a_role_is_refused(role: str) -> None:
    with pytest.raises(InvalidArgument, match="role: expected roles/NAME"):
        check_role(role)


@pytest.mark.parametrize("role", ["roles/storage.objectViewer", "projects/p/roles/r", "organizations/1/roles/r"])
def test_predefined_and_custom_roles_are_accepted(role: str) -> None:
    assert check_role(role) == role
