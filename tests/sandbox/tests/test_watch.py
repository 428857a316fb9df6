# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change of state is noticed by whichever way a handler came to it, and only what it came to is compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web

from tests.sandbox.watch import Table, Watched

Thing = dict[str, Any]
Handler = Callable[[Table[Thing]], Coroutine[Any, Any, None]]


def table(dumped: list[str] | None = None) -> Table[Thing]:
    """Return three things; ``dumped`` collects the names of those that are compared."""

    def dump(thing: Thing) -> Any:
        if dumped is not None:
            dumped.append(thing["name"])
        return {name: value for name, value in thing.items() if name != "ticks"}

    things: Table[Thing] = Table(dump)
    for name in "abc":
        things[name] = {"name": name, "numbers": [1], "ticks": 0}
    return things


def changes(things: Table[Thing], handler: Handler, rest: Callable[[], Any] = dict) -> bool:
    """Run a handler and tell whether it counts as one that changed the state."""

    async def answer() -> web.StreamResponse:
        await handler(things)
        return web.Response()

    async def run() -> bool:
        watched = Watched(answer(), [things], rest)
        await watched
        return watched.changed

    return asyncio.run(run())


async def by_name(things: Table[Thing]) -> None:
    things["b"]["numbers"].append(2)


async def by_get(things: Table[Thing]) -> None:
    (things.get("b") or {})["numbers"] = []


async def by_values(things: Table[Thing]) -> None:
    for thing in things.values():
        thing["numbers"] = [1, 2]


async def by_items(things: Table[Thing]) -> None:
    for _name, thing in things.items():
        thing["numbers"][0] = 7


async def by_find(things: Table[Thing]) -> None:
    things.find(lambda thing: thing["name"] == "c")[0]["new"] = True


async def by_adding(things: Table[Thing]) -> None:
    things["d"] = {"name": "d"}


async def by_default(things: Table[Thing]) -> None:
    things.setdefault("d", {"name": "d"})


async def by_replacing(things: Table[Thing]) -> None:
    things["a"] = {"name": "a", "numbers": [2]}


async def by_removing(things: Table[Thing]) -> None:
    del things["a"]


async def by_popping(things: Table[Thing]) -> None:
    things.pop("a", None)


async def by_clearing(things: Table[Thing]) -> None:
    things.clear()


async def after_waiting(things: Table[Thing]) -> None:
    thing = things["a"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    thing["numbers"].append(2)


@pytest.mark.parametrize(
    "handler",
    [
        by_name,
        by_get,
        by_values,
        by_items,
        by_find,
        by_adding,
        by_default,
        by_replacing,
        by_removing,
        by_popping,
        by_clearing,
        after_waiting,
    ],
)
def test_every_way_to_change_a_row_is_noticed(handler: Handler) -> None:
    assert changes(table(), handler)


def test_a_row_that_is_put_back_as_it_was_has_not_changed() -> None:
    async def handler(things: Table[Thing]) -> None:
        things["a"]["numbers"].append(2)
        things["a"] = {"name": "a", "numbers": [1]}
        things.pop("nobody", None)

    assert not changes(table(), handler)


def test_what_a_dump_leaves_out_changes_by_itself() -> None:
    async def handler(things: Table[Thing]) -> None:
        things["a"]["ticks"] += 1

    assert not changes(table(), handler)


def test_what_stands_in_no_table_is_compared_too() -> None:
    rest: list[int] = []

    async def handler(_things: Table[Thing]) -> None:
        rest.append(1)

    assert changes(table(), handler, lambda: rest)


def test_a_row_that_another_changes_while_the_handler_waits_is_not_blamed_on_it() -> None:
    things = table()

    async def handler(things: Table[Thing]) -> None:
        assert things["a"]["numbers"] == [1]
        await asyncio.sleep(0.01)
        assert things["a"]["numbers"] == [1, 2]

    async def both() -> tuple[bool, bool]:
        async def answer(handler: Handler) -> web.StreamResponse:
            await handler(things)
            return web.Response()

        async def other(things: Table[Thing]) -> None:
            things["a"]["numbers"].append(2)

        waiting, changing = (Watched(answer(one), [things], dict) for one in (handler, other))

        async def run(watched: Watched) -> None:
            await watched

        await asyncio.gather(run(waiting), run(changing))
        return waiting.changed, changing.changed

    assert asyncio.run(both()) == (False, True)


def test_only_the_rows_that_a_handler_gets_hold_of_are_compared() -> None:
    dumped: list[str] = []

    async def handler(things: Table[Thing]) -> None:
        assert "a" in things
        assert len(things) == 3
        assert things.find(lambda thing: thing["name"] == "b")

    assert not changes(table(dumped), handler)
    assert set(dumped) == {"b"}
