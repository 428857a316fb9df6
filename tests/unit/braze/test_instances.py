# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user may write for a Braze instance."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.instances import (
    INSTANCES,
    Instance,
    find_endpoint,
    other_instances,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_name_rest_url_and_dashboard_url_mean_the_same_instance(instance: Instance) -> None:
    spellings = [
        instance.name,
        instance.name.lower(),
        f"https://{instance.rest_host}",
        f"https://{instance.rest_host}/",
        f"https://{instance.rest_host}/campaigns/list",
        instance.rest_host,
        # The SDK's host of the instance, which Braze shows beside the REST one.
        f"https://sdk.{instance.rest_host.removeprefix('rest.')}",
        f"https://{instance.dashboard_host}",
        f"https://{instance.dashboard_host}/dashboard/app_usage/66f1aeb2?locale=en#top",
        f"  https://{instance.dashboard_host.upper()} ",
    ]
    for text in spellings:
        endpoint = find_endpoint(text)
        assert (endpoint.api_url, endpoint.instance, endpoint.warning) == (instance.api_url, instance, None)


@pytest.mark.parametrize(
    ("name", "api_url"),
    [
        ("US-01", "https://rest.iad-01.braze.com"),
        ("US-10", "https://rest.us-10.braze.com"),
        ("EU-02", "https://rest.fra-02.braze.eu"),
        ("JP-01", "https://rest.jp-01.braze.com"),
    ],
)
def test_the_rest_url_is_the_one_that_braze_documents(name: str, api_url: str) -> None:
    assert find_endpoint(name).api_url == api_url


def test_an_instance_that_is_not_known_yet_is_used_with_a_warning() -> None:
    endpoint = find_endpoint("https://rest.us-42.braze.com")
    assert (endpoint.api_url, endpoint.instance) == ("https://rest.us-42.braze.com", None)
    assert endpoint.warning is not None
    assert "rest.us-42.braze.com" in endpoint.warning


def test_the_dashboard_of_an_instance_that_is_not_known_yet_is_told_from_a_rest_url() -> None:
    warning = find_endpoint("https://dashboard-42.braze.com").warning
    assert warning is not None
    assert "dashboard" in warning


def test_a_sandbox_on_loopback_is_used_without_a_warning() -> None:
    endpoint = find_endpoint("http://127.0.0.1:8080/")
    assert (endpoint.api_url, endpoint.warning) == ("http://127.0.0.1:8080", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "US-99",
        "http://rest.iad-01.braze.com",
        "http://dashboard-01.braze.com",
        "https://user:secret@rest.iad-01.braze.com",
        "ftp://rest.iad-01.braze.com",
        "http://rest.us-42.braze.com",
        "https://rest.us-42.braze.com?key=1",
    ],
)
def test_what_a_key_must_not_be_sent_to_is_refused_naming_the_option(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^api_url: "):
        find_endpoint(text)


def test_a_wrong_name_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InvalidArgument, match=r"US-01, .*US-10, EU-01, .*KR-01"):
        find_endpoint("US-99")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("us1", "US-01"), ("US 01", "US-01"), ("us_10", "US-10"), ("iad-03", "US-03"), ("fra1", "EU-01"), ("us-09", None)],
)
def test_a_name_that_is_written_otherwise_is_refused_with_the_one_that_is_meant(text: str, meant: str | None) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        find_endpoint(text)
    assert refusal.value.msg.endswith(f"Did you mean {meant}?") == (meant is not None)


def test_a_refused_key_can_belong_to_every_other_instance() -> None:
    others = other_instances(find_endpoint("US-02"))
    assert "US-02" not in others
    assert len(others) == len(INSTANCES) - 1
