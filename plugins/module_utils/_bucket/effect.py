# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody may do, judged by its effect: yes, no, or nobody can tell from here, and why.

The vocabulary that the evaluators of both clouds share. A judgement never guesses: what depends on something that
cannot be seen is ``UNKNOWN`` and names it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Answer(StrEnum):
    """Whether something is allowed. The values are what results show."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reason:
    """What an answer rests on.

    ``code``: stable, to be matched. ``text``: a clause for people, without a full stop, such as ``the inline policy x
    denies s3:GetObject``. ``where``: the document or binding, as its vendor calls it. ``statement``: its Sid, or its
    number in the document. ``action``, ``resource``: what is allowed, denied or missing. Empty where nothing fits.
    """

    code: str
    text: str
    where: str = ""
    statement: str = ""
    action: str = ""
    resource: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the reason as results show it."""
        return asdict(self)


@dataclass(frozen=True)
class Effect:
    """An answer, and every reason that there is for it."""

    answer: Answer
    reasons: tuple[Reason, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the judgement as results show it."""
        return {"answer": self.answer.value, "reasons": [reason.as_json() for reason in self.reasons]}


def all_of(effects: Iterable[Effect]) -> Effect:
    """Return whether everything is allowed: one "no" decides, then one "unknown"; with the reasons for that answer."""
    found = list(effects)
    for answer in (Answer.NO, Answer.UNKNOWN, Answer.YES):
        deciding = [effect for effect in found if effect.answer is answer]
        if deciding:
            return Effect(answer, tuple(dict.fromkeys(reason for effect in deciding for reason in effect.reasons)))
    return Effect(Answer.YES)
