# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents that the role s3_access writes, also where no emulator can judge them: partitions and KMS."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import (
    FIVETRAN_ACCOUNT,
    PARTITIONS,
    Reading,
    buckets_spoken_of,
    check_external_id,
    digest_of,
    external_ids,
    granted_buckets,
    permission_document,
    same_document,
    trust_document,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from hypothesis import given
from hypothesis import strategies as st

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def statements(reading: Reading) -> list[dict[str, Any]]:
    return list(permission_document(reading)["Statement"])


def resources(reading: Reading) -> list[str]:
    return [resource for statement in statements(reading) for resource in statement["Resource"]]


def test_the_default_is_the_policy_of_the_guide() -> None:
    [statement] = statements(Reading(("acme",)))
    assert statement["Action"] == ["s3:Get*", "s3:List*"]
    assert statement["Resource"] == ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"]


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{2,10}", fullmatch=True), min_size=1, unique=True))
def test_a_bucket_whose_name_begins_like_ours_is_never_granted(buckets: list[str]) -> None:
    for resource in resources(Reading(tuple(buckets))):
        name = resource.removeprefix("arn:aws:s3:::")
        assert name in buckets or name.removesuffix("/*") in buckets


def test_every_bucket_of_several_is_granted() -> None:
    document = permission_document(Reading(("acme-us", "acme-eu")))
    assert granted_buckets(document) == ["acme-eu", "acme-us"]


def of_ours(*more: dict[str, object]) -> dict[str, object]:
    document = permission_document(Reading(("acme-us",)))
    return {**document, "Statement": [*document["Statement"], *more]}


PAYROLL = ["arn:aws:s3:::acme-payroll", "arn:aws:s3:::acme-payroll/*"]


@pytest.mark.parametrize(
    "more",
    [
        [{"Effect": "Deny", "Action": "s3:*", "Resource": PAYROLL}],
        [{"Effect": "Allow", "Action": ["s3:PutObject", "s3:Delete*"], "Resource": PAYROLL}],
        [{"Effect": "Allow", "Action": "sqs:*", "Resource": PAYROLL}],
        [{"Effect": "Allow", "NotAction": "s3:*", "Resource": PAYROLL}],
        [
            {"Effect": "Allow", "Action": "*", "Resource": PAYROLL},
            {"Effect": "Deny", "Action": "S3:Get*", "Resource": "*"},
        ],
        [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": PAYROLL},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-pay*"},
        ],
        [{"Effect": "Allow", "NotResource": PAYROLL, "Action": "s3:*"}],
        ["no statement"],
    ],
)
def test_a_bucket_that_is_denied_or_only_written_to_is_not_granted_but_spoken_of(more: list[Any]) -> None:
    document = of_ours(*more)
    assert "acme-payroll" not in granted_buckets(document)
    speaks = any("Resource" in one for one in more if isinstance(one, dict))
    assert ("acme-payroll" in buckets_spoken_of(document)) is speaks


@pytest.mark.parametrize(
    "more",
    [
        [{"Effect": "Allow", "Action": "s3:getobject", "Resource": PAYROLL[1]}],
        [{"Effect": "Allow", "Action": "S3:Get*", "Resource": PAYROLL[1]}],
        [{"Effect": "Allow", "Action": "s3:Get?bject", "Resource": PAYROLL[1]}],
        [{"Effect": "Allow", "NotAction": "s3:ListBucket", "Resource": PAYROLL[1]}],
        # What reads the rest of it still needs the bucket.
        [
            {"Effect": "Allow", "Action": "s3:*", "Resource": PAYROLL},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-payroll/private/*"},
        ],
        [
            {"Effect": "Allow", "Action": "s3:*", "Resource": PAYROLL},
            {"Effect": "Deny", "Action": "s3:Put*", "Resource": PAYROLL},
        ],
        [
            {"Effect": "Allow", "Action": "s3:*", "Resource": PAYROLL},
            {
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": PAYROLL,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    ],
)
def test_a_bucket_that_is_read_in_whatever_way_is_granted(more: list[Any]) -> None:
    assert granted_buckets(of_ours(*more)) == ["acme-payroll", "acme-us"]


def test_scope_prefix_lists_and_reads_the_folder_only() -> None:
    listing, locating, reading = statements(Reading(("acme",), prefix="/currents/"))
    assert listing["Action"] == ["s3:ListBucket"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["currents", "currents/*"]}}
    assert locating["Action"] == ["s3:GetBucketLocation"]
    assert reading["Resource"] == ["arn:aws:s3:::acme/currents/*"]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_every_arn_is_of_the_partition_of_the_account(partition: str) -> None:
    trust = trust_document("jovial_daylight", FIVETRAN_ACCOUNT, partition)
    assert trust["Statement"][0]["Principal"] == {"AWS": f"arn:{partition}:iam::834469178297:root"}
    granted = resources(Reading(("acme",), prefix="currents", partition=partition))
    assert all(arn.startswith(f"arn:{partition}:s3:::acme") for arn in granted)


def test_kms_keys_add_decrypt_for_these_keys_and_nothing_else() -> None:
    *_others, statement = statements(Reading(("acme",), kms_key_arns=(KEY,)))
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt"], [KEY])


def test_nothing_but_reading_is_ever_allowed() -> None:
    for reading in (Reading(("acme",), kms_key_arns=(KEY,)), Reading(("acme",), prefix="p", kms_key_arns=(KEY,))):
        actions = {action for statement in statements(reading) for action in statement["Action"]}
        assert all(action.startswith(("s3:Get", "s3:List")) or action == "kms:Decrypt" for action in actions)


@pytest.mark.parametrize("external_id", ["", "a", "jovial daylight", "jovial_daylight\n", "über", "x" * 1225])
def test_no_trust_policy_is_built_without_an_external_id_that_aws_accepts(external_id: str) -> None:
    with pytest.raises(InvalidArgument, match="external_id: expected the External ID"):
        trust_document(external_id, FIVETRAN_ACCOUNT, "aws")


@pytest.mark.parametrize("external_id", ["jovial_daylight", "a1", "+=,.@:/-", "x" * 1224])
def test_every_external_id_that_aws_accepts_is_accepted(external_id: str) -> None:
    assert check_external_id(external_id) == external_id
    assert external_ids(trust_document(external_id, FIVETRAN_ACCOUNT, "aws")) == [external_id]


@pytest.mark.parametrize("account", ["", "83446917829", "*", "arn:aws:iam::834469178297:root"])
def test_an_account_that_is_no_account_is_refused(account: str) -> None:
    with pytest.raises(InvalidArgument, match="fivetran_account_id"):
        trust_document("jovial_daylight", account, "aws")


@pytest.mark.parametrize(
    ("reading", "option"),
    [
        (Reading(()), "buckets"),
        (Reading(("acme*",)), "buckets"),
        (Reading(("s3://acme",)), "buckets"),
        (Reading(("acme/currents",)), "buckets"),
        (Reading(("Acme",)), "buckets"),
        (Reading(("acme",), prefix=""), "prefix"),
        (Reading(("acme",), prefix="/"), "prefix"),
        (Reading(("acme",), prefix="cur*"), "prefix"),
        (Reading(("acme",), prefix="${aws:username}"), "prefix"),
        (Reading(("acme",), kms_key_arns=("1234abcd",)), "kms_key_arns"),
        (Reading(("acme",), kms_key_arns=("*",)), "kms_key_arns"),
    ],
)
def test_what_would_widen_the_policy_is_refused_by_name(reading: Reading, option: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{option}: expected"):
        permission_document(reading)


def shuffled(value: Any, seed: int) -> Any:
    """Spell a document differently: other order, single values outside of lists."""
    if isinstance(value, dict):
        items = list(value.items())
        random.Random(seed).shuffle(items)
        return {key: shuffled(inner, seed) for key, inner in items}
    if isinstance(value, list):
        items = [shuffled(inner, seed) for inner in value]
        random.Random(seed).shuffle(items)
        return items[0] if len(items) == 1 and isinstance(items[0], str) else items
    return value


@given(st.integers(0, 1000))
def test_a_document_is_the_same_in_whatever_order_it_is_written(seed: int) -> None:
    document = permission_document(Reading(("acme", "other"), prefix="currents", kms_key_arns=(KEY,)))
    assert same_document(document, shuffled(document, seed))
    assert digest_of(document) == digest_of(shuffled(document, seed))


def test_an_account_id_and_the_arn_of_its_root_are_the_same_principal() -> None:
    trust = trust_document("jovial_daylight", FIVETRAN_ACCOUNT, "aws")
    short = json.loads(json.dumps(trust).replace("arn:aws:iam::834469178297:root", "834469178297"))
    assert same_document(trust, short)
    # In every process, and in each release: reports of other nights hold it.
    assert digest_of(trust) == digest_of(short) == "7d3d1848176cf5191fcafdef810561ac"


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("jovial_daylight", "Jovial_daylight"),
        ("834469178297", "111122223333"),
        ("StringEquals", "StringLike"),
        ("sts:AssumeRole", "sts:*"),
        ('"Effect": "Allow"', '"Effect": "Deny"'),
    ],
)
def test_a_trust_that_differs_in_anything_is_another(text: str, replacement: str) -> None:
    trust = trust_document("jovial_daylight", FIVETRAN_ACCOUNT, "aws")
    other = json.loads(json.dumps(trust).replace(text, replacement))
    assert other != trust
    assert not same_document(trust, other)
    assert digest_of(trust) != digest_of(other)


def test_a_second_statement_makes_another_document() -> None:
    document = permission_document(Reading(("acme",)))
    wider = {**document, "Statement": [*document["Statement"], {**document["Statement"][0], "Action": "s3:*"}]}
    assert not same_document(document, wider)
