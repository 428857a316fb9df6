# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that was given a part of the fleet takes nothing away from what others may need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import granted_buckets
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualPolicy
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings, Unusable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import decide
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Action,
    Plan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import told
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspaces.situations import (
    SERVICE_ACCOUNT,
    World,
    change,
    codes,
    gcs,
    gcs_policy,
    in_iam,
    other_row,
    row,
    settings,
    situation,
    told_of,
)
from tests.unit.workspaces.test_plan_properties import Scene, quick, scenes

US = settings()
EU = gcs()
THEIRS = "bucket-of-another-slice"
KEPT = ("none", "still_needed")


def plan_of_part(purpose: str, *part: Settings | Unusable, world: World, names: Iterable[str] | None = None) -> Plan:
    return decide(replace(situation(purpose, *part, world=world, names=names), is_part=True))


def test_a_bucket_that_nobody_of_the_part_names_stays_and_a_new_one_is_added_beside_it() -> None:
    world = World(iam=in_iam(US, THEIRS))
    plan = plan_of_part("onboard", US, world=world).workspaces["shop_us"]
    assert (plan.access.buckets, plan.access.released) == (("acme-currents", THEIRS), ())
    assert (plan.verdict, told_of(plan)["policy"]) == (WorkspaceVerdict.CHANGES, ("update", "differs"))
    # The same run as a whole one gives up what nobody names.
    whole = decide(situation("onboard", US, world=world)).workspaces["shop_us"]
    assert whole.access.released == (THEIRS,)


@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key"])
def test_what_others_have_in_a_policy_is_no_difference_and_no_finding(purpose: str) -> None:
    world = World(rows=(row(US),), iam=in_iam(US, "acme-currents", THEIRS))
    plan = plan_of_part(purpose, US, world=world).workspaces["shop_us"]
    assert told_of(plan)["policy"] == ("none", "as_wanted")
    assert not plan.problems


def wider(policy: ActualPolicy) -> dict[str, Any]:
    [statement] = policy.document["Statement"]
    return {**policy.document, "Statement": [{**statement, "Action": [*statement["Action"], "s3:PutObject"]}]}


def test_what_would_be_overwritten_is_refused_and_named() -> None:
    policy, role = in_iam(US, "acme-currents")
    assert isinstance(policy, ActualPolicy)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    tagged = {**role.tags, "team": "crm"}
    for there, what in (
        ((replace(policy, document=wider(policy)), role), "document of the policy"),
        ((policy, replace(role, trust=trust)), "trust of the role"),
        ((policy, replace(role, tags=tagged)), "tags of the role"),
    ):
        workspace = settings(s3_access_tags={"team": "web"}) if "tags" in what else US
        plan = plan_of_part("onboard", workspace, world=World(iam=there)).workspaces["shop_us"]
        assert codes(plan) == ["part_of_fleet"], what
        assert what in plan.problems[0].message


def test_what_is_missing_in_iam_is_made_by_a_part_as_well() -> None:
    policy, role = in_iam(US, "acme-currents", attached_policies=())
    plan = plan_of_part("onboard", US, world=World(iam=(policy, role))).workspaces["shop_us"]
    assert (codes(plan), told_of(plan)["role"]) == ([], ("update", "differs"))
    fresh = plan_of_part("onboard", US, world=World()).workspaces["shop_us"]
    assert told_of(fresh) == {kind: ("create", "missing") for kind in ("policy", "role", "connection")}


def test_offboarding_a_part_deletes_the_connection_only_and_says_what_stays_and_what_to_run() -> None:
    world = World(
        rows=(row(US), row(EU)), iam=in_iam(US, "acme-currents"), policies={EU.bucket: gcs_policy(SERVICE_ACCOUNT)}
    )
    plan = plan_of_part("offboard", US, EU, world=world)
    us, eu = plan.workspaces["shop_us"], plan.workspaces["shop_eu"]
    assert told_of(us) == {"policy": KEPT, "role": KEPT, "connection": ("delete", "leaves")}
    assert told_of(eu) == {"grant": KEPT, "connection": ("delete", "leaves")}
    for one, what in ((us, "The IAM role Fivetran stays"), (eu, "The grant on gs://acme-currents-eu stays")):
        text = "\n".join(told("offboard", one))
        assert what in text
        assert "offboard.yml with the whole inventory and -e onramp_step=shared" in text


def test_of_what_is_gone_already_nothing_is_said_to_stay() -> None:
    plan = plan_of_part("offboard", US, EU, world=World())
    assert told_of(plan.workspaces["shop_us"])["role"] == ("none", "gone")
    assert told_of(plan.workspaces["shop_eu"])["grant"] == ("none", "gone")
    assert [one.noticed for one in plan.workspaces.values()] == [(), ()]


def test_a_part_calls_no_connection_unclaimed() -> None:
    world = World(rows=(row(US), other_row("braze_of_another_slice", "braze")), iam=in_iam(US, "acme-currents"))
    assert decide(situation("verify", US, world=world)).unclaimed
    plan = plan_of_part("verify", US, world=world)
    assert (plan.unclaimed, plan.doubts) == ((), ())


@quick
@given(scenes(), st.sampled_from(("onboard", "verify", "rotate_key", "offboard")), st.integers(0, 31))
def test_no_part_of_any_fleet_takes_anything_away(scene: Scene, purpose: str, chosen: int) -> None:
    part = tuple(one for number, one in enumerate(scene.inventory) if chosen & 1 << number)
    plan = plan_of_part(purpose, *part, world=scene.world)
    policies = {one.arn: set(granted_buckets(one.document)) for one in scene.world.iam if isinstance(one, ActualPolicy)}
    for workspace in plan.workspaces.values():
        assert workspace.access.released == ()
        for done in workspace.changes_of("policy", "role", "grant"):
            assert done.action is not Action.DELETE
            if done.name in policies and "document" in done.after and not workspace.problems:
                assert policies[done.name] <= set(granted_buckets(done.after["document"]))


def test_who_shares_within_the_part_still_makes_it_once() -> None:
    first, second = settings("a", currents_bucket="bucket-a"), settings("b", currents_bucket="bucket-b")
    plan = plan_of_part("onboard", first, second, world=World(iam=in_iam(first, THEIRS)))
    assert {one.access.maker for one in plan.workspaces.values()} == {"a"}
    assert change(plan.workspaces["b"], "policy").made_by == "a"
