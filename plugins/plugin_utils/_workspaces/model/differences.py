# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change makes of a value, in lines for a person: of long lists what goes and what comes, and not the rest.

Pure functions over JSON-like values.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from ..._words import joined

# Longer values stand in the difference that --diff shows.
LONGEST_VALUE = 160
# A whole statement of a policy, which somebody has to read who approves that it goes or comes.
LONGEST_ITEM = 1000
# So many items that go, and as many that come, are told one by one.
MOST_ITEMS = 50
# How much of two dictionaries has to be the same for one to be what became of the other.
_ALIKE = 0.5


def quoted(value: Any) -> str:
    """Return a value in one printable line."""
    return json.dumps(value, default=str)


def leaves(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of whatever differs, as deep as both have the same shape."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from leaves(f"{path}.{name}", before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from leaves(f"{path}[{index}]", old, new)
    elif before != after:
        yield path, before, after


def difference(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield a line for each thing that differs, as it stands below the change."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            yield from difference(f"{path}.{name}", old.get(name), new.get(name))
    elif max(len(quoted(old)), len(quoted(new))) <= LONGEST_VALUE:
        for where, before, after in leaves(path, old, new):
            yield f"      {where}: {quoted(before)} -> {quoted(after)}"
    elif isinstance(old, list) or isinstance(new, list):
        yield from _of_items(path, _items(old), _items(new))
    elif old is None and isinstance(new, Mapping):
        yield from difference(path, {}, new)
    elif isinstance(old, Mapping) and new is None:
        yield from difference(path, old, {})
    elif old != new:
        yield "      {}: {} -> {}".format(path, *apart([quoted(old), quoted(new)]))


def sentence(subject: str, old: Any, new: Any) -> str:
    """Return what differs in a sentence: of lists that agree in part what is missing and what is too much."""
    here, there = _items(old), _items(new)
    surplus, missing = _without(here, there), _without(there, here)
    is_list, is_long = (isinstance(old, list) or isinstance(new, list)), len(quoted(old) + quoted(new)) > LONGEST_VALUE
    if is_list and (is_long or len(missing) < len(there)):
        too_much, lacking = (joined(apart([*map(quoted, side.values())], LONGEST_ITEM)) for side in (surplus, missing))
        parts = [f"lacks {lacking}" if missing else "", f"should not have {too_much}" if surplus else ""]
        return f"{subject} {' and '.join(filter(None, parts)) or 'has the same in another order'}."
    return "{} is {}, should be {}.".format(subject, *apart([quoted(old), quoted(new)]))


def apart(texts: Sequence[str], longest: int = LONGEST_VALUE) -> list[str]:
    """Return of long texts the beginning, and where that is the same of two that differ, also where they part."""
    cut = [text if len(text) <= longest else f"{text[:longest]}..." for text in texts]
    for beginning, count in Counter(cut).items():
        alike = [index for index, text in enumerate(cut) if text == beginning] if count > 1 else []
        whole = sorted({texts[index] for index in alike})
        if len(whole) > 1:
            shown = _from_where_they_part(whole, longest)
            for index in alike:
                cut[index] = shown[texts[index]]
    return cut


def _from_where_they_part(texts: Sequence[str], longest: int) -> dict[str, str]:
    """Return sorted texts that begin alike, each so that it is no other; whole if nothing else helps."""
    head, lead, parting = longest // 2, longest // 8, _in_common(texts[0], texts[-1])
    end = parting + longest - head - lead
    shown = {text: f"{text[:head]}...{text[parting - lead : end]}{'...' if len(text) > end else ''}" for text in texts}
    return shown if len(set(shown.values())) == len(texts) else {text: text for text in texts}


def _in_common(one: str, other: str) -> int:
    """Return how many characters two texts begin with that are the same."""
    return sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _items(value: Any) -> list[Any]:
    """Return a value as AWS takes one that stands where a list may."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _of_items(path: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    gone, come = _without(old, new), _without(new, old)
    for here, there in _successors(gone, come, is_replaced=len(old) == len(new)):
        yield from difference(f"{path}[{here}]", gone.pop(here), come.pop(there))
    texts = apart([quoted(item) for item in (*gone.values(), *come.values())], LONGEST_ITEM)
    for verb, told in (("taken out", texts[: len(gone)]), ("added", texts[len(gone) :])):
        yield from (f"      {path}: {verb}: {text}" for text in told[:MOST_ITEMS])
        if len(told) > MOST_ITEMS:
            yield f"      {path}: {verb}: {len(told) - MOST_ITEMS} more"
    if old != new and sorted(map(quoted, old)) == sorted(map(quoted, new)):
        yield f"      {path}: the same in another order"


def _without(items: list[Any], others: list[Any]) -> dict[int, Any]:
    """Return the items, by where they are, that are not among the others, or not as often."""
    left, found = Counter(map(quoted, others)), {}
    for index, item in enumerate(items):
        if left[quoted(item)]:
            left[quoted(item)] -= 1
        else:
            found[index] = item
    return found


def _successors(gone: Mapping[int, Any], come: Mapping[int, Any], *, is_replaced: bool) -> list[tuple[int, int]]:
    """Return which statement has become which: that of its name, or else the most similar, if it is similar at all."""
    statements = ({index: one for index, one in side.items() if isinstance(one, Mapping)} for side in (gone, come))
    old, new = statements
    if is_replaced and len(gone) == len(come) == len(old) == len(new) == 1:
        return [(next(iter(old)), next(iter(new)))]
    likeness = {(here, there): _likeness(one, other) for here, one in old.items() for there, other in new.items()}
    found: dict[int, int] = {}
    for here, there in sorted(likeness, key=lambda pair: (-likeness[pair], *pair)):
        if likeness[here, there] >= _ALIKE and here not in found and there not in found.values():
            found[here] = there
    return sorted(found.items())


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    if one.get("Sid") and one.get("Sid") == other.get("Sid"):
        return 1.0
    names = {*one, *other}
    same = [name for name in names if name in one and name in other and one[name] == other[name]]
    return len(same) / max(len(names), 1)
