# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_webhook from creation to removal, with somebody who really listens."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.listener import Listener, listening

# Where nobody is asked before somebody listens there.
URL = "https://automation.example.com/fivetran"
SECRET = "sp33dy-webhook-secret"
QUIET = {"url": URL, "events": ["sync_end"], "active": False}


@pytest.fixture
def listener(sandbox: Sandbox) -> Iterator[Listener]:
    with listening() as known:
        sandbox.seed("fivetran", "trust", authority=known.authority)
        yield known


def webhook(sandbox: Sandbox, check: bool = False, **arguments: Any) -> ModuleResult:
    return run_module("fivetran_webhook", arguments, sandbox.env, check=check)


def stored(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.state("fivetran")["fivetran"]["webhooks"].values())


@pytest.mark.parametrize("group_id", [None, world.GROUP_ID])
def test_a_webhook_is_predicted_then_created_then_left_alone(sandbox: Sandbox, group_id: str | None) -> None:
    wanted = {**QUIET, "group_id": group_id, "secret": SECRET}
    predicted = webhook(sandbox, check=True, **wanted)
    assert predicted.changed
    assert sandbox.writes() == []
    created = webhook(sandbox, **wanted)
    assert created["diff"] == predicted["diff"]
    assert created["diff"]["after"] == {"active": False, "events": ["sync_end"], "secret": "********", "url": URL}
    decided = ("type", "group_id", "url", "events", "active")
    assert {name: created["webhook"][name] for name in decided} == {
        name: predicted["webhook"][name] for name in decided
    }
    assert created["webhook"]["type"] == ("group" if group_id else "account")
    assert [row["secret"] for row in stored(sandbox)] == [SECRET]
    for check in (True, False):
        again = webhook(sandbox, check=check, **wanted)
        assert not again.changed
        assert again["webhook"] == created["webhook"]
    assert len(sandbox.writes()) == 1


def test_no_result_holds_the_secret(sandbox: Sandbox) -> None:
    results = [
        webhook(sandbox, check=True, secret=SECRET, **QUIET),
        webhook(sandbox, secret=SECRET, **QUIET),
        webhook(sandbox, secret=SECRET, update_secret="always", **QUIET),
        run_module("fivetran_webhook_info", {}, sandbox.env),
        webhook(sandbox, url=URL, state="absent"),
    ]
    assert all(not result.failed for result in results)
    assert SECRET not in str([result.values for result in results])
    assert SECRET not in str(sandbox.journal())


def test_what_is_not_set_stays_as_it_is_and_what_is_set_is_sent_alone(sandbox: Sandbox) -> None:
    made = webhook(sandbox, secret=SECRET, **QUIET)["webhook"]
    sandbox.seed("fivetran", "edit_webhook", id=made["id"], events=["sync_start", "sync_end"])
    assert not webhook(sandbox, url=URL).changed
    assert not webhook(sandbox, url=URL, events=["sync_end", "sync_start"]).changed
    changed = webhook(sandbox, url=URL, events=["sync_end"])
    assert changed["diff"]["before"] == {"events": ["sync_start", "sync_end"]}
    assert changed["diff"]["after"] == {"events": ["sync_end"]}
    assert [row["secret"] for row in stored(sandbox)] == [SECRET]


def test_a_secret_is_sent_where_there_is_none_and_else_if_asked_for(sandbox: Sandbox) -> None:
    webhook(sandbox, **QUIET)
    assert webhook(sandbox, secret=SECRET, **QUIET).changed
    assert not webhook(sandbox, secret="another-webhook-secret", **QUIET).changed
    again = webhook(sandbox, secret="another-webhook-secret", update_secret="always", **QUIET)
    assert again["diff"]["after"] == {"secret": "******** (sent again)"}
    assert [row["secret"] for row in stored(sandbox)] == ["another-webhook-secret"]


def test_the_url_of_a_webhook_is_changed_by_its_id(sandbox: Sandbox) -> None:
    made = webhook(sandbox, **QUIET)["webhook"]
    moved = webhook(sandbox, id=made["id"], url=f"{URL}/new")
    assert moved["diff"]["after"] == {"url": f"{URL}/new"}
    assert [row["id"] for row in stored(sandbox)] == [made["id"]]
    assert not webhook(sandbox, id=made["id"], url=f"{URL}/new").changed


def test_a_webhook_is_removed_once_by_its_url_or_its_id(sandbox: Sandbox) -> None:
    made = webhook(sandbox, **QUIET)["webhook"]
    webhook(sandbox, group_id=world.GROUP_ID, **QUIET)
    assert webhook(sandbox, check=True, url=URL, state="absent").changed
    assert len(stored(sandbox)) == 2
    removed = webhook(sandbox, url=URL, state="absent")
    assert removed["webhook"] is None
    assert removed["diff"]["before"]["id"] == made["id"]
    # The one of the group has the same URL, and is another one.
    (left,) = stored(sandbox)
    assert left["group_id"] == world.GROUP_ID
    assert not webhook(sandbox, url=URL, state="absent").changed
    assert webhook(sandbox, id=left["id"], state="absent").changed
    assert not webhook(sandbox, id=left["id"], state="absent").changed


@pytest.mark.fact("webhooks")
def test_who_listens_is_tried_before_an_active_webhook_is_made(sandbox: Sandbox, listener: Listener) -> None:
    listener.status = 500
    refused = webhook(sandbox, url=listener.url, events=["sync_end"], secret=SECRET)
    assert refused.code == "InvalidInput"
    assert "posts a test event to its URL once" in refused.msg
    assert stored(sandbox) == []
    listener.status = 204
    made = webhook(sandbox, url=listener.url, events=["sync_end"], secret=SECRET)
    assert made["webhook"]["active"] is True
    assert listener.events() == ["test_event", "test_event"]
    headers, body = listener.heard[-1]
    assert headers["X-Fivetran-Signature-256"] == hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest().upper()
    assert "sync_id" not in json.loads(body)


def test_it_is_tried_again_when_it_is_activated(sandbox: Sandbox, listener: Listener) -> None:
    webhook(sandbox, url=listener.url, events=["sync_end"], active=False)
    assert listener.heard == []
    listener.status = 404
    refused = webhook(sandbox, url=listener.url, active=True)
    assert "With active: false" in refused.msg
    listener.status = 200
    assert webhook(sandbox, url=listener.url, active=True)["diff"]["after"] == {"active": True}


def test_a_webhook_that_fivetran_has_given_up_is_made_active_again(sandbox: Sandbox, listener: Listener) -> None:
    wanted = {"url": listener.url, "events": ["sync_end"], "active": True}
    made = webhook(sandbox, **wanted)["webhook"]
    sandbox.seed("fivetran", "edit_webhook", id=made["id"], active=False)
    assert webhook(sandbox, **wanted).changed
    assert stored(sandbox)[0]["active"] is True


def test_a_test_that_is_asked_for_posts_a_sample_and_fails_if_it_is_not_taken(
    sandbox: Sandbox, listener: Listener
) -> None:
    wanted = {"url": listener.url, "events": ["sync_end"], "run_test": True}
    assert "test" not in webhook(sandbox, check=True, **wanted).values
    assert listener.heard == []
    assert webhook(sandbox, **wanted)["test"] == {"succeed": True, "status": 200, "message": "OK"}
    listener.status = 503
    failed = webhook(sandbox, **wanted)
    assert failed.code == "webhook_test_failed"
    assert "503" in failed.msg
    assert listener.url in failed.msg
    assert failed["webhook"]["active"] is True
    assert not failed.changed


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ({"url": "http://automation.example.com/fivetran", "events": ["sync_end"]}, "url"),
        ({"url": "automation.example.com", "events": ["sync_end"]}, "url"),
        ({"url": "https://user:pass@automation.example.com", "events": ["sync_end"]}, "url"),
        ({"url": "https://[::1", "events": ["sync_end"]}, "url"),
        ({"url": URL}, "events"),
        ({"url": URL, "events": []}, "events"),
    ],
)
def test_what_cannot_become_a_webhook_is_refused_before_anything_is_written(
    sandbox: Sandbox, arguments: dict[str, Any], option: str
) -> None:
    for check in (True, False):
        refused = webhook(sandbox, check=check, **arguments)
        assert refused.code == "invalid_argument"
        assert refused.msg.startswith(f"{option}: ")
        assert "pass@" not in refused.msg
    assert sandbox.writes() == []


def test_a_webhook_never_changes_its_place(sandbox: Sandbox) -> None:
    made = webhook(sandbox, **QUIET)["webhook"]
    refused = webhook(sandbox, id=made["id"], group_id=world.GROUP_ID)
    assert refused.msg.startswith("group_id: ")
    assert "the whole account" in refused.msg


def test_a_webhook_of_another_place_than_its_id_is_given_with_is_not_removed(sandbox: Sandbox) -> None:
    made = webhook(sandbox, group_id=world.GROUP_ID, **QUIET)["webhook"]
    for check in (True, False):
        refused = webhook(sandbox, check=check, id=made["id"], group_id="another_group", state="absent")
        assert refused.code == "invalid_argument"
        assert refused.msg.startswith("group_id: ")
        assert "another_group" in refused.msg
    assert [row["id"] for row in stored(sandbox)] == [made["id"]]
    assert webhook(sandbox, id=made["id"], group_id=world.GROUP_ID, state="absent").changed


def test_two_with_the_same_url_are_refused_with_their_ids(sandbox: Sandbox) -> None:
    first = webhook(sandbox, **QUIET)["webhook"]
    second = webhook(sandbox, **{**QUIET, "url": f"{URL}/2"})["webhook"]
    sandbox.seed("fivetran", "edit_webhook", id=second["id"], url=URL)
    for state in ("present", "absent"):
        refused = webhook(sandbox, url=URL, state=state)
        assert refused.code == "ambiguous_webhook"
        assert first["id"] in refused.msg
        assert second["id"] in refused.msg


def test_an_id_that_does_not_exist_cannot_be_created(sandbox: Sandbox) -> None:
    refused = webhook(sandbox, id="nowhere", **QUIET)
    assert refused.code == "NotFound_Webhook"
    assert stored(sandbox) == []


@pytest.mark.parametrize("kind", ["lost_answer", "truncate"])
def test_a_creation_whose_answer_is_lost_is_looked_for_and_not_made_twice(sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, operation="create_account_webhook")
    made = webhook(sandbox, **QUIET)
    assert not made.failed, made.msg
    assert made.changed
    assert [row["id"] for row in stored(sandbox)] == [made["webhook"]["id"]]


def test_webhooks_are_listed_by_place_url_and_id(sandbox: Sandbox) -> None:
    made = [webhook(sandbox, **QUIET)["webhook"], webhook(sandbox, group_id=world.GROUP_ID, **QUIET)["webhook"]]

    def ids(**arguments: Any) -> list[str]:
        found = run_module("fivetran_webhook_info", arguments, sandbox.env)
        assert not found.changed
        return [row["id"] for row in found["webhooks"]]

    assert sorted(ids()) == sorted(row["id"] for row in made)
    assert ids(group_id=world.GROUP_ID) == [made[1]["id"]]
    assert len(ids(url=URL)) == 2
    assert ids(url="https://elsewhere.example.com") == []
    assert ids(id=made[0]["id"]) == [made[0]["id"]]
    assert ids(id="nowhere") == []
