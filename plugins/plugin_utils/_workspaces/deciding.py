# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide: out of the settings of the whole inventory and of what was seen, one plan for each playing workspace.

A pure function. It does not depend on the order of workspaces, nor, for what a workspace itself gets, on which play.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...module_utils._braze.currents import OPTION_FOR, LandingVerdict
from ...module_utils._braze.verdict import how_it_stands
from ...module_utils._fivetran.account.account import group_of_account
from ...module_utils._fivetran.client import JsonObject
from ...module_utils._kernel.errors import Failure, OnrampError
from ...module_utils._kernel.finding import Finding
from ...module_utils._kernel.task import Result
from .._settings.settings import Unusable
from .decide.allowance import shortages
from .decide.connection import decide_connection, notice_state
from .decide.drafts import Draft, Situation
from .decide.elsewhere import by_hand, external_id_of_the_role, note_access_elsewhere, note_what_is_read
from .decide.identity import find_conflicts
from .decide.moved import find_moved
from .decide.unclaimed import doubts, find_unclaimed
from .heal.healing import heal, not_looked_at, without_workspace
from .look import questions
from .look.purposes import PURPOSES
from .model.findings import findings
from .model.plan import Group, Plan, WorkspacePlan
from .step import note_what_stays
from .way.way_facts import note_way, reads_nothing_new


def decide(situation: Situation, misspelt: Mapping[str, Sequence[str]] | None = None) -> Plan:
    """Return the plan. ``misspelt``: by workspace, hints at variables that are none of ours and look like it."""
    refused = situation.refused
    playing = [entry for entry in situation.readable if entry.name in situation.names]
    drafts = [Draft(entry, problems=list(refused.get(entry.name, ()))) for entry in playing]
    for draft in drafts:
        _group(situation, draft)
        _checks(situation, draft)
    find_conflicts(situation, drafts)
    find_moved(situation, drafts)
    _connections_and_access(situation, drafts)
    for draft in drafts if situation.purpose.tells_findings else ():
        note_way(situation, draft)
    plans = {draft.name: draft.plan() for draft in drafts}
    plans |= {entry.name: _unusable(entry) for entry in situation.unusable if entry.name in situation.names}
    if situation.purpose.heals:
        plans = heal(situation, drafts, plans)
    for name, hints in (misspelt or {}).items():
        if name in plans:
            told = tuple(Finding("settings", "warning", "unknown_setting", hint) for hint in hints)
            plans[name] = replace(plans[name], warnings=(*told, *plans[name].warnings))
    order = [entry.name for entry in situation.inventory if entry.name in plans]
    plan = Plan(situation.purpose.name, {name: plans[name] for name in order}, shortages=shortages(situation, plans))
    # Of a part of the fleet, others may claim what nobody here does.
    if situation.purpose.heals:
        return replace(plan, without_workspace=without_workspace(situation.heal, drafts, plans.values()))
    if situation.is_part or not situation.purpose.tells_findings:
        return plan
    return replace(plan, unclaimed=find_unclaimed(situation, drafts), doubts=doubts(situation, drafts))


def _connections_and_access(situation: Situation, drafts: list[Draft]) -> None:
    """Decide about connections, policies, roles and grants.

    Access comes last, because only who has passed everything else takes part in a role, or really leaves. The modules
    of a cloud are imported where a workspace is in it.
    """
    in_s3 = [draft for draft in drafts if draft.settings.storage == "s3" and draft.group is not None]
    in_gcs = [draft for draft in drafts if draft.settings.storage == "gcs" and draft.group is not None]
    in_gcs = in_gcs if situation.purpose.grants else []
    if in_s3:
        from .decide.access.s3 import prepare_s3

        prepare_s3(situation, in_s3)
    for draft in drafts:
        decide_connection(situation, draft)
        if situation.purpose.tells_findings:
            notice_state(situation, draft)
        if situation.purpose.removes:
            note_what_is_read(draft)
        note_access_elsewhere(situation, draft)
    note_what_stays(situation, drafts)
    if in_gcs:
        from .decide.access.gcs import decide_gcs, prepare_gcs

        prepared = prepare_gcs(situation, in_gcs)
    _who_stays(situation, drafts)
    if in_s3:
        from .decide.access.s3 import decide_s3

        decide_s3(situation, in_s3)
        _who_stays(situation, drafts)
    if in_gcs:
        decide_gcs(situation, prepared)


def _unusable(entry: Unusable) -> WorkspacePlan:
    problems = tuple(
        Finding("settings", "error", "invalid_settings", problem.message, field=problem.variable)
        for problem in entry.problems
    )
    return WorkspacePlan(name=entry.name, problems=problems, incomplete=("settings",))


def _group(situation: Situation, draft: Draft) -> None:
    """Find out the group, and which connections it holds."""
    settings, seen = draft.settings, situation.seen
    try:
        account = seen.of(questions.account(settings))
        group = group_of_account(account.groups, settings.fivetran_group, account.view)
        draft.group = Group(id=str(group["id"]), name=str(group.get("name")))
        destination = seen.of(questions.destination(settings, draft.group.id))
        draft.rows = seen.of(questions.connections(settings, draft.group.id))
        draft.by_schema = situation.by_schema(draft.rows)
        if settings.storage == "gcs" and situation.purpose.grants:
            e_mail = seen.of(questions.service_account(settings, draft.group.id))
            draft.group = Group(draft.group.id, draft.group.name, e_mail)
    except OnrampError as error:
        draft.failure("group", error, _if_the_group_is_gone(situation, draft, error))
        return
    if situation.purpose.tells_findings:
        for found in findings("group", {"name": draft.group.name, "destination": destination}):
            draft.note(found)


def _if_the_group_is_gone(situation: Situation, draft: Draft, error: OnrampError) -> str:
    """Return how access is taken away without Fivetran: whether the group was deleted, it does not tell."""
    settings = draft.settings
    if not situation.purpose.removes or error.failure.code != "NotFound_Group" or settings.storage not in ("s3", "gcs"):
        return ""
    external_id = external_id_of_the_role(situation, draft)
    for group in situation.seen.of(questions.account(settings)).groups:
        if external_id and group.get("id") == external_id:
            return (
                f"The IAM role was made for the group {external_id}, which exists and is called {group.get('name')}. If"
                f" that is meant, set fivetran_group: {external_id}. Nothing was changed."
            )
    by = by_hand(situation, draft)
    return (
        "If it was renamed, set fivetran_group to its id. If it was deleted, its connections are gone with it, and the"
        f" access can be taken away by: {by}"
    )


def _who_stays(situation: Situation, drafts: list[Draft]) -> None:
    """Note which connections stay: who leaves together needs nothing for each other, and who is refused stays."""
    leaving = {
        (draft.group.id, draft.settings.fivetran_schema)
        for draft in drafts
        if situation.purpose.removes and draft.group is not None and not draft.problems
    }
    # The same listing for all who got the same answer.
    staying: dict[tuple[str, int], tuple[JsonObject, ...]] = {}
    for draft in drafts:
        group_id = draft.group.id if draft.group else ""
        rows = draft.rows or ()
        if (group_id, id(rows)) not in staying:
            staying[group_id, id(rows)] = tuple(row for row in rows if (group_id, row.get("schema")) not in leaving)
        draft.staying = staying[group_id, id(rows)]


def _checks(situation: Situation, draft: Draft) -> None:
    """Judge what only a person can make: the Braze key, and Currents."""
    if situation.purpose.key:
        _key(situation, draft)
    if situation.purpose.landing and draft.settings.storage in ("s3", "gcs"):
        _landing(situation, draft)


def _key(situation: Situation, draft: Draft) -> None:
    question = questions.key(draft.settings)
    result = _result(situation, draft, "key", question)
    if result is None:
        return
    for warning in situation.seen.warnings(question):
        draft.warning("key", "key", warning)
    draft.api_url = str(result["api_url"])
    reaction = draft.settings.roles["braze_api_key"]["on_problem"]
    if result["verdict"] != "ok":
        message = f"{how_it_stands(str(result['verdict']))}."
        _warn_or_refuse(situation, draft, "key", reaction, str(result["verdict"]), message, str(result["next_step"]))


def _landing(situation: Situation, draft: Draft) -> None:
    result = _result(situation, draft, "landing", questions.landing(draft.settings))
    option = OPTION_FOR.get(LandingVerdict(result["verdict"])) if result else None
    if result is None or option is None:
        return
    scheme = "s3" if draft.settings.storage == "s3" else "gs"
    place = "/".join(filter(None, (str(result["bucket"]), str(result["prefix"]))))
    message = f"Braze Currents does not land in {scheme}://{place} ({result['verdict']})."
    if situation.purpose.tells_findings:
        green = reads_nothing_new(draft, str(result["verdict"]), result.get("newest_hour"))
        message = f"{message} {green}".strip()
    reaction = draft.settings.roles["currents_landing"][option]
    _warn_or_refuse(situation, draft, "landing", reaction, str(result["verdict"]), message, str(result["next_step"]))


def _result(situation: Situation, draft: Draft, step: str, question: questions.Question[Result]) -> Result | None:
    """Return what a module's look has shown, and keep it for the report; where it has failed, note that."""
    try:
        draft.seen[step] = situation.seen.of(question)
    except OnrampError as error:
        draft.failure(step, error)
        return None
    result: Result = draft.seen[step]
    return result


def _warn_or_refuse(
    situation: Situation, draft: Draft, step: str, reaction: str, code: str, message: str, remedy: str
) -> None:
    """Do about a verdict what the inventory says; where findings are told, each is one."""
    if reaction == "fail" or situation.purpose.tells_findings:
        draft.problem(step, code, message, remedy)
    elif reaction == "warn":
        draft.warning(step, code, message, remedy)


def no_plan(purpose: str, names: Iterable[str], error: OnrampError | str) -> Plan:
    """Return a plan that refuses every workspace, because there was nothing to plan from."""
    msg = str(error)
    failure = error.failure if isinstance(error, OnrampError) else Failure(code="not_looked_at", message=msg)
    finding = Finding("settings", "error", failure.code, msg)
    refused = {name: WorkspacePlan(name=name, problems=(finding,), incomplete=("everything",)) for name in names}
    if PURPOSES[purpose].heals:
        refused = {name: not_looked_at(plan) for name, plan in refused.items()}
    return Plan(purpose, refused)
