# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What settings of a workspace become in Fivetran's configuration, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.braze_config import (
    CURRENTS,
    EXPORTS,
    STORAGE_TYPES,
    braze_config,
    means_the_same,
)

from tests.sandbox.contract import DOCUMENT

UNSAID = {"api_url": "https://rest.iad-01.braze.com", "api_key": "the-braze-key"}
GIVEN = {**UNSAID, "storage": "none", "exports_storage": "none"}
WHOLE = {
    "s3": {"bucket": "acme", "prefix": "currents", "role_arn": "arn:aws:iam::111122223333:role/Fivetran"},
    "gcs": {"bucket": "acme", "prefix": "currents"},
    "azure": {"container": "acme", "prefix": "currents", "connection_string": "AccountKey=c2VjcmV0"},
}


def schema() -> dict[str, Any]:
    """Return the properties of the vendor's own schema of the configuration."""
    if not Path(DOCUMENT).exists():
        pytest.skip("the OpenAPI document of Fivetran is not beside the checkout")
    schemas = json.loads(Path(DOCUMENT).read_text())["components"]["schemas"]
    [properties] = [
        found
        for name, data in schemas.items()
        if "braze" in name.lower() and "s3bucket" in (found := _properties(data))
    ][:1]
    return properties


def _properties(data: Any) -> dict[str, Any]:
    """Return the properties of a schema with those of the schema ``config`` inside it."""
    found: dict[str, Any] = {}
    for part in [data, *data.get("allOf", [])]:
        properties = part.get("properties", {})
        found |= properties | properties.get("config", {}).get("properties", {})
    return found


def test_every_name_is_one_of_the_vendors_own() -> None:
    known = schema()
    names = {field for source in (CURRENTS, EXPORTS) for fields in source.fields.values() for field in fields.values()}
    made = braze_config({**GIVEN, "storage": "s3", "exports_storage": "s3", "history_from": "2024-01-01"})
    assert names | set(made["config"]) | set(made["config_secrets"]) <= set(known)
    assert set(STORAGE_TYPES.values()) == set(known["cloud_storage_type"]["enum"])


def test_what_the_vendor_calls_a_password_and_masks_nowhere_else_is_kept_apart() -> None:
    secrets = {name for name, data in schema().items() if data.get("format") == "password"}
    made = braze_config({**GIVEN, "storage": "azure", **WHOLE["azure"], "exports_storage": "azure"})
    assert set(made["config_secrets"]) <= secrets
    # An ARN is masked by Fivetran, too, but is no secret, and shows in every plan.
    assert secrets - set(made["config_secrets"]) == {"s3role_arn", "s3_export_role_arn"}


@pytest.mark.parametrize("storage", WHOLE)
@pytest.mark.parametrize("source", [CURRENTS, EXPORTS], ids=["currents", "exports"])
def test_whole_settings_have_no_problem_and_all_arrive(storage: str, source: Any) -> None:
    settings = {f"{source.settings}{name}": value for name, value in WHOLE[storage].items()}
    made = braze_config({**GIVEN, f"{source.settings}storage": storage, **settings})
    assert made["problems"] == []
    values = {**made["config"], **made["config_secrets"]}
    assert {field: values[field] for field in source.fields[storage].values()} == {
        field: WHOLE[storage][name] for name, field in source.fields[storage].items()
    }


FOLDERS = [
    "s3folder", "gcs_folder", "abs_prefix", "s3_export_folder", "gcs_export_folder", "abs_export_prefix",
]  # fmt: skip


@pytest.mark.parametrize("storage", WHOLE)
@pytest.mark.parametrize("source", [CURRENTS, EXPORTS], ids=["currents", "exports"])
def test_a_folder_is_sent_without_slashes_around_it(storage: str, source: Any) -> None:
    settings = {f"{source.settings}{name}": value for name, value in WHOLE[storage].items()}
    slashes = {f"{source.settings}prefix": "//team/currents/", f"{source.settings}storage": storage}
    made = braze_config({**GIVEN, **settings, **slashes})
    assert made["problems"] == []
    assert made["config"][source.fields[storage]["prefix"]] == "team/currents"


@pytest.mark.parametrize("field", FOLDERS)
@pytest.mark.parametrize("spelling", ["currents", "/currents", "currents/", "//currents//"])
def test_slashes_around_a_folder_mean_nothing(field: str, spelling: str) -> None:
    assert means_the_same(field, "currents", spelling)
    assert means_the_same(field, spelling, "currents")
    assert not means_the_same(field, spelling, "currents/us")
    assert not means_the_same(field, spelling, "Currents")


@pytest.mark.parametrize("spelling", ["", None, "/"])
def test_the_root_of_a_bucket_has_several_spellings(spelling: str | None) -> None:
    assert means_the_same("s3folder", "", spelling)
    assert not means_the_same("s3folder", "currents", spelling)


def test_a_slash_at_the_end_of_the_api_url_means_nothing_and_any_other_difference_does() -> None:
    assert means_the_same("api_url", GIVEN["api_url"], f"{GIVEN['api_url']}/")
    assert not means_the_same("api_url", GIVEN["api_url"], "https://rest.iad-02.braze.com/")
    made = braze_config({**GIVEN, "api_url": f"{GIVEN['api_url']}/"})
    assert (made["config"]["api_url"], made["problems"]) == (GIVEN["api_url"], braze_config(GIVEN)["problems"])
    assert "api_url: expected" in " ".join(braze_config({**GIVEN, "api_url": f"{GIVEN['api_url']}/v1/"})["problems"])


@pytest.mark.parametrize(
    "spelling", ["https://REST.iad-01.Braze.com", "rest.iad-01.braze.com", " https://rest.iad-01.braze.com//"]
)
def test_an_instance_is_the_same_however_its_url_is_spelled(spelling: str) -> None:
    assert means_the_same("api_url", GIVEN["api_url"], spelling)


@pytest.mark.parametrize(
    ("field", "capitals", "camel"),
    [
        ("cloud_storage_type", "AWS_S3", "AwsS3"),
        ("cloud_storage_type", "AZURE_BLOB_STORAGE", "AzureBlobStorage"),
        ("export_storage_type", "GCS", "Gcs"),
        ("historical_sync_limit", "DATE_LIMIT", "DateLimit"),
    ],
)
def test_what_is_one_of_a_list_is_the_same_in_capitals_and_in_camel_case(field: str, capitals: str, camel: str) -> None:
    assert means_the_same(field, capitals, camel)
    assert means_the_same(field, camel, capitals)
    assert not means_the_same(field, capitals, "NONE")


@pytest.mark.parametrize("nothing", [None, "", "NONE", "None"])
def test_no_storage_has_several_spellings(nothing: str | None) -> None:
    assert means_the_same("cloud_storage_type", "NONE", nothing)
    assert not means_the_same("cloud_storage_type", "GCS", nothing)


def test_what_fivetran_need_not_return_is_compared_only_where_it_does() -> None:
    assert means_the_same("historic_sync_time_frame", "ONE_YEAR", None)
    assert not means_the_same("historic_sync_time_frame", "ONE_YEAR", "ALL_TIME")
    assert not means_the_same("historical_sync_limit_date", "2024-01-31", None)


@pytest.mark.parametrize("field", ["s3bucket", "gcs_bucket", "s3role_arn", "api_key"])
def test_what_is_no_folder_is_compared_as_it_is(field: str) -> None:
    assert not means_the_same(field, "acme", "/acme/")


@pytest.mark.parametrize("storage", WHOLE)
def test_what_is_needed_is_named_with_its_variable(storage: str) -> None:
    problems = braze_config({**GIVEN, "storage": storage}, "fivetran_connection_")["problems"]
    assert problems == [
        f"fivetran_connection_{name}: is needed with fivetran_connection_storage: {storage}."
        for name in WHOLE[storage]
        if name != "prefix"
    ]


@pytest.mark.parametrize("unset", [{}, {"storage": None, "exports_storage": None}, {"storage": "", "prefix": None}])
def test_what_is_not_set_is_said_to_a_new_connection_only(unset: dict[str, Any]) -> None:
    assert braze_config({**UNSAID, **unset}) == {
        "config": {"api_url": UNSAID["api_url"]},
        "config_secrets": {"api_key": UNSAID["api_key"]},
        "config_on_create": {"cloud_storage_type": "NONE", "enable_exports": False},
        "protected_config": ["api_url"],
        "problems": [],
    }


def test_what_is_set_to_none_is_said_to_every_connection() -> None:
    made = braze_config(GIVEN)
    assert (made["config"]["cloud_storage_type"], made["config"]["enable_exports"]) == ("NONE", False)
    assert made["config_on_create"] == {}


@pytest.mark.parametrize("storage", WHOLE)
@pytest.mark.parametrize("source", [CURRENTS, EXPORTS], ids=["currents", "exports"])
def test_a_folder_that_is_not_set_is_left_out_and_an_empty_one_is_the_root(storage: str, source: Any) -> None:
    settings = {f"{source.settings}{name}": value for name, value in WHOLE[storage].items()}
    given = {**GIVEN, f"{source.settings}storage": storage, **settings}
    field = source.fields[storage]["prefix"]
    assert field not in braze_config({**given, f"{source.settings}prefix": None})["config"]
    assert braze_config({**given, f"{source.settings}prefix": ""})["config"][field] == ""


@pytest.mark.parametrize(
    ("storage", "place"), [("s3", "s3bucket"), ("gcs", "gcs_bucket"), ("azure", "abs_container_name")]
)
def test_what_says_whose_events_are_read_from_where_is_protected_and_nothing_else(storage: str, place: str) -> None:
    exports = {f"exports_{name}": value for name, value in WHOLE["gcs"].items()}
    made = braze_config({**UNSAID, "storage": storage, **WHOLE[storage], "exports_storage": "gcs", **exports})
    assert made["protected_config"] == ["api_url", "cloud_storage_type", place]


def test_a_storage_that_nobody_knows_is_refused() -> None:
    assert braze_config({**GIVEN, "storage": "ftp"}) == {
        "config": {},
        "config_secrets": {},
        "config_on_create": {},
        "protected_config": [],
        "problems": ['storage: "ftp" is not accepted; accepted: s3, gcs, azure, none.'],
    }


def test_what_belongs_to_another_storage_is_refused_with_that_storage() -> None:
    [problem] = braze_config({**GIVEN, "exports_role_arn": "arn:aws:iam::111122223333:role/Fivetran"})["problems"]
    assert problem == (
        "exports_role_arn: does not belong to exports_storage: none but to s3; remove it or choose that storage."
    )


@pytest.mark.parametrize("day", ["2024-1-1", "2024-02-30", "yesterday", "2024-01-\n01"])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    [problem] = braze_config({**GIVEN, "history_from": day})["problems"]
    assert problem.startswith("history_from: expected a day such as 2026-02-01, got")


def test_a_day_that_yaml_has_read_as_a_date_is_sent_as_text() -> None:
    made = braze_config({**GIVEN, "history_from": date(2024, 1, 31)})
    assert made["problems"] == []
    assert made["config"]["historical_sync_limit_date"] == "2024-01-31"


def test_no_sentence_holds_a_secret() -> None:
    broken = {**GIVEN, "api_url": "", "connection_string": "AccountKey=c2VjcmV0", "storage": "s3"}
    told = " ".join(braze_config(broken)["problems"])
    assert "c2VjcmV0" not in told
    assert GIVEN["api_key"] not in told


@pytest.mark.parametrize(
    ("time_frame", "sent"),
    [
        ("THREE_MONTHS", {"historical_sync_limit": "DATE_LIMIT", "historical_sync_limit_date": "2025-11-01"}),
        ("ONE_YEAR", {"historical_sync_limit": "DATE_LIMIT", "historical_sync_limit_date": "2025-02-01"}),
        ("FIVE_YEARS", {"historical_sync_limit": "DATE_LIMIT", "historical_sync_limit_date": "2021-02-01"}),
        ("ALL_TIME", {"historical_sync_limit": "ALL_TIME"}),
    ],
)
def test_a_time_frame_which_fivetran_takes_no_longer_is_sent_to_new_connections_as_a_date(
    time_frame: str, sent: dict[str, str]
) -> None:
    made = braze_config({**GIVEN, "history_time_frame": time_frame}, today=date(2026, 2, 28))
    assert made["config_on_create"].items() >= sent.items()
    assert not {"historic_sync_time_frame", *sent} & set(made["config"])


def test_a_day_outweighs_a_time_frame() -> None:
    made = braze_config({**GIVEN, "history_from": "2024-01-31", "history_time_frame": "ONE_YEAR"})
    assert made["config"]["historical_sync_limit_date"] == "2024-01-31"
    assert "historical_sync_limit" not in made["config_on_create"]
