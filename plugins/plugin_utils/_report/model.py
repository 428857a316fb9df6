# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has shown about each workspace, as data. Everything here may be published: it holds no secret."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from ...module_utils._kernel.finding import Finding
from ...module_utils._kernel.http.version import VERSION
from .._way import Stop
from .vendors import GcsAccess, Landing, May, ReportedConnection, ReportedKey, ReportedTest, S3Access

# The version of the JSON. The first number changes when a field disappears or gets another meaning.
SCHEMA_VERSION = "1.4"


class Mark(StrEnum):
    """How one step of one workspace stands, the worst first. ``PLANNED``: this run would change it, and has not.

    ``PAUSED``: nothing is wrong, and nothing syncs. ``UNVERIFIED``: what can be seen is right, and nothing proves the
    rest. ``NONE``: it was not looked at, or there is nothing to tell yet.
    """

    FAILED = "failed"
    WARNING = "warning"
    PLANNED = "planned"
    REMOVED = "removed"
    PAUSED = "paused"
    UNVERIFIED = "unverified"
    OK = "ok"
    NONE = "none"


SIGNS: Mapping[Mark, str] = {
    Mark.OK: "✓",
    Mark.WARNING: "!",
    Mark.FAILED: "✗",
    Mark.PLANNED: "~",
    Mark.REMOVED: "\N{MINUS SIGN}",
    Mark.PAUSED: "\N{DOUBLE VERTICAL LINE}",
    Mark.UNVERIFIED: "?",
    Mark.NONE: "·",
}


MEANINGS: Mapping[Mark, str] = {
    Mark.FAILED: "failed",
    Mark.WARNING: "to look at",
    Mark.PLANNED: "would change",
    Mark.REMOVED: "removed",
    Mark.PAUSED: "paused",
    Mark.UNVERIFIED: "not verifiable",
    Mark.OK: "fine",
    Mark.NONE: "not known",
}


# The mark of what is found, by its severity; what is only to be known has none.
MARK_OF_SEVERITY: Mapping[str, Mark] = {"error": Mark.FAILED, "warning": Mark.WARNING}


class Step(StrEnum):
    """The steps of the guide, in their order, and the columns of the table."""

    KEY = "key"
    LANDING = "landing"
    ACCESS = "access"
    CONNECTION = "connection"
    TESTS = "tests"
    SYNC = "sync"


@dataclass(frozen=True)
class Cell:
    """A mark, and in a few words why: one line for each reason, empty if there is nothing to say."""

    mark: Mark = Mark.NONE
    text: str = ""


class New(StrEnum):
    """What is new about a workspace since the last report, in the order in which it is told."""

    FAILED = "failed"
    WARNING = "warning"
    CHANGED = "changed"
    HEALED = "healed"
    ADDED = "added"


@dataclass(frozen=True)
class News:
    """One thing that is new. ``kind``: one of :class:`New`. ``message``: what, without the name of the workspace."""

    kind: str
    message: str


@dataclass(frozen=True)
class Past:
    """What earlier reports of runs like this one tell beside what stands at each workspace.

    ``last``: when the last one was made, empty if there is none. ``reports``: how many there are. ``gone``: which
    workspaces the inventory does not have any more, told once.
    """

    last: str
    reports: int
    gone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workspace:
    """Everything that is known about one workspace. What the run did not look at is ``None`` or empty.

    ``status``: the worst of the cells and findings, ``none`` if nothing was looked at. ``changed``: number of tasks
    that changed something. ``unverified``: what nobody can see, a sentence each. ``proved``: which
    setup tests of this run have proved that, and when. ``may``: what Fivetran may do with the bucket, once what is
    planned is done. ``planned``: the steps of which what stands here is a plan, which this run has not carried out.
    ``way``: the five stops of the data's way in order, or none of them. ``since``: the report since
    which it has been failed, to look at, or neither; empty where no reports are kept. ``flapping``: it fails and is
    well by turns. ``host``: of the inventory, where the workspace is an item of a loop on it; else its name.
    """

    name: str
    status: Mark
    changed: int
    cells: Mapping[Step, Cell]
    findings: tuple[Finding, ...] = ()
    key: ReportedKey | None = None
    landing: Landing | None = None
    access: S3Access | GcsAccess | None = None
    connection: ReportedConnection | None = None
    setup_tests: tuple[ReportedTest, ...] = ()
    unverified: tuple[str, ...] = ()
    proved: str = ""
    may: tuple[May, ...] = ()
    planned: tuple[Step, ...] = ()
    way: tuple[Stop, ...] = ()
    since: str = ""
    flapping: bool = False
    news: tuple[News, ...] = ()
    host: str = ""


@dataclass(frozen=True)
class Unclaimed:
    """A Braze connection that no workspace of the inventory claims. ``host``, ``entry``: who would, in YAML.

    ``group``: its id. ``reads``: bucket and folder, empty if it reads none.
    """

    id: str
    schema: str
    group: str
    group_name: str
    reads: str
    host: str
    entry: str


@dataclass(frozen=True)
class Run:
    """The run that is reported. Times: ISO 8601, UTC. ``playbooks``: file names without folders.

    ``left_out``: workspaces of the inventory that it did not look at, as with ``--limit``.
    """

    finished_at: str
    made_by: str = f"onramp.braze_fivetran {VERSION}"
    playbooks: tuple[str, ...] = ()
    check_mode: bool = False
    started_at: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The whole report. ``doubts``: of which connections it is not known who claims them, a sentence each.

    ``past``: None where no earlier reports are kept.
    """

    run: Run
    workspaces: tuple[Workspace, ...]
    unclaimed: tuple[Unclaimed, ...] = ()
    doubts: tuple[str, ...] = ()
    past: Past | None = None
    schema_version: str = field(default=SCHEMA_VERSION)

    def counts(self) -> dict[Mark, int]:
        """Return how many workspaces have which status."""
        found = [workspace.status for workspace in self.workspaces]
        return {mark: found.count(mark) for mark in Mark}

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON-like data."""
        return {
            "schema_version": self.schema_version,
            "run": asdict(self.run),
            "summary": {"workspaces": len(self.workspaces), **self.counts()},
            "workspaces": [asdict(workspace) for workspace in self.workspaces],
            "unclaimed": [asdict(found) for found in self.unclaimed],
            "doubts": list(self.doubts),
            "past": None if self.past is None else asdict(self.past),
        }
