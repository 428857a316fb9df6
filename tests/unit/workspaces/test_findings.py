# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verify.yml calls a finding."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.filter import findings as plugin
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.differences import leaves
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.findings import (
    SUBJECTS,
    findings,
)

HEALTHY: dict[str, dict[str, Any]] = {
    "group": {"name": "Warehouse", "destination": {"setup_status": "connected"}},
    "key": {"verdict": "ok", "next_step": ""},
    "landing": {"verdict": "landing", "bucket": "acme", "next_step": ""},
    "role": {},
    "grant": {"changed": False, "grant": {}},
    "connection": {
        "setup_state": "connected",
        "last_sync": {"outcome": "succeeded"},
        "status": {"update_state": "on_schedule", "tasks": [], "warnings": []},
    },
    "settings": {},
}
BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "group": ({"name": "Warehouse", "destination": None}, ["Warehouse is missing"]),
    "key": ({"verdict": "invalid_key", "next_step": "Make a new key."}, ["(invalid_key). Make a new key."]),
    "landing": ({"verdict": "empty", "bucket": "acme", "next_step": "Wait."}, ["acme (empty). Wait."]),
    "role": (
        {
            "arn:1": {"before": None, "after": {"trust": {}}},
            "arn:2": {"before": {"path": "/"}, "after": {"path": "/a/"}},
        },
        ["arn:1 does not exist.", 'path of arn:2 is "/", should be "/a/".'],
    ),
    "grant": (
        {"changed": True, "grant": {"bucket": "b", "member": "m", "role": "r", "condition": {"title": "t"}}},
        ['m does not hold r under the condition {"title": "t"}.'],
    ),
    "connection": (
        {
            "setup_state": "broken",
            "last_sync": {"outcome": "failed", "finished_at": "2026-11-01T00:00:00Z"},
            "status": {"update_state": "delayed", "tasks": [{"code": "reconnect"}], "warnings": [{"message": "slow"}]},
        },
        [
            "setup_state is broken",
            "failed at 2026-11-01T00:00:00Z",
            "delayed",
            "under tasks: reconnect",
            "under warnings: slow",
        ],
    ),
    "settings": ({"before": {"paused": True}, "after": {"paused": False}}, ["paused is true, should be false."]),
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_is_healthy_is_no_finding(subject: str) -> None:
    assert findings(subject, HEALTHY[subject]) == []


@pytest.mark.parametrize("status", ["connected", "CONNECTED"])
def test_a_connected_destination_is_no_finding_however_fivetran_writes_it(status: str) -> None:
    assert findings("group", {"name": "Warehouse", "destination": {"setup_status": status}}) == []


@pytest.mark.parametrize("status", ["incomplete", "broken", "BROKEN"])
def test_a_destination_that_is_not_connected_is_a_finding_that_quotes_its_status(status: str) -> None:
    [finding] = findings("group", {"name": "Warehouse", "destination": {"setup_status": status}})
    assert f"Warehouse is {status}, should be connected." in finding.text()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_fault_is_told_once_and_in_order(subject: str) -> None:
    seen, words = BROKEN[subject]
    found = findings(subject, seen)
    assert len(found) == len(words)
    assert all(word in finding.text() for word, finding in zip(words, found, strict=True))


@pytest.mark.parametrize(
    ("sync_state", "words"), [("scheduled", "Run onboard.yml"), ("syncing", "A sync is under way")]
)
def test_a_broken_connection_whose_sync_is_under_way_is_told_to_be_looked_at_again(sync_state: str, words: str) -> None:
    [finding] = findings("connection", {"setup_state": "broken", "status": {"sync_state": sync_state}})
    assert words in finding.text()


def test_the_documentation_names_every_subject() -> None:
    options = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    assert options["subject"]["choices"] == list(SUBJECTS)


def test_a_difference_is_told_leaf_by_leaf_as_long_as_the_shape_is_the_same() -> None:
    before = {"Statement": [{"Action": "s3:*", "Resource": ["a"]}], "Id": "x"}
    after = {"Statement": [{"Action": "s3:Get*", "Resource": ["a", "b"]}], "Version": 1}
    assert list(leaves("policy", before, after)) == [
        ("policy.Statement[0].Action", "s3:*", "s3:Get*"),
        ("policy.Statement[0].Resource", ["a"], ["a", "b"]),
        ("policy.Id", "x", None),
        ("policy.Version", None, 1),
    ]
