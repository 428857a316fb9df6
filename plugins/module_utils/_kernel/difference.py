# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a user wants with what is there, and describe the difference once.

One list of :class:`Difference` yields ``changed``, the body of the request and the diff. Only what the user gave is
compared; a vendor's mask is never a difference; null, false, empty and absent are the same; lists are unordered.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .secrets.names import is_secret_name
from .secrets.redact import REDACTED, is_mask


@dataclass(frozen=True)
class Difference:
    """One field that differs. ``before`` and ``after`` are values as sent and received; never show a secret one."""

    name: str
    before: Any
    after: Any
    secret: bool = False


def differences(
    desired: Mapping[str, Any],
    actual: Mapping[str, Any],
    *,
    secrets: Iterable[str] = (),
    send_masked: bool = False,
) -> list[Difference]:
    """Return the fields of ``desired`` that differ from ``actual``, in the order of their names.

    ``secrets``: names whose values must not be shown. ``send_masked``: treat every stored secret as different,
    because its value cannot be read.
    """
    hidden = frozenset(secrets)
    found = []
    for name in sorted(desired):
        before, after = actual.get(name), desired[name]
        masked = holds_mask(before)
        if (masked and send_masked) or not same(after, before):
            found.append(Difference(name=name, before=before, after=after, secret=masked or _is_hidden(name, hidden)))
    return found


def _is_hidden(name: str, hidden: frozenset[str]) -> bool:
    # By its name, too: a password that somebody writes where others see it is shown nowhere else.
    return name in hidden or is_secret_name(name)


def additions(desired: Mapping[str, Any], *, secrets: Iterable[str] = ()) -> list[Difference]:
    """Return everything that is sent where there is nothing yet: also what is false, but nothing that is empty."""
    hidden = frozenset(secrets)
    return [
        Difference(name=name, before=None, after=value, secret=_is_hidden(name, hidden))
        for name, value in sorted(desired.items())
        if value is False or not is_empty(value)
    ]


def same(desired: Any, actual: Any) -> bool:
    """Tell whether ``actual`` is what ``desired`` asks for."""
    if is_mask(actual):
        return not is_empty(desired)
    if is_empty(desired) or is_empty(actual):
        return (is_empty(desired) and is_empty(actual)) or bool(_scalar(desired) == _scalar(actual))
    if isinstance(desired, Mapping) and isinstance(actual, Mapping):
        return all(same(value, actual.get(name)) for name, value in desired.items())
    if isinstance(desired, list) and isinstance(actual, list):
        return len(desired) == len(actual) and _all_matched(desired, list(actual))
    return bool(_scalar(desired) == _scalar(actual))


def holds_mask(value: Any) -> bool:
    """Tell whether ``value`` is, or somewhere holds, a vendor's mask."""
    if isinstance(value, Mapping):
        return any(map(holds_mask, value.values()))
    if isinstance(value, list):
        return any(map(holds_mask, value))
    return is_mask(value)


def before_and_after(found: Iterable[Difference], header: str) -> dict[str, Any]:
    """Return an Ansible diff of exactly these fields, without secrets."""
    found = list(found)
    return {
        "before_header": header,
        "after_header": header,
        "before": {item.name: _shown(item, item.before) for item in found},
        "after": {item.name: _shown(item, item.after, " (sent again)") for item in found},
    }


def _shown(item: Difference, value: Any, note: str = "") -> Any:
    if not item.secret or is_empty(value):
        return value
    return REDACTED + (note if not is_empty(item.before) else "")


def is_empty(value: Any) -> bool:
    """Tell whether a vendor may return nothing at all for this value. Zero is a value."""
    return value is None or value is False or value == "" or value == [] or value == {}


def _all_matched(desired: list[Any], remaining: list[Any]) -> bool:
    """Match every element of ``desired`` with one of its own in ``remaining``, in any order."""
    for value in desired:
        index = next((index for index, other in enumerate(remaining) if same(value, other)), None)
        if index is None:
            return False
        del remaining[index]
    return True


def _scalar(value: Any) -> Any:
    """Spell a scalar so that 5432 and "5432", and true and "true", compare equal: servers return either."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
