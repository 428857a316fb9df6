# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nights of which reports are kept in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report import history
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import (
    HostOutcome,
    Observation,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Report, Run, Workspace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.news import with_news

from tests.unit.report.samples import CONNECTION, onboarding, report_of

INVALID: Mapping[str, Mapping[str, Any]] = {"braze_api_key_info": {"verdict": "invalid_key"}}
LACKING: Mapping[str, Mapping[str, Any]] = {
    "braze_api_key_info": {"verdict": "missing_permissions", "missing": ["campaigns.list"]}
}
DELAYED: Mapping[str, Mapping[str, Any]] = {
    "fivetran_connection": {"connection": {**CONNECTION, "status": {**CONNECTION["status"], "update_state": "delayed"}}}
}


def connection(**changes: Any) -> Mapping[str, Mapping[str, Any]]:
    """Return what another connection changes in what onboarding shows."""
    return {"fivetran_connection": {"connection": {**CONNECTION, **changes}}}


class Nights:
    """A folder of reports, and the inventory that they are of."""

    def __init__(self, folder: Path, *inventory: str) -> None:
        self.folder = folder
        self.inventory = set(inventory)
        self.number = 0

    def run(
        self, seen: Iterable[Observation], playbook: str = "verify.yml", check_mode: bool = False, changed: str = ""
    ) -> Report:
        """Return the report of the next night, and keep it. ``changed``: the host of which a task changed something."""
        self.number += 1
        found = report_of(seen, **({changed: HostOutcome(changed=1)} if changed else {}))
        names = {workspace.name for workspace in found.workspaces}
        run = Run(
            finished_at=f"2026-03-{self.number:02}T02:15:00Z",
            playbooks=(playbook,),
            check_mode=check_mode,
            left_out=tuple(sorted(self.inventory - names)),
        )
        earlier, strange = history.read(self.folder, run.finished_at)
        assert strange == []
        report = with_news(replace(found, run=run), list(earlier.values()), lambda name: name in self.inventory)
        history.add(self.folder, run.finished_at, json.dumps(report.as_json()))
        return report

    def of(self, name: str, what: Mapping[str, Mapping[str, Any]] | None = None, **options: Any) -> Workspace:
        """Return the only workspace of the next night."""
        [workspace] = self.run(onboarding(name, **(what or {})), **options).workspaces
        return workspace


def told(workspace: Workspace) -> list[tuple[str, str]]:
    """Return what is new about a workspace."""
    return [(str(news.kind), news.message) for news in workspace.news]
