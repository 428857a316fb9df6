# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket that nobody names is not taken away from a run that has granted it and is about to make its connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualPolicy, ActualRole

from tests.unit.workspaces.situations import InIam, World, change, in_iam, plans_of, row, settings, unknown

US = settings("us", currents_bucket="bucket-us")


def written_lately(iam: InIam) -> InIam:
    policy, role = iam
    assert not isinstance(policy, ActualRole)
    return replace(policy, is_fresh=True), role


@pytest.mark.parametrize(
    "added",
    [
        {"Sid": "NoPayroll", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-payroll/*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-payroll/*"},
    ],
    ids=["denied", "written"],
)
@pytest.mark.parametrize("others", [(), (unknown("unreadable"),)], ids=["alone", "beside one that cannot be read"])
def test_a_bucket_that_a_policy_denies_or_lets_write_is_never_made_one_that_it_lets_read(
    added: dict[str, str], others: tuple[Any, ...]
) -> None:
    policy, role = written_lately(in_iam(US, US.bucket))
    assert isinstance(policy, ActualPolicy)
    document = {**policy.document, "Statement": [*policy.document["Statement"], added]}
    world = World(iam=(replace(policy, document=document), role), rows=(row(US),))
    plan = plans_of("onboard", US, *others, world=world)[0]
    assert "acme-payroll" not in str(change(plan, "policy").after)
    assert plan.access.buckets == (US.bucket,)
    assert "bucket_granted_lately" not in [found.code for found in plan.noticed]


def test_a_bucket_that_nobody_names_stays_while_the_policy_is_fresh_and_that_is_said() -> None:
    both = in_iam(US, "bucket-us", "bucket-of-another-run")
    [plan] = plans_of("onboard", US, world=World(iam=written_lately(both)))
    assert plan.access.released == ()
    assert [(change.kind, change.action) for change in plan.changes_of("policy", "role")] == []
    [finding] = [found for found in plan.noticed if found.code == "bucket_granted_lately"]
    assert "bucket-of-another-run" in finding.message
    [later] = plans_of("onboard", US, world=World(iam=both))
    assert later.access.released == ("bucket-of-another-run",)


def test_who_leaves_takes_its_own_bucket_away_however_fresh_the_policy_is() -> None:
    world = World(iam=written_lately(in_iam(US, "bucket-us")), rows=(row(US),))
    [plan] = plans_of("offboard", US, world=world)
    assert sorted((change.kind, change.action.value) for change in plan.todo) == [
        ("connection", "delete"),
        ("policy", "delete"),
        ("role", "delete"),
    ]


def test_who_leaves_does_not_take_away_what_another_run_has_granted_a_moment_ago() -> None:
    iam = in_iam(US, "bucket-us", "bucket-of-another-run")
    [plan] = plans_of("offboard", US, world=World(iam=written_lately(iam), rows=(row(US),)))
    assert plan.access.buckets == ("bucket-us",)
    assert [(change.kind, change.action.value) for change in plan.changes_of("policy", "role")] == [
        ("policy", "update")
    ]
    assert "bucket_granted_lately" in [found.code for found in plan.noticed]
