# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the world is like: healing takes nothing away, makes no connection, and starts nothing."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import HealState
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import ACCESS_KINDS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import findings_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspaces.situations import SECRETS
from tests.unit.workspaces.test_plan_properties import Scene, quick, scenes

STATES = ("connected", "broken", "incomplete")
TIMES = (None, "2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z")


@st.composite
def ailing(draw: st.DrawFn) -> Scene:
    """Return a scene in which connections are in any state."""
    scene: Scene = draw(scenes())
    rows = tuple(
        {
            **row,
            "paused": draw(st.booleans()),
            "succeeded_at": draw(st.sampled_from(TIMES)),
            "failed_at": draw(st.sampled_from(TIMES)),
            "status": {
                "setup_state": draw(st.sampled_from(STATES)),
                "sync_state": draw(st.sampled_from(("scheduled", "syncing", "paused"))),
            },
        }
        for row in scene.world.rows
    )
    return replace(scene, world=replace(scene.world, rows=rows))


@quick
@given(ailing())
def test_nothing_is_taken_away_and_no_connection_is_made_or_started(scene: Scene) -> None:
    for workspace in scene.plan("heal").workspaces.values():
        assert [change for change in workspace.todo if change.action == "delete"] == []
        assert workspace.access.released == ()
        for change in workspace.changes_of("connection"):
            assert change.action == "update"
            assert all(name.startswith("config.") for name in change.after)


@quick
@given(ailing())
def test_what_is_not_broken_is_not_touched(scene: Scene) -> None:
    verified = scene.plan("verify").workspaces
    for name, workspace in scene.plan("heal").workspaces.items():
        assert workspace.healing is not None
        row = workspace.seen.get("connection")
        if workspace.healing.state is not HealState.TO_HEAL:
            assert workspace.todo == ()
        if row is None or row["paused"]:
            assert workspace.healing.state is not HealState.TO_HEAL
        if not findings_of(verified[name]):
            assert workspace.healing.state in (HealState.NOTHING_BROKEN, HealState.SYNCING, HealState.NEEDS_A_PERSON)


@quick
@given(ailing())
def test_what_is_shared_is_repaired_by_one_that_is_healed(scene: Scene) -> None:
    workspaces = scene.plan("heal").workspaces
    for workspace in workspaces.values():
        if workspace.changes_of(*ACCESS_KINDS):
            maker = workspaces[workspace.access.maker]
            assert maker.changes_of(*ACCESS_KINDS)
            assert maker.access.maker == maker.name
        else:
            assert workspace.access.maker == ""


@quick
@given(ailing())
def test_no_plan_to_heal_holds_a_secret(scene: Scene) -> None:
    text = str(as_told(scene.plan("heal")))
    assert [secret for secret in SECRETS if secret in text] == []
