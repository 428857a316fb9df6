# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_group from creation to removal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

NAME = "Warehouse APAC"


def group(sandbox: Sandbox, check: bool = False, **arguments: Any) -> ModuleResult:
    return run_module("fivetran_group", arguments, sandbox.env, check=check)


def stored(sandbox: Sandbox) -> dict[str, str]:
    """Return the ids of the groups by name."""
    return {row["name"]: row["id"] for row in sandbox.state()["fivetran"]["groups"].values()}


def test_a_group_is_predicted_then_created_then_left_alone(sandbox: Sandbox) -> None:
    predicted = group(sandbox, check=True, name=NAME)
    assert predicted.changed
    assert predicted["group"] == {"id": None, "name": NAME, "created_at": None, "external_id": None}
    assert sandbox.writes() == []
    created = group(sandbox, name=NAME)
    assert created.changed
    assert created["group"]["id"] == stored(sandbox)[NAME]
    assert created["group"]["external_id"] == created["group"]["id"]
    assert created["diff"] == predicted["diff"]
    assert created["diff"]["before"] == {"name": None}
    assert created["diff"]["after"] == {"name": NAME}
    again = group(sandbox, name=NAME)
    assert not again.changed
    assert again["group"] == created["group"]
    assert len(sandbox.writes()) == 1


def test_a_group_that_exists_is_adopted_by_its_exact_name(sandbox: Sandbox) -> None:
    assert not group(sandbox, name=world.GROUP_NAME).changed
    assert group(sandbox, name=world.GROUP_NAME.lower()).changed
    assert len(stored(sandbox)) == 3


def test_a_name_is_never_taken_for_an_id(sandbox: Sandbox) -> None:
    assert not group(sandbox, name=world.GROUP_ID, state="absent").changed
    assert world.GROUP_NAME in stored(sandbox)


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "name: is empty."),
        (" ", "name: is empty."),
        ("Warehouse\n", 'name: has blanks or line breaks around it. Write "Warehouse".'),
        (" Warehouse", "name: has blanks or line breaks around it"),
    ],
)
def test_what_is_no_name_or_looks_like_another_one_is_refused_before_fivetran_is_asked(
    sandbox: Sandbox, name: str, words: str, state: str, check: bool
) -> None:
    refused = group(sandbox, check=check, name=name, state=state)
    assert refused.failed
    assert words in refused["msg"]
    assert sandbox.journal() == []


def test_a_group_is_renamed_by_its_id(sandbox: Sandbox) -> None:
    predicted = group(sandbox, check=True, id=world.GROUP_ID, name=NAME)
    assert predicted["group"]["name"] == NAME
    assert sandbox.writes() == []
    renamed = group(sandbox, id=world.GROUP_ID, name=NAME)
    assert renamed["diff"] == predicted["diff"]
    assert renamed["diff"]["before"] == {"name": world.GROUP_NAME}
    assert stored(sandbox)[NAME] == world.GROUP_ID
    assert not group(sandbox, id=world.GROUP_ID, name=NAME).changed


def test_an_id_that_does_not_exist_cannot_be_created_and_the_groups_are_listed(sandbox: Sandbox) -> None:
    result = group(sandbox, id="nowhere", name=NAME)
    assert result.code == "NotFound_Group"
    assert world.GROUP_ID in result.msg
    assert NAME not in stored(sandbox)


def test_a_name_that_several_groups_have_is_refused_with_their_ids(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "add_group", id="twin", name=world.GROUP_NAME)
    for state in ("present", "absent"):
        result = group(sandbox, name=world.GROUP_NAME, state=state)
        assert result.code == "ambiguous_group"
        assert "twin" in result.msg
        assert world.GROUP_ID in result.msg


def test_an_empty_group_is_removed_once(sandbox: Sandbox) -> None:
    predicted = group(sandbox, check=True, name=world.GROUP_NAME, state="absent")
    assert predicted.changed
    assert world.GROUP_NAME in stored(sandbox)
    removed = group(sandbox, name=world.GROUP_NAME, state="absent")
    assert removed.changed
    assert removed["group"] is None
    assert removed["diff"] == predicted["diff"]
    assert world.GROUP_NAME not in stored(sandbox)
    assert not group(sandbox, name=world.GROUP_NAME, state="absent").changed
    assert not group(sandbox, id=world.GROUP_ID, state="absent").changed


@pytest.mark.parametrize("check", [False, True], ids=["apply", "check"])
def test_a_group_with_connections_is_not_removed_and_they_are_named(sandbox: Sandbox, check: bool) -> None:
    for number in range(12):
        sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema=f"shop_{number:02}")
    result = group(sandbox, name=world.GROUP_NAME, state="absent", check=check)
    assert result.code == "group_not_empty"
    assert "12 connections" in result.msg
    assert "shop_00 (braze, id " in result.msg
    assert "and 2 more" in result.msg
    assert world.GROUP_NAME in stored(sandbox)
    assert sandbox.journal("fivetran", "delete_group") == []


def test_a_connection_made_in_between_is_named_too(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    # The look-up is older than the connection.
    empty = {"code": "Success", "data": {"items": []}}
    sandbox.fault("status", operation="list_connections", status=200, body=empty)
    result = group(sandbox, name=world.GROUP_NAME, state="absent")
    assert result.code == "group_not_empty"
    assert "shop (braze" in result.msg


def test_an_answer_lost_after_the_creation_leaves_exactly_one_group(sandbox: Sandbox) -> None:
    sandbox.fault("lost_answer", operation="create_group")
    result = group(sandbox, name=NAME)
    assert not result.failed, result.msg
    assert result.changed
    assert result["group"]["id"] == stored(sandbox)[NAME]
    assert len(sandbox.journal("fivetran", "create_group")) == 1


def test_a_creation_dropped_before_it_was_handled_is_not_sent_again(sandbox: Sandbox) -> None:
    sandbox.fault("drop", operation="create_group")
    assert group(sandbox, name=NAME).failed
    assert len(sandbox.journal("fivetran", "create_group")) == 1
    assert NAME not in stored(sandbox)


def test_a_group_that_somebody_else_made_in_between_is_adopted_without_a_change(sandbox: Sandbox) -> None:
    empty = {"code": "Success", "data": {"items": []}}
    sandbox.fault("status", operation="list_groups", status=200, body=empty)
    result = group(sandbox, name=world.GROUP_NAME)
    assert not result.failed, result.msg
    assert not result.changed
    assert result["group"]["id"] == world.GROUP_ID


def test_a_key_without_the_right_to_make_groups_is_told_so(sandbox: Sandbox) -> None:
    key, secret = world.FIVETRAN_READER
    result = group(sandbox, fivetran_api_key=key, fivetran_api_secret=secret, name=NAME)
    assert result["failure"]["status"] == 403
    assert "Account Administrator" in result.msg
