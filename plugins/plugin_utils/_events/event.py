# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happened to a connection, in the one form that both event sources emit.

Nothing of it is secret: what vendors say goes through :class:`Scrubber` first, because they quote each other's keys.
Nothing of it is a template: a rulebook hands events over as extra variables, which Ansible takes for templates.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ...module_utils._kernel.printable import printable
from ...module_utils._kernel.trace.redact import Scrubber

LONGEST_TEXT = 500
_TEMPLATE = re.compile(r"\{(?=[{%#])")


class EventKind(StrEnum):
    """What happened. ``OTHER``: what Fivetran posts and this collection has no word for."""

    BROKEN = "broken"
    SYNC_FAILED = "sync_failed"
    INCOMPLETE = "incomplete"
    DELAYED = "delayed"
    PAUSED = "paused"
    RESUMED = "resumed"
    CONNECTED = "connected"
    SYNC_SUCCEEDED = "sync_succeeded"
    SYNC_STARTED = "sync_started"
    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"
    TESTS_PASSED = "tests_passed"
    TESTS_FAILED = "tests_failed"
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """One event. ``before`` and ``after``: Fivetran's states by name, None where the source does not know them.

    ``at``: ISO 8601. ``sync_id`` and ``reason`` are empty where there is none. ``name``: Fivetran's own of a webhook.
    """

    kind: EventKind
    connection_id: str
    schema: str
    group_id: str
    service: str
    at: str
    source: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str = ""
    sync_id: str = ""
    name: str = ""

    def as_emitted(self, scrubber: Scrubber) -> dict[str, Any]:
        """Return what a rulebook gets: everything below ``fivetran``. Whatever looks like a key is in none of it."""
        data = {**asdict(self), "kind": self.kind.value}
        return {"fivetran": {name: _harmless(value, scrubber) for name, value in data.items()}}


def _harmless(value: Any, scrubber: Scrubber) -> Any:
    if isinstance(value, Mapping):
        return {name: _harmless(inner, scrubber) for name, inner in value.items()}
    return no_template(scrubber.text(value))[:LONGEST_TEXT] if isinstance(value, str) else value


def text(data: Mapping[str, Any], name: str) -> str:
    """Return a text of somebody else as one printable line; empty if it is none."""
    value = data.get(name)
    return no_template(printable(value))[:LONGEST_TEXT] if isinstance(value, str) else ""


def no_template(text: str) -> str:
    """Return a text in which nothing begins that Ansible would evaluate."""
    return _TEMPLATE.sub("{ ", text)
