# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections on which an answer ends in time, whatever the server does.

The time-outs of the libraries begin anew with every byte that arrives, so a server that drips can keep a call alive for
ever. Here a time-out is what the whole of an answer may take, with the headers, the body, and every "100 Continue"
before them; and what the whole of connecting may take, with the answer of a proxy and the handshake of TLS. Only the
look-up of a name is left to the resolver, and each of a host's addresses has the time for itself.

It holds for whatever is built on urllib3: requests, and through it Google's client, and botocore.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

try:
    from requests.adapters import HTTPAdapter

    REQUESTS_ERROR: ImportError | None = None
except ImportError as import_error:
    REQUESTS_ERROR = import_error
    if not TYPE_CHECKING:
        HTTPAdapter = object

# A socket with a time-out of zero would not wait at all.
_LEAST = 0.001

PoolClasses = Mapping[str, Any]

# Where a trace is written, what lets it listen to the connections of classes of pools, for a vendor; see _kernel/trace.
traced: Callable[[PoolClasses, str], PoolClasses] | None = None


class _Received(io.RawIOBase):
    """What arrives at a socket, until the time is up."""

    def __init__(self, sock: Any, seconds: float) -> None:
        self._sock = sock
        self._until = time.monotonic() + seconds
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that has to be there in the time that the socket has when it begins."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        seconds = sock.gettimeout() if hasattr(sock, "gettimeout") else None
        if seconds is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Received(sock, seconds))


class _Bounded:
    """What the classes of urllib3's connections get beside their own; ``timeout`` and ``sock`` are theirs."""

    response_class = _Answer
    timeout: Any
    sock: Any
    # When the connection, or else the request on it, was begun, until its answer begins.
    _begun: float | None = None

    def connect(self) -> None:
        self._begun = time.monotonic()
        super().connect()  # type: ignore[misc]

    def _new_conn(self) -> Any:
        sock = super()._new_conn()  # type: ignore[misc]
        self._shorten(sock)
        return sock

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        self._shorten(self.sock)

    def putrequest(self, *args: Any, **options: Any) -> None:
        if self._begun is None:
            self._begun = time.monotonic()
            if self.sock is not None:
                # What the answer before has left of its time is not what this one has.
                self.sock.settimeout(self.timeout)
        super().putrequest(*args, **options)  # type: ignore[misc]

    def getresponse(self, *args: Any, **options: Any) -> Any:
        self.timeout = self._left()
        self._begun = None
        return super().getresponse(*args, **options)  # type: ignore[misc]

    def _shorten(self, sock: Any) -> None:
        """Leave for the next step of connecting what the steps before have not used."""
        sock.settimeout(self._left())

    def _left(self) -> Any:
        if self._begun is None or not isinstance(self.timeout, int | float):
            return self.timeout
        return max(_LEAST, self.timeout - (time.monotonic() - self._begun))


def bounded(pools: PoolClasses, vendor: str) -> PoolClasses:
    """Return classes of pools, by scheme, that are like ``pools`` but for what their connections do."""
    bound = {scheme: _bounded_pool(pool) for scheme, pool in pools.items()}
    return traced(bound, vendor) if traced else bound


@cache
def _bounded_pool(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _Bounded):
        return pool
    connection = type(f"Bounded{pool.ConnectionCls.__name__}", (_Bounded, pool.ConnectionCls), {})
    return type(f"Bounded{pool.__name__}", (pool,), {"ConnectionCls": connection})


class BoundedAdapter(HTTPAdapter):
    """The adapter of requests with such connections, to hosts and to proxies. It never tries twice by itself.

    ``connections``: how many are kept open to one host. ``vendor``: who is asked.
    """

    def __init__(self, connections: int, vendor: str) -> None:
        self._vendor = vendor
        super().__init__(pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections to hosts."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = bounded(self.poolmanager.pool_classes_by_scheme, self._vendor)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Return the pools of connections to a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = bounded(manager.pool_classes_by_scheme, self._vendor)
        return manager


def bound_botocore(client: Any) -> None:
    """Let a client of botocore have such connections. There is no option for it, and an attribute less means none."""
    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    pools = getattr(session, "_pool_classes_by_scheme", None)
    if isinstance(pools, dict):
        # The pools of hosts and proxies, which are made later, all look into this dictionary.
        pools.update(bounded(pools, "AWS"))


def trace_session(session: Any, vendor: str) -> None:
    """Let a trace, if one is written, listen to a session of requests that has adapters of its own."""
    if traced is None:
        return
    for adapter in session.adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = traced(adapter.poolmanager.pool_classes_by_scheme, vendor)
