# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the environment says of certificates and proxies, read once for a client and refused by name if it cannot work.

The libraries read it for every call, and say of what is wrong with it no more than that a connection failed. Proxies of
the system's own settings are not asked for: on macOS, to ask in a forked process ends that process.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment

# The library's own stub does not know it.
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # isort: skip

from ..errors import InvalidArgument
from ..secrets.shown import quoted
from .url import is_host, leaves_the_machine

# Where the certificates of authorities are looked for, the first one first.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# By kind; of two spellings the first one that is there counts, and an empty one means that there is none.
PROXY_VARIABLES = {
    "http": ("http_proxy", "HTTP_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY"),
    "all": ("all_proxy", "ALL_PROXY"),
}
SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """A proxy and the variable that names it. ``url`` may hold a password, ``host`` does not."""

    variable: str
    host: str
    url: str = field(repr=False)

    def __str__(self) -> str:
        return f"the proxy {self.host} ({self.variable})"


@dataclass(frozen=True)
class Surroundings:
    """What a client takes from the environment. ``verify``: True, or where the certificates are."""

    verify: bool | str = True
    proxy: Proxy | None = None

    @property
    def proxies(self) -> Mapping[str, str]:
        """The proxy as requests takes it."""
        return {"https": self.proxy.url} if self.proxy else {}


def surroundings(url: str) -> Surroundings:
    """Return what the environment says for a base URL that :func:`check_base_url` has let pass.

    :raises InvalidArgument: it names the variable that cannot be used.
    """
    parts = urlsplit(url)
    variable = next((name for name in CERTIFICATE_VARIABLES if os.environ.get(name)), "")
    verify = _certificates(variable, os.environ[variable]) if variable else True
    # All of them, because what cannot be right for one vendor is not right for the others.
    proxies = {} if _is_left_out(parts) else {kind: _proxy_of(names) for kind, names in PROXY_VARIABLES.items()}
    return Surroundings(verify, (proxies.get("https") or proxies.get("all")) if leaves_the_machine(url) else None)


def _certificates(variable: str, path: str) -> str:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        raise InvalidArgument(
            f"{variable}: expected the path of a file with certificates, got {quoted(path)}, which does not exist."
        ) from None
    if os.path.isfile(path):
        _check_file(variable, path, status.st_mtime_ns, status.st_size)
    return path


@lru_cache(maxsize=8)
def _check_file(variable: str, path: str, _changed: int, _size: int) -> None:
    """Read the file as TLS would, once for all clients as long as it stays the same."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise InvalidArgument(
            f"{variable}: {quoted(path)} holds no certificates that can be read. Expected a file of certificates in"
            " PEM, of which each begins with -----BEGIN CERTIFICATE-----."
        ) from None
    except OSError as error:
        raise InvalidArgument(f"{variable}: {quoted(path)} cannot be read: {os.strerror(error.errno or 0)}.") from None


def _is_left_out(parts: SplitResult) -> bool:
    """Tell whether NO_PROXY names the host."""
    return bool(proxy_bypass_environment(parts.netloc, getproxies_environment()))


def _proxy_of(names: tuple[str, ...]) -> Proxy | None:
    variable = next((name for name in names if name in os.environ), "")
    value = os.environ.get(variable, "").strip()
    return _proxy(variable, value) if value else None


def _proxy(variable: str, value: str) -> Proxy:
    """Read what a variable says. What is wrong with it is told without it, because a password may stand in it."""
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(variable) from None
    # An @ behind the host is one that belongs to a password with a / ? or # in it.
    if not is_host(host) or not url.isprintable() or " " in url or "@" in url.partition("://")[2][len(parts.netloc) :]:
        raise _refused(variable)
    if parts.scheme in SOCKS_SCHEMES:
        if find_spec("socks") is None:
            raise InvalidArgument(
                f"{variable}: names a SOCKS proxy, which needs the Python package PySocks. Install it with"
                " 'pip install requests[socks]', or name a proxy that speaks HTTP."
            )
    elif parts.scheme not in ("http", "https"):
        raise _refused(variable)
    return Proxy(variable, host if port is None else f"{host}:{port}", url)


def _refused(variable: str) -> InvalidArgument:
    return InvalidArgument(
        f"{variable}: expected the URL of a proxy, such as http://proxy.example.com:3128. Its value is not one; it is"
        f" not shown, because it may hold a password. In user and password, write special characters percent-encoded,"
        " # as %23 and @ as %40."
    )
