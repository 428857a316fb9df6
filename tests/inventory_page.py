# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of all variables that an inventory may hold, made of what the playbooks read.

``python -m tests.inventory_page`` writes it. Types, defaults and descriptions are those of the argument specs, so that
the page cannot say anything else. The examples stand here, and tests hold each of them to be accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml

from tests.collection import CHECKOUT, make_collection_importable

make_collection_importable()

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import (  # noqa: E402
    OVERRULED,
    OWN,
    ROLES,
    Option,
    role_options,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES, Purpose  # noqa: E402

PAGE = CHECKOUT / "docs" / "inventory.md"
KEY_EXAMPLE = "{{ vault_key }}"
_ROLE = "arn:aws:iam::111122223333:role"
_AWS: Mapping[str, Any] = {
    "aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_key": KEY_EXAMPLE,
    "aws_session_token": KEY_EXAMPLE,
    "aws_profile": "data-platform",
    "aws_region": "eu-west-1",
    "aws_endpoint_url": "https://vpce-0f0f.sts.eu-west-1.vpce.amazonaws.com",
    "aws_validate_certs": True,
    "aws_ca_bundle": "/etc/ssl/acme.pem",
    "aws_assume_role_arn": f"{_ROLE}/Deployment",
    "aws_assume_role_external_id": "acme-deployment",
    "aws_assume_role_session_name": "onboarding",
}
# What somebody may write for a variable.
EXAMPLES: Mapping[str, Any] = {
    "fivetran_group": "Warehouse",
    "fivetran_account_id": "moonlit_meadow",
    "fivetran_api_key": KEY_EXAMPLE,
    "fivetran_api_secret": KEY_EXAMPLE,
    "fivetran_api_url": "https://api.fivetran.com/v1",
    "fivetran_schema": "braze_shop_us",
    "braze_api_url": "US-01",
    "braze_api_key": KEY_EXAMPLE,
    "currents_storage": "s3",
    "currents_bucket": "acme-currents-us",
    "currents_prefix": "currents",
    "currents_connection_string": KEY_EXAMPLE,
    "currents_folder_shared": True,
    "onramp_max_lag_hours": 24,
    "braze_api_key_permissions": ["campaigns.list", "campaigns.details"],
    "braze_api_key_on_problem": "warn",
    "currents_landing_folders_of_others": ["currents/archive"],
    "currents_landing_stale_after": 48,
    "currents_landing_on_quiet": "fail",
    "currents_landing_on_no_access": "fail",
    "currents_landing_on_problem": "warn",
    **{f"currents_landing_{name}": value for name, value in _AWS.items()},
    "currents_landing_credentials_file": "/etc/acme/reader.json",
    "currents_landing_user_project": "acme-analytics",
    "s3_access_scope": "prefix",
    "s3_access_kms_key_arns": ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    "s3_access_role_arn": f"{_ROLE}/vendors/fivetran-reader",
    "s3_access_role_name": "Fivetran-EMEA",
    "s3_access_policy_name": "Fivetran-EMEA-S3-Access",
    "s3_access_path": "/vendors/",
    "s3_access_permissions_boundary": "arn:aws:iam::111122223333:policy/Boundary",
    "s3_access_max_session_duration": 3600,
    "s3_access_tags": {"team": "data-platform"},
    "s3_access_fivetran_account_id": "834469178297",
    "s3_access_partition": "aws-us-gov",
    "s3_access_adopt": True,
    "s3_access_preflight": "warn",
    "s3_access_account_id": "111122223333",
    **{f"s3_access_{name}": value for name, value in _AWS.items()},
    "gcs_access_role": "projects/acme-analytics/roles/fivetranReader",
    "gcs_access_manage": False,
    "gcs_access_sufficient": "exact",
    "gcs_access_scope": "prefix",
    "gcs_access_condition": {"title": "until-2030", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'},
    "gcs_access_preflight": "warn",
    "gcs_access_user_project": "acme-analytics",
    "gcs_access_credentials_file": "/etc/acme/deployment.json",
    "fivetran_connection_adopt": True,
    "fivetran_connection_exports_storage": "s3",
    "fivetran_connection_exports_bucket": "acme-exports-us",
    "fivetran_connection_exports_prefix": "exports",
    "fivetran_connection_exports_role_arn": f"{_ROLE}/Fivetran-Exports",
    "fivetran_connection_exports_container": "exports",
    "fivetran_connection_exports_connection_string": KEY_EXAMPLE,
    "fivetran_connection_history_from": "2026-01-01",
    "fivetran_connection_history_time_frame": "ONE_YEAR",
    "fivetran_connection_paused": True,
    "fivetran_connection_sync_frequency": 60,
    "fivetran_connection_daily_sync_time": "03:00",
    "fivetran_connection_schedule_type": "manual",
    "fivetran_connection_destination_schema_names": "SOURCE_NAMING",
    "fivetran_connection_update_secrets": "always",
    "fivetran_connection_run_setup_tests": "always",
    "fivetran_connection_setup_test_timeout": 1800,
    "fivetran_connection_setup_test_retries": 10,
    "fivetran_connection_retry_timeout": 600,
    "fivetran_connection_rate_limit_timeout": 14400,
    "fivetran_connection_failing_test_statuses": ["FAILED", "JOB_FAILED", "WARNING"],
    "fivetran_connection_trigger_first_sync": True,
}
# Which playbooks act on what a section says, by their purpose.
SECTIONS: Mapping[str, tuple[str, Callable[[Purpose], bool]]] = {
    "": ("The workspace", lambda _purpose: True),
    "braze_api_key": ("Check of the Braze key", lambda purpose: purpose.key),
    "currents_landing": ("Look at the bucket", lambda purpose: purpose.landing),
    "s3_access": ("Access in AWS, where the storage is s3", lambda _purpose: True),
    "gcs_access": (
        "Access in Google Cloud, where the storage is gcs",
        lambda purpose: purpose.grants or purpose.removes,
    ),
    "fivetran_connection": ("The connection", lambda purpose: purpose.changes),
}
HEAD = """\
<!--
Copyright: Contributors to the onramp.braze_fivetran project
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# All settings of a workspace

A workspace is a host of the group `braze_workspaces`. Each variable below may stand at the host, at a group, or for all
of them. A run tells of names that are misspelt, and refuses a workspace with a value that cannot be read or is wrong
before anything is changed. Only the first table has variables that must be set.

<!-- made by python -m tests.inventory_page -->
"""
OVERRULED_HEAD = """\
## What has no effect here

These are variables of the roles, for playbooks of your own. The playbooks of the collection give them to the roles
themselves, and a run warns where an inventory has one.

| variable | the playbooks take it from |
|---|---|
"""
_MARKUP = (
    (re.compile(r"\bO\(onramp\.braze_fivetran\.(\w+)#module:(\w+)\)"), r"`\2` of `\1`"),
    (re.compile(r"\bM\((?:onramp\.braze_fivetran\.)?([^)]*)\)"), r"`\1`"),
    (re.compile(r"\b[CVOE]\(([^)]*)\)"), r"`\1`"),
)


def page() -> str:
    """Return the page."""
    sections = [_section(OWN.values() if not role else role_options(role).values(), role) for role in ("", *ROLES)]
    overruled = "".join(
        f"| `{name}` | {f'`{source}`' if source else 'the plan'} |\n" for name, source in OVERRULED.items()
    )
    return "\n".join([HEAD, *sections, OVERRULED_HEAD + overruled])


def _section(options: Iterable[Option], role: str) -> str:
    title, concerns = SECTIONS[role]
    *others, last = (f"[{name}]({name}.md)" for name, purpose in PURPOSES.items() if concerns(purpose))
    intro = f"Read by {', '.join(others)} and {last}."
    rows = [row for option in options if option.name not in OVERRULED for row in _rows(option)]
    table = "| variable | type | unset | meaning | example |\n|---|---|---|---|---|\n"
    return f"## {title}\n\n{intro}\n\n{table}" + "".join(rows)


def _rows(option: Option, within: str = "") -> Iterator[str]:
    name = f"{within}{option.name}"
    example = "" if within else f"`{_shown(EXAMPLES[option.name])}`"
    kind = "secret" if option.no_log else option.type
    if option.choices:
        kind += ": " + ", ".join(f"`{choice}`" for choice in option.choices)
    cells = [f"`{name}`", kind, _unset(option), plain(option.description), example]
    yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
    for inner in option.fields.values():
        yield from _rows(inner, f"{name}.")


def _unset(option: Option) -> str:
    if option.required:
        return "refused"
    if option.default is None:
        return "—"
    return f"`{_shown(option.default)}`"


def _shown(value: Any) -> str:
    """Return a value as somebody would write it in YAML, in one line."""
    if isinstance(value, str):
        return value if value and value[0] != "{" and yaml.safe_load(value) == value else f'"{value}"'
    return json.dumps(value)


def plain(text: str) -> str:
    """Return a description with Markdown in place of Ansible's markup."""
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    for name, source in OVERRULED.items():
        text = text.replace(f"`{name}`", f"`{source}`" if source else f"`{name}`")
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
