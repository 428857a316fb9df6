# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that is in another group now is named with both groups, and no second one is made beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Action,
    ChangeReason,
    WorkspacePlan,
    WorkspaceVerdict,
)

from tests.unit.workspaces.situations import (
    GROUP,
    GROUP_ID,
    ROLE,
    SECOND_GROUP,
    SECOND_GROUP_ID,
    World,
    change,
    codes,
    failed,
    gcs,
    in_iam,
    plan_of,
    plans_of,
    row,
    settings,
    situation,
    unknown,
)
from tests.unit.workspaces.situations import GROUPS as BOTH


def moved(workspace: Settings, **changes: Any) -> World:
    """Return a world in which the workspace's connection is in the second group."""
    return World(rows=(row(workspace, SECOND_GROUP_ID, **changes),))


def plan(purpose: str, workspace: Settings, *others: Any, world: World | None = None, **more: Any) -> WorkspacePlan:
    """Return the plan of a workspace."""
    made = plans_of(purpose, workspace, *others, names=[workspace.name], world=world or moved(workspace), **more)
    return made[0]


def warnings(made: WorkspacePlan) -> list[str]:
    return [warning.code for warning in made.warnings]


@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key", "offboard"])
@pytest.mark.parametrize("make", [settings, gcs])
def test_a_moved_connection_is_named_with_both_groups_by_every_playbook(purpose: str, make: Any) -> None:
    made = plan(purpose, make())
    assert codes(made) == ["connection_moved"]
    said = made.problems[0]
    for word in (GROUP, GROUP_ID, SECOND_GROUP, SECOND_GROUP_ID, f"id_of_{made.schema}", made.bucket):
        assert word in said.message
    assert f"fivetran_group: {SECOND_GROUP}" in said.remedy
    assert made.verdict is WorkspaceVerdict.REFUSED
    assert [item.action for item in made.changes if item.kind == "connection"] == []


def test_what_changes_with_the_group_is_said_of_each_cloud() -> None:
    assert f"External ID has changed, to {SECOND_GROUP_ID}" in plan("verify", settings()).problems[0].message
    assert "service account that reads for it has changed" in plan("verify", gcs()).problems[0].message


def test_a_group_that_was_renamed_leaves_the_role_that_works_its_names() -> None:
    workspace = settings()
    there = replace(moved(workspace), iam=in_iam(workspace, "acme-currents", group_id=SECOND_GROUP_ID))
    said = plan("onboard", workspace, world=there).problems[0]
    assert said.code == "connection_moved"
    assert f"the IAM role {ROLE} trusts that group already" in said.message
    assert "it was moved" not in said.message
    assert f"set fivetran_group: {SECOND_GROUP} and run onboard.yml" in said.remedy
    assert "s3_access_role_name" not in said.remedy


def test_once_the_inventory_names_the_new_group_the_connection_is_found_and_gets_a_role_of_that_group() -> None:
    own_names = {"s3_access_role_name": "Fivetran-EMEA", "s3_access_policy_name": "Fivetran-EMEA"}
    workspace = settings(fivetran_group=SECOND_GROUP, **own_names)
    there = replace(moved(workspace), iam=in_iam(settings("another"), "acme-currents"))
    made = plan("onboard", workspace, world=there)
    assert codes(made) == []
    connection = change(made, "connection")
    assert (connection.action, connection.reason) == (Action.UPDATE, ChangeReason.ROLE_IS_NEW)
    assert connection.work is not None
    assert connection.work.run_setup_tests == "always"


def test_a_connection_of_the_same_name_that_reads_something_else_is_told_and_the_own_one_made() -> None:
    workspace = settings()
    elsewhere = moved(settings(currents_prefix="another"))
    made = plan("onboard", workspace, world=elsewhere)
    assert (codes(made), warnings(made)) == ([], ["schema_in_another_group"])
    assert change(made, "connection").action is Action.CREATE


def test_who_wants_to_read_the_folder_twice_gets_a_second_connection_and_a_warning() -> None:
    made = plan("onboard", settings(currents_folder_shared=True))
    assert (codes(made), warnings(made)) == ([], ["schema_in_another_group"])
    assert change(made, "connection").action is Action.CREATE


def test_a_connection_of_the_same_name_that_another_workspace_claims_is_nobody_elses() -> None:
    workspace = settings()
    other = settings("shop_dr", fivetran_schema=workspace.fivetran_schema, fivetran_group=SECOND_GROUP_ID)
    claimed = World(rows=(row(other, SECOND_GROUP_ID),))
    assert "connection_moved" not in codes(plan("onboard", workspace, other, world=claimed))
    # Who cannot be read claims nothing that anybody knows of.
    assert codes(plan("onboard", workspace, unknown())) == ["connection_moved"]


def test_a_moved_connection_belongs_to_its_workspace_and_is_none_that_nobody_claims() -> None:
    workspace, there = settings(), settings("shop_uk", fivetran_group=SECOND_GROUP, s3_access_role_name="Fivetran-UK")
    stray = {"id": "stray", "schema": "braze_stray"}
    rows = (row(workspace, SECOND_GROUP_ID), row(there, SECOND_GROUP_ID), row(workspace, SECOND_GROUP_ID, **stray))
    made = plan_of("verify", workspace, there, world=World(rows=rows))
    assert [found.as_json()["schema"] for found in made.unclaimed] == ["braze_stray"]


def test_another_services_connection_of_the_same_name_is_none_that_was_moved() -> None:
    workspace = settings()
    made = plan("onboard", workspace, world=moved(workspace, service="s3"))
    assert (codes(made), warnings(made)) == ([], [])


def test_where_the_other_groups_could_not_be_looked_at_nothing_is_created() -> None:
    workspace = settings()
    made = plan("onboard", workspace, answers={questions.elsewhere(workspace, GROUP_ID): failed()})
    assert (codes(made), made.incomplete) == (["timeout"], ("connection",))


def test_an_account_with_one_group_is_not_asked_for_others() -> None:
    workspace, one = settings(), World(groups=BOTH[:1])
    assert not situation("onboard", workspace, world=one).seen.has(questions.elsewhere(workspace, SECOND_GROUP_ID))
    nobody_asked = {questions.elsewhere(workspace, GROUP_ID): failed("not_looked_at")}
    assert codes(plan("onboard", workspace, world=one, answers=nobody_asked)) == []


def test_a_group_that_has_the_connection_itself_is_not_looked_for_elsewhere() -> None:
    workspace = settings()
    both = World(rows=(row(workspace), row(workspace, SECOND_GROUP_ID)))
    made = plan("verify", workspace, world=both)
    assert "connection_moved" not in codes(made)
    assert warnings(made) == []
