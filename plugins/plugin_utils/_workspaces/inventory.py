# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""What the inventory says of the workspaces, as far as it matters which of them share something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import yaml

ROLES = Path(__file__).parents[3] / "roles"
# Beside these, every variable of s3_access shapes the role or its policy, so that it has to be the same for all who
# share them.
_OF_ONE_WORKSPACE = frozenset(
    {
        "s3_access_state",
        "s3_access_external_id",
        "s3_access_bucket",
        "s3_access_buckets",
        "s3_access_prefix",
        "s3_access_adopt",
        "s3_access_preflight",
        "s3_access_aws_profile",
        "s3_access_aws_region",
    }
)
# Workspaces for which these are the same get the same answers about the group from Fivetran.
_ASKED_WITH = (
    "fivetran_group",
    "fivetran_account_id",
    "fivetran_api_key",
    "fivetran_api_secret",
    "fivetran_api_url",
)

# From a host and a variable to its value, None if it is not set.
Read = Callable[[str, str], Any]


class Workspace(TypedDict):
    """A workspace without secrets, as it is kept in a fact.

    ``reader``: the workspace whose question to Fivetran is answered for this one, too; empty if this one is not played.
    ``role``: what two workspaces have in common that share an IAM role; empty without S3. ``access``: the settings that
    all who share it have to agree in.
    """

    name: str
    group: str
    reader: str
    schema: str
    storage: str
    role: str
    bucket: str
    profile: str
    preflight: str
    access: dict[str, Any]


def read_workspaces(names: Iterable[str], playing: Iterable[str], read: Read) -> list[Workspace]:
    """Return the workspaces ``names``. ``playing``: the hosts of the play."""
    in_play = frozenset(playing)
    readers: dict[tuple[str, ...], str] = {}
    found = []
    for name in names:
        reader = ""
        if name in in_play:
            reader = readers.setdefault(tuple(_text(read(name, variable)) for variable in _ASKED_WITH), name)
        found.append(_workspace(name, reader, read))
    return found


def _workspace(name: str, reader: str, read: Read) -> Workspace:
    storage = _text(read(name, "currents_storage"))
    access = _access(name, read)
    profile = _text(read(name, "s3_access_aws_profile"))
    return {
        "name": name,
        "group": _text(read(name, "fivetran_group")),
        "reader": reader,
        "schema": _text(read(name, "fivetran_schema")),
        "storage": storage,
        "role": f"{profile} {access['s3_access_role_name']}" if storage == "s3" else "",
        "bucket": _text(read(name, "currents_bucket")),
        "profile": profile,
        "preflight": _or_default(read(name, "s3_access_preflight"), "s3_access_preflight"),
        "access": access,
    }


def _access(name: str, read: Read) -> dict[str, Any]:
    access = {
        variable: _or_default(read(name, variable), variable)
        for variable in role_options("s3_access")
        if variable not in _OF_ONE_WORKSPACE
    }
    if access["s3_access_scope"] == "prefix":
        access["currents_prefix"] = _text(read(name, "currents_prefix"))
    return access


def _or_default(value: Any, variable: str) -> Any:
    return role_defaults("s3_access").get(variable, "") if value is None else value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@cache
def role_options(role: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the argument spec of a role of this collection."""
    spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options: Mapping[str, Mapping[str, Any]] = spec["argument_specs"]["main"]["options"]
    return options


@cache
def role_defaults(role: str) -> Mapping[str, Any]:
    """Return the defaults of a role of this collection."""
    defaults: Mapping[str, Any] = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    return defaults
