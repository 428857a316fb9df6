# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take from the results of the collection's modules the named fields that the report shows, and nothing else.

So no secret can come along with a result, whatever else it holds. What is missing or of another type counts as empty:
a report must not fail because of a result.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from ....module_utils._kernel.finding import ACCESS, Finding
from ..._way import Flow, Stop, StopName
from ..model import Unclaimed
from ..vendors import (
    AwsObject,
    GcsAccess,
    Landing,
    May,
    ReportedConnection,
    ReportedKey,
    ReportedPermission,
    ReportedTest,
    S3Access,
)

ANSWERS = ("yes", "no", "unknown")
# So many lines say why; a longer one stands in the result.
MOST_REASONS = 5
LONGEST_REASON = 300


def plain(words: str) -> str:
    """Return text on one line without control and formatting characters, which could rewrite what surrounds it."""
    spaced = "".join(" " if character.isspace() else character for character in words)
    return "".join(character for character in spaced if unicodedata.category(character)[0] != "C")


def text(data: Mapping[str, Any], name: str) -> str:
    """Return a text field, empty if there is none."""
    value = data.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a field that is a dictionary, empty if there is none."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def mappings(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the dictionaries of a list."""
    return [item for item in _items(data, name) if isinstance(item, Mapping)]


def texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the strings of a list."""
    return tuple(str(item) for item in _items(data, name) if isinstance(item, str))


def _items(data: Mapping[str, Any], name: str) -> Iterable[Any]:
    value = data.get(name)
    return value if isinstance(value, list | tuple) else ()


def key(result: Mapping[str, Any]) -> ReportedKey:
    """Read a result of ``braze_api_key_info``."""
    permissions = tuple(
        ReportedPermission(text(item, "name"), text(item, "state"), item.get("optional") is True)
        # Of a key that Braze does not know, all of them say the same.
        for item in (mappings(result, "permissions") if result.get("verdict") != "invalid_key" else ())
    )
    return ReportedKey(
        verdict=text(result, "verdict"),
        api_url=text(result, "api_url"),
        instance=text(result, "instance"),
        permissions=permissions,
        missing=texts(result, "missing"),
        next_step=text(result, "next_step"),
    )


def landing(result: Mapping[str, Any]) -> Landing:
    """Read a result of ``braze_currents_info``."""
    event_types = {
        text(event, "name")
        for integration in mappings(result, "integrations")
        for event in mappings(integration, "event_types")
    }
    return Landing(
        verdict=text(result, "verdict"),
        storage=text(result, "storage"),
        bucket=text(result, "bucket"),
        prefix=text(result, "prefix"),
        newest_hour=text(result, "newest_hour"),
        event_types=tuple(sorted(event_types)),
        next_step=text(result, "next_step"),
    )


def s3_access(result: Mapping[str, Any]) -> S3Access:
    """Read a result of ``s3_access_plan_info``."""
    access = mapping(result, "access")
    role = _aws_object(mapping(access, "role"))
    return S3Access(role_arn=role.arn, policy=_aws_object(mapping(access, "policy")), role=role)


def _aws_object(data: Mapping[str, Any]) -> AwsObject:
    document = json.loads(json.dumps(mapping(data, "document"), default=str))
    return AwsObject(text(data, "name"), text(data, "arn"), text(data, "action"), document, text(data, "digest"))


def has_grant(result: Mapping[str, Any]) -> bool:
    """Tell whether a result of ``gcs_bucket_iam_member`` tells of a grant that is there, or that goes."""
    return bool(mapping(result, "grant")) or result.get("changed") is True


def gcs_access(result: Mapping[str, Any]) -> GcsAccess:
    """Read a result of ``gcs_bucket_iam_member``; without a grant, all but ``action`` is empty."""
    grant = mapping(result, "grant")
    condition = mapping(grant, "condition")
    changed = result.get("changed") is True
    return GcsAccess(
        bucket=text(grant, "bucket"),
        role=text(grant, "role"),
        member=text(grant, "member"),
        condition={name: text(condition, name) for name in ("title", "expression") if name in condition},
        action=("create" if changed else "none") if grant else "delete",
    )


def may_in_s3(result: Mapping[str, Any], place: str = "") -> tuple[May, ...]:
    """Read in a result of ``s3_access_plan_info`` what Fivetran may do with ``place``, by default with each.

    Nothing if the result does not speak of the place.
    """
    access = mapping(result, "access")
    effect = mapping(access, "effect")
    read = [
        may
        for name in mapping(effect, "read")
        if place in ("", name)
        for may in _may(f"list and read {name}", mapping(mapping(effect, "read"), name))
    ]
    if not read:
        return ()
    with_id = f"assume the role with the External ID {text(access, 'external_id')}"
    more = {"answer": "yes", "reasons": mappings(effect, "wider")}
    beside = _may("more than that", more) if more["reasons"] else []
    return (*_may(with_id, mapping(effect, "assume_role")), *read, *beside)


def may_in_gcs(result: Mapping[str, Any], place: str = "") -> tuple[May, ...]:
    """Read what the member of a grant may do with ``place``, by default with the bucket."""
    place = place or f"gs://{text(mapping(result, 'grant'), 'bucket')}"
    return tuple(_may(f"list and read {place}", mapping(result, "effect")))


def _may(what: str, effect: Mapping[str, Any]) -> list[May]:
    answer = text(effect, "answer")
    if answer not in ANSWERS:
        return []
    lines = list(dict.fromkeys(_line(text(reason, "text")) for reason in mappings(effect, "reasons")))
    if len(lines) > MOST_REASONS:
        lines = [*lines[: MOST_REASONS - 1], f"and {len(lines) - MOST_REASONS + 1} more"]
    return [May(_line(what), answer, tuple(filter(None, lines)))]


def _line(words: str) -> str:
    line = plain(words).strip()
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]} ..."


def connection(data: Mapping[str, Any], action: str = "none") -> ReportedConnection:
    """Read one connection of a result of ``fivetran_connection`` or ``fivetran_connection_info``."""
    status = mapping(data, "status")
    paused, frequency = data.get("paused"), data.get("sync_frequency")
    return ReportedConnection(
        id=text(data, "id"),
        schema=text(data, "schema"),
        group=text(data, "group_id"),
        action=action,
        paused=paused if isinstance(paused, bool) else None,
        setup_state=text(data, "setup_state") or text(status, "setup_state"),
        sync_state=text(status, "sync_state"),
        update_state=text(status, "update_state"),
        sync_frequency=frequency if isinstance(frequency, int) else None,
        succeeded_at=text(data, "succeeded_at"),
        failed_at=text(data, "failed_at"),
    )


def setup_tests(result: Mapping[str, Any]) -> tuple[ReportedTest, ...]:
    """Read the setup tests of a result; their ``details`` are anything and stay out."""
    return tuple(
        ReportedTest(text(item, "title"), text(item, "status"), text(item, "message"))
        for item in mappings(result, "setup_tests")
    )


def alerts(data: Mapping[str, Any]) -> list[Finding]:
    """Read what Fivetran lists under tasks and warnings of a connection."""
    status = mapping(data, "status")
    return [
        # Field and code as the plan names them, which tells the same.
        Finding("sync", "warning", "state", f"Fivetran lists under {name}: {_alert(item)}", field=name)
        for name in ("tasks", "warnings")
        for item in mappings(status, name)
    ]


def _alert(item: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (text(item, "code"), text(item, "message"))))


def findings(data: Mapping[str, Any], step: str) -> list[Finding]:
    """Read the findings of a preflight or of ``s3_access_plan_info``."""
    return [_finding(item, step) for item in mappings(data, "findings")]


def hints(outcome: Mapping[str, Any]) -> list[Finding]:
    """Read of how healing has ended what may be why, and of which nobody is sure."""
    return [finding for finding in findings(outcome, ACCESS) if finding.severity != "error"]


def _finding(item: Mapping[str, Any], step: str) -> Finding:
    names = ("severity", "message", "remedy", "code", "field")
    return Finding(step, **{name: text(item, name) for name in names})


def planned_findings(plan: Mapping[str, Any]) -> list[Finding]:
    """Read what the plan of a workspace has found: what fails it, what it warns of, and what it notes."""
    found = [item for name in ("findings", "warnings") for item in mappings(plan, name)]
    found += [item for item in mappings(plan, "noticed") if text(item, "severity") == "info"]
    return [_finding(item, text(item, "step")) for item in found]


def way(plan: Mapping[str, Any]) -> tuple[Stop, ...]:
    """Read the way of the data out of the plan of a workspace; nothing where it was not looked at."""
    stops = tuple(
        Stop(
            **{name: text(item, name) for name in ("stop", "state", "at", "message")},
            age_seconds=age if isinstance(age := item.get("age_seconds"), int) else None,
        )
        for item in mappings(plan, "way")
    )
    is_whole = [stop.stop for stop in stops] == list(StopName) and {stop.state for stop in stops} <= set(Flow)
    return stops if is_whole else ()


def unclaimed(plan: Mapping[str, Any]) -> tuple[Unclaimed, ...]:
    """Read which connections nobody claims out of the plan of all workspaces."""
    return tuple(
        Unclaimed(
            id=text(item, "connection_id"),
            group=text(item, "group_id"),
            **{name: text(item, name) for name in ("schema", "group_name", "reads", "host", "entry")},
        )
        for item in mappings(plan, "unclaimed")
    )


def makers(plan: Mapping[str, Any]) -> frozenset[str]:
    """Return which other workspaces do what the plan says of the access, if each of its changes is done by another."""
    changes = [
        change
        for change in mappings(plan, "changes")
        if text(change, "action") not in ("", "none") and text(change, "kind") != "connection"
    ]
    names = [text(change, "made_by") for change in changes]
    return frozenset(names) if all(names) else frozenset()


def action_on(plan: Mapping[str, Any], kind: str) -> str:
    """Return what the plan of a workspace does with its object of a kind."""
    actions = [text(change, "action") for change in mappings(plan, "changes") if text(change, "kind") == kind]
    return actions[0] if actions else "none"
