# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide about grants in Google Cloud Storage. Workspaces of one group in one bucket share a grant.

Access is judged by its effect: what lets Fivetran read is adopted as it is. A grant bears no mark of who has made it,
so only the very grant that the settings would make is taken away, and only where nobody else may need it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from .....module_utils._google.effect.effect import roles_in_doubt
from .....module_utils._google.effect.question import Allowed
from .....module_utils._google.iam import NEXT_STEPS
from .....module_utils._google.member import wanted_grant
from .....module_utils._google.policy import Grant
from .....module_utils._google.preflight import GcsBucket
from .....module_utils._kernel.errors import OnrampError
from ...._settings.settings import Settings
from ...look import asked, questions
from ...model.plan import Change, RoleWork, all_but, first_names
from ..drafts import Draft, Situation
from .gcs_courses import bring
from .gcs_grant import Prepared, is_managed
from .gcs_leaving import leave
from .gcs_together import reader_of, readers_together


def prepare_gcs(situation: Situation, drafts: Iterable[Draft]) -> list[Prepared]:
    """Return what is known of the playing workspaces in Google Cloud Storage; of the others, note why not."""
    prepared = []
    for draft in drafts:
        settings, member = draft.settings, draft.group.service_account if draft.group else ""
        if not member:
            # Why it is not known is told of the group.
            continue
        try:
            bucket = situation.seen.of(questions.gcs_bucket(settings))
            wanted = wanted_grant(asked.gcs_bucket_params(settings, situation.limits.as_params(), member))
        except OnrampError as error:
            draft.failure("access", error)
            continue
        if bucket.policy is None and bucket.exists is not False:
            _cannot_be_read(draft)
        prepared.append(Prepared(draft, bucket, wanted, _allowed(situation, draft.settings, bucket, wanted)))
    return prepared


def _allowed(situation: Situation, settings: Settings, bucket: GcsBucket, wanted: Grant) -> dict[str, Allowed]:
    """Return what was seen of the roles that decide."""
    bindings = (bucket.policy or {}).get("bindings") or ()
    roles = roles_in_doubt(
        bindings, wanted.member, bucket.name, settings.prefix, now=datetime.now(UTC), wanted=wanted.role
    )
    asking = {role: questions.gcs_role(settings, role) for role in roles}
    return {role: situation.seen.of(question) for role, question in asking.items() if situation.seen.has(question)}


def decide_gcs(situation: Situation, prepared: Iterable[Prepared]) -> None:
    """Decide for the playing workspaces in Google Cloud Storage."""
    everybody = list(prepared)
    sharing: dict[tuple[str, Grant], list[Draft]] = {}
    together = readers_together(situation, everybody) if situation.purpose.removes else {}
    for known in everybody:
        decided = leave(situation, known, together[reader_of(known)]) if together else bring(situation, known)
        if decided is not None:
            sharing.setdefault((known.bucket.name, decided), []).append(known.draft)
    for members in sharing.values():
        _share(situation, members)


def _cannot_be_read(draft: Draft) -> None:
    message = f"The IAM policy of bucket {draft.settings.bucket} cannot be read with these credentials."
    if is_managed(draft):
        draft.problem("access", "policy_not_readable", message, NEXT_STEPS[403])
        draft.incomplete.append("access")
    else:
        draft.unverified.append(message)


def _share(situation: Situation, members: list[Draft]) -> None:
    """Let the first workspace that has passed its checks do it for all."""
    able = [draft for draft in members if not draft.problems] or members
    maker, names = able[0].name, first_names(draft.name for draft in members)
    for draft in members:
        draft.access = RoleWork(maker=maker, state="absent" if situation.purpose.removes else "present")
        others = all_but(draft.name, names)
        made_by = maker if maker != draft.name else ""
        draft.changes = [
            Change(**{**vars(change), "shared_with": others, "made_by": made_by}) if change.kind == "grant" else change
            for change in draft.changes
        ]
