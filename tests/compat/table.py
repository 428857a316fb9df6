# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each part came to, what of it is known, and how that is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part after its run.

    ``version``: of the package. ``ran``: what was tried. ``differences``: where it disagrees with the collection or the
    sandbox, a sentence each. ``left_out``: why it did not run; empty if it did.
    """

    name: str
    version: str = ""
    ran: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True)
class Known:
    """A difference that was looked at. ``pattern``: a regular expression, found in it. ``reason``: why it stays."""

    pattern: str
    reason: str

    def is_it(self, difference: str) -> bool:
        """Tell whether this is that difference."""
        return re.search(self.pattern, difference) is not None


KnownOf = Mapping[str, Sequence[Known]]


def unknown(part: Part, known: KnownOf) -> list[str]:
    """Return the differences that nobody has looked at yet."""
    of_part = known.get(part.name, ())
    return [difference for difference in part.differences if not any(one.is_it(difference) for one in of_part)]


def exit_code(parts: Iterable[Part], known: KnownOf) -> int:
    """Return 1 where something disagrees that is not known; what is left out is no failure, and is printed."""
    return int(any(unknown(part, known) for part in parts))


def report(parts: Iterable[Part], known: KnownOf) -> str:
    """Return the table: each part with its version, what ran, and what differed."""
    return "\n".join(line for part in parts for line in _lines(part, known))


def _lines(part: Part, known: KnownOf) -> Iterator[str]:
    yield f"{part.name} {part.version}".rstrip()
    if part.left_out:
        yield f"    left out: {part.left_out}"
        return
    yield f"    ran: {', '.join(part.ran)}"
    new = unknown(part, known)
    for one in known.get(part.name, ()):
        met = [difference for difference in part.differences if one.is_it(difference)]
        if met:
            more = f" (and {len(met) - 1} alike)" if len(met) > 1 else ""
            yield f"    known: {met[0]}{more}"
            yield f"           {one.reason}"
        else:
            yield f"    gone: {one.pattern} was not met any more; take it out of known.py"
    yield from (f"    DIFFERS: {difference}" for difference in new)
    if not part.differences:
        yield "    agrees"
