# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.alone import (
    misspelt_variables,
    wrong_variables,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import ROLES, options_alone
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Unreadable

FOLDER = Path(__file__).parents[3] / "roles"
UNREADABLE = object()
# With which nothing is wrong.
RIGHT: Mapping[str, Mapping[str, Any]] = {
    "braze_api_key": {"key": "0d1f6c1e-5a54-4c1a-9d5c-3b2f6a7e8d90", "api_url": "US-01"},
    "currents_landing": {"storage": "s3", "bucket": "acme-currents"},
    "s3_access": {"external_id": "jovial_daylight", "bucket": "acme-currents"},
    "gcs_access": {"bucket": "acme-currents", "member": "g@fivetran.iam.gserviceaccount.com"},
    "fivetran_connection": {"group_id": "jovial_daylight", "schema": "braze_shop"},
}
VALUES = (
    "", " ", "perhaps", "a day", "7.5", "-1", 0, 7, 1.5, True, [], ["a"], [["a"]], [{"a": 1}], {}, {"a": "b"},
    {"title": "t"}, {"title": "t", "expression": "e", "more": 1}, date(2026, 1, 2), None, "{", "a=b", "true", "no",
)  # fmt: skip


@dataclass
class Host:
    variables: Mapping[str, Any]

    def names(self) -> Collection[str]:
        return self.variables.keys()

    def value(self, name: str) -> Any:
        if self.variables[name] is UNREADABLE:
            raise Unreadable("'company' is undefined")
        return self.variables[name]


def right(role: str, **changes: Any) -> dict[str, Any]:
    return {f"{role}_{name}": value for name, value in {**RIGHT[role], **changes}.items()}


def told(role: str, **changes: Any) -> list[str]:
    return wrong_variables(role, Host(right(role, **changes)))


@pytest.mark.parametrize("role", ROLES)
def test_what_is_right_is_accepted(role: str) -> None:
    assert told(role) == []


def is_refused(validator: ArgumentSpecValidator, variables: Mapping[str, Any]) -> bool:
    try:
        return bool(validator.validate(variables, validate_role_argument_spec=True).error_messages)
    except TypeError:
        # It has not foreseen a number in the place of a dictionary.
        return True


@pytest.mark.parametrize("role", ROLES)
def test_whatever_ansible_would_refuse_is_refused_before(role: str) -> None:
    spec = yaml.safe_load((FOLDER / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
    validator = ArgumentSpecValidator(spec["options"])
    refused = 0
    for name in spec["options"]:
        for value in VALUES:
            variables = {**right(role), name: value}
            if is_refused(validator, variables):
                refused += 1
                found = wrong_variables(role, Host(variables))
                assert any(sentence.startswith(f"{name}: ") for sentence in found), (name, value, found)
    assert refused > 20


@pytest.mark.parametrize("role", ROLES)
def test_what_every_entry_point_needs_is_told_to_be_missing_in_one_sentence_or_two(role: str) -> None:
    needed = [option for option in options_alone(role).values() if option.required]
    found = wrong_variables(role, Host({}))
    assert [sentence.partition(":")[0] for sentence in found] == [option.name for option in needed]
    assert all(len(sentence) <= 200 for sentence in found), found


def test_the_entry_point_that_only_syncs_needs_no_more_than_the_connection() -> None:
    assert told("fivetran_connection", sync_timeout=60) == []
    assert told("fivetran_connection", sync_timeout="an hour") == [
        'fivetran_connection_sync_timeout: expected a whole number, got "an hour".'
    ]
    assert told("fivetran_connection", sync_timeout=10**12) == [
        "fivetran_connection_sync_timeout: expected a number from 1 to 604800, got 1000000000000."
    ]


@pytest.mark.parametrize("omit", ["__omit_place_holder__0815", "<<Omit>>"])
def test_what_is_omitted_is_not_set(omit: str) -> None:
    assert told("currents_landing", aws_profile=omit, folders_of_others=[omit]) == []
    assert told("currents_landing", bucket=omit) == ["currents_landing_bucket: is not set. Name of the bucket."]


@pytest.mark.parametrize(
    ("role", "changes", "sentence"),
    [
        ("currents_landing", {"bucket": UNREADABLE}, "currents_landing_bucket: cannot be evaluated: 'company' is"),
        ("currents_landing", {"bucket": "CHANGE_ME"}, "currents_landing_bucket: is still to be filled in. Name"),
        ("currents_landing", {"bucket": ""}, "currents_landing_bucket: is empty. Name of the bucket."),
        ("currents_landing", {"bucket": None}, "currents_landing_bucket: is null. Name of the bucket."),
        (
            "s3_access",
            {"external_id": None},
            "s3_access_external_id: is null. The External ID that Fivetran shows, which is the id of the group."
            " What check mode has not made has no id yet.",
        ),
        ("gcs_access", {"credentials_file": ""}, "gcs_access_credentials_file: is empty. Name a file, or leave it"),
        ("currents_landing", {"on_quiet": None}, "currents_landing_on_quiet: is null. Leave it out"),
        ("currents_landing", {"prefix": "s3://a/b"}, "currents_landing_prefix: expected a folder"),
        (
            "currents_landing",
            {"aws_access_key": "AKIAIOSFODNN7EXAMPLE"},
            "currents_landing_aws_access_key: is set, and",
        ),
        (
            "s3_access",
            {"bucket": "gs://acme/currents"},
            "s3_access_bucket: expected the name of a bucket, without s3://",
        ),
        (
            "s3_access",
            {"bucket": None, "buckets": ["s3://acme-b/c"]},
            "s3_access_buckets: expected the name of a bucket",
        ),
        ("s3_access", {"scope": "prefix"}, "s3_access_prefix: expected the folder to narrow"),
        ("s3_access", {"external_id": "a b"}, "s3_access_external_id: expected the External ID"),
        ("s3_access", {"bucket": None}, "s3_access_bucket: is not set. Name the bucket"),
        ("gcs_access", {"bucket": "gs://acme-b"}, "gcs_access_bucket: expected the name of a bucket"),
        ("braze_api_key", {"key": "Bearer abcdefghijkl"}, "braze_api_key_key: begins with Bearer or Basic"),
        ("braze_api_key", {"permissions": []}, "braze_api_key_permissions: is an empty list. Name at least one"),
        ("fivetran_connection", {"schema": "Shop"}, "fivetran_connection_schema: expected lower-case letters"),
        (
            "fivetran_connection",
            {"storage": "s3", "prefix": "s3://acme-b/currents"},
            "fivetran_connection_prefix: expected a folder in the bucket such as currents, without s3:// and a bucket,",
        ),
        (
            "fivetran_connection",
            {"exports_storage": "gcs", "exports_prefix": "gs://acme-b/exports"},
            "fivetran_connection_exports_prefix: expected a folder in the bucket such as currents, without gs:// and",
        ),
        (
            "fivetran_connection",
            {"storage": "s3", "bucket": "s3://acme-b/currents"},
            "fivetran_connection_bucket: expected the name of a bucket",
        ),
        (
            "fivetran_connection",
            {"storage": "azure", "container": "https://acme.blob.core.windows.net/braze"},
            "fivetran_connection_container: expected",
        ),
        (
            "fivetran_connection",
            {"exports_storage": "gcs", "exports_bucket": "gs://acme-b/exports"},
            "fivetran_connection_exports_bucket: expected the name of a bucket",
        ),
        # As its own entry point describes it, not as that which only syncs.
        (
            "fivetran_connection",
            {"api_key": "CHANGE_ME"},
            "fivetran_connection_api_key: is still to be filled in. Braze's REST API key for Fivetran.",
        ),
        ("fivetran_connection", {"daily_sync_time": "14:00"}, "fivetran_connection_daily_sync_time: works only with"),
    ],
)
def test_what_is_wrong_is_told_by_the_name_of_the_variable(role: str, changes: dict[str, Any], sentence: str) -> None:
    [found] = told(role, **changes)
    assert found.startswith(sentence), found


def test_a_dictionary_that_the_command_line_gives_as_text_is_one() -> None:
    assert told("s3_access", tags='{"team": "data"}') == []
    assert told("s3_access", tags="team=data") == []


def test_a_bucket_of_another_cloud_is_no_hint_where_the_storage_cannot_be_chosen() -> None:
    [found] = told("s3_access", bucket="gs://acme-b/c")
    assert "Write" not in found
    [found] = told("s3_access", bucket="s3://acme-b/c")
    assert found.endswith("Write s3_access_bucket: acme-b and s3_access_prefix: c.")
    [found] = told("fivetran_connection", storage="gcs", bucket="s3://acme-b/c")
    written = ("storage: s3", "bucket: acme-b", "prefix: c")
    assert found.endswith(f"Write {' and '.join(f'fivetran_connection_{one}' for one in written)}.")


def test_a_secret_of_one_variable_is_in_the_refusal_of_none() -> None:
    secret = "wJ2UqXtnFEMIK7MDENGbPx0RfiCYz"
    found = told("s3_access", aws_secret_key=secret, aws_access_key="AKIAIOSFODNN7EXAMPLE", role_name=f"a {secret}")
    assert secret not in str(found)
    assert found


def test_a_misspelt_variable_is_a_warning_and_another_one_of_that_beginning_is_not() -> None:
    names = [*right("currents_landing"), "currents_landing_on_quite", "currents_landing_my_own_register", "other"]
    assert misspelt_variables("currents_landing", names) == [
        "currents_landing_on_quite: no such variable. Did you mean currents_landing_on_quiet?"
    ]


def test_a_variable_of_another_name_is_told_where_it_is_missing() -> None:
    variables = {**right("currents_landing"), "currents_landing_buckett": "acme-currents"}
    del variables["currents_landing_bucket"]
    assert wrong_variables("currents_landing", Host(variables)) == [
        "currents_landing_bucket: is not set, but currents_landing_buckett is. Rename that."
    ]
