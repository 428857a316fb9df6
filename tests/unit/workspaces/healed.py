# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan to heal is made of, for the tests of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import decide
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import (
    Healing,
    HealRequest,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Plan, WorkspacePlan

from tests.unit.workspaces.situations import (
    SERVICE_ACCOUNT,
    World,
    gcs,
    gcs_policy,
    in_iam,
    row,
    settings,
    situation,
)

US, EU = settings(), gcs()
BUCKET = US.bucket
NOW = datetime(2026, 3, 1, 14, 10, tzinfo=UTC)
SUCCEEDED, FAILED = "2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z"
BROKEN = {"setup_state": "broken", "sync_state": "scheduled"}
SYNCING = {"setup_state": "broken", "sync_state": "syncing"}
STOPPED = {"setup_state": "connected", "sync_state": "paused"}
NOBODY = {"Version": "2012-10-17", "Statement": []}


def planned(
    *inventory: Any, world: World | None = None, request: HealRequest | None = None, answers: Any = None, **more: Any
) -> Plan:
    """Return the plan to heal these workspaces."""
    seen = situation("heal", *inventory, world=world, answers=answers, **more)
    return decide(replace(seen, now=NOW, heal=request or HealRequest()))


def plan_of(workspace: Settings, world: World, *, answers: Any = None, **request: Any) -> WorkspacePlan:
    plan = planned(workspace, world=world, request=HealRequest(**request), answers=answers)
    return plan.workspaces[workspace.name]


def healing_of(workspace: Settings, world: World, **more: Any) -> Healing:
    healing = plan_of(workspace, world, **more).healing
    assert healing is not None
    return healing


def world_of(workspace: Settings = US, *, trust: Mapping[str, Any] | None = None, **changes: Any) -> World:
    """Return a world in which everything is as it should be, but for ``changes`` of the connection and the trust."""
    edited = {"trust": trust} if trust is not None else {}
    return World(
        rows=(row(workspace, **{"succeeded_at": SUCCEEDED, **changes}),),
        iam=in_iam(workspace, BUCKET, **edited),
        policies={EU.bucket: gcs_policy(SERVICE_ACCOUNT)},
    )


def kinds(plan: WorkspacePlan) -> dict[str, str]:
    return {change.kind: change.action.value for change in plan.todo}
