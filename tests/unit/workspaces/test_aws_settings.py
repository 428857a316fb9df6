# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory says of AWS reaches the modules, in the names of both, and its secrets reach nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import AWS_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import role_options
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Unusable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import asked, questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import _secrets

from tests.unit.workspaces.situations import World, codes, in_iam, plan_of, plans_of, settings
from tests.unit.workspaces.test_settings import good, read

KEY, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzEXAMPLETOKEN"
ROLE = "arn:aws:iam::444455556666:role/Deployment"
KEYS = {"s3_access_aws_access_key": KEY, "s3_access_aws_secret_key": SECRET, "s3_access_aws_session_token": TOKEN}


def test_every_option_of_aws_is_a_variable_of_both_roles() -> None:
    for role in ("s3_access", "currents_landing"):
        shorts = {option.short for option in role_options(role).values()}
        of_aws = {asked.RENAMED.get(short, short) for short in shorts if short.startswith("aws_")}
        assert of_aws == set(AWS_OPTIONS.arguments)


def test_what_is_said_reaches_the_module_that_reads_iam_and_the_one_that_reads_the_bucket() -> None:
    said = {
        **KEYS,
        "s3_access_aws_region": "eu-west-1",
        "s3_access_aws_endpoint_url": "https://aws.acme.example/",
        "s3_access_aws_validate_certs": "false",
        "s3_access_aws_ca_bundle": "/etc/acme.pem",
        "s3_access_aws_assume_role_arn": ROLE,
        "s3_access_aws_assume_role_external_id": "acme",
        "s3_access_aws_assume_role_session_name": "onramp",
    }
    expected = {
        "access_key": KEY,
        "secret_key": SECRET,
        "session_token": TOKEN,
        "profile": None,
        "region": "eu-west-1",
        "endpoint_url": "https://aws.acme.example",
        "validate_certs": False,
        "aws_ca_bundle": "/etc/acme.pem",
        "assume_role_arn": ROLE,
        "assume_role_external_id": "acme",
        "assume_role_session_name": "onramp",
    }
    workspace = good(said)
    for params in (asked.s3_access_params(workspace), asked.landing_params(workspace, {})):
        assert {name: params[name] for name in AWS_OPTIONS.arguments} == expected


def test_currents_is_looked_at_as_somebody_else_where_that_is_said() -> None:
    workspace = good({**KEYS, "s3_access_aws_region": "eu-west-1", "currents_landing_aws_profile": "auditor"})
    params = asked.landing_params(workspace, {})
    assert {name: params[name] for name in ("profile", "access_key", "secret_key", "region")} == {
        "profile": "auditor",
        "access_key": None,
        "secret_key": None,
        "region": "eu-west-1",
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"s3_access_aws_access_key": KEY},
            "s3_access_aws_access_key: is set, and s3_access_aws_secret_key is not. Set both, or neither.",
        ),
        (
            {**KEYS, "s3_access_aws_profile": "acme"},
            "s3_access_aws_profile: is set beside s3_access_aws_access_key. Both say who acts: give one of them.",
        ),
        ({"s3_access_aws_secret_key": ""}, "s3_access_aws_secret_key: is empty."),
        (
            {"s3_access_aws_assume_role_arn": "Deployment"},
            "s3_access_aws_assume_role_arn: expected the ARN of an IAM role such as"
            ' arn:aws:iam::111122223333:role/Fivetran, got "Deployment".',
        ),
        (
            {"currents_landing_aws_assume_role_external_id": "acme"},
            "currents_landing_aws_assume_role_external_id: is set, and currents_landing_aws_assume_role_arn is not."
            " It has no effect alone: set both, or neither.",
        ),
        (
            {"s3_access_account_id": "acme"},
            's3_access_account_id: expected the twelve digits of an AWS account, in quotes, got "acme".',
        ),
    ],
)
@pytest.mark.parametrize("needs_key", [True, False])
def test_what_contradicts_itself_is_told_in_the_names_of_the_inventory_by_every_playbook(
    wrong: dict[str, Any], sentence: str, needs_key: bool
) -> None:
    found = read(wrong, needs_key=needs_key)
    assert isinstance(found, Unusable)
    assert [problem.message for problem in found.problems] == [sentence]


def test_offboarding_acts_with_the_keys_of_the_inventory_as_well() -> None:
    assert good(KEYS, needs_key=False).roles["s3_access"]["aws_secret_key"] == SECRET


def test_who_acts_as_somebody_else_gets_answers_of_his_own() -> None:
    plain, other = settings("a"), settings("b", s3_access_aws_assume_role_arn=ROLE)
    assert questions.identity(plain) != questions.identity(other)
    assert questions.identity(settings("c", **KEYS)) != questions.identity(plain)
    assert questions.identity(settings("c")) == questions.identity(plain)
    assert questions.identity(settings("c", s3_access_account_id="111122223333")) != questions.identity(plain)


def test_no_secret_of_aws_stands_in_a_question_a_plan_or_what_is_told() -> None:
    one = settings("a", **KEYS)
    two = settings("b", currents_bucket="bucket-b", s3_access_aws_profile="acme", s3_access_tags={"team": "crm"})
    plan = plan_of("onboard", one, two, world=World(iam=in_iam(one, "bucket-b")))
    told = json.dumps([workspace.as_json() for workspace in plan.workspaces.values()], default=str)
    assert "shared_role_differs" in told
    for secret in (SECRET, TOKEN):
        assert secret not in told
        assert secret not in repr(questions.identity(one))
        assert secret in _secrets([one])


def test_those_who_share_a_role_may_reach_it_in_ways_of_their_own() -> None:
    one, two = settings("a", **KEYS), settings("b", currents_bucket="bucket-b", s3_access_aws_profile="acme")
    assert [codes(plan) for plan in plans_of("onboard", one, two)] == [[], []]
