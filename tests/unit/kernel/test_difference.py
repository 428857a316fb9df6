# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.difference import (
    additions,
    before_and_after,
    differences,
    same,
)
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_there_already_is_never_a_difference(value: Any) -> None:
    assert same(value, value)


@given(st.dictionaries(st.text(min_size=1), JSON), st.dictionaries(st.text(min_size=1), JSON))
def test_sending_the_differences_leaves_none(desired: dict[str, Any], actual: dict[str, Any]) -> None:
    sent = {item.name: item.after for item in differences(desired, actual)}
    assert differences(desired, {**actual, **sent}) == []


@pytest.mark.parametrize(
    ("desired", "actual"),
    [
        ("secret", "******"),
        ("secret", "***"),
        (None, ""),
        ("", None),
        ([], None),
        (False, None),
        (None, False),
        (False, ""),
        (False, "false"),
        ({"name": "a", "enabled": False}, {"name": "a"}),
        (5432, "5432"),
        (True, "true"),
        (["b", "a"], ["a", "b"]),
        ([{"name": "b"}, {"name": "a"}], [{"name": "a", "id": 1}, {"name": "b", "id": 2}]),
        ({"given": 1}, {"given": 1, "default of the server": 2}),
        ([{"user": "x", "password": "secret"}], [{"user": "x", "password": "******"}]),
    ],
)
def test_these_are_the_same(desired: Any, actual: Any) -> None:
    assert same(desired, actual)


@pytest.mark.parametrize(
    ("desired", "actual"),
    [
        ("a", "b"),
        ("a", None),
        (None, "a"),
        ("", "a"),
        ("", "******"),
        (True, None),
        (True, False),
        (False, True),
        (0, None),
        (0, False),
        (["a"], ["a", "b"]),
        (["a", "a"], ["a", "b"]),
        ({"a": 1}, {"a": 2}),
        ({}, {"a": 1}),
        (1, True),
        ("1", True),
    ],
)
def test_these_differ(desired: Any, actual: Any) -> None:
    assert not same(desired, actual)


def test_what_is_made_shows_everything_that_is_sent_also_what_is_false() -> None:
    found = additions(
        {"paused": False, "threshold": 0, "api_key": "new", "folder": "", "id": None}, secrets=["api_key"]
    )
    assert [(item.name, item.before, item.after, item.secret) for item in found] == [
        ("api_key", None, "new", True),
        ("paused", None, False, False),
        ("threshold", None, 0, False),
    ]


def test_a_stored_secret_is_sent_only_when_told_to() -> None:
    actual = {"api_key": "******", "bucket": "b"}
    desired = {"api_key": "new", "bucket": "b"}
    assert differences(desired, actual) == []
    assert [item.name for item in differences(desired, actual, send_masked=True)] == ["api_key"]


def test_the_diff_shows_exactly_the_fields_that_differ_and_no_secret() -> None:
    found = differences(
        {"api_key": "new-secret", "token": "other-secret", "bucket": "new", "same": 1},
        {"api_key": "******", "bucket": "old", "same": 1},
        secrets=["api_key", "token"],
        send_masked=True,
    )
    assert before_and_after(found, "thing") == {
        "before_header": "thing",
        "after_header": "thing",
        "before": {"api_key": "********", "bucket": "old", "token": None},
        "after": {"api_key": "******** (sent again)", "bucket": "new", "token": "********"},
    }
