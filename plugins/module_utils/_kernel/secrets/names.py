# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By which names secrets go: fields of a configuration, variables of a host, of any author. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from .redact import REDACTED, is_mask

# Variables of the environment that are secrets; every process that talks to a vendor may hold them.
SECRETS_OF_THE_ENVIRONMENT = (
    "FIVETRAN_APIKEY",
    "FIVETRAN_APISECRET",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRETS = frozenset((
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets", "token", "tokens", "credential",
    "credentials", "apikey", "privatekey", "authorization", "cookie", "pat", "bearer", "keystore", "truststore", "cert",
    "certificate",
))  # fmt: skip
# Also where more follows, such as the name of a host, or that it is the old one.
_PAIRS = frozenset(
    {("pass", "phrase"), ("connection", "string"), ("conn", "string"), ("access", "signature"), ("auth", "code")}
    | {(kind, "key") for kind in ("api", "private", "account", "encryption")}
)
# A URL that is a secret itself.
_SAS = frozenset({"sas", "signature"})
# A key of what has no lock.
_OTHER_KEYS = frozenset((
    "primary", "public", "foreign", "partition", "sort", "row", "composite", "unique", "cluster", "external", "natural",
    "surrogate", "join", "replication", "merge", "index", "object", "file", "host", "project", "cache", "report",
))  # fmt: skip
# What ends so tells something of a secret, and not the secret.
_ABOUT = frozenset((
    "id", "ids", "name", "names", "type", "url", "uri", "endpoint", "host", "region", "version", "policy", "mode",
    "expiry", "expires", "expiration", "ttl", "seconds", "at", "enabled", "required", "length", "manager", "file",
    "path", "arn", "arns", "source", "link", "dns", "method", "status", "state", "service", "scope", "alias", "ip",
    "network", "container", "database", "records",
))  # fmt: skip


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a secret: a password, token, private key or connection string."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not _SAS.isdisjoint(words):
        return True
    if not words or words[-1] in _ABOUT or "public" in words:
        return False
    if not _SECRETS.isdisjoint(words) or not _PAIRS.isdisjoint(pairwise(words)):
        return True
    return words[-1] in ("key", "keys") and _OTHER_KEYS.isdisjoint(words)


def without_secrets(data: Any) -> Any:
    """Return a copy of JSON-like ``data`` in which what stands under the name of a secret is ``********``.

    A vendor's mask stays as it is, and so does what is not text. Of a pair of key and value, the key is the name.
    """
    if isinstance(data, list):
        return [without_secrets(value) for value in data]
    if not isinstance(data, Mapping):
        return data
    pair = {name.lower(): name for name in data if isinstance(name, str) and name.lower() in _PAIR}
    if len(pair) == len(data) == len(_PAIR):
        name, value = data[pair["key"]], data[pair["value"]]
        hides = isinstance(name, str) and is_secret_name(name)
        return {pair["key"]: name, pair["value"]: _hidden(value) if hides else without_secrets(value)}
    return {
        name: _hidden(value) if isinstance(name, str) and is_secret_name(name) else without_secrets(value)
        for name, value in data.items()
    }


_PAIR = ("key", "value")


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return REDACTED if isinstance(value, str) and value and not is_mask(value) else value
