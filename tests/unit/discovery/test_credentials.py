# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials for Fivetran: where they come from, and what is said of those that cannot be used."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.credentials import fivetran_credentials

KEY, SECRET = "aPzT4k9QmVx2-fivetran", "s3cr3t-of-the-account-0815"
ENVIRONMENT = {"FIVETRAN_APIKEY": KEY, "FIVETRAN_APISECRET": SECRET, "FIVETRAN_API_URL": "http://127.0.0.1:1/"}


def test_the_environment_is_enough_and_white_space_around_a_key_is_none_of_it() -> None:
    environment = {**ENVIRONMENT, "FIVETRAN_APIKEY": f" {KEY}\n"}
    assert fivetran_credentials({}, environment) == {
        "fivetran_api_key": KEY,
        "fivetran_api_secret": SECRET,
        "fivetran_api_url": "http://127.0.0.1:1",
    }


def test_an_option_outweighs_the_environment_and_the_address_has_a_default() -> None:
    options = {"fivetran_api_key": "another-key", "fivetran_api_url": None}
    found = fivetran_credentials(options, {"FIVETRAN_APISECRET": SECRET, "FIVETRAN_APIKEY": KEY})
    assert found["fivetran_api_key"] == "another-key"
    assert found["fivetran_api_url"] == "https://api.fivetran.com"


def test_all_that_is_missing_is_named_with_where_it_may_be_set() -> None:
    with pytest.raises(InvalidArgument) as refused:
        fivetran_credentials({}, {})
    for name in ("fivetran_api_key", "FIVETRAN_APIKEY", "fivetran_api_secret", "FIVETRAN_APISECRET"):
        assert name in refused.value.msg


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"fivetran_api_key": ""}, "fivetran_api_key"),
        ({"fivetran_api_secret": "sesame open"}, "fivetran_api_secret"),
        ({"fivetran_api_url": "http://api.fivetran.com"}, "fivetran_api_url"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_that_was_set_and_nothing_takes_its_place(
    options: dict[str, Any], name: str
) -> None:
    with pytest.raises(InvalidArgument, match=f"^{name}: ") as refused:
        fivetran_credentials(options, ENVIRONMENT)
    assert "sesame" not in refused.value.msg
