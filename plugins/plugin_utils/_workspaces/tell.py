# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell a plan to a person: a line for the fleet, and for a workspace nothing, a block, or why it is refused."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._kernel.finding import Finding
from ...module_utils._kernel.printable import visible
from ...module_utils._kernel.secrets.redact import REDACTED
from .._way import way_line
from .heal.outcomes import healing_lines, in_words, state_of
from .model.differences import difference, leaves, sentence
from .model.plan import Action, Change, ChangeReason, Plan, WorkspacePlan, WorkspaceVerdict

VERBS: Mapping[Action, str] = {
    Action.CREATE: "create",
    Action.UPDATE: "change",
    Action.DELETE: "remove",
    Action.NONE: "leave",
}


SIGNS: Mapping[Action, str] = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.NONE: " "}


REASONS: Mapping[ChangeReason, str] = {
    ChangeReason.AS_WANTED: "it is as it should be",
    ChangeReason.MISSING: "there is none yet",
    ChangeReason.DIFFERS: "it differs",
    ChangeReason.SENT_AGAIN: "what Fivetran shows masked is sent again",
    ChangeReason.NOT_TESTED: "its setup tests have not passed yet",
    ChangeReason.NEVER_STARTED: "it has never been started",
    ChangeReason.BROKEN: "it is tested, and synced once unless it works then",
    ChangeReason.ROLE_IS_NEW: "its IAM role is new, so that it cannot be using it yet",
    ChangeReason.NOT_NEEDED: "nobody else needs it",
    ChangeReason.LEAVES: "the workspace leaves",
    ChangeReason.STILL_NEEDED: "others need it",
    ChangeReason.GONE: "it is gone already",
}


# What stays, or goes, beside the changes of a plan. Other notes stand in its result, and in the report.
NOTES = (
    "grant_still_needed", "role_still_needed", "buckets_released", "role_not_ours", "policy_not_ours", "paused",
    "access_unknown", "grant_adopted", "grant_kept", "kept_for_the_fleet", "bucket_granted_lately",
)  # fmt: skip


# What verify.yml says as not verifiable, or not at all, for it is fine.
SAID_OTHERWISE = ("access_unknown", "grant_adopted")
# What changes nothing, and what verify.yml alone mentions.
ASIDE = ("other_policies_attached", "wider_than_needed")


FINE = "everything is as it should be."


FINE_AS_SEEN = "everything that can be seen is as it should be."


# So many connections that nobody claims are told one by one.
MOST_UNCLAIMED = 20


def fleet_line(plan: Plan) -> str:
    """Return how all workspaces of the run stand, in one line."""
    count = len(plan.workspaces)
    if plan.purpose == "heal":
        return f"Looked at {_workspaces(count)}: {in_words(state_of(one) for one in plan.workspaces.values())}."
    if plan.purpose == "verify":
        found = sum(bool(findings_of(workspace)) for workspace in plan.workspaces.values())
        parts = [f"{count - found} fine" if count > found else "", f"{found} with findings" if found else ""]
        return f"Verified {_workspaces(count)}: {', '.join(filter(None, parts)) or 'none'}."
    words = {WorkspaceVerdict.FINE: "fine", WorkspaceVerdict.CHANGES: "to change", WorkspaceVerdict.REFUSED: "refused"}
    counts = {word: plan.count(verdict) for verdict, word in words.items()}
    waiting = sum(
        workspace.verdict is WorkspaceVerdict.FINE and bool(workspace.later) for workspace in plan.workspaces.values()
    )
    counts = {**counts, "fine": counts["fine"] - waiting, f"with nothing to do in the step {plan.step}": waiting}
    parts = [f"{number} {word}" for word, number in counts.items() if number]
    return f"Plan: {_workspaces(count)}: {', '.join(parts) or 'none'}."


def _workspaces(count: int) -> str:
    return "1 workspace" if count == 1 else f"{count} workspaces"


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"


def unclaimed_lines(plan: Plan) -> list[str]:
    """Return a line for each connection that nobody claims, to be pasted into the inventory as it is."""
    count = len(plan.unclaimed)
    if not count:
        return list(plan.doubts)
    head = (
        "1 Braze connection belongs to no workspace. To claim it, put this line"
        if count == 1
        else f"{count} Braze connections belong to no workspace. To claim one, put its line"
    )
    lines = [f"    {found.line}" for found in plan.unclaimed[:MOST_UNCLAIMED]]
    more = [f"    ... and {count - MOST_UNCLAIMED} more: discover.yml writes an inventory."]
    told = [f"{head} below hosts:", *lines, *(more if count > MOST_UNCLAIMED else ()), *plan.doubts]
    return list(map(visible, told))


def told(purpose: str, plan: WorkspacePlan) -> list[str]:
    """Return the lines for one workspace. What a vendor calls something makes no line of its own."""
    return list(map(visible, _told(purpose, plan)))


def _told(purpose: str, plan: WorkspacePlan) -> list[str]:
    kept = [f"  = {note}" for note in notes_of(purpose, plan)]
    if plan.healing is not None:
        return [*healing_lines(plan.name, plan.healing), *(line for change in plan.todo for line in _lines(change))]
    if purpose == "verify":
        unseen = [f"  ? {sentence}" for sentence in not_verifiable(plan)]
        # Of a workspace with findings, the rest is told beside them.
        return _verified(plan) if findings_of(plan) else [*_verified(plan), *kept, *unseen]
    if plan.problems:
        return _refused(plan.name, plan.problems)
    if not plan.todo and plan.later:
        return [f"{plan.name}: nothing to do in this step, and {_changes(len(plan.later))} in the other one.", *kept]
    if not plan.todo:
        return [f"{plan.name}: {FINE if purpose != 'offboard' else 'nothing is left to remove.'}", *kept]
    head = f"{plan.name}: {_changes(len(plan.todo))}{' in this step' if plan.later else ''}."
    # What leaves goes in the other order: first the connection, then what it reads with.
    ordered = reversed(plan.todo) if purpose == "offboard" else plan.todo
    return [head, *(line for change in ordered for line in _lines(change)), *kept]


def notes_of(purpose: str, plan: WorkspacePlan) -> list[str]:
    notes = [note for note in (*NOTES, *ASIDE) if note not in (SAID_OTHERWISE if purpose == "verify" else ASIDE)]
    return [finding.text() for finding in plan.noticed if finding.code in notes]


def not_verifiable(plan: WorkspacePlan) -> list[str]:
    return [f"not verifiable: {sentence}" for sentence in plan.unverified]


def _refused(name: str, problems: Sequence[Finding]) -> list[str]:
    if len(problems) == 1:
        return [f"{name}: {problems[0].text()}"]
    if all(problem.step == "settings" for problem in problems):
        return [f"{name}: {problem.text()}" for problem in problems]
    return [f"{name}: {len(problems)} problems.", *(f"- {problem.step}: {problem.text()}" for problem in problems)]


def _verified(plan: WorkspacePlan) -> list[str]:
    found = findings_of(plan)
    if not found:
        return [f"{plan.name}: {FINE if not plan.unverified else FINE_AS_SEEN}"]
    head = f"{plan.name}: {len(found)} {'finding' if len(found) == 1 else 'findings'}."
    return [head, *(f"- {finding.step}: {finding.text()}" for finding in found), *way_lines(plan)]


def way_lines(plan: WorkspacePlan) -> list[str]:
    """Return where the data is, and how old; a line that begins as none of a finding does."""
    line = way_line(plan.way)
    return [f"  {line}"] if line else []


STEPS = ("settings", "group", "key", "landing", "access", "connection", "sync")


def findings_of(plan: WorkspacePlan) -> list[Finding]:
    """Return all that verify.yml calls a finding: problems, what differs, and what Fivetran itself says."""
    noticed = [finding for finding in plan.noticed if finding.severity == "error"]
    everything = [*plan.problems, *_differences(plan), *noticed]
    return sorted(everything, key=lambda finding: STEPS.index(finding.step) if finding.step in STEPS else 0)


def _differences(plan: WorkspacePlan) -> Iterator[Finding]:
    for change in plan.todo:
        step = "connection" if change.kind == "connection" else "access"
        for field, message in _sentences(plan, change):
            yield Finding(step, "error", f"{change.kind}_{change.reason}", message, field=field)


def _sentences(plan: WorkspacePlan, change: Change) -> Iterator[tuple[str, str]]:
    """Yield which field differs, and a sentence about it."""
    if change.kind == "grant":
        grants = "; ".join(map(str, change.after.get("grants", ())))
        yield "grant", f"The grant on {change.name} is missing: {_grant(grants)}."
    elif change.action is Action.CREATE and change.kind == "connection":
        group = plan.group.name if plan.group else ""
        yield "", f"There is no connection {change.name} in the group {group}. Run onboard.yml."
    elif change.action is Action.CREATE:
        yield change.name, f"{change.name} does not exist."
    else:
        of = "" if change.kind == "connection" else f" of {change.name}"
        is_new = change.reason is ChangeReason.ROLE_IS_NEW
        for path, old, new in _leaves(change):
            # What is masked is sent with a new role, and nobody knows whether it differs.
            if not is_new or not str(new).startswith(REDACTED):
                yield path, sentence(f"{path}{of}", old, new)
        if is_new:
            role = plan.access.role_arn
            yield (
                "config.s3role_arn",
                f"The connection {change.name} cannot be using the IAM role {role}, which does not exist yet."
                " Run onboard.yml, which sends the role and tests it.",
            )


def _grant(line: str) -> str:
    """Turn "ROLE to MEMBER if CONDITION" into a sentence's end."""
    role, _to, rest = line.partition(" to ")
    member, _if, condition = rest.partition(" if ")
    return f"{member} does not hold {role}" + (f" under the condition {condition}" if condition else "")


def _leaves(change: Change) -> Iterator[tuple[str, Any, Any]]:
    for field, value in change.after.items():
        yield from leaves(field, change.before.get(field), value)


def _lines(change: Change) -> Iterator[str]:
    """Yield a change: what and why, then what is there and what will be."""
    who = f"; {change.made_by} does it for all that share it" if change.made_by else ""
    yield f"  {SIGNS[change.action]} {VERBS[change.action]} {change.kind} {change.name}: {REASONS[change.reason]}{who}"
    if change.made_by or change.action is not Action.UPDATE:
        return
    for field, value in change.after.items():
        yield from difference(field, change.before.get(field), value)


def diffs(plan: WorkspacePlan) -> list[dict[str, Any]]:
    """Return what ``--diff`` shows: of what others do for this workspace, nothing."""
    return [
        {
            "before_header": f"{change.kind} {change.name}",
            "after_header": f"{change.kind} {change.name}",
            "before": dict(change.before),
            "after": dict(change.after),
        }
        for change in plan.todo
        if not change.made_by and (change.before or change.after)
    ]
