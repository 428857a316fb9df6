# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of real nights where nightly jobs are watched: metrics, JUnit XML, and what is new since the last one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.integration.report.test_report import CALLBACK, SCHEMA, strict
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox


def night(sandbox: Sandbox, folder: Path, *arguments: str, inventory: Any = None) -> PlayResult:
    # Times of a report are whole seconds, and each night has its own.
    time.sleep(1)
    return play(
        sandbox,
        "verify",
        *arguments,
        inventory=inventory,
        ANSIBLE_CALLBACKS_ENABLED=CALLBACK,
        ONRAMP_REPORT_HISTORY=str(folder / "history"),
        ONRAMP_REPORT_HTML=str(folder / "report.html"),
        ONRAMP_REPORT_JSON=str(folder / "report.json"),
        ONRAMP_REPORT_JUNIT=str(folder / "junit.xml"),
        ONRAMP_REPORT_METRICS=str(folder / "braze_fivetran.prom"),
        ONRAMP_REPORT_TABLE="summary",
        ONRAMP_REPORT_WIDTH="100",
    )


def test_two_nights_are_told_alike_to_everybody_who_watches(sandbox: Sandbox, tmp_path: Path) -> None:
    # Before anything is onboarded, each workspace lacks its connection.
    inventory = workspaces(shop_de={})
    first = night(sandbox, tmp_path, inventory=inventory)
    assert first.exit_code == 2
    assert "Since the report" not in first.output
    # Of three workspaces, it would be told how many are looked at, but there is no terminal.
    assert "workspaces looked at" not in first.output
    assert " of 3 workspaces" not in first.output
    sandbox.seed("braze", "revoke_key", key=world.BRAZE_KEY_SHOP_EU)
    (tmp_path / "history" / "report-20260101T000000Z.json").write_text("nobody's")
    [kept_first] = [path for path in (tmp_path / "history").iterdir() if "20260101" not in path.name]
    # As it might have been before anybody knew that this is a secret.
    tampered = kept_first.read_text().replace(f'"prefix": "{world.PREFIX}"', f'"prefix": "{world.FIVETRAN_SECRET}"')
    kept_first.write_text(tampered)
    second = night(sandbox, tmp_path, "--limit", "shop_eu", inventory=inventory)
    assert second.exit_code == 2
    assert "no earlier reports, and left as they are, in history_dir" in " ".join(second.output.split())
    kept = sorted(path.name for path in (tmp_path / "history").iterdir())
    assert (len(kept), kept[0]) == (3, "report-20260101T000000Z.json")

    report = json.loads((tmp_path / "report.json").read_text())
    Draft202012Validator(strict(SCHEMA)).validate(report)
    assert json.loads((tmp_path / "history" / kept[-1]).read_text()) == report
    earlier = json.loads((tmp_path / "history" / kept[1]).read_text())
    assert report["past"] == {"last": earlier["run"]["finished_at"], "reports": 1, "gone": []}
    assert report["run"]["left_out"] == ["shop_de", "shop_us"]
    [shop_eu] = report["workspaces"]
    assert (shop_eu["since"], shop_eu["flapping"]) == (earlier["run"]["finished_at"], False)
    assert [news["kind"] for news in shop_eu["news"]] == ["failed", "changed"]
    assert shop_eu["news"][0]["message"].startswith("key: ")
    assert shop_eu["news"][1]["message"] == f"landing: prefix was ********, is {world.PREFIX}"
    assert f"newly failed: shop_eu: {shop_eu['news'][0]['message'][:40]}" in second.output
    assert "still failed, in UTC: shop_eu since 20" in second.output
    page = (tmp_path / "report.html").read_text()
    assert "Since the report of" in page

    told = {
        (sample.name.removeprefix("braze_fivetran_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families((tmp_path / "braze_fivetran.prom").read_text())
        for sample in family.samples
    }
    assert told["workspace_failed", "shop_eu", "verify.yml"] == 1
    assert told["key_valid", "shop_eu", "verify.yml"] == 0
    assert told["run_left_out", "verify.yml"] == 2
    assert told["run_started_timestamp_seconds", "verify.yml"] <= told["run_finished_timestamp_seconds", "verify.yml"]
    [suite] = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    failed = {case.name for case in suite if case.result and type(case.result[0]).__name__ == "Failure"}
    assert (suite.name, {"key", "connection"} <= failed) == ("verify.yml", True)
    for secret in world.secrets():
        for path in [path for path in tmp_path.rglob("*.*") if path != kept_first]:
            assert secret not in path.read_text() + second.output


@pytest.mark.slow
def test_a_night_in_which_nothing_happened_has_nothing_new_and_what_a_person_or_a_run_did_is_told_apart(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    def news() -> dict[str, list[str]]:
        night(sandbox, tmp_path)
        found = json.loads((tmp_path / "report.json").read_text())["workspaces"]
        return {one["name"]: [f"{news['kind']}: {news['message']}" for news in one["news"]] for one in found}

    kept = {"ANSIBLE_CALLBACKS_ENABLED": CALLBACK, "ONRAMP_REPORT_HISTORY": str(tmp_path / "history")}
    assert play(sandbox, "onboard", **kept).exit_code == 0
    assert news() == news() == {"shop_eu": [], "shop_us": []}
    made = connections(sandbox)
    sandbox.seed("fivetran", "edit_connection", id=made["braze_shop_eu"]["id"], paused=True)
    sandbox.seed("fivetran", "edit_connection", id=made["braze_shop_us"]["id"], sync_frequency=1440)
    told = news()
    assert told["shop_eu"] == ["changed: connection: paused was false, is true"]
    assert told["shop_us"][-1] == "changed: connection: sync_frequency was 360, is 1440"
    assert play(sandbox, "onboard", "-e", "fivetran_connection_paused=false", **kept).exit_code == 0
    told = news()
    assert told["shop_eu"] == []
    assert not [message for message in told["shop_us"] if message.startswith("changed")]


@pytest.mark.slow
def test_somebody_has_changed_what_is_in_aws_and_not_what_the_inventory_wants(sandbox: Sandbox, tmp_path: Path) -> None:
    def changed(inventory: Any = None) -> list[str]:
        night(sandbox, tmp_path, "--limit", "shop_us", inventory=inventory)
        [workspace] = json.loads((tmp_path / "report.json").read_text())["workspaces"]
        return [news["message"] for news in workspace["news"] if news["kind"] == "changed"]

    assert play(sandbox, "onboard").exit_code == 0
    assert changed() == []
    narrow = workspaces(shop_us={"s3_access_scope": "prefix"})
    assert changed(narrow) == []
    iam = sandbox.aws("iam")
    [policy] = iam.list_policies(Scope="Local")["Policies"]
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=json.dumps(wide), SetAsDefault=True)
    assert changed() == ["access: the policy reads otherwise than before"]
    trust = iam.get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "somebody_else"
    iam.update_assume_role_policy(RoleName="Fivetran", PolicyDocument=json.dumps(trust))
    assert changed(narrow) == ["access: the trust policy reads otherwise than before"]
