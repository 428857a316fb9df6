# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.gcs_objects import ObjectIndex, Query, Row

# Few characters, so that prefixes and delimiters really meet; the last ones sort last in UTF-8, too.
names = st.text(alphabet="ab/é\uffff\U0001f600\U0010ffff", min_size=1, max_size=6)
parts = st.text(alphabet="ab/é\U0010ffff", max_size=3)
queries = st.builds(
    Query,
    prefix=parts,
    delimiter=st.sampled_from(["", "/", "b", "a/", "\U0010ffff"]),
    start=parts,
    end=parts,
    include_trailing_delimiter=st.booleans(),
)


def index_of(stored: set[str], shared: set[str]) -> ObjectIndex:
    index = ObjectIndex()
    index.put_all((name, name.encode()) for name in stored)
    if shared:
        index.share(sorted(shared), b"shared")
    return index


def listed_naively(stored: set[str], query: Query) -> list[Row]:
    """Google's description word for word: filter names, then roll up each name's common prefix, in order."""
    rows: list[Row] = []
    for name in sorted(stored, key=lambda name: name.encode()):
        if not name.startswith(query.prefix) or name < query.start or (query.end and name >= query.end):
            continue
        group = query.common_prefix(name)
        if group is None or (query.include_trailing_delimiter and name == group):
            rows.append(Row(name))
        if group is not None and Row(group, is_prefix=True) not in rows:
            rows.append(Row(group, is_prefix=True))
    return rows


def listed_in_pages(index: ObjectIndex, query: Query, limit: int) -> list[Row]:
    rows, more = index.page(query, limit)
    while more is not None:
        assert len(rows) % limit == 0
        page, more = index.page(query, limit, more)
        assert 0 < len(page) <= limit
        rows += page
    return rows


@given(st.sets(names, max_size=12), st.sets(names, max_size=12), queries)
def test_a_listing_is_what_the_naive_model_lists(stored: set[str], shared: set[str], query: Query) -> None:
    assert list(index_of(stored, shared).rows(query)) == listed_naively(stored | shared, query)


@given(st.sets(names, max_size=16), queries, st.integers(1, 4))
def test_pages_of_any_size_add_up_to_the_listing(stored: set[str], query: Query, limit: int) -> None:
    assert listed_in_pages(index_of(stored, set()), query, limit) == listed_naively(stored, query)


@given(st.sets(names, max_size=16), queries, names)
def test_a_listing_goes_on_behind_any_name_whether_it_exists_or_not(stored: set[str], query: Query, name: str) -> None:
    query = replace(query, include_trailing_delimiter=False)

    behind = list(index_of(stored, set()).rows(query, query.row(name)))

    assert behind == [row for row in listed_naively(stored, query) if row.value > name]


@given(st.sets(names, max_size=12), st.sets(names, max_size=12), names)
def test_put_get_and_delete_are_a_dictionary(stored: set[str], shared: set[str], name: str) -> None:
    index = index_of(stored, shared)
    expected = {**dict.fromkeys(shared, b"shared"), **{own: own.encode() for own in stored}}

    found = index.get(name)
    assert (found.body if found else None) == expected.get(name)

    index.put(name, b"new")
    changed = index.get(name)
    assert changed is not None
    assert changed.body == b"new"
    assert index.delete(name)
    assert not index.delete(name)
    assert index.get(name) is None
    assert [row.value for row in index.rows(Query())] == sorted(set(expected) - {name})


def test_every_change_shows_in_the_state() -> None:
    index = ObjectIndex()
    states = [index.state()]
    index.put("a", b"1")
    states.append(index.state())
    index.put("a", b"2")
    states.append(index.state())
    index.delete("a")
    states.append(index.state())

    assert all(before != after for before, after in pairwise(states))


def test_names_are_shared_once() -> None:
    index = index_of(set(), {"a"})

    with pytest.raises(ValueError, match="already"):
        index.share(["b"], b"")


def test_a_listing_looks_at_few_of_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0

    class Counting(list[str]):
        def __getitem__(self, position: Any) -> Any:
            nonlocal looked_at
            looked_at += 1
            return super().__getitem__(position)

    index = index_of(set(), {f"{group:02}/{number:05}" for group in range(30) for number in range(1000)})
    monkeypatch.setattr(index, "_names", Counting(index._names))

    rows = list(index.rows(Query(delimiter="/")))

    assert len(rows) == 30
    # A binary search in 30,000 names takes 15 looks.
    assert looked_at <= 30 * 20
