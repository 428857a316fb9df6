# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every variable that a workspace may have, that is a host of the group ``braze_workspaces``.

Its own stand here. Those of the roles stand in the roles, so that each is described once.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# In the order in which a workspace meets them.
ROLES = ("braze_api_key", "currents_landing", "s3_access", "gcs_access", "fivetran_connection")


STORAGES = ("s3", "gcs", "azure", "none")


_FOLDER = Path(__file__).parents[3] / "roles"


# Secrets of roles that let Ansible show them nowhere by themselves, so that their specs need not say so.
_SECRETS = frozenset(
    {
        "fivetran_connection_api_key",
        "fivetran_connection_connection_string",
        "fivetran_connection_exports_connection_string",
    }
)


# As a result that has been registered, so that Ansible's test ``failed`` says what is.
_NO_RESULT: Mapping[str, Any] = {"failed": True, "changed": False, "msg": "The role has failed before it came to this."}


# What roles hand over, by role and entry point, with what stands there until they come to it. Without that, a role that
# fails would leave what an earlier call has handed over, for another workspace maybe.
HANDED_OVER: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("braze_api_key", "main"): {"braze_api_key_verdict": _NO_RESULT},
    ("currents_landing", "main"): {"currents_landing_verdict": _NO_RESULT},
    ("s3_access", "main"): {"s3_access_fivetran_role_arn": "", "s3_access_difference": {}},
    ("gcs_access", "main"): {"gcs_access_result": _NO_RESULT},
    ("fivetran_connection", "main"): {"fivetran_connection_details": _NO_RESULT},
    ("fivetran_connection", "sync"): {"fivetran_connection_sync_details": {}},
}


# That, and what only playbooks read.
_NO_SETTINGS = frozenset(name for facts in HANDED_OVER.values() for name in facts) | {"braze_workspaces_at_once"}


# What the playbooks give to the roles whatever the inventory says: by the variable of the workspace that they take it
# from, empty for what the plan decides.
OVERRULED: Mapping[str, str] = {
    "braze_api_key_key": "braze_api_key",
    "braze_api_key_api_url": "braze_api_url",
    "currents_landing_storage": "currents_storage",
    "currents_landing_bucket": "currents_bucket",
    "currents_landing_prefix": "currents_prefix",
    "s3_access_state": "",
    "s3_access_external_id": "fivetran_group",
    "s3_access_bucket": "currents_bucket",
    "s3_access_buckets": "currents_bucket",
    "s3_access_released_buckets": "",
    "s3_access_prefix": "currents_prefix",
    "gcs_access_state": "",
    "gcs_access_bucket": "currents_bucket",
    "gcs_access_member": "fivetran_group",
    "gcs_access_prefix": "currents_prefix",
    "fivetran_connection_state": "",
    "fivetran_connection_group_id": "fivetran_group",
    "fivetran_connection_schema": "fivetran_schema",
    "fivetran_connection_api_url": "braze_api_url",
    "fivetran_connection_api_key": "braze_api_key",
    "fivetran_connection_storage": "currents_storage",
    "fivetran_connection_bucket": "currents_bucket",
    "fivetran_connection_prefix": "currents_prefix",
    "fivetran_connection_role_arn": "s3_access_role_arn",
    "fivetran_connection_container": "currents_bucket",
    "fivetran_connection_connection_string": "currents_connection_string",
}


# V(value), O(option), C(code) and the like.
_MARKUP = re.compile(r"\b[A-Z]\(([^()]*)\)")


@dataclass(frozen=True)
class Option:
    """One variable, in the vocabulary of Ansible's argument specs.

    ``default``: what the role takes where the variable is unset, None for nothing. ``role``: empty for what is the
    workspace's own. ``fields``: what a dictionary may hold, anything if there are none.
    """

    name: str
    type: str = "str"
    choices: tuple[str | int, ...] = ()
    required: bool = False
    no_log: bool = False
    description: str = ""
    default: Any = None
    role: str = ""
    fields: Mapping[str, Option] = field(default_factory=dict)

    @property
    def gist(self) -> str:
        """Return the first sentence of the description, without markup."""
        sentence, full_stop, _rest = _MARKUP.sub(r"\1", self.description).partition(". ")
        return sentence + full_stop.strip()

    @property
    def short(self) -> str:
        """Return the name without that of its role."""
        return self.name.removeprefix(f"{self.role}_") if self.role else self.name


_OWN = (
    Option(
        "fivetran_group",
        required=True,
        description="Name or id of the Fivetran group that the connection is created in.",
    ),
    Option(
        "fivetran_account_id",
        description="Id of the Fivetran account that the credentials have to belong to; unset accepts every account.",
    ),
    Option(
        "fivetran_api_key",
        no_log=True,
        description="Key of Fivetran's REST API, made in Fivetran under your name > API Key; unset takes"
        " FIVETRAN_APIKEY of the environment.",
    ),
    Option(
        "fivetran_api_secret",
        no_log=True,
        description="Secret of Fivetran's REST API, shown once when the key is made; unset takes FIVETRAN_APISECRET of"
        " the environment.",
    ),
    Option(
        "fivetran_api_url",
        description="URL of Fivetran's REST API; unset takes FIVETRAN_API_URL of the environment, or Fivetran's own.",
    ),
    Option(
        "fivetran_schema",
        required=True,
        description="Name of the connection and of its schema in the warehouse.",
    ),
    Option(
        "braze_api_url",
        required=True,
        description="REST URL, dashboard URL or name (US-01) of the Braze instance.",
    ),
    Option(
        "braze_api_key",
        required=True,
        no_log=True,
        description="REST API key that was made for Fivetran in this workspace, in Braze under Settings > APIs and"
        " Identifiers.",
    ),
    Option("currents_storage", choices=STORAGES, required=True, description="Where Currents writes."),
    Option(
        "currents_bucket",
        description="Bucket (S3, GCS) or container (Azure) that Currents writes to. Needed unless the storage is none.",
    ),
    Option(
        "currents_prefix",
        description="Folder in the bucket below which Currents writes; empty or unset for the root.",
    ),
    Option(
        "currents_connection_string",
        no_log=True,
        description="Connection string of the Azure storage account that Currents writes to. Needed with azure.",
    ),
    Option(
        "currents_folder_shared",
        type="bool",
        default=False,
        description="Whether another workspace or connection may read the same folder, or have the same Braze key.",
    ),
    Option(
        "onramp_max_lag_hours",
        type="int",
        description="Hours that data in the warehouse may be old before verify.yml fails; unset fails for no age.",
    ),
)


OWN: Mapping[str, Option] = {option.name: option for option in _OWN}


@cache
def role_options(role: str) -> Mapping[str, Option]:
    """Return the variables of a role of this collection, by their names, with the defaults of the role."""
    defaults = _load(role, "defaults")
    spec = _load(role, "meta", "argument_specs")["argument_specs"]["main"]["options"]
    return {name: _option(name, data, role, defaults.get(name)) for name, data in spec.items()}


@cache
def options_alone(role: str) -> Mapping[str, Option]:
    """Return the variables of all entry points of a role, each as the first one describes it, which is main.

    Needed are those that every one of them needs.
    """
    points = _load(role, "meta", "argument_specs")["argument_specs"].values()
    defaults, found = _load(role, "defaults"), dict[str, Option]()
    for spec in points:
        for name, data in spec["options"].items():
            found.setdefault(name, _option(name, data, role, defaults.get(name)))
    needed = [{name for name, data in spec["options"].items() if data.get("required")} for spec in points]
    return {name: replace(option, required=all(name in names for names in needed)) for name, option in found.items()}


@cache
def all_options() -> Mapping[str, Option]:
    """Return every variable that a workspace may have, by its name: its own, then those of the roles."""
    return {**OWN, **{name: option for role in ROLES for name, option in role_options(role).items()}}


@cache
def is_setting(name: str) -> bool:
    """Tell whether a variable is known, be it that a playbook or a role reads it, or that it hands it over."""
    return name in all_options() or name in _NO_SETTINGS or name in _other_entry_points()


def role_of(name: str) -> str | None:
    """Return the role that ``name`` begins with, None if with none."""
    return next((role for role in ROLES if name.startswith(f"{role}_")), None)


def without_role(name: str) -> str | None:
    """Find the one variable whose role has been named by its first word only, such as ``fivetran_paused``."""
    vendor, _underscore, short = name.partition("_")
    found = [option.name for option in _of_roles() if option.role.startswith(f"{vendor}_") and option.short == short]
    return found[0] if len(found) == 1 else None


def _of_roles() -> Iterator[Option]:
    for role in ROLES:
        yield from role_options(role).values()


@cache
def _other_entry_points() -> frozenset[str]:
    points = (_load(role, "meta", "argument_specs")["argument_specs"] for role in ROLES)
    return frozenset(name for specs in points for spec in specs.values() for name in spec["options"])


def _load(role: str, folder: str, name: str = "main") -> Mapping[str, Any]:
    text = (_FOLDER / role / folder / f"{name}.yml").read_text(encoding="utf-8")
    # The loader in C is ten times as fast, where there is one.
    content: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return content


def _option(name: str, data: Mapping[str, Any], role: str = "", default: Any = None) -> Option:
    description = data["description"]
    return Option(
        name=name,
        type=data["type"],
        choices=tuple(data.get("choices", ())),
        required=data.get("required", False),
        no_log=data.get("no_log", False) or name in _SECRETS,
        description=description if isinstance(description, str) else " ".join(description),
        default=default,
        role=role,
        fields={inner: _option(inner, spec) for inner, spec in data.get("options", {}).items()},
    )
