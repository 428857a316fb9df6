# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's Fivetran answers what released clients send beside the documents; of the collection that is noticed."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.contract import strayed
from tests.sandbox.core import Entry
from tests.sandbox.manners import FIVETRAN
from tests.sandbox.tests.fivetran_api import GROUP, OWNER, Api

OURS = {"Accept": "application/json;version=2", "Content-Type": "application/json"}
AGENT = {"User-Agent": "onramp.braze_fivetran/1.0.0"}


@pytest.fixture(autouse=True)
def not_of_the_document(api: Api) -> Any:
    """Keep from the contract what other clients send against the document, and the real API takes."""
    yield
    api.hub.journal.clear()


@pytest.mark.parametrize(
    "spelling", ["/connectors/{id}", "/connections/{id}/", "/connectors/{id}/", "/connections/{id}"]
)
def test_the_name_before_2025_and_a_slash_at_the_end_lead_to_the_same(api: Api, spelling: str) -> None:
    made = api.create()
    assert api.get(spelling.format(id=made["id"]))["id"] == made["id"]


@pytest.mark.parametrize("spelling", ["/groups/", f"/groups/{GROUP}/connectors", f"/groups/{GROUP}/connectors/"])
def test_listings_are_found_under_all_their_names(api: Api, spelling: str) -> None:
    api.create()
    assert len(api.get(spelling)["items"]) in (1, 2)


@pytest.mark.fact("no-body")
@pytest.mark.parametrize("action", ["force", "sync", "resync"])
@pytest.mark.parametrize("kind", ["connections", "connectors"])
def test_a_sync_is_started_without_a_body_also_by_its_name_of_old(api: Api, action: str, kind: str) -> None:
    made = api.create()
    assert api.data("POST", f"/{kind}/{made['id']}/{action}") is None
    assert api.stored(made["id"])["syncs"] == 1


def test_a_wrong_method_on_an_old_name_is_not_allowed(api: Api) -> None:
    assert api.refusal("DELETE", "/connectors/") == (405, "MethodNotAllowed")


# Which version of the answers


def unversioned(api: Api, path: str) -> int:
    return requests.get(f"{api.server.url}/v1{path}", auth=OWNER, timeout=10).status_code


def test_without_a_version_in_accept_the_account_decides(api: Api) -> None:
    made, other = api.create(), FIVETRAN["unversioned"].choices[1]
    versioned = (f"/connections/{made['id']}", "/connections", f"/destinations/{GROUP}", f"/connectors/{made['id']}")
    assert [unversioned(api, path) for path in versioned] == [200] * 4
    api.server.control_manners(unversioned=other)
    assert [unversioned(api, path) for path in versioned] == [500] * 4
    # Of these the document names no version.
    assert [unversioned(api, path) for path in ("/account/info", "/groups")] == [200] * 2
    assert api.get(versioned[0])["id"] == made["id"]


# What the collection itself may not do


def entry(method: str = "GET", path: str = "/v1/connections", **headers: str) -> Entry:
    return Entry(1, "fivetran", "fivetran:x", method, path, {}, headers={**AGENT, **OURS, **headers})


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (entry(Accept="application/json"), "without version=2"),
        (entry(Accept=""), "without version=2"),
        (entry(path="/v1/connections/"), "no document"),
        (entry(path="/v1/connectors/c"), "no document"),
        (entry("POST", "/v1/connections/c/force"), "no document"),
        (entry("PATCH", **{"Content-Type": "text/plain"}), "Content-Type"),
    ],
)
def test_what_works_by_chance_is_noticed_of_the_collection(asked: Entry, word: str) -> None:
    [problem] = strayed([asked])
    assert word in problem


def test_what_is_as_documented_and_what_others_send_is_passed_over() -> None:
    stranger = entry(path="/v1/connectors/", **{"Accept": "*/*", "User-Agent": "dagster-fivetran/0.29"})
    assert strayed([entry(), entry("POST"), stranger]) == []


def test_the_journal_keeps_what_a_request_wants_and_no_credentials(api: Api) -> None:
    api.get("/groups")
    [asked] = api.hub.journal
    assert set(asked.headers) <= {"Accept", "Content-Type", "User-Agent"}
    assert asked.headers["Accept"] == "application/json;version=2"
