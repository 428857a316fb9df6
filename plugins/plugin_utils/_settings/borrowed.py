# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that the modules hold themselves, asked for a setting before anything is done."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...module_utils._aws.access.model import TAG
from ...module_utils._braze.permissions import choose
from ...module_utils._fivetran.connection.braze_config import braze_config
from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.secrets.shown import may_be_secret, quoted, shown
from .options import role_options
from .values import Refused

CONNECTION = "fivetran_connection_"


DAILY_SYNC_TIME = f"{CONNECTION}daily_sync_time"


SYNC_FREQUENCY = f"{CONNECTION}sync_frequency"


HISTORY_FROM = f"{CONNECTION}history_from"


_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")


_MOST_TAGS = 49


def borrowed(option: str, value: Any, check: Callable[[], Any]) -> Any:
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


def what_was_meant(guess: Callable[[str], str], value: str) -> str:
    """Return what was meant by ``value``, unless it may be a secret."""
    return "" if may_be_secret(value) else guess(value)


def of_braze_config(settings: Mapping[str, Any], value: str) -> None:
    for sentence in braze_config({**NOTHING_WRONG, **settings})["problems"]:
        raise Refused(sentence.partition(": ")[2].replace(f'"{value}"', shown(value)))


# What the configuration of a connection needs beside what is asked about.
NOTHING_WRONG = {"api_url": "https://rest.iad-01.braze.com", "api_key": "key", "storage": "none"}


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
    borrowed(option, value, lambda: check_s3(**{option: value}))
    return value


def key_arns(value: list[str]) -> list[str]:
    for arn in value:
        borrowed("kms_key_arns", arn, partial(check_s3, kms_key_arns=[arn]))
    return value


def permissions_of_key(value: list[str]) -> list[str]:
    borrowed("permissions", value, lambda: choose(value))
    return value


def tags_of_role(value: dict[str, Any]) -> dict[str, str]:
    if len(value) > _MOST_TAGS:
        raise Refused(f"expected at most {_MOST_TAGS} tags, got {len(value)}.")
    tags = {key: _tag(key, inner) for key, inner in value.items()}
    borrowed("tags", TAG, lambda: check_s3(tags=tags))
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
