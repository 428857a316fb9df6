# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which access becomes a setting, which a choice for a person, and which is said to be missing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import (
    Reading,
    permission_document,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer, Effect, Reason
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.question import VIEWER
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import folder_condition
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.access import (
    AccessVariables,
    Role,
    gcs_access,
    own_grant,
    own_role,
    s3_access,
    with_names_of_its_own,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import all_options

ACCOUNT = "111122223333"
MEMBER = "serviceAccount:g-jovial-daylight@fivetran.iam.gserviceaccount.com"
BUCKET, FOLDER = "acme-currents-eu", "currents"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OWN = {"s3_access_role_name": "Fivetran", "s3_access_policy_name": "Fivetran-S3-Access", "s3_access_path": "/"}


def effect(answer: Answer) -> Effect:
    return Effect(answer, (Reason("code", f"the reason for {answer}"),))


def role(name: str, answer: Answer = Answer.YES, **more: Any) -> Role:
    return Role(f"arn:aws:iam::{ACCOUNT}:role/{name}", effect(answer), **more)


def told(access: AccessVariables) -> str:
    return "\n".join([*access.remarks, access.missing])


def test_the_one_role_that_reads_the_bucket_is_somebody_elses_role() -> None:
    found = s3_access([ACCOUNT], [role("a"), role("b", Answer.NO)])
    assert found.settings == {"s3_access_role_arn": role("a").arn}
    assert found.missing == ""
    assert "masked" in told(found)


def test_where_no_role_is_found_a_connection_takes_no_name_that_another_group_may_have() -> None:
    nothing = s3_access([ACCOUNT], [])
    named = with_names_of_its_own(nothing, "patient_harbor")
    assert named.settings == {
        "s3_access_role_name": "Fivetran-patient_harbor",
        "s3_access_policy_name": "Fivetran-S3-Access-patient_harbor",
    }
    assert "put its ARN into s3_access_role_arn" in told(named)
    for known in (s3_access([ACCOUNT], [role("a")]), s3_access([ACCOUNT], [role("a"), role("b")])):
        assert with_names_of_its_own(known, "patient_harbor") == known


def test_a_role_that_certainly_reads_outweighs_those_of_which_nobody_can_tell_and_they_are_named() -> None:
    found = s3_access([ACCOUNT], [role("a"), role("b", Answer.UNKNOWN)])
    assert found.settings == {"s3_access_role_arn": role("a").arn}
    assert role("b").arn in told(found)


def test_a_role_without_a_rival_is_the_one_and_what_is_not_certain_is_said() -> None:
    found = s3_access([ACCOUNT], [role("a", Answer.UNKNOWN), role("b", Answer.NO)])
    assert found.settings == {"s3_access_role_arn": role("a").arn}
    assert "the reason for unknown" in told(found)


@pytest.mark.parametrize("answer", [Answer.YES, Answer.UNKNOWN])
def test_of_several_roles_a_person_chooses(answer: Answer) -> None:
    found = s3_access([ACCOUNT], [role("b", answer), role("a", answer), role("c", Answer.NO)])
    assert found.settings == {}
    assert [candidate.settings for candidate in found.candidates] == [
        {"s3_access_role_arn": role("a").arn},
        {"s3_access_role_arn": role("b").arn},
    ]
    assert [bool(candidate.doubt) for candidate in found.candidates] == [answer is Answer.UNKNOWN] * 2
    assert role("a").arn in found.missing
    assert role("c").arn not in found.missing


def test_a_role_that_this_collection_has_made_goes_by_its_names_where_they_are_not_the_defaults() -> None:
    assert s3_access([ACCOUNT], [role("Fivetran", own=OWN)]).settings == {}
    renamed = {**OWN, "s3_access_role_name": "braze-fivetran", "s3_access_path": "/vendors/"}
    assert s3_access([ACCOUNT], [role("braze-fivetran", own=renamed)]).settings == {
        "s3_access_role_name": "braze-fivetran",
        "s3_access_path": "/vendors/",
    }


def test_a_role_of_a_named_profile_goes_with_the_profile() -> None:
    assert s3_access([ACCOUNT], [role("a", profile="acme-us")]).settings["s3_access_aws_profile"] == "acme-us"
    own = s3_access([ACCOUNT], [role("Fivetran", profile="acme-us", own=OWN)])
    assert own.settings == {"s3_access_aws_profile": "acme-us"}


def test_the_only_profile_is_the_one_to_act_with_also_where_no_role_was_found() -> None:
    assert s3_access([ACCOUNT], [], "acme-us").settings == {"s3_access_aws_profile": "acme-us"}
    chosen = s3_access([ACCOUNT], [role("a", profile="acme-us"), role("b", profile="acme-us")], "acme-us")
    assert chosen.settings == {"s3_access_aws_profile": "acme-us"}
    assert [list(candidate.settings) for candidate in chosen.candidates] == [["s3_access_role_arn"]] * 2


@pytest.mark.parametrize(
    ("accounts", "roles", "words"),
    [
        ([], [], "at the top"),
        ([ACCOUNT], [], f"No IAM role of the AWS account {ACCOUNT} lets Fivetran in"),
        ([ACCOUNT], [role("a", Answer.NO)], "role/a: the reason for no"),
    ],
    ids=["no account", "no role", "no role that reads"],
)
def test_without_a_role_it_is_said_why(accounts: list[str], roles: list[Role], words: str) -> None:
    found = s3_access(accounts, roles)
    assert words in found.missing
    assert (found.settings, found.candidates) == ({}, ())


def bindings(*members: str, grants: str = VIEWER, **more: Any) -> dict[str, Any]:
    return {"etag": "x", "version": 3, "bindings": [{"role": grants, "members": list(members), **more}]}


def test_a_grant_as_the_playbooks_make_it_needs_no_setting() -> None:
    own = own_grant(bindings("user:ada@acme.com", MEMBER), MEMBER, BUCKET, FOLDER)
    assert own == {}
    assert gcs_access(effect(Answer.YES), own) == AccessVariables({})


def test_a_grant_for_the_folder_as_the_playbooks_make_it_is_their_scope() -> None:
    policy = bindings(MEMBER, condition=folder_condition(BUCKET, FOLDER).as_json())
    assert own_grant(policy, MEMBER, BUCKET, FOLDER) == {"gcs_access_scope": "prefix"}
    assert own_grant(policy, MEMBER, BUCKET, "") is None


@pytest.mark.parametrize(("answer", "is_certain"), [(Answer.YES, True), (Answer.UNKNOWN, False)])
def test_another_grant_is_somebody_elses(answer: Answer, is_certain: bool) -> None:
    found = gcs_access(
        effect(answer), own_grant(bindings(MEMBER, grants="roles/storage.admin"), MEMBER, BUCKET, FOLDER)
    )
    assert found.settings == {"gcs_access_manage": False}
    assert bool(found.missing) is not is_certain
    assert f"the reason for {answer}" in told(found)


def test_without_a_grant_it_is_said_why_and_where_fivetran_reads_all_the_same_it_is_somebody_elses() -> None:
    nothing = gcs_access(effect(Answer.NO), None)
    assert (nothing.settings, "the reason for no" in nothing.missing) == ({}, True)
    inherited = gcs_access(effect(Answer.NO), None, is_connected=True)
    assert inherited.settings == {"gcs_access_manage": False}
    assert "the reason for no" in inherited.missing
    assert "at the top" in gcs_access(None, None).missing


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(("b-1", "b-2")), {}),
        (Reading(("b-1",), FOLDER), {"s3_access_scope": "prefix"}),
        (Reading(("b-1",), "elsewhere"), {}),
        (Reading(("b-1",), kms_key_arns=(KEY,)), {"s3_access_kms_key_arns": [KEY]}),
        (Reading(("b-1",), FOLDER, (KEY,)), {"s3_access_scope": "prefix", "s3_access_kms_key_arns": [KEY]}),
        (Reading(("b-1",), FOLDER, partition="aws-us-gov"), {"s3_access_scope": "prefix"}),
    ],
    ids=["buckets", "folder", "another folder", "key", "folder and key", "another partition"],
)
def test_what_an_own_policy_says_is_what_the_settings_would_make_of_it(
    reading: Reading, expected: dict[str, Any]
) -> None:
    settings = own_role("r", "/", ("p", permission_document(reading)), FOLDER)
    names = {"s3_access_role_name": "r", "s3_access_policy_name": "p", "s3_access_path": "/"}
    assert settings == {**names, **expected}
    assert set(settings) <= set(all_options())


@pytest.mark.parametrize("document", [{}, {"Statement": "x"}, {"Statement": [{"Action": "*"}, {"Resource": 7}]}])
def test_an_own_policy_that_somebody_has_broken_is_no_obstacle(document: dict[str, Any]) -> None:
    assert own_role("r", "/", ("p", document), FOLDER)["s3_access_policy_name"] == "p"


def test_an_own_role_that_has_lost_its_policy_still_goes_by_its_name() -> None:
    assert own_role("r", "/", None, FOLDER) == {"s3_access_role_name": "r", "s3_access_path": "/"}
