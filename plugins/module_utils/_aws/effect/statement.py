# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the statements of one policy document say about one request. Pure functions.

Source: AWS's documentation of the elements of a policy.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from ..._bucket.effect import Reason
from ..access.documents import listed
from .condition import Context, Met, Truth, all_true, is_positive, judge_condition, texts
from .pattern import Extent, Lookup, Pattern, arn_extent, extent, parse, parse_value
from .principal import Asker, Named, how_named


@dataclass(frozen=True)
class Document:
    """A policy. ``name``: as a person knows it, such as ``the inline policy x``.

    ``content``: None if it could not be read; ``unread`` then tells why, such as ``iam:GetRolePolicy is not allowed``.
    """

    name: str
    content: Mapping[str, Any] | None
    unread: str = ""


@dataclass(frozen=True)
class PolicyRequest:
    """What is asked for. ``resource``: an ARN; with wildcards it stands for all that they match. A role needs none."""

    asker: Asker
    action: str
    resource: str
    context: Context


class DocumentKind(Enum):
    """What a document is, which decides what its statements must have."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"


@dataclass(frozen=True)
class Statement:
    """A statement. ``number``: from 1. ``variables``: whether the policy's version knows variables."""

    document: str
    number: int
    content: Mapping[str, Any]
    variables: bool

    @property
    def label(self) -> str:
        """Return its Sid, or its number in the document."""
        sid = self.content.get("Sid")
        return sid if isinstance(sid, str) and sid.strip() else str(self.number)

    @property
    def title(self) -> str:
        """Return what a sentence calls it."""
        return f"statement {self.label} of {self.document}"

    @property
    def allows(self) -> bool:
        return bool(self.content.get("Effect") == "Allow")

    @property
    def positive_keys(self) -> set[str]:
        """Return the condition keys, in lower case, that must have one of some values."""
        condition = self.content.get("Condition", {})
        positive = (lines for operator, lines in condition.items() if is_positive(operator))
        return {key.lower() for lines in positive for key in lines}


@dataclass(frozen=True)
class Opaque:
    """What cannot be judged: a document that was not read, or a statement that is none."""

    reason: Reason
    may_allow: bool = True
    may_deny: bool = True


Part: TypeAlias = Statement | Opaque


@dataclass(frozen=True)
class Hit:
    """What a statement that is about an action says of a request.

    ``truth``: whether it applies to whom it names, None if nobody can tell; an Allow must be about the whole resource,
    a Deny about any of it. ``extent``: about how much. ``met``: whether its condition is. ``named``: how it names who
    asks.
    """

    statement: Statement
    truth: Truth
    extent: Extent
    met: Met
    named: frozenset[Named]

    def by(self, *how: Named) -> Truth:
        """Tell whether it applies to who asks, as far as they are named in one of these ways, or perhaps."""
        if not self.named.isdisjoint(how):
            return self.truth
        perhaps = Named.PERHAPS in self.named or (Named.PERHAPS_ACCOUNT in self.named and Named.ACCOUNT in how)
        return all_true((self.truth, None)) if perhaps else False

    @property
    def is_partial(self) -> bool:
        """Tell whether it would allow a part of the resource, and not all."""
        return self.statement.allows and self.extent is Extent.PART and self.met.truth is not False


def parts(document: Document, kind: DocumentKind) -> Iterator[Part]:
    """Yield the statements of a document, and what in it cannot be judged."""
    if document.content is None:
        why = f" ({document.unread})" if document.unread else ""
        yield Opaque(Reason("unread", f"{document.name} could not be read{why}", where=document.name))
        return
    found = document.content.get("Statement") if isinstance(document.content, Mapping) else None
    if not isinstance(found, Mapping | list | tuple):
        yield _malformed(document.name, "has no statements", "", None)
        return
    variables = document.content.get("Version") == "2012-10-17"
    for number, content in enumerate(listed(found), start=1):
        statement = Statement(document.name, number, content if isinstance(content, Mapping) else {}, variables)
        fault = _fault(statement.content, kind) if isinstance(content, Mapping) else "is not an object"
        yield _malformed(statement.title, fault, statement.label, statement) if fault else statement


def _malformed(subject: str, fault: str, label: str, statement: Statement | None) -> Opaque:
    effect = statement.content.get("Effect") if statement else None
    where = statement.document if statement else subject
    reason = Reason("malformed", f"{subject} {fault}, so nobody can tell what it means", where=where, statement=label)
    return Opaque(reason, may_allow=effect != "Deny", may_deny=effect != "Allow")


def _fault(content: Mapping[str, Any], kind: DocumentKind) -> str:
    """Return what is wrong with a statement, nothing if it can be judged."""
    if content.get("Effect") not in ("Allow", "Deny"):
        return "has no Effect"
    needed = {"Action", "Resource"} if kind is DocumentKind.IDENTITY else {"Action", "Resource", "Principal"}
    if kind is DocumentKind.TRUST:
        needed -= {"Resource"}
    for name in sorted(needed):
        if (name in content) == (f"Not{name}" in content):
            return f"needs either {name} or Not{name}"
        if name != "Principal" and not _are_texts(content.get(name, content.get(f"Not{name}"))):
            return f"has a {name} that is not text"
    if kind is DocumentKind.IDENTITY and not {"Principal", "NotPrincipal"}.isdisjoint(content):
        return "has a Principal, which belongs in a resource's policy"
    return "" if _is_condition(content.get("Condition", {})) else "has a Condition of another form"


def _are_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value))


def _is_condition(condition: Any) -> bool:
    return isinstance(condition, Mapping) and all(
        isinstance(operator, str)
        and isinstance(lines, Mapping)
        and all(isinstance(key, str) and all(map(_is_scalar, listed(values))) for key, values in lines.items())
        for operator, lines in condition.items()
    )


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def hit(statement: Statement, request: PolicyRequest, kind: DocumentKind) -> Hit | None:
    """Return what the statement says of a request, None if it is about other actions, things or people."""
    content, context = statement.content, request.context
    lookup = context.of if statement.variables else None
    actions = _among(content, "Action", parse_value(request.action.lower()), None)
    things = (
        Extent.ALL if kind is DocumentKind.TRUST else _among(content, "Resource", parse_value(request.resource), lookup)
    )
    named = frozenset({Named.ITSELF}) if kind is DocumentKind.IDENTITY else how_named(content, request.asker)
    if Extent.NONE in (actions, things) or not named:
        return None
    met = judge_condition(content.get("Condition", {}), context, statement.variables)
    covers = {Extent.ALL: True, Extent.PART: not statement.allows}.get(things)
    return Hit(statement, all_true((covers, met.truth)), things, met, named)


def _among(content: Mapping[str, Any], name: str, what: Pattern, lookup: Lookup | None) -> Extent:
    """Return how much of ``what`` the element ``name``, or its opposite, speaks of."""
    negative = f"Not{name}" in content
    values = texts(content[f"Not{name}"] if negative else content[name])
    found = [parse(value.lower() if name == "Action" else value, lookup) for value in values]
    patterns = [pattern for pattern in found if pattern is not None]
    speaks = extent(patterns, what) if name == "Action" else arn_extent(patterns, what)
    if not negative:
        return speaks
    # A variable without a value matches nothing; whether the opposite then holds, AWS leaves open.
    return speaks.outside() if None not in found else Extent.MAYBE


def touched(statement: Statement, request: PolicyRequest) -> str:
    """Return which part of the resource a statement speaks of."""
    what = parse_value(request.resource)
    lookup = request.context.of if statement.variables else None
    values = texts(statement.content.get("Resource", statement.content.get("NotResource")))
    patterns = {value: parse(value, lookup) for value in values}
    near = [value for value, one in patterns.items() if one and arn_extent([one], what) is not Extent.NONE]
    return f"{'all but ' if 'NotResource' in statement.content else ''}{' and '.join(near)}"
