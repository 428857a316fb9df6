# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of every approved plan, whatever the inventory and whatever the vendors hold, then and now."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import granted_buckets
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan import compare
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.model import Saved, as_data
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parse import from_data
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.using import settled
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Change, Plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import _approved
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import told
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.unit.saved_plan.plans import REDACT, verdicts
from tests.unit.workspaces.situations import SECRETS, situation
from tests.unit.workspaces.test_plan_properties import Scene, scenes

# Each example plans several times.
quick = hypothesis_settings(deadline=None, max_examples=examples(25))
PURPOSES = st.sampled_from(("onboard", "rotate_key", "offboard"))


def settings_of(scene: Scene) -> dict[str, Any]:
    return settled({one.name: one for one in scene.inventory})


def data_of(scene: Scene, purpose: str) -> dict[str, Any]:
    names = [one.name for one in scene.inventory]
    return as_data(scene.plan(purpose), names, settings_of(scene), REDACT)


def saved(scene: Scene, purpose: str) -> Saved:
    """Return the plan as it comes back out of a file."""
    return from_data(json.loads(json.dumps(data_of(scene, purpose))), "plan.json")


def held_against(approved: Saved, scene: Scene) -> Plan:
    approval = compare.Approval(approved, settings_of(scene), REDACT)
    return _approved(situation(approved.purpose, *scene.inventory, world=scene.world), {}, approval)


@quick
@given(scenes(), PURPOSES)
def test_a_plan_that_comes_back_says_what_it_said(scene: Scene, purpose: str) -> None:
    then, now = scene.plan(purpose), saved(scene, purpose).plan
    for name, workspace in then.workspaces.items():
        assert told(purpose, now.workspaces[name]) == REDACT(told(purpose, workspace))


@quick
@given(scenes(), PURPOSES)
def test_no_secret_is_in_any_plan(scene: Scene, purpose: str) -> None:
    text = json.dumps(data_of(scene, purpose))
    assert [secret for secret in SECRETS if secret in text] == []


@quick
@given(scenes(), PURPOSES)
def test_where_nothing_has_moved_nobody_is_refused_for_it(scene: Scene, purpose: str) -> None:
    plan = held_against(saved(scene, purpose), scene)
    assert verdicts(plan) == verdicts(scene.plan(purpose))


@quick
@given(scenes(), scenes(), PURPOSES)
def test_nothing_is_done_that_was_not_approved(then: Scene, now: Scene, purpose: str) -> None:
    approved = saved(then, purpose)
    plan = held_against(approved, now)
    for name, workspace in plan.workspaces.items():
        if workspace.problems:
            continue
        known = approved.plan.workspaces.get(name)
        for change in workspace.todo:
            assert known is not None
            assert not known.problems
            (old,) = [one for one in known.todo if one.kind == change.kind]
            assert old.name == change.name
            assert_part(old, change)


def assert_part(old: Change, change: Change) -> None:
    """Hold a change against the approved one, in the terms of what it is about."""
    if change.kind == "policy":
        before, after = (granted_buckets(side.get("document") or {}) for side in (change.before, change.after))
        known, wanted = (granted_buckets(side.get("document") or {}) for side in (old.before, old.after))
        assert set(after) - set(before) <= set(wanted) - set(known)
        assert set(before) - set(after) <= set(known) - set(wanted)
    elif change.kind == "connection" and change.action.value != "delete":
        assert differing(change.after.items(), old) == []
    elif change.kind == "grant":
        assert (change.before, change.after) == (old.before, old.after)


def differing(fields: Iterable[tuple[str, Any]], old: Change) -> list[str]:
    hidden = "********"
    return [
        name
        for name, value in fields
        if old.after.get(name) != value
        and not (str(value).startswith(hidden) or str(old.after.get(name))[:8] == hidden)
    ]
