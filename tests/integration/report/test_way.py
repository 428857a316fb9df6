# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data that is made to stop is named where it stops, with its age: by verify, in the table, the page and the JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.playbooks.fleet import VERDICT, connections, play, workspaces
from tests.integration.report.test_report import Reported
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import generate_currents
from tests.sandbox.fleet_world import layout

REASON = f"The object of the bucket {world.S3_BUCKET} is no Avro file"
# Each stops where its name says; the last two are green, and one of them is late.
HOSTS = ("braze", "bucket", "access", "connection", "warehouse", "late", "fine")
# By host: the way as verify tells it.
WAYS = {
    "braze": "Braze 40 h (late) -> bucket 40 h -> access ok -> connection 40 h -> warehouse 40 h",
    "bucket": "Braze ok -> bucket (broken) -> access ok -> connection ok -> warehouse ok",
    "access": "Braze <1 h -> bucket <1 h -> access 26 h (broken) -> connection 26 h -> warehouse 26 h",
    "connection": "Braze <1 h -> bucket <1 h -> access ok -> connection 26 h (broken) -> warehouse 26 h",
    "warehouse": "Braze <1 h -> bucket <1 h -> access ok -> connection 26 h -> warehouse 26 h (broken)",
    "late": "Braze <1 h -> bucket <1 h -> access ok -> connection 26 h (late) -> warehouse 26 h",
}
# What the finding says, and how the stop explains itself.
WORDS = {
    "braze": ("The connection braze_braze is green all the same, and reads nothing new.", "Nothing has landed since"),
    "bucket": ("Currents does not write under this prefix but under", "but elsewhere in the bucket."),
    "access": ("sts:ExternalId", "Fivetran may not read"),
    "connection": (f"Fivetran says: Unknown failure: {REASON}.", f"Unknown failure: {REASON}."),
    "warehouse": ("is broken, should be connected", "The destination of the group Warehouse EMEA is broken."),
    "late": ("The data in the warehouse is 26 hours old, and onramp_max_lag_hours is 24. It stands still at the"
             " connection braze_late", "Its last sync that succeeded ended at"),
}  # fmt: skip


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def land(sandbox: Sandbox, prefix: str, age: int) -> None:
    """Let Currents write below a prefix so many hours ago."""
    hours = [world.recent_hours(1)[0] - timedelta(hours=age)]
    for name, content in generate_currents(hours=hours, **layout(prefix, "S3")):
        sandbox.aws("s3").put_object(Bucket=world.S3_BUCKET, Key=name, Body=content)


def inventory() -> dict[str, Any]:
    """Return the inventory: a folder for each, and for those whose stop others share one of their own."""
    changes: dict[str, dict[str, Any]] = {name: {"currents_prefix": name} for name in HOSTS}
    changes["access"] |= {"s3_access_role_name": "Fivetran-access", "s3_access_policy_name": "Fivetran-access"}
    changes["warehouse"] = {
        "fivetran_group": world.SECOND_GROUP_NAME,
        "currents_storage": "gcs",
        "currents_bucket": world.GCS_BUCKET,
        "currents_prefix": world.PREFIX,
    }
    changes["late"]["onramp_max_lag_hours"] = "24"
    made = workspaces(**changes)
    hosts = made["braze_workspaces"]["hosts"]
    del hosts["shop_us"], hosts["shop_eu"]
    return made


def stop(sandbox: Sandbox) -> None:
    """Let the data of each workspace stop where its name says; before that, each has synced."""
    ids = {name: connections(sandbox)[f"braze_{name}"]["id"] for name in HOSTS}
    for name in ("access", "connection", "warehouse", "late"):
        sandbox.seed("fivetran", "edit_connection", id=ids[name], succeeded_at=ago(26))
    for name in ("braze", "bucket", "fine"):
        sandbox.seed("fivetran", "edit_connection", id=ids[name], succeeded_at=ago(0))
    s3, iam = sandbox.aws("s3"), sandbox.aws("iam")
    for found in s3.list_objects_v2(Bucket=world.S3_BUCKET, Prefix="bucket/")["Contents"]:
        s3.delete_object(Bucket=world.S3_BUCKET, Key=found["Key"])
    trust = json.dumps(iam.get_role(RoleName="Fivetran-access")["Role"]["AssumeRolePolicyDocument"])
    wrong = trust.replace(world.GROUP_ID, "somebody_else")
    iam.update_assume_role_policy(RoleName="Fivetran-access", PolicyDocument=wrong)
    sandbox.seed("fivetran", "edit_connection", id=ids["access"], failed_at=ago(20))
    error = {"type": "unknown_sync_failure", "title": "Unknown failure", "reason": REASON, "message": ""}
    sandbox.seed("fivetran", "edit_connection", id=ids["connection"], failed_at=ago(20), errors=[error])
    sandbox.seed("fivetran", "set_destination", id=world.SECOND_GROUP_ID, setup_status="broken")


@pytest.mark.slow
def test_data_made_to_stop_at_each_of_the_five_stops_is_named_there_with_its_age(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for name in HOSTS:
        land(sandbox, name, 40 if name == "braze" else 0)
    onboarded = play(sandbox, "onboard", inventory=inventory())
    assert onboarded.exit_code == 0, onboarded.output
    stop(sandbox)
    metrics = tmp_path / "onramp.prom"
    where = {"ONRAMP_REPORT_METRICS": str(metrics)}
    reported = Reported(sandbox, tmp_path, "verify", "-v", inventory=inventory(), **where)
    assert reported.play.exit_code == 2
    told = {task.host: str(task.result["msg"]) for task in reported.play.tasks if task.action == VERDICT}
    of_json = {workspace["name"]: workspace for workspace in reported.json["workspaces"]}
    table = re.sub(r"\s+", " ", "\n".join(reported.table()))
    for name, expected in WAYS.items():
        finding, explanation = WORDS[name]
        # An hour may have begun since the data was written.
        assert sooner(told[name].splitlines()[-1]) == f"  way: {expected}"
        assert finding in told[name]
        assert f"way: {expected}" in sooner(table)
        wrong = [stop for stop in of_json[name]["way"] if stop["state"] in ("late", "broken")]
        assert [stop["stop"] for stop in wrong] == ["connection" if name == "late" else name]
        assert wrong[0]["message"].startswith(explanation) or explanation in wrong[0]["message"]
        assert (wrong[0]["age_seconds"] is None) == (name == "bucket")
        place = f'workspace="{name}",stop="{wrong[0]["stop"]}"'
        assert f'{place},state="{wrong[0]["state"]}"}} 1\n' in metrics.read_text()
        if wrong[0]["age_seconds"] is not None:
            assert f"{place}}} {wrong[0]['age_seconds']}\n" in metrics.read_text()
    # Of what is fine, only who asks for more is told.
    assert "way: Braze <1 h -> bucket <1 h -> access ok -> connection <1 h -> warehouse <1 h" in sooner(told["fine"])
    assert {stop["state"] for stop in of_json["fine"]["way"]} == {"flows"}
    # What is old says so once.
    assert sum(told[name].count("onramp_max_lag_hours") for name in HOSTS) == 1
    for words in ("The way of the data", "connection 26 h (late)", "warehouse 26 h (broken)", "Braze 40 h (late)"):
        assert words in sooner(reported.html)


def sooner(text: str) -> str:
    """Return text with ages as they were before an hour began."""
    return text.replace(" 1 h", " <1 h").replace("41 h", "40 h").replace("27 h", "26 h").replace("&lt;", "<")
