# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tasks have shown, and what is known of each workspace so far."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ....module_utils._kernel.finding import Finding
from ..._way import Stop
from ..model import Step
from ..vendors import GcsAccess, Landing, May, ReportedConnection, ReportedKey, ReportedTest, S3Access
from .tasks import Items

COLLECTION = "onramp.braze_fivetran."


FAILED = "failed"


UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Observation:
    """How one task ended on one host.

    ``action``: full name of the module. ``role``: name of the role without the collection's, or empty. ``outcome``:
    ``ok``, ``failed`` or ``unreachable``. ``own``: the task stands in this collection, so that its messages may be
    shown. ``workspace``: the host belongs to the group ``braze_workspaces``. ``items``: of the loops around the task.
    ``rescued``: a block goes on after this failure.
    """

    host: str
    task: str
    action: str
    outcome: str
    result: Mapping[str, Any]
    role: str = ""
    own: bool = False
    workspace: bool = False
    check_mode: bool = False
    items: Items = ()
    rescued: bool = False


@dataclass(frozen=True)
class HostOutcome:
    """How a host came through the whole run."""

    failed: bool = False
    unreachable: bool = False
    changed: int = 0


@dataclass
class KnownWorkspace:
    """What is known about one workspace so far."""

    in_group: bool = False
    shown: bool = False
    key: ReportedKey | None = None
    landing: Landing | None = None
    access: S3Access | GcsAccess | None = None
    # Of the place that the plan names; without a plan, of every place that was judged.
    place: str = ""
    may: tuple[May, ...] = ()
    connection: ReportedConnection | None = None
    # By schema, as fivetran_connection_info has listed them: in check mode, what is there now.
    listed: dict[str, ReportedConnection] = field(default_factory=dict)
    alerts: dict[str, list[Finding]] = field(default_factory=dict)
    setup_tests: tuple[ReportedTest, ...] = ()
    # What nobody can see, as the plan tells it, and what setup tests have proved of that since.
    unverified: tuple[str, ...] = ()
    proved: str = ""
    findings: list[Finding] = field(default_factory=list)
    noted: list[Finding] = field(default_factory=list)
    failures: list[Finding] = field(default_factory=list)
    # The last failure was rescued; what the rescue fails with tells it, too.
    rescued: bool = False
    # Tasks that have changed something.
    changed: int = 0
    # It is an item of these loops.
    loops: tuple[str, ...] = ()
    # The steps of which what is known is a plan, because nothing is known to have carried it out.
    planned: frozenset[Step] = frozenset()
    # Something ran outside check mode, so that it may have changed things.
    acted: bool = False
    # Who does for all that share it what is planned of the access; empty where it is done by each.
    makers: frozenset[str] = frozenset()
    way: tuple[Stop, ...] = ()
