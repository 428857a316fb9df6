# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import html
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import (
    REDACTED,
    Redactor,
    is_mask,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.spellings import (
    is_secret,
    unescaped,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import LINEAR, calls, growth

SECRET = 'key/with "quotes" & ünïcode=='
# As the vendors make them; none is in use anywhere.
BRAZE_KEY = "8f1c2d3e-4b5a-4968-8776-655443322110"
FIVETRAN_KEY, FIVETRAN_SECRET = "k3YtAq9ZwP0xLm2N", "s8QeR5tYuI1oPaSdFgHjKl7ZxCvBnM4q"
AWS_SECRET = "wJ2Uq+XtnFEMI/K7MDENG/bPx0RfiCYzEXAM0LEk"
ACCOUNT_KEY = base64.b64encode(bytes(range(64))).decode()
CONNECTION_STRING = (
    f"DefaultEndpointsProtocol=https;AccountName=acmecurrents;AccountKey={ACCOUNT_KEY};EndpointSuffix=core.windows.net"
)
SIGNATURE = "pT3x/9sK+0vQ2mZ7uYd1rWc5aLhN8bGf4eJi6oXkSRM="
SAS = f"https://acme.blob.core.windows.net/currents?sv=2024-11-04&sp=rl&sig={quote(SIGNATURE, safe='')}"
LINES = [base64.b64encode(bytes([number]) * 7 + bytes(range(41))).decode() for number in range(3)]
PRIVATE_KEY = "\n".join(["-----BEGIN PRIVATE KEY-----", *LINES, "-----END PRIVATE KEY-----", ""])
SPELLINGS = {
    "as it is": str,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in a URL, in lower case": lambda secret: quote(secret, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "in a form": quote_plus,
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
    "in JSON, as PHP writes it": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "in JSON in JSON": lambda secret: json.dumps(json.dumps(secret)),
    "in HTML": html.escape,
    "in HTML, by numbers": lambda secret: "".join(f"&#{ord(char)};" for char in secret),
    "as Python writes it": repr,
    "as Python writes bytes": lambda secret: repr(secret.encode()),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in base64 of URLs, without its end": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "in base64 after one byte": lambda secret: base64.b64encode(b":" + secret.encode() + b":").decode(),
    "in base64 after two bytes": lambda secret: base64.b64encode(b"k:" + secret.encode() + b"!").decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [SECRET, BRAZE_KEY, FIVETRAN_SECRET, AWS_SECRET, ACCOUNT_KEY])
def test_a_secret_is_found_in_every_spelling_in_which_it_travels(secret: str, spelling: str) -> None:
    said = SPELLINGS[spelling](secret)
    shown = Redactor([secret]).text(f"Refused (the key was <{said}>). Try again.")
    assert shown.startswith("Refused (the key was <")
    assert shown.endswith(">). Try again.")
    left = shown.removeprefix("Refused (the key was <").removesuffix(">). Try again.")
    # What stands around it, such as quotation marks, and in base64 what depends on its neighbors.
    assert REDACTED in left
    assert len(left) <= len(REDACTED) + 8
    assert secret not in left


@given(st.text(min_size=6).map(str.strip).filter(is_secret), st.text(), st.text())
def test_a_secret_never_survives_in_a_text(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret]).text(before + secret + after)
    assert not any(secret in piece for piece in shown.split(REDACTED))


def is_secret_without_escapes(text: str) -> bool:
    """Tell whether a text is long enough for a secret also where what looks like an escape in it is read as one."""
    return all(map(is_secret, (text, *(form.text for form in unescaped(text)))))


@given(st.text(alphabet="ab1%&;\\u0", min_size=6).filter(is_secret_without_escapes), st.sampled_from(sorted(SPELLINGS)))
def test_a_secret_that_looks_like_an_escape_is_found_all_the_same(secret: str, spelling: str) -> None:
    said = SPELLINGS[spelling](secret)
    shown = Redactor([secret]).text(f"<{said}>")
    assert not any(said in piece for piece in shown.split(REDACTED))


@pytest.mark.parametrize("secret", [BRAZE_KEY, FIVETRAN_SECRET, AWS_SECRET, ACCOUNT_KEY])
def test_a_run_of_a_secret_is_found_wherever_it_begins(secret: str) -> None:
    redactor = Redactor([secret])
    for start in range(len(secret) - 12):
        assert redactor.text(f"beginning <{secret[start : start + 12]}>") == f"beginning <{REDACTED}>"


@pytest.mark.parametrize("mask", ["****", "...", "…", "••••", "##########"])
def test_beginning_and_end_of_a_secret_beside_a_mask_are_found(mask: str) -> None:
    redactor = Redactor([BRAZE_KEY])
    for said in (f"{BRAZE_KEY[:8]}{mask}", f"{mask}{BRAZE_KEY[-4:]}", f"{BRAZE_KEY[:4]}{mask}{BRAZE_KEY[-6:]}"):
        assert redactor.text(f"The key {said} is not valid.") == f"The key {REDACTED} is not valid."


@pytest.mark.parametrize("secret", [BRAZE_KEY, FIVETRAN_KEY, FIVETRAN_SECRET, AWS_SECRET, "key-of-the-shop"])
def test_a_secret_is_found_whatever_the_case_of_its_letters(secret: str) -> None:
    redactor = Redactor([secret])
    for said in (secret.upper(), secret.lower(), secret.swapcase(), f"{secret.upper()[:8]}****", quote(secret).lower()):
        assert redactor.text(f"ünïcode <{said}>") == f"ünïcode <{REDACTED}>"


def test_a_run_of_a_secret_is_found_whatever_the_case_of_its_letters() -> None:
    for secret in (BRAZE_KEY, FIVETRAN_SECRET, AWS_SECRET):
        for start in range(len(secret) - 12):
            assert Redactor([secret]).text(f"<{secret[start : start + 12].upper()}>") == f"<{REDACTED}>"


def test_a_short_secret_in_capitals_may_be_a_word_and_stays() -> None:
    assert Redactor(["currents"]).text("Braze Currents, currents") == f"Braze Currents, {REDACTED}"


def test_a_key_that_is_a_uuid_is_found_with_hyphens_and_without() -> None:
    plain = BRAZE_KEY.replace("-", "")
    for secret in (BRAZE_KEY, plain, BRAZE_KEY.upper()):
        for said in (BRAZE_KEY, plain, BRAZE_KEY.upper(), plain.upper(), plain[3:20]):
            assert Redactor([secret]).text(f"<{said}>") == f"<{REDACTED}>"


def test_words_that_a_secret_and_a_sentence_share_stay() -> None:
    redactor = Redactor(["acme-currents-2026-hunter2", "braze_api_key_of_the_shop", BRAZE_KEY])
    for said in ("acme-currents-2026", "braze_api_key: is empty.", "Waiting...", "braze_... and ****", BRAZE_KEY[:6]):
        assert redactor.text(said) == said


def test_a_connection_string_is_secret_in_what_makes_it_secret() -> None:
    redactor = Redactor([CONNECTION_STRING, SAS])
    assert redactor.text(f"<{CONNECTION_STRING}>") == f"<{CONNECTION_STRING.replace(ACCOUNT_KEY, REDACTED)}>"
    assert redactor.text(f"AccountKey={ACCOUNT_KEY};") == f"AccountKey={REDACTED};"
    assert redactor.text(f"the account key {quote(ACCOUNT_KEY)}") == f"the account key {REDACTED}"
    assert redactor.text(f"sig={SIGNATURE}") == f"sig={REDACTED}"
    assert redactor.text(f"sig={quote(SIGNATURE, safe='')}&x=1") == f"sig={REDACTED}&x=1"
    # Its other words are anybody's.
    said = "The account acmecurrents of DefaultEndpointsProtocol=https;EndpointSuffix=core.windows.net"
    assert redactor.text(said) == said


def test_a_private_key_is_secret_line_by_line() -> None:
    redactor = Redactor([PRIVATE_KEY])
    for line in LINES:
        assert line not in redactor.text(PRIVATE_KEY)
        assert line not in redactor.text(json.dumps(PRIVATE_KEY[3:]))
        assert redactor.text(f"it is {line}") == f"it is {REDACTED}"
    assert redactor.text("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize("nothing", ["", " ", "abc", "a-key", "******", "------", "\n", "None", "......"])
def test_what_is_short_or_punctuation_makes_no_asterisks_of_a_message(nothing: str) -> None:
    said = f"abc: a-key is None; ****** ------ ...... {nothing}"
    assert Redactor([nothing]).text(said) == said


def test_a_secret_of_a_file_is_found_without_its_line_break() -> None:
    assert Redactor(["s3cr3t\n"]).text("it is s3cr3t, and s3cr3t") == f"it is {REDACTED}, and {REDACTED}"


def test_a_secret_that_is_no_utf_8_is_one_all_the_same() -> None:
    assert Redactor(["s3cr3t\udcff"]).text("it is s3cr3t\udcff") == f"it is {REDACTED}"


@dataclass(frozen=True)
class Warned:
    """As Ansible keeps a warning."""

    text: str
    more: tuple[Any, ...]


def test_a_secret_is_found_in_keys_and_values_of_data() -> None:
    given = {"s3cr3t": ["a s3cr3t b", {"x": "s3cr3t"}, 1, None, ("s3cr3t", 2)], "warned": Warned("s3cr3t", ("s3cr3t",))}
    assert Redactor(["s3cr3t"]).data(given) == {
        REDACTED: [f"a {REDACTED} b", {"x": REDACTED}, 1, None, (REDACTED, 2)],
        "warned": Warned(REDACTED, (REDACTED,)),
    }


def test_entries_whose_keys_are_secrets_are_all_there_afterwards() -> None:
    given = {"s3cr3t": 1, "an0ther": 2, REDACTED: 3, f"{REDACTED} (2)": 4}
    shown = Redactor(["s3cr3t", "an0ther"]).data(given)
    assert sorted(shown.values()) == [1, 2, 3, 4]
    assert (shown[REDACTED], shown[f"{REDACTED} (2)"]) == (3, 4)


def test_without_secrets_nothing_is_changed() -> None:
    assert Redactor(["", ""]).text("as it is") == "as it is"


def test_the_secrets_of_a_thousand_workspaces_are_looked_for_in_time_that_grows_with_the_text() -> None:
    # The same ones each time: now and then a piece of one of a thousand stands in the sentence, and is looked at.
    chance = random.Random(1)

    def drawn() -> uuid.UUID:
        return uuid.UUID(int=chance.getrandbits(128), version=4)

    def secrets(count: int) -> list[str]:
        return [spell(drawn()) for _number in range(count) for spell in (str, lambda secret: secret.hex)]

    def first(count: int) -> Callable[[], object]:
        given = secrets(count)
        return lambda: Redactor(given).text(f"it is {given[-1]}")

    def then(count: int, of: int = 100) -> Callable[[], object]:
        redactor = Redactor(secrets(of))
        redactor.text("prepared")
        return lambda: redactor.text(sentence * count)

    sentence = f"The connection braze_shop_us answered {drawn()} at 2026-03-01T12:10:00Z. "
    assert first(1000)() == f"it is {REDACTED}"
    assert then(1000)() == sentence * 1000
    assert growth(first, 250) < LINEAR
    assert growth(then, 100) < LINEAR
    few, many = (calls(then(100, of)) for of in (100, 1000))
    assert many < few * 1.1


def test_a_text_that_is_nothing_but_secrets_takes_no_longer() -> None:
    secrets = [f"sandbox-key-of-workspace-{number:04}" for number in range(2000)]

    def told(count: int) -> Callable[[], str]:
        redactor = Redactor(secrets[:count])
        redactor.text("prepared")
        return lambda: redactor.text(" ".join(secrets[:count] * 4))

    shown = told(2000)()
    assert not any(secret in shown for secret in secrets)
    assert growth(told, 250) < LINEAR


def test_a_mask_is_asterisks_of_any_length_and_nothing_else() -> None:
    assert is_mask("******")
    assert is_mask("*")
    assert not is_mask("")
    assert not is_mask("***a")
    assert not is_mask(None)
