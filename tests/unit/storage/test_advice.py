# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is advised about a refusal of AWS or Google follows the vendor's reason, not the status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.writing.arguments import writing_failed
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import aws_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.errors import ask
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.iam import access_from_params, apply
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import Grant
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError

from tests.unit.storage.answering import Answering, answering
from tests.unit.storage.google_keys import service_account, write

WHO = "arn:aws:iam::111122223333:user/ann"
ROLE = "arn:aws:iam::111122223333:role/Fivetran"
NOT_AUTHORIZED = f"User: {WHO} is not authorized to perform: iam:GetRole on resource: {ROLE}"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE-a-session-token-that-nobody-may-see"


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as told:
        yield told


# AWS


@pytest.fixture
def aws(server: Answering, monkeypatch: pytest.MonkeyPatch) -> Answering:
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI0K7MDENG0bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    server.headers["Content-Type"] = "text/xml"
    return server


def refused_by_aws(server: Answering, status: int, code: str, message: str) -> OnrampError:
    """Let IAM refuse to show a role, and return the error that is made of it."""
    refusal = f"<Error><Code>{code}</Code><Message>{message}</Message></Error><RequestId>4711</RequestId>"
    server.answers["/"] = (status, f"<ErrorResponse>{refusal}</ErrorResponse>")
    iam = aws_from_params({"region": "us-east-1"}).client("iam", tries=1)
    with pytest.raises(OnrampError) as caught:
        ask("iam:GetRole", iam.get_role, lambda answer: answer, RoleName="Fivetran")
    return caught.value


ORGANIZATION = "which nothing in the account outweighs: ask an administrator of the organization."
DENIALS = {
    f"{NOT_AUTHORIZED} because no identity-based policy allows the iam:GetRole action": (
        "The credentials need the permission iam:GetRole."
    ),
    "Access Denied": "The credentials need the permission iam:GetRole.",
    f"{NOT_AUTHORIZED} with an explicit deny in a service control policy": (
        f"A service control policy of the AWS organization denies iam:GetRole, {ORGANIZATION}"
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o/p-1": (
        f"A service control policy of the AWS organization denies iam:GetRole, {ORGANIZATION}"
    ),
    f"{NOT_AUTHORIZED} because no service control policy allows the iam:GetRole action": (
        f"No service control policy of the AWS organization allows iam:GetRole, {ORGANIZATION}"
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in a resource control policy": (
        f"A resource control policy of the AWS organization denies iam:GetRole, {ORGANIZATION}"
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in a permissions boundary": (
        "The permissions boundary of this identity denies iam:GetRole: another permission does not help, the boundary"
        " has to be changed."
    ),
    f"{NOT_AUTHORIZED} because no permissions boundary allows the iam:GetRole action": (
        "The permissions boundary of this identity has to allow iam:GetRole as well."
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in a session policy": (
        "The policy that the session was opened with denies iam:GetRole: open it with another one."
    ),
    f"{NOT_AUTHORIZED} because no session policy allows the iam:GetRole action": (
        "The policy that the session was opened with has to allow iam:GetRole as well."
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in a resource-based policy": (
        "The policy of the bucket, key or role itself denies iam:GetRole: it needs an exception for this identity."
    ),
    f"{NOT_AUTHORIZED} because no resource-based policy allows the iam:GetRole action": (
        "It belongs to another account, or names who may do what: its own policy has to allow iam:GetRole to this"
        " identity."
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in an identity-based policy": (
        "A policy of this identity denies iam:GetRole: another permission does not help, the denial has to go."
    ),
    f"{NOT_AUTHORIZED} with an explicit deny in a VPC endpoint policy": (
        "The policy of the VPC endpoint that requests take from here denies iam:GetRole."
    ),
}


@pytest.mark.parametrize("message", DENIALS)
def test_a_denial_of_aws_names_who_can_lift_it(aws: Answering, message: str) -> None:
    error = refused_by_aws(aws, 403, "AccessDenied", message)
    said = f"AWS refused iam:GetRole. AWS says: AccessDenied: {message}. Request id: 4711. {DENIALS[message]}"
    assert error.msg == said
    assert (error.failure.code, error.failure.status, error.failure.request_id) == ("AccessDenied", 403, "4711")


BAD_CREDENTIALS = {
    "InvalidClientTokenId": (
        "The security token included in the request is invalid.",
        "AWS does not know this access key: it was deleted or made inactive, belongs to another partition, or is"
        " temporary and lacks its session token. Where it comes from, aws configure list shows.",
    ),
    "ExpiredToken": (
        "The security token included in the request is expired",
        "The session has expired: log in again (aws sso login, or however the session is made), or have exported keys"
        " replaced.",
    ),
    "InvalidToken": (
        "The provided token is malformed or otherwise invalid.",
        "The session token does not belong to the access key, or was copied incompletely.",
    ),
    "SignatureDoesNotMatch": (
        f"The request signature we calculated does not match. The Canonical String should have been 'GET {TOKEN}'",
        "The secret does not belong to the access key: copied incompletely, or from another pair. Where it comes from,"
        " aws configure list shows.",
    ),
    "RequestTimeTooSkewed": (
        "The difference between the request time and the current time is too large.",
        "The clock of this machine is wrong, or the keys were signed with too long ago: set it by NTP (timedatectl"
        " shows whether it is).",
    ),
    "RequestExpired": (
        "Request has expired.",
        "The clock of this machine is wrong, or the keys were signed with too long ago: set it by NTP (timedatectl"
        " shows whether it is).",
    ),
}


@pytest.mark.parametrize("code", BAD_CREDENTIALS)
def test_credentials_that_aws_does_not_accept_are_none_and_nothing_that_was_signed_is_quoted(
    aws: Answering, code: str
) -> None:
    message, step = BAD_CREDENTIALS[code]
    error = refused_by_aws(aws, 403, code, message)
    assert error.msg.startswith(f"AWS refused iam:GetRole. AWS says: {code}: ")
    assert error.msg.endswith(f"Request id: 4711. {step}")
    assert error.failure.code == "no_credentials"
    assert error.failure.message.startswith(f"{code}: ")
    assert TOKEN not in str(error.as_result())


def test_a_signature_of_another_time_is_a_matter_of_the_clock(aws: Answering) -> None:
    message = "Signature expired: 20261101T000000Z is now earlier than 20261101T001000Z (20261101T001500Z - 5 min.)"
    error = refused_by_aws(aws, 403, "SignatureDoesNotMatch", message)
    assert "The clock of this machine is wrong" in error.msg


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("LimitExceeded", 409, "A quota of the AWS account is used up. Let workspaces share role and policy"),
        ("EntityAlreadyExists", 409, "or choose another name (s3_access_role_name, s3_access_policy_name)."),
        ("ConcurrentModification", 409, "Somebody else is changing it at this moment. Run again."),
        ("MalformedPolicyDocument", 400, "Check the ARNs that the variables name"),
        ("OptInRequired", 403, "The region is not enabled in this account: name another in region, or enable it."),
    ],
)
def test_a_refusal_of_aws_for_another_reason_advises_no_permission(
    aws: Answering, code: str, status: int, words: str
) -> None:
    error = refused_by_aws(aws, status, code, "No.")
    assert words in error.msg
    assert "permission" not in error.msg
    assert error.failure.code == code


def test_what_a_module_of_amazon_aws_was_refused_gets_the_same_advice() -> None:
    said = (
        f"User: {WHO} is not authorized to perform: iam:CreateRole on resource: {ROLE} with an explicit deny in a"
        " service control policy"
    )
    answer: dict[str, Any] = {
        "failed": True,
        "msg": f"Unable to create role: An error occurred (AccessDenied) when calling the CreateRole operation: {said}",
        "error": {"code": "AccessDenied", "message": said},
        "response_metadata": {"http_status_code": 403, "request_id": "4711"},
    }
    error = writing_failed("role", {"arn": ROLE, "action": "create"}, answer, [])
    assert f"A service control policy of the AWS organization denies iam:CreateRole, {ORGANIZATION}" in error.msg


# Google


@dataclass(frozen=True)
class Google:
    """A server in the place of Cloud Storage, and the key file of a service account."""

    server: Answering
    file: str


@pytest.fixture
def google(server: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Google:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    server.answers["/token"] = (200, {"access_token": "ya29.a-token", "expires_in": 3600})
    server.answers["GET /storage/v1/b/acme/iam"] = (200, {"version": 1, "etag": "CAE=", "bindings": []})
    return Google(server, write(tmp_path / "key.json", service_account(server.url)))


def refused_by_google(google: Google, status: int, reason: str, message: str, method: str = "PUT") -> OnrampError:
    """Let Google refuse to take a policy, or to show it, and return the error that is made of it."""
    detail = {"domain": "global", "reason": reason, "message": message}
    body = {"error": {"code": status, "message": message, "errors": [detail] if reason else []}}
    google.server.answers[f"{method} /storage/v1/b/acme/iam"] = (status, body)
    access = access_from_params(
        {"bucket": "acme", "credentials_file": google.file, "request_timeout": 5, "retry_timeout": 1}
    )
    wanted = Grant("roles/storage.objectViewer", "serviceAccount:g-jovial@fivetran.iam.gserviceaccount.com")
    with pytest.raises(OnrampError) as caught:
        apply(access, wanted, present=True)
    return caught.value


USER_PROJECT = (
    "The credentials may not use the project that pays: grant them roles/serviceusage.serviceUsageConsumer on it, or"
    " name another in user_project (gcs_access_user_project in the role); without that option, it is the quota project"
    " of the login (gcloud auth application-default set-quota-project PROJECT)."
)
MEMBER = (
    "Fivetran makes the service account with the group, and its address cannot be guessed: take what"
    " fivetran_group_info returns for member (gcs_access_member in the role). A new one is known after some minutes."
)
REASONS: dict[str, tuple[int, str, str, str]] = {
    "a permission": (
        403,
        "forbidden",
        "ann@acme.example does not have storage.buckets.setIamPolicy access to the Google Cloud Storage bucket.",
        "The credentials need storage.buckets.getIamPolicy and, to change it, storage.buckets.setIamPolicy on the"
        " bucket; the role roles/storage.admin holds both.",
    ),
    "VPC Service Controls": (
        403,
        "vpcServiceControls",
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: Xq3-k_9",
        "VPC Service Controls keep this machine or these credentials out of the bucket's project. The administrator"
        " of the perimeter can see why under the unique identifier Xq3-k_9; run inside the perimeter, or have an"
        " ingress"
        " rule added.",
    ),
    "VPC Service Controls, of which the message knows only": (
        403,
        "forbidden",
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: Xq3-k_9",
        "VPC Service Controls keep this machine or these credentials out of the bucket's project. The administrator"
        " of the perimeter can see why under the unique identifier Xq3-k_9; run inside the perimeter, or have an"
        " ingress"
        " rule added.",
    ),
    "billing": (
        403,
        "accountDisabled",
        "The billing account for the owning project is disabled in state closed",
        "The billing of the bucket's project is off: somebody has to enable it (gcloud billing projects link PROJECT"
        " --billing-account ACCOUNT).",
    ),
    "the project that pays": (
        403,
        "forbidden",
        "ann@acme.example does not have serviceusage.services.use access to the Google Cloud project.",
        USER_PROJECT,
    ),
    "the project that pays, in the other dialect": (
        403,
        "USER_PROJECT_DENIED",
        "Caller may not use project.",
        USER_PROJECT,
    ),
    "a project that is none": (
        400,
        "invalid",
        "User project specified in the request is invalid.",
        "There is no project of the name in user_project (gcs_access_user_project in the role).",
    ),
    "requester pays": (
        400,
        "required",
        "Bucket is a requester pays bucket but no user project provided.",
        "If the bucket is a requester-pays bucket, name the project that pays in user_project.",
    ),
    "the API": (
        403,
        "accessNotConfigured",
        "Cloud Storage JSON API has not been used in project 4711 before or it is disabled.",
        "The API of Cloud Storage is not enabled in the project of these credentials: gcloud services enable"
        " storage.googleapis.com.",
    ),
    "scopes": (
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        "The access scopes of these credentials are too narrow: give this machine the scope cloud-platform, or log in"
        " again with gcloud auth application-default login.",
    ),
    "a member that is not there": (
        400,
        "invalid",
        "Service account g-jovial@fivetran.iam.gserviceaccount.com does not exist.",
        MEMBER,
    ),
    "a member that is none": (400, "invalid", "User ann@acme.example does not exist.", MEMBER),
    "a member that was deleted": (
        400,
        "invalid",
        "Inconsistent representation of deleted member: 'deleted:serviceAccount:a@b.example?uid=1' and"
        " 'serviceAccount:a@b.example'.",
        "The policy still names an account of this address that was deleted. Take that grant away (gcloud storage"
        " buckets remove-iam-policy-binding, for the member deleted:serviceAccount:a@b.example?uid=1), and run again.",
    ),
    "a role that is none": (
        400,
        "invalid",
        "Role projects/acme/roles/reader does not exist in the resource's hierarchy.",
        "Correct role (gcs_access_role in the role): a custom role has to be of the bucket's project or organization.",
    ),
    "credentials that are not accepted": (
        401,
        "authError",
        "Invalid Credentials",
        "Google does not accept these credentials: log in again (gcloud auth application-default login), or look at the"
        " file in credentials_file or GOOGLE_APPLICATION_CREDENTIALS.",
    ),
    "something that has no advice": (400, "invalid", "Invalid argument.", ""),
}


@pytest.mark.parametrize("name", REASONS)
def test_a_refusal_of_google_advises_by_its_reason(google: Google, name: str) -> None:
    status, reason, message, step = REASONS[name]
    error = refused_by_google(google, status, reason, message)
    said = (
        f"Google Cloud Storage answered with HTTP {status}. The request was setIamPolicy of bucket acme. Google Cloud"
        f" Storage says: {reason}: {message.rstrip('.')}."
    )
    assert error.msg == f"{said} {step}".strip()
    assert (error.failure.code, error.failure.status) == (reason, status)


@pytest.mark.parametrize("status", [400, 412])
def test_domain_restricted_sharing_is_told_as_that(google: Google, status: int) -> None:
    message = (
        "One or more users named in the policy do not belong to a permitted customer, perhaps due to an organization"
        " policy."
    )
    error = refused_by_google(google, status, "invalid" if status == 400 else "conditionNotMet", message)
    assert error.failure.code == "organization_policy"
    assert "constraints/iam.allowedPolicyMemberDomains" in error.msg


def test_the_same_reasons_count_when_the_policy_is_read(google: Google) -> None:
    error = refused_by_google(google, 403, "accountDisabled", "The billing account is closed.", method="GET")
    assert "The billing of the bucket's project is off" in error.msg
    assert "storage.buckets.getIamPolicy" not in error.msg
