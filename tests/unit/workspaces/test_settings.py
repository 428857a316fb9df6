# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings are typed and right as a whole, or each that is wrong is told in one sentence, and no secret ever is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import WHERE_MADE
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import (
    OWN,
    all_options,
    role_options,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reading import (
    PLACEHOLDER,
    hints,
    read_settings,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import (
    Problem,
    Settings,
    Unreadable,
    Unusable,
)

KEY, SECRET = "aPzT4k9QmVx2", "s3cr3t-of-the-account-0815"
BRAZE_KEY = "0d1f6c1e-5a54-4c1a-9d5c-3b2f6a7e8d90"
CONNECTION_STRING = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=bm9uZQ=="
ENVIRONMENT = {"FIVETRAN_APIKEY": KEY, "FIVETRAN_APISECRET": SECRET}
GOOD = {
    "fivetran_group": "Warehouse",
    "fivetran_schema": "braze_shop_us",
    "braze_api_url": "US-01",
    "braze_api_key": BRAZE_KEY,
    "currents_storage": "s3",
    "currents_bucket": "acme-currents-us",
    "currents_prefix": "currents",
}
BOUNDARY = "arn:aws:iam::111122223333:policy/Boundary"
UNREADABLE = object()


@dataclass
class Host:
    """The variables of a host as a dictionary; what is ``UNREADABLE`` is so because of ``company``."""

    variables: Mapping[str, Any]
    read: list[str] = field(default_factory=list)

    def names(self) -> Collection[str]:
        return self.variables.keys()

    def value(self, name: str) -> Any:
        self.read.append(name)
        if self.variables[name] is UNREADABLE:
            raise Unreadable("'company' is undefined")
        return self.variables[name]


def read(
    changes: Mapping[str, Any] | None = None,
    *without: str,
    environment: Mapping[str, str] | None = None,
    needs_key: bool = True,
) -> Settings | Unusable:
    variables = {name: value for name, value in {**GOOD, **(changes or {})}.items() if name not in without}
    return read_settings(
        "shop_us", Host(variables), ENVIRONMENT if environment is None else environment, needs_key=needs_key
    )


def good(*arguments: Any, **options: Any) -> Settings:
    settings = read(*arguments, **options)
    assert isinstance(settings, Settings), settings
    return settings


def wrong(*arguments: Any, **options: Any) -> Unusable:
    unusable = read(*arguments, **options)
    assert isinstance(unusable, Unusable), unusable
    return unusable


def messages(*arguments: Any, **options: Any) -> list[str]:
    return [problem.message for problem in wrong(*arguments, **options).problems]


def test_settings_with_which_nothing_is_wrong_are_typed_and_whole() -> None:
    settings = good({"currents_prefix": "/currents/ ", "fivetran_account_id": 4711})
    assert settings == Settings(
        name="shop_us",
        fivetran_group="Warehouse",
        fivetran_schema="braze_shop_us",
        fivetran_account_id="4711",
        fivetran_api_key=KEY,
        fivetran_api_secret=SECRET,
        fivetran_api_url="https://api.fivetran.com",
        braze_api_url="https://rest.iad-01.braze.com",
        braze_api_key=BRAZE_KEY,
        storage="s3",
        bucket="acme-currents-us",
        prefix="currents",
        connection_string="",
        folder_shared=False,
        roles=settings.roles,
        given=frozenset({*GOOD, "fivetran_account_id"}),
    )


def test_the_roles_get_typed_options_with_their_defaults_and_nothing_that_is_unset() -> None:
    settings = good(
        {
            "fivetran_connection_sync_frequency": "360",
            "fivetran_connection_paused": "yes",
            "fivetran_connection_failing_test_statuses": "WARNING,FAILED",
            "fivetran_connection_history_from": date(2024, 2, 29),
            "s3_access_tags": {"team": "data", "cost": 42},
            "s3_access_kms_key_arns": ["arn:aws:kms:us-east-1:111122223333:key/a-b"],
            "s3_access_fivetran_account_id": 834469178297,
            "s3_access_permissions_boundary": "",
            "gcs_access_condition": {"title": "t", "expression": "true", "description": None},
        }
    )
    assert settings.roles["fivetran_connection"] == {
        "state": "present",
        "adopt": False,
        "paused": True,
        "sync_frequency": 360,
        "failing_test_statuses": ["WARNING", "FAILED"],
        "history_from": "2024-02-29",
        "update_secrets": "on_test_failure",
        "run_setup_tests": "on_change",
        "setup_test_timeout": 900,
        "setup_test_retries": 6,
        "retry_timeout": 300,
        "rate_limit_timeout": 7200,
        "trigger_first_sync": False,
    }
    s3 = settings.roles["s3_access"]
    assert s3["tags"] == {"team": "data", "cost": "42"}
    assert s3["permissions_boundary"] == ""
    assert s3["fivetran_account_id"] == "834469178297"
    assert (s3["role_name"], s3["path"], s3["adopt"]) == ("Fivetran", "/", False)
    assert "external_id" not in s3
    assert settings.roles["gcs_access"]["condition"] == {"title": "t", "expression": "true"}


def test_a_default_that_somebody_changes_stays_the_default_of_the_others() -> None:
    good().roles["s3_access"]["tags"]["team"] = "data"
    assert good().roles["s3_access"]["tags"] == {}
    assert role_options("s3_access")["s3_access_tags"].default == {}


def test_what_is_null_is_not_set() -> None:
    settings = good({"currents_prefix": None, "s3_access_aws_profile": None, "s3_access_tags": None})
    assert settings.prefix == ""
    assert "aws_profile" not in settings.roles["s3_access"]
    assert settings.given == frozenset(GOOD) - {"currents_prefix"}


def test_settings_show_no_secret_in_a_log() -> None:
    settings = good({"currents_storage": "azure", "currents_connection_string": CONNECTION_STRING})
    assert settings.connection_string == CONNECTION_STRING
    shown = repr(settings)
    assert not [secret for secret in (KEY, SECRET, BRAZE_KEY, CONNECTION_STRING) if secret in shown]


@pytest.mark.parametrize(("storage", "bucket"), [("none", ""), ("gcs", "acme_currents.eu"), ("azure", "$web")])
def test_every_storage_has_what_belongs_to_it(storage: str, bucket: str) -> None:
    changes = {"currents_storage": storage, "currents_connection_string": CONNECTION_STRING}
    settings = good({**changes, "currents_bucket": bucket or "acme"})
    assert (settings.storage, settings.bucket) == (storage, bucket)
    assert settings.prefix == ("" if storage == "none" else "currents")
    assert settings.connection_string == (CONNECTION_STRING if storage == "azure" else "")


def test_without_need_of_the_braze_key_nothing_of_braze_and_azure_is_read() -> None:
    secret = {
        "braze_api_key": UNREADABLE,
        "braze_api_url": UNREADABLE,
        "currents_connection_string": UNREADABLE,
        "fivetran_connection_exports_connection_string": UNREADABLE,
    }
    exports = {"fivetran_connection_exports_storage": "azure", "fivetran_connection_exports_container": "exports"}
    host = Host({**GOOD, **secret, **exports, "currents_storage": "azure"})
    settings = read_settings("shop", host, ENVIRONMENT, needs_key=False)
    assert isinstance(settings, Settings), settings
    assert (settings.braze_api_key, settings.braze_api_url, settings.connection_string) == ("", "", "")
    assert set(secret).isdisjoint(host.read)
    assert set(secret) < settings.given
    good({}, "braze_api_key", "braze_api_url", needs_key=False)


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_settings() -> None:
    unusable = wrong(
        {
            "fivetran_connection_paused": "perhaps",
            "fivetran_schema": UNREADABLE,
            "currents_bucket": "Acme",
            "s3_access_role_name": "Five tran",
        },
        "fivetran_group",
        environment={"FIVETRAN_APIKEY": KEY},
    )
    assert unusable == Unusable(
        name="shop_us",
        problems=(
            Problem("fivetran_group", f"fivetran_group: is not set. {GROUP}"),
            Problem(
                "fivetran_api_secret",
                "fivetran_api_secret: is not set, and FIVETRAN_APISECRET is not set in the environment either. "
                f"{WHERE_MADE}",
            ),
            Problem(
                "fivetran_schema",
                "fivetran_schema: cannot be evaluated: 'company' is undefined. Define it, or correct its name here.",
            ),
            Problem(
                "currents_bucket",
                "currents_bucket: expected the name of a bucket, which has 3 to 63 lower-case letters, digits, dots and"
                ' hyphens, with a letter or digit at both ends, got "Acme". Did you mean acme?',
            ),
            Problem(
                "s3_access_role_name",
                's3_access_role_name: expected at most 64 letters, digits and +=,.@_-, got "Five tran".',
            ),
            Problem("fivetran_connection_paused", 'fivetran_connection_paused: expected true or false, got "perhaps".'),
        ),
        known={
            "fivetran_group": "",
            "currents_storage": "s3",
            "currents_prefix": "currents",
            "s3_access_policy_name": "Fivetran-S3-Access",
            "s3_access_aws_profile": "",
        },
        unknown=frozenset({"fivetran_schema"}),
    )


def test_what_cannot_be_read_is_unknown_and_not_the_default() -> None:
    unusable = wrong({"s3_access_role_name": UNREADABLE, "currents_storage": UNREADABLE, "braze_api_key": UNREADABLE})
    assert unusable.unknown == {"s3_access_role_name", "currents_storage"}
    assert unusable.known == {
        "fivetran_group": "Warehouse",
        "fivetran_schema": "braze_shop_us",
        "currents_bucket": "acme-currents-us",
        "currents_prefix": "currents",
        "s3_access_policy_name": "Fivetran-S3-Access",
        "s3_access_aws_profile": "",
    }


S3 = "expected the name of a bucket, without s3:// and without a folder"
S3_NAME = (
    "expected the name of a bucket, which has 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or"
    " digit at both ends"
)
GCS_NAME = (
    "expected the name of a bucket, which has 3 to 222 lower-case letters, digits, dots, hyphens and underscores, with"
    " a letter or digit at both ends, not beginning with goog"
)
AZURE_NAME = (
    "expected the name of a container, which has 3 to 63 lower-case letters, digits and single hyphens, with a letter"
    " or digit at both ends"
)
SCHEMA = "expected lower-case letters, digits and underscores, no digit first, got"
GROUP = OWN["fivetran_group"].description
BRAZE = OWN["braze_api_key"].description
NEEDED = "is needed with currents_storage: s3. Name the bucket that Currents writes to."
AZURE_NEEDED = (
    "is needed with currents_storage: azure. Copy it from the storage account in the Azure portal, under Access keys."
)
BOTH = "Write currents_bucket: acme and currents_prefix: currents."
OMIT = "is Ansible's omit, which is not a value here; leave the variable out instead."
ROLE_ARN = "expected the ARN of an IAM role such as arn:aws:iam::111122223333:role/Fivetran"
INSTANCE = (
    "expected the REST URL or the dashboard URL of a Braze instance, or its name (US-01, US-02, US-03, US-04, US-05,"
    " US-06, US-07, US-08, US-10, EU-01, EU-02, AU-01, ID-01, JP-01, KR-01)"
)
PLACE = "expected a URL of a host, with a port or a path at most"
FREQUENCIES = "1, 5, 15, 30, 60, 120, 180, 360, 480, 720 or 1440"
TIME = (
    'expected a full hour such as "14:00", got the number 840. YAML reads 14:00 without quotes as a number: put it in'
    " quotes."
)
FOLDER = "expected a folder in the bucket such as currents, without s3:// and a bucket"

# the variable, its value, what follows on its name
VALUES: list[tuple[str, Any, str]] = [
    ("fivetran_group", "", f"is empty. {GROUP}"),
    ("fivetran_group", " \n", f"is empty. {GROUP}"),
    ("fivetran_group", None, f"is not set. {GROUP}"),
    ("fivetran_group", ["Warehouse"], "expected text, got a list. Write a single value."),
    ("fivetran_group", {"name": "Warehouse"}, "expected text, got a dictionary. Write a single value."),
    ("fivetran_group", True, "expected text, got true. Put it in quotes."),
    ("fivetran_group", 1.5, "expected text, got 1.5. Put it in quotes."),
    ("fivetran_group", date(2026, 1, 2), "expected text, got the date 2026-01-02. Put it in quotes."),
    ("fivetran_group", "__omit_place_holder__0815", OMIT),
    ("fivetran_group", "the <<Omit>>", OMIT),
    ("fivetran_schema", "Shop-US", f'{SCHEMA} "Shop-US". Did you mean shop_us?'),
    ("fivetran_schema", "", f"is empty. {OWN['fivetran_schema'].description}"),
    ("fivetran_schema", "1shop", f'{SCHEMA} "1shop". Did you mean braze_1shop?'),
    ("fivetran_schema", "sh\nop", f"{SCHEMA} a text of 5 characters, not shown."),
    ("fivetran_schema", "shop.table", f'{SCHEMA} "shop.table". Did you mean shop_table?'),
    ("fivetran_schema", "S" * 201, f"{SCHEMA} a text of 201 characters, not shown."),
    ("currents_storage", "S3", 'expected s3, gcs, azure or none, got "S3". Did you mean s3?'),
    ("currents_storage", "azur", 'expected s3, gcs, azure or none, got "azur". Did you mean azure?'),
    ("currents_storage", "ftp", 'expected s3, gcs, azure or none, got "ftp".'),
    ("currents_storage", "AWS", 'expected s3, gcs, azure or none, got "AWS". Did you mean s3?'),
    (
        "currents_storage",
        "Google Cloud Storage",
        'expected s3, gcs, azure or none, got "Google Cloud Storage". Did you mean gcs?',
    ),
    ("currents_storage", "blob", 'expected s3, gcs, azure or none, got "blob". Did you mean azure?'),
    ("currents_storage", "the cloud", 'expected s3, gcs, azure or none, got "the cloud".'),
    ("currents_storage", False, "expected s3, gcs, azure or none, got false. Did you mean none?"),
    ("currents_storage", None, "is not set. Expected s3, gcs, azure or none."),
    ("currents_bucket", None, NEEDED),
    ("currents_bucket", "  ", NEEDED),
    ("currents_bucket", "s3://acme/currents", f'{S3}, got "s3://acme/currents". {BOTH}'),
    (
        "currents_bucket",
        "gs://acme/c/",
        f'{S3}, got "gs://acme/c/". Write currents_storage: gcs and currents_bucket: acme and currents_prefix: c.',
    ),
    (
        "currents_bucket",
        "https://acme.s3.eu-west-1.amazonaws.com/currents/",
        f'{S3}, got "https://acme.s3.eu-west-1.amazonaws.com/currents/". {BOTH}',
    ),
    (
        "currents_bucket",
        "https://s3.amazonaws.com/acme/currents",
        f'{S3}, got "https://s3.amazonaws.com/acme/currents". {BOTH}',
    ),
    (
        "currents_bucket",
        "https://eu-west-1.console.aws.amazon.com/s3/buckets/acme?prefix=currents/&tab=objects",
        f'{S3}, got "https://eu-west-1.console.aws.amazon.com/s3/buckets/acme?prefix=currents/&tab=objects". {BOTH}',
    ),
    (
        "currents_bucket",
        "https://console.cloud.google.com/storage/browser/acme/currents;tab=objects",
        f'{S3}, got "https://console.cloud.google.com/storage/browser/acme/currents;tab=objects".'
        " Write currents_storage: gcs and currents_bucket: acme and currents_prefix: currents.",
    ),
    ("currents_bucket", "arn:aws:s3:::acme", f'{S3_NAME}, got "arn:aws:s3:::acme". Write currents_bucket: acme.'),
    ("currents_bucket", "Acme", f'{S3_NAME}, got "Acme". Did you mean acme?'),
    ("currents_bucket", "acme/currents", f'{S3}, got "acme/currents". {BOTH}'),
    ("currents_bucket", "acme?x", f'{S3}, got "acme?x".'),
    ("currents_bucket", "acme#x", f'{S3}, got "acme#x".'),
    ("currents_bucket", "acme..eu", f'{S3}, got "acme..eu".'),
    ("currents_bucket", "ac", f'{S3_NAME}, got "ac".'),
    ("currents_bucket", "a" * 64, f'{S3_NAME}, got "{"a" * 64}".'),
    ("currents_bucket", "-acme", f'{S3_NAME}, got "-acme".'),
    ("currents_bucket", "acme_eu", f'{S3_NAME}, got "acme_eu".'),
    ("currents_bucket", ["acme"], "expected text, got a list. Write a single value."),
    ("currents_prefix", "s3://acme/currents", f'{FOLDER}, got "s3://acme/currents". Did you mean currents?'),
    ("currents_prefix", "cur\nrents", f"{FOLDER}, got a text of 9 characters, not shown."),
    ("currents_folder_shared", "perhaps", 'expected true or false, got "perhaps".'),
    ("braze_api_url", "", f"is empty. {OWN['braze_api_url'].description}"),
    (
        "braze_api_url",
        "/pA9sK2vRt7QxW4zE.x",
        f"{PLACE}, got a text of 19 characters, not shown because it looks like a key.",
    ),
    ("braze_api_url", "Braze", f'{INSTANCE}, got "Braze".'),
    ("braze_api_url", "ftp://rest.iad-99.braze.com", 'expected an https:// URL, got "ftp://rest.iad-99.braze.com".'),
    (
        "braze_api_url",
        "http://rest.iad-01.braze.com",
        '"http://rest.iad-01.braze.com" is plain HTTP, which would show the credentials to the network. Use https://.',
    ),
    ("braze_api_url", "https://rest.acme.example:99999", f'{PLACE}, got "https://rest.acme.example:99999".'),
    ("braze_api_url", "https://rest.acme.example:x", f'{PLACE}, got "https://rest.acme.example:x".'),
    ("braze_api_url", "https://[rest", 'expected a URL, got "https://[rest".'),
    ("braze_api_url", "https://rest.acme.example/a b", f'{PLACE}, got "https://rest.acme.example/a b".'),
    ("braze_api_key", "", f"is empty. {BRAZE}"),
    ("braze_api_key", None, f"is not set. {BRAZE}"),
    ("braze_api_key", ["x"], "expected text, got a list. Write a single value."),
    ("braze_api_key", True, "expected text, got a boolean. Put it in quotes."),
    ("braze_api_key", f"Bearer {BRAZE_KEY}", "begins with Bearer or Basic; give the key alone."),
    ("braze_api_key", f'"{BRAZE_KEY}"', "stands in quotation marks, which became part of it; remove them."),
    ("braze_api_key", "a key\nX-Other: 1", "holds white space inside; give the key alone, in one line."),
    (
        "braze_api_key",
        f"{BRAZE_KEY}\u00a0",
        "holds a character that no key has, such as a no-break space or a letter with an accent.",
    ),
    ("braze_api_key", "******", "is a mask, as vendors show stored keys; give the key itself."),
    ("braze_api_key_on_problem", "Warn", 'expected ignore, warn or fail, got "Warn". Did you mean warn?'),
    ("braze_api_key_permissions", {"a": 1}, "expected a list, got a dictionary."),
    ("braze_api_key_permissions", ["a", ["b"]], "expected a list of texts, got one with a list in it."),
    ("braze_api_key_permissions", ["a", None], "expected a list of texts, got one with nothing in it."),
    (
        "braze_api_key_permissions",
        [],
        "is an empty list. Name at least one, or leave it out to check all.",
    ),
    ("currents_landing_stale_after", "a day", 'expected a whole number, got "a day".'),
    ("currents_landing_stale_after", True, "expected a whole number, got true."),
    ("currents_landing_stale_after", 0, "expected a number from 1 to 87600, got 0."),
    ("currents_landing_stale_after", 10**12, "expected a number from 1 to 87600, got 1000000000000."),
    ("currents_landing_credentials_file", {"type": "a"}, "expected the path of a file, got a dictionary."),
    (
        "currents_landing_credentials_file",
        '{"private_key": "..."}',
        "expected the path of a file, got a text of 22 characters, not shown because it looks like a Google service"
        " account key.",
    ),
    ("s3_access_role_name", "F" * 65, f'expected at most 64 letters, digits and +=,.@_-, got "{"F" * 65}".'),
    ("s3_access_role_name", "", 'expected at most 64 letters, digits and +=,.@_-, got "".'),
    ("s3_access_policy_name", "a/b", 'expected at most 128 letters, digits and +=,.@_-, got "a/b".'),
    ("s3_access_path", "team", 'expected a path that begins and ends with /, got "team".'),
    ("s3_access_fivetran_account_id", 834, 'expected twelve digits, got "834".'),
    ("s3_access_partition", "aws-moon", 'expected aws, aws-us-gov or aws-cn, got "aws-moon".'),
    ("s3_access_kms_key_arns", ["alias/key"], 'expected the ARN of a KMS key, got "alias/key".'),
    (
        "s3_access_kms_key_arns",
        ["arn:aws:kms:us-east-1:111122223333:alias/key"],
        'expected the ARN of a KMS key, got "arn:aws:kms:us-east-1:111122223333:alias/key". A policy names a key by its'
        " own ARN: by that of an alias, nobody may decrypt.",
    ),
    ("s3_access_permissions_boundary", "Boundary", 'expected the ARN of an IAM policy, got "Boundary".'),
    ("s3_access_max_session_duration", 3599, "expected a number from 3600 to 43200, got 3599."),
    ("s3_access_max_session_duration", 43201, "expected a number from 3600 to 43200, got 43201."),
    ("s3_access_tags", "text", 'expected a dictionary (name: value), got "text".'),
    ("s3_access_tags", {"": "x"}, "expected keys of 1 to 128 characters, got one of 0."),
    ("s3_access_tags", {"k" * 129: "x"}, "expected keys of 1 to 128 characters, got one of 129."),
    ("s3_access_tags", {"k": "x" * 257}, 'expected values of at most 256 characters, that of "k" has 257.'),
    ("s3_access_tags", {"AWS:k": "x"}, '"AWS:k" begins with aws:, which AWS keeps for itself.'),
    ("s3_access_tags", {"k": ["x"]}, 'expected text as the value of "k", got a list.'),
    ("s3_access_tags", {"k": "<<Omit>>"}, OMIT),
    (
        "s3_access_tags",
        {"k": "{x}"},
        'expected letters, digits, spaces and _.:/=+-@ only, which "k" or its value does not hold to.',
    ),
    ("s3_access_tags", {f"k{n}": "x" for n in range(50)}, "expected at most 49 tags, got 50."),
    (
        "s3_access_tags",
        {"onramp.braze_fivetran/external-id": "x"},
        '"onramp.braze_fivetran/external-id" is the tag by which the collection knows what it has made.',
    ),
    (
        "s3_access_tags",
        {"Onramp.braze_fivetran/External-Id": "x"},
        '"Onramp.braze_fivetran/External-Id" is the tag by which the collection knows what it has made.',
    ),
    ("s3_access_tags", {"Team": "a", "team": "b"}, '"Team" and "team" are the same to AWS. Leave one out.'),
    (
        "gcs_access_role",
        "Storage Object Viewer",
        'expected roles/NAME, projects/PROJECT/roles/NAME or organizations/ID/roles/NAME, got "Storage Object Viewer".'
        " Did you mean roles/storage.objectViewer?",
    ),
    (
        "gcs_access_role",
        "storage.legacyObjectReader",
        "expected roles/NAME, projects/PROJECT/roles/NAME or organizations/ID/roles/NAME, got"
        ' "storage.legacyObjectReader". Did you mean roles/storage.legacyObjectReader?',
    ),
    (
        "fivetran_connection_exports_prefix",
        "gs://acme/exports",
        "expected a folder in the bucket such as currents, without gs:// and a bucket, got"
        ' "gs://acme/exports". Did you mean exports?',
    ),
    ("gcs_access_condition", {"title": "t"}, "needs expression."),
    ("gcs_access_condition", {"description": "d"}, "needs title and expression."),
    (
        "gcs_access_condition",
        {"title": "t", "expression": "e", "text": "x"},
        'holds "text", which is not one of title, expression, description.',
    ),
    (
        "gcs_access_condition",
        {"title": ["t"], "expression": "e"},
        "title: expected text, got a list. Write a single value.",
    ),
    (
        "fivetran_connection_sync_frequency",
        "1h",
        f'expected {FREQUENCIES}, got "1h". It counts minutes. Did you mean 60?',
    ),
    (
        "fivetran_connection_sync_frequency",
        "daily",
        f'expected {FREQUENCIES}, got "daily". It counts minutes. Did you mean 1440?',
    ),
    (
        "fivetran_connection_sync_frequency",
        "15 minutes",
        f'expected {FREQUENCIES}, got "15 minutes". It counts minutes. Did you mean 15?',
    ),
    ("fivetran_connection_sync_frequency", 7, f"expected {FREQUENCIES}, got 7. It counts minutes."),
    ("fivetran_connection_sync_frequency", "often", f'expected {FREQUENCIES}, got "often". It counts minutes.'),
    ("fivetran_connection_daily_sync_time", 840, TIME),
    ("fivetran_connection_setup_test_timeout", 0, "expected a number from 1 to 86400, got 0."),
    ("fivetran_connection_retry_timeout", 86401, "expected a number from 1 to 86400, got 86401."),
    ("fivetran_connection_rate_limit_timeout", 86401, "expected a number from 0 to 86400, got 86401."),
    ("fivetran_connection_setup_test_retries", -1, "expected a number from 0 to 1000, got -1."),
    ("fivetran_connection_setup_test_retries", 1001, "expected a number from 0 to 1000, got 1001."),
    ("fivetran_connection_history_from", "2024-02-30", 'expected a day such as 2026-02-01, got "2024-02-30".'),
    ("fivetran_connection_history_from", "yesterday", 'expected a day such as 2026-02-01, got "yesterday".'),
    (
        "fivetran_connection_history_from",
        datetime(2024, 2, 3, 4, 5, 6),
        "expected text, got the date 2024-02-03T04:05:06. Put it in quotes.",
    ),
    ("fivetran_connection_role_arn", "<<Omit>>", OMIT),
    (
        "s3_access_role_arn",
        "Fivetran",
        f'{ROLE_ARN}, got "Fivetran". To have a role of that name made, set s3_access_role_name instead.',
    ),
    (
        "s3_access_role_arn",
        "arn:aws:iam::111122223333:user/me",
        f'{ROLE_ARN}, got "arn:aws:iam::111122223333:user/me". That is a user, not a role.',
    ),
    (
        "s3_access_account_id",
        0o1234567012345,
        "expected the twelve digits of an AWS account, got the number 89755751653. YAML reads digits that begin"
        " with 0 as another number: put them in quotes.",
    ),
    ("fivetran_connection_role_arn", "Fivetran", f'{ROLE_ARN}, got "Fivetran".'),
    (
        "fivetran_connection_failing_test_statuses",
        ["BAD"],
        'expected WARNING, SKIPPED, FAILED or JOB_FAILED, got "BAD".',
    ),
    (
        "fivetran_connection_history_time_frame",
        "ONE_YEARS",
        "expected THREE_MONTHS, SIX_MONTHS, ONE_YEAR, TWO_YEARS, FIVE_YEARS or ALL_TIME, got"
        ' "ONE_YEARS". Did you mean ONE_YEAR?',
    ),
    (
        "fivetran_connection_exports_bucket",
        "exports",
        "does not belong to fivetran_connection_exports_storage: none but to s3 or gcs; remove it or choose that"
        " storage.",
    ),
]


@pytest.mark.parametrize(("variable", "value", "sentence"), VALUES)
def test_a_wrong_value_is_told_in_one_sentence_that_begins_with_the_variable(
    variable: str, value: Any, sentence: str
) -> None:
    assert messages({variable: value}) == [f"{variable}: {sentence}"]


# several settings, what is told of them
TOGETHER: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"currents_storage": "gcs", "currents_bucket": "google"},
        [f'currents_bucket: {GCS_NAME}, got "google".'],
    ),
    (
        {"currents_storage": "gcs", "currents_bucket": "gs://acme"},
        [
            'currents_bucket: expected the name of a bucket, without gs:// and without a folder, got "gs://acme".'
            " Write currents_bucket: acme."
        ],
    ),
    (
        {"currents_storage": "azure", "currents_bucket": "a--b", "currents_connection_string": CONNECTION_STRING},
        [f'currents_bucket: {AZURE_NAME}, got "a--b".'],
    ),
    ({"currents_storage": "azure"}, [f"currents_connection_string: {AZURE_NEEDED}"]),
    (
        {"currents_storage": "azure", "currents_connection_string": "a\nb"},
        ["currents_connection_string: holds a line break or a control character; give it in one line."],
    ),
    (
        {"currents_prefix": "/", "s3_access_scope": "prefix"},
        ["currents_prefix: is needed with s3_access_scope: prefix."],
    ),
    (
        {"currents_prefix": "a*", "s3_access_scope": "prefix"},
        ['currents_prefix: expected the folder to narrow the access to, without *, ? and $, got "a*".'],
    ),
    (
        {"currents_storage": "gcs", "currents_prefix": "", "gcs_access_scope": "prefix"},
        ["currents_prefix: is needed with gcs_access_scope: prefix."],
    ),
    (
        {"gcs_access_scope": "prefix", "gcs_access_condition": {"title": "t", "expression": "e"}},
        ["gcs_access_condition: cannot be given with gcs_access_scope: prefix, which is one."],
    ),
    (
        {"fivetran_connection_daily_sync_time": "14:00"},
        [
            "fivetran_connection_daily_sync_time: works only with fivetran_connection_sync_frequency: 1440, which is"
            " not set."
        ],
    ),
    (
        {"fivetran_connection_daily_sync_time": "14:00", "fivetran_connection_sync_frequency": "360"},
        [
            "fivetran_connection_daily_sync_time: works only with fivetran_connection_sync_frequency: 1440, which is"
            " 360."
        ],
    ),
    (
        {"fivetran_connection_daily_sync_time": "14:30", "fivetran_connection_sync_frequency": 1440},
        [
            'fivetran_connection_daily_sync_time: expected a full hour from "00:00" to "23:00", got "14:30".'
            ' Did you mean "14:00"?'
        ],
    ),
    (
        {"fivetran_connection_exports_storage": "s3"},
        [
            "fivetran_connection_exports_bucket: is needed with fivetran_connection_exports_storage: s3.",
            "fivetran_connection_exports_role_arn: is needed with fivetran_connection_exports_storage: s3.",
        ],
    ),
    (
        {
            "fivetran_connection_exports_storage": "s3",
            "fivetran_connection_exports_bucket": "exports",
            "fivetran_connection_exports_role_arn": "Fivetran",
        },
        [f'fivetran_connection_exports_role_arn: {ROLE_ARN}, got "Fivetran".'],
    ),
    (
        {"fivetran_connection_exports_storage": "gcs", "fivetran_connection_exports_bucket": "gs://acme/exports"},
        [
            "fivetran_connection_exports_bucket: expected the name of a bucket, without gs:// and without a folder, got"
            ' "gs://acme/exports". Write fivetran_connection_exports_bucket: acme and'
            " fivetran_connection_exports_prefix: exports."
        ],
    ),
]


@pytest.mark.parametrize(("changes", "sentences"), TOGETHER)
def test_settings_that_do_not_go_together_are_told_by_the_one_to_change(
    changes: dict[str, Any], sentences: list[str]
) -> None:
    assert messages(changes) == sentences


@pytest.mark.parametrize(
    "changes",
    [
        {"fivetran_connection_daily_sync_time": "14:00", "fivetran_connection_sync_frequency": 1440},
        {"currents_storage": "gcs", "currents_prefix": "", "s3_access_scope": "prefix"},
        {"currents_bucket": " acme-currents-us\n"},
        {"currents_bucket": "my-point-abcdefghijklmnop1234567890-s3alias"},
        {"s3_access_permissions_boundary": BOUNDARY},
        {"fivetran_connection_exports_role_arn": "", "fivetran_connection_exports_bucket": ""},
        {
            "fivetran_connection_exports_storage": "s3",
            "fivetran_connection_exports_bucket": "exports",
            "fivetran_connection_exports_role_arn": "arn:aws-us-gov:iam::111122223333:role/team/Fivetran",
        },
        {"gcs_access_scope": "prefix", "gcs_access_condition": {}},
        {"gcs_access_role": "projects/acme/roles/reader"},
        {"braze_api_url": "https://dashboard-01.braze.com/dashboard/app_usage/?locale=en"},
        {"braze_api_url": "http://127.0.0.1:8080"},
        {"braze_api_url": "http://[::1]:8080/braze"},
    ],
)
def test_what_only_looks_wrong_is_accepted(changes: dict[str, Any]) -> None:
    good(changes)


def test_a_variable_with_fivetrans_credentials_wins_over_the_environment_and_is_trimmed() -> None:
    settings = good(
        {
            "fivetran_api_key": " my-own-key\n",
            "fivetran_api_secret": "my-own-secret\r\n",
            "fivetran_api_url": " https://fivetran.example/v9/ ",
        },
        environment={**ENVIRONMENT, "FIVETRAN_API_URL": "https://other.example"},
    )
    assert (settings.fivetran_api_key, settings.fivetran_api_secret) == ("my-own-key", "my-own-secret")
    assert settings.fivetran_api_url == "https://fivetran.example/v9"


def test_the_environment_gives_what_no_variable_does() -> None:
    environment = {"FIVETRAN_APIKEY": f"{KEY}\n", "FIVETRAN_APISECRET": SECRET, "FIVETRAN_API_URL": "http://[::1]:80/"}
    settings = good(environment=environment)
    assert (settings.fivetran_api_key, settings.fivetran_api_url) == (KEY, "http://[::1]:80")


def test_a_credential_that_cannot_be_read_never_falls_back_to_the_environment() -> None:
    names = ("fivetran_api_key", "fivetran_api_secret", "fivetran_api_url")
    assert messages(dict.fromkeys(names, UNREADABLE)) == [
        f"{name}: cannot be evaluated: 'company' is undefined. Define it, or correct its name here." for name in names
    ]


def test_credentials_that_are_nowhere_are_told_with_both_of_their_names() -> None:
    assert messages(environment={}) == [
        f"fivetran_api_key: is not set, and FIVETRAN_APIKEY is not set in the environment either. {WHERE_MADE}",
        f"fivetran_api_secret: is not set, and FIVETRAN_APISECRET is not set in the environment either. {WHERE_MADE}",
    ]


# a value of the Fivetran key, what follows on the name of where it came from
CREDENTIALS = [
    ("", f"is empty. {WHERE_MADE}"),
    ("\n", f"is empty. {WHERE_MADE}"),
    ("a key", "holds white space inside; give the key alone, in one line."),
    ("a\nkey", "holds white space inside; give the key alone, in one line."),
    ("a\u00a0key", "holds a character that no key has, such as a no-break space or a letter with an accent."),
    ("schlüssel", "holds a character that no key has, such as a no-break space or a letter with an accent."),
    ("'key'", "stands in quotation marks, which became part of it; remove them."),
    ('"key', "stands in quotation marks, which became part of it; remove them."),
    ("Bearer key", "begins with Bearer or Basic; give the key alone."),
    ("basic key", "begins with Bearer or Basic; give the key alone."),
    ("key\x00", "holds a control character."),
    ("key\udcff", "is not valid UTF-8."),
    ("__omit_place_holder__1", None),
]


@pytest.mark.parametrize(("value", "sentence"), CREDENTIALS)
def test_a_damaged_credential_is_refused_by_the_name_of_where_it_came_from(value: str, sentence: str | None) -> None:
    assert messages({"fivetran_api_key": value}) == [f"fivetran_api_key: {sentence or OMIT}"]
    if sentence:
        assert messages(environment={**ENVIRONMENT, "FIVETRAN_APIKEY": value}) == [f"FIVETRAN_APIKEY: {sentence}"]
        assert messages(environment={**ENVIRONMENT, "FIVETRAN_APISECRET": value}) == [f"FIVETRAN_APISECRET: {sentence}"]


def test_a_credential_that_is_null_is_empty_and_not_unset() -> None:
    assert messages({"fivetran_api_secret": None}) == [f"fivetran_api_secret: is empty. {WHERE_MADE}"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", 'expected an https:// URL, got "".'),
        ("api.fivetran.com", 'expected an https:// URL, got "api.fivetran.com".'),
        ("https://api.fivetran.com:port", f'{PLACE}, got "https://api.fivetran.com:port".'),
        ("https://api.fivetran.com:70000", f'{PLACE}, got "https://api.fivetran.com:70000".'),
        ("https://api.fivetran.com:0", f'{PLACE}, got "https://api.fivetran.com:0".'),
        ("https://api.fivetran.com?", "expected a URL without user, password, query and fragment."),
        ("https://api.fivetran.com#", "expected a URL without user, password, query and fragment."),
        ("https://api.fivetran.com/v1?x=1", "expected a URL without user, password, query and fragment."),
        ("https://me:pw@api.fivetran.com", "expected a URL without user, password, query and fragment."),
        ("ftp://me:pw@api.fivetran.com", "expected an https:// URL."),
        ("https://[api.fivetran.com", f'{PLACE}, got "https://[api.fivetran.com".'),
        ("https://api.fivetran.com/[v1]", f'{PLACE}, got "https://api.fivetran.com/[v1]".'),
        (
            "http://api.fivetran.com",
            '"http://api.fivetran.com" is plain HTTP, which would show the credentials to the network. Use https://.',
        ),
    ],
)
def test_an_address_that_no_request_can_go_to_is_refused_by_name(url: str, sentence: str) -> None:
    assert messages({"fivetran_api_url": url}) == [f"fivetran_api_url: {sentence}"]
    assert messages(environment={**ENVIRONMENT, "FIVETRAN_API_URL": url}) == [f"FIVETRAN_API_URL: {sentence}"]


@pytest.mark.parametrize(
    "variable",
    ["fivetran_schema", "braze_api_url", "currents_bucket", "currents_storage", "s3_access_path", "fivetran_api_url"],
)
@pytest.mark.parametrize(
    "secret",
    [
        BRAZE_KEY,
        SECRET,
        KEY,
        "pA9sK2vRt7QxW4zE",
        "https://user:pass-word@host",
        "-----BEGIN PRIVATE KEY-----",
        CONNECTION_STRING,
        "line\nbreak",
    ],
)
def test_a_secret_that_stands_where_something_else_belongs_is_not_shown(variable: str, secret: str) -> None:
    told = " ".join(messages({variable: f"{secret}!"}))
    assert told.startswith(f"{variable}: ")
    assert secret not in told
    assert "pass-word" not in told


def test_a_secret_of_another_variable_is_not_shown_either() -> None:
    changes = {"fivetran_connection_api_key": "plain-and-lower-case", "s3_access_path": "plain-and-lower-case"}
    assert messages(changes) == ['s3_access_path: expected a path that begins and ends with /, got "********".']


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("fivetran_schema", "shop"),
        ("s3_access_role_name", "Fivetran"),
        ("s3_access_role_arn", "arn:aws:iam::111122223333:role/Fivetran"),
        ("s3_access_account_id", "111122223333"),
        ("fivetran_connection_history_from", "2026-01-01"),
        ("fivetran_connection_exports_role_arn", "arn:aws:iam::111122223333:role/Fivetran"),
    ],
)
def test_white_space_around_a_text_is_no_part_of_it(variable: str, value: str) -> None:
    exports = {"fivetran_connection_exports_storage": "s3", "fivetran_connection_exports_bucket": "acme-exports"}
    exports["fivetran_connection_exports_role_arn"] = "arn:aws:iam::111122223333:role/Exports"
    given = exports if "exports" in variable else {}
    assert good({**given, variable: f" {value} \n"}) == good({**given, variable: value})


def test_nothing_is_suggested_where_it_would_be_a_secret_of_another_variable_in_other_signs() -> None:
    for key in ("key-of-words-alone", "sandbox-braze-key-6c569aabbf7775ef"):
        changes = {"braze_api_key": key, "fivetran_schema": key}
        assert messages(changes) == [f'fivetran_schema: {SCHEMA} "********".']


def test_names_that_look_like_settings_are_told_with_what_was_meant() -> None:
    names = {
        **GOOD,
        "fivetran_sync_frequency": 60,
        "s3_acces_role_name": "Fivetran",
        "s3_access_colour": "blue",
        "fivetran_terraform_workspace": "acme",
        "ansible_user": "me",
        "currents_landing_verdict": {},
        "fivetran_connection_schema": "braze_other",
        "s3_access_state": "absent",
    }
    assert hints(Host(names)) == [
        "fivetran_connection_schema: has no effect here. The playbooks take it from fivetran_schema.",
        "fivetran_sync_frequency: no such setting. Did you mean fivetran_connection_sync_frequency?",
        "s3_acces_role_name: no such setting. Did you mean s3_access_role_name?",
        "s3_access_colour: no such setting.",
        "s3_access_state: has no effect here. The playbooks decide it themselves.",
    ]


def test_a_word_of_a_vendor_is_told_only_where_our_variable_is_not_set_beside_it() -> None:
    assert hints(Host({"braze_url": "US-01"})) == ["braze_url: no such setting. Did you mean braze_api_url?"]
    assert hints(Host({"braze_url": "US-01", "braze_api_url": "{{ braze_url }}"})) == []


@pytest.mark.parametrize("name", ["fivetran_group", "fivetran_api_secret", "braze_api_url", "braze_api_key"])
def test_what_init_has_left_to_be_filled_in_is_told_by_what_belongs_there(name: str) -> None:
    [told] = messages({name: f" {PLACEHOLDER}\n"})
    assert told.startswith(f"{name}: is still to be filled in. ")
    assert told.endswith(all_options()[name].description)
