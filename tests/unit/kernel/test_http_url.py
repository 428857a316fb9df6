# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base URLs that credentials may be sent to, and those that are refused by name before anything is sent."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.url import check_base_url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.fivetran.com",
        "ftp://api.fivetran.com",
        "api.fivetran.com",
        "https://user:password@api.fivetran.com",
        "https://user:password@[",
        "https://api.fivetran.com?x=1",
        "https://api.fivetran.com?",
        "https://api.fivetran.com#",
        "https://api.fivetran.com:99999",
        "https://api.fivetran.com:0",
        "https://api.fivetran.com:port",
        "https://[api.fivetran.com]",
        "https://[::1",
        "https://]",
        "https://api..fivetran.com",
        "https://.api.fivetran.com",
        f"https://{'a' * 64}.com",
        f"https://{'a.' * 130}com",
        "https://-api.fivetran.com",
        "https://api fivetran.com",
        "https://api.fivetran.com/v1 /",
        "https://api.fivetran.com\n.example.com",
        "https://api.fivetran.com\\@example.com",
        "https://api\udcff.fivetran.com",
        "https://",
        "",
    ],
)
def test_a_url_that_credentials_must_not_or_cannot_be_sent_to_is_refused_naming_the_option(url: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^some_url: ") as caught:
        check_base_url("some_url", url)
    assert "password@" not in caught.value.msg
    assert caught.value.msg.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "https://api.fivetran.com/",
        "https://api.fivetran.com:8443/base",
        "https://bücher.example",
        "https://192.0.2.1",
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]:1",
    ],
)
def test_https_and_loopback_are_accepted(url: str) -> None:
    assert check_base_url("some_url", url) == url.rstrip("/")


def test_blanks_and_line_breaks_around_a_url_are_no_part_of_it() -> None:
    assert check_base_url("some_url", " https://api.fivetran.com/ \n") == "https://api.fivetran.com"
