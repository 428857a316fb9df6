# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict setup tests fail for the reason for which they would fail in production."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, FIVETRAN_ACCOUNT
from tests.sandbox.client import Sandbox

ROLE_ARN = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran"
S3 = {"cloud_storage_type": "AWS_S3", "s3bucket": world.S3_BUCKET, "s3folder": "currents", "s3role_arn": ROLE_ARN}
GCS = {"cloud_storage_type": "GCS", "gcs_bucket": world.GCS_BUCKET, "gcs_folder": "currents"}
VIEWER = "roles/storage.objectViewer"


def setup_tests(sandbox: Sandbox, **config: Any) -> list[dict[str, Any]]:
    """Create a Braze connection with this config; return what its setup tests say."""
    braze = {"schema": "braze", "api_url": sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US}
    answer = requests.post(
        f"{sandbox.env['FIVETRAN_API_URL']}/v1/connections",
        json={"group_id": world.GROUP_ID, "service": "braze", "config": {**braze, **config}},
        auth=(sandbox.env["FIVETRAN_APIKEY"], sandbox.env["FIVETRAN_APISECRET"]),
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    connection = answer.json()["data"]
    failed = any(test["status"] == "FAILED" for test in connection["setup_tests"])
    assert connection["status"]["setup_state"] == ("incomplete" if failed else "connected")
    tests: list[dict[str, Any]] = connection["setup_tests"]
    return tests


def statuses(tests: list[dict[str, Any]]) -> dict[str, str]:
    return {test["title"]: test["status"] for test in tests}


def failure(tests: list[dict[str, Any]]) -> tuple[str, str]:
    """Return title and message of the only failing test."""
    [failed] = [test for test in tests if test["status"] != "PASSED"]
    assert failed["status"] == "FAILED"
    return failed["title"], failed["message"]


def make_role(
    sandbox: Sandbox, external_id: str = world.GROUP_ID, actions: tuple[str, ...] = ("Get*", "List*")
) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{FIVETRAN_ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    bucket = f"arn:aws:s3:::{world.S3_BUCKET}"
    reading = {
        "Effect": "Allow",
        "Action": [f"s3:{action}" for action in actions],
        "Resource": [bucket, f"{bucket}/*"],
    }
    iam = sandbox.aws("iam")
    iam.create_role(RoleName="Fivetran", AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName="Fivetran", PolicyName="read", PolicyDocument=document(reading))


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def grant(sandbox: Sandbox, role: str, member: str = world.SERVICE_ACCOUNT) -> None:
    binding = {"role": role, "members": [f"serviceAccount:{member}"]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[binding])


# Braze


def test_a_connection_without_files_asks_braze_only(sandbox: Sandbox) -> None:
    tests = setup_tests(sandbox, cloud_storage_type="NONE")
    assert statuses(tests) == {"Validate API Credentials": "PASSED"}
    assert {entry.status for entry in sandbox.journal("braze")} == {200}
    assert sandbox.journal("aws") == sandbox.journal("gcs") == []


def test_a_revoked_key_fails_with_brazes_status_and_is_not_echoed(sandbox: Sandbox) -> None:
    title, message = failure(setup_tests(sandbox, cloud_storage_type="NONE", api_key=world.BRAZE_KEY_REVOKED))
    assert title == "Validate API Credentials"
    assert message == "Braze refused the API key: HTTP 401."


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_permissions_fails_and_they_are_named(sandbox: Sandbox, status: int) -> None:
    sandbox.fault("status", server="braze", operation="segments.list", status=status)
    sandbox.fault("status", server="braze", operation="events.list", status=status)
    _title, message = failure(setup_tests(sandbox, cloud_storage_type="NONE"))
    assert message == f"The API key lacks permissions: segments.list (HTTP {status}), events.list (HTTP {status})."


def test_a_key_that_only_the_controller_may_use_fails_from_where_fivetran_calls(sandbox: Sandbox) -> None:
    sandbox.seed("braze", "edit_key", key=world.BRAZE_KEY_SHOP_US, allowlist=["127.0.0.1/32"])
    _title, message = failure(setup_tests(sandbox, cloud_storage_type="NONE"))
    assert message == "Braze refused the API key: HTTP 403."
    url = f"{sandbox.env['SANDBOX_BRAZE_URL']}/campaigns/list"
    assert requests.get(url, headers={"Authorization": f"Bearer {world.BRAZE_KEY_SHOP_US}"}, timeout=10).ok


@pytest.mark.parametrize("missing", ["api_url", "api_key"])
def test_braze_is_not_called_without_url_and_key(sandbox: Sandbox, missing: str) -> None:
    _title, message = failure(setup_tests(sandbox, cloud_storage_type="NONE", **{missing: ""}))
    assert message == "API URL and API Key are required."
    assert sandbox.journal("braze") == []


def test_a_braze_that_does_not_answer_fails(sandbox: Sandbox) -> None:
    sandbox.fault("drop", server="braze", operation="campaigns.list", times=0)
    _title, message = failure(setup_tests(sandbox, cloud_storage_type="NONE"))
    assert message.startswith("Cannot connect to Braze at http://127.0.0.1:")


# S3


def test_a_right_role_lets_the_folder_be_listed_and_read(sandbox: Sandbox) -> None:
    make_role(sandbox)
    assert statuses(setup_tests(sandbox, **S3)) == {"Validate API Credentials": "PASSED", "Access S3 Bucket": "PASSED"}
    calls = [(entry.operation, entry.actor) for entry in sandbox.journal("aws")]
    assert calls[0] == ("aws:sts:AssumeRole", FIVETRAN_ACCOUNT)
    assert calls[1:] == [
        ("aws:s3:GetBucketLocation", "role/Fivetran"),
        ("aws:s3:ListObjectsV2", "role/Fivetran"),
        ("aws:s3:GetObject", "role/Fivetran"),
    ]
    asked = [entry for entry in sandbox.journal() if entry.server != "fivetran"]
    assert {entry.caller for entry in asked} == {"fivetran"}


@pytest.mark.parametrize("external_id", [world.SECOND_GROUP_ID, world.GROUP_ID.upper()])
def test_a_role_under_another_external_id_cannot_be_assumed(sandbox: Sandbox, external_id: str) -> None:
    make_role(sandbox, external_id)
    title, message = failure(setup_tests(sandbox, **S3))
    assert title == "Access S3 Bucket"
    denied = f"is not authorized to perform: sts:AssumeRole on resource: {ROLE_ARN} ("
    assert message.startswith(f"User: arn:aws:iam::{FIVETRAN_ACCOUNT}:user/gcp_donkey {denied}")
    assert "Service: AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied;" in message


def test_a_role_that_does_not_exist_cannot_be_assumed(sandbox: Sandbox) -> None:
    assert "Service: AWSSecurityTokenService" in failure(setup_tests(sandbox, **S3))[1]


@pytest.mark.parametrize(
    ("actions", "denied"),
    [
        (("Get*",), "ListBucket"),
        (("List*", "GetBucketLocation"), "GetObject"),
        (("List*", "GetObject"), "GetBucketLocation"),
    ],
)
def test_a_role_that_lacks_one_action_fails_at_it(sandbox: Sandbox, actions: tuple[str, ...], denied: str) -> None:
    make_role(sandbox, actions=actions)
    sandbox.seed("fivetran", "need_location")
    _title, message = failure(setup_tests(sandbox, **S3))
    assert f"is not authorized to perform: s3:{denied} " in message
    assert "Service: Amazon S3; Status Code: 403; Error Code: AccessDenied;" in message


def test_a_role_that_may_not_ask_for_the_location_reads_unless_it_is_needed(sandbox: Sandbox) -> None:
    make_role(sandbox, actions=("List*", "GetObject"))
    assert {test["status"] for test in setup_tests(sandbox, **S3)} == {"PASSED"}


@pytest.mark.parametrize("missing", ["s3bucket", "s3role_arn"])
def test_s3_is_not_called_without_bucket_and_role(sandbox: Sandbox, missing: str) -> None:
    assert failure(setup_tests(sandbox, **{**S3, missing: ""}))[1] == "Bucket and Role ARN are required."
    assert sandbox.journal("aws") == []


def test_an_empty_folder_passes_and_says_that_nothing_was_read(sandbox: Sandbox) -> None:
    make_role(sandbox)
    tests = setup_tests(sandbox, **{**S3, "s3folder": "curents"})
    assert statuses(tests)["Access S3 Bucket"] == "PASSED"
    assert statuses(tests)["Access S3 Bucket: Read Files"] == "SKIPPED"


# GCS


def test_a_right_grant_lets_the_folder_be_listed_and_read(sandbox: Sandbox) -> None:
    grant(sandbox, VIEWER)
    tests = setup_tests(sandbox, **GCS)
    assert statuses(tests)["Access Google Cloud Storage Bucket"] == "PASSED"
    assert [(entry.actor, entry.caller) for entry in sandbox.journal("gcs")] == [
        (world.SERVICE_ACCOUNT, "fivetran"),
        (world.SERVICE_ACCOUNT, "fivetran"),
    ]


def test_a_grant_to_another_groups_service_account_is_none(sandbox: Sandbox) -> None:
    grant(sandbox, VIEWER, world.SECOND_SERVICE_ACCOUNT)
    title, message = failure(setup_tests(sandbox, **GCS))
    assert title == "Access Google Cloud Storage Bucket"
    assert message.startswith(f"{world.SERVICE_ACCOUNT} does not have storage.objects.list access to the Google Cloud")
    assert "Permission 'storage.objects.list' denied on resource (or it may not exist)." in message


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("roles/storage.legacyBucketReader", "storage.objects.get"),
        ("roles/storage.legacyObjectReader", "storage.objects.list"),
    ],
)
def test_a_role_that_does_half_fails_at_the_other_half(sandbox: Sandbox, role: str, words: str) -> None:
    grant(sandbox, role)
    assert words in failure(setup_tests(sandbox, **GCS))[1]


def test_a_bucket_that_does_not_exist_fails(sandbox: Sandbox) -> None:
    assert "does not exist" in failure(setup_tests(sandbox, **{**GCS, "gcs_bucket": "nowhere"}))[1]
    sandbox.seed("fivetran", "remove_all_connections")
    assert failure(setup_tests(sandbox, **{**GCS, "gcs_bucket": ""}))[1] == "Bucket is required."


# Azure, exports


def test_azure_passes_once_everything_is_given_and_says_that_nothing_was_tried(sandbox: Sandbox) -> None:
    azure = {"cloud_storage_type": "AZURE_BLOB_STORAGE", "abs_container_name": "c"}
    assert "are required" in failure(setup_tests(sandbox, **azure))[1]
    sandbox.seed("fivetran", "remove_all_connections")
    [_braze, test] = setup_tests(sandbox, **azure, abs_connection_string="azure-connection-string-of-the-tests")
    assert (test["title"], test["status"]) == ("Access Azure Container", "PASSED")
    assert "nothing was connected to" in test["details"]["sandbox"]


def test_exports_have_a_storage_and_a_grant_of_their_own(sandbox: Sandbox) -> None:
    exports = {
        "enable_exports": True,
        "export_storage_type": "GCS",
        "gcs_export_bucket": world.GCS_BUCKET,
        "gcs_export_folder": "currents",
    }
    make_role(sandbox)
    title, message = failure(setup_tests(sandbox, **S3, **exports))
    assert title == "Access Google Cloud Storage Bucket (User Profile Exports)"
    assert "storage.objects.list" in message
    sandbox.seed("fivetran", "remove_all_connections")
    grant(sandbox, VIEWER)
    assert set(statuses(setup_tests(sandbox, **S3, **exports)).values()) == {"PASSED"}


def test_exports_that_are_off_are_not_looked_at(sandbox: Sandbox) -> None:
    exports = {"enable_exports": False, "export_storage_type": "AWS_S3"}
    assert list(statuses(setup_tests(sandbox, cloud_storage_type="NONE", **exports))) == ["Validate API Credentials"]


def test_exports_in_s3_use_their_own_role(sandbox: Sandbox) -> None:
    make_role(sandbox)
    exports = {"s3_export_bucket": world.S3_BUCKET, "s3_export_folder": "currents", "s3_export_role_arn": ROLE_ARN}
    on = {"cloud_storage_type": "NONE", "enable_exports": True, "export_storage_type": "AWS_S3"}
    assert statuses(setup_tests(sandbox, **on, **exports))["Access S3 Bucket (User Profile Exports)"] == "PASSED"
