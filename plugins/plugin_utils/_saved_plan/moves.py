# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has moved between an approved plan of one object and the plan that would be made now, in words for a person."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._words import joined
from .._workspaces.model.differences import apart, quoted
from .._workspaces.model.plan import Action, Change, ChangeReason, WorkspacePlan
from .._workspaces.tell import REASONS
from .model import PLACE
from .parts import Stray, is_masked, strays

# What of an approved action may still be left to do, as when a run was killed.
_PARTS_OF: Mapping[Action, frozenset[Action]] = {
    Action.CREATE: frozenset({Action.CREATE, Action.UPDATE}),
    Action.UPDATE: frozenset({Action.UPDATE}),
    # Of a policy that several share, the buckets of those that have left.
    Action.DELETE: frozenset({Action.DELETE, Action.UPDATE}),
    Action.NONE: frozenset(),
}
_SETTINGS: Mapping[str, str] = {
    "schema": "fivetran_schema",
    "storage": "currents_storage",
    "bucket": "currents_bucket",
    "prefix": "currents_prefix",
}
_WORDS: Mapping[str, str] = {"trust": "the trust policy", "document": "the document"}
_DONE: Mapping[Action, str] = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.DELETE: "removed",
    Action.NONE: "left as it is",
}
# A connection that is to be deleted may be paused before, as careful people do.
_OF_NO_WEIGHT = frozenset({"paused"})


@dataclass(frozen=True)
class Move:
    """A part of a sentence that says what has moved, and the field or the setting that it is about."""

    text: str
    field: str = ""


@dataclass(frozen=True)
class Circumstances:
    """What else decides whether something has moved.

    ``same_settings``: the workspace's settings are those of the approved plan. ``leaving``: the schemas of workspaces
    that leave by the same plan. ``taken_up``: the connection is gone already, so that this run goes on with one that
    has begun.
    """

    same_settings: bool
    leaving: Collection[str] = ()
    taken_up: bool = False


def place_moves(then: WorkspacePlan, now: WorkspacePlan) -> Iterator[Move]:
    """Yield what is another in what says which connection it is, and what it reads."""
    if then.group and now.group and then.group.id != now.group.id:
        yield Move(f"fivetran_group is {_group(now)}, and was {_group(then)}", "fivetran_group")
    for name in PLACE:
        old, new = getattr(then, name), getattr(now, name)
        if old != new:
            is_now, was = _short(new, old)
            yield Move(f"{_SETTINGS[name]} is {is_now}, and was {was}", _SETTINGS[name])
    if then.access.role_arn and now.access.role_arn and then.access.role_arn != now.access.role_arn:
        yield Move(f"the IAM role is {now.access.role_arn}, and was {then.access.role_arn}", "role_arn")


def _group(plan: WorkspacePlan) -> str:
    return f"{plan.group.name} ({plan.group.id})" if plan.group else "unknown"


def id_moves(change: Change | None, then: str, now: str) -> Iterator[Move]:
    """Yield that a connection was replaced by another one of its name."""
    if change is not None and change.is_change and then and now and then != now:
        yield Move(f"{_what(change)} is another one: its id is {now}, and was {then}", "id")


def change_moves(then: Change | None, now: Change | None, known: Circumstances) -> Iterator[Move]:
    """Yield what of the change that would be made now is no part of the approved one, and what of that is left out."""
    if now is None or not now.is_change:
        yield from _left_out(then, now, known)
    elif then is None or not then.is_change:
        yield from _not_planned(then, now, known)
    elif then.name != now.name:
        yield Move(f"it is about {_what(now)}, and was about {_what(then)}")
    elif now.action not in _PARTS_OF[then.action]:
        is_gone = now.action is Action.CREATE
        yield Move(f"{_what(now)} is gone" if is_gone else f"{_what(now)} would be {_DONE[now.action]}")
    else:
        yield from _strays(then, now)
        yield from _other_work(then, now)
        if not known.same_settings:
            yield from _not_wanted(then, now)


def _left_out(then: Change | None, now: Change | None, known: Circumstances) -> Iterator[Move]:
    """Yield why what was approved would not be done; what is there already need not be done."""
    if then is None or not then.is_change:
        return
    if now is not None and now.reason is ChangeReason.STILL_NEEDED:
        # Those of the plan that were refused, or are not in this run, need it still; that takes nothing from anybody.
        others = sorted(set(now.needed_by) - set(known.leaving))
        if others and not known.taken_up:
            yield Move(f"{_what(then)} would stay, because {joined(others)} {'need' if others[1:] else 'needs'} it")
    elif then.action in (Action.CREATE, Action.UPDATE) and not known.same_settings:
        yield from _not_wanted(then, now)


def _not_planned(then: Change | None, now: Change, known: Circumstances) -> Iterator[Move]:
    """Yield what would be done to something that nothing was to be done to."""
    what = _what(now)
    if now.action is not Action.UPDATE:
        is_gone = now.action is Action.CREATE and then is not None and then.reason is ChangeReason.AS_WANTED
        yield Move(f"{what} is gone" if is_gone else f"{what} would be {_DONE[now.action]}")
        return
    # As it is wanted now, it was then, unless the settings want something else.
    differing = [
        stray for field, wanted in now.after.items() for stray in strays(field, wanted, now.before.get(field), wanted)
    ]
    for stray in differing:
        if known.same_settings:
            yield Move(_is_now(what, stray), stray.path)
        else:
            yield Move(f"{_path(stray.path)} of {what} is {_short(stray.now)[0]}, and would be changed", stray.path)
    if not differing:
        yield Move(f"{what} would be changed: {REASONS[now.reason]}")


def _strays(then: Change, now: Change) -> Iterator[Move]:
    what = _what(now)
    removes = then.action is Action.DELETE
    for field in dict.fromkeys([*now.before, *now.after]):
        if removes and field in _OF_NO_WEIGHT:
            continue
        old, wanted = then.before.get(field), then.after.get(field)
        before, after = now.before.get(field), now.after.get(field)
        # What is created is paused until it is started.
        is_new = then.action is Action.CREATE and field == "paused"
        for stray in () if is_new else strays(field, old, before, wanted):
            yield Move(_is_now(what, stray), stray.path)
        for stray in strays(field, before, after, wanted):
            yield Move(_would_be(what, stray, wanted), stray.path)


def _other_work(then: Change, now: Change) -> Iterator[Move]:
    """Yield what is another in how the connection's role is called."""
    if then.work is None or now.work is None:
        return
    for name, old in vars(then.work).items():
        new = getattr(now.work, name)
        if old != new:
            field = f"fivetran_connection_{name}"
            would_be, was = _short(new, old)
            yield Move(f"{field} would be {would_be}, and was {was}", field)


def _not_wanted(then: Change, now: Change | None) -> Iterator[Move]:
    """Yield what was approved, and is not planned any more though the settings may be why."""
    planned = now.after if now is not None and now.is_change else {}
    fields = [field for field, value in then.after.items() if field not in planned and not is_masked(value)]
    if fields and then.action is Action.UPDATE:
        yield from (
            Move(
                f"{_path(field)} of {_what(then)} was to become {_short(then.after[field])[0]}, and is left as it is",
                field,
            )
            for field in fields
        )
    elif fields and planned == {}:
        yield Move(f"the settings are others, and nothing is left to do about {_what(then)}")


def _is_now(what: str, stray: Stray) -> str:
    path = f"{_path(stray.path)} of {what}"
    texts = apart([*stray.extra, *stray.missing])
    extra, missing = texts[: len(stray.extra)], texts[len(stray.extra) :]
    parts = [f"has {joined(extra)}"] if extra else []
    parts += [f"lacks {joined(missing)}"] if missing else []
    if parts:
        return f"{path} {' and '.join(parts)}, as it did not then"
    is_now, was = _short(stray.now, stray.then)
    return f"{path} is {is_now} now, and was {was}"


def _would_be(what: str, stray: Stray, wanted: Any) -> str:
    path = f"{_path(stray.path)} of {what}"
    if stray.extra or stray.missing:
        verb = "would get" if stray.extra else "would lose"
        return f"{path} {verb} {joined(apart(stray.extra or stray.missing))}, which was not approved"
    would_be, approved = _short(stray.now, wanted)
    is_shown = not isinstance(wanted, Mapping | list | None)
    return f"{path} would become {would_be}, and {f'{approved} was' if is_shown else 'that was not'} approved"


def _short(*values: Any) -> list[str]:
    """Return values in one line each, of long ones so much that those that differ look different."""
    return apart([quoted(value) for value in values])


def _what(change: Change) -> str:
    return f"the {change.kind} {'on ' if change.kind == 'grant' else ''}{change.name}"


def _path(path: str) -> str:
    """Return a path as a person says it: Resource[0] of the trust policy."""
    first, _dot, rest = path.partition(".")
    if first == "document" and rest:
        return rest
    words = _WORDS.get(first)
    return path if words is None else f"{rest} of {words}" if rest else words
