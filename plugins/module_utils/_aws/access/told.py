# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a role and its policies: whom it trusts, what it may read, and what is wider than it has to be."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from ..._bucket.effect import Answer, Effect, Reason
from ..._kernel.finding import ACCESS, Finding
from ..effect.effect import BucketAccess, Document, missing, trust_width
from ..simulation import DENIES, is_simulated
from .documents import bucket_policy_title, buckets_spoken_of, listed
from .explanation import trust_title, wider
from .model import ActualRole, DesiredAccess, Place, PlaceJudgement


def trust_findings(desired: DesiredAccess, role: ActualRole, trust: Effect, way_out: str) -> Iterator[Finding]:
    what = f"The IAM role {role.arn} was made by somebody else"
    if trust.answer is Answer.NO:
        also = told(trust_width(trust_document(role), desired.caller))
        fix = "Change that statement" if denials(trust) else f"Add to its trust policy: {statements(desired.trust)}"
        yield Finding(
            ACCESS, "error", "foreign_role",
            f"{what}, and Fivetran may not assume it with the External ID {desired.external_id}: {told(trust.reasons)}."
            + (f" Beside that: {also}." if also else ""),
            f"{fix}, {way_out}.",
        )  # fmt: skip


def judge_place(role: ActualRole, place: Place, effect: Effect, way_out: str) -> PlaceJudgement:
    return PlaceJudgement(effect, tuple(place_findings(role, place, effect, way_out)))


def place_findings(role: ActualRole, place: Place, effect: Effect, way_out: str) -> Iterator[Finding]:
    if effect.answer is not Answer.NO:
        return
    forbidden = denials(effect)
    if forbidden:
        if not all(_is_of_the_bucket(reason, place) for reason in forbidden):
            yield access_denied(role.arn, place, effect)
        return
    lacking = missing(effect, role.session(), BucketAccess(place.bucket, place.prefix))
    add = " ".join(json.dumps(statement) for statements_ in lacking.values() for statement in statements_)
    buckets = sorted({name for document in role.documents for name in buckets_spoken_of(document.content)})
    yield Finding(
        ACCESS, "error", "role_too_narrow",
        f"Fivetran cannot read {place} through the IAM role {role.arn}, which somebody else has made:"
        f" {told(effect.reasons)}." + (f" Its policies speak of {', '.join(buckets)}." if buckets else ""),
        f"Add to its permissions: {add}; {way_out}.",
    )  # fmt: skip


def access_denied(role_arn: str, place: Place, effect: Effect) -> Finding:
    """Return that something forbids Fivetran to read, whatever is allowed elsewhere."""
    return Finding(
        ACCESS, "error", "access_denied",
        f"Fivetran may not read {place} through the IAM role {role_arn}: {told(_why_denied(effect))}.",
        "Nothing that is added elsewhere outweighs that: change it there.",
    )  # fmt: skip


def _why_denied(effect: Effect) -> Iterable[Reason]:
    """Return what forbids it; AWS does not say which statement, so that what we could not tell stands beside."""
    return effect.reasons if is_simulated(effect) else denials(effect) or effect.reasons


# Anybody who finds out the role's ARN reads the bucket.
_TOO_OPEN = frozenset({"no_external_id", "any_principal"})


def width(
    desired: DesiredAccess, role: ActualRole, judged: Mapping[Place, PlaceJudgement]
) -> tuple[Reason, ...] | None:
    """Return of a role that suffices what is wider than needed."""
    if any(judgement.findings for judgement in judged.values()):
        return None
    return wider(role.session(), trust_document(role), desired.caller, judged)


def told_of_width(desired: DesiredAccess, role: ActualRole, width: Iterable[Reason] | None) -> Iterator[Finding]:
    """Say what is wider than needed, in one line, and in another what is too open."""
    reasons = list(width or ())
    open_ = [reason for reason in reasons if reason.code in _TOO_OPEN]
    if open_:
        yield Finding(
            ACCESS, "warning", "trust_too_open",
            f"Others than this Fivetran group can read through the IAM role {role.arn}: {told(open_)}.",
            f"Let its trust policy say {statements(desired.trust)}",
        )  # fmt: skip
    others = [reason for reason in reasons if reason not in open_]
    if others:
        yield Finding(
            ACCESS, "info", "wider_than_needed",
            f"The IAM role {role.arn}, which somebody else has made, allows more than Fivetran needs: {told(others)}."
            " It stays as it is.",
            "Check that this is intended.",
        )  # fmt: skip


def trust_document(role: ActualRole) -> Document:
    return Document(trust_title(role.name), role.trust)


def told(reasons: Iterable[Reason]) -> str:
    """Return reasons as a part of a sentence."""
    texts = list(dict.fromkeys(reason.text for reason in reasons))
    more = [f"and {len(texts) - MOST_REASONS} more"] if len(texts) > MOST_REASONS else []
    return "; ".join([*texts[:MOST_REASONS], *more])


# What no Allow in the role's own permissions outweighs.
_DENIED = frozenset({"denied", "denied_in_part", "not_in_boundary", "not_in_resource_policy", DENIES})


def denials(effect: Effect) -> list[Reason]:
    """Return what forbids something, whatever else the role's permissions allow."""
    return [reason for reason in effect.reasons if reason.code in _DENIED]


def _is_of_the_bucket(reason: Reason, place: Place) -> bool:
    """Tell whether the policy of the bucket decides, which the preflight of the bucket tells."""
    return reason.where == bucket_policy_title(place.bucket)


def statements(document: Mapping[str, object]) -> str:
    """Return the statements of a document as a person pastes them."""
    return " ".join(json.dumps(statement) for statement in listed(document.get("Statement")))


# So many reasons are told of one answer.
MOST_REASONS = 5
