# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Braze's instances: what a user may write for one, and the REST URL that is meant.

Source: Braze's table of instances in its API overview.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from .._kernel.errors import InvalidArgument
from .._kernel.http.url import check_base_url
from .._kernel.secrets.shown import quoted


@dataclass(frozen=True)
class Instance:
    """One cluster of Braze, with the host of its REST API and that of its dashboard."""

    name: str
    rest_host: str
    dashboard_host: str

    @property
    def api_url(self) -> str:
        """Return the base URL of the REST API, without trailing slash."""
        return f"https://{self.rest_host}"

    def describe(self) -> str:
        """Return name and REST URL for a message."""
        return f"{self.name} ({self.api_url})"


INSTANCES = (
    *(Instance(f"US-0{n}", f"rest.iad-0{n}.braze.com", f"dashboard-0{n}.braze.com") for n in range(1, 9)),
    Instance("US-10", "rest.us-10.braze.com", "dashboard.us-10.braze.com"),
    *(Instance(f"EU-0{n}", f"rest.fra-0{n}.braze.eu", f"dashboard-0{n}.braze.eu") for n in (1, 2)),
    *(
        Instance(f"{country}-01", f"rest.{country.lower()}-01.braze.com", f"dashboard.{country.lower()}-01.braze.com")
        for country in ("AU", "ID", "JP", "KR")
    ),
)

_BY_NAME = {instance.name: instance for instance in INSTANCES}
_BY_HOST = {
    host: instance
    for instance in INSTANCES
    for host in (instance.rest_host, instance.dashboard_host, instance.rest_host.replace("rest.", "sdk.", 1))
}


@dataclass(frozen=True)
class Endpoint:
    """The REST API that was meant. ``instance`` is None, and ``warning`` says so, where the host is not known."""

    api_url: str
    instance: Instance | None = None
    warning: str | None = None


def find_endpoint(text: str) -> Endpoint:
    """Return the REST API for a REST URL, a dashboard URL or the name of an instance (``US-01``).

    An unknown host is taken as it is, with a warning, because Braze opens new instances.

    :raises InvalidArgument: neither a URL nor a known name, or a URL that credentials must not be sent to.
    """
    text = text.strip()
    named = _BY_NAME.get(text.upper())
    if named is not None:
        return Endpoint(named.api_url, named)
    url = text if "://" in text else _as_url(text)
    parts = urlsplit(url)
    known = _BY_HOST.get(parts.hostname or "")
    if known is None:
        return _unknown(check_base_url("api_url", url))
    # The path of a page of the dashboard is of no interest; scheme and user are.
    check_base_url("api_url", f"{parts.scheme}://{parts.netloc}")
    return Endpoint(known.api_url, known)


def other_instances(endpoint: Endpoint) -> list[str]:
    """Return the names of the instances that a key refused by ``endpoint`` could belong to."""
    return [instance.name for instance in INSTANCES if instance != endpoint.instance]


def _as_url(text: str) -> str:
    if "." not in text:
        meant = _meant(text)
        # Whom nobody understands is told them all.
        names, question = ("such as US-01", f" Did you mean {meant}?") if meant else (", ".join(_BY_NAME), "")
        raise InvalidArgument(
            f"api_url: expected the REST URL or the dashboard URL of a Braze instance, or its name ({names}),"
            f" got {quoted(text)}.{question}"
        )
    return f"https://{text}"


def _meant(text: str) -> str | None:
    """Return the name that ``us1``, ``US 01`` or ``iad-01`` stands for, if it stands for one."""
    wanted = _only_letters_and_number(text)
    for instance in INSTANCES:
        cluster = instance.rest_host.split(".")[1]
        if wanted in (_only_letters_and_number(instance.name), _only_letters_and_number(cluster)):
            return instance.name
    return None


def _only_letters_and_number(text: str) -> tuple[str, int]:
    letters = "".join(filter(str.isalpha, text)).lower()
    return letters, int("".join(filter(str.isdecimal, text)) or 0)


def _unknown(api_url: str) -> Endpoint:
    if api_url.startswith("http://"):
        # Only loopback may be plain HTTP, and a person who writes it knows that it is not Braze.
        return Endpoint(api_url)
    host = urlsplit(api_url).hostname or ""
    if host.startswith("dashboard"):
        warning = (
            f"api_url: {api_url} looks like the dashboard of an instance that this version does not know, so its REST"
            " URL is not known either. Take the REST URL from Braze's API overview."
        )
    else:
        warning = f"api_url: {host} is not one of Braze's instances that this version knows. It is used as it is."
    return Endpoint(api_url, warning=warning)
