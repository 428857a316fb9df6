# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it means that a client library raised something instead of giving an answer.

Whatever it is becomes an ending in the collection's words. The texts of exceptions are not shown: they quote objects,
URLs with passwords, and each other.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

# Without them there is no client, and nothing that could end.
with suppress(ImportError):
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from ..printable import printable

_STATUS_OF_A_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")


@dataclass(frozen=True)
class Ending:
    """How a call ended without an answer: ``what`` follows the name of the vendor.

    ``never_sent``: the server cannot have acted. ``of_the_way``: it did not come so far that the vendor was reached, so
    that a proxy may be to blame.
    """

    code: str
    what: str
    cause: str = ""
    never_sent: bool = False
    of_the_way: bool = False


def ending(error: Exception) -> Ending:
    """Return what an exception of requests, or of what it is built on, means."""
    chain = list(_chain(error))
    found = _of_a_proxy(error, chain) or _of_tls(chain) or _of_time(error, chain) or _of_the_connection(chain)
    return found or Ending("invalid_answer", "answered with something that is not HTTP, or that cannot be read")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it wraps, the outermost first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
        waiting += [item for item in inner if isinstance(item, BaseException)]


def _of_a_proxy(error: Exception, chain: list[BaseException]) -> Ending | None:
    if not isinstance(error, exceptions.ProxyError | exceptions.InvalidProxyURL):
        return None
    status = next((found[1] for item in chain if (found := _STATUS_OF_A_TUNNEL.match(str(item)))), None)
    cause = f"the proxy answered with HTTP {status}" if status else _of_the_system(chain)
    return Ending("proxy", "was not asked, because the proxy did not let the request through", cause, True, True)


def _of_tls(chain: list[BaseException]) -> Ending | None:
    for item in chain:
        if isinstance(item, ssl.SSLCertVerificationError):
            what = (
                "has a certificate that cannot be trusted. Behind a proxy that inspects TLS, name its CA in"
                " REQUESTS_CA_BUNDLE"
            )
            return Ending("certificate", what, printable(str(item.verify_message)), True)
    for item in chain:
        if isinstance(item, ssl.SSLError) and not isinstance(item, ssl.SSLEOFError):
            reason = printable(str(item.reason or "")).replace("_", " ").lower()
            return Ending("connection_failed", "does not speak TLS as it should", reason, of_the_way=True)
    return None


def _of_time(error: Exception, chain: list[BaseException]) -> Ending | None:
    if isinstance(error, exceptions.ConnectTimeout):
        return Ending("timeout", "could not be connected to in time", never_sent=True, of_the_way=True)
    if isinstance(error, exceptions.Timeout):
        return Ending("timeout", "did not answer in time", of_the_way=True)
    if any(isinstance(item, TimeoutError | ReadTimeoutError) for item in chain):
        return Ending("timeout", "took too long to send its answer")
    return None


def _of_the_connection(chain: list[BaseException]) -> Ending | None:
    if any(isinstance(item, NewConnectionError | socket.gaierror | ConnectionRefusedError) for item in chain):
        return Ending("connection_failed", "cannot be reached", _of_the_system(chain), True, True)
    broken = (OSError, http.client.IncompleteRead, http.client.RemoteDisconnected)
    of_the_library = (exceptions.RequestException,)
    if any(isinstance(item, broken) and not isinstance(item, of_the_library) for item in chain):
        return Ending("connection_failed", "closed the connection before it had answered", _of_the_system(chain))
    return None


def _of_the_system(chain: list[BaseException]) -> str:
    """Return the operating system's own words for what failed, the innermost ones; "" if it has not failed there."""
    for item in reversed(chain):
        if isinstance(item, socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(item, OSError) and isinstance(item.errno, int) and not isinstance(item, ssl.SSLError):
            return os.strerror(item.errno)
    return ""
