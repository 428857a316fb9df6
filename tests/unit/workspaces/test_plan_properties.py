# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of every plan, whatever the inventory and whatever the vendors hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualPolicy, ActualRole
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.finding import Finding
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings, Unusable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Change,
    Plan,
    WorkspacePlan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.unit.workspaces.situations import (
    GROUP,
    GROUP_ID,
    MASK,
    SECOND_GROUP,
    SECOND_GROUP_ID,
    SECRETS,
    SERVICE_ACCOUNT,
    World,
    codes,
    entry,
    gcs_policy,
    in_iam,
    other_row,
    plan_of,
    row,
    settings,
    unknown,
    unusable,
)

# The machine may be busy with other tests.
quick = hypothesis_settings(deadline=None, max_examples=examples(60))

NAMES = ("a", "b", "c", "d", "e")
PURPOSES = ("onboard", "verify", "rotate_key", "offboard")
# Few of each, so that workspaces meet.
BUCKETS = ("bucket-one", "bucket-two", "bucket-three")
GROUPS_AS_NAMED = (GROUP, GROUP_ID, SECOND_GROUP)


@dataclass(frozen=True)
class Scene:
    """An inventory, and what the vendors hold."""

    inventory: tuple[Settings | Unusable, ...]
    world: World

    @property
    def readable(self) -> tuple[Settings, ...]:
        return tuple(one for one in self.inventory if isinstance(one, Settings))

    def plan(self, purpose: str, names: Iterable[str] | None = None) -> Plan:
        return plan_of(purpose, *self.inventory, world=self.world, names=names)


def workspaces(name: str, cases: bool) -> st.SearchStrategy[Settings | Unusable]:
    """Return workspaces of a name that claim what others may claim, too; some cannot be read.

    ``cases``: names in AWS may differ in case only.
    """
    other_case = (str.lower,) if cases else ()
    variables = st.fixed_dictionaries(
        {
            "fivetran_group": st.sampled_from(GROUPS_AS_NAMED),
            "fivetran_schema": st.sampled_from((f"braze_{name}", f"braze_{name}", "braze")),
            "currents_storage": st.sampled_from(("s3", "s3", "gcs")),
            "currents_bucket": st.sampled_from(BUCKETS),
            "currents_prefix": st.sampled_from((name, name, "", "shared")),
            "currents_folder_shared": st.booleans(),
            "s3_access_role_name": st.sampled_from(
                ("Fivetran", "Fivetran", "Other", *(case("Fivetran") for case in other_case))
            ),
            "s3_access_policy_name": st.sampled_from(
                ("Policy", "Policy", "Other", *(case("Policy") for case in other_case))
            ),
        }
    )
    readable = variables.map(lambda chosen: known_entry(name, tuple(chosen.items())))
    return st.one_of(readable, readable, readable, st.sampled_from((unknown(name), unusable(name))))


@cache
def known_entry(name: str, variables: tuple[tuple[str, Any], ...]) -> Settings | Unusable:
    return entry(name, **dict(variables))


@st.composite
def scenes(draw: st.DrawFn, count: int = len(NAMES), cases: bool = True) -> Scene:
    """Return an inventory with whatever exists of what it wants, and with what else may be there."""
    inventory = tuple(draw(workspaces(name, cases)) for name in NAMES[: draw(st.integers(1, count))])
    readable = [one for one in inventory if isinstance(one, Settings)]
    rows = {one.fivetran_schema: row(one, group_id(one)) for one in readable if draw(st.booleans())}
    for schema, held in list(rows.items()):
        if draw(st.booleans()):
            rows[schema] = {**held, "paused": True, "config": draw(st.sampled_from((None, {}, held["config"])))}
    rows["files"] = other_row("files", "s3", bucket=draw(st.sampled_from((*BUCKETS, "elsewhere"))))
    granted = draw(st.lists(st.sampled_from((*BUCKETS, "forgotten")), unique=True))
    in_s3 = [one for one in readable if one.storage == "s3"]
    iam = in_iam(in_s3[0], *granted, group_id=group_id(in_s3[0])) if in_s3 and granted else ()
    policies = {bucket: gcs_policy(*draw(st.sampled_from(((), (SERVICE_ACCOUNT,))))) for bucket in BUCKETS}
    return Scene(inventory, World(rows=tuple(rows.values()), iam=iam, policies=policies))


def group_id(workspace: Settings) -> str:
    return SECOND_GROUP_ID if workspace.fivetran_group == SECOND_GROUP else GROUP_ID


def alike(plan: WorkspacePlan) -> Any:
    """Return a plan apart from who makes what is shared, and with whom, and from the order of its sentences."""
    access = replace(plan.access, maker="maker" if plan.access.maker else "")
    changes = tuple(replace(change, made_by="", shared_with=()) for change in plan.changes)
    return replace(plan, access=access, changes=changes, problems=sentences(plan.problems), warnings=())


def sentences(found: Iterable[Finding]) -> Any:
    return tuple(sorted(found, key=str))


def own(plan: WorkspacePlan) -> Any:
    """Return what a workspace gets for itself: nothing of what others get in the same policy."""
    changes = [replace(change, made_by="", shared_with=()) for change in plan.changes if change.kind != "policy"]
    is_granted = plan.bucket in plan.access.buckets
    return sentences(plan.problems), changes, is_granted, plan.paused, plan.group


def removals(plan: Plan) -> set[tuple[str, str, str]]:
    """Return what is taken away: objects, and buckets out of policies."""
    found = set()
    for name, workspace in plan.workspaces.items():
        if workspace.problems:
            continue
        found |= {(name, change.kind, change.name) for change in workspace.todo if change.action == "delete"}
        found |= {(name, "bucket", bucket) for bucket in workspace.access.released}
    return found


def in_any_order(scene: Scene, purpose: str, shuffled: list[Settings | Unusable]) -> None:
    plan, other = scene.plan(purpose), Scene(tuple(shuffled), scene.world).plan(purpose)
    assert {name: alike(one) for name, one in plan.workspaces.items()} == {
        name: alike(one) for name, one in other.workspaces.items()
    }
    assert list(other.workspaces) == [one.name for one in shuffled]


@quick
@given(scenes(), st.sampled_from(("onboard", "verify", "rotate_key")), st.data())
def test_the_order_of_the_inventory_changes_nothing_but_who_makes_what_is_shared(
    scene: Scene, purpose: str, data: st.DataObject
) -> None:
    in_any_order(scene, purpose, data.draw(st.permutations(scene.inventory)))


@quick
@given(scenes(cases=False), st.data())
def test_the_order_of_the_inventory_changes_nothing_of_who_leaves(scene: Scene, data: st.DataObject) -> None:
    in_any_order(scene, "offboard", data.draw(st.permutations(scene.inventory)))


@quick
@given(scenes(), st.sampled_from(("onboard", "verify", "rotate_key")), st.sets(st.sampled_from(NAMES)))
def test_who_else_plays_changes_nothing_of_what_a_workspace_itself_gets(
    scene: Scene, purpose: str, names: set[str]
) -> None:
    whole, part = scene.plan(purpose), scene.plan(purpose, names)
    assert set(part.workspaces) == names & set(whole.workspaces)
    for name, plan in part.workspaces.items():
        assert own(plan) == own(whole.workspaces[name])


@quick
@given(scenes(), st.sets(st.sampled_from(NAMES)))
def test_who_else_leaves_changes_nothing_of_what_happens_to_a_connection(scene: Scene, names: set[str]) -> None:
    whole, part = scene.plan("offboard"), scene.plan("offboard", names)
    for name, plan in part.workspaces.items():
        other = whole.workspaces[name]
        # What is foreign in AWS is no problem as long as others keep it from being taken away.
        assert sentences(one for one in plan.problems if one.step != "access") == sentences(
            one for one in other.problems if one.step != "access"
        )
        assert plan.changes_of("connection") == other.changes_of("connection")


@quick
@given(st.sampled_from(PURPOSES), st.sampled_from((["a", "b"], ["a"], ["b"])), st.data())
def test_two_that_claim_the_same_are_both_refused_no_matter_who_plays(
    purpose: str, names: list[str], data: st.DataObject
) -> None:
    claims: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "schema_claimed_twice": ({"fivetran_group": GROUP}, {"fivetran_group": GROUP_ID}),
        "folder_read_twice": ({"currents_prefix": "x"}, {"currents_prefix": "/x/"}),
        "shared_role_differs": ({}, {"s3_access_tags": {"team": "data"}}),
        "policy_of_two_roles": ({}, {"s3_access_role_name": "Other"}),
        "role_of_two_groups": ({}, {"fivetran_group": SECOND_GROUP}),
    }
    code = data.draw(st.sampled_from(sorted(claims)))
    if purpose == "offboard" and code != "schema_claimed_twice":
        # To leave, nobody has to agree with anybody.
        return
    one, other = claims[code]
    schema = {"fivetran_schema": "braze"} if code == "schema_claimed_twice" else {}
    inventory = [settings("a", **one, **schema), settings("b", **other, **schema)]
    rows = tuple(row(workspace, group_id(workspace)) for workspace in inventory) if data.draw(st.booleans()) else ()
    if data.draw(st.booleans()):
        inventory.reverse()
    plan = plan_of(purpose, *inventory, world=World(rows=rows), names=names)
    assert set(plan.workspaces) == set(names)
    for workspace in plan.workspaces.values():
        assert code in codes(workspace)
        assert workspace.work()["to_change"] == []


@quick
@given(scenes(count=3), st.sampled_from(PURPOSES))
def test_a_neighbor_that_cannot_be_read_never_adds_a_removal(scene: Scene, purpose: str) -> None:
    joined_by = Scene((*scene.inventory, unknown("unknown")), scene.world)
    assert removals(joined_by.plan(purpose)) <= removals(scene.plan(purpose))


@quick
@given(scenes(), st.sampled_from(PURPOSES))
def test_nothing_is_taken_away_that_another_connection_of_the_group_names(scene: Scene, purpose: str) -> None:
    plan = scene.plan(purpose)
    (bucket,) = [held["config"]["bucket"] for held in scene.world.rows if held["schema"] == "files"]
    for workspace in plan.workspaces.values():
        if workspace.group is None or workspace.group.id != GROUP_ID or workspace.problems:
            continue
        assert bucket not in workspace.access.released
        assert not (
            workspace.access.state == "absent" and bucket in workspace.access.buckets and workspace.storage == "s3"
        )
        assert workspace.bucket != bucket or "grant" not in {change.kind for change in removed(workspace)}


def removed(plan: WorkspacePlan) -> list[Change]:
    return [change for change in plan.todo if change.action == "delete"]


@quick
@given(scenes(), st.sampled_from(("onboard", "offboard")))
def test_once_a_plan_is_carried_out_there_is_nothing_left_to_do(scene: Scene, purpose: str) -> None:
    # Where two roles share a policy, which nobody is onboarded with, each takes its part out of what the other left.
    assume(purpose == "onboard" or each_policy_has_one_role(scene))
    plan = scene.plan(purpose)
    after = Scene(scene.inventory, carried_out(scene, plan))
    for name, workspace in after.plan(purpose).workspaces.items():
        if plan.workspaces[name].verdict is not WorkspaceVerdict.REFUSED:
            assert (name, workspace.verdict, workspace.problems) == (name, WorkspaceVerdict.FINE, ())


def each_policy_has_one_role(scene: Scene) -> bool:
    names = {(one.roles["s3_access"]["policy_name"], one.roles["s3_access"]["role_name"]) for one in scene.readable}
    pairs = {(policy.lower(), role.lower()) for policy, role in names}
    return len(pairs) == len({policy for policy, _role in pairs}) == len({role for _policy, role in pairs})


def carried_out(scene: Scene, plan: Plan) -> World:
    """Return what the vendors hold when every change of the plan is made."""
    by_name = {one.name: one for one in scene.readable}
    rows = {(held["group_id"], held["schema"]): held for held in scene.world.rows}
    iam = {thing_of(one): one for one in scene.world.iam}
    policies = dict(scene.world.policies)
    for name, workspace in plan.workspaces.items():
        if workspace.problems:
            continue
        for change in workspace.todo:
            if change.kind == "connection":
                _connection(rows, change, by_name[name])
            elif change.kind == "grant":
                members = (SERVICE_ACCOUNT,) if change.action == "create" else ()
                policies[workspace.bucket] = gcs_policy(*members)
            elif not change.made_by:
                _in_iam(iam, change)
    return replace(scene.world, rows=tuple(rows.values()), iam=tuple(iam.values()), policies=policies)


def thing_of(thing: ActualPolicy | ActualRole) -> tuple[str, str]:
    """Return kind and name of what is in IAM."""
    return "policy" if isinstance(thing, ActualPolicy) else "role", thing.arn


def _connection(rows: dict[tuple[str, str], dict[str, Any]], change: Change, workspace: Settings) -> None:
    place = group_id(workspace), workspace.fivetran_schema
    if change.action == "delete":
        del rows[place]
        return
    held = rows.setdefault(place, row(workspace, place[0], config={}, paused=True))
    config = {
        field.removeprefix("config."): MASK if str(value).startswith("*") else value
        for field, value in change.after.items()
        if field.startswith("config.")
    }
    fields = {field: value for field, value in change.after.items() if not field.startswith("config.")}
    rows[place] = {**held, **fields, "config": {**(held["config"] or {}), **config}}


def _in_iam(iam: dict[tuple[str, str], ActualPolicy | ActualRole], change: Change) -> None:
    place = change.kind, change.name
    if change.action == "delete":
        del iam[place]
        return
    there, after = iam.get(place), dict(change.after)
    tags = {**(there.tags if there else {}), **after.get("tags", {})}
    if change.kind == "policy":
        policy = there if isinstance(there, ActualPolicy) else ActualPolicy(change.name, document={}, tags={})
        iam[place] = replace(policy, document=after.get("document", policy.document), tags=tags)
    else:
        role = there if isinstance(there, ActualRole) else ActualRole(change.name, trust={}, tags={})
        attached = (*role.attached_policies, after["policy"]) if after.get("policy") else role.attached_policies
        iam[place] = replace(role, trust=after.get("trust", role.trust), tags=tags, attached_policies=attached)


@quick
@given(scenes(), st.sampled_from(PURPOSES))
def test_no_plan_holds_a_secret(scene: Scene, purpose: str) -> None:
    text = str(as_told(scene.plan(purpose)))
    assert [secret for secret in SECRETS if secret in text] == []
