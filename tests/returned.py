# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's RETURN promises, held against what the module has returned, whichever test it was run by."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from tests.collection import CHECKOUT, MODULES

# What Ansible itself adds.
OF_ANSIBLE = {"ansible_facts", "changed", "deprecations", "diff", "failed", "invocation", "msg", "warnings"}
OF_ANSIBLE |= {"attempts", "exception", "failed_when_result", "retries"}
# Results that are not the module's: of a loop, hidden, left out, of a task that was ended or is waited for elsewhere.
OF_OTHERS = {"results", "censored", "skip_reason", "timedout", "ansible_job_id"}
TYPES: Mapping[str, Any] = {"bool": bool, "dict": Mapping, "float": (int, float), "int": int, "list": list, "str": str}
# Documented as "like" another module's, and in part here.
LIKE = {"s3_access": {"access": "s3_access_plan_info"}}
# One for each host, which has what is documented.
BY_HOST = {("workspace_plan", "workspaces")}


def hold(module: str, result: Mapping[str, Any], *, typed: bool = True) -> None:
    """Hold that a result of ``module`` (without namespace) has what RETURN tells, and nothing else.

    ``typed``: also of the types that it tells, which is as the vendors keep to theirs.
    """
    if broken := broken_promises(module, result, typed=typed):
        raise AssertionError("\n".join(broken))


def broken_promises(module: str, result: Mapping[str, Any], *, typed: bool = True) -> list[str]:
    """Return what a result has that RETURN does not tell, and what it lacks of it."""
    if not documented(module) or OF_OTHERS & result.keys():
        return []
    told = _untold(module, documented(module), result, typed=typed)
    # Where there is nothing at all, Ansible itself has refused the arguments.
    refused = not (documented(module).keys() - OF_ANSIBLE) & result.keys()
    return [f"{module}: {line}" for line in (*told, *(() if refused else _lacking(documented(module), result)))]


@cache
def documentation(module: str, part: str) -> Mapping[str, Any]:
    """Return what DOCUMENTATION or RETURN of a module holds."""
    found: Mapping[str, Any] = yaml.safe_load(getattr(importlib.import_module(f"{MODULES}.{module}"), part))
    return found or {}


@cache
def documented(module: str) -> Mapping[str, Any]:
    """Return RETURN of a module; nothing for one that is not this collection's."""
    if not (CHECKOUT / "plugins" / "modules" / f"{module}.py").exists():
        return {}
    fields = dict(documentation(module, "RETURN"))
    for name, other in LIKE.get(module, {}).items():
        fields[name] = {**fields[name], "contains": documented(other)[name]["contains"]}
    return fields


def _untold(
    module: str, fields: Mapping[str, Any], values: Mapping[str, Any], path: str = "", *, typed: bool
) -> Iterator[str]:
    for name, value in values.items():
        where = f"{path}{name}"
        if name not in fields:
            if path or not (name in OF_ANSIBLE or name.startswith("_ansible_")):
                yield f"RETURN does not tell {where}"
        elif value is not None:
            field = fields[name]
            if typed and not isinstance(value, TYPES.get(field["type"], object)):
                yield f"{where} is not of the type {field['type']}: {value!r}"
            for part in _parts(value, by_host=(module, where) in BY_HOST) if "contains" in field else ():
                yield from _untold(module, field["contains"], part, f"{where}.", typed=typed)


def _parts(value: Any, *, by_host: bool) -> list[Mapping[str, Any]]:
    several = value if isinstance(value, list) else [*value.values()] if by_host else [value]
    return [part for part in several if isinstance(part, Mapping)]


def _lacking(fields: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[str]:
    failed = "failure" in result
    for name, field in fields.items():
        returned = str(field["returned"])
        conditional = " O(" in returned or ", unless " in returned
        always = returned == "always" or (not failed and returned.startswith("success") and not conditional)
        if always and name not in result:
            yield f"{name} is not there, and is returned: {returned}"
        if failed and returned == "success" and name in result and name not in OF_ANSIBLE:
            yield f"{name} is there after a failure, and is returned: {returned}"
