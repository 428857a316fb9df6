# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Situations to decide from: workspaces of an inventory, and what the vendors answered about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.access import desired_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import (
    Actual,
    ActualPolicy,
    ActualRole,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import S3Bucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import Identity
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.preflight import GcsBucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import Failure, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reading import read_settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import (
    Settings,
    Unreadable,
    Unusable,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.drafts import Situation
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import decide
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import asked, questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import (
    Question,
    Returned,
    Seen,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Change,
    Plan,
    WorkspacePlan,
)

KEY, SECRET = "aPzT4k9QmVx2-fivetran", "s3cr3t-of-the-account-0815"
BRAZE_KEY = "0d1f6c1e-5a54-4c1a-9d5c-3b2f6a7e8d90"
EXPORTS_SECRET = "DefaultEndpointsProtocol=https;AccountName=exports;AccountKey=ZXhwb3J0cw=="
SECRETS = (KEY, SECRET, BRAZE_KEY, EXPORTS_SECRET)
GROUP_ID, GROUP = "jovial_daylight", "Warehouse"
SECOND_GROUP_ID, SECOND_GROUP = "patient_harbor", "Warehouse EMEA"
GROUPS = ({"id": GROUP_ID, "name": GROUP}, {"id": SECOND_GROUP_ID, "name": SECOND_GROUP})
AWS_ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{AWS_ACCOUNT}:role/Fivetran"
POLICY = f"arn:aws:iam::{AWS_ACCOUNT}:policy/Fivetran-S3-Access"
SERVICE_ACCOUNT = "g-jovial-daylight@fivetran.iam.gserviceaccount.com"
MASK = "******"
InIam = tuple[ActualPolicy | ActualRole, ...]
UNREADABLE = object()


@dataclass(frozen=True)
class Host:
    """The variables of a host as a dictionary; what is ``UNREADABLE`` cannot be evaluated."""

    variables: Mapping[str, Any]

    def names(self) -> Collection[str]:
        return self.variables.keys()

    def value(self, name: str) -> Any:
        if self.variables[name] is UNREADABLE:
            raise Unreadable("'company' is undefined")
        return self.variables[name]


def entry(name: str = "shop_us", **changes: Any) -> Settings | Unusable:
    """Return a workspace in S3 as it is read, ready to be onboarded unless ``changes`` say otherwise."""
    variables = {
        "fivetran_group": GROUP,
        "fivetran_schema": f"braze_{name}",
        "fivetran_api_key": KEY,
        "fivetran_api_secret": SECRET,
        "braze_api_url": "US-01",
        # Braze has one for each of its workspaces.
        "braze_api_key": f"{BRAZE_KEY}-{name}",
        "currents_storage": "s3",
        "currents_bucket": "acme-currents",
        "currents_prefix": name,
    }
    return read_settings(name, Host({**variables, **changes}), {})


def settings(name: str = "shop_us", **changes: Any) -> Settings:
    """Return a workspace with which nothing is wrong."""
    read = entry(name, **changes)
    assert isinstance(read, Settings), read
    return read


def gcs(name: str = "shop_eu", **changes: Any) -> Settings:
    """Return a workspace in Google Cloud Storage."""
    return settings(name, **{"currents_storage": "gcs", "currents_bucket": "acme-currents-eu", **changes})


def unusable(name: str = "broken", **changes: Any) -> Unusable:
    """Return a workspace that cannot be used, by default because its Braze key cannot be read."""
    read = entry(name, **(changes or {"braze_api_key": UNREADABLE}))
    assert isinstance(read, Unusable)
    return read


def unknown(name: str = "broken") -> Unusable:
    """Return a workspace of which nothing can be read."""
    names = ("fivetran_group", "fivetran_schema", "currents_storage", "currents_bucket", "currents_prefix")
    of_role = ("s3_access_role_name", "s3_access_policy_name", "s3_access_aws_profile")
    return unusable(name, **dict.fromkeys((*names, *of_role), UNREADABLE))


# What is there


def row(workspace: Settings, group_id: str = GROUP_ID, **changes: Any) -> dict[str, Any]:
    """Return the connection of a workspace as Fivetran lists it, just as it should be."""
    made = asked.connection_config(workspace, ROLE)
    masked = {
        **dict.fromkeys(made["config_secrets"], MASK),
        **({"s3role_arn": MASK} if workspace.storage == "s3" else {}),
    }
    return {
        "id": f"id_of_{workspace.fivetran_schema}",
        "group_id": group_id,
        "service": "braze",
        "schema": workspace.fivetran_schema,
        "paused": False,
        "config": {**made["config"], **masked},
        "status": {"setup_state": "connected", "sync_state": "scheduled"},
        **changes,
    }


def other_row(schema: str, service: str = "s3", **config: Any) -> dict[str, Any]:
    """Return a connection that no workspace claims."""
    place = {"id": f"id_of_{schema}", "group_id": GROUP_ID, "service": service, "schema": schema}
    return {**place, "config": config, "status": {"setup_state": "connected"}}


def in_iam(workspace: Settings, *buckets: str, group_id: str = GROUP_ID, **changes: Any) -> InIam:
    """Return policy and role as s3_access makes them for ``buckets``; ``changes`` of the role."""
    desired = desired_from_params(asked.s3_access_params(workspace, group_id, buckets), AWS_ACCOUNT, "aws")
    role = {
        "arn": desired.role_arn,
        "trust": desired.trust,
        "tags": desired.all_tags,
        "attached_policies": (desired.policy_arn,),
        **changes,
    }
    policy = ActualPolicy(arn=desired.policy_arn, document=desired.permissions, tags=desired.all_tags)
    return policy, ActualRole(**role)


def name_of(thing: ActualPolicy | ActualRole) -> str:
    """Return the name of a policy or a role, as AWS compares it."""
    return thing.arn.rpartition("/")[2].lower()


def gcs_policy(*members: str) -> dict[str, Any]:
    """Return the IAM policy of a bucket that these service accounts may read."""
    bindings = [{"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{member}" for member in members]}]
    return {"version": 1, "etag": "BwX", "bindings": bindings if members else []}


# What was seen


def failed(code: str = "timeout", msg: str = "Nothing answered within 30 seconds.") -> Returned:
    """Return an answer that did not come."""
    return Returned(error=OnrampError(msg=msg, failure=Failure(code=code, message=msg)))


def key_result(verdict: str = "ok", next_step: str = "") -> dict[str, Any]:
    return {"changed": False, "verdict": verdict, "api_url": "https://rest.iad-01.braze.com", "next_step": next_step}


def landing_result(workspace: Settings, verdict: str = "landing", next_step: str = "") -> dict[str, Any]:
    place = {"bucket": workspace.bucket, "prefix": workspace.prefix}
    return {"changed": False, "verdict": verdict, "next_step": next_step, **place}


@dataclass(frozen=True)
class World:
    """What the vendors hold. ``rows``: of all groups. ``policies``: of buckets in Google Cloud Storage, by name."""

    rows: tuple[dict[str, Any], ...] = ()
    iam: InIam = ()
    policies: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    groups: tuple[dict[str, Any], ...] = GROUPS
    accounts: Mapping[str, str] = field(default_factory=dict)

    def answers(self, inventory: Iterable[Settings]) -> dict[Question[Any], Returned]:
        """Return the answers to everything that may be asked about these workspaces."""
        return {question: Returned(value) for workspace in inventory for question, value in self._of(workspace).items()}

    def _of(self, workspace: Settings) -> dict[Question[Any], Any]:
        view = {"id": "acme_account", "name": "Acme"}
        found: dict[Question[Any], Any] = {
            questions.account(workspace): questions.Account(view, self.groups),
            questions.metadata(workspace): {"config": {}},
            questions.key(workspace): key_result(),
            questions.landing(workspace): landing_result(workspace),
        }
        for group in self.groups:
            group_id = group["id"]
            found |= {
                questions.destination(workspace, group_id): {"setup_status": "connected"},
                questions.connections(workspace, group_id): tuple(
                    row for row in self.rows if row["group_id"] == group_id
                ),
                questions.elsewhere(workspace, group_id): tuple(
                    row for row in self.rows if row["group_id"] != group_id
                ),
                questions.right_to_create(workspace, group_id): (True, ""),
                questions.service_account(workspace, group_id): SERVICE_ACCOUNT,
            }
        return found | (self._in_s3(workspace) if workspace.storage == "s3" else self._in_gcs(workspace))

    def _in_s3(self, workspace: Settings) -> dict[Question[Any], Any]:
        profile = workspace.roles["s3_access"].get("aws_profile", "")
        account = self.accounts.get(profile, AWS_ACCOUNT)
        return {
            questions.identity(workspace): Identity(account, "aws"),
            questions.iam(workspace, account): self._actual(workspace),
            questions.s3_bucket(workspace, account): S3Bucket(workspace.bucket),
        }

    def _actual(self, workspace: Settings) -> Actual:
        """Return what bears the two names; their case does not matter."""
        policy_name, role_name, _path = asked.names_in_iam(workspace)
        there = {(type(one), name_of(one)): one for one in self.iam}
        policy, role = there.get((ActualPolicy, policy_name.lower())), there.get((ActualRole, role_name.lower()))
        return Actual(
            policy=policy if isinstance(policy, ActualPolicy) else None,
            role=role if isinstance(role, ActualRole) else None,
        )

    def _in_gcs(self, workspace: Settings) -> dict[Question[Any], Any]:
        policy = self.policies.get(workspace.bucket, gcs_policy())
        bucket = GcsBucket(workspace.bucket, requester_pays=False, uniform_access=True, policy=policy)
        return {questions.gcs_bucket(workspace): bucket}


def situation(
    purpose: str,
    *inventory: Settings | Unusable,
    world: World | None = None,
    names: Iterable[str] | None = None,
    answers: Mapping[Question[Any], Returned] | None = None,
    **more: Any,
) -> Situation:
    """Return a situation in which everybody plays, unless ``names`` are given; ``answers`` outweigh the world's."""
    known = (world or World()).answers(entry for entry in inventory if isinstance(entry, Settings))
    playing = frozenset(entry.name for entry in inventory) if names is None else frozenset(names)
    return Situation(PURPOSES[purpose], inventory, playing, Seen({**known, **(answers or {})}), **more)


def plan_of(purpose: str, *inventory: Settings | Unusable, **more: Any) -> Plan:
    """Return the plan for a :func:`situation`."""
    return decide(situation(purpose, *inventory, **more))


def plans_of(purpose: str, *inventory: Settings | Unusable, **more: Any) -> list[WorkspacePlan]:
    """Return the plans of the workspaces that play, in the inventory's order."""
    return list(plan_of(purpose, *inventory, **more).workspaces.values())


def codes(plan: WorkspacePlan) -> list[str]:
    """Return the codes of the problems."""
    return [problem.code for problem in plan.problems]


def change(plan: WorkspacePlan, kind: str) -> Change:
    """Return the only change of a kind, which may be none."""
    (found,) = [item for item in plan.changes if item.kind == kind]
    return found


def told_of(plan: WorkspacePlan) -> dict[str, tuple[str, str]]:
    """Return, by kind of object, what is done and why."""
    return {item.kind: (item.action.value, item.reason.value) for item in plan.changes}
