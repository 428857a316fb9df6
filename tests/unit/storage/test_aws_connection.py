# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of AWS is refused by name where it contradicts itself, and who acts is never mixed of two sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import aws_from_params, identity
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.credentials.connection import (
    IDENTITY,
    AwsOptions,
    connection_from_params,
    with_defaults,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import AWS_OPTIONS

from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECOND_CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY
from tests.sandbox.client import Sandbox

KEY, ROLE = "AKIAIOSFODNN7EXAMPLE", "arn:aws:iam::111122223333:role/Deployment"
KEYS = {"access_key": KEY, "secret_key": "a-secret"}

CONTRADICTIONS: dict[str, tuple[dict[str, str], str]] = {
    "half a key": ({"access_key": KEY}, "access_key: is set, and secret_key is not. Set both, or neither."),
    "the other half": ({"secret_key": "a-secret"}, "secret_key: is set, and access_key is not. Set both, or neither."),
    "a token alone": (
        {"session_token": "a-token"},
        "session_token: is set, and access_key is not. Set both, or neither.",
    ),
    "keys and a profile": ({**KEYS, "profile": "acme"}, "profile: is set beside access_key. Both say who acts"),
    "a key that is none": ({**KEYS, "access_key": "AKIA EXAMPLE KEY"}, "access_key: expected the id of an access key"),
    "an External ID for nothing": ({"assume_role_external_id": "acme"}, "assume_role_external_id: is set, and assume"),
    "a session of nothing": ({"assume_role_session_name": "acme"}, "assume_role_session_name: is set, and assume_ro"),
    "no ARN": ({"assume_role_arn": "Deployment"}, "assume_role_arn: expected the ARN of an IAM role, got 'Deployment'"),
    "an External ID that is none": (
        {"assume_role_arn": ROLE, "assume_role_external_id": "a b"},
        "assume_role_external_id: expected 2 to 1224",
    ),
    "a name that is none": (
        {"assume_role_arn": ROLE, "assume_role_session_name": "a b"},
        "assume_role_session_name: expected 2 to 64",
    ),
}


@pytest.mark.parametrize(("said", "sentence"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_contradicts_itself_is_refused_by_name_and_shows_no_secret(said: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        connection_from_params(said)
    assert refusal.value.msg.startswith(sentence)
    assert "a-secret" not in refusal.value.msg
    assert "a-token" not in refusal.value.msg


def test_what_is_empty_is_not_said_and_what_a_vault_leaves_around_a_key_is_no_part_of_it() -> None:
    assert connection_from_params(dict.fromkeys(IDENTITY, "")) == AwsOptions()
    assert connection_from_params({"access_key": f"{KEY}\n", "secret_key": " a-secret\n"}) == AwsOptions(**KEYS)


def test_no_secret_stands_in_what_python_shows_of_a_connection() -> None:
    shown = repr(connection_from_params({**KEYS, "session_token": "a-token"}))
    assert "a-secret" not in shown
    assert "a-token" not in shown


@pytest.mark.parametrize(
    ("given", "defaults", "expected"),
    [
        ({}, {"profile": "acme", "region": REGION}, {"profile": "acme", "region": REGION}),
        ({"region": "eu-west-1"}, {"profile": "acme", "region": REGION}, {"profile": "acme", "region": "eu-west-1"}),
        ({"profile": "mine"}, {**KEYS, "region": REGION}, {"profile": "mine", "region": REGION}),
        (KEYS, {"profile": "acme", "session_token": "a-token", "assume_role_arn": ROLE}, KEYS),
        ({"assume_role_arn": ROLE}, {"profile": "acme"}, {"assume_role_arn": ROLE, "profile": "acme"}),
        (
            {"assume_role_arn": ROLE},
            {"assume_role_arn": "another", "assume_role_external_id": "acme"},
            {"assume_role_arn": ROLE},
        ),
        ({"profile": None}, {"profile": "acme"}, {"profile": "acme"}),
    ],
    ids=["all", "the region", "no other keys", "no other role", "who assumes", "one role", "unset"],
)
def test_who_acts_is_taken_from_one_source(
    given: dict[str, Any], defaults: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_defaults(given, defaults) == expected


def test_no_credential_is_taken_from_the_environment_by_an_option() -> None:
    assert [name for name in IDENTITY if "env" in AWS_OPTIONS.arguments[name]] == []


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Have the first account exported, and the second as a profile."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile second]\nregion = {REGION}\naws_access_key_id = {SECOND_CUSTOMER_ACCOUNT}\n"
        f"aws_secret_access_key = {SECRET_ACCESS_KEY}\n[profile mfa]\nsource_profile = second\n"
        f"role_arn = {ROLE}\nmfa_serial = arn:aws:iam::111122223333:mfa/somebody\n"
    )
    for name, value in {**sandbox.env, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_aws_profile_beside_exported_keys_acts_as_plain_boto3_does(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_PROFILE", "second")
    plain = boto3.session.Session().client("sts").get_caller_identity()["Account"]
    assert plain == CUSTOMER_ACCOUNT
    assert identity(aws_from_params({})).account == plain
    # As in plain boto3, one that is named outweighs them.
    named = boto3.session.Session(profile_name="second").client("sts").get_caller_identity()["Account"]
    assert named == SECOND_CUSTOMER_ACCOUNT
    assert identity(aws_from_params({"profile": "second"})).account == named


@pytest.mark.usefixtures("environment")
def test_keys_beside_a_profile_are_refused_with_the_account_of_each() -> None:
    given = {"access_key": CUSTOMER_ACCOUNT, "secret_key": SECRET_ACCESS_KEY, "region": REGION}
    with pytest.raises(InvalidArgument) as refusal:
        aws_from_params({**given, "profile": "second"})
    assert refusal.value.msg == (
        "profile: is set beside access_key. Both say who acts: give one of them. Here, profile is of the AWS"
        f" account {SECOND_CUSTOMER_ACCOUNT} and access_key is of the AWS account {CUSTOMER_ACCOUNT}."
    )
    with pytest.raises(InvalidArgument) as refusal:
        aws_from_params({**given, "profile": "mfa"})
    assert refusal.value.msg.endswith(f"Here, access_key is of the AWS account {CUSTOMER_ACCOUNT}.")


def test_keys_that_are_given_outweigh_everything_that_is_exported(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_SESSION_TOKEN", "somebody-elses")
    given = {"access_key": SECOND_CUSTOMER_ACCOUNT, "secret_key": SECRET_ACCESS_KEY}
    aws = aws_from_params(given)
    assert identity(aws).account == SECOND_CUSTOMER_ACCOUNT
    assert aws.freeze().session_token == ""


@pytest.mark.usefixtures("environment")
def test_nobody_is_asked_for_an_mfa_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _prompt: pytest.fail("somebody was asked"))
    with pytest.raises(OnrampError, match="MFA"):
        identity(aws_from_params({"profile": "mfa"}))


def test_the_keys_that_were_found_once_sign_everything_that_follows(environment: pytest.MonkeyPatch) -> None:
    aws = aws_from_params({})
    assert aws.freeze().access_key == CUSTOMER_ACCOUNT
    environment.setenv("AWS_ACCESS_KEY_ID", SECOND_CUSTOMER_ACCOUNT)
    assert identity(aws).account == CUSTOMER_ACCOUNT


@pytest.mark.usefixtures("environment")
def test_only_an_address_that_is_configured_is_handed_on(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    assert aws_from_params({}).configured_endpoint("iam") == sandbox.env["AWS_ENDPOINT_URL"]
    assert aws_from_params({"endpoint_url": "https://iam.acme.example"}).configured_endpoint("iam") == (
        "https://iam.acme.example"
    )
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    # A request to an address of one's own would be signed for the region of the user, which IAM itself refuses.
    assert aws_from_params({"region": "eu-west-1"}).configured_endpoint("iam") == ""


def test_certificates_are_checked_as_said() -> None:
    assert aws_from_params({"region": REGION})._verify is None
    assert aws_from_params({"region": REGION, "validate_certs": False})._verify is False
    assert aws_from_params({"region": REGION, "aws_ca_bundle": "/etc/acme.pem"})._verify == "/etc/acme.pem"
    assert aws_from_params({"region": REGION, "aws_ca_bundle": "/etc/acme.pem"}).ca_bundle == "/etc/acme.pem"


def test_an_endpoint_in_plain_http_is_refused_by_the_name_of_the_option() -> None:
    with pytest.raises(InvalidArgument, match=r"endpoint_url: .*plain HTTP"):
        aws_from_params({**KEYS, "region": REGION, "endpoint_url": "http://aws.example:4566"}).client("s3")
