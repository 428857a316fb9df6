# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a step that would be done now is a part of one that was approved. Pure functions over JSON-like values.

Each value has to be on its way from what it was when the plan was made to what the plan makes of it. So a run that was
killed goes on, and a policy for a part of the workspaces is a part of the one for all; whatever else was put there
since, or would be put there, is a stray.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._kernel.secrets.redact import REDACTED

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Stray:
    """A value that is on no way: where it is, what it was and is, and of a list what it has too much, or lacks."""

    path: str
    then: Any
    now: Any
    extra: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def strays(path: str, then: Any, now: Any, wanted: Any) -> Iterator[Stray]:
    """Yield what in ``now`` is neither what it was then nor what it is to be, as deep as all have the same shape.

    What is empty is not there, which is null.
    """
    then, now, wanted = (None if value in ([], {}) else value for value in (then, now, wanted))
    if is_masked(now) or is_masked(then) or is_masked(wanted) or same(now, then) or same(now, wanted):
        return
    if _are_mappings(then, now, wanted):
        old, new, there = then or {}, wanted or {}, now or {}
        for name in dict.fromkeys([*old, *new, *there]):
            yield from strays(f"{path}.{name}" if path else name, old.get(name), there.get(name), new.get(name))
    elif _are_lists(then, now, wanted):
        yield from _in_lists(path, _list(then), _list(now), _list(wanted))
    else:
        yield Stray(path, then, now)


def _in_lists(path: str, then: list[Any], now: list[Any], wanted: list[Any]) -> Iterator[Stray]:
    """Compare statements of a policy one by one where that is possible, and all else as sets."""
    if any(isinstance(item, Mapping) for item in now):
        old = then or [None] * len(now)
        new = wanted or [None] * len(now)
        if len(old) == len(now) == len(new):
            for index, values in enumerate(zip(old, now, new, strict=True)):
                yield from strays(f"{path}[{index}]", *values)
            return
    before, there, after = (frozenset(map(_spelled, items)) for items in (then, now, wanted))
    extra, missing = there - before - after, (before & after) - there
    if extra or missing:
        yield Stray(path, then, now, tuple(sorted(extra)), tuple(sorted(missing)))


def is_masked(value: Any) -> bool:
    """Tell whether a value is shown masked, so that nobody can compare it."""
    return isinstance(value, str) and (value.startswith(REDACTED) or (value != "" and not value.strip("*")))


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same."""
    return _spelled(one) == _spelled(other)


def _spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _are_mappings(*values: Any) -> bool:
    return all(value is None or isinstance(value, Mapping) for value in values)


def _are_lists(*values: Any) -> bool:
    # AWS takes a single text for a list of one.
    return any(isinstance(value, list) for value in values) and not any(isinstance(value, Mapping) for value in values)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
