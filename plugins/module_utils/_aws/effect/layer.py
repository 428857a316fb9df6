# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What policies of one kind (a role's own, its boundary, a resource's) say of a request, and in which words. Pure."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..._bucket.effect import Reason
from .condition import Truth, any_true
from .pattern import Extent
from .principal import Named
from .statement import Document, DocumentKind, Hit, Opaque, PolicyRequest, Statement, hit, parts, touched

ANY_NAME = (Named.ITSELF, Named.ACCOUNT, Named.EVERYONE)


@dataclass(frozen=True)
class Layer:
    """The statements that are about the request, and what could not be judged. ``name``: who or what has them."""

    name: str
    request: PolicyRequest
    hits: tuple[Hit, ...] = ()
    opaque: tuple[Opaque, ...] = ()

    @property
    def allowing(self) -> list[Hit]:
        return [one for one in self.hits if one.statement.allows]

    @property
    def denying(self) -> list[Hit]:
        return [one for one in self.hits if not one.statement.allows]

    def allows(self, *how: Named) -> Truth:
        """Tell whether it allows the request to who asks, as far as they are named in one of these ways."""
        found = any_true([one.by(*how) for one in self.allowing] + [None for one in self.opaque if one.may_allow])
        # Two that allow a part each may allow everything together.
        return None if found is False and len(self.partial(*how)) > 1 else found

    def partial(self, *how: Named) -> list[Hit]:
        """Return what would allow a part of what is asked for."""
        return [one for one in self.allowing if one.is_partial and not one.named.isdisjoint((*how, Named.PERHAPS))]

    def denies(self) -> Truth:
        """Tell whether it denies the request."""
        return any_true([one.by(*ANY_NAME) for one in self.denying] + [None for one in self.opaque if one.may_deny])

    def denials(self) -> Iterator[Reason]:
        """Yield what surely denies it."""
        for one in self.denying:
            if one.by(*ANY_NAME):
                is_part = one.extent is Extent.PART
                code, part = ("denied_in_part", self._part(one.statement)) if is_part else ("denied", "")
                yield self._reason(code, one.statement, f"{one.statement.title} denies {self._what}{part}")

    def allowances(self) -> Iterator[Reason]:
        """Yield what surely allows it."""
        for one in self.allowing:
            if one.by(*ANY_NAME):
                yield self._reason("allowed", one.statement, f"{one.statement.title} allows {self._what}")

    def near_misses(self) -> Iterator[Reason]:
        """Yield what would allow it if something were different."""
        for one in self.allowing:
            if one.met.truth is False:
                keys = " and ".join(one.met.keys)
                text = f"{one.statement.title} would allow {self._what}, but its condition on {keys} is not met"
                yield self._reason("condition_not_met", one.statement, text)
        yield from self.only_in_part()

    def only_in_part(self) -> Iterator[Reason]:
        """Yield what would allow a part of what is asked for."""
        for one in self.partial(*ANY_NAME):
            text = f"{one.statement.title} allows {self._what}{self._part(one.statement)} only"
            yield self._reason("allowed_in_part", one.statement, text)

    def undecided(self, denials_only: bool = False) -> Iterator[Reason]:
        """Yield what may deny it, or else allow it, and on what that depends."""
        yield from (part.reason for part in self.opaque if part.may_deny or not denials_only)
        for one in self.denying if denials_only else self.hits:
            if one.by(*ANY_NAME) is None:
                verb = "allows" if one.statement.allows else "denies"
                text = f"whether {one.statement.title} {verb} {self._what} depends on {_on_what(one)}"
                yield self._reason("undecided", one.statement, text)

    def lacking(self, code: str) -> Reason:
        """Return that it does not allow the request."""
        action, resource = self.request.action, self.request.resource
        return Reason(code, f"{self.name} does not allow {self._what}", self.name, "", action, resource)

    @property
    def _what(self) -> str:
        return f"{self.request.action} on {self.request.resource}" if self.request.resource else self.request.action

    def _part(self, statement: Statement) -> str:
        return f", for {touched(statement, self.request)}"

    def _reason(self, code: str, statement: Statement, text: str) -> Reason:
        action, resource = self.request.action, self.request.resource
        return Reason(code, text, statement.document, statement.label, action, resource)


def layer(name: str, documents: Iterable[Document], kind: DocumentKind, request: PolicyRequest) -> Layer:
    """Return what ``documents`` say of ``request``."""
    found = [part for document in documents for part in parts(document, kind)]
    hits = (hit(part, request, kind) for part in found if isinstance(part, Statement))
    opaque = (part for part in found if isinstance(part, Opaque))
    return Layer(name, request, tuple(one for one in hits if one), tuple(opaque))


def _on_what(one: Hit) -> str:
    if one.met.truth is None:
        return " and ".join(one.met.keys)
    if one.named.isdisjoint(ANY_NAME):
        return (
            "whom its NotPrincipal excepts" if "NotPrincipal" in one.statement.content else "whom its Principal means"
        )
    return "its variables"
