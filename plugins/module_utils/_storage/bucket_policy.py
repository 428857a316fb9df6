# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Tell whether a Deny in an S3 bucket policy would hit Fivetran. Pure functions.

What a session of Fivetran's role looks like to AWS is known for some condition keys; where a statement asks for others,
the answer is that it may hit. Source: AWS's documentation of policy evaluation, condition operators and global keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .s3_documents import listed

# What AWS answers where a request does not have the key, because it came over the internet.
_ABSENT_KEYS = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourceaccount", "aws:sourcearn"})
_POSITIVE = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "bool"}
_NEGATIVE = {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"}
_WITH_WILDCARDS = {"stringlike", "stringnotlike", "arnequals", "arnlike", "arnnotequals", "arnnotlike"}
# These also hit what the operator is the opposite of, for a key that a request does not have.
_TRUE_IF_ABSENT = {*_NEGATIVE, "notipaddress", "numericnotequals", "datenotequals"}


@dataclass(frozen=True)
class Reader:
    """Fivetran as AWS sees it: a session of the role ``role_arn``, which reads ``bucket`` below ``prefix``."""

    role_arn: str
    bucket: str
    prefix: str = ""

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    @property
    def partition(self) -> str:
        return self.role_arn.split(":")[1]

    @property
    def needs(self) -> Mapping[str, str]:
        """Return what Fivetran does, with the resource that it does it to."""
        bucket = f"arn:{self.partition}:s3:::{self.bucket}"
        folder = f"{self.prefix.strip('/')}/" if self.prefix.strip("/") else ""
        return {"s3:listbucket": bucket, "s3:getbucketlocation": bucket, "s3:getobject": f"{bucket}/{folder}*"}

    def value(self, key: str) -> str | None:
        """Return what AWS answers for a condition key, None if that is not known."""
        return {
            "aws:principalarn": self.role_arn,
            "aws:principalaccount": self.account,
            "aws:principaltype": "AssumedRole",
            "aws:securetransport": "true",
            "aws:principalisawsservice": "false",
            "aws:viaawsservice": "false",
        }.get(key)


@dataclass(frozen=True)
class Denial:
    """A statement that hits Fivetran. ``undecided``: the condition keys on which that depends; none if it is sure."""

    sid: str
    undecided: tuple[str, ...] = ()


def denials(policy: Mapping[str, Any], reader: Reader) -> Iterator[Denial]:
    """Yield the Deny statements of ``policy`` that hit, or may hit, ``reader``."""
    for number, statement in enumerate(listed(policy.get("Statement")), start=1):
        if statement.get("Effect") != "Deny":
            continue
        if not (_is_about_what_it_does(statement, reader) and _is_about_the_reader(statement, reader)):
            continue
        undecided = _condition(statement.get("Condition") or {}, reader)
        if undecided is not None:
            yield Denial(sid=str(statement.get("Sid") or f"number {number}"), undecided=undecided)


def _is_about_what_it_does(statement: Mapping[str, Any], reader: Reader) -> bool:
    return any(
        _speaks_of_action(statement, action) and _speaks_of_resource(statement, resource)
        for action, resource in reader.needs.items()
    )


def _speaks_of_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(pattern.lower(), action) for pattern in listed(statement["NotAction"]))
    return any(_like(pattern.lower(), action) for pattern in listed(statement.get("Action")))


def _speaks_of_resource(statement: Mapping[str, Any], resource: str) -> bool:
    if "NotResource" in statement:
        return not any(_like(pattern, resource) for pattern in listed(statement["NotResource"]))
    return any(_overlap(pattern, resource) for pattern in listed(statement.get("Resource")))


def _overlap(pattern: str, resource: str) -> bool:
    """Tell whether a pattern can match something that ``resource``, itself perhaps a pattern, stands for."""
    if not resource.endswith("*"):
        return _like(pattern, resource)
    ours, theirs = resource.rstrip("*"), re.split(r"[*?]", pattern, maxsplit=1)[0]
    is_pattern = theirs != pattern
    return theirs.startswith(ours) or (is_pattern and ours.startswith(theirs))


def _is_about_the_reader(statement: Mapping[str, Any], reader: Reader) -> bool:
    if "NotPrincipal" in statement:
        return not any(_is_the_reader(who, reader) for who in _principals(statement["NotPrincipal"]))
    return any(_is_the_reader(who, reader) for who in _principals(statement.get("Principal")))


def _principals(principal: Any) -> list[str]:
    return listed(principal.get("AWS")) if isinstance(principal, Mapping) else listed(principal)


def _is_the_reader(who: str, reader: Reader) -> bool:
    name = reader.role_arn.rsplit("/", 1)[-1]
    sessions = f"arn:{reader.partition}:sts::{reader.account}:assumed-role/{name}/"
    whole_account = f"arn:{reader.partition}:iam::{reader.account}:root"
    return who in ("*", reader.account, whole_account, reader.role_arn) or who.startswith(sessions)


def _condition(condition: Mapping[str, Any], reader: Reader) -> tuple[str, ...] | None:
    """Return the keys on which it depends whether the condition is met; None if it surely is not."""
    undecided = []
    for operator, keys in condition.items():
        for key, values in keys.items():
            met = _is_met(operator.lower(), key.lower(), [str(value) for value in listed(values)], reader)
            if met is False:
                return None
            if met is None:
                undecided.append(key)
    return tuple(undecided)


def _is_met(operator: str, key: str, values: list[str], reader: Reader) -> bool | None:
    """Judge one line of a condition; None if it depends on what is not known."""
    if_exists = operator.endswith("ifexists")
    operator = operator.removesuffix("ifexists")
    if key in _ABSENT_KEYS:
        if operator == "null":
            return "true" in [value.lower() for value in values]
        return if_exists or operator in _TRUE_IF_ABSENT
    known = reader.value(key)
    if known is None or operator not in _POSITIVE | _NEGATIVE:
        return None
    return _compare(operator, known, values) is (operator in _POSITIVE)


def _compare(operator: str, known: str, values: list[str]) -> bool:
    if operator in _WITH_WILDCARDS:
        return any(_like(value, known) for value in values)
    if operator == "bool" or operator.endswith("ignorecase"):
        return known.lower() in [value.lower() for value in values]
    return known in values


def _like(pattern: str, text: str) -> bool:
    """Match with IAM's wildcards, ``*`` and ``?``."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
