# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's key and secret, before anybody sends them."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.credentials import checked_credential
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument

KEY = "a-distinctive-key-4711"


@pytest.mark.parametrize("value", [KEY, f"{KEY}\n", f" {KEY}\r\n"])
def test_blanks_and_line_breaks_around_a_key_are_no_part_of_it(value: str) -> None:
    assert checked_credential("fivetran_api_key", "FIVETRAN_APIKEY", value) == KEY


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"Bearer {KEY}", "begins with Bearer or Basic"),
        (f"{KEY}\n{KEY}", "white space"),
        (f"{KEY}\u00a0", "a no-break space"),
        (f"{KEY}\u00a0{KEY}", "a no-break space"),
        (f"{KEY}\x00", "a control character"),
        ("12345", "is shorter than any key is"),
        (KEY[:5], "is shorter than any key is"),
        (f"{KEY}é", "a character that no key has"),
        (f"{KEY}\udcff", "is not valid UTF-8"),
    ],
)
def test_what_cannot_be_a_key_is_refused_by_name_and_not_shown(value: str, said: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^fivetran_api_key: ") as caught:
        checked_credential("fivetran_api_key", "FIVETRAN_APIKEY", value)
    assert said in caught.value.msg
    assert "FIVETRAN_APIKEY" in caught.value.msg
    assert KEY not in caught.value.msg
    assert caught.value.msg.isprintable()
