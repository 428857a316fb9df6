# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a value is on its way from what it was to what it is to be, for values of any shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parts import strays
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers(0, 9) | st.text("abc", max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(st.text("abc", min_size=1, max_size=2), max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner)
    ),
    max_leaves=8,
)


def is_part(then: Any, now: Any, wanted: Any) -> bool:
    return not list(strays("", then, now, wanted))


@given(VALUES, VALUES)
def test_what_it_was_and_what_it_shall_be_are_on_the_way(then: Any, wanted: Any) -> None:
    assert is_part(then, then, wanted)
    assert is_part(then, wanted, wanted)


@given(VALUES, VALUES)
def test_where_nothing_is_to_change_nothing_else_is_on_the_way(value: Any, now: Any) -> None:
    assert is_part(value, now, value) == (_shown(value) == _shown(now))


def _shown(value: Any) -> Any:
    """Return a value as it is compared: without what is empty, lists as sets, and one text as a list of one."""
    if isinstance(value, dict):
        shown = {name: _shown(inner) for name, inner in value.items()}
        return {name: inner for name, inner in shown.items() if inner is not None} or None
    if isinstance(value, list):
        return frozenset(map(json.dumps, value)) or None
    return None if value is None else frozenset([json.dumps(value)])


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_a_list_is_on_the_way_where_it_has_all_that_stays_and_nothing_that_is_neither(
    then: set[str], now: set[str], wanted: set[str]
) -> None:
    expected = then & wanted <= now <= then | wanted
    assert is_part(sorted(then), sorted(now), sorted(wanted)) == expected


@pytest.mark.parametrize(
    ("then", "now", "wanted", "path"),
    [
        (1, 2, 3, ""),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 3}}, "a.b"),
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 3}, "b"),
        (None, {"a": 1}, {"a": 2}, "a"),
        ([{"a": ["x"]}], [{"a": ["y"]}], [{"a": ["x", "z"]}], "[0].a"),
        (["x"], "y", ["z"], ""),
        ({"a": 1}, "text", {"a": 2}, ""),
    ],
)
def test_what_strays_is_named_where_it_is(then: Any, now: Any, wanted: Any, path: str) -> None:
    assert [stray.path for stray in strays("", then, now, wanted)] == [path]


@pytest.mark.parametrize("mask", ["********", "******** (sent again)", "******"])
def test_what_is_masked_cannot_be_compared(mask: str) -> None:
    assert is_part("one", mask, "two")
    assert is_part(mask, "two", "three")


def test_one_text_is_a_list_of_one_as_aws_takes_it() -> None:
    assert is_part("s3:Get*", ["s3:Get*"], ["s3:Get*", "s3:List*"])
