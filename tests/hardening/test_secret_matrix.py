# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secret matrix: each secret of a run, wherever a vendor can quote it, in every spelling, in every output.

A task knows the secrets of all workspaces where a vendor has the word; none of them may be seen, whole or in part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import Task
from ansible_collections.onramp.braze_fivetran.plugins.modules import fivetran_account_info
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils import _secrets

from tests.actions import run_action
from tests.collection import CHECKOUT
from tests.hardening.conftest import SIZE
from tests.hardening.onboarding import REPORTS, workspaces
from tests.hardening.quoting import (
    OLD_BRAZE_KEY,
    OTHER,
    SECRETS,
    SPELLINGS,
    Quotation,
    inventory,
    quotations,
    variables_of_own,
)
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

LIMITS = {"request_timeout": 5, "retry_timeout": 5}
SCHEMA = "braze_shop_us"
# By name: what a module is called with, once a vendor has been told what to say.
Place = Callable[[Sandbox, str], tuple[str, dict[str, Any]]]


def refusal_of_fivetran(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    body = {"code": f"AuthFailed {said}", "message": said}
    headers = {"X-Request-Id": " ".join(said.split())}
    sandbox.fault("status", operation="account_info", status=403, times=0, headers=headers, body=body)
    return "fivetran_account_info", {}


def redirect_of_fivetran(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    sandbox.fault("redirect", operation="account_info", times=0, url=f"http://127.0.0.1/{quote(said)}")
    return "fivetran_account_info", {}


def _connection(sandbox: Sandbox, service: str = "braze", schema: str = SCHEMA) -> str:
    rows = sandbox.state("fivetran")["fivetran"]["connections"]
    known = [identifier for identifier, row in rows.items() if row["schema"] == schema]
    if known:
        return str(known[0])
    return str(
        sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service=service, schema=schema)["id"]
    )


def _alerts(said: str) -> dict[str, Any]:
    row = {"code": "reconnect", "message": said, "details": said}
    return {"tasks": [row], "warnings": [row], "setup_state": "broken"}


def tasks_and_warnings(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    sandbox.seed("fivetran", "edit_connection", id=_connection(sandbox), status=_alerts(said))
    return "fivetran_connection_info", {"group_id": world.GROUP_ID}


def why_a_sync_cannot_start(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    errors = [{"title": said, "reason": said, "message": said}]
    status = {**_alerts(said), "setup_state": "incomplete"}
    sandbox.seed("fivetran", "edit_connection", id=_connection(sandbox), status=status, errors=errors)
    return "fivetran_connection_sync", {"group_id": world.GROUP_ID, "schema": SCHEMA, "wait": True}


def history_of_syncs(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    times = {"start": "2026-03-01T12:00:00.000000Z", "end": "2026-03-01T12:10:00.000000Z"}
    history = [{"id": "sync_1", "status": "FAILURE", "reason": said, **times}]
    status = {"tasks": [], "warnings": [], "setup_state": "incomplete"}
    told = {"status": status, "errors": [], "history": history, "failed_at": times["end"]}
    sandbox.seed("fivetran", "edit_connection", id=_connection(sandbox), **told)
    return "fivetran_connection_sync", {"group_id": world.GROUP_ID, "schema": SCHEMA}


def refusal_of_a_creation(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    module, arguments = setup_tests(sandbox, said)
    body = {"code": "InvalidInput", "message": said}
    sandbox.fault("status", operation="create_connection", status=400, times=0, body=body)
    return module, arguments


def what_tests_say_of_the_destination(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    test = {"title": said, "status": "FAILED", "message": said, "details": said}
    data = {"id": world.GROUP_ID, "group_id": world.GROUP_ID, "service": "snowflake", "setup_tests": [test]}
    body = {"code": "Success", "data": data}
    sandbox.fault("status", operation="get_destination", status=200, times=0, body=body)
    return "fivetran_destination_info", {"group_id": world.GROUP_ID}


def configuration_of_another_service(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    connection = _connection(sandbox, "google_sheets", "sheet.one")
    config = {"sheet_id": said, "webhooks": [{"url": said}], "password": said, said: "a value"}
    sandbox.seed("fivetran", "edit_connection", id=connection, config=config)
    return "fivetran_connection_info", {"group_id": world.GROUP_ID}


def setup_tests(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    test = {"title": said, "status": "FAILED", "message": said, "details": {said: [said]}}
    sandbox.seed("fivetran", "remove_all_connections")
    sandbox.seed("fivetran", "script_setup_tests", runs=[[test]] * 4)
    arguments = {
        "group_id": world.GROUP_ID,
        "service": "braze",
        "schema": SCHEMA,
        "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE"},
        "config_secrets": {"api_key": world.BRAZE_KEY_SHOP_US},
        "setup_test_retries": 0,
    }
    return "fivetran_connection", arguments


def setup_tests_that_are_repeated(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    module, arguments = setup_tests(sandbox, said)
    return module, {**arguments, "setup_test_retries": 1}


def refusal_of_braze(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    headers = {"X-Request-Id": " ".join(said.split())}
    sandbox.fault("status", server="braze", status=401, times=0, headers=headers, body={"message": said})
    return "braze_api_key_info", {"api_key": world.BRAZE_KEY_SHOP_US, "api_url": sandbox.env["SANDBOX_BRAZE_URL"]}


def refusal_of_aws(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    text = escape(said)
    body = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        f"<Code>Denied {text}</Code><Message>{text}</Message></Error><RequestId>{text}</RequestId></ErrorResponse>"
    )
    sandbox.fault("status", server="aws", status=403, times=0, headers={"Content-Type": "text/xml"}, body=body)
    return "s3_access_plan_info", {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET]}


def refusal_of_s3(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    text = escape(said)
    body = f"<Error><Code>Denied {text}</Code><Message>{text}</Message><RequestId>{text}</RequestId></Error>"
    sandbox.fault("status", server="aws", status=403, times=0, headers={"Content-Type": "text/xml"}, body=body)
    return "s3_bucket_preflight_info", {"buckets": [world.S3_BUCKET]}


def refusal_of_a_grant(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    refusal_of_google(sandbox, said)
    grant = {"member": world.SERVICE_ACCOUNT, "role": "roles/storage.objectViewer"}
    return "gcs_bucket_iam_member", {"bucket": world.GCS_BUCKET, **grant}


def refusal_of_google(sandbox: Sandbox, said: str) -> tuple[str, dict[str, Any]]:
    body = {"error": {"code": 403, "message": said, "errors": [{"reason": f"forbidden {said}", "message": said}]}}
    sandbox.fault("status", server="gcs", status=403, times=0, body=body)
    return "gcs_bucket_iam_info", {"bucket": world.GCS_BUCKET}


# What stands in the result, and where it may be that nothing of it does.
PLACES: Mapping[str, Place] = {
    "Fivetran's refusal": refusal_of_fivetran,
    "Fivetran's redirect": redirect_of_fivetran,
    "Fivetran's tasks and warnings": tasks_and_warnings,
    "Fivetran's errors": why_a_sync_cannot_start,
    "Fivetran's setup tests": setup_tests,
    "Fivetran's history of syncs": history_of_syncs,
    "Fivetran's refusal of a connection": refusal_of_a_creation,
    "Fivetran's tests of the destination": what_tests_say_of_the_destination,
    "another service's configuration": configuration_of_another_service,
    "Braze's refusal": refusal_of_braze,
    "AWS's refusal": refusal_of_aws,
    "AWS's refusal in a preflight": refusal_of_s3,
    "Google's refusal": refusal_of_google,
    "Google's refusal of a grant": refusal_of_a_grant,
}
# What is seen of a text, where that is not all of it: nothing of a redirect, and of a long reason the beginning.
MARKS = {"Fivetran's redirect": "", "Fivetran's history of syncs": "Refused:"}
FEW = ("own Braze key", "Braze key of another workspace", "AWS session token of another workspace")


@dataclass
class Counted:
    """How many cells were looked at, and which of them show a secret."""

    cells: int = 0
    seen: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    def look(self, place: str, output: str, quotation: Quotation, shown: str) -> None:
        """Look at one output."""
        self.cells += len(quotation.needles)
        found = quotation.found_in(shown)
        self.seen += tuple(f"{quotation.secret}, {spelling}, in {place}, {output}" for spelling in found)


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory(tmp_path)))
    return variables_of_own(path)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    # Another run is another process.
    _secrets._MEMORY.write(_secrets.KnownSecrets())


def test_no_secret_is_seen_in_what_is_told_while_setup_tests_are_repeated(
    sandbox: Sandbox, variables: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    quotation = next(quotations("Braze key of another workspace"))
    module, arguments = setup_tests_that_are_repeated(sandbox, quotation.text)
    run_action(module, {**arguments, **LIMITS}, sandbox.env, variables=variables)
    told = capfd.readouterr().err
    assert "have not passed yet" in told
    assert "END" in told
    assert quotation.found_in(told) == []


def test_the_text_of_an_error_that_nobody_has_foreseen_is_not_shown(
    sandbox: Sandbox, variables: dict[str, Any], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_task: Task) -> dict[str, Any]:
        raise KeyError(f"nobody knows {OLD_BRAZE_KEY[::-1]}")

    # A way to such an error is to be mended.
    monkeypatch.setattr(fivetran_account_info, "SPEC", replace(fivetran_account_info.SPEC, work=work))
    result = run_action("fivetran_account_info", {}, sandbox.env, variables=variables)
    assert result.msg == "An unexpected KeyError ended this task. Please report it with what -vvv prints here."
    assert result.values["failure"]["code"] == "unexpected"
    assert OLD_BRAZE_KEY[::-1] not in "".join((str(result.values), *capfd.readouterr()))


@pytest.mark.slow
def test_no_secret_is_seen_that_aws_quotes_to_a_module_of_another_collection(
    sandbox: Sandbox, variables: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    for quotation in quotations("AWS secret of another workspace", "AWS secret of the environment"):
        sandbox.clear_faults()
        refusal_of_aws(sandbox, quotation.text)
        [fault] = sandbox.faults()
        sandbox.clear_faults()
        sandbox.fault(
            **{name: value for name, value in fault.items() if name != "hits"} | {"operation": "iam:CreatePolicy"}
        )
        arguments = {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET], **LIMITS}
        result = run_action("s3_access", arguments, sandbox.env, variables=variables)
        shown = json.dumps(result.values, default=str, ensure_ascii=False).replace("\\\\", "\\")
        assert "amazon.aws.iam_managed_policy says:" in result.msg
        assert "END" in shown
        assert quotation.found_in(shown + "".join(capfd.readouterr())) == []


def test_no_secret_is_seen_in_what_is_discovered(sandbox: Sandbox, variables: dict[str, Any], tmp_path: Path) -> None:
    for number, quotation in enumerate(quotations(*FEW)):
        refusal_of_aws(sandbox, quotation.text)
        sandbox.seed("fivetran", "add_group", name=f"{number} {quotation.text}", id=f"group_{number}")
        config = {"cloud_storage_type": "AWS_S3", "s3bucket": world.S3_BUCKET, "s3folder": quotation.text}
        made = {"group_id": f"group_{number}", "service": "braze", "schema": f"braze_{number}", "config": config}
        sandbox.seed("fivetran", "add_connection", **made)
        path = tmp_path / f"found_{number}.yml"
        arguments = {"dest": str(path), "aws_profiles": [], "aws_region": "us-east-1"}
        result = run_action("workspace_discovery", arguments, sandbox.env, variables=variables)
        assert not result.failed, result.msg
        shown = json.dumps(result.values, default=str, ensure_ascii=False).replace("\\\\", "\\")
        assert f"{number} Refused" in shown
        assert quotation.found_in(shown) == []
        assert quotation.found_in(path.read_text()) == []
        # As Ansible does, to which a text that may be a template is marked as none.
        assert DataLoader().load_from_file(str(path))
        sandbox.clear_faults()


def test_no_secret_is_seen_in_the_variables_of_the_inventory_plugin(sandbox: Sandbox, tmp_path: Path) -> None:
    known = tmp_path / "workspaces.yml"
    known.write_text(yaml.safe_dump(inventory(tmp_path)))
    quotation = Quotation("", "", {"whole": OLD_BRAZE_KEY, "own": world.FIVETRAN_SECRET, "end": OLD_BRAZE_KEY[-14:]})
    said = f"{OLD_BRAZE_KEY} {world.FIVETRAN_SECRET} ...{OLD_BRAZE_KEY[-14:]}"
    sandbox.seed("fivetran", "add_group", name=said, id="group_x")
    made = {"group_id": "group_x", "service": "braze", "schema": "braze_x", "config": {"s3folder": said}}
    sandbox.seed("fivetran", "add_connection", **made)
    source = tmp_path / "fivetran.yml"
    source.write_text("plugin: onramp.braze_fivetran.fivetran\n")
    with patch.dict("os.environ", sandbox.env):
        found = InventoryManager(loader=DataLoader(), sources=[str(known), str(source)])
    shown = str(found.get_host("braze_x").vars)
    assert "onramp_group_name" in shown
    assert quotation.found_in(shown) == []


@pytest.mark.parametrize(
    ("secrets", "in_process"),
    [
        pytest.param(FEW, True, id="some"),
        pytest.param(tuple(SECRETS), True, id="all", marks=pytest.mark.slow),
        pytest.param(FEW[1:2], False, id="as modules", marks=pytest.mark.slow),
    ],
)
def test_no_secret_of_the_run_is_seen_wherever_a_vendor_quotes_it(
    sandbox: Sandbox,
    variables: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
    secrets: tuple[str, ...],
    in_process: bool,
) -> None:
    counted = Counted()
    environment = {**sandbox.env, "ANSIBLE_NOCOLOR": "true"}
    variables["onramp_in_process"] = in_process
    for name, place in PLACES.items():
        for quotation in quotations(*secrets):
            module, arguments = place(sandbox, quotation.text)
            result = run_action(module, {**arguments, **LIMITS}, environment, variables=variables)
            shown = json.dumps(result.values, default=str, ensure_ascii=False).replace("\\\\", "\\")
            output = "".join(capfd.readouterr())
            counted.look(name, "result", quotation, shown)
            counted.look(name, "terminal", quotation, output)
            if MARKS.get(name, "END") not in shown:
                counted.silent += (f"{name}, {quotation.secret}: {shown[:300]}",)
            sandbox.clear_faults()
    assert counted.silent == ()
    assert counted.seen == ()
    size = (
        f"The secret matrix: {len(secrets)} secrets in {len(SPELLINGS)} spellings, quoted in {len(PLACES)} places:"
        f" {counted.cells} cells, {len(counted.seen)} secrets seen."
    )
    request.node.user_properties.append((SIZE, size))


# Of a workspace whose settings are wrong, so that it does not even play.
REFUSED = "shop_jp"


def _play(sandbox: Sandbox, tmp_path: Path, playbook: str, *arguments: str, **hosts: Any) -> tuple[PlayResult, str]:
    """Run a playbook for the example's workspaces and another that cannot be used; return what anybody sees of it."""
    others: dict[str, Any] = inventory(tmp_path)["braze_workspaces"]["hosts"]
    result = run_playbook(
        sandbox,
        CHECKOUT / "playbooks" / playbook,
        *arguments,
        inventory=workspaces(**{REFUSED: {**others[OTHER], "currents_storage": "nowhere"}}, **hosts),
        environment={
            "ANSIBLE_CALLBACKS_ENABLED": "record_results,onramp.braze_fivetran.workspace_report",
            "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"),
            **{name: str(tmp_path / file) for name, file in REPORTS.items()},
        },
    )
    # The history is a folder with the report of this run.
    outputs = [tmp_path / name for name in (*REPORTS.values(), "ansible.log")]
    files = [file for path in outputs for file in (path.iterdir() if path.is_dir() else [path])]
    written = [file.read_text() for file in files]
    assert len(written) >= len(outputs)
    return result, "\n".join([result.output, *written]).replace("\\\\", "\\")


def _all_of_the_play() -> list[Quotation]:
    """Return what quotes each secret of such a play."""
    absent = ("signature of another workspace", "own Braze key")
    return list(quotations(*(name for name in SECRETS if name not in absent)))


def test_verifying_shows_no_secret_of_any_workspace_that_fivetran_lists_under_its_tasks(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    quoted = _all_of_the_play()
    connection = _connection(sandbox)
    tasks = [{"code": "reconnect", "message": quotation.text} for quotation in quoted]
    sandbox.seed("fivetran", "edit_connection", id=connection, status={"tasks": tasks, "setup_state": "broken"})
    result, shown = _play(sandbox, tmp_path, "verify.yml")
    assert result.exit_code != 0
    assert result.output.count("END") >= len(quoted)
    assert [(quotation.secret, found) for quotation in quoted if (found := quotation.found_in(shown))] == []


@pytest.mark.slow
@pytest.mark.parametrize("in_process", ["true", "false"])
def test_onboarding_shows_no_secret_of_any_workspace_that_setup_tests_quote(
    sandbox: Sandbox, tmp_path: Path, in_process: str
) -> None:
    quoted = _all_of_the_play()
    tests = [{"title": "Key", "status": "FAILED", "message": quotation.text, "details": None} for quotation in quoted]
    sandbox.seed("fivetran", "script_setup_tests", runs=[tests] * 12)
    once = {"fivetran_connection_setup_test_retries": 0}
    arguments = ("--diff", "-vvv", "-e", f"onramp_in_process={in_process}")
    result, shown = _play(sandbox, tmp_path, "onboard.yml", *arguments, shop_us=once, shop_eu=once)
    assert result.exit_code != 0
    assert result.output.count("END") >= len(quoted)
    assert [(quotation.secret, found) for quotation in quoted if (found := quotation.found_in(shown))] == []
