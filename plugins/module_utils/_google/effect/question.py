# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the bindings of a policy say of one member, one permission and one folder."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from ..._bucket.effect import Answer, Effect, Reason, all_of
from ..policy import Condition, Grant, same_member
from .condition import holds, listing, listing_as_objects, moments, reading
from .expression import Asked

GET = "storage.objects.get"


LIST = "storage.objects.list"


# The guide's.
VIEWER = "roles/storage.objectViewer"


# What of reading Google's roles for Cloud Storage allow. A role that is missing here is not known not to.
READS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            VIEWER,
            "roles/storage.objectUser",
            "roles/storage.objectAdmin",
            "roles/storage.folderAdmin",
            "roles/storage.expressModeUserAccess",
            "roles/storage.admin",
        ),
        frozenset({GET, LIST}),
    ),
    **dict.fromkeys(("roles/storage.legacyObjectReader", "roles/storage.legacyObjectOwner"), frozenset({GET})),
    **dict.fromkeys(
        (
            "roles/storage.legacyBucketReader",
            "roles/storage.legacyBucketWriter",
            "roles/storage.legacyBucketOwner",
        ),
        frozenset({LIST}),
    ),
    **dict.fromkeys(
        (
            "roles/storage.objectCreator",
            "roles/storage.bucketViewer",
            "roles/storage.hmacKeyAdmin",
            "roles/storage.insightsCollectorService",
        ),
        frozenset(),
    ),
}


_ONLY_READ = frozenset({VIEWER, "roles/storage.legacyObjectReader", "roles/storage.legacyBucketReader"})


# Of the permissions of a custom role, those that end so only look.
_HARMLESS = (".get", ".list")


_OF_MANY = ("group:", "domain:", "principalSet:")


UNREAD_ROLE = ("custom_role", "unknown_role")


# Conditions may be long, and grants many.
_LONGEST = 300


# The permissions of a role, or why they could not be read, as a clause; empty where nobody has asked.
Allowed: TypeAlias = "frozenset[str] | str"


@dataclass(frozen=True)
class _Vote:
    """What one grant does for one permission. Without reasons it has nothing to do with it."""

    grant: Grant
    answer: Answer
    reasons: tuple[Reason, ...] = ()
    ends: datetime | None = None


def of_one(action: str, question: ReadQuestion, votes: Sequence[_Vote]) -> Effect:
    """Return whether one permission is given: one grant that gives it is enough."""
    for answer in (Answer.YES, Answer.UNKNOWN):
        found = [vote for vote in votes if vote.answer is answer]
        if found:
            reasons = [reason for vote in found for reason in vote.reasons]
            return Effect(answer, tuple(dict.fromkeys([*reasons, *_ending(found)])))
    half = dict.fromkeys(vote.grant.role for vote in votes if question.is_half(vote.grant, action))
    but = f" ({', '.join(half)} {'does' if len(half) == 1 else 'do'} not)" if half else ""
    bucket = question.bucket
    text = f"nothing on the bucket {bucket} gives {action}{but}, and a grant on its project would not be seen from here"
    missing = Reason("missing_permission", text, action=action, resource=f"gs://{bucket}")
    return Effect(Answer.NO, (*(reason for vote in votes for reason in vote.reasons), missing))


def _ending(votes: Sequence[_Vote]) -> Iterator[Reason]:
    """Yield that the access ends, where nothing that gives it is for good."""
    ends = [vote.ends for vote in votes if vote.ends is not None]
    if ends and len(ends) == len(votes):
        yield Reason("expires", f"this ends on {max(ends).isoformat()}", where=votes[0].grant.role)


def who(listed: str, member: str) -> Answer:
    """Tell whether ``listed`` in a policy is the member, or stands for many to whom it may belong.

    Who holds a basic role on the project is as invisible as every other grant there, and is no hint at all: each new
    bucket lists them.
    """
    if same_member(listed, member) or listed == "allUsers":
        return Answer.YES
    if listed == "allAuthenticatedUsers":
        return Answer.NO if member == "allUsers" else Answer.YES
    return Answer.UNKNOWN if listed.startswith(_OF_MANY) else Answer.NO


@dataclass(frozen=True)
class ReadQuestion:
    """Who wants to read what, and when."""

    member: str
    bucket: str
    folder: str
    now: datetime
    permissions_of: Mapping[str, Allowed]

    def vote(self, grant: Grant, action: str) -> _Vote:
        """Return what a grant, which is the member's or may be, does for one permission."""
        role = self._role(grant, action)
        condition = self._condition(grant, action)
        if Answer.NO in (role.answer, condition.answer):
            # Of somebody else's grant that does not help it need not be told why.
            is_told = role.answer is not Answer.NO and who(grant.member, self.member) is Answer.YES
            return _Vote(grant, Answer.NO, condition.reasons if is_told else ())
        together = all_of([_of_member(grant, self.member), role, condition])
        if together.answer is Answer.UNKNOWN:
            return _Vote(grant, together.answer, together.reasons)
        return _Vote(grant, Answer.YES, (_given(grant), *self._too_much(grant)), self._end(grant, action))

    def is_half(self, grant: Grant, action: str) -> bool:
        """Tell whether a grant of the member's own is of a role that lacks this permission and has the other one."""
        answers = {asked: self._role(grant, asked).answer for asked in (GET, LIST)}
        lacks = answers.pop(action) is Answer.NO
        return lacks and Answer.YES in answers.values() and who(grant.member, self.member) is Answer.YES

    def _role(self, grant: Grant, action: str) -> Effect:
        known = READS.get(grant.role, self.permissions_of.get(grant.role, ""))
        if not isinstance(known, str):
            return Effect(Answer.YES if action in known else Answer.NO)
        is_custom = not grant.role.startswith("roles/")
        code, kind = ("custom_role", "custom role") if is_custom else ("unknown_role", "role")
        why = f", because {known}" if known else ""
        text = f"what the {kind} {grant.role} of {grant.member} allows cannot be seen from here{why}"
        return Effect(Answer.UNKNOWN, (Reason(code, text, where=grant.role),))

    def _condition(self, grant: Grant, action: str) -> Effect:
        if grant.condition is None:
            return Effect(Answer.YES)
        expression = grant.condition.expression
        truth = holds(expression, self._asked(action))
        if truth is None:
            return Effect(Answer.UNKNOWN, (self._undecided(grant),))
        if truth:
            return Effect(Answer.YES)
        as_objects = listing_as_objects(self.bucket, self.folder, self.now)
        if action == LIST and holds(expression, as_objects) is not False:
            return Effect(Answer.UNKNOWN, (self._of_objects_only(grant),))
        return Effect(Answer.NO, (self._fails(grant, action),))

    def _asked(self, action: str) -> Asked:
        ask = reading if action == GET else listing
        return ask(self.bucket, self.folder, self.now)

    @property
    def _place(self) -> str:
        return "/".join(filter(None, (f"gs://{self.bucket}", self.folder.strip("/"))))

    def _undecided(self, grant: Grant) -> Reason:
        text = (
            f"whether the condition {_shown(grant.condition)} of {grant.role} holds for all of {self._place} cannot be"
        )
        return Reason("condition_undecided", f"{text} told from here", where=grant.role, resource=self._place)

    def _of_objects_only(self, grant: Grant) -> Reason:
        text = f"the condition {_shown(grant.condition)} of {grant.role} speaks of objects, and listing is asked of the"
        return Reason(
            "listing_under_condition", f"{text} bucket, so that it cannot be told from here whether it allows that",
            where=grant.role, action=LIST, resource=self._place,
        )  # fmt: skip

    def _fails(self, grant: Grant, action: str) -> Reason:
        """Return why a condition does not hold: it did at another time, or it is about something else."""
        expression = grant.condition.expression if grant.condition else ""
        asked, second = self._asked(action), timedelta(seconds=1)
        named = moments(expression)
        held = [when for when in named if when <= self.now and holds(expression, replace(asked, now=when - second))]
        later = [when for when in named if when > self.now and holds(expression, replace(asked, now=when + second))]
        shown = f"the condition {_shown(grant.condition)} of {grant.role}"
        if held:
            return Reason("expired", f"{shown} has not held since {held[-1].isoformat()}", where=grant.role)
        if later:
            return Reason("not_yet", f"{shown} does not hold before {later[0].isoformat()}", where=grant.role)
        text = f"{shown} lets it read something other than {self._place}"
        return Reason("elsewhere", text, where=grant.role, resource=self._place)

    def _end(self, grant: Grant, action: str) -> datetime | None:
        expression = grant.condition.expression if grant.condition else ""
        asked = self._asked(action)
        later = (when for when in moments(expression) if when > self.now)
        return next((when for when in later if not holds(expression, replace(asked, now=when))), None)

    def _too_much(self, grant: Grant) -> Iterator[Reason]:
        if grant.member.startswith("all") and not same_member(grant.member, self.member):
            yield Reason("public", f"{grant.member} holds it, so that anybody may read the bucket", where=grant.role)
        known = self.permissions_of.get(grant.role, "")
        own = () if isinstance(known, str) else known
        only_reads = all(permission.endswith(_HARMLESS) for permission in own) if own else grant.role in _ONLY_READ
        if not only_reads:
            yield Reason("wider_than_needed", f"{grant.role} allows more than listing and reading", where=grant.role)


def _of_member(grant: Grant, member: str) -> Effect:
    if who(grant.member, member) is Answer.YES:
        return Effect(Answer.YES)
    text = f"{grant.member} holds {grant.role}, and whether {member} belongs to it cannot be seen from here"
    return Effect(Answer.UNKNOWN, (Reason("membership", text, where=grant.role),))


def _given(grant: Grant) -> Reason:
    under = f" under the condition {_shown(grant.condition)}" if grant.condition else ""
    return Reason("granted", f"{grant.member} holds {grant.role}{under}", where=grant.role)


def _shown(condition: Condition | None) -> str:
    if condition is None:
        return ""
    text = " ".join(f"{condition.title} ({condition.expression})".split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
