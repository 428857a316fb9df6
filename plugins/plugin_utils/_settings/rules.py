# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the settings of a workspace have to be beyond their types, each alone and together. Pure functions.

What the vendors' packages check already is asked of them, so that no rule stands twice; their sentences are told in the
names that the user wrote.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from ...module_utils._aws.credentials.connection import KEYS
from ...module_utils._braze.instances import find_endpoint
from ...module_utils._bucket.names import bare_folder, expected_name
from ...module_utils._google.policy import check_role
from ...module_utils._kernel.http.url import PLACE, check_base_url
from ...module_utils._kernel.options.limits import LONGEST_AGE, LONGEST_TIMEOUT, check_number
from ...module_utils._kernel.secrets.keys import BLANKS, bare, complaint
from ...module_utils._kernel.secrets.redact import is_mask
from ...module_utils._kernel.secrets.shown import shown
from . import meant
from .borrowed import (
    CONNECTION,
    DAILY_SYNC_TIME,
    HISTORY_FROM,
    borrowed,
    key_arns,
    of_braze_config,
    of_s3_access,
    permissions_of_key,
    tags_of_role,
    what_was_meant,
)
from .values import Refused

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]*")


_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]+")


_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]+")


_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?(?:/[\w./~%+-]*)?", re.ASCII)


_ACCOUNT = re.compile(r"[0-9]{12}")


def bucket(storage: str, name: str, role: str = "currents", *, is_storage_fixed: bool = False) -> str:
    """Return the name of a bucket, or of a container with Azure, if the cloud can know it.

    ``role``: what the variables begin with that it belongs to; ``is_storage_fixed``: none of them is the storage.

    :raises Refused: saying what names look like there.
    """
    expected = expected_name(storage, name)
    if expected:
        guess = partial(meant.bucket, storage, role=role, is_storage_fixed=is_storage_fixed)
        raise Refused(f"{expected}, got {shown(name)}.{what_was_meant(guess, name)}")
    return name


def credential(value: str) -> str:
    """Return a key as a header takes it, without blanks and line breaks around it.

    :raises Refused: what is more than a key, or damaged. Never shows it.
    """
    key = bare(value)
    wrong = complaint(key)
    if wrong:
        raise Refused(wrong)
    return key


def connection_string(value: str) -> str:
    """Return a connection string of Azure without blanks and line breaks around it.

    :raises Refused: what is none. Never shows it.
    """
    text = value.strip(BLANKS)
    if not text.isprintable():
        raise Refused("holds a line break or a control character; give it in one line.")
    if is_mask(text):
        raise Refused("is a mask, as vendors show stored secrets; give the connection string itself.")
    return text


def fivetran_url(value: str) -> str:
    """Return the base URL of Fivetran's API without trailing slash.

    :raises Refused: what credentials must not be sent to, or cannot.
    """
    url = value.strip()
    return _proper_url(borrowed("fivetran_api_url", url, lambda: check_base_url("fivetran_api_url", url)))


def braze_url(value: str) -> str:
    """Return the REST URL of the Braze instance that is meant.

    :raises Refused: what means none.
    """
    text = value.strip()
    return _proper_url(borrowed("api_url", text, lambda: find_endpoint(text).api_url))


def _proper_url(url: str) -> str:
    """Refuse what the parser of URLs lets through and no server can be reached by."""
    parts = _URL.fullmatch(url)
    if parts is None or not 0 < int(parts["port"] or 443) < 65536:
        raise Refused(f"{PLACE}, got {shown(url)}.")
    return url


def schema(value: str) -> str:
    """Return the name of a schema, if a warehouse takes it.

    :raises Refused: saying what names look like.
    """
    if not _SCHEMA.fullmatch(value):
        raise Refused(
            "expected lower-case letters, digits and underscores, no digit first,"
            f" got {shown(value)}.{what_was_meant(meant.schema, value)}"
        )
    return value


def folder(value: str) -> str:
    """Return a folder of a bucket without slashes around it.

    :raises Refused: what is an address.
    """
    folder_alone, scheme = bare_folder(value), "gs" if value.lstrip().startswith("gs:") else "s3"
    if "://" in value or not folder_alone.isprintable():
        raise Refused(
            f"expected a folder in the bucket such as currents, without {scheme}:// and a bucket,"
            f" got {shown(value)}.{what_was_meant(meant.folder, value)}"
        )
    return folder_alone


def no_address(value: str) -> str:
    """Return a folder as it is, which is made a name of by what sends it.

    :raises Refused: see :func:`folder`.
    """
    folder(value)
    return value


def _trimmed(value: str) -> str:
    return value.strip(BLANKS)


def _matching(pattern: re.Pattern[str], expected: str, value: str) -> str:
    """Return ``value`` if it matches; what is empty stands for nothing.

    :raises Refused: saying what was expected.
    """
    if value and not pattern.fullmatch(value):
        raise Refused(f"expected {expected}, got {shown(value)}.")
    return value


def number(lowest: int, highest: int, value: int) -> int:
    """Return ``value`` if it lies between the two.

    :raises Refused: saying what is accepted.
    """
    return int(borrowed("number", value, lambda: check_number("number", value, lowest, highest)))


def _role_arn(value: str, guess: Callable[[str], str] = meant.role_arn) -> str:
    try:
        return _matching(_ROLE_ARN, "the ARN of an IAM role such as arn:aws:iam::111122223333:role/Fivetran", value)
    except Refused as refusal:
        raise Refused(f"{refusal}{what_was_meant(guess, value)}") from None


def _gcs_role(value: str) -> str:
    try:
        return str(borrowed("role", value, lambda: check_role(value)))
    except Refused as refusal:
        raise Refused(f"{refusal}{what_was_meant(meant.gcs_role, value)}") from None


def _day(value: str) -> str:
    if value:
        of_braze_config({"history_from": value}, value)
    return value


# Before the type is looked at: what YAML makes of a time and of a day.
def day_as_text(value: Any) -> Any:
    """Return a date as the text that it was written as; a time of a day is none."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def no_number_of_minutes(value: Any) -> Any:
    """Return ``value`` unless YAML has made a number of a time of day.

    :raises Refused: telling to put it in quotes.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Refused(
            f'expected a full hour such as "14:00", got the number {value}. YAML reads 14:00 without quotes as a'
            " number: put it in quotes."
        )
    return value


def no_number(value: Any) -> Any:
    """Return ``value`` unless YAML may have made another number of the digits of an account.

    :raises Refused: telling to put it in quotes.
    """
    if isinstance(value, int) and not isinstance(value, bool) and not _ACCOUNT.fullmatch(str(value)):
        raise Refused(
            f"expected the twelve digits of an AWS account, got the number {value}. YAML reads digits that begin with 0"
            " as another number: put them in quotes."
        )
    return value


RAW_RULES: Mapping[str, Callable[[Any], Any]] = {
    HISTORY_FROM: day_as_text,
    DAILY_SYNC_TIME: no_number_of_minutes,
    "s3_access_account_id": no_number,
}


def _endpoint(value: str) -> str:
    """Return where requests to AWS go; empty for AWS's own addresses."""
    url = value.strip()
    return _proper_url(borrowed("endpoint_url", url, lambda: check_base_url("endpoint_url", url))) if url else ""


def _of_aws(role: str) -> dict[str, Callable[[Any], Any]]:
    """Return the rules for what a role says of AWS. What is an empty key comes of a look-up that has found nothing."""
    return {
        **{f"{role}_aws_{option}": credential for option in KEYS},
        f"{role}_aws_profile": _trimmed,
        f"{role}_aws_endpoint_url": _endpoint,
        f"{role}_aws_assume_role_arn": _role_arn,
    }


# Of the roles' variables, those whose white space around them the roles themselves take off, or are never given.
TRIMMED = frozenset((
    "s3_access_role_name", "s3_access_policy_name", "s3_access_role_arn", "s3_access_account_id", HISTORY_FROM,
    f"{CONNECTION}exports_role_arn",
))  # fmt: skip


# What a value of the right type is made to, or refused for, by the variable.
VALUE_RULES: Mapping[str, Callable[[Any], Any]] = {
    "fivetran_schema": schema,
    "braze_api_url": braze_url,
    "braze_api_key": credential,
    "braze_api_key_permissions": permissions_of_key,
    "currents_prefix": folder,
    "currents_connection_string": connection_string,
    "onramp_max_lag_hours": partial(number, 1, LONGEST_AGE),
    "currents_landing_stale_after": partial(number, 1, LONGEST_AGE),
    "s3_access_role_arn": partial(_role_arn, guess=meant.own_role_arn),
    "s3_access_account_id": partial(_matching, _ACCOUNT, "the twelve digits of an AWS account, in quotes"),
    **_of_aws("currents_landing"),
    **_of_aws("s3_access"),
    "s3_access_role_name": partial(of_s3_access, "role_name"),
    "s3_access_policy_name": partial(of_s3_access, "policy_name"),
    "s3_access_path": partial(of_s3_access, "path"),
    "s3_access_fivetran_account_id": partial(of_s3_access, "fivetran_account_id"),
    "s3_access_kms_key_arns": key_arns,
    "s3_access_tags": tags_of_role,
    "s3_access_permissions_boundary": partial(_matching, _POLICY_ARN, "the ARN of an IAM policy"),
    "s3_access_max_session_duration": partial(number, 3600, 43200),
    "gcs_access_role": _gcs_role,
    HISTORY_FROM: _day,
    f"{CONNECTION}role_arn": _role_arn,
    f"{CONNECTION}exports_role_arn": _role_arn,
    f"{CONNECTION}exports_connection_string": connection_string,
    f"{CONNECTION}exports_prefix": no_address,
    f"{CONNECTION}setup_test_timeout": partial(number, 1, LONGEST_TIMEOUT),
    f"{CONNECTION}retry_timeout": partial(number, 1, LONGEST_TIMEOUT),
    f"{CONNECTION}rate_limit_timeout": partial(number, 0, LONGEST_TIMEOUT),
    f"{CONNECTION}setup_test_retries": partial(number, 0, 1000),
}
