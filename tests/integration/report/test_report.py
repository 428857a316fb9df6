# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of real plays: what is printed, and what is written as a page and as JSON."""

from __future__ import annotations

import configparser
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.onramp.braze_fivetran.plugins.callback.workspace_report import CallbackModule
from jsonschema import Draft202012Validator

from tests.collection import CHECKOUT
from tests.integration.inventories.by_hand import GCS, make
from tests.integration.playbooks.fleet import EXAMPLES, connections, play, workspaces
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox

CALLBACK = "onramp.braze_fivetran.workspace_report"
SCHEMA = json.loads((CHECKOUT / "docs" / "report.schema.json").read_text())
IN_ORDER = {"key": "ok", "landing": "ok", "access": "ok", "connection": "ok", "tests": "ok", "sync": "none"}
# They belong to one run.
VOLATILE = ("started_at", "finished_at", "id", "newest_hour", "text")


class Reported:
    """One play with its report in all three forms."""

    def __init__(
        self, sandbox: Sandbox, folder: Path, name: str, *arguments: str, inventory: Any = None, **environment: str
    ) -> None:
        self.html_file, self.json_file = folder / "report.html", folder / "report.json"
        self.play: PlayResult = play(
            sandbox,
            name,
            *arguments,
            inventory=inventory,
            ANSIBLE_CALLBACKS_ENABLED=f"record_results,{CALLBACK}",
            ONRAMP_REPORT_HTML=str(self.html_file),
            ONRAMP_REPORT_JSON=str(self.json_file),
            ONRAMP_REPORT_WIDTH="100",
            **environment,
        )
        self.html = self.html_file.read_text()
        self.json = json.loads(self.json_file.read_text())
        Draft202012Validator(strict(SCHEMA)).validate(self.json)
        for workspace in self.json["workspaces"]:
            told = [(finding["step"], finding["message"]) for finding in workspace["findings"]]
            assert len(set(told)) == len(told)
        for secret in world.secrets():
            assert secret not in self.play.output + self.html + json.dumps(self.json)

    def marks(self, name: str) -> dict[str, str]:
        """Return the marks of a workspace by step."""
        [workspace] = [workspace for workspace in self.json["workspaces"] if workspace["name"] == name]
        return {step: cell["mark"] for step, cell in workspace["cells"].items()}

    def table(self) -> list[str]:
        """Return the lines of the printed table."""
        lines = self.play.output.partition("BRAZE WORKSPACES")[2].splitlines()[1:]
        return [line.rstrip() for line in lines[: lines.index(f"Written as HTML: {self.html_file}")]]


def strict(schema: Any) -> Any:
    """Return the schema so that it refuses what it does not name: it has to name everything."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and "type" in schema else {}
    return {**{name: strict(value) for name, value in schema.items()}, **closed}


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: comparable(item) for name, item in value.items() if name not in VOLATILE}
    return [comparable(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
def test_onboarding_is_reported_alike_wherever_modules_run(sandbox: Sandbox, tmp_path: Path) -> None:
    inside = Reported(sandbox, tmp_path, "onboard", "-vvvv")
    assert inside.play.exit_code == 0, inside.play.output
    sandbox.reset()
    outside = Reported(sandbox, tmp_path, "onboard", "-e", "onramp_in_process=false")
    assert inside.table() == outside.table() == [
        "  workspace  key  landing  access  connection  tests  sync",
        "✓ shop_eu     ✓      ✓       ✓         ✓         ✓     ·",
        "✓ shop_us     ✓      ✓       ✓         ✓         ✓     ·",
        "",
        "2 workspaces: 2 fine",
    ]  # fmt: skip
    assert comparable(inside.json) == comparable(outside.json)
    shop_us = next(workspace for workspace in inside.json["workspaces"] if workspace["name"] == "shop_us")
    assert len(shop_us["key"]["permissions"]) == 19
    trust = json.dumps(shop_us["access"]["role"]["document"])
    assert world.GROUP_ID in trust
    assert shop_us["connection"]["id"] == connections(sandbox)["braze_shop_us"]["id"]
    assert {test["status"] for test in shop_us["setup_tests"]} == {"PASSED"}
    for words in ("users.export.ids", trust[2:9], shop_us["connection"]["id"], "onboard.yml"):
        assert words in inside.html + outside.html


def test_check_mode_reports_what_would_be_done(sandbox: Sandbox, tmp_path: Path) -> None:
    reported = Reported(sandbox, tmp_path, "onboard", "--check")
    assert reported.play.exit_code == 0, reported.play.output
    for name in ("shop_eu", "shop_us"):
        assert reported.marks(name) == {**IN_ORDER, "access": "planned", "connection": "planned", "tests": "none"}
    assert reported.json["run"]["check_mode"] is True
    assert "Check mode: nothing was changed" in reported.html
    assert "What Fivetran may do here, once this is done" in reported.html
    shop_us = next(workspace for workspace in reported.json["workspaces"] if workspace["name"] == "shop_us")
    assert [(may["what"], may["answer"]) for may in shop_us["may"]] == [
        (f"assume the role with the External ID {world.GROUP_ID}", "yes"),
        (f"list and read s3://{world.S3_BUCKET}/{world.PREFIX}", "yes"),
    ]
    assert "    ~ access, connection: would be created" in reported.table()


def test_a_workspace_that_fails_is_reported_with_its_reason_and_the_others_as_they_are(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    inventory = workspaces(shop_eu={"braze_api_key": world.BRAZE_KEY_INCOMPLETE})
    reported = Reported(sandbox, tmp_path, "onboard", inventory=inventory)
    assert reported.play.exit_code != 0
    assert reported.marks("shop_us") == IN_ORDER
    assert reported.marks("shop_eu") == {**dict.fromkeys(IN_ORDER, "none"), "key": "failed", "landing": "ok"}
    assert f"    ✗ key: lacks {', '.join(world.BRAZE_KEY_INCOMPLETE_LACKS)}. " in "\n".join(reported.table())
    failed = next(workspace for workspace in reported.json["workspaces"] if workspace["name"] == "shop_eu")
    assert any("Create API key" in finding["remedy"] for finding in failed["findings"])


@pytest.mark.slow
def test_drift_that_verify_finds_is_reported_where_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    shop_us, shop_eu = (connections(sandbox)[f"braze_{name}"]["id"] for name in ("shop_us", "shop_eu"))
    sandbox.seed("fivetran", "edit_connection", id=shop_us, paused=True)
    sandbox.seed("fivetran", "edit_connection", id=shop_eu, succeeded_at=datetime.now(UTC).isoformat())
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[])
    reported = Reported(sandbox, tmp_path, "verify", "-e", "fivetran_connection_paused=false")
    assert reported.marks("shop_us") == {**IN_ORDER, "connection": "failed"}
    assert reported.marks("shop_eu") == {**IN_ORDER, "access": "failed", "sync": "ok"}
    assert "    ✗ connection: paused is true, should be false." in reported.table()


@pytest.mark.slow
def test_what_is_paused_and_what_nobody_can_see_has_a_sign_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    shop_eu = connections(sandbox)["braze_shop_eu"]["id"]
    sandbox.seed("fivetran", "edit_connection", id=shop_eu, paused=True, succeeded_at="2026-03-01T14:10:00Z")
    reported = Reported(sandbox, tmp_path, "verify")
    assert reported.play.exit_code == 0, reported.play.output
    assert reported.table() == [
        "  workspace  key  landing  access  connection  tests  sync",
        "‖ shop_eu     ✓      ✓       ✓         ‖         ✓     ✓",
        "    ‖ connection: paused in Fivetran, no sync since 2026-03-01 14:10 UTC",
        "? shop_us     ✓      ✓       ✓         ?         ✓     ·",
        "    ? connection: what it reads with is masked, and no sync has proved it",
        "",
        "2 workspaces: 1 paused, 1 not verifiable",
    ]
    for words in ("It stays so until fivetran_connection_paused: false starts it.", "<h4>Not verifiable</h4>"):
        assert words in reported.html


def test_what_nobody_claims_is_reported_with_its_entry_and_fails_nobody(sandbox: Sandbox, tmp_path: Path) -> None:
    inventory = workspaces()
    del inventory["braze_workspaces"]["hosts"]["shop_us"]
    assert play(sandbox, "onboard", inventory=inventory).exit_code == 0
    make(sandbox, "braze_old", config={**GCS, "gcs_folder": "old"})
    reported = Reported(sandbox, tmp_path, "verify", inventory=inventory)
    assert reported.play.exit_code == 0, reported.play.output
    assert reported.table()[-1] == "1 Braze connection of no workspace: braze_old"
    [found] = reported.json["unclaimed"]
    assert (found["schema"], found["reads"]) == ("braze_old", f"gs://{world.GCS_BUCKET}/old")
    assert "fivetran_schema: braze_old" in found["entry"]
    assert "fivetran_schema: braze_old" in reported.html
    assert reported.json["doubts"] == []


@pytest.mark.slow
def test_a_removed_workspace_is_reported_as_removed(sandbox: Sandbox, tmp_path: Path) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    reported = Reported(sandbox, tmp_path, "offboard", "-e", "offboard_confirmed=true")
    for name in ("shop_eu", "shop_us"):
        assert reported.marks(name) == {**dict.fromkeys(IN_ORDER, "none"), "access": "removed", "connection": "removed"}
    assert reported.table()[-1] == "2 workspaces: 2 removed"


# A workspace of which one role tells: less than an onboarding, and a row all the same.
ASKED = [
    {
        "hosts": "shop_eu",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.include_role": {"name": "onramp.braze_fivetran.braze_api_key"},
                "vars": {
                    "braze_api_key_key": world.BRAZE_KEY_SHOP_EU,
                    "braze_api_key_api_url": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_URL') }}",
                },
            }
        ],
    }
]
ONE = {"all": {"hosts": {"shop_eu": {"ansible_connection": "local"}}}}


def test_one_line_in_the_configuration_switches_the_table_on_and_writes_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = configparser.ConfigParser()
    config.read(EXAMPLES / "fleet" / "ansible.cfg")
    enabled = config["defaults"]["callbacks_enabled"]
    assert enabled == CALLBACK
    before = list(tmp_path.iterdir())
    result = run_playbook(sandbox, ASKED, inventory=ONE, environment={"ANSIBLE_CALLBACKS_ENABLED": enabled})
    assert "1 workspace: 1 fine" in result.output
    assert list(tmp_path.iterdir()) == before


@pytest.mark.slow
def test_who_is_not_offboarded_is_not_told_that_its_access_was_removed(sandbox: Sandbox, tmp_path: Path) -> None:
    inventory = workspaces(app_us={})
    del inventory["braze_workspaces"]["hosts"]["shop_eu"]
    assert play(sandbox, "onboard", inventory=inventory).exit_code == 0
    # For one of the two that share the role, whichever comes first.
    sandbox.fault("status", server="fivetran", operation="delete_connection", status=403, times=1)
    metrics = tmp_path / "metrics.prom"
    files = {"ONRAMP_REPORT_METRICS": str(metrics)}
    reported = Reported(sandbox, tmp_path, "offboard", "-e", "offboard_confirmed=true", inventory=inventory, **files)
    [stays] = [schema.removeprefix("braze_") for schema in connections(sandbox)]
    [gone] = {"app_us", "shop_us"} - {stays}
    assert (reported.marks(stays)["access"], reported.marks(stays)["connection"]) == ("planned", "failed")
    assert (reported.marks(gone)["access"], reported.marks(gone)["connection"]) == ("ok", "removed")
    assert 'step="access",mark="removed"' not in metrics.read_text()
    again = Reported(sandbox, tmp_path, "offboard", "-e", "offboard_confirmed=true", inventory=inventory)
    assert [again.marks(name)["access"] for name in (stays, gone)] == ["removed", "removed"]


@pytest.mark.slow
def test_who_is_to_adopt_a_broken_connection_is_told_what_that_would_change(sandbox: Sandbox, tmp_path: Path) -> None:
    inventory = workspaces()
    del inventory["braze_workspaces"]["hosts"]["shop_eu"]
    assert play(sandbox, "onboard", inventory=inventory).exit_code == 0
    made = connections(sandbox)["braze_shop_us"]
    pointed = {**made["config"], "s3bucket": "somebody-elses"}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], config=pointed)
    breaking.notice(sandbox)
    for name in ("onboard", "heal"):
        reported = Reported(
            sandbox,
            tmp_path,
            name,
            inventory=inventory,
            ANSIBLE_STDOUT_CALLBACK="onramp.braze_fivetran.quiet",
            ONRAMP_REPORT_JUNIT=str(tmp_path / "junit.xml"),
        )
        assert reported.marks("shop_us")["connection"] == "failed"
        printed, _banner, table = reported.play.output.partition("BRAZE WORKSPACES")
        cell = reported.json["workspaces"][0]["cells"]["connection"]["text"]
        row = reported.html.partition("</table>")[0]
        for text in (printed, table, cell, row, (tmp_path / "junit.xml").read_text()):
            assert "somebody-elses" in text
            assert world.S3_BUCKET in text


def test_a_report_that_cannot_be_written_warns_and_leaves_play_and_the_other_file_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    environment = {
        "ANSIBLE_CALLBACKS_ENABLED": CALLBACK,
        "ONRAMP_REPORT_HTML": str(tmp_path / "file" / "report.html"),
        "ONRAMP_REPORT_JSON": str(tmp_path / "report.json"),
    }
    result = run_playbook(sandbox, ASKED, inventory=ONE, environment=environment)
    assert result.exit_code == 0, result.output
    assert "cannot write html_file" in " ".join(result.output.split())
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["ok"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "report.json"]


def test_where_no_log_hides_everything_there_is_no_report_and_that_is_said(sandbox: Sandbox, tmp_path: Path) -> None:
    reported = tmp_path / "report.json"
    reported.write_text("of yesterday")
    environment = {"ANSIBLE_CALLBACKS_ENABLED": CALLBACK, "ONRAMP_REPORT_JSON": str(reported)}
    result = play(sandbox, "onboard", ANSIBLE_NO_LOG="true", **environment)
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "onramp.braze_fivetran.workspace_plan" in told
    assert "so there is no report, and no file is written. Take no_log out of ansible.cfg" in told
    assert "BRAZE WORKSPACES" not in result.output
    assert reported.read_text() == "of yesterday"


def test_what_no_log_hides_of_a_role_is_said_to_be_lacking(sandbox: Sandbox) -> None:
    include = {"name": "onramp.braze_fivetran.braze_api_key", "apply": {"no_log": True}}
    variables = {
        "braze_api_key_key": world.BRAZE_KEY_INCOMPLETE,
        "braze_api_key_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
    }
    tasks = [{"ansible.builtin.include_role": include, "vars": variables}]
    playbook = [{"hosts": "shop_eu", "gather_facts": False, "tasks": tasks}]
    result = run_playbook(
        sandbox, playbook, inventory=workspaces(), environment={"ANSIBLE_CALLBACKS_ENABLED": CALLBACK}
    )
    told = " ".join(result.output.split())
    assert "no_log hides from callbacks what onramp.braze_fivetran.braze_api_key_info" in told
    assert "so the report lacks it" in told
    assert "1 workspace: 1 failed" in told


def test_without_workspaces_nothing_is_shown_or_written(sandbox: Sandbox, tmp_path: Path) -> None:
    playbook = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.fail": {"msg": "no"}}]}]
    environment = {"ANSIBLE_CALLBACKS_ENABLED": CALLBACK, "ONRAMP_REPORT_JSON": str(tmp_path / "report.json")}
    result = run_playbook(sandbox, playbook, environment=environment)
    assert "BRAZE WORKSPACES" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_report_itself_becomes_one_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Display(), "verbosity", 3)
    callback = CallbackModule()
    for _task in range(3):
        callback.v2_runner_on_ok(object())
    callback.v2_playbook_on_stats(object())
    printed = capsys.readouterr()
    assert " ".join(printed.err.split()).count("stopped after an unexpected AttributeError") == 1
    # Where it happened helps the person who mends it.
    assert printed.out.count("in _observation") == 1
