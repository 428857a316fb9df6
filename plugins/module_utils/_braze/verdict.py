# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers to all probes together say about a key, and what a person can do about it.

Pure functions. Braze's documentation gives 401 in one place and 403 in another for a missing permission, so a
single refusal says nothing: only the set of answers does.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .instances import Endpoint
from .permissions import Permission

REFUSALS = (401, 403)
_ALLOWLIST = re.compile(r"(white|allow)[- ]?list", re.IGNORECASE)
# Documented: "You do not have permission to access this resource".
_NO_PERMISSION = re.compile(r"\bpermission", re.IGNORECASE)

MENU = "Settings > APIs and Identifiers > API Keys > Create API key"


class KeyVerdict(StrEnum):
    """What is known about the key as a whole."""

    OK = "ok"
    MISSING_PERMISSIONS = "missing_permissions"
    INVALID_KEY = "invalid_key"
    IP_NOT_ALLOWED = "ip_not_allowed"
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    UNDECIDED = "undecided"


def how_it_stands(verdict: str) -> str:
    """Return a verdict that is not ``ok`` as words of a sentence, without its full stop."""
    if verdict in (KeyVerdict.UNREACHABLE, KeyVerdict.UNDECIDED):
        return f"Whether the Braze API key is good is not known ({verdict})"
    return f"The Braze API key is not good ({verdict})"


class PermissionState(StrEnum):
    """What is known about one permission."""

    GRANTED = "granted"
    MISSING = "missing"
    RETIRED = "retired"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class ProbeAnswer:
    """How the probe of one permission ended.

    ``accepted``: Braze answered in a way that proves the permission. ``status`` is None where no answer arrived.
    ``html``: the answer is a web page, so it comes from something before Braze's API. ``code`` is the HTTP client's
    word for an answer that cannot be used (``timeout``), ``message`` the server's text without secrets.
    """

    permission: Permission
    accepted: bool
    status: int | None
    code: str = ""
    message: str = ""
    html: bool = False

    @property
    def proves_the_key(self) -> bool:
        """Tell whether nobody but Braze answers like this; whatever is not found there is a 404 on any server."""
        return self.accepted and self.status != 404

    @property
    def refused(self) -> bool:
        """Tell whether Braze's API refused the key, or its permission."""
        return self.status in REFUSALS and not self.html

    @property
    def retired(self) -> bool:
        """Tell whether Braze has given up the endpoint."""
        return not self.accepted and self.status in self.permission.retired

    @property
    def undecided(self) -> bool:
        """Tell whether the answer proves nothing."""
        return not (self.accepted or self.refused or self.retired)

    @property
    def from_braze(self) -> bool:
        """Tell whether something answered that can be Braze's API, in order or in trouble."""
        return (
            self.proves_the_key
            or self.refused
            or (self.status is not None and (self.status == 429 or self.status >= 500))
        )


@dataclass(frozen=True)
class KeyJudgement:
    """The verdict, with the answers that it rests on and the state of each permission that was asked for."""

    verdict: KeyVerdict
    answers: tuple[ProbeAnswer, ...]
    states: tuple[PermissionState, ...]

    def names(self, state: PermissionState, *, optional: bool | None = None) -> list[str]:
        """Return the names of the permissions in ``state``; of the optional or the needed ones only, if given."""
        return [permission.name for permission in self.permissions(state, optional=optional)]

    def permissions(self, state: PermissionState, *, optional: bool | None = None) -> list[Permission]:
        """Return the permissions in ``state``; the optional or the needed ones only, if given."""
        return [
            answer.permission
            for answer, known in zip(self.answers, self.states, strict=True)
            if known is state and optional in (None, answer.permission.optional)
        ]


def judge_key(answers: Sequence[ProbeAnswer], controls: Sequence[ProbeAnswer] = ()) -> KeyJudgement:
    """Return what ``answers`` say about the key.

    ``controls``: answers to probes of further permissions, which show whether the key is good for anything at all.
    """
    about_the_key = _about_the_key([*answers, *controls])
    states = tuple(_state(answer, key_is_good=about_the_key is None) for answer in answers)
    return KeyJudgement(verdict=about_the_key or _about_permissions(answers), answers=tuple(answers), states=states)


def needs_controls(answers: Sequence[ProbeAnswer]) -> bool:
    """Tell whether a key that is no good and a lack of just these permissions would look the same."""
    return any(answer.refused or answer.status == 404 or answer.retired for answer in answers) and not any(
        answer.proves_the_key for answer in answers
    )


def _about_permissions(answers: Sequence[ProbeAnswer]) -> KeyVerdict:
    needed = [answer for answer in answers if not answer.permission.optional]
    if any(answer.refused for answer in needed):
        return KeyVerdict.MISSING_PERMISSIONS
    if any(answer.undecided for answer in needed):
        return KeyVerdict.UNDECIDED
    return KeyVerdict.OK


def _about_the_key(evidence: Sequence[ProbeAnswer]) -> KeyVerdict | None:
    """Return what holds for the key whatever its permissions are; None if it is good for something."""
    refused = [answer for answer in evidence if answer.refused]
    if any(_ALLOWLIST.search(answer.message) for answer in refused):
        return KeyVerdict.IP_NOT_ALLOWED
    if not any(answer.from_braze for answer in evidence):
        return KeyVerdict.UNREACHABLE
    if any(answer.proves_the_key for answer in evidence) or any(
        _NO_PERMISSION.search(answer.message) for answer in refused
    ):
        return None
    # Too few refusals to speak for the others.
    if len(refused) <= sum(answer.undecided for answer in evidence):
        return KeyVerdict.UNDECIDED
    statuses = {answer.status for answer in refused}
    # A key that Braze does not know gets 401 everywhere, an account without the API 403: both means a known key.
    return {401: KeyVerdict.INVALID_KEY, 403: KeyVerdict.FORBIDDEN}[statuses.pop() or 0] if len(statuses) == 1 else None


def _state(answer: ProbeAnswer, *, key_is_good: bool) -> PermissionState:
    if answer.accepted and (key_is_good or answer.proves_the_key):
        return PermissionState.GRANTED
    if answer.retired:
        return PermissionState.RETIRED
    if answer.refused and key_is_good:
        return PermissionState.MISSING
    return PermissionState.UNDECIDED


def next_step(judgement: KeyJudgement, endpoint: Endpoint) -> str:
    """Return what a person has to do, in sentences; empty if nothing."""
    advice = {
        KeyVerdict.OK: _nothing,
        KeyVerdict.MISSING_PERMISSIONS: _make_a_new_key,
        KeyVerdict.INVALID_KEY: _find_the_right_key,
        KeyVerdict.IP_NOT_ALLOWED: _allow_the_address,
        KeyVerdict.FORBIDDEN: _ask_braze,
        KeyVerdict.UNREACHABLE: _check_the_way,
        KeyVerdict.UNDECIDED: _try_again,
    }
    return advice[judgement.verdict](judgement, endpoint)


def _nothing(judgement: KeyJudgement, endpoint: Endpoint) -> str:  # noqa: ARG001
    return ""


def _make_a_new_key(judgement: KeyJudgement, endpoint: Endpoint) -> str:  # noqa: ARG001
    missing = judgement.permissions(PermissionState.MISSING, optional=False)
    ticks = ", ".join(f"{permission.name} (under {permission.tab})" for permission in missing)
    count = "1 permission" if len(missing) == 1 else f"{len(missing)} permissions"
    text = (
        f"The key is valid and lacks {count} of those that Fivetran needs. A key cannot be edited, so make a new one:"
        f" in Braze's dashboard open {MENU}, tick what the present key has and in addition {ticks}."
        " Use the new key, then delete the old one."
    )
    undecided = judgement.names(PermissionState.UNDECIDED, optional=False)
    if undecided:
        text += f" Not decided yet, because Braze gave no usable answer: {', '.join(undecided)}."
    return text


def _find_the_right_key(judgement: KeyJudgement, endpoint: Endpoint) -> str:  # noqa: ARG001
    here = endpoint.instance.describe() if endpoint.instance else endpoint.api_url
    return (
        f"{here} does not know this key, or it was made without any of these permissions: copy it again as a whole,"
        " check that your dashboard is of this instance (dashboard-02.braze.com is US-02), or make a new key in Braze"
        f" under {MENU}."
    )


def _allow_the_address(judgement: KeyJudgement, endpoint: Endpoint) -> str:  # noqa: ARG001
    return (
        "The key has an IP allowlist that does not hold the address of this machine, so its permissions cannot be"
        " checked from here. Run this from an allowed address, or make a new key, because an allowlist cannot be"
        f" edited: in Braze's dashboard open {MENU} and list this machine's address and those of Fivetran"
        " (https://fivetran.com/docs/using-fivetran/ips)."
    )


def _ask_braze(judgement: KeyJudgement, endpoint: Endpoint) -> str:  # noqa: ARG001
    return (
        "Braze knows the key and refuses every request with HTTP 403: the plan does not include the REST API, or the"
        " account is inactive, or the key was made without any of these permissions. Look at the key's permissions in"
        f" Braze's dashboard ({MENU.rpartition(' > ')[0]}); if they are there, ask your Braze account manager."
    )


def _check_the_way(judgement: KeyJudgement, endpoint: Endpoint) -> str:
    reasons = sorted(
        {answer.message.rstrip(".") or _what_came(answer) for answer in judgement.answers if answer.undecided}
    )
    return (
        f"No Braze REST API answers at {endpoint.api_url}"
        + (f" ({'; '.join(reasons[:3])})" if reasons else "")
        + ". Check api_url, and the way there: name resolution, firewall, proxy (HTTPS_PROXY)."
    )


def _try_again(judgement: KeyJudgement, endpoint: Endpoint) -> str:  # noqa: ARG001
    open_questions = ", ".join(
        f"{answer.permission.name} ({answer.message.rstrip('.') or _what_came(answer)})"
        for answer, state in zip(judgement.answers, judgement.states, strict=True)
        if state is PermissionState.UNDECIDED and not answer.permission.optional
    )
    return (
        f"Braze gave no usable answer about {open_questions}, so the key is neither good nor bad yet. Run again in"
        " some minutes; https://braze.statuspage.io tells whether Braze is in trouble."
    )


def _what_came(answer: ProbeAnswer) -> str:
    return f"HTTP {answer.status}" if answer.status else answer.code
