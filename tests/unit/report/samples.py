# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observations of tasks as the callback makes them, and reports made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.collect import Collector
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import (
    COLLECTION,
    HostOutcome,
    Observation,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Report, Run, Workspace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._way import StopName

GRANTED = ("users.export.ids", "campaigns.list", "segments.list")
KEY = {
    "verdict": "ok",
    "api_url": "https://rest.iad-01.braze.com",
    "instance": "US-01",
    "permissions": [{"name": name, "state": "granted", "optional": False} for name in GRANTED],
    "missing": [],
    "next_step": "",
}
LANDING = {
    "verdict": "landing",
    "storage": "s3",
    "bucket": "acme-currents-us",
    "prefix": "currents",
    "newest_hour": "2026-03-01T14:00:00Z",
    "integrations": [{"event_types": [{"name": "users.behaviors.app.SessionStart"}]}],
    "next_step": "",
}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
ALLOWS = {"code": "allowed", "text": "the policy Read allows s3:ListBucket", "where": "the policy Read"}
READS = {"answer": "yes", "reasons": [ALLOWS]}
EFFECT = {
    "assume_role": {"answer": "yes", "reasons": []},
    "read": {"s3://acme-currents-us/currents": READS},
    "wider": [],
}
ACCESS = {
    "access": {
        "external_id": "patient_harbor",
        "effect": EFFECT,
        "role": {
            "name": "Fivetran",
            "arn": "arn:aws:iam::1:role/Fivetran",
            "action": "none",
            "document": TRUST,
            "digest": "1",
        },
        "policy": {
            "name": "Read",
            "arn": "arn:aws:iam::1:policy/Read",
            "action": "none",
            "document": TRUST,
            "digest": "1",
        },
        "findings": [],
    }
}
CONNECTION = {
    "id": "connection_1",
    "schema": "braze_shop_us",
    "group_id": "patient_harbor",
    "paused": False,
    "sync_frequency": 60,
    "setup_state": "connected",
    "succeeded_at": "2026-03-01T14:10:00Z",
    "failed_at": None,
    "status": {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"},
}
ENTRY = '    braze_old:\n      fivetran_schema: braze_old\n      braze_api_key: "{{ vault_braze_api_key_braze_old }}"\n'
UNCLAIMED = {
    "host": "braze_old",
    "schema": "braze_old",
    "group_id": "patient_harbor",
    "group_name": "Warehouse EMEA",
    "connection_id": "connection_2",
    "reads": "s3://acme-currents-us/old",
    "entry": ENTRY,
}
DOUBT = "No host that can be read claims braze_older of the Fivetran group Warehouse."
RUN = Run(finished_at="2026-03-01T15:04:05Z", playbooks=("onboard.yml",))
TESTS = [{"title": "Connect to S3", "status": "PASSED", "message": ""}]


def seen(module: str, result: Mapping[str, Any], host: str = "shop_us", **changes: Any) -> Observation:
    """Return how a task of the collection ended."""
    values: dict[str, Any] = {
        "host": host,
        "task": f"Run {module}",
        "action": COLLECTION + module,
        "outcome": "ok",
        "result": result,
        "own": True,
        "workspace": True,
    }
    return Observation(**{**values, **changes})


def onboarding(host: str = "shop_us", **changes: Mapping[str, Any]) -> list[Observation]:
    """Return what onboarding shows of a workspace; ``changes`` replaces fields of a module's result."""
    results: dict[str, dict[str, Any]] = {
        "braze_api_key_info": KEY,
        "braze_currents_info": LANDING,
        "s3_access_plan_info": ACCESS,
        "fivetran_connection": {"changed": False, "connection": CONNECTION, "setup_tests": TESTS},
    }
    return [seen(module, {**result, **changes.get(module, {})}, host) for module, result in results.items()]


def planned(host: str = "shop_us", **plan: Any) -> Observation:
    """Return how the task ended that has planned one workspace. ``plan``: what differs from one with nothing to do."""
    of_workspace = {"applies": False, "reads_only": False, "findings": [], "warnings": [], "changes": [], "seen": {}}
    return seen("workspace_plan", {"workspaces": {host: {**of_workspace, **plan}}}, host)


def verified(host: str = "shop_us", **result: Any) -> Observation:
    """Return how the task ended that has planned one workspace for verify.yml. ``result``: what differs beside it."""
    plan = planned(host, reads_only=True).result
    return seen("workspace_plan", {**plan, "unclaimed": [UNCLAIMED], "doubts": [DOUBT], **result}, host)


REASON_OF_A_FAILED_SYNC = "Its last sync failed at 2026-03-01 18:00 UTC: <b>no Avro</b>."


def way(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a way as a plan has it, broken at the connection unless ``changes`` say otherwise."""
    stops = {}
    for place in StopName:
        age = 93600 if place in (StopName.CONNECTION, StopName.WAREHOUSE) else 1800
        stops[place.value] = {"stop": place.value, "state": "flows", "at": "2026-03-01T14:00:00Z", "age_seconds": age}
    stops["connection"] |= {"state": "broken", "message": REASON_OF_A_FAILED_SYNC}
    return [{"message": "", **stop, **changes.get(name, {})} for name, stop in stops.items()]


def report_of(observations: Iterable[Observation], **outcomes: HostOutcome) -> Report:
    """Return the report of a run in which these tasks ended."""
    collector = Collector()
    for observation in observations:
        collector.observe(observation)
    return collector.report(RUN, outcomes)


def workspace_of(observations: Iterable[Observation], **outcomes: HostOutcome) -> Workspace:
    """Return the only workspace of the report."""
    [workspace] = report_of(observations, **outcomes).workspaces
    return workspace
