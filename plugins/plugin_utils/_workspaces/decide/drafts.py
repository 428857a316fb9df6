# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in the making: what is known of each workspace while the deciding functions go over it in turn."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from ....module_utils._fivetran.client import JsonObject
from ....module_utils._kernel.errors import OnrampError
from ....module_utils._kernel.finding import Finding
from ....module_utils._kernel.printable import printable
from ..._settings.settings import Settings, Unusable
from ..._way import Stop
from ..look import look, questions
from ..look.asked import RENAMED
from ..look.look import Limits
from ..look.purposes import Purpose
from ..look.questions import Seen
from ..model.plan import KINDS, Change, Group, RoleWork, WorkspacePlan

if TYPE_CHECKING:
    from ..model.healings import HealRequest

# What a module calls a setting of the workspace itself, by step.
OWN_NAMES: Mapping[str, Mapping[str, str]] = {
    "group": {"account_id": "fivetran_account_id", "group": "fivetran_group"},
    "key": {"api_key": "braze_api_key", "api_url": "braze_api_url"},
    "landing": {"bucket": "currents_bucket", "prefix": "currents_prefix", "storage": "currents_storage"},
    "access": {"bucket": "currents_bucket", "buckets": "currents_bucket", "prefix": "currents_prefix"},
    "connection": {"schema": "fivetran_schema", "group_id": "fivetran_group"},
}
# Where a module speaks of such a setting in passing, after which a person has to look for it.
IN_PASSING: Mapping[str, Mapping[str, str]] = {
    "landing": {"The bucket is": "currents_bucket is", "Set the prefix to": "Set currents_prefix to"},
}
ROLES_OF_STEPS: Mapping[str, str] = {
    "key": "braze_api_key",
    "landing": "currents_landing",
    "s3": "s3_access",
    "gcs": "gcs_access",
    "connection": "fivetran_connection",
}


@dataclass
class Draft:
    """What is known of one playing workspace so far; see :class:`WorkspacePlan`."""

    settings: Settings
    group: Group | None = None
    rows: tuple[JsonObject, ...] | None = None
    # The same by schema, made once for all who got the same answer.
    by_schema: Mapping[Any, Sequence[JsonObject]] | None = None
    # Of these, the ones that are left when the workspaces of an offboarding have gone.
    staying: tuple[JsonObject, ...] = ()
    api_url: str = ""
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    noticed: list[Finding] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    access: RoleWork = field(default_factory=RoleWork)
    # The IAM role will be made by this run, so that a connection that is there already cannot be using it.
    role_is_new: bool = False
    paused: bool | None = None
    # The connection where it is in another group, so that none is made, and none is missing.
    moved: JsonObject | None = None
    seen: dict[str, Any] = field(default_factory=dict)
    way: tuple[Stop, ...] = ()
    # The buckets in S3 that the connection of a workspace which leaves reads now.
    reads: tuple[str, ...] = ()
    same_key: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def own_row(self) -> JsonObject | None:
        """The connection of this schema in the group, of whatever service; None also where it was not looked at."""
        return next(iter(self.namesakes), None)

    @property
    def namesakes(self) -> Sequence[JsonObject]:
        """The connections of this schema in the group."""
        schema = self.settings.fivetran_schema
        if self.by_schema is not None:
            return self.by_schema.get(schema, ())
        return [row for row in self.rows or () if row.get("schema") == schema]

    def problem(self, step: str, code: str, message: str, remedy: str = "", field: str = "") -> None:
        """Note why nothing is done for this workspace."""
        self.found(Finding(step, "error", code, message, remedy, field))

    def failure(self, step: str, error: OnrampError, remedy: str = "") -> None:
        """Note that a look, or the planning of a step, has failed."""
        self.problem(step, error.failure.code, error.msg, remedy)
        self.incomplete.append(step)

    def warning(self, step: str, code: str, message: str, remedy: str = "") -> None:
        """Note what deserves a look and stops nobody."""
        self.found(Finding(step, "warning", code, message, remedy))

    def notice(self, step: str, severity: str, code: str, message: str, remedy: str = "", *, field: str = "") -> None:
        """Note what is not as it should be, or stays as it is, without being a change of this plan."""
        self.note(Finding(step, severity, code, message, remedy, field))

    def note(self, found: Finding) -> None:
        """Note a finding, likewise."""
        self._add(found, self.noticed)

    def found(self, finding: Finding) -> None:
        """Note a finding as its severity says: an error as a problem, a warning, and else a notice."""
        self._add(finding, {"error": self.problems, "warning": self.warnings}.get(finding.severity, self.noticed))

    def _add(self, found: Finding, findings: list[Finding]) -> None:
        """Add a finding in the names that the user writes, unless it is there."""
        message, remedy = (
            in_the_users_names(found.step, self.settings.storage, printable(text))
            for text in (found.message, found.remedy)
        )
        finding = replace(found, message=message, remedy=remedy)
        if finding not in findings:
            findings.append(finding)

    def plan(self) -> WorkspacePlan:
        """Return what the draft has come to. Nothing is changed where there is a problem."""
        return WorkspacePlan(
            name=self.name,
            problems=tuple(self.problems),
            warnings=tuple(self.warnings),
            noticed=tuple(self.noticed),
            changes=tuple(sorted(self.changes, key=lambda change: KINDS.index(change.kind))),
            unverified=tuple(self.unverified),
            incomplete=tuple(dict.fromkeys(self.incomplete)),
            group=self.group,
            api_url=self.api_url,
            fivetran_api_url=self.settings.fivetran_api_url,
            schema=self.settings.fivetran_schema,
            storage=self.settings.storage,
            bucket=self.settings.bucket,
            prefix=self.settings.prefix,
            access=self.access,
            paused=self.paused,
            given=tuple(sorted(self.settings.given)),
            seen=self.seen,
            way=self.way,
            reads=self.reads,
            same_key=self.same_key,
        )


@dataclass(frozen=True)
class Situation:
    """Everything that is decided from: the whole inventory, who plays, and what was seen, and when.

    ``is_part``: the inventory holds a part of the fleet, so that others may need what nobody here names. ``step``: the
    part of the playbook that is run, see ``step.py``. ``heal``: what heal.yml is asked. ``refused``: workspaces that
    are not as an approved plan has them, and why. ``roles_made``: those whose connection that plan gives a new role.
    ``buckets_left``: by workspace, what the connections have read that this run has deleted.
    """

    purpose: Purpose
    inventory: Sequence[Settings | Unusable]
    names: frozenset[str]
    seen: Seen
    limits: Limits = field(default_factory=Limits)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_part: bool = False
    step: str = "all"
    heal: HealRequest | None = None
    refused: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    roles_made: frozenset[str] = frozenset()
    buckets_left: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # What was worked out once, because everybody is held against everybody.
    _known: dict[tuple[str, str], str | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    _by_schema: dict[int, Mapping[Any, Sequence[JsonObject]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def readable(self) -> Iterator[Settings]:
        """The workspaces of the inventory whose settings can be used."""
        return (entry for entry in self.inventory if isinstance(entry, Settings))

    @property
    def unusable(self) -> Iterator[Unusable]:
        """Those whose settings cannot be read, or cannot be used."""
        return (entry for entry in self.inventory if isinstance(entry, Unusable))

    def by_schema(self, rows: tuple[JsonObject, ...]) -> Mapping[Any, Sequence[JsonObject]]:
        """Return connections by their schema, of each answer once: thousands look for their own."""
        if id(rows) not in self._by_schema:
            self._by_schema[id(rows)] = look.by_schema(rows)
        return self._by_schema[id(rows)]

    def group_id(self, settings: Settings) -> str | None:
        """Return the id of the group that a workspace names; None if that is not known."""
        if ("group", settings.name) not in self._known:
            question = questions.account(settings)
            groups = self.seen.of(question).groups if self.seen.has(question) else ()
            found = list(look.group_ids(settings.fivetran_group, groups))
            self._known["group", settings.name] = found[0] if len(found) == 1 else None
        return self._known["group", settings.name]

    def may_be_of_group(self, entry: Settings | Unusable, group: Group) -> bool:
        """Tell whether a workspace belongs to the group, or may: what cannot be read is no "no"."""
        if isinstance(entry, Settings):
            known = self.group_id(entry)
            return known == group.id if known else entry.fivetran_group in (group.id, group.name)
        return "fivetran_group" in entry.unknown or entry.known.get("fivetran_group") in (group.id, group.name, None)

    def account_of(self, settings: Settings) -> str | None:
        """Return the AWS account of a workspace in S3; None if that is not known."""
        if ("account", settings.name) not in self._known:
            question = questions.identity(settings)
            is_known = settings.storage == "s3" and self.seen.has(question)
            self._known["account", settings.name] = self.seen.of(question).account if is_known else None
        return self._known["account", settings.name]


def in_the_users_names(step: str, storage: str, text: str) -> str:
    """Return a sentence of a module with the names that the inventory has, such as currents_bucket for bucket."""
    if not text:
        return text
    longer, at_the_beginning = _names(step, storage)
    for pattern, name in at_the_beginning:
        text = pattern.sub(rf"\g<1>{name}:", text)
    for pattern, name in longer:
        text = pattern.sub(name, text)
    for words, named in IN_PASSING.get(step, {}).items():
        text = text.replace(words, named)
    return re.sub(r"\b(\w+) \(\1 in the role\)", r"\1", text)


@cache
def _names(
    step: str, storage: str
) -> tuple[tuple[tuple[re.Pattern[str], str], ...], tuple[tuple[re.Pattern[str], str], ...]]:
    from ..._settings.options import role_options

    role = ROLES_OF_STEPS.get(storage if step == "access" else step, "")
    options = {name.removeprefix(f"{role}_"): name for name in role_options(role)} if role else {}
    names = {RENAMED.get(option, option): name for option, name in options.items()}
    names |= OWN_NAMES.get(step, {})
    # A word such as "bucket" is a name only where a sentence begins with it; "kms_key_arns" is one everywhere.
    longer = tuple((re.compile(rf"\b{option}\b"), name) for option, name in names.items() if "_" in option)
    short = tuple(
        (re.compile(rf"(\A|(?<=[.!] )){option}:"), name) for option, name in names.items() if "_" not in option
    )
    return longer, short
