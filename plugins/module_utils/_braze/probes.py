# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Send the probes of a key: all at once, then singly again what stayed undecided, inside one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from .._clients import Clients
from .._http import (
    RETRIED_STATUSES,
    Explanation,
    HttpClient,
    HttpError,
    RetryPolicy,
    requested_wait,
)
from .._redact import Redactor
from .instances import Endpoint
from .permissions import Permission
from .verdict import Answer

# Enough for all probes in two rounds, over connections that are used twice.
CONNECTIONS = 10
# Trying again helps against these ends of a probe.
PASSING_CODES = ("timeout", "connection_failed", "invalid_answer", "rate_limited")


def explain(status: int, body: Any) -> Explanation:
    """Return Braze's message. Braze has no codes but the HTTP status."""
    message = ""
    if isinstance(body, dict):
        errors = body.get("errors")
        first_error = errors[0] if isinstance(errors, list) and errors else ""
        message = str(body.get("message") or body.get("error") or first_error)
    return Explanation(code=f"http_{status}", message=message)


def braze_http(endpoint: Endpoint, api_key: str, policy: RetryPolicy, *, clients: Clients | None = None) -> HttpClient:
    """Return a client for one key that tries every call once: which probes to repeat is decided here.

    ``clients``: with whom connections are shared.
    """
    return HttpClient(
        vendor="Braze",
        base_url=endpoint.api_url,
        authorization=f"Bearer {api_key}",
        redactor=Redactor([api_key]),
        policy=replace(policy, tries=1),
        explain=explain,
        connections=CONNECTIONS,
        clients=clients,
    )


@dataclass(frozen=True)
class _Attempt:
    """An answer, and when the server is ready for the next request (seconds of the monotonic clock)."""

    answer: Answer
    not_before: float = 0.0

    @property
    def worth_repeating(self) -> bool:
        answer = self.answer
        return answer.undecided and (answer.status in RETRIED_STATUSES or answer.code in PASSING_CODES)


class Prober:
    """Probes permissions with one client. ``policy.total`` bounds each call of :meth:`probe`."""

    def __init__(self, http: HttpClient, policy: RetryPolicy, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._policy = policy
        self._sleep = sleep

    def probe(self, permissions: Sequence[Permission]) -> list[Answer]:
        """Return one answer for each permission, in their order; a probe that fails for good stays undecided."""
        give_up_at = time.monotonic() + self._policy.total
        attempts = self._all_at_once(permissions, give_up_at)
        for tries_made in range(1, self._policy.tries):
            repeat = [attempt for attempt in attempts.values() if attempt.worth_repeating]
            if not repeat or not self._wait(repeat, tries_made, give_up_at):
                break
            attempts.update(self._one_by_one(repeat, give_up_at))
        return [attempts[permission.name].answer for permission in permissions]

    def _all_at_once(self, permissions: Sequence[Permission], give_up_at: float) -> dict[str, _Attempt]:
        # Those that share a limit go one after the other, and first, because they take longest.
        queues = sorted(_by_rate_limit(permissions), key=len, reverse=True)
        with ThreadPoolExecutor(max_workers=CONNECTIONS) as pool:
            results = pool.map(lambda queue: self._in_turn(queue, give_up_at), queues)
            return {attempt.answer.permission.name: attempt for result in results for attempt in result}

    def _in_turn(self, queue: Sequence[Permission], give_up_at: float) -> list[_Attempt]:
        attempts: list[_Attempt] = []
        for permission in queue:
            not_before = attempts[-1].not_before if attempts else 0.0
            if not_before > time.monotonic():
                attempts.append(_Attempt(_not_sent(permission, not_before), not_before))
            else:
                attempts.append(self._send(permission, give_up_at))
        return attempts

    def _wait(self, repeat: Sequence[_Attempt], tries_made: int, give_up_at: float) -> bool:
        """Wait until the first of these may be repeated; False if that is after the deadline."""
        ready_in = min(attempt.not_before for attempt in repeat) - time.monotonic()
        wait = max(ready_in, self._policy.wait(tries_made))
        if time.monotonic() + wait > give_up_at:
            return False
        self._sleep(wait)
        return True

    def _one_by_one(self, repeat: Sequence[_Attempt], give_up_at: float) -> dict[str, _Attempt]:
        attempts: dict[str, _Attempt] = {}
        for before in repeat:
            if before.not_before > time.monotonic():
                continue
            permission = before.answer.permission
            attempts[permission.name] = self._send(permission, give_up_at)
            if attempts[permission.name].answer.status is None or time.monotonic() > give_up_at:
                # Nobody answers: the others would only wait for the same silence.
                break
        return attempts

    def _send(self, permission: Permission, give_up_at: float) -> _Attempt:
        left = max(give_up_at - time.monotonic(), 0.001)
        call = replace(permission.call(), request_timeout=min(self._policy.request_timeout, left))
        try:
            response = self._http.send(call)
        except HttpError as error:
            not_before = _not_before(error.headers)
            return _Attempt(_unaccepted(permission, error, not_before), not_before)
        answer = Answer(permission, accepted=True, status=response.status)
        return _Attempt(answer, _not_before(response.headers))


def _by_rate_limit(permissions: Sequence[Permission]) -> list[list[Permission]]:
    queues: dict[str, list[Permission]] = {}
    for permission in permissions:
        queues.setdefault(permission.rate_limit or permission.name, []).append(permission)
    return list(queues.values())


def _not_before(headers: Mapping[str, str]) -> float:
    wait = requested_wait(headers)
    return time.monotonic() + wait if wait else 0.0


def _not_sent(permission: Permission, not_before: float) -> Answer:
    message = f"Not asked, because the rate limit is used up. {_renewed(not_before)}"
    return Answer(permission, accepted=False, status=None, code="rate_limited", message=message)


def _renewed(not_before: float) -> str:
    return f"Braze renews it in {round(not_before - time.monotonic())} seconds." if not_before else ""


def _unaccepted(permission: Permission, error: HttpError, not_before: float) -> Answer:
    failure = error.failure
    message = failure.message
    if failure.status == 429:
        message = f"{message or 'The rate limit is used up'}. {_renewed(not_before)}".rstrip()
    return Answer(
        permission,
        accepted=False,
        status=failure.status,
        code=failure.code,
        message=message,
        html="html" in error.headers.get("content-type", ""),
    )
