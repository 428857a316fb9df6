# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.braze import SOURCE_ADDRESS, Braze
from tests.sandbox.braze_endpoints import ENDPOINTS, PERMISSIONS, Endpoint
from tests.sandbox.core import Fault, Hub
from tests.sandbox.tests.serving import serving, writes

KEY = "sandbox-braze-key-of-the-tests-5f2a1c"
UNKNOWN_UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"

# The probes of the project's facts, with the statuses that prove the permission.
PROBES: dict[str, tuple[dict[str, Any], set[int]]] = {
    "users.export.ids": ({"external_ids": [UNKNOWN_UUID], "fields_to_export": ["external_id"]}, {201}),
    "users.export.segment": ({}, {400}),
    "email.unsubscribe": ({"start_date": "2001-01-01", "end_date": "2001-01-02", "limit": 1}, {200}),
    "email.hard_bounces": ({"start_date": "2001-01-01", "end_date": "2001-01-02", "limit": 1}, {200}),
    "messages.schedule_broadcasts": ({"end_time": "2026-05-01T08:00:00Z"}, {200}),
    "campaigns.list": ({"page": 0}, {200}),
    "campaigns.details": ({"campaign_id": "malformed"}, {400}),
    "canvas.list": ({"page": 0}, {200}),
    "canvas.details": ({"canvas_id": "malformed"}, {400}),
    "segments.list": ({"page": 0}, {200}),
    "segments.details": ({"segment_id": "malformed"}, {400}),
    "purchases.product_list": ({"page": 0}, {200}),
    "events.list": ({"page": 0}, {200}),
    "feed.list": ({"page": 0}, {200}),
    "feed.details": ({"card_id": "malformed"}, {400}),
    "templates.email.info": ({"email_template_id": "00000000-0000-0000-0000-000000000000"}, {200, 400, 404}),
    "templates.email.list": ({"limit": 1}, {200}),
    "subscription.status.get": ({"subscription_group_id": "bad", "external_id": "bad"}, {400}),
    "subscription.groups.get": ({"external_id": UNKNOWN_UUID, "limit": 1}, {200}),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Braze]:
    braze = Braze(Hub())
    with serving(braze.hub):
        yield braze


@pytest.fixture
def braze(running: Braze) -> Braze:
    running.reset()
    running.hub.reset()
    running.control_create_key(KEY, name="fivetran")
    # The News Feed as it was, so that all permissions can be probed.
    running.control_manners(feed_status=200)
    return running


def ask(braze: Braze, permission: str, key: str = KEY, **headers: str) -> requests.Response:
    endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.permission == permission)
    parameters = PROBES[permission][0]
    return requests.request(
        endpoint.method,
        braze.url + endpoint.path,
        params=parameters if endpoint.method == "GET" else None,
        json=parameters if endpoint.method == "POST" else None,
        headers={"Authorization": f"Bearer {key}", **headers},
        timeout=10,
    )


def ask_all(braze: Braze, key: str = KEY) -> dict[str, int]:
    return {permission: ask(braze, permission, key).status_code for permission in PROBES}


def test_the_19_permissions_have_one_endpoint_each() -> None:
    assert len(PERMISSIONS) == len(set(PERMISSIONS)) == 19
    assert set(PERMISSIONS) == set(PROBES)
    assert len({(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}) == 19


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.permission)
def test_a_probe_of_a_granted_permission_is_answered_as_documented(braze: Braze, endpoint: Endpoint) -> None:
    answer = ask(braze, endpoint.permission)

    assert answer.status_code in PROBES[endpoint.permission][1]
    assert (answer.json()["message"] == "success") == answer.ok
    assert braze.hub.journal[-1].operation == f"braze:{endpoint.permission}"
    assert braze.hub.journal[-1].actor == "fivetran"


def test_no_probe_changes_anything_but_last_seen(braze: Braze) -> None:
    assert braze.control_last_seen() == {}

    ask_all(braze)

    assert writes(braze.hub) == []
    assert list(braze.control_last_seen()) == [KEY]


def test_exporting_a_real_segment_and_tracking_count_as_writes(braze: Braze) -> None:
    braze.control_edit_key(KEY, permissions=[*PERMISSIONS, "users.track"])
    headers = {"Authorization": f"Bearer {KEY}"}
    segment = braze.workspace.segments[0]["id"]

    export = {"segment_id": segment, "fields_to_export": ["external_id"]}
    assert requests.post(f"{braze.url}/users/export/segment", json=export, headers=headers, timeout=10).ok
    event = {"events": [{"external_id": "1", "name": "signed_up", "time": "2026-05-01T08:00:00Z"}]}
    assert requests.post(f"{braze.url}/users/track", json=event, headers=headers, timeout=10).ok

    assert [entry.operation for entry in writes(braze.hub)] == ["braze:users.export.segment", "braze:users.track"]


@pytest.mark.parametrize("style", [401, 403])
def test_a_key_that_lacks_two_permissions_is_refused_exactly_those_two(braze: Braze, style: int) -> None:
    braze.control_manners(refusal_status=style)
    braze.control_create_key(KEY, missing=["campaigns.list", "segments.details"])

    refused = {permission: status for permission, status in ask_all(braze).items() if status in (401, 403)}

    assert refused == {"campaigns.list": style, "segments.details": style}


@pytest.mark.parametrize("style", [401, 403])
def test_the_permission_is_judged_before_the_parameters(braze: Braze, style: int) -> None:
    braze.control_manners(refusal_status=style)
    braze.control_create_key(KEY, missing=["campaigns.details"])

    assert ask(braze, "campaigns.details").status_code == style


def test_an_unknown_key_is_echoed_in_the_401_but_not_in_the_journal(braze: Braze) -> None:
    answer = ask(braze, "campaigns.list", key="sandbox-unknown-key-0815")

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid API key: sandbox-unknown-key-0815"
    assert "0815" not in str(braze.hub.journal)


@pytest.mark.parametrize("style", [401, 403])
def test_the_journal_holds_no_key(braze: Braze, style: int) -> None:
    braze.control_manners(refusal_status=style)
    braze.control_create_key(KEY, missing=list(PERMISSIONS))

    assert set(ask_all(braze).values()) == {style}
    assert KEY not in str(braze.hub.journal)


def test_a_revoked_key_is_refused_everywhere(braze: Braze) -> None:
    braze.control_revoke_key(KEY)

    assert set(ask_all(braze).values()) == {401}
    assert braze.control_last_seen() == {}


def test_a_key_of_another_instance_is_refused_like_an_unknown_one(braze: Braze) -> None:
    braze.control_create_key("sandbox-key-of-eu-01", instance="EU-01")
    assert set(ask_all(braze, "sandbox-key-of-eu-01").values()) == {401}

    braze.control_instance("EU-01")

    assert ask(braze, "campaigns.list", "sandbox-key-of-eu-01").status_code == 200
    assert ask(braze, "campaigns.list", KEY).status_code == 401


def test_a_key_can_be_made_without_any_permission(braze: Braze) -> None:
    braze.control_create_key(KEY, permissions=[])

    assert set(ask_all(braze).values()) == {403}


def test_a_misspelled_permission_is_no_permission(braze: Braze) -> None:
    with pytest.raises(ValueError, match="no such permission"):
        braze.control_create_key(KEY, missing=["campaign.lists"])


def test_no_key_at_all_is_a_401(braze: Braze) -> None:
    assert requests.get(f"{braze.url}/campaigns/list", timeout=10).status_code == 401


@pytest.mark.parametrize("account", ["inactive", "no_plan"])
def test_an_inactive_account_is_a_403_on_everything(braze: Braze, account: str) -> None:
    braze.control_manners(account=account)

    assert set(ask_all(braze).values()) == {403}


@pytest.mark.parametrize("status", [401, 403])
def test_the_allowlist_names_whitelisted_ips_and_looks_at_the_callers_own_address(braze: Braze, status: int) -> None:
    braze.control_manners(allowlist_status=status)
    braze.control_create_key(KEY, allowlist=["203.0.113.0/24"])

    refusal = ask(braze, "campaigns.list")
    assert refusal.status_code == status
    assert "whitelisted IPs" in refusal.json()["message"]
    assert ask(braze, "campaigns.list", **{SOURCE_ADDRESS: "203.0.113.7"}).status_code == 200


@pytest.mark.parametrize("status", [404, 410])
def test_the_retired_news_feed_answers_so_to_valid_keys_whatever_they_hold(braze: Braze, status: int) -> None:
    braze.control_manners(feed_status=status, feed_unrouted=False)
    braze.control_create_key(KEY, missing=["feed.list"])

    statuses = ask_all(braze)

    assert {name for name, found in statuses.items() if found == status} == {"feed.list", "feed.details"}
    assert ask(braze, "feed.list", key="unknown-key").status_code == 401


def test_a_route_that_is_gone_answers_404_even_to_an_invalid_key(braze: Braze) -> None:
    braze.control_manners(feed_status=404, feed_unrouted=True)

    assert ask(braze, "feed.list", key="unknown-key").status_code == 404


def test_rate_limits_are_told_in_lower_case_and_end_in_429_without_retry_after(braze: Braze) -> None:
    braze.control_rate_limit("events_and_products", limit=3, seconds=60, used=1)

    answers = [ask(braze, name) for name in ("events.list", "purchases.product_list", "events.list")]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    names = [name for name in answers[2].raw.headers if name.lower().startswith("x-ratelimit")]
    assert sorted(names) == ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
    assert int(answers[2].headers["x-ratelimit-reset"]) > 1_700_000_000
    assert "Retry-After" not in answers[2].headers
    assert ask(braze, "campaigns.list").status_code == 200


def test_a_rate_limit_that_one_key_has_used_up_is_whole_for_another(braze: Braze) -> None:
    braze.control_rate_limit("events_and_products", limit=2, seconds=60)
    braze.control_create_key(key="another-key")

    used_up = [ask(braze, "events.list").status_code for _request in range(3)]
    another = ask(braze, "events.list", key="another-key")

    assert used_up == [200, 200, 429]
    assert (another.status_code, another.headers["x-ratelimit-remaining"]) == (200, "1")


def test_a_fault_can_be_aimed_at_one_probe(braze: Braze) -> None:
    page = "<html><body>502 Bad Gateway</body></html>"
    braze.hub.faults.append(
        Fault("status", operation="canvas.list", status=502, body=page, headers={"Content-Type": "text/html"})
    )

    first, second = ask(braze, "canvas.list"), ask(braze, "canvas.list")

    assert (first.status_code, first.text) == (502, page)
    assert second.status_code == 200
    assert ask(braze, "canvas.details").status_code == 400


@pytest.mark.parametrize("status", [200, 400, 404])
def test_an_unknown_template_answers_json_whatever_the_status(braze: Braze, status: int) -> None:
    braze.control_unknown_template(status)

    answer = ask(braze, "templates.email.info")

    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("permission", "parameters"),
    [
        ("email.unsubscribe", {"start_date": "2001-01-01"}),
        ("email.hard_bounces", {"start_date": "2001-01-02", "end_date": "2001-01-01"}),
        ("email.hard_bounces", {"start_date": "yesterday", "end_date": "today"}),
        ("messages.schedule_broadcasts", {}),
        ("messages.schedule_broadcasts", {"end_time": "soon"}),
        ("campaigns.list", {"page": "-1"}),
        ("templates.email.list", {"limit": "0"}),
        ("subscription.groups.get", {"limit": "1"}),
    ],
)
def test_wrong_parameters_are_a_400(braze: Braze, permission: str, parameters: dict[str, str]) -> None:
    endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.permission == permission)

    answer = requests.get(
        braze.url + endpoint.path, params=parameters, headers={"Authorization": f"Bearer {KEY}"}, timeout=10
    )

    assert answer.status_code == 400


def test_details_of_what_exists_are_answered(braze: Braze) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    campaign = braze.workspace.campaigns[0]["id"]

    answer = requests.get(
        f"{braze.url}/campaigns/details", params={"campaign_id": campaign}, headers=headers, timeout=10
    )

    assert answer.status_code == 200
    assert answer.json()["name"] == "Welcome"
