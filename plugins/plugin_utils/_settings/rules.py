# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""What the settings of a workspace have to be beyond their types, each alone and together. Pure functions.

What the vendors' packages check already is asked of them, so that no rule stands twice; their sentences are told in the
names that the user wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from ...module_utils._aws.access.model import TAG
from ...module_utils._aws.credentials.connection import IDENTITY, KEYS, contradictions
from ...module_utils._braze.instances import find_endpoint
from ...module_utils._bucket.names import expected_name
from ...module_utils._fivetran.connection.braze_config import braze_config
from ...module_utils._fivetran.connection.desired import Desired
from ...module_utils._google.policy import check_role
from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.http.url import PLACE, check_base_url
from ...module_utils._kernel.options import LONGEST_TIMEOUT, check_number
from ...module_utils._kernel.secrets.keys import BLANKS, bare, complaint
from ...module_utils._kernel.secrets.redact import is_mask
from ...module_utils._kernel.secrets.shown import may_be_secret, quoted, shown
from . import meant
from .options import all_options, role_options
from .values import Refused

CONNECTION = "fivetran_connection_"
DAILY_SYNC_TIME = f"{CONNECTION}daily_sync_time"
SYNC_FREQUENCY = f"{CONNECTION}sync_frequency"
HISTORY_FROM = f"{CONNECTION}history_from"

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]*")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]+")
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]+")
_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?(?:/[\w./~%+-]*)?", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}")
_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")
_MOST_TAGS = 49
# Ten years, in hours.
_LONGEST_LAG = 87600


def bucket(storage: str, name: str, role: str = "currents", *, is_storage_fixed: bool = False) -> str:
    """Return the name of a bucket, or of a container with Azure, if the cloud can know it.

    ``role``: what the variables begin with that it belongs to; ``is_storage_fixed``: none of them is the storage.

    :raises Refused: saying what names look like there.
    """
    expected = expected_name(storage, name)
    if expected:
        guess = partial(meant.bucket, storage, role=role, is_storage_fixed=is_storage_fixed)
        raise Refused(f"{expected}, got {shown(name)}.{_meant(guess, name)}")
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
    return _proper_url(_borrowed("fivetran_api_url", url, lambda: check_base_url("fivetran_api_url", url)))


def braze_url(value: str) -> str:
    """Return the REST URL of the Braze instance that is meant.

    :raises Refused: what means none.
    """
    text = value.strip()
    return _proper_url(_borrowed("api_url", text, lambda: find_endpoint(text).api_url))


def _proper_url(url: str) -> str:
    """Refuse what the parser of URLs lets through and no server can be reached by."""
    parts = _URL.fullmatch(url)
    if parts is None or not 0 < int(parts["port"] or 443) < 65536:
        raise Refused(f"{PLACE}, got {shown(url)}.")
    return url


def _borrowed(option: str, value: Any, check: Callable[[], Any]) -> Any:
    """Return what a check of a vendor's package returns.

    :raises Refused: its sentence without the name of the option, and the value as messages show values here.
    """
    try:
        return check()
    except InvalidArgument as error:
        # A host is quoted as the URL that was made of it.
        message = error.msg.removeprefix(f"{option}: ").replace(quoted(f"https://{value}"), shown(value))
        raise Refused(message.replace(quoted(value), shown(value))) from None
    except ValueError:
        raise Refused(f"expected a URL, got {shown(value)}.") from None


def schema(value: str) -> str:
    """Return the name of a schema, if a warehouse takes it.

    :raises Refused: saying what names look like.
    """
    if not _SCHEMA.fullmatch(value):
        raise Refused(
            "expected lower-case letters, digits and underscores, no digit first,"
            f" got {shown(value)}.{_meant(meant.schema, value)}"
        )
    return value


def folder(value: str) -> str:
    """Return a folder of a bucket without slashes around it.

    :raises Refused: what is an address.
    """
    bare_folder = value.strip(BLANKS + "/")
    if "://" in value or not bare_folder.isprintable():
        raise Refused(
            "expected a folder in the bucket such as currents, without s3:// and a bucket,"
            f" got {shown(value)}.{_meant(meant.folder, value)}"
        )
    return bare_folder


def _trimmed(value: str) -> str:
    return value.strip(BLANKS)


def _matching(pattern: re.Pattern[str], expected: str, value: str) -> str:
    """Return ``value`` if it matches; what is empty stands for nothing.

    :raises Refused: saying what was expected.
    """
    if value and not pattern.fullmatch(value):
        raise Refused(f"expected {expected}, got {shown(value)}.")
    return value


def _meant(guess: Callable[[str], str], value: str) -> str:
    """Return what was meant by ``value``, unless it may be a secret."""
    return "" if may_be_secret(value) else guess(value)


def _number(lowest: int, highest: int, value: int) -> int:
    return int(_borrowed("number", value, lambda: check_number("number", value, lowest, highest)))


def _hours(value: int) -> int:
    if value < 1:
        raise Refused(f"expected a whole number of hours, 1 or more, got {value}.")
    return value


def _role_arn(value: str, guess: Callable[[str], str] = meant.role_arn) -> str:
    try:
        return _matching(_ROLE_ARN, "the ARN of an IAM role such as arn:aws:iam::111122223333:role/Fivetran", value)
    except Refused as refusal:
        raise Refused(f"{refusal}{_meant(guess, value)}") from None


def _gcs_role(value: str) -> str:
    try:
        return str(_borrowed("role", value, lambda: check_role(value)))
    except Refused as refusal:
        raise Refused(f"{refusal}{_meant(meant.gcs_role, value)}") from None


def _day(value: str) -> str:
    if value:
        _of_braze_config({"history_from": value}, value)
    return value


def _of_braze_config(settings: Mapping[str, Any], value: str) -> None:
    for sentence in braze_config({**_NOTHING_WRONG, **settings})["problems"]:
        raise Refused(sentence.partition(": ")[2].replace(f'"{value}"', shown(value)))


# What the configuration of a connection needs beside what is asked about.
_NOTHING_WRONG = {"api_url": "https://rest.iad-01.braze.com", "api_key": "key", "storage": "none"}


def check_s3(**options: Any) -> None:
    """Judge options of the role's module, the others being right."""
    # The SDK of AWS behind it takes a quarter of a second to import.
    from ...module_utils._aws.access.access import desired_from_params

    defaults = {option.short: option.default for option in role_options("s3_access").values()}
    desired_from_params(
        {**defaults, "external_id": "external_id", "buckets": ["bucket"], **options}, account="0" * 12, partition="aws"
    )


def of_s3_access(option: str, value: str) -> str:
    """Return the value of an option of the role's module, if it works by itself.

    :raises Refused: saying what was expected.
    """
    _borrowed(option, value, lambda: check_s3(**{option: value}))
    return value


def _key_arns(value: list[str]) -> list[str]:
    for arn in value:
        _borrowed("kms_key_arns", arn, partial(check_s3, kms_key_arns=[arn]))
    return value


def _tags(value: dict[str, Any]) -> dict[str, str]:
    if len(value) > _MOST_TAGS:
        raise Refused(f"expected at most {_MOST_TAGS} tags, got {len(value)}.")
    tags = {key: _tag(key, inner) for key, inner in value.items()}
    _borrowed("tags", TAG, lambda: check_s3(tags=tags))
    return tags


def _tag(key: str, value: Any) -> str:
    if not 1 <= len(key) <= 128:
        raise Refused(f"expected keys of 1 to 128 characters, got one of {len(key)}.")
    if key.lower().startswith("aws:"):
        raise Refused(f"{shown(key)} begins with aws:, which AWS keeps for itself.")
    if not isinstance(value, str | int):
        raise Refused(f"expected text as the value of {shown(key)}, got {shown(value)}.")
    text = str(value)
    if len(text) > 256:
        raise Refused(f"expected values of at most 256 characters, that of {shown(key)} has {len(text)}.")
    if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(text):
        raise Refused(
            f"expected letters, digits, spaces and _.:/=+-@ only, which {shown(key)} or its value does not hold to."
        )
    return text


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
    return _proper_url(_borrowed("endpoint_url", url, lambda: check_base_url("endpoint_url", url))) if url else ""


def _of_aws(role: str) -> dict[str, Callable[[Any], Any]]:
    """Return the rules for what a role says of AWS. What is an empty key comes of a look-up that has found nothing."""
    return {
        **{f"{role}_aws_{option}": credential for option in KEYS},
        f"{role}_aws_profile": _trimmed,
        f"{role}_aws_endpoint_url": _endpoint,
        f"{role}_aws_assume_role_arn": _role_arn,
    }


# What a value of the right type is made to, or refused for, by the variable.
VALUE_RULES: Mapping[str, Callable[[Any], Any]] = {
    "fivetran_group": _trimmed,
    "fivetran_account_id": _trimmed,
    "fivetran_schema": schema,
    "braze_api_url": braze_url,
    "braze_api_key": credential,
    "currents_bucket": _trimmed,
    "currents_prefix": folder,
    "currents_connection_string": connection_string,
    "onramp_max_lag_hours": partial(_number, 1, _LONGEST_LAG),
    "currents_landing_stale_after": _hours,
    "s3_access_role_arn": partial(_role_arn, guess=meant.own_role_arn),
    "s3_access_account_id": partial(_matching, _ACCOUNT, "the twelve digits of an AWS account, in quotes"),
    **_of_aws("currents_landing"),
    **_of_aws("s3_access"),
    "s3_access_role_name": partial(of_s3_access, "role_name"),
    "s3_access_policy_name": partial(of_s3_access, "policy_name"),
    "s3_access_path": partial(of_s3_access, "path"),
    "s3_access_fivetran_account_id": partial(of_s3_access, "fivetran_account_id"),
    "s3_access_kms_key_arns": _key_arns,
    "s3_access_tags": _tags,
    "s3_access_permissions_boundary": partial(_matching, _POLICY_ARN, "the ARN of an IAM policy"),
    "s3_access_max_session_duration": partial(_number, 3600, 43200),
    "gcs_access_role": _gcs_role,
    HISTORY_FROM: _day,
    f"{CONNECTION}role_arn": _role_arn,
    f"{CONNECTION}exports_role_arn": _role_arn,
    f"{CONNECTION}exports_connection_string": connection_string,
    f"{CONNECTION}setup_test_timeout": partial(_number, 1, LONGEST_TIMEOUT),
    f"{CONNECTION}retry_timeout": partial(_number, 1, LONGEST_TIMEOUT),
    f"{CONNECTION}setup_test_retries": partial(_number, 0, 1000),
}


@dataclass(frozen=True)
class Complaint:
    """What settings are wrong together; ``message`` goes on after the variable that it is told of."""

    variable: str
    message: str


# From a variable to its value or default, None where there is none.
Get = Callable[[str], Any]


@dataclass(frozen=True)
class Together:
    """A rule for several variables. It is asked where all of them are right by themselves.

    ``with_key``: it needs what is read only where the Braze key is needed.
    """

    variables: tuple[str, ...]
    check: Callable[[Get], Iterator[Complaint]]
    with_key: bool = False


def _bucket_is_needed(get: Get) -> Iterator[Complaint]:
    storage, name = get("currents_storage"), get("currents_bucket")
    if storage == "none":
        return
    if not name:
        what = "container" if storage == "azure" else "bucket"
        yield Complaint(
            "currents_bucket", f"is needed with currents_storage: {storage}. Name the {what} that Currents writes to."
        )
        return
    try:
        bucket(storage, name)
    except Refused as refusal:
        yield Complaint("currents_bucket", str(refusal))


def _connection_string_is_needed(get: Get) -> Iterator[Complaint]:
    if get("currents_storage") == "azure" and not get("currents_connection_string"):
        yield Complaint(
            "currents_connection_string",
            "is needed with currents_storage: azure. Copy it from the"
            " storage account in the Azure portal, under Access keys.",
        )


def _prefix_is_needed(get: Get) -> Iterator[Complaint]:
    storage, prefix = get("currents_storage"), get("currents_prefix") or ""
    scope = {"s3": "s3_access_scope", "gcs": "gcs_access_scope"}.get(storage)
    if scope is None or get(scope) != "prefix":
        return
    if not prefix:
        yield Complaint("currents_prefix", f"is needed with {scope}: prefix.")
    elif storage == "s3":
        try:
            _borrowed("prefix", prefix, lambda: check_s3(scope="prefix", prefix=prefix))
        except Refused as refusal:
            yield Complaint("currents_prefix", str(refusal))


def _one_condition(get: Get) -> Iterator[Complaint]:
    if get("gcs_access_scope") == "prefix" and get("gcs_access_condition"):
        yield Complaint("gcs_access_condition", "cannot be given with gcs_access_scope: prefix, which is one.")


def _daily(get: Get) -> Iterator[Complaint]:
    time, frequency = get(DAILY_SYNC_TIME), get(SYNC_FREQUENCY)
    if time is None:
        return
    fields = {"daily_sync_time": time, **({} if frequency is None else {"sync_frequency": frequency})}
    try:
        _borrowed("daily_sync_time", time, lambda: _connection(fields).check_fields(None))
    except Refused as refusal:
        hint = "" if "sync_frequency" in str(refusal) else _meant(meant.hour, time)
        message = str(refusal).replace("sync_frequency", SYNC_FREQUENCY) + hint
        yield Complaint(DAILY_SYNC_TIME, message)


def _connection(fields: Mapping[str, Any]) -> Desired:
    return Desired(
        connection_id=None,
        group_id=None,
        service=None,
        schema=None,
        paused=None,
        fields=fields,
        config={},
        secrets={},
        destination_schema_names=None,
    )


def _who_acts(role: str) -> Together:
    """Return the rule that a role's variables say of AWS, as whom it is asked, what can be meant."""

    def name(option: str) -> str:
        return f"{role}_aws_{option}"

    def check(get: Get) -> Iterator[Complaint]:
        for option, message in contradictions(lambda option: get(name(option)) or "", name):
            yield Complaint(name(option), message)

    return Together(tuple(map(name, IDENTITY)), check)


_EXPORTS = tuple(name for name in all_options() if name.startswith(f"{CONNECTION}exports_"))


def _exports(get: Get) -> Iterator[Complaint]:
    settings = {name.removeprefix(CONNECTION): get(name) for name in _EXPORTS}
    for sentence in braze_config({**_NOTHING_WRONG, **settings}, CONNECTION)["problems"]:
        variable, _colon, message = sentence.partition(": ")
        yield Complaint(variable, message)


TOGETHER = (
    Together(("currents_storage", "currents_bucket"), _bucket_is_needed),
    Together(("currents_storage", "currents_connection_string"), _connection_string_is_needed, with_key=True),
    Together(("currents_storage", "currents_prefix", "s3_access_scope", "gcs_access_scope"), _prefix_is_needed),
    Together(("gcs_access_scope", "gcs_access_condition"), _one_condition),
    _who_acts("currents_landing"),
    _who_acts("s3_access"),
    Together((DAILY_SYNC_TIME, SYNC_FREQUENCY), _daily),
    Together(_EXPORTS, _exports, with_key=True),
)
