# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong values are refused before anything is written, by messages that name the option and what is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.hardening.onboarding import assert_nothing_secret, workspaces
from tests.modules import ModuleResult, run_module
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"

CONNECTION = "fivetran_connection"
S3 = "s3_access_plan_info"
MEMBER = "gcs_bucket_iam_member"
BRAZE = "braze_api_key_info"
CURRENTS = "braze_currents_info"
GROUP = "fivetran_group_info"

# module, options that are changed, words that the refusal holds
MODULE_VALUES: list[tuple[str, dict[str, Any], list[str]]] = [
    (CONNECTION, {"schema": "Shop"}, ["schema", "Shop", "lower-case"]),
    (CONNECTION, {"schema": "1shop"}, ["schema", "1shop", "digit"]),
    (CONNECTION, {"schema": "shop-us"}, ["schema", "shop-us", "underscores"]),
    (CONNECTION, {"schema": "shop us"}, ["schema", "shop us", "underscores"]),
    (CONNECTION, {"schema": "shop\n"}, ["schema", "a text of 5 characters", "underscores"]),
    (CONNECTION, {"schema": ""}, ["schema", "''", "lower-case"]),
    (CONNECTION, {"schema": "../groups"}, ["schema", "../groups", "lower-case"]),
    (CONNECTION, {"schema": "s" * 1000 + "!"}, ["schema", "lower-case"]),
    (CONNECTION, {"state": "gone"}, ["state", "gone", "present", "absent"]),
    (CONNECTION, {"group_id": None}, ["group_id", "service", "schema"]),
    (CONNECTION, {"group_id": "no_such_group"}, ["no_such_group"]),
    (CONNECTION, {"service": "brase"}, ["service", "brase"]),
    (CONNECTION, {"sync_frequency": 7}, ["sync_frequency", "7", "1440"]),
    (CONNECTION, {"sync_frequency": "often"}, ["sync_frequency", "often", "int"]),
    (CONNECTION, {"daily_sync_time": "14:00"}, ["daily_sync_time", "1440"]),
    (CONNECTION, {"daily_sync_time": "14:30", "sync_frequency": 1440}, ["daily_sync_time", "14:30", "23:00"]),
    (CONNECTION, {"daily_sync_time": "14:00\n", "sync_frequency": 1440}, ["daily_sync_time", "23:00"]),
    (CONNECTION, {"daily_sync_time": "24:00", "sync_frequency": 1440}, ["daily_sync_time", "24:00", "23:00"]),
    (CONNECTION, {"schedule_type": "hourly"}, ["schedule_type", "hourly", "manual"]),
    (CONNECTION, {"paused": "perhaps"}, ["paused", "perhaps", "bool"]),
    (CONNECTION, {"data_delay_sensitivity": "NONE"}, ["data_delay_sensitivity", "NONE", "NORMAL"]),
    (CONNECTION, {"data_delay_threshold": 5}, ["data_delay_threshold", "CUSTOM"]),
    (CONNECTION, {"networking_method": "Tunnel"}, ["networking_method", "Tunnel", "SshTunnel"]),
    (CONNECTION, {"networking_method": "PrivateLink"}, ["networking_method", "private_link_id"]),
    (CONNECTION, {"proxy_agent_id": "a"}, ["proxy_agent_id", "ProxyAgent"]),
    (CONNECTION, {"destination_schema_names": "OURS"}, ["destination_schema_names", "OURS", "SOURCE_NAMING"]),
    (CONNECTION, {"update_secrets": "never"}, ["update_secrets", "never", "on_create"]),
    (CONNECTION, {"run_setup_tests": "sometimes"}, ["run_setup_tests", "sometimes", "on_change"]),
    (CONNECTION, {"failing_test_statuses": ["BAD"]}, ["failing_test_statuses", "BAD", "WARNING"]),
    (CONNECTION, {"setup_test_timeout": "long"}, ["setup_test_timeout", "long", "int"]),
    (CONNECTION, {"config": "text"}, ["config", "dict"]),
    (CONNECTION, {"config": {"s3_bucket": "b"}}, ["config.s3_bucket", "s3bucket"]),
    (CONNECTION, {"config": {"cloud_storage_type": "S3"}}, ["config.cloud_storage_type", "S3", "AWS_S3"]),
    (CONNECTION, {"config": {"enable_exports": "perhaps"}}, ["config.enable_exports", "boolean"]),
    (CONNECTION, {"config": {"schema": "other"}}, ["config.schema", "other", "contradicts"]),
    (CONNECTION, {"config": {"api_key": "x"}}, ["config", "api_key", "once"]),
    (CONNECTION, {"config_secrets": {"api_key": "******"}}, ["config.api_key", "mask"]),
    (CONNECTION, {"fivetran_api_url": "http://api.fivetran.com"}, ["fivetran_api_url", "https://"]),
    (CONNECTION, {"fivetran_api_url": "api.fivetran.com"}, ["fivetran_api_url", "https://", "api.fivetran.com"]),
    (CONNECTION, {"fivetran_api_url": "https://u:p@api.fivetran.com"}, ["fivetran_api_url", "password"]),
    (CONNECTION, {"request_timeout": 0}, ["request_timeout", "0", "1"]),
    (CONNECTION, {"request_timeout": -1}, ["request_timeout", "-1"]),
    (CONNECTION, {"retry_timeout": -1}, ["retry_timeout", "-1"]),
    (CONNECTION, {"setup_test_retries": -1}, ["setup_test_retries", "-1"]),
    (CONNECTION, {"setup_test_timeout": 0}, ["setup_test_timeout", "0"]),
    (GROUP, {"group": "Warehose"}, ["Warehose", "Warehouse"]),
    (GROUP, {"group": ""}, ["group", "''"]),
    (GROUP, {"gather": ["bill"]}, ["gather", "bill", "service_account"]),
    (GROUP, {"request_timeout": "soon"}, ["request_timeout", "soon", "int"]),
    (BRAZE, {"api_url": "http://rest.iad-01.braze.com"}, ["api_url", "https://"]),
    (BRAZE, {"api_url": "https://rest.example.com/?key=1"}, ["api_url", "query"]),
    (BRAZE, {"api_url": ""}, ["api_url"]),
    (BRAZE, {"api_key": ""}, ["api_key"]),
    (BRAZE, {"api_key": "a key\nX-Other: 1"}, ["api_key"]),
    (BRAZE, {"permissions": ["users.delete"]}, ["permissions", "users.delete", "users.export.ids"]),
    (BRAZE, {"request_timeout": 0}, ["request_timeout", "0"]),
    (BRAZE, {"on_problem": "shrug"}, ["on_problem", "shrug", "ignore", "warn", "fail"]),
    (CURRENTS, {"prefix": "s3://acme/currents"}, ["prefix", "s3://acme/currents", "folder"]),
    (CURRENTS, {"storage": "azure"}, ["storage", "azure", "s3", "gcs"]),
    (CURRENTS, {"stale_after": "a day"}, ["stale_after", "a day", "int"]),
    (CURRENTS, {"profile": "nobody", "storage": "s3"}, ["profile", "nobody"]),
    (CURRENTS, {"credentials_file": "/does/not/exist"}, ["credentials_file", "/does/not/exist"]),
    (CURRENTS, {"request_timeout": 0}, ["request_timeout", "0"]),
    (CURRENTS, {"on_quiet": "shrug"}, ["on_quiet", "shrug", "ignore", "warn", "fail"]),
    (S3, {"external_id": ""}, ["external_id"]),
    (S3, {"external_id": "a b"}, ["external_id", "a b"]),
    (S3, {"external_id": "jovial\n"}, ["external_id"]),
    (S3, {"buckets": []}, ["bucket"]),
    (S3, {"buckets": ["*"]}, ["bucket", "*"]),
    (S3, {"buckets": ["Acme"]}, ["bucket", "Acme"]),
    (S3, {"buckets": ["acme\n"]}, ["bucket"]),
    (S3, {"scope": "prefix"}, ["prefix"]),
    (S3, {"scope": "prefix", "prefix": "a*"}, ["prefix", "a*"]),
    (S3, {"scope": "everything"}, ["scope", "everything", "bucket", "prefix"]),
    (S3, {"kms_key_arns": ["*"]}, ["kms_key_arns", "*"]),
    (S3, {"role_name": "Five tran"}, ["role_name", "Five tran", "letters"]),
    (S3, {"role_name": "F" * 65}, ["role_name", "64"]),
    (S3, {"policy_name": "../../x"}, ["policy_name", "../../x", "letters"]),
    (S3, {"path": "team"}, ["path", "team", "/"]),
    (S3, {"fivetran_account_id": "834"}, ["fivetran_account_id", "834"]),
    (S3, {"partition": "aws-moon"}, ["partition", "aws-moon", "aws-cn"]),
    (MEMBER, {"role": "Storage Object Viewer"}, ["role", "Storage Object Viewer", "roles/"]),
    (MEMBER, {"member": "everybody"}, ["member", "everybody", "address"]),
    (MEMBER, {"member": "a@exam\nple.com"}, ["member"]),
    (MEMBER, {"member": "a@example.com,user:b@example.com"}, ["member"]),
    (MEMBER, {"condition": {"title": "t"}}, ["condition", "expression"]),
    (MEMBER, {"folder": "/"}, ["folder", "'/'", "currents"]),
    (MEMBER, {"bucket": "no-such-bucket"}, ["no-such-bucket"]),
    (MEMBER, {"request_timeout": 0}, ["request_timeout", "0"]),
    (MEMBER, {"preflight": "perhaps"}, ["preflight", "perhaps", "ignore", "warn", "fail"]),
]


def arguments(sandbox: Sandbox, module: str) -> dict[str, Any]:
    """Return arguments of ``module`` with which nothing is wrong."""
    url = sandbox.env["SANDBOX_BRAZE_URL"]
    every: dict[str, dict[str, Any]] = {
        CONNECTION: {
            "group_id": world.GROUP_ID,
            "service": "braze",
            "schema": "shop",
            "config": {"api_url": url, "cloud_storage_type": "NONE"},
            "config_secrets": {"api_key": world.BRAZE_KEY_SHOP_US},
            "setup_test_retries": 0,
        },
        GROUP: {"group": world.GROUP_NAME},
        BRAZE: {"api_url": url, "api_key": world.BRAZE_KEY_SHOP_US, "permissions": ["campaigns.list"]},
        CURRENTS: {"storage": "gcs", "bucket": world.GCS_BUCKET, "prefix": world.PREFIX},
        S3: {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET]},
        MEMBER: {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT},
    }
    return every[module]


def call(sandbox: Sandbox, module: str, changes: dict[str, Any]) -> ModuleResult:
    given = {name: value for name, value in {**arguments(sandbox, module), **changes}.items() if value is not None}
    if module == S3:
        given = {name: value for name, value in given.items() if not name.endswith("_timeout")}
    result = run_module(module, given, sandbox.env)
    assert_nothing_secret(str(result.values))
    return result


def test_every_wrong_value_of_a_module_is_refused_by_name_before_anything_is_written(sandbox: Sandbox) -> None:
    problems = []
    for module, changes, words in MODULE_VALUES:
        result = call(sandbox, module, changes)
        if not result.failed:
            problems.append(f"{module} {changes}: accepted")
        elif missing := [word for word in words if word not in result.msg]:
            problems.append(f"{module} {str(changes)[:200]}: {missing} not in {result.msg[:600]!r}")
    assert problems == []
    assert sandbox.writes() == []
    assert len(MODULE_VALUES) >= 60


@pytest.mark.parametrize("module", [CONNECTION, GROUP, BRAZE, CURRENTS, S3, MEMBER])
def test_the_arguments_that_the_wrong_values_are_put_into_are_accepted(sandbox: Sandbox, module: str) -> None:
    assert not call(sandbox, module, {}).failed


# variables of a workspace, words that the refusal holds
WORKSPACE_VALUES: list[tuple[dict[str, Any], list[str]]] = [
    ({"currents_storage": "ftp"}, ["currents_storage", "ftp", "azure"]),
    ({"currents_bucket": ""}, ["currents_bucket", "s3"]),
    ({"currents_storage": "azure"}, ["currents_connection_string", "azure"]),
    ({"fivetran_schema": "Shop-US"}, ["fivetran_schema", "Shop-US", "lower-case"]),
    ({"fivetran_schema": "shop\nus"}, ["fivetran_schema", "lower-case"]),
    ({"fivetran_schema": ""}, ["fivetran_schema", "is empty", "Name of the connection"]),
    ({"fivetran_group": "Warehose"}, ["Warehose", "Warehouse"]),
    ({"braze_api_url": "http://rest.iad-01.braze.com"}, ["api_url", "https://"]),
    ({"braze_api_key_on_problem": "explode"}, ["braze_api_key_on_problem", "explode", "ignore"]),
    ({"currents_landing_stale_after": "a day"}, ["currents_landing_stale_after", "a day"]),
    ({"currents_landing_on_quiet": "shout"}, ["currents_landing_on_quiet", "shout", "warn"]),
    ({"currents_landing_on_no_access": "shout"}, ["currents_landing_on_no_access", "shout", "warn"]),
    ({"currents_landing_on_problem": "shout"}, ["currents_landing_on_problem", "shout", "warn"]),
    ({"s3_access_state": "gone"}, ["s3_access_state", "gone", "absent"]),
    ({"s3_access_scope": "all"}, ["s3_access_scope", "all", "prefix"]),
    ({"s3_access_role_name": "Five tran"}, ["role_name", "Five tran"]),
    ({"s3_access_policy_name": "a/b"}, ["policy_name", "a/b"]),
    ({"s3_access_path": "team"}, ["path", "team"]),
    ({"s3_access_partition": "aws-moon"}, ["s3_access_partition", "aws-moon", "aws-cn"]),
    ({"s3_access_adopt": "perhaps"}, ["s3_access_adopt", "perhaps"]),
    ({"s3_access_tags": "text"}, ["s3_access_tags", "dict"]),
    ({"s3_access_max_session_duration": "long"}, ["s3_access_max_session_duration", "long"]),
    ({"s3_access_preflight": "later"}, ["s3_access_preflight", "later", "ignore, warn or fail"]),
    ({"gcs_access_scope": "all"}, ["gcs_access_scope", "all", "prefix"]),
    ({"gcs_access_preflight": "later"}, ["gcs_access_preflight", "later", "ignore, warn or fail"]),
    ({"fivetran_connection_sync_frequency": 7}, ["fivetran_connection_sync_frequency", "7", "1440"]),
    ({"fivetran_connection_paused": "perhaps"}, ["fivetran_connection_paused", "perhaps"]),
    ({"fivetran_connection_schedule_type": "hourly"}, ["fivetran_connection_schedule_type", "hourly", "manual"]),
    ({"fivetran_connection_update_secrets": "never"}, ["fivetran_connection_update_secrets", "never", "always"]),
    ({"fivetran_connection_run_setup_tests": "no"}, ["fivetran_connection_run_setup_tests", "on_change"]),
    ({"fivetran_connection_history_time_frame": "MONTH"}, ["fivetran_connection_history_time_frame", "ONE_YEAR"]),
    ({"fivetran_connection_exports_storage": "ftp"}, ["fivetran_connection_exports_storage", "ftp", "azure"]),
]


def test_every_wrong_variable_of_a_workspace_stops_it_and_only_it_before_anything_is_written(sandbox: Sandbox) -> None:
    good = workspaces()["braze_workspaces"]["hosts"]["shop_us"]
    hosts = {
        # Nothing is shared, or they would be refused because of each other.
        f"wrong_{number}": {
            **good,
            "fivetran_schema": f"wrong_{number}",
            "s3_access_role_name": f"wrong_{number}",
            "s3_access_policy_name": f"wrong_{number}",
            **changes,
        }
        for number, (changes, _words) in enumerate(WORKSPACE_VALUES)
    }
    played = run_playbook(sandbox, ONBOARD, "--forks", "4", "--limit", "wrong_*", inventory=workspaces(**hosts))
    problems = []
    for host, (changes, words) in zip(hosts, WORKSPACE_VALUES, strict=True):
        message = played.messages(host)
        if missing := [word for word in words if word not in message]:
            problems.append(f"{changes}: {missing} not in {message!r}")
    assert problems == []
    assert sandbox.writes() == []
    assert_nothing_secret(played.output)


HOSTILE = [
    "a\nb",
    "{{ lookup('pipe', 'touch canary') }}",
    "{% for x in range(9) %}",
    "\"'`$(touch canary);#",
    "../../v1/groups",
    "..",
    "..%2f..%2f",
    "naïve-ünïcode-日本-\u202e",
    "x" * 1000,
    "a?b=c&d#e",
    "\x00\x1b[31m",
]


@pytest.mark.parametrize(
    ("module", "option"),
    [
        (CONNECTION, "group_id"),
        (CONNECTION, "service"),
        (CONNECTION, "schema"),
        (CONNECTION, "id"),
        (GROUP, "group"),
        (BRAZE, "api_url"),
        (BRAZE, "api_key"),
        (CURRENTS, "bucket"),
        (CURRENTS, "prefix"),
        (S3, "external_id"),
        (S3, "role_name"),
        (S3, "policy_name"),
        (S3, "path"),
        (MEMBER, "bucket"),
        (MEMBER, "member"),
        (MEMBER, "role"),
    ],
)
def test_a_hostile_name_does_no_harm(
    running_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, option: str
) -> None:
    # Not the fixture that holds every request against Fivetran's document, which has no such paths.
    running_sandbox.reset()
    monkeypatch.chdir(tmp_path)
    for name in HOSTILE:
        result = call(running_sandbox, module, {option: name, "request_timeout": 2, "retry_timeout": 2})
        assert result.msg or not result.failed
    assert list(tmp_path.iterdir()) == []
    rows = running_sandbox.state()["fivetran"]["connections"].values()
    # Letters are a name of a schema, however many.
    assert {row["schema"] for row in rows} <= {"x" * 1000}
    assert [e.operation for e in running_sandbox.writes() if not e.operation.startswith("fivetran:")] == []


def test_hostile_names_that_fivetran_tells_are_printed_and_never_evaluated(sandbox: Sandbox, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    name = f"{{{{ lookup('ansible.builtin.pipe', 'touch {canary}') }}}}"
    sandbox.seed("fivetran", "add_group", id="hostile_group", name=name)
    message = {"code": "Forbidden", "message": name}
    sandbox.fault("status", operation="create_connection", times=0, status=403, body=message)
    inventory = workspaces(shop_eu={"fivetran_group": "no such group"})
    played = run_playbook(sandbox, ONBOARD, inventory=inventory)
    assert played.exit_code != 0
    assert "no such group" in played.messages("shop_eu")
    assert "lookup(" in played.messages("shop_eu") + played.messages("shop_us")
    assert not canary.exists()
