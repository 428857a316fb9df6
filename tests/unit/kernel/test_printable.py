# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a vendor says is one line in which everything can be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.setup_tests import judge_setup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import Failure, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.printable import (
    printable,
    sentence,
    visible,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.warnings import naming
from hypothesis import given
from hypothesis import strategies as st

UNSEEN = {
    "an escape sequence": "\x1b[2J",
    "the title of a terminal": "\x1b]0;title\x07",
    "backspaces": "\b\b\b",
    "a null": "\0",
    "a control character of the upper half": "\x9b31m",
    "an override of the direction": "\u202e",
    "an embedding": "\u202a",
    "an isolate": "\u2066",
    "a mark from the right to the left": "\u200f",
    "a space without width": "\u200b",
    "a joiner": "\u200d",
    "a byte order mark": "\ufeff",
    "half a surrogate pair": "\ud800",
}
BREAKS = ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
# As Ansible prints them itself.
FORGED = ("PLAY RECAP ****", "fatal: [shop_us]: FAILED! => {}", "ok: [shop_us]", "TASK [anything] ***")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("It failed", "It failed."),
        ("It failed.", "It failed."),
        ("It failed. ", "It failed."),
        ("Did you mean shared?", "Did you mean shared?"),
        ("Not allowed!", "Not allowed!"),
        ("What is cut...", "What is cut..."),
        ("", "."),
    ],
)
def test_what_another_sentence_follows_has_one_sign_at_its_end(said: str, told: str) -> None:
    assert sentence(said) == told


def test_nobody_takes_only_a_period_away_before_one_is_put_there() -> None:
    """It would make two signs of a question, so that ``sentence`` does both."""
    plugins = Path(__file__).parents[3] / "plugins"
    twice = re.compile(r"""rstrip\(["']\.["']\)\}\.""")
    assert [path.name for path in plugins.rglob("*.py") if twice.search(path.read_text())] == ["printable.py"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_cannot_be_seen_is_marked(unseen: str) -> None:
    said = f"a{UNSEEN[unseen]}b"
    assert printable(said).startswith("a\ufffd")
    assert printable(said).isprintable()
    assert visible(f"  {said}").startswith("  a\ufffd")


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("line_break", BREAKS)
def test_no_line_of_a_vendor_is_a_line_of_ansible(line_break: str, forged: str) -> None:
    said = f"No.{line_break}{forged}{line_break}"
    assert printable(said) == f"No. {forged}"
    assert len(visible(said).splitlines()) == 1


@given(st.text())
def test_whatever_it_is_it_is_one_printable_line(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text).splitlines()) <= 1
    assert visible(text).isprintable()


def test_letters_of_all_writings_stay_as_they_are() -> None:
    for text in ("Größe: 12 €", "ブレイズ", "קמפיין", "حملة", "a  b".replace("  ", " "), "✓ — …"):
        assert printable(text) == text


def test_messages_codes_and_request_ids_of_all_errors_are_one_printable_line() -> None:
    said = "No.\nPLAY RECAP ****\x1b[2J\u202e"
    failure = Failure(code=said, message=said, request=said, request_id=said)
    error = OnrampError(msg=said, failure=failure, result={"kept": said})
    shown = "No. PLAY RECAP ****\ufffd[2J\ufffd"
    result = error.as_result()
    assert (result["kept"], result["msg"]) == (said, shown)
    assert [result["failure"][name] for name in ("code", "message", "request", "request_id")] == [shown] * 4


def test_warnings_are_one_printable_line() -> None:
    warned = naming("shop\nus", ["Somebody is called \x1b[2Jx\nok: [shop_us]"], ())
    assert warned == ["shop us: Somebody is called \ufffd[2Jx ok: [shop_us]"]


def test_what_setup_tests_say_is_one_printable_line() -> None:
    row = {"title": "Key\nok: [shop_us]", "status": "FAILED\x1b[2J", "message": "No.\u2028fatal: [shop_us]"}
    [test] = judge_setup({"setup_tests": [row]}).tests
    assert test.title == "Key ok: [shop_us]"
    assert test.sentence() == "Key ok: [shop_us]: FAILED\ufffd[2J (No. fatal: [shop_us])"
