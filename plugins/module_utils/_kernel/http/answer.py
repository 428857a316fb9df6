# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read answers of servers that may send anything: bodies that are meant to be JSON, and what headers ask for."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

# No answer of these APIs has ten levels; what has hundreds would end some function that follows them.
DEEPEST = 100
# Halves of surrogate pairs come only from such escapes: bytes that stand for them are no UTF-8.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Some months; what is more, or no number at all, is no wish that can be met.
_SECONDS = re.compile(r"[0-9]{1,7}")
_EPOCH_SECONDS = re.compile(r"[0-9]{1,11}")


def decode(content: bytes, status: int) -> tuple[Any, bool]:
    """Return (decoded JSON, whether it could be decoded). Only "204 No Content" may be empty."""
    if not content.strip():
        return None, status == 204
    try:
        body = _DECODER.decode(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None, False
    if _is_too_deep(body):
        return None, False
    return (_whole(body) if _SURROGATE_ESCAPE.search(content) else body), True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Python would take NaN and Infinity, which nobody whom they are handed to can read.
_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _is_too_deep(body: Any) -> bool:
    level = [body]
    for _depth in range(DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _whole(data: Any) -> Any:
    """Return ``data`` without halves of surrogate pairs, which cannot be printed or written by anybody."""
    if isinstance(data, str):
        return _SURROGATE.sub("\ufffd", data)
    if isinstance(data, dict):
        return {_whole(name): _whole(value) for name, value in data.items()}
    return [_whole(value) for value in data] if isinstance(data, list) else data


def requested_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that the server asks for: Retry-After, or Braze's x-ratelimit-reset (epoch seconds).

    ``now``: seconds since the epoch, for servers that do not say what time it is there; by a clock that is wrong here,
    one would come back too early or far too late. What makes no sense is as good as nothing.
    """
    now = _time_of(headers.get("date", ""), now)
    value = headers.get("retry-after", "").strip()
    if value:
        return float(value) if _SECONDS.fullmatch(value) else _seconds_until(value, now)
    reset = headers.get("x-ratelimit-reset", "").strip()
    if _EPOCH_SECONDS.fullmatch(reset) and headers.get("x-ratelimit-remaining", "").strip() == "0":
        return max(0.0, float(reset) - now)
    return None


def _seconds_until(date: str, now: float) -> float | None:
    moment = _time_of(date, None)
    return None if moment is None else max(0.0, moment - now)


def _time_of(date: str, otherwise: T) -> float | T:
    """Return the seconds since the epoch of an HTTP date."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return otherwise
