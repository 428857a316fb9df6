# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""onboard.yml as a person runs it, against the strict sandbox."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.hardening import planning
from tests.integration.given import let_fivetran_read
from tests.integration.playbooks import fleet
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.aws import trust_policy
from tests.sandbox.braze_endpoints import PERMISSIONS
from tests.sandbox.client import Sandbox

INVENTORY = CHECKOUT / "examples" / "workspaces.yml"
ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"
PLAN = "onramp.braze_fivetran.workspace_plan"
VERDICT = "onramp.braze_fivetran.workspace_verdict"


def onboard(sandbox: Sandbox, *arguments: str, inventory: Any = INVENTORY) -> PlayResult:
    return run_playbook(sandbox, ONBOARD, *arguments, inventory=inventory)


def workspaces(**changes: dict[str, Any]) -> dict[str, Any]:
    """Return the example inventory with variables of some workspaces changed."""
    inventory: dict[str, Any] = copy.deepcopy(yaml.safe_load(INVENTORY.read_text()))
    for host, variables in changes.items():
        inventory["braze_workspaces"]["hosts"][host].update(variables)
    return inventory


def connections(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the connections in Fivetran by schema."""
    found = sandbox.state()["fivetran"]["connections"].values()
    return {connection["schema"]: connection for connection in found}


def test_two_workspaces_become_two_running_connections_and_a_second_run_writes_nothing(sandbox: Sandbox) -> None:
    first = onboard(sandbox)
    assert first.exit_code == 0, first.output
    assert first.changed("shop_us") > 0
    assert first.changed("shop_eu") > 0
    found = connections(sandbox)
    assert sorted(found) == ["braze_shop_eu", "braze_shop_us"]
    for connection in found.values():
        assert connection["status"]["setup_state"] == "connected"
        assert connection["paused"] is False

    sandbox.clear_journal()
    before = sandbox.state_hash()
    second = onboard(sandbox)
    assert second.exit_code == 0, second.output
    assert {host: stats["changed"] for host, stats in second.stats.items()} == {"shop_eu": 0, "shop_us": 0}
    assert sandbox.writes() == []
    assert sandbox.state_hash() == before


def test_check_mode_on_an_empty_sandbox_walks_every_step_predicts_changes_and_writes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.state_hash()
    result = onboard(sandbox, "--check", "--diff")
    assert result.exit_code == 0, result.output
    assert sandbox.writes() == []
    assert sandbox.state_hash() == before
    expected = {"shop_us": ("policy", "role", "connection"), "shop_eu": ("grant", "connection")}
    [plan] = result.results(PLAN)
    for host, kinds in expected.items():
        assert result.changed(host) == 1, result.output
        changes = plan["workspaces"][host]["changes"]
        assert [(change["kind"], change["action"]) for change in changes] == [(kind, "create") for kind in kinds]
        [verdict] = result.results(VERDICT, host)
        differences = {diff["after_header"].partition(" ")[0]: diff["after"] for diff in verdict["diff"]}
        assert tuple(differences) == kinds
        # The steps before the last one are told as well.
        assert all(plan["workspaces"][host]["seen"][step]["verdict"] for step in ("key", "landing"))
        if host == "shop_us":
            assert differences["connection"]["config.s3role_arn"] == "arn:aws:iam::111122223333:role/Fivetran"
    assert sandbox.aws("iam").list_roles()["Roles"] == []


# By what is wrong with them: the credentials, the code of the problem, and words of its message.
CREDENTIALS = {
    "wrong": (("sandbox-unknown-key", "sandbox-unknown-secret"), "AuthFailed", ["AuthFailed", "FIVETRAN_APIKEY"]),
    "without the right": (
        world.FIVETRAN_READER,
        "no_right_to_create",
        ["may not create connections", "Account Administrator"],
    ),
    "of another account": (world.FIVETRAN_STRANGER, "NotFound_Group", ["Warehouse", "another_company"]),
}


def with_credentials(sandbox: Sandbox, key: str, secret: str) -> Sandbox:
    """Return the sandbox for somebody who has these of Fivetran."""
    return Sandbox({**sandbox.env, "FIVETRAN_APIKEY": key, "FIVETRAN_APISECRET": secret})


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_fivetran_credentials_that_cannot_do_it_are_told_apart(sandbox: Sandbox, kind: str) -> None:
    credentials, code, words = CREDENTIALS[kind]
    workspace = planning.plan(with_credentials(sandbox, *credentials))["workspaces"]["shop_us"]
    # What is wrong is this, and nothing that follows from it.
    [problem] = workspace["problems"]
    assert problem["code"] == code
    for word in words:
        assert word in problem["message"]
    assert workspace["failed"]


def test_fivetran_credentials_that_cannot_do_it_stop_the_run_before_anything_is_written(sandbox: Sandbox) -> None:
    credentials, code, words = CREDENTIALS["without the right"]
    result = onboard(with_credentials(sandbox, *credentials), "--limit", "shop_us")
    assert result.exit_code != 0
    for word in words:
        assert word in result.messages("shop_us")
    [plan] = result.results(PLAN)
    assert [problem["code"] for problem in plan["workspaces"]["shop_us"]["problems"]] == [code]
    assert sandbox.writes() == []


def test_a_key_that_lacks_two_permissions_stops_its_workspace_and_no_other(sandbox: Sandbox) -> None:
    result = onboard(sandbox, inventory=workspaces(shop_us={"braze_api_key": world.BRAZE_KEY_INCOMPLETE}))
    assert result.exit_code != 0
    message = result.messages("shop_us")
    named = {permission for permission in PERMISSIONS if permission in message}
    assert named == set(world.BRAZE_KEY_INCOMPLETE_LACKS)
    assert list(connections(sandbox)) == ["braze_shop_eu"]
    assert sandbox.aws("iam").list_roles()["Roles"] == []
    assert result.stats["shop_eu"]["failures"] == 0


def test_a_trust_policy_with_the_wrong_external_id_fails_the_setup_test_that_names_the_role(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    trust = trust_policy(world.GROUP_ID.upper())
    sandbox.aws("iam").update_assume_role_policy(RoleName="Fivetran", PolicyDocument=trust)
    result = run_role(sandbox, "shop_us")
    assert_stays_paused_and_named(sandbox, result, "braze_shop_us", "AssumeRole")


def test_a_missing_bucket_grant_fails_the_setup_test_that_names_what_google_denies(sandbox: Sandbox) -> None:
    result = run_role(sandbox, "shop_eu")
    assert_stays_paused_and_named(sandbox, result, "braze_shop_eu", "storage.objects.list")


def assert_stays_paused_and_named(sandbox: Sandbox, result: PlayResult, schema: str, word: str) -> None:
    assert result.exit_code != 0
    connection = connections(sandbox)[schema]
    assert connection["paused"] is True
    assert connection["status"]["setup_state"] == "incomplete"
    [failure] = result.failures()
    failing = [test for test in failure.result["setup_tests"] if test["status"] == "FAILED"]
    assert failing
    for test in failing:
        assert test["title"] in failure.result["msg"]
    assert any(word in test["message"] for test in failing), failing
    assert "stays paused" in failure.result["msg"]


def run_role(sandbox: Sandbox, workspace: str) -> PlayResult:
    """Run only the last step of onboarding, so that no earlier step repairs what the test broke."""
    storage = {
        "shop_us": {
            "fivetran_connection_storage": "s3",
            "fivetran_connection_bucket": world.S3_BUCKET,
            "fivetran_connection_role_arn": "arn:aws:iam::111122223333:role/Fivetran",
        },
        "shop_eu": {"fivetran_connection_storage": "gcs", "fivetran_connection_bucket": world.GCS_BUCKET},
    }[workspace]
    variables = {
        "fivetran_connection_group_id": world.GROUP_ID,
        "fivetran_connection_schema": f"braze_{workspace}",
        "fivetran_connection_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "fivetran_connection_api_key": sandbox.env[f"SANDBOX_BRAZE_KEY_{workspace.upper()}"],
        "fivetran_connection_prefix": world.PREFIX,
        # The failure is for good: waiting for propagation would only cost time.
        "fivetran_connection_setup_test_retries": 0,
        **storage,
    }
    role = {"role": "onramp.braze_fivetran.fivetran_connection", "vars": variables}
    return run_playbook(sandbox, [{"hosts": "localhost", "gather_facts": False, "roles": [role]}])


@pytest.mark.slow
def test_no_secret_is_printed_at_the_highest_verbosity(sandbox: Sandbox) -> None:
    runs = [
        onboard(sandbox, "-vvvv", "--diff", "--check"),
        onboard(sandbox, "-vvvv", "--diff"),
        onboard(sandbox, "-vvvv", "--diff"),
        onboard(sandbox, "-vvvv", inventory=workspaces(shop_us={"braze_api_key": world.BRAZE_KEY_REVOKED})),
    ]
    for result in runs:
        assert "shop_us" in result.output
        for secret in world.secrets():
            assert secret not in result.output
            assert secret not in json.dumps([task.result for task in result.tasks])
    for entry in sandbox.journal():
        for secret in world.secrets():
            assert secret not in json.dumps([entry.path, entry.query])


def test_the_playbook_runs_by_its_name_in_the_collection(sandbox: Sandbox) -> None:
    result = run_playbook(sandbox, "onramp.braze_fivetran.onboard", "--limit", "shop_eu", inventory=INVENTORY)
    assert result.exit_code == 0, result.output
    assert list(connections(sandbox)) == ["braze_shop_eu"]


# What is wrong with a workspace, and words of what it is told.
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "storage": ({"currents_storage": "ftp"}, ["currents_storage", "s3, gcs, azure or none"]),
    "bucket": ({"currents_bucket": ""}, ["currents_bucket", "s3"]),
    "schema": ({"fivetran_schema": "Shop-US"}, ["fivetran_schema", "Shop-US", "lower-case"]),
    "frequency": ({"fivetran_connection_sync_frequency": 7}, ["fivetran_connection_sync_frequency", "1440"]),
    "group": ({"fivetran_group": "Warehose"}, ["Warehose", "Warehouse"]),
    "plain_http": ({"braze_api_url": "http://rest.iad-01.braze.com"}, ["api_url", "https://"]),
}


def test_a_wrong_setting_is_refused_before_anything_is_created(sandbox: Sandbox) -> None:
    inventory = fleet.workspaces(**{name: changes for name, (changes, _words) in WRONG.items()})
    result = onboard(sandbox, "--limit", ",".join(WRONG), inventory=inventory)
    assert result.exit_code != 0
    for name, (_changes, named) in WRONG.items():
        for words in named:
            assert words in result.messages(name), name
    assert sandbox.writes() == []
