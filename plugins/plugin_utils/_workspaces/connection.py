# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide about connections: what the module ``fivetran_connection`` would do, out of what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._errors import Failure, OnrampError
from ...module_utils._fivetran.client import FivetranClient, JsonObject
from ...module_utils._fivetran.connection import Connection, Options
from ...module_utils._fivetran.desired import Desired
from ...module_utils._fivetran.sync import connection_view
from ...module_utils._redact import REDACTED, Redactor
from . import asked, look
from .drafts import Draft, Situation
from .findings import SUBJECTS
from .plan import Action, Change, Group, Reason

# The secrets of all workspaces are kept out of the whole plan at its end.
NOTHING_SECRET = Redactor([])


class SeenFivetran(FivetranClient):
    """Answers out of what was seen, and asks nothing."""

    def __init__(self, draft: Draft, situation: Situation, group: Group) -> None:
        self._draft = draft
        self._situation = situation
        self._group = group

    def connections(
        self,
        group_id: str | None = None,  # noqa: ARG002
        schema: str | None = None,
    ) -> Iterator[JsonObject]:
        """Return the connections of the group, without those of another schema."""
        return (row for row in self._draft.rows or () if schema in (None, row.get("schema")))

    def destination(self, group_id: str) -> JsonObject | None:
        """Return the destination as it was seen."""
        return self._situation.seen.of(look.destination(self._draft.settings, group_id))

    def service_metadata(self, service: str) -> JsonObject | None:  # noqa: ARG002
        """Return the metadata as it was seen."""
        return self._situation.seen.of(look.metadata(self._draft.settings))


def decide_connection(situation: Situation, draft: Draft) -> None:
    """Note what happens to the connection of one workspace, and what Fivetran itself says of it."""
    group = draft.group
    if group is None or draft.rows is None:
        return
    row = draft.own_row
    if row is not None:
        draft.seen["connection"] = connection_view(row, NOTHING_SECRET)
        draft.paused = bool(row.get("paused"))
    try:
        if situation.purpose.removes:
            _leave(situation, draft, group)
        elif row is None and not situation.purpose.creates:
            _is_missing(situation, draft, group)
        else:
            _bring_about(situation, draft, group)
    except OnrampError as error:
        draft.problem("connection", error.failure.code, error.msg)


def _work(situation: Situation, draft: Draft, group: Group, **more: Any) -> Connection:
    settings = draft.settings
    config = asked.connection_config(settings, draft.access.role_arn or asked.UNKNOWN_ROLE)
    if config["problems"] and not situation.purpose.removes:
        msg = " ".join(config["problems"])
        raise OnrampError(msg=msg, failure=Failure(code="invalid_argument", message=msg))
    params = asked.connection_params(settings, group.id, config, situation.limits.as_params(), **more)
    return Connection(
        SeenFivetran(draft, situation, group),
        Desired.from_params(params),
        Options.from_params(params),
        check_mode=True,
        warn=lambda message: draft.warning("connection", "connection", message),
    )


def _bring_about(situation: Situation, draft: Draft, group: Group) -> None:
    more: dict[str, Any] = {}
    if situation.purpose.sends_secrets:
        # Fivetran stores key and ARN masked, so that they cannot be compared: they are sent every time, and tested. A
        # rotation neither starts nor stops a connection.
        more = {"update_secrets": "always", "run_setup_tests": "always", "paused": draft.paused}
    if draft.own_row is None:
        _check_right(situation, draft, group)
    result = _work(situation, draft, group, **more).ensure_present()
    diff = result["diff"]
    action, reason = _what_happens(draft, result["changed"], diff)
    name = draft.settings.fivetran_schema
    draft.changes.append(
        Change("connection", name, action, reason, before=diff["before"], after=diff["after"])
        if action is not Action.NONE
        else Change("connection", name, action, reason)
    )
    if draft.own_row is not None and not more:
        draft.unverified.append(
            "Whether Fivetran holds this Braze key, connection string and role cannot be seen: it shows them masked."
        )


def _what_happens(draft: Draft, changed: bool, diff: Mapping[str, Any]) -> tuple[Action, Reason]:
    if draft.own_row is None:
        return Action.CREATE, Reason.MISSING
    if not changed:
        return Action.NONE, Reason.AS_WANTED
    after = diff["after"]
    if not after:
        return Action.UPDATE, Reason.NOT_TESTED
    only_masked = all(str(value).startswith(REDACTED) for value in after.values())
    return Action.UPDATE, Reason.SENT_AGAIN if only_masked else Reason.DIFFERS


def _check_right(situation: Situation, draft: Draft, group: Group) -> None:
    """Note where the key may not create the connection.

    :raises OnrampError: it could not be asked.
    """
    may, advice = situation.seen.of(look.right_to_create(draft.settings, group.id))
    if may is False:
        draft.problem("group", "no_right_to_create", advice)
    elif may is None:
        draft.warning("group", "right_unknown", advice)


def _is_missing(situation: Situation, draft: Draft, group: Group) -> None:
    schema = draft.settings.fivetran_schema
    if situation.purpose.tells_findings:
        draft.changes.append(Change("connection", schema, Action.CREATE, Reason.MISSING))
        return
    draft.problem(
        "connection",
        "NotFound_Connection",
        f"There is no connection {schema} in the Fivetran group {group.name}.",
        "Nothing was changed. Run onboard.yml first.",
        field="fivetran_schema",
    )


def _leave(situation: Situation, draft: Draft, group: Group) -> None:
    schema = draft.settings.fivetran_schema
    actual = _work(situation, draft, group).find()
    action, reason = (Action.NONE, Reason.GONE) if actual is None else (Action.DELETE, Reason.LEAVES)
    before = {name: draft.seen["connection"].get(name) for name in ("id", "schema", "paused")} if actual else {}
    draft.changes.append(Change("connection", schema, action, reason, before=before))


def notice_state(draft: Draft) -> None:
    """Note what Fivetran itself says of the connection: its setup, its last sync, its tasks and warnings."""
    view = draft.seen.get("connection")
    found: Sequence[Any] = list(SUBJECTS["connection"](view)) if view else ()
    for item in found:
        draft.notice(item["step"], "error", "state", item["message"], field=item["field"])
