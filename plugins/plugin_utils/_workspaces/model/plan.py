# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan is: for each workspace what is wrong, what would be changed and why, and what nobody can see.

Nothing here holds a secret. ``as_json`` is what the playbooks, the report and a person get.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ....module_utils._kernel.finding import Finding
from ..._way import Stop

if TYPE_CHECKING:
    from ..._discovery.unclaimed import UnclaimedHost
    from .healings import Healing, NamedConnection


class Action(StrEnum):
    """What is done with one object. Nothing to do is recorded, too."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class ChangeReason(StrEnum):
    """Why; a closed list, whose words for people stand in ``tell.py``."""

    AS_WANTED = "as_wanted"
    MISSING = "missing"
    DIFFERS = "differs"
    SENT_AGAIN = "sent_again"
    NOT_TESTED = "not_tested"
    NEVER_STARTED = "never_started"
    ROLE_IS_NEW = "role_is_new"
    BROKEN = "broken"
    NOT_NEEDED = "not_needed"
    LEAVES = "leaves"
    STILL_NEEDED = "still_needed"
    GONE = "gone"


# In the order of the guide.
KINDS = ("policy", "role", "grant", "connection")
# Of these, what lets Fivetran read a bucket, and may be there for several workspaces.
ACCESS_KINDS = ("policy", "role", "grant")


class WorkspaceVerdict(StrEnum):
    """How a workspace stands. ``REFUSED`` is errored: it may be read, and is not applied."""

    FINE = "fine"
    CHANGES = "changes"
    REFUSED = "refused"


@dataclass(frozen=True)
class ConnectionWork:
    """What the role ``fivetran_connection`` has to be called with. ``paused``: None where nobody says so.

    The last two are no part of any difference, and decide what is done all the same.
    """

    update_secrets: str
    run_setup_tests: str
    paused: bool | None = None
    trigger_first_sync: bool = False
    failing_test_statuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What happens to one object.

    ``kind``: one of ``KINDS``. ``name``: as its vendor calls it. ``before`` and ``after``: what differs, without
    secrets. ``shared_with``: workspaces for which the same object is there, of many the first ten. ``made_by``: the
    workspace that does it for all; empty if that is this one. ``needed_by``: who it is kept for. ``work``: of a
    connection, how its role is called.
    """

    kind: str
    name: str
    action: Action
    reason: ChangeReason
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    shared_with: tuple[str, ...] = ()
    made_by: str = ""
    needed_by: tuple[str, ...] = ()
    work: ConnectionWork | None = None

    @property
    def is_change(self) -> bool:
        return self.action is not Action.NONE


# Access that stays where the connection reads something else than the settings name. Once the connection is deleted, no
# further look can tell of it.
ROLE_ELSEWHERE, GRANT_ELSEWHERE = "role_elsewhere", "grant_elsewhere"


# So many of those that share an object are named in the plan of each. All in each would be a million of a thousand.
MOST_SHARING = 10


def first_names(names: Iterable[str]) -> list[str]:
    """Return the names that :func:`all_but` chooses from."""
    return sorted(names)[: MOST_SHARING + 1]


def all_but(name: str, first: Iterable[str]) -> tuple[str, ...]:
    """Return the others with which one shares an object; of many, some."""
    return tuple(other for other in first if other != name)[:MOST_SHARING]


@dataclass(frozen=True)
class Group:
    """The Fivetran group: its id is also the External ID."""

    id: str
    name: str
    service_account: str = ""


@dataclass(frozen=True)
class RoleWork:
    """What the role ``s3_access`` or ``gcs_access`` has to be called with.

    ``maker``: who does it first for all that share it; empty if there is nothing to do. ``buckets``, ``released``: of
    the whole policy. ``needed_by``: connections for which it stays when the playing workspaces leave.
    """

    maker: str = ""
    state: str = "present"
    buckets: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    role_arn: str = ""
    adopt: bool = False
    needed_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkspacePlan:
    """The plan of one workspace.

    ``problems``: why nothing is done. ``warnings``: what deserves a look. ``noticed``: what is not as it should be and
    is nobody's change here, such as a sync that failed. ``unverified``: what cannot be seen. ``incomplete``: what could
    not be looked at. ``seen``: results as the modules return them, for the report. ``way``: of its data, where findings
    are told. ``later``: changes that another step of the playbook makes, see ``step.py``. ``healing``: what heal.yml
    makes of it. ``reads``: the buckets in S3 that its connection reads now. ``same_key``: the workspaces that have
    the same Braze key, of many some.
    """

    name: str
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    noticed: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    unverified: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    group: Group | None = None
    fivetran_api_url: str = ""
    api_url: str = ""
    schema: str = ""
    storage: str = ""
    bucket: str = ""
    prefix: str = ""
    access: RoleWork = field(default_factory=RoleWork)
    paused: bool | None = None
    given: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)
    way: tuple[Stop, ...] = ()
    later: tuple[Change, ...] = ()
    healing: Healing | None = None
    reads: tuple[str, ...] = ()
    same_key: tuple[str, ...] = ()

    @property
    def todo(self) -> tuple[Change, ...]:
        """What is really done or would be, no matter by whom."""
        return tuple(change for change in self.changes if change.is_change)

    @property
    def verdict(self) -> WorkspaceVerdict:
        if self.problems:
            return WorkspaceVerdict.REFUSED
        return WorkspaceVerdict.CHANGES if self.todo else WorkspaceVerdict.FINE

    @property
    def is_shared(self) -> bool:
        """Tell whether what lets Fivetran read, and is changed, is there for other workspaces as well."""
        return any(change.shared_with for change in self.changes_of(*ACCESS_KINDS))

    def changes_of(self, *kinds: str) -> tuple[Change, ...]:
        """Return what is done to objects of these kinds."""
        return tuple(change for change in self.todo if change.kind in kinds)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return {
            **asdict(replace(self, healing=None)),
            **self._healing(),
            "verdict": self.verdict.value,
            "applies": self.verdict is WorkspaceVerdict.CHANGES,
            "complete": not self.incomplete,
        }

    def work(self) -> dict[str, Any]:
        """Return what the roles are called with. Ansible copies it for each variable made of it, so it is short."""
        names = ("schema", "storage", "bucket", "prefix", "api_url", "fivetran_api_url", "paused", "given", "same_key")
        return {
            "applies": self.verdict is WorkspaceVerdict.CHANGES,
            "to_change": sorted({change.kind for change in self.todo} if not self.problems else ()),
            "group": asdict(self.group) if self.group else {},
            "access": {**asdict(self.access), "shared": self.is_shared},
            "connection": next((asdict(change.work) for change in self.changes if change.work), {}),
            **{name: getattr(self, name) for name in names},
            **self._healing(),
        }

    def _healing(self) -> dict[str, Any]:
        return {"healing": self.healing.as_json()} if self.healing else {}


@dataclass(frozen=True)
class Plan:
    """The plans of all workspaces of the run, by name, in the inventory's order.

    ``unclaimed``: connections of their groups that no workspace claims. ``doubts``: where that cannot be told, a
    sentence each. ``shortages``: why it may not be done in one run, likewise. ``step``: the part of the playbook that
    it is for. ``without_workspace``: connections that heal.yml was asked to heal, and that are of none. ``notes``: what
    else is told of all of it, a sentence each.
    """

    purpose: str
    workspaces: Mapping[str, WorkspacePlan]
    unclaimed: tuple[UnclaimedHost, ...] = ()
    doubts: tuple[str, ...] = ()
    shortages: tuple[str, ...] = ()
    step: str = "all"
    notes: tuple[str, ...] = ()
    without_workspace: tuple[NamedConnection, ...] = ()

    def count(self, verdict: WorkspaceVerdict) -> int:
        """Return how many workspaces have the verdict."""
        return sum(plan.verdict is verdict for plan in self.workspaces.values())
