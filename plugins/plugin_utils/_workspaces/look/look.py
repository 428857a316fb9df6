# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at all vendors for all workspaces, at once and once: all who ask the same share the answer.

Nothing is written and nothing is judged. The questions are those of the modules, asked by the modules' own functions.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from ....module_utils._braze.api_key import api_key_info
from ....module_utils._braze.currents import currents_info
from ....module_utils._fivetran.account.account import account_view, check_account, probe
from ....module_utils._fivetran.client import FivetranClient, JsonObject, client_from_params
from ....module_utils._fivetran.connection.braze_config import SERVICE
from ....module_utils._fivetran.listing import PAGE_SIZE
from ....module_utils._fivetran.sync.why import does_not_work, why
from ....module_utils._kernel.clients import Clients
from ....module_utils._kernel.task import Task
from ....module_utils._open_bucket import open_bucket
from ..._settings.settings import Settings
from . import asked
from .asking import Asking
from .purposes import LookScope
from .questions import (
    Account,
    Doubt,
    Question,
    Returned,
    Seen,
    T,
    account,
    allowance,
    connections,
    credentials,
    destination,
    elsewhere,
    gcs_bucket,
    gcs_role,
    given_role,
    iam,
    identity,
    key,
    landing,
    metadata,
    reasons,
    right_to_create,
    s3_bucket,
    service_account,
)

if TYPE_CHECKING:
    # Each cloud's SDK takes a quarter of a second to import, and may be missing where nobody needs it.
    from ....module_utils._aws.client import Identity
    from ....module_utils._google.preflight import GcsBucket


@dataclass(frozen=True)
class Limits:
    """How long one call may take, in seconds: without an answer, with all its tries, and beside them for limits."""

    request_timeout: int = 30
    retry_timeout: int = 120
    rate_limit_timeout: int = 2 * 60 * 60

    def as_params(self) -> dict[str, int]:
        """Return them as options of the modules."""
        return asdict(self)


class Look:
    """One look at everything that ``wanted`` needs. ``clients`` are shared by all questions.

    ``told``: is told, by the thread that waits, of how many workspaces what is theirs alone was seen, and of how many
    there is anything.
    """

    def __init__(
        self,
        wanted: LookScope,
        limits: Limits,
        clients: Clients | None = None,
        told: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._wanted = wanted
        self._limits = limits
        self._clients = clients or Clients()
        self._asking = Asking(self._clients, told)
        self._ask = self._asking.ask
        # Of workspaces in Google Cloud Storage, by name: their bucket and their service account, once they are known.
        self._in_gcs: dict[str, dict[str, Any]] = {}
        self._in_gcs_moves = Lock()

    def take(self) -> Seen:
        """Ask everything and return the answers; also what goes wrong is one."""
        seen = self._asking.take(self._wanted.inventory, self._begin)
        asked_by = [settings for settings in self._wanted.playing if seen.has(account(settings))]
        left = {allowance(settings): Returned(self._client(settings).allowance) for settings in asked_by}
        return seen.and_also(Seen(left))

    def ask_aws(self, doubts: Iterable[Doubt]) -> Seen:
        """Ask AWS itself about what was left in doubt by what an earlier look has seen."""
        return self._asking.take(doubts, self._simulate)

    # In which order things can be known

    def _begin(self, settings: Settings) -> None:
        """Ask what can be asked without knowing anything; of workspaces that do not play, who they are."""
        wanted, limits = self._wanted, self._limits.as_params()
        self._ask(
            account(settings),
            partial(self._read_account, settings),
            then=lambda found: self._with_groups(settings, found),
        )
        if settings.storage == "s3":
            self._ask(
                identity(settings),
                asked.read_identity,
                partial(asked.s3_access_params, settings, limits=limits),
                then=partial(self._in_account, settings),
            )
        name = settings.name
        if name not in wanted.names:
            return
        if wanted.purpose.key:
            self._ask(key(settings), api_key_info, partial(asked.key_params, settings, limits), owner=name)
        if wanted.purpose.landing and settings.storage in ("s3", "gcs"):
            params = partial(asked.landing_params, settings, limits)
            of_others = partial(wanted.folders_of_others, settings)
            work = partial(currents_info, open_bucket=open_bucket, of_others=of_others)
            self._ask(landing(settings), work, params, owner=name)
        if wanted.purpose.grants and settings.storage == "gcs":
            params = partial(asked.gcs_bucket_params, settings, limits)
            then = partial(self._with_bucket, settings)
            self._ask(gcs_bucket(settings), asked.look_at_gcs_bucket, params, then, owner=name)

    def _client(self, settings: Settings) -> FivetranClient:
        return self._clients.get(
            ("fivetran", credentials(settings)),
            lambda: client_from_params(
                asked.fivetran_params(settings, self._limits.as_params()), clients=self._clients
            ),
        )

    def _read_account(self, settings: Settings, _task: Task) -> Account:
        client = self._client(settings)
        view = account_view(client.account())
        check_account(view, settings.fivetran_account_id)
        return Account(view, tuple(client.groups()))

    def _with_groups(self, settings: Settings, found: Account) -> None:
        """Go on for every group that a workspace of these credentials names."""
        # Of all who share the answers, whichever account they expect: each question goes on from its first answer only.
        alike = self._wanted.alike(credentials, settings)
        for group_id, members in _by_group(alike, found).items():
            client, one = self._client(settings), members[0]
            self._ask(destination(one, group_id), _calls(client.destination, group_id))
            self._ask(
                connections(one, group_id),
                _calls(partial(_all_connections, client), group_id),
                then=partial(self._with_connections, members, group_id, len(found.groups) > 1),
            )
            in_gcs = [member for member in members if member.storage == "gcs"]
            if self._wanted.purpose.grants and in_gcs:
                self._ask(
                    service_account(one, group_id),
                    _calls(client.group_service_account, group_id),
                    then=partial(self._with_member, in_gcs),
                )

    def _with_bucket(self, one: Settings, bucket: GcsBucket) -> None:
        self._with_roles(self._wanted.alike(_in_bucket, one), bucket=bucket)

    def _with_member(self, members: list[Settings], member: str) -> None:
        self._with_roles(members, member=member)

    def _with_roles(self, members: Iterable[Settings], **known: Any) -> None:
        """Once bucket and service account are known, ask what those roles allow that decide; mostly there are none."""
        if self._wanted.purpose.removes:
            return
        for settings in members:
            with self._in_gcs_moves:
                about = self._in_gcs[settings.name] = {**self._in_gcs.get(settings.name, {}), **known}
            if len(about) < 2:
                continue
            params = partial(asked.gcs_bucket_params, settings, self._limits.as_params())
            for role in asked.gcs_roles_in_doubt(settings, **about):
                self._ask(gcs_role(settings, role), partial(asked.read_gcs_role, role), params)

    def _with_connections(
        self, members: list[Settings], group_id: str, has_others: bool, rows: tuple[JsonObject, ...]
    ) -> None:
        """Ask where what is missing may be, and what only creating or changing a connection needs."""
        client, one = self._client(members[0]), members[0]
        of_schema = by_schema(rows)
        is_new = [member for member in members if member.fivetran_schema not in of_schema]
        if is_new and has_others:
            names = sorted({member.fivetran_schema for member in is_new})
            # The account holds what the group holds, at least.
            by_name = len(names) <= 1 + len(rows) // PAGE_SIZE
            self._ask(elsewhere(one, group_id), partial(_of_other_groups, client, group_id, names, by_name))
        if not self._wanted.purpose.changes:
            return
        if is_new and self._wanted.purpose.creates:
            self._ask(right_to_create(one, group_id), _calls(partial(probe, client), group_id))
        if self._wanted.purpose.tells_findings:
            wanted = {member.fivetran_schema for member in members}
            for row in rows:
                if row.get("schema") in wanted and does_not_work(row):
                    self._ask(reasons(one, str(row.get("id"))), partial(_read_reasons, client, row))
        differs = (asked.may_differ(member, of_schema.get(member.fivetran_schema, ())) for member in members)
        if is_new or self._wanted.purpose.sends_secrets or any(differs):
            self._ask(metadata(one), _calls(client.service_metadata, SERVICE))

    def _in_account(self, one: Settings, who: Identity) -> None:
        """Go on for every playing workspace with the same AWS credentials."""
        for settings in self._wanted.alike(_as_whom, one):
            params = partial(asked.s3_access_params, settings, limits=self._limits.as_params())
            if not asked.given_role(settings):
                read = partial(asked.read_iam, settings, who, for_removal=self._wanted.purpose.removes)
                self._ask(iam(settings, who.account), read, params)
            elif not self._wanted.purpose.removes:
                self._ask(given_role(settings, who.account), partial(asked.read_given_role, settings, who), params)
            if not self._wanted.purpose.removes and settings.roles["s3_access"]["preflight"] != "ignore":
                self._ask(s3_bucket(settings, who.account), partial(asked.look_at_s3_bucket, settings, who), params)

    def _simulate(self, doubt: Doubt) -> None:
        params = partial(asked.s3_access_params, doubt.settings, limits=self._limits.as_params())
        self._ask(doubt.question, partial(asked.ask_simulation, doubt.role_arn, doubt.place), params)


def by_schema(rows: Iterable[JsonObject]) -> Mapping[Any, Sequence[JsonObject]]:
    """Return connections by their schema."""
    found: dict[Any, list[JsonObject]] = {}
    for row in rows:
        found.setdefault(row.get("schema"), []).append(row)
    return found


def _as_whom(settings: Settings) -> Question[Any] | None:
    return identity(settings) if settings.storage == "s3" else None


def _in_bucket(settings: Settings) -> Question[Any] | None:
    return gcs_bucket(settings) if settings.storage == "gcs" else None


def _calls(call: Callable[[str], T], argument: str) -> Callable[[Task], T]:
    return lambda _task: call(argument)


def _read_reasons(client: FivetranClient, row: JsonObject, _task: Task) -> tuple[str, ...]:
    return why(client, row)


def _all_connections(client: FivetranClient, group_id: str) -> tuple[JsonObject, ...]:
    return tuple(client.connections(group_id=group_id))


def _of_other_groups(
    client: FivetranClient, group_id: str, schemas: Sequence[str], by_name: bool, _task: Task
) -> tuple[JsonObject, ...]:
    """Return the connections of these schemas in other groups: each asked for by its name, or out of one listing."""
    rows = (row for schema in (schemas if by_name else (None,)) for row in client.connections(schema=schema))
    wanted = frozenset(schemas)
    return tuple(row for row in rows if row.get("schema") in wanted and row.get("group_id") != group_id)


def _by_group(playing: Iterable[Settings], found: Account) -> dict[str, list[Settings]]:
    """Return the workspaces by the id of the group that they name, by id or by name; unknown ones are left out."""
    groups: dict[str, list[Settings]] = {}
    for settings in playing:
        for group_id in group_ids(settings.fivetran_group, found.groups):
            groups.setdefault(group_id, []).append(settings)
    return groups


def group_ids(name_or_id: str, groups: Iterable[JsonObject]) -> Iterator[str]:
    """Yield the ids of the groups of this id or, if there is none, of exactly this name."""
    rows = list(groups)
    by_id = [row for row in rows if row.get("id") == name_or_id]
    yield from (str(row["id"]) for row in by_id or [row for row in rows if row.get("name") == name_or_id])
