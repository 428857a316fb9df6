# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wrong key, a key of another account and a key without the right are told apart, and nothing is made to find out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.fivetran import ACCOUNT


def account_info(sandbox: Sandbox, *credentials: str, check: bool = False, **arguments: Any) -> ModuleResult:
    given = dict(zip(("fivetran_api_key", "fivetran_api_secret"), credentials, strict=False))
    result = run_module("fivetran_account_info", {**given, **arguments}, sandbox.env, check=check)
    for secret in world.secrets():
        assert secret not in str(result.values)
    return result


@pytest.mark.parametrize("check", [False, True], ids=["apply", "check"])
@pytest.mark.parametrize("group", [world.GROUP_ID, world.GROUP_NAME])
def test_a_good_key_may_create_connections_and_the_probe_changes_nothing(
    sandbox: Sandbox, group: str, check: bool
) -> None:
    before = sandbox.state_hash()
    result = account_info(sandbox, group=group, check=check)
    assert result["may_create_connections"] is True
    assert result["advice"] == ""
    named = {name: result["group"][name] for name in ("id", "name", "external_id")}
    assert named == {"id": world.GROUP_ID, "name": world.GROUP_NAME, "external_id": world.GROUP_ID}
    assert not result.changed
    assert sandbox.state_hash() == before
    assert sandbox.writes() == []
    [probe] = sandbox.journal("fivetran", "create_connection")
    assert probe.status == 400
    assert probe.body["run_setup_tests"] is False


def test_everything_about_a_group_is_asked_once_and_no_more_than_was_wanted(sandbox: Sandbox) -> None:
    everything = ["service_account", "destination", "may_create_connections"]
    result = account_info(sandbox, group=world.GROUP_NAME, gather=everything)
    assert result["group"]["service_account"] == world.SERVICE_ACCOUNT
    assert result["group"]["destination"]["setup_status"] == "connected"
    asked = sorted(entry.operation for entry in sandbox.journal("fivetran"))
    assert len(asked) == len(set(asked)) == 5
    sandbox.clear_journal()
    result = account_info(sandbox, group=world.GROUP_NAME, gather=[])
    assert "may_create_connections" not in result.values
    assert len(sandbox.journal("fivetran")) == 2


def test_the_account_and_the_owner_of_the_key_are_told(sandbox: Sandbox) -> None:
    account = account_info(sandbox, account_id=ACCOUNT)["account"]
    assert account["id"] == ACCOUNT
    assert (account["key_type"], account["user_id"], account["system_key_id"]) == ("user", "user_owner", None)
    assert [entry.operation for entry in sandbox.journal("fivetran")] == ["fivetran:account_info"]


def test_a_system_key_is_told_from_a_users(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "add_account_key", key="a-system-key", secret="its-secret", name="robot", system=True)
    account = account_info(sandbox, "a-system-key", "its-secret")["account"]
    assert (account["key_type"], account["user_id"], account["system_key_id"]) == ("system", None, "system_robot")


def test_a_wrong_key_is_named_as_such(sandbox: Sandbox) -> None:
    result = account_info(sandbox, world.FIVETRAN_KEY, "not-the-secret-of-this-key", group=world.GROUP_ID)
    assert result.code == "AuthFailed"
    assert "FIVETRAN_APISECRET" in result.msg
    assert "not-the-secret-of-this-key" not in str(result.values)


def test_a_key_of_another_account_is_named_with_both_accounts(sandbox: Sandbox) -> None:
    result = account_info(sandbox, *world.FIVETRAN_STRANGER, account_id=ACCOUNT)
    assert result.code == "wrong_account"
    assert "another_company" in result.msg
    assert ACCOUNT in result.msg
    assert result["account"]["id"] == "another_company"


def test_a_key_of_another_account_does_not_see_the_group_and_says_whose_it_is(sandbox: Sandbox) -> None:
    result = account_info(sandbox, *world.FIVETRAN_STRANGER, group=world.GROUP_NAME)
    assert result.code == "NotFound_Group"
    assert "belongs to account another_company" in result.msg
    assert result["account"]["id"] == "another_company"


def test_a_key_without_the_right_is_told_with_the_remedy(sandbox: Sandbox) -> None:
    result = account_info(sandbox, *world.FIVETRAN_READER, group=world.GROUP_NAME)
    assert not result.failed, result.msg
    assert result["may_create_connections"] is False
    assert "Account Administrator" in result["advice"]
    assert world.GROUP_ID in result["advice"]


def test_the_right_counts_for_the_group_that_is_asked_about(sandbox: Sandbox) -> None:
    sandbox.seed(
        "fivetran", "add_account_key", key="scoped-key", secret="scoped-secret", name="scoped", groups=[world.GROUP_ID]
    )
    assert account_info(sandbox, "scoped-key", "scoped-secret", group=world.GROUP_ID)["may_create_connections"]
    other = account_info(sandbox, "scoped-key", "scoped-secret", group=world.SECOND_GROUP_ID)
    assert other["may_create_connections"] is False


@pytest.mark.parametrize(
    ("status", "granted"), [(400, True), (404, True), (409, True), (415, True), (422, True), (403, False), (418, None)]
)
def test_each_status_is_judged_by_what_it_proves(sandbox: Sandbox, status: int, granted: bool | None) -> None:
    refusal = {"code": "Whatever", "message": "no"}
    sandbox.fault("status", operation="create_connection", status=status, body=refusal)
    result = account_info(sandbox, group=world.GROUP_ID)
    assert result["may_create_connections"] is granted
    assert (result["advice"] == "") is (granted is True)


@pytest.mark.parametrize("kind", ["html", "drop", "lost_answer"])
def test_an_unreadable_answer_leaves_it_undecided_and_a_passing_fault_does_not(sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, operation="create_connection", times=1)
    assert account_info(sandbox, group=world.GROUP_ID)["may_create_connections"] is True
    sandbox.fault(kind, operation="create_connection", times=0)
    result = account_info(sandbox, group=world.GROUP_ID, retry_timeout=1)
    assert result["may_create_connections"] is None
    assert "could not be found out" in result["advice"]


def test_a_connection_that_the_probe_made_after_all_is_removed(sandbox: Sandbox) -> None:
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="google_sheets", schema="probe")
    answer = {"code": "Success", "data": {"id": made["id"]}}
    sandbox.fault("status", operation="create_connection", status=201, body=answer)
    assert account_info(sandbox, group=world.GROUP_ID)["may_create_connections"] is True
    assert sandbox.state()["fivetran"]["connections"] == {}
