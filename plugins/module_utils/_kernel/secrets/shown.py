# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How messages name a value that somebody has given: where a name belongs, a person may have put a secret.

What may be a secret is described and not quoted. What can be nothing else is refused before anybody is asked for it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..errors import InvalidArgument
from ..options.spec import Arguments, OptionSpec
from .redact import texts_in

LONGEST_SHOWN = 200

# Capitals, small letters and digits without a break: a word that nobody has thought up.
_RANDOM = re.compile(r"(?=[A-Za-z+/=]*[0-9])(?=[a-z0-9+/=]*[A-Z])(?=[A-Z0-9+/=]*[a-z])[A-Za-z0-9+=]{16,}")
# What is a word in such a run, as in FivetranRole; a name of a template has little beside them.
_WORD = re.compile(r"[A-Z]?[a-z]{2,}")
_FEWEST_BESIDE_WORDS = 10
_KEY_ID = re.compile(r"\s*(?:AKIA|ASIA)[A-Z2-7]{16}\s*")
_TYPES: Sequence[tuple[type | tuple[type, ...], str]] = (
    (bool, "a boolean"),
    ((int, float), "a number"),
    (str, "a text"),
    (date, "a date"),
    (Mapping, "a dictionary"),
    (list, "a list"),
    (type(None), "nothing"),
)


@dataclass(frozen=True)
class SecretKind:
    """A kind of secret. ``certain``: no name, path, URL or ARN looks like that."""

    what: str
    pattern: re.Pattern[str]
    certain: bool = False


# Of several, the first is told.
_KINDS = (
    SecretKind(
        "a Google service account key",
        re.compile(r"\{.*\"(?:private_key|private_key_id|client_secret|refresh_token)\"", re.DOTALL),
        certain=True,
    ),
    SecretKind("a private key", re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY|PRIVATE KEY-----"), certain=True),
    SecretKind(
        "a connection string of Azure",
        re.compile(r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=", re.IGNORECASE),
        certain=True,
    ),
    SecretKind(
        "a signed URL", re.compile(r"[?&](?:sig|X-Amz-Signature|X-Goog-Signature|access_token)=", re.IGNORECASE), True
    ),
    SecretKind(
        "an Authorization header", re.compile(r"\s*(?:Authorization:\s*)?(?:Bearer|Basic)\s+\S", re.IGNORECASE), True
    ),
    SecretKind("a URL with a password", re.compile(r"(?:://|^)[^/\s:@]*:[^/\s]*@")),
    SecretKind(
        "a token",
        re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.|\bya29\.|^1//\w|\bGOCSPX-|\bAIza[\w-]{30}|\bgh[pousr]_\w{30}"),
        certain=True,
    ),
    SecretKind("the id of an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b")),
    SecretKind(
        "a secret key of AWS",
        re.compile(r"^(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[A-Za-z0-9+/]{40}$"),
    ),
    SecretKind(
        "a key",
        re.compile(
            r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{32,}\b",
            re.IGNORECASE,
        ),
    ),
    SecretKind(
        "a key",
        re.compile(r"^(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[A-Za-z0-9+/]{60,}={0,2}$"),
    ),
)


def looks_like(text: str, *, certain: bool = False) -> str:
    """Return what kind of secret ``text`` looks like, empty if like none; ``certain``: only what is nothing else."""
    # An ARN may hold the id of a key, and names that a template has made.
    certain = certain or text.startswith("arn:")
    found = next((kind for kind in _KINDS if (kind.certain or not certain) and kind.pattern.search(text)), None)
    if found:
        return found.what
    return "a key" if not certain and any(map(_is_random, _RANDOM.findall(text))) else ""


def _is_random(run: str) -> bool:
    return len(_WORD.sub("", run)) >= _FEWEST_BESIDE_WORDS


def may_be_secret(text: str) -> bool:
    """Tell whether somebody may have put a key where something else belongs; rather too often than too seldom."""
    return (
        len(text) > LONGEST_SHOWN
        or not text.isprintable()
        or _RANDOM.search(text) is not None
        or re.search(r"(?://|:)[^/\s]*@", text) is not None
        or bool(looks_like(text))
    )


def described(text: str) -> str:
    """Return what a message says of a text that it does not show."""
    kind = looks_like(text)
    return f"a text of {len(text):,} characters, not shown{f' because it looks like {kind}' if kind else ''}"


def shown(value: Any, *, secret: bool = False) -> str:
    """Return how a message names ``value``: itself where it is harmless, else what kind of thing it is."""
    if secret or isinstance(value, list | Mapping):
        return type_of(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return described(value) if may_be_secret(value) else f'"{value}"'
    if isinstance(value, date):
        return f"the date {value.isoformat()}"
    return str(value) if isinstance(value, int | float) else type_of(value)


def quoted(value: Any) -> str:
    """Return ``value`` as code quotes it, where it is harmless, else what kind of thing it is."""
    return f"({described(value)})" if isinstance(value, str) and may_be_secret(value) else repr(value)


def type_of(value: Any) -> str:
    """Return in words what type of thing ``value`` is."""
    return next((words for kind, words in _TYPES if isinstance(value, kind)), f"a {type(value).__name__}")


def refuse_secrets(spec: Arguments, arguments: Mapping[str, Any]) -> None:
    """Refuse a secret in an option that is for none, before it is sent to anybody as a name.

    What stands in a dictionary belongs to its service, and is for that one to judge.

    :raises InvalidArgument: naming the option and what was found there, without it.
    """
    for name, text in _given(spec, arguments):
        kind = looks_like(text, certain=True)
        if kind and not _is_dictionary(spec, name):
            raise InvalidArgument(
                f"{name}: a text of {len(text):,} characters that looks like {kind}, which does not belong here; it is"
                " not repeated. Nothing was sent. Give what the option is for, and if this was logged anywhere, replace"
                " the secret."
            )


def suspects(spec: Arguments, arguments: Mapping[str, Any]) -> list[str]:
    """Return the texts in options that are for no secret and look like one."""
    return [text for _name, text in _given(spec, arguments) if looks_like(text)]


def _given(spec: Arguments, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in arguments.items():
        option = option_of(spec, name)
        if not option.get("no_log"):
            # The id of an access key is no secret where it belongs.
            ids = _KEY_ID if "aws_access_key_id" in option.get("aliases", ()) else None
            yield from ((name, text) for text in texts_in(value) if ids is None or not ids.fullmatch(text))


def option_of(spec: Arguments, name: str) -> OptionSpec:
    """Return what a spec says of an option, by its name or one of its aliases."""
    named = (option for option in spec.values() if name in option.get("aliases", ()))
    return spec.get(name) or next(named, OptionSpec())


def _is_dictionary(spec: Arguments, name: str) -> bool:
    return option_of(spec, name).get("type") == "dict"
