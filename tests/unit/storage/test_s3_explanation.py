# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a security reviewer is told: whether Fivetran may, through which statement, and what is wider than needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.adoption import plan_given
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import (
    FIVETRAN_ACCOUNT,
    JsonObject,
    Reading,
    trust_document,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.explanation import explanation, summary
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import (
    AccessPlan,
    Actual,
    ActualRole,
    DesiredAccess,
    Place,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.plan import plan_present
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.removal import plan_absent
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import Document
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer, Reason

ACCOUNT, GROUP, BUCKET = "111122223333", "jovial_daylight", "acme"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/Fivetran"
HERE = Place(BUCKET, "currents")
NAME = "s3://acme/currents"


def desired(*, keys: tuple[str, ...] = (), prefix: str | None = None) -> DesiredAccess:
    return DesiredAccess(
        policy_name="Fivetran-S3-Access",
        role_name="Fivetran",
        external_id=GROUP,
        reading=Reading((BUCKET,), prefix=prefix, kms_key_arns=keys),
        trust=trust_document(GROUP, FIVETRAN_ACCOUNT, "aws"),
        account=ACCOUNT,
    )


def of_somebody_else(*statements: JsonObject, trust: JsonObject | None = None) -> Actual:
    """Return an account with a role of somebody else that has these statements in an inline policy."""
    document = Document("the inline policy own", {"Version": "2012-10-17", "Statement": list(statements)})
    trusted = trust or trust_document(GROUP, FIVETRAN_ACCOUNT, "aws")
    return Actual(role=ActualRole(arn=ROLE_ARN, trust=trusted, tags={}, documents=(document,)))


def allow(actions: list[str], resource: str) -> JsonObject:
    return {"Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::{resource}"}


READS = (allow(["s3:ListBucket"], BUCKET), allow(["s3:GetObject"], f"{BUCKET}/currents/*"))


def plan_of(
    wish: DesiredAccess, actual: Actual, *, adopt: bool = False, places: tuple[Place, ...] = (HERE,)
) -> AccessPlan:
    return plan_present(wish, actual, adopt=adopt, places=places)


def explained(
    wish: DesiredAccess, actual: Actual, policies: Mapping[str, Document] | None = None, **how: bool
) -> JsonObject:
    return explanation(wish, actual, plan_of(wish, actual, **how), policies or {})


def answers(found: JsonObject) -> dict[str, str]:
    """Return the answer to each question about the place."""
    place = found["read"][NAME]
    return {"read": place["answer"], **{name: part["answer"] for name, part in place.items() if isinstance(part, dict)}}


def codes(found: JsonObject) -> list[str]:
    return [reason["code"] for reason in found["wider"]]


def test_of_a_role_that_is_yet_to_be_made_it_is_told_what_it_will_allow() -> None:
    found = explained(desired(prefix="currents"), Actual())
    assert found["assume_role"]["answer"] == "yes"
    assert answers(found) == {"read": "yes", "list": "yes", "objects": "yes", "location": "yes"}
    [reason] = found["read"][NAME]["objects"]["reasons"]
    assert (reason["action"], reason["resource"]) == ("s3:GetObject", "arn:aws:s3:::acme/currents/*")
    assert found["wider"] == []


def test_the_guides_own_policy_reads_more_than_the_folder_and_that_is_told() -> None:
    assert codes(explained(desired(), Actual())) == ["outside_folder"]


def test_a_bucket_that_was_asked_about_is_not_wider_than_needed() -> None:
    wish = replace(desired(), reading=Reading((BUCKET, "other")))
    plan = plan_of(wish, Actual(), places=(Place(BUCKET), Place("other")))
    assert explanation(wish, Actual(), plan, {})["wider"] == []


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_the_policy_of_the_bucket_counts_no_matter_who_has_made_the_role(effect: str) -> None:
    statement = {"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"}
    policies = {BUCKET: Document("the bucket policy of acme", {"Version": "2012-10-17", "Statement": [statement]})}
    expected = "no" if effect == "Deny" else "yes"
    for actual in (Actual(), of_somebody_else(*READS)):
        found = answers(explained(desired(), actual, policies))
        assert (found["read"], found["list"], found["objects"]) == (expected, "yes", expected)


def test_the_region_of_the_bucket_can_be_done_without() -> None:
    found = answers(explained(desired(), of_somebody_else(*READS)))
    assert (found["location"], found["read"]) == ("no", "yes")


@pytest.mark.parametrize(("keys_of_the_policy", "code"), [((KEY,), "allowed"), ((), "not_allowed")])
def test_of_a_key_the_roles_own_side_is_told_and_that_the_keys_is_not_seen(
    keys_of_the_policy: tuple[str, ...], code: str
) -> None:
    decrypts = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": list(keys_of_the_policy) or ["arn:aws:kms:::x"]}
    decrypt = explained(desired(keys=(KEY,)), of_somebody_else(*READS, decrypts))["read"][NAME]["decrypt"]
    assert decrypt["answer"] == "unknown"
    assert [reason["code"] for reason in decrypt["reasons"]] == [code, "unread"]


def test_what_is_added_to_a_role_of_somebody_else_is_told_as_it_will_be() -> None:
    actual = of_somebody_else(*READS[:1], trust=trust_document("patient_harbor", FIVETRAN_ACCOUNT, "aws"))
    before, after = explained(desired(), actual), explained(desired(), actual, adopt=True)
    assert (before["assume_role"]["answer"], answers(before)["read"]) == ("no", "no")
    assert (after["assume_role"]["answer"], answers(after)["read"]) == ("yes", "yes")
    # What is wider is told of a role that does not suffice, too.
    assert codes(before) == ["more_external_ids"]
    assert codes(after) == ["more_external_ids", "outside_folder"]


def test_whom_else_the_role_trusts_and_what_else_it_may_do_is_told() -> None:
    trust = trust_document(GROUP, FIVETRAN_ACCOUNT, "aws")
    lambda_too = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = {**trust, "Statement": [*trust["Statement"], lambda_too]}
    actual = of_somebody_else(allow(["s3:*"], "*"), trust=trust)
    assert {"other_service", "writes", "every_bucket"} <= set(codes(explained(desired(), actual)))


def test_of_a_role_that_cannot_be_looked_at_nothing_is_made_up() -> None:
    reason = Reason("role_in_another_account", "the role is in another account")
    plan = plan_given(desired(), reason, ROLE_ARN, [HERE], policies={})
    found = explanation(desired(), Actual(), plan, {})
    assert found == summary(plan)
    assert (found["assume_role"]["answer"], answers(found), found["wider"]) == ("unknown", {"read": "unknown"}, None)


def test_of_what_is_taken_away_there_is_nothing_to_tell() -> None:
    plan = plan_absent(desired(), Actual(), adopt=False)
    assert explanation(desired(), Actual(), plan, {}) == {"assume_role": None, "read": {}, "wider": None}


def test_what_the_plan_tells_takes_no_more_work_than_the_plan() -> None:
    plan = plan_of(desired(), Actual())
    assert plan.trust is not None
    assert (plan.trust.answer, plan.wider) == (Answer.YES, None)
    assert set(summary(plan)["read"][NAME]) == {"answer", "reasons"}
    # Of a role of somebody else the plan looks for it anyway.
    assert plan_of(desired(), of_somebody_else(*READS)).wider == ()
