# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The warnings of a task, which name its host: Ansible prints them without it, and the same text once for all hosts."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.utils.display import Display

from ...module_utils._kernel.printable import printable

WARNINGS, DEPRECATIONS = "warnings", "deprecations"


def naming(host: str, warnings: Iterable[Any], of_arguments: Collection[str]) -> list[str]:
    """Return the warnings of a module as texts; those of its arguments are the same for all hosts, and name none."""
    texts = [_text(warning) for warning in warnings]
    return [text if text in of_arguments else printable(f"{host}: {text}") for text in texts]


def warnings_of_arguments(validation: ValidationResult) -> list[str]:
    """Return what AnsibleModule warns of with these arguments, in its words."""
    # There is no other way to them; AnsibleModule takes the same one.
    doubled = getattr(validation, "_warnings", ())
    return [f"Both option {notice['option']} and its alias {notice['alias']} are set." for notice in doubled]


def display_deprecations(validation: ValidationResult) -> None:
    """Display what of the arguments is deprecated, as Ansible does."""
    for notice in getattr(validation, "_deprecations", ()):
        version, date, collection_name = (notice.get(name) for name in ("version", "date", "collection_name"))
        Display().deprecated(notice["msg"], version=version, date=date, collection_name=collection_name)


@contextmanager
def withheld(variables: Mapping[str, Any]) -> Iterator[dict[str, list[Any]]]:
    """Withhold what is warned of meanwhile: from ansible-core 2.21 on, a module's warnings are not in its result.

    What is yielded is filled at the end, with what a result says of it. Where there is no such way, it stays empty.
    """
    found: dict[str, list[Any]] = {}
    context = _context(variables)
    if context is None:
        yield found
        return
    with context:
        yield found
    found[WARNINGS], found[DEPRECATIONS] = context.get_warnings(), context.get_deprecation_warnings()


def _context(variables: Mapping[str, Any]) -> Any:
    """Return the place where Ansible keeps the warnings of a task; None if it has none that is known here."""
    try:
        # No public name leads there. Without it, nothing is lost but the name of the host.
        return importlib.import_module("ansible._internal._display_utils").DeferredWarningContext(variables=variables)
    except (ImportError, AttributeError, TypeError):
        return None


def _text(warning: Any) -> str:
    # ansible-core 2.19 and newer keep objects.
    return str(getattr(getattr(warning, "event", None), "msg", warning))
