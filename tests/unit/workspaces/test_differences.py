# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change makes of a value, in lines: what is short as a whole, of what is long what goes and what comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.differences import (
    LONGEST_ITEM,
    LONGEST_VALUE,
    MOST_ITEMS,
    apart,
    difference,
    sentence,
)
from hypothesis import given
from hypothesis import strategies as st

MANY = [f"arn:aws:s3:::acme-currents-of-a-workspace-{letter}" for letter in "abcde"]
LONG = "x" * 2 * LONGEST_VALUE
READS = {"Sid": "Reads", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": MANY}
DENIES = {"Effect": "Deny", "Action": ["s3:*"], "Resource": MANY}
OPENS = {"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"], "Condition": {"Bool": {"a": "b"}}}


def lines(old: Any, new: Any) -> list[str]:
    return [line.removeprefix("      ") for line in difference("f", old, new)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (["a"], ["a", "b"], ['f: ["a"] -> ["a", "b"]']),
        (["a", "b"], ["a", "c"], ['f[1]: "b" -> "c"']),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["f.a.c: 2 -> 3"]),
        (None, {"a": 1}, ['f: null -> {"a": 1}']),
        (1, 1, []),
    ],
)
def test_what_is_short_is_told_with_both_values(old: Any, new: Any, told: list[str]) -> None:
    assert lines(old, new) == told


def test_of_a_long_list_only_what_goes_and_what_comes_is_told() -> None:
    assert lines([*MANY, "b"], ["a", *MANY]) == ['f: taken out: "b"', 'f: added: "a"']
    assert lines(MANY, [*MANY, MANY[0]]) == [f'f: added: "{MANY[0]}"']
    assert lines(MANY[0], MANY) == [f'f: added: "{one}"' for one in MANY[1:]]
    assert lines(None, MANY[:4]) == [f'f: added: "{one}"' for one in MANY[:4]]
    assert lines(MANY, MANY[::-1]) == ["f: the same in another order"]
    assert lines(MANY, [*MANY[1:], MANY[0], "b"]) == ['f: added: "b"']


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (1, 2, "f is 1, should be 2."),
        (["a"], ["a", "b"], 'f lacks "b".'),
        (["a", "b"], ["c", "a"], 'f lacks "c" and should not have "b".'),
        (["a"], ["b", "c"], 'f is ["a"], should be ["b", "c"].'),
        (["a"], [], 'f is ["a"], should be [].'),
        ("a", ["a", "b"], 'f lacks "b".'),
        (None, ["a"], 'f is null, should be ["a"].'),
        ([*MANY, "b"], ["a", *MANY, "c"], 'f lacks "a" and "c" and should not have "b".'),
        (MANY, [*MANY, "b"], 'f lacks "b".'),
        ([*MANY, READS], MANY, f"f should not have {json.dumps(READS)}."),
        (MANY[0], MANY, "f lacks {}, {}, {} and {}.".format(*(f'"{one}"' for one in MANY[1:]))),
        (None, MANY[:4], "f lacks {}, {}, {} and {}.".format(*(f'"{one}"' for one in MANY[:4]))),
        (MANY, MANY[::-1], "f has the same in another order."),
        ("a", LONG, f'f is "a", should be "{LONG[: LONGEST_VALUE - 1]}....'),
    ],
)
def test_a_sentence_quotes_both_values_and_of_long_lists_only_what_is_missing_or_too_much(
    old: Any, new: Any, told: str
) -> None:
    assert sentence("f", old, new) == told


def test_a_sentence_does_not_grow_with_what_is_as_it_should_be() -> None:
    few, many = ([f"bucket-{number}" for number in range(count)] for count in (100, 1000))
    assert sentence("f", few, [*few, "new"]) == sentence("f", many, [*many, "new"]) == 'f lacks "new".'
    assert len(sentence("f", [], many)) < 2 * LONGEST_VALUE


def test_of_very_many_items_it_is_told_how_many_more_there_are() -> None:
    new = [f"bucket-{number}" for number in range(MOST_ITEMS + 3)]
    told = lines([], new)
    assert told[0] == 'f: added: "bucket-0"'
    assert len(told) == MOST_ITEMS + 1
    assert told[-1] == "f: added: 3 more"


def test_a_statement_is_held_against_what_became_of_it_wherever_that_stands() -> None:
    more = {**READS, "Resource": [*MANY, "b"]}
    assert lines([READS, DENIES], [more]) == [
        'f[0].Resource: added: "b"',
        *lines([READS, DENIES], [READS]),
    ]
    assert lines([DENIES, READS], [more])[0] == 'f[1].Resource: added: "b"'
    [taken] = lines([READS, DENIES], [READS])
    assert taken.startswith('f: taken out: {"Effect": "Deny"')
    assert MANY[-1] in taken
    # Without a name, it is the similar one.
    assert lines([READS, {**DENIES, "Effect": "Allow"}], [DENIES, READS, OPENS])[0] == 'f[1].Effect: "Allow" -> "Deny"'


def test_the_only_statement_of_a_document_has_become_the_only_one() -> None:
    assert lines([OPENS], [READS])[0] == 'f[0].Principal: "*" -> null'


def test_what_is_long_and_was_not_there_is_told_field_by_field() -> None:
    assert lines(None, {"a": MANY, "b": 1}) == [*(f'f.a: added: "{one}"' for one in MANY), "f.b: null -> 1"]
    assert lines({"a": MANY, "b": 1}, None)[-1] == "f.b: 1 -> null"


def test_two_long_texts_that_begin_alike_are_told_apart() -> None:
    [line] = lines(f"{LONG}a", f"{LONG}b")
    old, new = line.removeprefix("f: ").split(" -> ")
    assert old != new
    assert old.endswith('a"')
    assert new.endswith('b"')
    assert len(line) < 3 * LONGEST_VALUE


def test_two_long_items_that_begin_alike_are_told_apart() -> None:
    texts = [f"{'x' * 2 * LONGEST_ITEM}{end}" for end in "ab"]
    gone, come = lines([texts[0], *MANY], [*MANY, texts[1]])
    assert gone.removeprefix("f: taken out: ") != come.removeprefix("f: added: ")


def test_where_the_first_parting_does_not_tell_all_apart_they_are_told_whole() -> None:
    texts = [f"{LONG}{'y' * LONGEST_VALUE}a", f"{LONG}{'y' * LONGEST_VALUE}b", f"{LONG}z"]
    assert apart(texts) == texts


@given(st.lists(st.text("ab", max_size=3).map(lambda end: f"{LONG}{end}" * 2), max_size=6))
def test_what_differs_looks_different(texts: list[str]) -> None:
    shown = apart(texts)
    assert len(set(shown)) == len(set(texts))


VALUES = st.recursive(
    st.sampled_from(["a", "b", LONG, f"{LONG}a", None]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Sid", "Resource"]), inner, max_size=2)
    ),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_no_difference_is_silent_and_no_line_shows_the_same_twice(old: Any, new: Any) -> None:
    told = lines(old, new)
    # AWS takes a single text for a list of one, and what is null for what is not there.
    assert told or _plain(old) == _plain(new)
    for line in told:
        before, arrow, after = line.partition(": ")[2].partition(" -> ")
        assert not arrow or before != after


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain for name, inner in value.items() if (plain := _plain(inner)) not in (None, [], {})}
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return items[0] if len(items) == 1 else items
    return value
