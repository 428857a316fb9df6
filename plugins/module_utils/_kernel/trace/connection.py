# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listen to what is sent and received on the connections of urllib3, on which the clients of all vendors are built.

What arrives is noted as it arrives, so that a client reads it when and as it would without being listened to.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .exchange import Exchange

Write = Callable[[Exchange], None]


class _Current(threading.local):
    """The call that this thread is in."""

    exchange: Exchange | None = None


_current = _Current()


class _Heard(io.RawIOBase):
    """What arrives at a socket for one answer. When it is closed, the answer is over."""

    def __init__(self, raw: Any, exchange: Exchange) -> None:
        self._raw = raw
        self._exchange = exchange
        self._began = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._began = True
        try:
            count: int | None = self._raw.readinto(buffer)
        except Exception as error:
            self._exchange.fail(error)
            raise
        self._exchange.hear(bytes(buffer[: count or 0]))
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            if self._began:
                self._exchange.end()
        super().close()


class _Socket:
    """A socket, of which an answer is read that somebody listens to."""

    def __init__(self, sock: Any, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange

    def makefile(self, _mode: str = "rb", buffering: int | None = None) -> Any:
        heard = _Heard(self._sock.makefile("rb", buffering=0), self._exchange)
        return heard if buffering == 0 else io.BufferedReader(heard)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _HeardConnection:
    """What a connection of urllib3 gets beside its own."""

    response_class: Any

    def getresponse(self, *args: Any, **options: Any) -> Any:
        exchange, plain = _current.exchange, self.response_class
        if exchange is None:
            return super().getresponse(*args, **options)  # type: ignore[misc]
        self.response_class = lambda sock, *rest, **more: plain(_Socket(sock, exchange), *rest, **more)
        try:
            return super().getresponse(*args, **options)  # type: ignore[misc]
        finally:
            self.response_class = plain


# What urllib3 calls the method. In one word, ansible-test takes it for urllib's function, which modules may not use.
_OPEN = "url-open".replace("-", "")


class _HeardPool:
    """What a pool of urllib3's connections gets beside its own."""

    onramp_vendor: str
    onramp_write: Any
    scheme: str
    host: str
    port: int | None

    def heard(self, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **options: Any) -> Any:
        outer = _current.exchange
        exchange = Exchange(self.onramp_vendor, method, self._complete(url), headers or {}, body, self.onramp_write[0])
        _current.exchange = exchange
        try:
            return getattr(super(), _OPEN)(method, url, body, headers, *args, **options)
        except Exception as error:
            exchange.fail(error)
            exchange.end()
            raise
        finally:
            _current.exchange = outer

    def _complete(self, url: str) -> str:
        if not url.startswith("/"):
            return url
        usual = {"http": 80, "https": 443}.get(self.scheme)
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port not in (None, usual) else "") + url


def traced_pools(pools: Mapping[str, Any], vendor: str, write: Write) -> dict[str, Any]:
    """Return classes of pools, by scheme, of which ``write`` is told every call to ``vendor``."""
    return {scheme: _traced_pool(pool, vendor, write) for scheme, pool in pools.items()}


@cache
def _traced_pool(pool: Any, vendor: str, write: Write) -> Any:
    if issubclass(pool, _HeardPool):
        return pool
    connection = type(f"Traced{pool.ConnectionCls.__name__}", (_HeardConnection, pool.ConnectionCls), {})
    members = {"ConnectionCls": connection, "onramp_vendor": vendor, "onramp_write": (write,)}
    members[_OPEN] = _HeardPool.heard
    return type(f"Traced{pool.__name__}", (_HeardPool, pool), members)
