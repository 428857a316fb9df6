# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send the probes of a key: all at once, then singly again what stayed undecided, inside one deadline."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from .._kernel.clients import Clients
from .._kernel.deadline import Deadline
from .._kernel.http.call import RETRIED_STATUSES, Explanation, HttpError, RetryPolicy
from .._kernel.http.client import HttpClient
from .._kernel.http.rate_limits import SHORTEST_TOLD, closed
from .._kernel.printable import sentence
from .._kernel.secrets.redact import Redactor
from .instances import Endpoint
from .permissions import Permission
from .verdict import ProbeAnswer

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
        policy=replace(policy, tries=1, limits=None),
        explain=explain,
        clients=clients,
    )


@dataclass(frozen=True)
class _Attempt:
    """An answer, and when the server is ready for the next request (seconds of the monotonic clock)."""

    answer: ProbeAnswer
    not_before: float = 0.0

    @property
    def worth_repeating(self) -> bool:
        answer = self.answer
        return answer.undecided and (answer.status in RETRIED_STATUSES or answer.code in PASSING_CODES)

    @property
    def is_limited(self) -> bool:
        """Tell whether Braze has said when it answers again."""
        return bool(self.not_before) and (self.answer.status == 429 or self.answer.code == "rate_limited")


class Prober:
    """Probes permissions with one client. ``policy.total``, and what limits take, bound each :meth:`probe`."""

    def __init__(self, http: HttpClient, policy: RetryPolicy) -> None:
        self._http = http
        self._policy = policy
        self._clock = http.clock

    def probe(self, permissions: Sequence[Permission]) -> list[ProbeAnswer]:
        """Return one answer for each permission, in their order; a probe that fails for good stays undecided."""
        deadline, left = Deadline.after(self._policy.total, self._clock), self._policy.limits or 0.0
        attempts = self._all_at_once(permissions, deadline)
        tries_made = 1
        while tries_made < self._policy.tries:
            repeat = [attempt for attempt in attempts.values() if attempt.worth_repeating]
            wait = self._wait_before(repeat, tries_made) if repeat else 0.0
            if repeat and all(attempt.is_limited for attempt in repeat) and wait <= left:
                # Nothing but rate limits is in the way: that is not a try, and has a time of its own.
                self._wait_for_limit(wait)
                left, deadline = left - wait, deadline.later(wait)
            elif not repeat or not deadline.wait(wait):
                break
            else:
                tries_made += 1
            attempts.update(self._one_by_one(repeat, deadline))
        return [attempts[permission.name].answer for permission in permissions]

    def _wait_for_limit(self, seconds: float) -> None:
        if seconds >= SHORTEST_TOLD:
            self._http.tell(closed("Braze", "one of its API keys", seconds, self._clock))
        self._clock.sleep(seconds)

    def _all_at_once(self, permissions: Sequence[Permission], deadline: Deadline) -> dict[str, _Attempt]:
        # Those that share a limit go one after the other, and first, because they take longest.
        queues = sorted(_by_rate_limit(permissions), key=len, reverse=True)
        pool = ThreadPoolExecutor(max_workers=CONNECTIONS)
        try:
            results = pool.map(lambda queue: self._in_turn(queue, deadline), queues)
            return {attempt.answer.permission.name: attempt for result in results for attempt in result}
        finally:
            # Where Ansible ends the task because its time is up, the probes under way are not waited for.
            pool.shutdown(wait=False, cancel_futures=True)

    def _in_turn(self, queue: Sequence[Permission], deadline: Deadline) -> list[_Attempt]:
        attempts: list[_Attempt] = []
        for permission in queue:
            not_before = attempts[-1].not_before if attempts else 0.0
            if not_before > self._clock.monotonic():
                attempts.append(_Attempt(_not_sent(permission, self._renewed(not_before)), not_before))
            else:
                attempts.append(self._send(permission, deadline))
        return attempts

    def _wait_before(self, repeat: Sequence[_Attempt], tries_made: int) -> float:
        """Return the seconds until the first of these may be repeated."""
        ready_in = min(attempt.not_before for attempt in repeat) - self._clock.monotonic()
        return max(ready_in, self._policy.backoff.after(tries_made))

    def _one_by_one(self, repeat: Sequence[_Attempt], deadline: Deadline) -> dict[str, _Attempt]:
        attempts: dict[str, _Attempt] = {}
        for before in repeat:
            if before.not_before > self._clock.monotonic():
                continue
            permission = before.answer.permission
            attempts[permission.name] = self._send(permission, deadline)
            if attempts[permission.name].answer.status is None or not deadline.left:
                # Nobody answers: the others would only wait for the same silence.
                break
        return attempts

    def _send(self, permission: Permission, deadline: Deadline) -> _Attempt:
        left = max(deadline.left, 0.001)
        call = replace(permission.call(), request_timeout=min(self._policy.request_timeout, left))
        try:
            response = self._http.send(call)
        except HttpError as error:
            not_before = self._not_before(error.headers)
            return _Attempt(_unaccepted(permission, error, self._renewed(not_before)), not_before)
        answer = ProbeAnswer(permission, accepted=True, status=response.status)
        return _Attempt(answer, self._not_before(response.headers))

    def _not_before(self, headers: Mapping[str, str]) -> float:
        wait = self._http.requested_wait(headers)
        return self._clock.monotonic() + wait if wait else 0.0

    def _renewed(self, not_before: float) -> str:
        return f"Braze renews it in {round(not_before - self._clock.monotonic())} seconds." if not_before else ""


def _by_rate_limit(permissions: Sequence[Permission]) -> list[list[Permission]]:
    queues: dict[str, list[Permission]] = {}
    for permission in permissions:
        queues.setdefault(permission.rate_limit or permission.name, []).append(permission)
    return list(queues.values())


def _not_sent(permission: Permission, renewed: str) -> ProbeAnswer:
    message = f"Not asked, because the rate limit is used up. {renewed}"
    return ProbeAnswer(permission, accepted=False, status=None, code="rate_limited", message=message)


def _unaccepted(permission: Permission, error: HttpError, renewed: str) -> ProbeAnswer:
    failure = error.failure
    message = failure.message
    if failure.status == 429:
        message = f"{sentence(message or 'The rate limit is used up')} {renewed}".rstrip()
    return ProbeAnswer(
        permission,
        accepted=False,
        status=failure.status,
        code=failure.code,
        message=message,
        html="html" in error.headers.get("content-type", ""),
    )
