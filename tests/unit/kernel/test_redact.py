# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._redact import REDACTED, Redactor, is_mask
from hypothesis import given
from hypothesis import strategies as st

SECRET = 'key/with "quotes" & ünïcode=='


@given(st.text(min_size=1), st.text(), st.text())
def test_a_secret_never_survives_in_a_text(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret]).text(before + secret + after)
    assert secret in REDACTED or secret not in shown.replace(REDACTED, "")


def test_a_secret_is_found_in_every_spelling_in_which_it_travels() -> None:
    redactor = Redactor([SECRET])
    spellings = [
        SECRET,
        json.dumps(SECRET),
        "key%2Fwith%20%22quotes%22%20%26%20%C3%BCn%C3%AFcode%3D%3D",
        base64.b64encode(SECRET.encode()).decode(),
    ]
    for spelling in spellings:
        assert redactor.text(f"<{spelling}>").strip('<>"') == REDACTED


def test_a_secret_of_a_file_is_found_without_its_line_break() -> None:
    assert Redactor(["s3cr3t\n"]).text("it is s3cr3t, and s3cr3t\n") == f"it is {REDACTED}, and {REDACTED}"


def test_a_secret_that_is_no_utf_8_is_one_all_the_same() -> None:
    assert Redactor(["s3cr3t\udcff"]).text("it is s3cr3t\udcff") == f"it is {REDACTED}"


def test_a_secret_is_found_in_keys_and_values_of_data() -> None:
    assert Redactor(["s3cr3t"]).data({"s3cr3t": ["a s3cr3t b", {"x": "s3cr3t"}, 1, None]}) == {
        REDACTED: [f"a {REDACTED} b", {"x": REDACTED}, 1, None]
    }


def test_without_secrets_nothing_is_changed() -> None:
    assert Redactor(["", ""]).text("as it is") == "as it is"


def test_a_mask_is_asterisks_of_any_length_and_nothing_else() -> None:
    assert is_mask("******")
    assert is_mask("*")
    assert not is_mask("")
    assert not is_mask("***a")
    assert not is_mask(None)
