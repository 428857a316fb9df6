# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which variables a workspace may have, and which one is meant by a name that is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.parsing.convert_bool import BOOLEANS
from ansible.plugins.filter import core as filters
from ansible.plugins.test import core as tests
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.misspelt import suggestion
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import (
    OVERRULED,
    OWN,
    ROLES,
    all_options,
    is_setting,
    role_options,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.rules import RAW_RULES, VALUE_RULES
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.together import TOGETHER
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.values import typed
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES
from jinja2.nativetypes import NativeEnvironment

from tests.unit.workspaces.situations import gcs, plan_of, settings

FOLDER = Path(__file__).parents[3] / "roles"


def test_every_role_of_the_collection_is_among_the_roles() -> None:
    # This one checks the variables of the others.
    assert {*ROLES, "role_variables"} == {path.name for path in FOLDER.iterdir()}


@pytest.mark.parametrize("role", ROLES)
def test_the_variables_of_a_role_are_those_of_its_argument_spec_with_its_defaults(role: str) -> None:
    spec = yaml.safe_load((FOLDER / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
    defaults = yaml.safe_load((FOLDER / role / "defaults" / "main.yml").read_text())
    options = role_options(role)
    assert list(options) == list(spec["options"])
    for name, option in options.items():
        assert (option.name, option.role, option.short) == (name, role, name.removeprefix(f"{role}_"))
        assert option.type == spec["options"][name]["type"]
        assert list(option.choices) == spec["options"][name].get("choices", [])
        assert option.default == defaults.get(name)
        assert option.description


SPELLINGS = [*sorted(text for text in BOOLEANS if isinstance(text, str)), "Y", "true ", " No", True, False, 1, 0]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
@pytest.mark.parametrize(
    ("role", "tasks", "name", "if_true"),
    [
        ("fivetran_connection", "bring", "fivetran_connection_adopt", []),
        ("fivetran_connection", "heal", "fivetran_connection_adopt", []),
        ("gcs_access", "main", "gcs_access_manage", "bring.yml"),
    ],
)
def test_a_role_takes_for_true_what_the_plan_takes_for_true(
    role: str, tasks: str, name: str, if_true: object, spelling: object
) -> None:
    called = yaml.safe_load((FOLDER / role / "tasks" / f"{tasks}.yml").read_text())[-1]
    included = called.get("ansible.builtin.include_tasks")
    text = included["file"] if included else called[f"onramp.braze_fivetran.{role}"]["protected_config"]
    ansible = NativeEnvironment()
    ansible.filters.update(filters.FilterModule().filters())
    ansible.tests.update(tests.TestModule().tests())
    given = {name: spelling, "__fivetran_connection_braze": {"protected_config": ["api_url"]}}
    assert (ansible.from_string(text).render(given) == if_true) == typed(role_options(role)[name], spelling)


def test_what_is_a_secret_is_known_as_one() -> None:
    assert [name for name, option in all_options().items() if option.no_log] == [
        "fivetran_api_key",
        "fivetran_api_secret",
        "braze_api_key",
        "currents_connection_string",
        "braze_api_key_key",
        "currents_landing_aws_secret_key",
        "currents_landing_aws_session_token",
        "s3_access_aws_secret_key",
        "s3_access_aws_session_token",
        "fivetran_connection_api_key",
        "fivetran_connection_connection_string",
        "fivetran_connection_exports_connection_string",
    ]


def test_a_dictionary_knows_what_it_may_hold() -> None:
    fields = role_options("gcs_access")["gcs_access_condition"].fields
    assert {name: field.required for name, field in fields.items()} == {
        "title": True,
        "expression": True,
        "description": False,
    }


def test_no_variable_of_a_workspace_is_that_of_a_role() -> None:
    assert len(all_options()) == len(OWN) + sum(len(role_options(role)) for role in ROLES)


def test_what_the_modules_take_for_fivetrans_credentials_a_workspace_takes_too() -> None:
    assert {name for name in FIVETRAN_OPTIONS.arguments if name.startswith("fivetran_")} <= set(OWN)


def test_every_rule_is_one_for_a_variable_that_there_is() -> None:
    together = {name for rule in TOGETHER for name in rule.variables}
    assert {*RAW_RULES, *VALUE_RULES, *together} <= set(all_options())


@pytest.mark.parametrize(
    "name",
    [
        "currents_bucket",
        "s3_access_role_name",
        # Of another entry point, handed over by a role, read by a playbook only.
        "fivetran_connection_sync_timeout",
        "currents_landing_verdict",
        "braze_workspaces_at_once",
    ],
)
def test_a_name_that_something_of_the_collection_reads_or_hands_over_is_known(name: str) -> None:
    assert is_setting(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("s3_acces_role_name", "s3_access_role_name"),
        ("s3_access_rolename", "s3_access_role_name"),
        ("s3_role_name", "s3_access_role_name"),
        ("fivetran_sync_frequency", "fivetran_connection_sync_frequency"),
        ("fivetran_paused", "fivetran_connection_paused"),
        ("fivetran_connection_sync_frequenzy", "fivetran_connection_sync_frequency"),
        ("fivetran_gruop", "fivetran_group"),
        ("curents_bucket", "currents_bucket"),
        ("currents_stale_after", "currents_landing_stale_after"),
        ("braze_url", "braze_api_url"),
        ("braze_key", "braze_api_key"),
        ("currents_folder", "currents_prefix"),
        ("fivetran_destination", "fivetran_group"),
        ("fivetran_group_id", "fivetran_group"),
        ("fivetran_connection_id", None),
        ("fivetran_terraform_workspace", None),
        ("s3_endpoint", None),
    ],
)
def test_a_name_is_told_from_one_that_is_meant_otherwise(name: str, meant: str | None) -> None:
    assert not is_setting(name)
    assert suggestion(name) == meant


# Values that differ from those of the workspaces below.
IGNORED = {
    **dict.fromkeys(OVERRULED, "something-else"),
    **{name: "absent" for name in OVERRULED if name.endswith("_state")},
    **{name: "none" for name in OVERRULED if name.endswith("connection_storage")},
    **{name: ["acme-other"] for name in OVERRULED if name.endswith("buckets")},
    "currents_landing_storage": "gcs",
    "braze_api_key_api_url": "EU-01",
    "fivetran_connection_api_url": "EU-01",
    "fivetran_connection_schema": "something_else",
    "fivetran_connection_role_arn": "arn:aws:iam::111122223333:role/Other",
    "gcs_access_member": "serviceAccount:other@acme.iam.gserviceaccount.com",
}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("name", OVERRULED)
def test_what_is_said_to_have_no_effect_changes_no_plan(name: str, purpose: str) -> None:
    for workspace in (settings, gcs):
        plain, other = workspace(), workspace(**{name: IGNORED[name]})
        # What the inventory gives is told to the change, which takes the credentials from it.
        assert plan_of(purpose, replace(other, given=plain.given)) == plan_of(purpose, plain)
