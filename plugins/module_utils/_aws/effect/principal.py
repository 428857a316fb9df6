# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the Principal of a statement means. Pure functions.

Source: AWS's documentation of principals, and of NotPrincipal beside a permissions boundary.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..access.documents import listed

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


@dataclass(frozen=True)
class Asker:
    """Who asks: a user, or a session of a role, by the ARN of the user or role. ``is_bounded``: has a boundary."""

    arn: str
    is_session: bool
    is_bounded: bool = False

    def field(self, number: int) -> str:
        """Return a part of the ARN between colons, nothing if it has fewer."""
        parts = self.arn.split(":", 5)
        return parts[number] if number < len(parts) else ""

    @property
    def account(self) -> str:
        return self.field(4)

    @property
    def partition(self) -> str:
        return self.field(1)


class Named(Enum):
    """How a statement names who asks."""

    ITSELF = "itself"
    ACCOUNT = "account"
    EVERYONE = "everyone"
    # Its session by a name that Fivetran chooses, or something that is not understood.
    PERHAPS = "perhaps"
    # S3's own spelling of accounts.
    PERHAPS_ACCOUNT = "perhaps account"


def how_named(content: Mapping[str, Any], asker: Asker) -> frozenset[Named]:
    """Return how the statement ``content`` names who asks; nothing if it means others."""
    if "NotPrincipal" not in content:
        return frozenset(filter(None, (_name(kind, who, asker) for kind, who in principals(content["Principal"]))))
    excepted = frozenset(filter(None, (_name(kind, who, asker) for kind, who in principals(content["NotPrincipal"]))))
    if content["Effect"] == "Allow":
        return frozenset({Named.PERHAPS})
    # AWS: with a boundary the exception never helps; without, the session must be excepted as well, by its own name.
    return frozenset({Named.PERHAPS if excepted and not asker.is_bounded else Named.EVERYONE})


def principals(principal: Any) -> Iterator[tuple[str, str]]:
    """Yield whom a Principal names, each with its kind: ``AWS``, ``Service``, ``Federated``, ``CanonicalUser``."""
    if not isinstance(principal, Mapping):
        yield ("AWS" if principal == "*" else "", str(principal))
        return
    for kind, whom in principal.items():
        for who in listed(whom):
            yield str(kind), str(who)


def _name(kind: str, who: str, asker: Asker) -> Named | None:
    if kind in ("Service", "Federated"):
        return None
    if kind != "AWS":
        return Named.PERHAPS_ACCOUNT if kind == "CanonicalUser" else Named.PERHAPS
    if who == "*":
        return Named.EVERYONE
    if who in (asker.account, f"arn:{asker.partition}:iam::{asker.account}:root"):
        return Named.ACCOUNT if _ACCOUNT.fullmatch(asker.account) else None
    if who == asker.arn:
        return Named.ITSELF
    name = asker.arn.rsplit("/", 1)[-1]
    sessions = f"arn:{asker.partition}:sts::{asker.account}:assumed-role/{name}/"
    return Named.PERHAPS if asker.is_session and who.startswith(sessions) else None
