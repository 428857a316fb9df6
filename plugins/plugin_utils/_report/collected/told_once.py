# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of several sources, each told once."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable

from ....module_utils._kernel.finding import SEVERITIES, Finding


def told_once(*sources: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings of all sources, the worst first, and each once.

    Two sources tell the same where step and code are the same, and the field as far as both name one: the worse one
    stays, of equals the earlier. Within a source, only what is the same word for word is.
    """
    told = [tuple(dict.fromkeys(source)) for source in sources]
    kept = [
        finding
        for number, source in enumerate(told)
        for finding in source
        if not any(
            _is_same(finding, other) and (_rank(other), position) < (_rank(finding), number)
            for position, others in enumerate(told)
            for other in others
            if position != number
        )
    ]
    return tuple(sorted(kept, key=_rank))


def _is_same(one: Finding, other: Finding) -> bool:
    if one.step != other.step:
        return False
    if not (one.code and other.code):
        return one.message == other.message
    return one.code == other.code and (one.field == other.field or not (one.field and other.field))


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
