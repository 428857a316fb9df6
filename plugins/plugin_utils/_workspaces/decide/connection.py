# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide about connections: what the module ``fivetran_connection`` would do, out of what was seen."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.braze_config import SOURCE_SETTINGS, fields_of_switched
from ....module_utils._fivetran.connection.desired import DesiredConnection, Options
from ....module_utils._fivetran.connection.look import config_schema, destination_warning, of_identity, planned
from ....module_utils._fivetran.connection.plan import ConnectionPlan
from ....module_utils._fivetran.connection.state import is_broken, stays_paused
from ....module_utils._fivetran.sync.last_sync import LastSync, connection_view, reasons
from ....module_utils._kernel.difference import Difference, before_and_after
from ....module_utils._kernel.errors import Failure, OnrampError
from ....module_utils._kernel.printable import sentence
from ....module_utils._kernel.secrets.redact import REDACTED, Redactor
from ..._words import joined
from ..look import asked, questions
from ..look.proof import of_masked
from ..model.differences import quoted
from ..model.findings import BROKEN_AND_PAUSED, findings, minute
from ..model.plan import Action, Change, ChangeReason, ConnectionWork, Group
from .drafts import Draft, Situation

# The secrets of all workspaces are kept out of the whole plan at its end.
NOTHING_SECRET = Redactor([])
# What Fivetran masks of a storage.
MASKED: Mapping[str, str] = {"s3": "IAM role", "azure": "connection string"}
# What a workspace calls the settings of the role that say what a connection reads.
OWN_SETTINGS: Mapping[str, str] = {
    "api_url": "braze_api_url",
    "storage": "currents_storage",
    "bucket": "currents_bucket",
    "container": "currents_bucket",
}


def decide_connection(situation: Situation, draft: Draft) -> None:
    """Note what happens to the connection of one workspace, and what Fivetran itself says of it."""
    group = draft.group
    if group is None or draft.rows is None or draft.moved:
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


def _bring_about(situation: Situation, draft: Draft, group: Group) -> None:
    if draft.own_row is None:
        _check_right(situation, draft, group)
    work = _work(situation, draft)
    change = _planned(situation, draft, group, work)
    _warn(situation, draft, group, change)
    if change.protected:
        _refuse(situation, draft, group, change.protected)
        kept = {item.name for item in change.protected}
        kept |= fields_of_switched(kept)
        change = replace(change, config=tuple(item for item in change.config if item.name not in kept))
    action, reason = _what_happens(draft, change, work)
    shown = before_and_after(change.found if action is not Action.NONE else (), "")
    name = draft.settings.fivetran_schema
    draft.changes.append(
        Change("connection", name, action, reason, before=shown["before"], after=shown["after"], work=work)
    )
    if change.actual is not None:
        _notice_paused(draft, change)
        if work.update_secrets != "always":
            draft.unverified.append(_unverified(draft, change.actual))


def _work(situation: Situation, draft: Draft) -> ConnectionWork:
    """Return how the role is called, whatever the purpose of the plan: its result is what is done."""
    settings, purpose = draft.settings.roles["fivetran_connection"], situation.purpose
    made = partial(
        ConnectionWork,
        trigger_first_sync=bool(settings["trigger_first_sync"]) and purpose.creates,
        failing_test_statuses=tuple(sorted(settings["failing_test_statuses"])),
    )
    if purpose.sends_secrets:
        # Fivetran stores key and ARN masked, so that they cannot be compared: they are sent every time, and tested. A
        # rotation neither starts nor stops a connection.
        return made("always", "always", draft.paused)
    paused = draft.paused if purpose.heals else settings.get("paused")
    if draft.role_is_new and draft.own_row is not None:
        # Whatever the connection reads with, it cannot be this role.
        return made("always", "always", paused)
    # What is sent every time differs from nothing, so that it is nothing to be found.
    update_secrets = "on_test_failure" if purpose.tells_findings else settings["update_secrets"]
    return made(update_secrets, "always" if purpose.heals else settings["run_setup_tests"], paused)


def _desired(situation: Situation, draft: Draft, group: Group, **more: Any) -> tuple[DesiredConnection, Options]:
    settings = draft.settings
    config = asked.connection_config(settings, draft.access.role_arn or asked.UNKNOWN_ROLE)
    if config["problems"] and not situation.purpose.removes:
        msg = " ".join(config["problems"])
        raise OnrampError(msg=msg, failure=Failure(code="invalid_argument", message=msg))
    params = asked.connection_params(settings, group.id, config, situation.limits.as_params(), **more)
    return DesiredConnection.from_params(params), Options.from_params(params)


def _planned(situation: Situation, draft: Draft, group: Group, work: ConnectionWork) -> ConnectionPlan:
    """Return what the module would do. What was interrupted is finished by onboarding, and found by nobody."""
    desired, options = _desired(
        situation,
        draft,
        group,
        update_secrets=work.update_secrets,
        run_setup_tests=work.run_setup_tests,
        paused=work.paused,
        start_if_never_synced=situation.purpose.creates,
    )

    def metadata(service: str) -> JsonObject | None:
        question = questions.metadata(draft.settings)
        return config_schema(service, lambda _service: situation.seen.of(question), warn)

    def warn(message: str) -> None:
        draft.warning("connection", "connection", message)

    return planned(desired, of_identity(draft.namesakes, desired), options, metadata)


def _warn(situation: Situation, draft: Draft, group: Group, change: ConnectionPlan) -> None:
    """Note what the module would warn of."""
    warnings = list(change.warnings)
    # Where findings are told, it is one.
    if not situation.purpose.tells_findings:
        destination = situation.seen.of(questions.destination(draft.settings, group.id))
        warnings.append(destination_warning(group.name, destination, is_new=change.creation is not None))
    if change.start and not change.starts:
        warnings.append(stays_paused(change.schema, change.actual))
    for warning in filter(None, warnings):
        draft.warning("connection", "connection", warning)
    row = change.actual
    if row and is_broken(row) and row.get("paused") and not change.starts and situation.purpose.creates:
        message = f"The connection {change.schema} is broken in Fivetran, and stays so."
        draft.warning("connection", "broken_and_paused", message, BROKEN_AND_PAUSED)


def _refuse(situation: Situation, draft: Draft, group: Group, protected: Sequence[Difference]) -> None:
    """Note that the connection would be pointed to something else, which may be a mistake."""
    schema = draft.settings.fivetran_schema
    for item in protected:
        setting = OWN_SETTINGS[SOURCE_SETTINGS[item.name]]
        draft.problem(
            "connection",
            "protected_field",
            f"{setting}: the connection {schema} of the Fivetran group {group.name} has {quoted(item.before)}, and the"
            f" inventory asks for {quoted(item.after)}.",
            situation.purpose.refusing(
                "If it is this workspace's connection, correct the inventory, or have the connection changed by"
                " fivetran_connection_adopt: true; if it is another one's, name another fivetran_schema."
            ),
            field=setting,
        )


def _what_happens(draft: Draft, change: ConnectionPlan, work: ConnectionWork) -> tuple[Action, ChangeReason]:
    if change.creation is not None:
        return Action.CREATE, ChangeReason.MISSING
    if not change.is_change:
        return Action.NONE, ChangeReason.AS_WANTED
    return Action.UPDATE, _reason(draft, change, work)


def _reason(draft: Draft, change: ConnectionPlan, work: ConnectionWork) -> ChangeReason:
    found = change.found
    if draft.role_is_new:
        return ChangeReason.ROLE_IS_NEW
    if not found:
        return ChangeReason.NOT_TESTED
    if work.paused is None and change.starts and len(found) == 1:
        return ChangeReason.NEVER_STARTED
    shown = before_and_after(found, "")["after"].values()
    return ChangeReason.SENT_AGAIN if all(str(value).startswith(REDACTED) for value in shown) else ChangeReason.DIFFERS


def _notice_paused(draft: Draft, change: ConnectionPlan) -> None:
    """Note that the connection is paused, unless the inventory says whether it is to be."""
    settings, row = draft.settings.roles["fivetran_connection"], change.actual or {}
    if settings.get("paused") is not None or not row.get("paused") or change.starts:
        return
    last = LastSync.of(row).finished_at
    wakes = last is None and settings["run_setup_tests"] != "never"
    since = f"no sync since {minute(last)}" if last else "it has never synced"
    draft.notice(
        "connection",
        "info",
        "paused",
        f"The connection {change.schema} is paused in Fivetran: {since}.",
        "onboard.yml starts it." if wakes else "It stays so until fivetran_connection_paused: false starts it.",
        field="fivetran_connection_paused",
    )


def _unverified(draft: Draft, row: JsonObject) -> str:
    """Return what Fivetran holds that nobody can see, and whether it has proved to work."""
    exports = draft.settings.roles["fivetran_connection"].get("exports_storage", "none")
    of_storage = [MASKED[draft.settings.storage]] if draft.settings.storage in MASKED else []
    of_exports = [f"{MASKED[exports]} of the exports"] if exports in MASKED else []
    names = joined(["Braze API key", *of_storage, *of_exports])
    return f"What Fivetran holds as {names}, because it shows a mask. {of_masked(row)}"


def _check_right(situation: Situation, draft: Draft, group: Group) -> None:
    """Note where the key may not create the connection.

    :raises OnrampError: it could not be asked.
    """
    may, advice = situation.seen.of(questions.right_to_create(draft.settings, group.id))
    if may is False:
        draft.problem("group", "no_right_to_create", advice)
    elif may is None:
        draft.warning("group", "right_unknown", advice)


def _is_missing(situation: Situation, draft: Draft, group: Group) -> None:
    schema = draft.settings.fivetran_schema
    if situation.purpose.tells_findings:
        draft.changes.append(Change("connection", schema, Action.CREATE, ChangeReason.MISSING))
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
    desired, _options = _desired(situation, draft, group)
    actual = of_identity(draft.namesakes, desired)
    action, reason = (Action.NONE, ChangeReason.GONE) if actual is None else (Action.DELETE, ChangeReason.LEAVES)
    before = {name: draft.seen["connection"].get(name) for name in ("id", "schema", "paused")} if actual else {}
    draft.changes.append(Change("connection", schema, action, reason, before=before))


def notice_state(situation: Situation, draft: Draft) -> None:
    """Note what Fivetran itself says of the connection: its setup, its last sync, its tasks, warnings and errors."""
    view = draft.seen.get("connection")
    for found in findings("connection", view) if view else ():
        draft.note(found)
    row = draft.own_row or {}
    question = questions.reasons(draft.settings, str(row.get("id")))
    for reason in situation.seen.of(question) if situation.seen.has(question) else ():
        # Those of tasks and warnings are told already.
        if reason not in reasons(row):
            draft.notice("sync", "error", "state", f"Fivetran says: {sentence(reason)}", field="errors")
