# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection as settings, as facts and as remarks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.variables import (
    Placeholder,
    facts,
    identity,
    is_plain,
    keys,
    left_paused,
    one_line,
    remarks,
    schedule,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import all_options

from tests.unit.discovery.rows import AZURE, GCS, S3, SECRETS, connection

IDENTITY = {
    "fivetran_group": "jovial_daylight",
    "fivetran_schema": "braze_shop_us",
    "braze_api_url": "https://rest.iad-01.braze.com",
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (S3, {"currents_storage": "s3", "currents_bucket": "acme-currents-us", "currents_prefix": "currents"}),
        (
            {**GCS, "gcs_folder": ""},
            {"currents_storage": "gcs", "currents_bucket": "acme-currents-eu", "currents_prefix": ""},
        ),
        (AZURE, {"currents_storage": "azure", "currents_bucket": "currents", "currents_prefix": "shop"}),
        ({"cloud_storage_type": "NONE"}, {"currents_storage": "none"}),
        ({"cloud_storage_type": "FTP"}, {}),
    ],
    ids=["s3", "the root of gcs", "azure", "none", "unknown"],
)
def test_the_settings_say_which_connection_it_is_and_what_it_reads(config: dict[str, Any], expected: Any) -> None:
    assert identity(connection(config=config), "h") == {**IDENTITY, **expected}


@pytest.mark.parametrize("config", [S3, GCS, AZURE], ids=["s3", "gcs", "azure"])
def test_every_setting_is_one_of_this_collection(config: dict[str, Any]) -> None:
    found = connection(config=config)
    assert {*identity(found, "h"), *keys(found, "h")} <= set(all_options())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"paused": True}, {"fivetran_connection_paused": True}),
        ({"paused": True, "status": {"setup_state": "broken"}}, {"fivetran_connection_paused": True}),
        ({"paused": True, "status": {"setup_state": "incomplete"}}, {}),
        ({"paused": True, "succeeded_at": "2026-01-02T03:04:05Z"}, {}),
        ({"paused": True, "failed_at": "2026-01-02T03:04:05Z"}, {}),
        ({"paused": False}, {}),
    ],
    ids=["never started", "broken", "unfinished", "has synced", "has failed", "runs"],
)
def test_what_onboarding_would_start_is_said_to_be_paused(fields: dict[str, Any], expected: Any) -> None:
    assert left_paused(connection(**fields)) == expected
    assert set(expected) <= set(all_options())


def test_a_key_is_a_variable_that_a_person_fills() -> None:
    assert keys(connection(), "h") == {"braze_api_key": Placeholder("vault_braze_api_key_h")}
    assert keys(connection(config=AZURE), "h")["currents_connection_string"].template == (
        "{{ vault_currents_connection_string_h }}"
    )


def test_a_key_in_a_setting_where_it_does_not_belong_is_not_told() -> None:
    secret = SECRETS["abs_connection_string"]
    found = connection(config={**AZURE, "abs_container_name": secret})
    assert identity(found, "h")["currents_bucket"] == Placeholder("vault_currents_bucket_h")
    exports = {"enable_exports": True, "export_storage_type": "GCS", "gcs_export_bucket": secret}
    assert "AccountKey" not in " ".join(remarks(connection(config={**S3, **exports})))


def test_the_facts_tell_the_state() -> None:
    found = facts(
        connection(paused=True, status={"setup_state": "broken"}, sync_frequency=1440, daily_sync_time="03:00")
    )
    assert found["onramp_group_name"] == "Warehouse"
    assert found["onramp_setup_state"] == "broken"
    assert found["onramp_paused"] is True
    assert (found["onramp_sync_frequency"], found["onramp_daily_sync_time"]) == (1440, "03:00")
    assert all(name.startswith("onramp_") for name in found)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"sync_frequency": 1}, "every minute"),
        ({"sync_frequency": 15}, "every 15 minutes"),
        ({"sync_frequency": 60}, "every hour"),
        ({"sync_frequency": 360}, "every 6 hours"),
        ({"sync_frequency": 1440}, "daily"),
        ({"sync_frequency": 1440, "daily_sync_time": "03:00"}, "daily at 03:00 UTC"),
        ({"sync_frequency": 60, "schedule_type": "manual"}, "started by hand or by API only"),
        ({"sync_frequency": None}, "on an unknown schedule"),
    ],
)
def test_a_schedule_in_words(fields: dict[str, Any], expected: str) -> None:
    assert schedule(connection(**fields)) == expected


def test_the_remarks_tell_what_stays_as_it_is() -> None:
    exports = {
        "enable_exports": True,
        "export_storage_type": "AWS_S3",
        "s3_export_bucket": "e",
        "s3_export_folder": "/f/",
    }
    found = connection(
        config={**S3, **exports},
        paused=True,
        pause_after_trial=True,
        data_delay_sensitivity="HIGH",
        succeeded_at="2026-01-02T00:00:00Z",
        failed_at="2026-01-03T00:00:00Z",
    )
    assert remarks(found) == [
        "Connection jovial_daylight_braze_shop_us: connected, paused in Fivetran, every 6 hours, last sync failed at"
        " 2026-01-03T00:00:00Z.",
        "It also reads exports of user profiles from s3://e/f.",
        "Its sensitivity to delays is HIGH.",
        "It is paused when the trial ends.",
    ]


def test_a_text_of_a_vendor_stays_in_its_line() -> None:
    assert one_line("a\nb\x1b[31m\u2028c\ud800") == "a b [31m c"
    assert len(one_line("a" * 9999)) < 2100


@pytest.mark.parametrize("text", ["{{ 1 }}", "{% raw %}", "#jinja2: x", "{", "a}", "!x", "a\nb", "[[ x ]]"])
def test_what_could_be_a_template_is_not_plain(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize(
    "text", ["", "acme-currents-us", "https://rest.iad-01.braze.com:443/", "Käse 2", "03:00", "<<", "!"]
)
def test_what_means_itself_is_plain(text: str) -> None:
    assert is_plain(text)
