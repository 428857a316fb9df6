# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which base URLs credentials may be sent to."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from ..errors import InvalidArgument
from ..secrets.shown import quoted

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
LONGEST_HOST = 253
PLACE = "expected a URL of a host, with a port or a path at most"


def check_base_url(option: str, url: str) -> str:
    """Return ``url`` without blanks around it and without trailing slash; refuse what credentials must not be sent to.

    :raises InvalidArgument: it names the option, and shows the URL where no password can stand in it.
    """
    url = url.strip()
    # Any @, because a password may hold what ends the part of a URL in which it belongs.
    got = "" if "@" in url else f", got {quoted(url)}"
    if not url.lower().startswith(("http://", "https://")):
        raise InvalidArgument(f"{option}: expected an https:// URL{got}.")
    parts = _parts(url)
    host = (parts.hostname if parts else None) or ""
    if parts is None or not is_host(host):
        raise InvalidArgument(f"{option}: {PLACE}{got}.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise InvalidArgument(f"{option}: expected a URL without user, password, query and fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidArgument(
            f"{option}: {quoted(url)} is plain HTTP, which would show the credentials to the network. Use https://."
        )
    return url.rstrip("/")


def leaves_the_machine(url: str) -> bool:
    """Tell whether requests to a URL that :func:`check_base_url` has let pass may go through a proxy.

    Plain HTTP goes to this machine only, and its credentials do not leave it by way of a proxy.
    """
    return not url.lower().startswith("http://")


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL; None where it is none. The port is no part until somebody asks for it."""
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts
    except ValueError:
        return None


def is_host(host: str) -> bool:
    """Tell whether this can be the name of a host, or is an address."""
    if _is_address(host):
        return True
    try:
        name = host.encode("idna").decode().removesuffix(".")
    except UnicodeError:
        return False
    return len(name) <= LONGEST_HOST and all(_LABEL.fullmatch(label) for label in name.split("."))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether this is the machine itself."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
