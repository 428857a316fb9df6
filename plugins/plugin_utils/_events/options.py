# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the event sources, read and checked: ansible-rulebook does not check them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._fivetran.credentials import checked_credential
from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.options.shared import WHERE_MADE
from ...module_utils._kernel.secrets.shown import shown
from .event import Event, EventKind

# ansible-rulebook adds it.
_OF_RULEBOOK = ("eda_feedback_queue",)
_WANTED = {"enabled": True, "gather": 0, "kinds": [], "services": ["braze"]}
_WEBHOOK: Mapping[str, Any] = {
    **_WANTED, "host": "127.0.0.1", "port": None, "path": "/fivetran", "secret": None, "certfile": "", "keyfile": "",
    "max_body": 65536, "requests_per_second": 20,
}  # fmt: skip
_STATUS: Mapping[str, Any] = {
    **_WANTED, "fivetran_api_key": None, "fivetran_api_secret": None, "fivetran_api_url": None, "groups": [],
    "interval": 60,
}  # fmt: skip
_EVERY: Mapping[str, Any] = {"seconds": None}
SHORTEST_SECRET = 16
FASTEST = 5
URL = "https://api.fivetran.com"


@dataclass(frozen=True)
class WantedEvents:
    """Which events are emitted; no ``kinds`` means all. ``gather``: seconds of silence that end a batch, 0 for none."""

    kinds: frozenset[str]
    services: frozenset[str]
    gather: float

    def wants(self, event: Event) -> bool:
        """Tell whether an event is emitted."""
        return (not self.kinds or event.kind in self.kinds) and event.service in self.services


@dataclass(frozen=True)
class WebhookOptions(WantedEvents):
    """What the receiver goes by."""

    host: str
    port: int
    path: str
    secrets: tuple[str, ...]
    certfile: str
    keyfile: str
    max_body: int
    requests_per_second: int


@dataclass(frozen=True)
class StatusOptions(WantedEvents):
    """What the watcher goes by."""

    key: str
    secret: str
    url: str
    groups: tuple[str, ...]
    interval: float


def webhook_options(args: Mapping[str, Any], environment: Mapping[str, str]) -> WebhookOptions:
    """Return the options of ``fivetran_webhook``.

    :raises InvalidArgument: naming the option and what is accepted.
    """
    given = _given(args, _WEBHOOK)
    path = _text("path", given["path"])
    if not path.startswith("/"):
        raise InvalidArgument(f"path: expected a path that begins with /, got {shown(path)}.")
    certfile, keyfile = _text("certfile", given["certfile"]), _text("keyfile", given["keyfile"])
    if bool(certfile) != bool(keyfile):
        raise InvalidArgument("certfile: certificate and keyfile belong together; give both or none of them.")
    return WebhookOptions(
        **_wanted(given),
        host=_text("host", given["host"]),
        port=_number("port", given["port"], 0, 65535),
        path=path,
        secrets=_secrets(given["secret"] or environment.get("ONRAMP_WEBHOOK_SECRET")),
        certfile=certfile,
        keyfile=keyfile,
        max_body=_number("max_body", given["max_body"], 1024, 16 * 1024 * 1024),
        requests_per_second=_number("requests_per_second", given["requests_per_second"], 1, 10_000),
    )


def status_options(args: Mapping[str, Any], environment: Mapping[str, str]) -> StatusOptions:
    """Return the options of ``fivetran_status``.

    :raises InvalidArgument: naming the option and what is accepted.
    """
    given = _given(args, _STATUS)
    return StatusOptions(
        **_wanted(given),
        key=_credential("fivetran_api_key", "FIVETRAN_APIKEY", given, environment),
        secret=_credential("fivetran_api_secret", "FIVETRAN_APISECRET", given, environment),
        url=_text("fivetran_api_url", given["fivetran_api_url"] or environment.get("FIVETRAN_API_URL") or URL),
        groups=_texts("groups", given["groups"]),
        interval=float(_number("interval", given["interval"], FASTEST, 3600)),
    )


def is_enabled(args: Mapping[str, Any]) -> bool:
    """Tell whether a source is switched on: one that is not needs none of its other options.

    :raises InvalidArgument: it is neither true nor false.
    """
    value = args.get("enabled")
    if value is None or str(value).lower() in ("true", "yes", "on"):
        return True
    if str(value).lower() in ("false", "no", "off"):
        return False
    raise InvalidArgument(f"enabled: expected true or false, got {shown(value)}.")


def seconds_of(args: Mapping[str, Any]) -> int:
    """Return the option of ``every``.

    :raises InvalidArgument: naming the option and what is accepted.
    """
    return _number("seconds", _given(args, _EVERY)["seconds"], 0, 31 * 24 * 3600)


def _given(args: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(args) - set(known) - set(_OF_RULEBOOK))
    if unknown:
        raise InvalidArgument(f"{unknown[0]}: there is no such option; there are {', '.join(sorted(known))}.")
    return {name: default if args.get(name) is None else args[name] for name, default in known.items()}


def _wanted(given: Mapping[str, Any]) -> dict[str, Any]:
    kinds = _texts("kinds", given["kinds"])
    wrong = sorted(set(kinds) - set(EventKind))
    if wrong:
        raise InvalidArgument(f"kinds: there is no kind {shown(wrong[0])}; there are {', '.join(EventKind)}.")
    return {
        "kinds": frozenset(kinds),
        "services": frozenset(_texts("services", given["services"])),
        "gather": float(_number("gather", given["gather"], 0, 60)),
    }


def _secrets(value: Any) -> tuple[str, ...]:
    secrets = _texts("secret", value or [], secret=True)
    if not secrets:
        raise InvalidArgument(
            "secret: it is missing, so that nobody could tell Fivetran from somebody else. Give the secret of the"
            " webhook, or set ONRAMP_WEBHOOK_SECRET."
        )
    if any(len(secret) < SHORTEST_SECRET for secret in secrets):
        raise InvalidArgument(f"secret: expected at least {SHORTEST_SECRET} characters, such as openssl rand -hex 32.")
    return secrets


def _credential(name: str, variable: str, given: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    value = given[name] or environment.get(variable)
    if not value:
        raise InvalidArgument(f"{name}: it is missing. Give it here, or export {variable}. {WHERE_MADE}")
    return checked_credential(name, variable, _text(name, value, secret=True))


def _text(name: str, value: Any, *, secret: bool = False) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name}: expected a text, got {shown(value, secret=secret)}.")
    return value


def _texts(name: str, value: Any, *, secret: bool = False) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_text(name, item, secret=secret) for item in values)


def _number(name: str, value: Any, lowest: int, highest: int) -> int:
    try:
        number = None if isinstance(value, bool) else int(str(value))
    except ValueError:
        number = None
    if number is None or not lowest <= number <= highest:
        raise InvalidArgument(f"{name}: expected a number from {lowest} to {highest}, got {shown(value)}.")
    return number
