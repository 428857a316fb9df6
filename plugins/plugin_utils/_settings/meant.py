# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody meant who has written something else: the end of a refusal, or nothing. Pure functions.

Nothing is taken for what was meant; it is only said. Nobody hands a text to these that may be a secret.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...module_utils._bucket.names import expected_name
from ...module_utils._kernel.secrets.redact import Redactor

# What the vendors and their users call a storage.
_STORAGES: Mapping[str, str] = {
    "aws": "s3",
    "amazon": "s3",
    "amazons3": "s3",
    "awss3": "s3",
    "s3bucket": "s3",
    "google": "gcs",
    "gcp": "gcs",
    "gs": "gcs",
    "googlecloud": "gcs",
    "googlecloudstorage": "gcs",
    "abs": "azure",
    "adls": "azure",
    "blob": "azure",
    "azureblob": "azure",
    "azureblobstorage": "azure",
    "microsoft": "azure",
    "no": "none",
    "false": "none",
    "off": "none",
    "nothing": "none",
    "null": "none",
}
_PERIODS: Mapping[str, int] = {"hourly": 60, "daily": 1440, "hour": 60, "day": 1440}
_UNITS: Mapping[str, int] = {"m": 1, "h": 60, "d": 1440}
_PERIOD = re.compile(r"([0-9]{1,4})\s*([mhd])(?:in(?:ute)?s?|(?:ou)?rs?|ays?)?")
_HOUR = re.compile(r"([01]?[0-9]|2[0-3])(?:[:.h][0-5][0-9])?(?:[:.][0-5][0-9])?")


def _address(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# Where a bucket is in the addresses that consoles and command lines show, and the folder after it.
_FOLDER = r"(?:/(?P<prefix>[^?;]*))?(?:[?;].*)?"
_ADDRESSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("s3", _address(r"(?:s3[an]?://|arn:[\w-]+:s3:::)(?P<bucket>[^/*\s]+)(?:/(?P<prefix>.*))?")),
    ("s3", _address(rf"https?://(?P<bucket>[^/]+?)\.s3[\w.-]*\.amazonaws\.com(?:\.cn)?{_FOLDER}")),
    ("s3", _address(rf"https?://s3[\w.-]*\.amazonaws\.com(?:\.cn)?/(?P<bucket>[^/?\s]+){_FOLDER}")),
    (
        "s3",
        _address(
            r"https://[\w.-]+\.amazon\.com/s3/buckets/(?P<bucket>[^/?]+)(?:\?(?:.*\bprefix=(?P<prefix>[^&]*))?.*)?"
        ),
    ),
    ("gcs", _address(r"(?:gs|gcs)://(?P<bucket>[^/\s]+)(?:/(?P<prefix>.*))?")),
    ("gcs", _address(rf"https?://(?P<bucket>[\w.-]+?)\.storage\.googleapis\.com{_FOLDER}")),
    ("gcs", _address(rf"https?://storage\.(?:googleapis|cloud\.google)\.com/(?P<bucket>[^/?\s]+){_FOLDER}")),
    ("gcs", _address(rf"https://console\.cloud\.google\.com/storage/browser/(?P<bucket>[^/?;]+){_FOLDER}")),
    ("azure", _address(rf"https://[a-z0-9]+\.blob\.core\.windows\.net/(?P<bucket>[^/?]+){_FOLDER}")),
    ("", _address(r"(?P<bucket>[^/:]+)/(?P<prefix>.*)")),
)
_NO_LETTER = re.compile(r"[^a-z0-9_]+")


_MEANT = " Did you mean "


def _did_you_mean(text: object) -> str:
    return f"{_MEANT}{text}?" if text not in (None, "") else ""


def without_secrets(message: str, redactor: Redactor) -> str:
    """Return a refusal without secrets, and without what was meant by one: that is the secret again, in other signs."""
    hidden = redactor.text(message)
    return hidden if hidden == message else hidden.partition(_MEANT)[0]


def choice(value: str, choices: Iterable[str | int]) -> str:
    """Return which of the choices is called ``value`` elsewhere."""
    meant = _STORAGES.get(re.sub(r"[^a-z0-9]", "", value.lower()))
    return _did_you_mean(meant if meant and meant in choices else None)


def minutes(value: object, choices: Iterable[str | int]) -> str:
    """Return which of the minutes to choose from is a period that somebody has written in words."""
    text = str(value).strip().lower()
    period = _PERIOD.fullmatch(text)
    number = int(period[1]) * _UNITS[period[2]] if period else _PERIODS.get(text)
    return f" It counts minutes.{_did_you_mean(number if number and number in choices else None)}"


def hour(value: object) -> str:
    """Return the full hour that a time of a day begins with."""
    match = _HOUR.fullmatch(str(value).strip().lower())
    return _did_you_mean(f'"{int(match[1]):02}:00"' if match else None)


def schema(value: str) -> str:
    """Return the nearest name that a warehouse takes."""
    name = _NO_LETTER.sub("_", value.strip().lower()).strip("_")
    return _did_you_mean(f"braze_{name}" if name[:1].isdecimal() else name)


def bucket_in(address: str) -> str:
    """Return the bucket in S3 or in Google Cloud Storage that an address names; empty if it is none."""
    matches = (pattern.match(address.strip()) for of, pattern in _ADDRESSES if of in ("s3", "gcs") and ":" in address)
    return next((match["bucket"] for match in matches if match), "")


def bucket(storage: str, value: str, role: str = "currents", *, is_storage_fixed: bool = False) -> str:
    """Return the variables that an address of a bucket, or of a folder in it, belongs to; or how a name is spelt.

    ``role``: what the names of these variables begin with. ``is_storage_fixed``: there is none for the storage.
    """
    for of, pattern in _ADDRESSES:
        match = pattern.fullmatch(value.strip())
        if match and not expected_name(of or storage, match["bucket"]):
            is_elsewhere = of not in ("", storage)
            if is_elsewhere and is_storage_fixed:
                return ""
            found = {"storage": of if is_elsewhere else "", "bucket": match["bucket"], "prefix": match["prefix"]}
            lines = [f"{role}_{name}: {text.strip('/')}" for name, text in found.items() if text and text.strip("/")]
            return f" Write {' and '.join(lines)}."
    name = value.strip().lower()
    return _did_you_mean(name if name != value and not expected_name(storage, name) else None)


def folder(value: str) -> str:
    """Return the folder that an address of it ends in."""
    for _of, pattern in _ADDRESSES[:-1]:
        match = pattern.fullmatch(value.strip())
        if match:
            return _did_you_mean((match["prefix"] or "").strip("/"))
    return ""


def role_arn(value: str) -> str:
    """Return what an ARN is that is not a role's."""
    return " That is a user, not a role." if ":user/" in value else ""


def own_role_arn(value: str) -> str:
    """Return where the name of a role belongs, if it is one."""
    is_name = re.fullmatch(r"[\w+=,.@-]{1,64}", value)
    return " To have a role of that name made, set s3_access_role_name instead." if is_name else role_arn(value)


def gcs_role(value: str) -> str:
    """Return the name by which Google's API knows a role that its console shows another one of."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+", value)]
    if words[:1] != ["storage"] or len(words) < 2:
        return ""
    return _did_you_mean(f"roles/storage.{words[1]}{''.join(word.title() for word in words[2:])}")
