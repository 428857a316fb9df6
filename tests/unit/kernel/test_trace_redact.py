# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a trace, what is secret, or looks as if it were, is replaced; what a reader needs is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace.redact import PLACEHOLDER, Scrubber

from tests.growth import LINEAR, calls, growth

KEY = b"k" * 24
# Nobody has told of these.
SECRETS = (
    "0cf26e8b-2c9d-4c5e-9a1f-6f0ad1c3b7e2",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAY34FZKBOKMUTVV7A",
    "7fK2mQ9xTz4LbW8vRn3cYd6H",
    "d41d8cd98f00b204e9800998ecf8427e",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl",
    "ya29.a0AfH6SMBx-0123456789",
    "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
)
# Without them, nobody could tell what a run has done, and a replay would not come to its end.
KEPT = (
    "arn:aws:iam::111122223333:role/Fivetran-S3-Access-For-Workspace-Shop-US-01",
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    "ANPA3A7B9A76F03A4A1EB",
    "AROADCC02D7A61194D57A",
    "currents/dataexport.prod-01.S3.integration.66f1aeb2c3d4e5f60718293a/event_type=users.messages.email.Open/",
    "date=2026-11-27-04/version=4/prod/dataexport.prod-01.S3.integration.66f1aeb2c3d4e5f60718293a+0+0000000006.avro",
    "g-jovial-daylight@fivetran-sandbox-4711.iam.gserviceaccount.com",
    "roles/storage.legacyBucketOwner",
    "2026-11-27T04:05:00.708Z",
    "The connection is incomplete: the token has expired, ask for another one.",
    "NotFound_SchemaConfig",
    "********",
    "CAE=",
    "",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "no {}, sorry", '{{"a": "{}"}}', "<a>{}</a>", "/v1/{}/x", "a={}&b=c"])
def test_what_looks_like_a_secret_is_taken_for_one(secret: str, around: str) -> None:
    text = Scrubber(KEY).text(around.format(secret))
    assert secret not in text
    assert PLACEHOLDER.search(text)


@pytest.mark.parametrize("around", ["{}", "no {}, sorry", '{{"a": "{}"}}', "<a>{}</a>", "a={}&b=c"])
def test_what_is_as_long_as_a_secret_key_of_aws_and_made_by_chance_is_taken_for_one(around: str) -> None:
    secret = "9pQ2mZxTz4LbW/8vRn3cYd6HkJfS+uGeAoI1DyXq"
    assert Scrubber(KEY).text(around.format(secret)) == around.format(Scrubber(KEY).placeholder(secret))


@pytest.mark.parametrize("text", KEPT)
def test_what_a_reader_needs_stays(text: str) -> None:
    scrubber = Scrubber(KEY)
    assert scrubber.text(text) == text
    assert scrubber.data({"value": [text]}) == {"value": [text]}


@pytest.mark.parametrize(
    ("data", "gone"),
    [
        ({"config": {"api_key": "short1", "schema": "a"}}, "short1"),
        ({"abs_connection_string": "AccountName=a;AccountKey=b0;"}, "b0"),
        ({"refresh_token": "abc1"}, "abc1"),
        ({"assertion": "abc1"}, "abc1"),
        ({"passwords": ["abc1", "abc2"]}, "abc2"),
        ({"message": "Bearer abc-123"}, "abc-123"),
        ({"message": "password=abc-123;"}, "abc-123"),
        ({"message": "https://me:secret@example.com/"}, "me:secret"),
        ({"url": "https://a.example.com/?sig=abc%2B123&b=1"}, "abc%2B123"),
    ],
)
def test_what_stands_where_secrets_stand_is_taken_for_one(data: Any, gone: str) -> None:
    assert gone not in str(Scrubber(KEY).data(data))


def test_masks_of_vendors_names_and_places_of_a_listing_stay() -> None:
    data = {
        "api_key": "******",
        "password": "",
        "primary_key": "id",
        "nextPageToken": "CgNh",
        "Tags.member.1.Key": "owner",
        "is_secret": True,
        "token_type": "Bearer",
    }
    assert Scrubber(KEY).data(data) == data
    listing = "<MaxKeys>1000</MaxKeys><Key>a/b</Key><NextContinuationToken>abc1</NextContinuationToken>"
    assert Scrubber(KEY).elements(listing) == listing
    assert "abc1" not in Scrubber(KEY).elements("<SessionToken>abc1</SessionToken>")


def test_a_secret_that_was_seen_once_is_known_from_then_on() -> None:
    scrubber = Scrubber(KEY)
    first = scrubber.data({"password": "correct-horse-1"})
    assert scrubber.text("it was correct-horse-1!") == f"it was {first['password']}!"
    assert scrubber.text("it was correct%2Dhorse%2D1!") == f"it was {scrubber.placeholder('correct%2Dhorse%2D1')}!"


def test_a_text_that_was_scrubbed_stays_as_it_is() -> None:
    scrubber = Scrubber(KEY, SECRETS)
    once = [scrubber.text(f"no {secret}, sorry") for secret in SECRETS]
    assert [scrubber.text(text) for text in once] == once
    data = scrubber.data({"api_key": SECRETS[0], "text": SECRETS[1]})
    assert scrubber.data(data) == data


def test_placeholders_tell_nothing_without_the_key() -> None:
    [one, same, other] = [Scrubber(key, SECRETS).text(SECRETS[0]) for key in (KEY, KEY, b"o" * 24)]
    assert one == same != other


def test_thousands_of_secrets_do_not_make_a_long_answer_slow() -> None:
    # Three for each workspace, and a page of their connections.
    def page(count: int, workspaces: int = 100) -> Callable[[], object]:
        secrets = [f"secret-{number}-of-{kind}-{number * 7919}" for number in range(workspaces) for kind in "abc"]
        scrubber = Scrubber(KEY, secrets)
        scrubber.text("warm")
        rows = [
            {"id": f"connection_{number}", "schema": f"braze_{number}", "config": {"a": "b" * 50}}
            for number in range(count)
        ]
        return lambda: scrubber.data(rows)

    assert growth(page, 100) < LINEAR
    few, many = (calls(page(100, workspaces)) for workspaces in (100, 1000))
    assert many < few * 1.1


def test_a_secret_has_one_placeholder_whatever_the_case_of_its_letters_and_without_hyphens() -> None:
    secret = SECRETS[0]
    scrubber = Scrubber(KEY, [secret])
    for said in (secret.upper(), secret.replace("-", ""), secret.replace("-", "").upper()):
        assert scrubber.text(f"no {said}, sorry") == f"no {scrubber.placeholder(secret)}, sorry"
