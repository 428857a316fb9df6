# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception that ends a module, and the structured failure that playbooks can decide on."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

from .printable import printable


class Explained(NamedTuple):
    """A sentence, without its full stop, and what to do."""

    sentence: str
    next_step: str


@dataclass(frozen=True)
class Failure:
    """What went wrong, as data: returned as ``failure`` beside ``msg``.

    ``code`` is stable and meant to be matched: the vendor's own code (``NotFound_Group``) where there is one,
    else one of the collection's words (``timeout``, ``connection_failed``, ``certificate``, ``invalid_argument`` ...).
    ``message`` is the vendor's text without secrets; it may change any day.
    """

    code: str
    message: str = ""
    status: int | None = None
    request: str | None = None
    request_id: str | None = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        for name in ("code", "message", "request", "request_id"):
            text = getattr(self, name)
            if isinstance(text, str):
                # What is frozen can be set in this way only.
                object.__setattr__(self, name, printable(text))


@dataclass(eq=False)
class OnrampError(Exception):
    """Ends the task: ``msg`` for a person, ``failure`` for a playbook, ``result`` for what is known all the same."""

    msg: str
    failure: Failure
    result: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Whatever it quotes is no line of its own.
        self.msg = printable(self.msg)

    def __str__(self) -> str:
        return self.msg

    def with_result(self, known: Mapping[str, Any]) -> Self:
        """Add what is known all the same; returns itself, to be raised again."""
        self.result = {**known, **self.result}
        return self

    def as_result(self) -> dict[str, Any]:
        """Return the keys for ``fail_json``."""
        return {**self.result, "msg": self.msg, "failure": asdict(self.failure)}


class InvalidArgument(OnrampError):
    """An option has a value that cannot work; raised before anything is written."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg=msg, failure=Failure(code="invalid_argument", message=msg))
