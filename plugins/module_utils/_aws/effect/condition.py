# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the condition of a policy's statement is met: yes, no, or that depends on keys nobody here knows. Pure.

Source: AWS's documentation of condition operators, of single- and multivalued keys and of policy variables.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from ..access.documents import listed
from .pattern import Alternatives, Extent, Lookup, Pattern, arn_extent, extent, parse, parse_value

# True, False, or None where nobody can tell.
Truth: TypeAlias = bool | None

# Nothing is known of a key that is not in the context.
UNKNOWN: Alternatives = (None, "*")
ABSENT: Alternatives = (None,)

_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}
_COMPARING = {"equals": eq, "lessthan": lt, "lessthanequals": le, "greaterthan": gt, "greaterthanequals": ge}
_WITH_WILDCARDS = {"stringlike", "arnlike", "arnequals"}
_WITHOUT_CASE = {"stringequalsignorecase", "bool"}


def all_true(truths: Iterable[Truth]) -> Truth:
    """Return whether all are true."""
    found = set(truths)
    return False if False in found else None if None in found else True


def any_true(truths: Iterable[Truth]) -> Truth:
    """Return whether one is true."""
    found = set(truths)
    return True if True in found else None if None in found else False


def negated(truth: Truth) -> Truth:
    """Return the opposite; of what nobody can tell, nobody can tell the opposite."""
    return None if truth is None else not truth


@dataclass(frozen=True)
class Context:
    """What a request tells AWS about itself: for each condition key, in lower case, what it may be."""

    values: Mapping[str, Alternatives] = field(default_factory=dict)

    def of(self, key: str) -> Alternatives:
        """Return what the key may be."""
        return self.values.get(key.lower(), UNKNOWN)

    def having(self, values: Mapping[str, Alternatives]) -> Context:
        """Return the context with other values for some keys."""
        return Context({**self.values, **{key.lower(): value for key, value in values.items()}})


@dataclass(frozen=True)
class Met:
    """Whether a condition is met. ``keys``: what it depends on if nobody can tell, what is not met if it is not."""

    truth: Truth
    keys: tuple[str, ...] = ()


def judge_condition(condition: Mapping[str, Mapping[str, Any]], context: Context, variables: bool) -> Met:
    """Tell whether ``condition`` is met; ``variables``: whether the policy's version knows them."""
    found = [
        (key, _line(operator.lower(), key, texts(values), context, context.of if variables else None))
        for operator, lines in condition.items()
        for key, values in lines.items()
    ]
    truth = all_true(one for _key, one in found)
    keys = dict.fromkeys(key for key, one in found if one is truth)
    return Met(truth, () if truth else tuple(keys))


def is_positive(operator: str) -> bool:
    """Tell whether an operator asks for one of some values, not for none of them."""
    name = operator.lower().removesuffix("ifexists").rsplit(":", 1)[-1]
    return name not in _NEGATED and name != "null"


def texts(values: Any) -> list[str]:
    """Return values as AWS takes them: JSON's own true, false and numbers may stand without quotation marks."""
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed(values)]


def _line(operator: str, key: str, values: Sequence[str], context: Context, lookup: Lookup | None) -> Truth:
    if operator == "null":
        return _presence(values, context.of(key))
    asked = _asked(operator, tuple(values), lookup)
    answers = {asked.about(alternative) for alternative in context.of(key)}
    return answers.pop() if len(answers) == 1 else None


def _presence(values: Sequence[str], alternatives: Alternatives) -> Truth:
    wanted = {value.lower() for value in values}
    if len(wanted) != 1 or not wanted <= {"true", "false"}:
        return None
    found = {str(alternative is None).lower() for alternative in alternatives}
    return found == wanted if len(found) == 1 else None


@dataclass(frozen=True)
class _Asked:
    """One line of a condition: ``compare`` what the request has; ``if_absent``: the answer where it has nothing."""

    compare: Callable[[Pattern], Truth]
    is_negated: bool
    if_absent: bool

    def about(self, alternative: str | None) -> Truth:
        if alternative is None:
            return self.if_absent
        truth = self.compare(parse_value(alternative))
        return negated(truth) if self.is_negated else truth


def _asked(operator: str, values: tuple[str, ...], lookup: Lookup | None) -> _Asked:
    name = operator.removesuffix("ifexists")
    for_all, for_any = name.startswith("forallvalues:"), name.startswith("foranyvalue:")
    name = name.removeprefix("forallvalues:").removeprefix("foranyvalue:")
    is_negated = name in _NEGATED
    if_absent = operator.endswith("ifexists") or for_all or (is_negated and not for_any)
    compare = _comparison(_NEGATED.get(name, name), values, lookup, is_negated)
    return _Asked(compare, is_negated, if_absent)


def _comparison(
    name: str, values: tuple[str, ...], lookup: Lookup | None, is_negated: bool
) -> Callable[[Pattern], Truth]:
    kind = next((kind for kind in ("numeric", "date") if name.startswith(kind)), "")
    if kind and name.removeprefix(kind) in _COMPARING:
        return lambda what: _ordered(kind, name.removeprefix(kind), values, what)
    if name == "ipaddress":
        return lambda what: _in_networks(values, what)
    if name not in {"stringequals", "binaryequals", *_WITH_WILDCARDS, *_WITHOUT_CASE}:
        return lambda _what: None
    found = [parse(value, lookup, wildcards=name in _WITH_WILDCARDS) for value in values]
    # A variable without a value matches nothing; whether the opposite then holds, AWS leaves open.
    unclear = is_negated and None in found
    patterns = [pattern for pattern in found if pattern is not None]
    return lambda what: None if unclear else _like(name, patterns, what)


def _like(name: str, patterns: Sequence[Pattern], what: Pattern) -> Truth:
    if name in _WITHOUT_CASE:
        patterns, what = [pattern.lower() for pattern in patterns], what.lower()
    found = arn_extent(patterns, what) if name.startswith("arn") else extent(patterns, what)
    return {Extent.ALL: True, Extent.NONE: False}.get(found)


def _ordered(kind: str, comparison: str, values: Sequence[str], what: Pattern) -> Truth:
    read = _number if kind == "numeric" else _moment
    actual = read(what.text) if what.is_literal else None
    wanted = [read(value) for value in values]
    compare = _COMPARING[comparison]
    return any_true(None if actual is None or one is None else compare(actual, one) for one in wanted)


@lru_cache(maxsize=1024)
def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@lru_cache(maxsize=1024)
def _moment(text: str) -> float | None:
    """Return a date, which AWS takes in two spellings, as seconds since 1970."""
    if text.isdecimal() and len(text) > len("YYYYMMDD"):
        return _number(text)
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _in_networks(values: Sequence[str], what: Pattern) -> Truth:
    if not what.is_literal:
        return None
    try:
        address = ipaddress.ip_address(what.text)
    except ValueError:
        return None
    return any_true(_in_network(address, value) for value in values)


def _in_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, value: str) -> Truth:
    try:
        return address in ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
