# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can be refused is refused before the first write, for each workspace by name and in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.integration.playbooks.foreseen import foresee
from tests.integration.playbooks.plans import planned, says, warned
from tests.playbook import PlayResult
from tests.release import time_out
from tests.sandbox import world
from tests.sandbox.client import Sandbox

BOTH = ("shop_eu", "shop_us")
# Longer than any sentence about a setting, shorter than any dump of a specification.
LONGEST_LINE = 400


def refused(result: PlayResult, *hosts: str) -> None:
    """Assert that these workspaces are refused, and that every workspace of the run stands in the recap."""
    assert sorted({task.host for task in result.failures()}) == sorted(hosts), result.output
    assert result.exit_code != 0
    assert set(hosts) <= set(result.stats)
    assert "Traceback" not in result.output


# By the variable that is told: what somebody wrote, and words that the message holds.
SETTINGS: tuple[tuple[dict[str, Any], str, tuple[str, ...]], ...] = (
    ({"currents_storage": "S3"}, "currents_storage", ("expected s3, gcs, azure or none", '"S3"')),
    ({"currents_prefix": ["currents"]}, "currents_prefix", ("expected text", "a list")),
    ({"currents_prefix": "s3://acme/currents"}, "currents_prefix", ("expected a folder",)),
    ({"currents_bucket": "s3://acme-currents-us"}, "currents_bucket", ("expected the name of a bucket",)),
    ({"fivetran_schema": "Braze-US"}, "fivetran_schema", ('"Braze-US"', "lower-case")),
    ({"braze_api_url": "https://example.com:port"}, "braze_api_url", ("URL",)),
    ({"fivetran_connection_daily_sync_time": 840}, "fivetran_connection_daily_sync_time", ('"14:00"', "quotes")),
    (
        {"fivetran_connection_daily_sync_time": "14:30", "fivetran_connection_sync_frequency": 1440},
        "fivetran_connection_daily_sync_time",
        ("14:30",),
    ),
    ({"fivetran_connection_daily_sync_time": "14:00"}, "fivetran_connection_daily_sync_time", ("1440",)),
    ({"fivetran_connection_sync_frequency": 17}, "fivetran_connection_sync_frequency", ("1440", "17")),
    ({"fivetran_connection_role_arn": "Fivetran"}, "fivetran_connection_role_arn", ("ARN of an IAM role",)),
    (
        {"fivetran_connection_exports_role_arn": "arn:aws:iam::11:role/x"},
        "fivetran_connection_exports_role_arn",
        ("ARN of an IAM role",),
    ),
    (
        {"fivetran_connection_exports_role_arn": "{{ omit }}"},
        "fivetran_connection_exports_role_arn",
        ("omit",),
    ),
    ({"fivetran_connection_history_from": "2026-13-01"}, "fivetran_connection_history_from", ("2026-13-01",)),
    ({"fivetran_connection_setup_test_timeout": 0}, "fivetran_connection_setup_test_timeout", ("0",)),
    ({"fivetran_connection_paused": "perhaps"}, "fivetran_connection_paused", ("true or false",)),
    ({"s3_access_role_name": "Fivetran role"}, "s3_access_role_name", ("Fivetran role",)),
    ({"s3_access_path": "vendors"}, "s3_access_path", ("vendors",)),
    ({"s3_access_fivetran_account_id": "8344"}, "s3_access_fivetran_account_id", ("8344",)),
    ({"s3_access_kms_key_arns": ["alias/currents"]}, "s3_access_kms_key_arns", ("alias/currents",)),
    ({"s3_access_max_session_duration": 60}, "s3_access_max_session_duration", ("3600",)),
    ({"s3_access_scope": "prefix", "currents_prefix": ""}, "currents_prefix", ("s3_access_scope: prefix",)),
    ({"gcs_access_role": "objectViewer"}, "gcs_access_role", ("objectViewer",)),
    ({"currents_landing_stale_after": 0}, "currents_landing_stale_after", ("87600",)),
)


def test_every_wrong_setting_is_told_in_one_sentence_by_workspace_and_name_before_anything_is_asked(
    sandbox: Sandbox,
) -> None:
    wrong = {f"host_{number:02}": changes for number, (changes, _variable, _words) in enumerate(SETTINGS)}
    result = play(sandbox, "onboard", "--limit", "host_*", inventory=workspaces(**wrong))
    refused(result, *wrong)
    for host, (_changes, variable, words) in zip(wrong, SETTINGS, strict=True):
        message = result.messages(host)
        says(message, *words)
        assert message.startswith(f"{host}: {variable}: ")
        assert len(message) < LONGEST_LINE
        assert "\n" not in message
    assert sandbox.writes() == []
    assert sandbox.journal("braze") == []


def test_names_of_settings_that_are_misspelt_are_told_with_what_was_meant(sandbox: Sandbox) -> None:
    misspelt = {
        "s3_acces_role_name": "s3_access_role_name",
        "fivetran_sync_frequency": "fivetran_connection_sync_frequency",
        "currents_bukket": "currents_bucket",
    }
    inventory = workspaces(shop_us=dict.fromkeys(misspelt, "some-text"))
    result = foresee(sandbox, "onboard", inventory=inventory, limit=["shop_us"])
    told = warned(result, "shop_us") + result.messages("shop_us")
    for written, meant in misspelt.items():
        says(told, written, meant)
    assert "braze_api_url" not in told


def test_messages_name_the_variables_of_the_inventory_and_not_the_options_of_modules(sandbox: Sandbox) -> None:
    inventory = workspaces(
        shop_us={"currents_bucket": "acme-curents-us"},
        app_us={"currents_bucket": world.S3_BUCKET, "braze_api_key": world.BRAZE_KEY_REVOKED},
        loyalty_us={"currents_bucket": world.S3_BUCKET, "braze_api_url": "https://rest.example.com:0"},
    )
    result = foresee(sandbox, "onboard", inventory=inventory, limit=["shop_us", "app_us", "loyalty_us"])
    says(result.messages("shop_us"), "currents_bucket", "acme-curents-us")
    says(result.messages("app_us"), "API key", "invalid_key")
    says(result.messages("loyalty_us"), "braze_api_url")


def without(sandbox: Sandbox, *variables: str) -> Sandbox:
    """Return the sandbox for somebody who has not set some variables of the environment."""
    return Sandbox({name: value for name, value in sandbox.env.items() if name not in variables})


@pytest.mark.parametrize(
    "playbook",
    ["onboard", "verify", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rotate_key", "heal", "offboard"))],
)
def test_missing_fivetran_credentials_are_told_to_every_workspace(sandbox: Sandbox, playbook: str) -> None:
    poor = without(sandbox, "FIVETRAN_APIKEY", "FIVETRAN_APISECRET")
    result = play(poor, playbook, "-e", "offboard_confirmed=true")
    refused(result, *BOTH)
    for host in BOTH:
        says(result.messages(host), f"{host}: ", "FIVETRAN_APIKEY", "FIVETRAN_APISECRET")
    assert sandbox.journal("fivetran") == []


def test_empty_fivetran_credentials_are_told_by_name(sandbox: Sandbox) -> None:
    result = foresee(sandbox, "onboard", FIVETRAN_APIKEY="", FIVETRAN_APISECRET="  ")
    assert sorted({task.host for task in result.failures()}) == list(BOTH)
    for host in BOTH:
        says(result.messages(host), "FIVETRAN_APIKEY: is empty.", "FIVETRAN_APISECRET: is empty.")


@pytest.mark.parametrize("url", ["https://api.fivetran.com:port", "http://[::1", "api.fivetran.com?x=1"])
def test_a_fivetran_url_that_is_none_is_told_to_every_workspace(sandbox: Sandbox, url: str) -> None:
    inventory = workspaces()
    inventory["braze_workspaces"]["vars"]["fivetran_api_url"] = url
    result = foresee(sandbox, "onboard", inventory=inventory)
    assert sorted({task.host for task in result.failures()}) == list(BOTH)
    for host in BOTH:
        says(result.messages(host), f"{host}: fivetran_api_url: ")


def test_blanks_and_line_breaks_around_credentials_and_names_do_no_harm(sandbox: Sandbox) -> None:
    inventory = workspaces(shop_eu={"currents_bucket": f"{world.GCS_BUCKET}\n", "currents_prefix": "currents\n"})
    environment = {
        "FIVETRAN_APISECRET": f"{world.FIVETRAN_SECRET}\n",
        "FIVETRAN_APIKEY": f" {world.FIVETRAN_KEY} ",
        "FIVETRAN_API_URL": f"{sandbox.env['FIVETRAN_API_URL']} \n",
    }
    result = play(sandbox, "onboard", "--limit", "shop_eu", inventory=inventory, **environment)
    assert result.exit_code == 0, result.output
    config = connections(sandbox)["braze_shop_eu"]["config"]
    assert (config["gcs_bucket"], config["gcs_folder"]) == (world.GCS_BUCKET, "currents")


def test_blanks_and_line_breaks_around_what_a_workspace_sets_do_no_harm(sandbox: Sandbox) -> None:
    around = {
        "fivetran_schema": "braze_around\n",
        "s3_access_role_name": "Fivetran-Around \n",
        "s3_access_policy_name": " Fivetran-Around-Read",
        "s3_access_account_id": "111122223333\n",
        "fivetran_connection_history_from": "2026-01-01\n",
        "fivetran_connection_exports_storage": "s3",
        "fivetran_connection_exports_bucket": world.S3_BUCKET,
        "fivetran_connection_exports_prefix": world.PREFIX,
        "fivetran_connection_exports_role_arn": "arn:aws:iam::111122223333:role/Fivetran-Around\n",
    }
    result = play(sandbox, "onboard", "--limit", "shop_us", inventory=workspaces(shop_us=around))
    assert result.exit_code == 0, result.output
    config = connections(sandbox)["braze_around"]["config"]
    assert list(config.values()).count("arn:aws:iam::111122223333:role/Fivetran-Around") == 2


def test_a_character_that_no_key_has_is_told_without_showing_the_key(sandbox: Sandbox) -> None:
    result = play(sandbox, "onboard", FIVETRAN_APIKEY=f"{world.FIVETRAN_KEY}\u00a0")
    refused(result, *BOTH)
    for host in BOTH:
        says(result.messages(host), "FIVETRAN_APIKEY", "no-break space")
    assert world.FIVETRAN_KEY not in result.output
    assert sandbox.journal("fivetran") == []


def test_certificates_that_do_not_exist_are_told_to_every_workspace(sandbox: Sandbox) -> None:
    # Certificates are needed where a server proves who it is.
    url = sandbox.tls("fivetran", "good")["url"]
    result = play(sandbox, "onboard", FIVETRAN_API_URL=url, REQUESTS_CA_BUNDLE="/nowhere/certificates.pem")
    refused(result, *BOTH)
    for host in BOTH:
        says(result.messages(host), host, "REQUESTS_CA_BUNDLE", "/nowhere/certificates.pem")
        assert planned(result)[host]["failure"]["code"]
    assert sandbox.writes() == []


def test_connections_that_cannot_be_listed_are_told_to_every_workspace_of_the_group(sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="list_connections", status=403, times=0)
    result = play(sandbox, "onboard")
    refused(result, *BOTH)
    for host in BOTH:
        says(result.messages(host), f"{host}: ", "Fivetran", "403")
        assert planned(result)[host]["complete"] is False
    assert sandbox.writes() == []


@pytest.mark.slow
def test_a_vendor_that_is_down_for_good_is_told_to_every_workspace(sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="list_connections", status=503, times=0)
    result = play(sandbox, "onboard")
    refused(result, *BOTH)
    for host in BOTH:
        says(result.messages(host), f"{host}: ", "Fivetran", "503")
    assert sandbox.writes() == []


def test_a_group_that_cannot_be_looked_at_stops_no_workspace_of_another_group(sandbox: Sandbox) -> None:
    sandbox.fault("status", path=f"/v1/destinations/{world.GROUP_ID}", status=403, times=0)
    inventory = workspaces(shop_eu={"fivetran_group": world.SECOND_GROUP_NAME})
    result = play(sandbox, "onboard", inventory=inventory)
    refused(result, "shop_us")
    assert list(connections(sandbox)) == ["braze_shop_eu"]


def test_a_time_out_of_the_task_that_looks_is_told_to_every_workspace(sandbox: Sandbox) -> None:
    sandbox.latency(1.5)
    try:
        result = play(sandbox, "onboard", ANSIBLE_TASK_TIMEOUT="3")
    finally:
        sandbox.latency(0)
    refused(result, *BOTH)
    for host in BOTH:
        says(result.messages(host), f"{host}: ", time_out(3))
    assert sandbox.writes() == []


def test_the_recap_shows_workspaces_that_are_fine_refused_and_unreadable(sandbox: Sandbox) -> None:
    inventory = workspaces(
        app_us={"currents_bucket": "{{ nowhere }}"}, loyalty_us={"braze_api_key": world.BRAZE_KEY_REVOKED}
    )
    result = play(sandbox, "onboard", "--check", inventory=inventory)
    refused(result, "app_us", "loyalty_us")
    assert sorted(result.stats) == ["app_us", "loyalty_us", "shop_eu", "shop_us"]
    says(result.output, "Plan: 4 workspaces: 2 to change, 2 refused.")
