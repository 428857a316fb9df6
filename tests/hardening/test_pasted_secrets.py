# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret that somebody has put where a name, a path, a URL or a number belongs is shown nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.shown import (
    looks_like,
    quoted,
    shown,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import TOLD
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.alone import wrong_variables
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import (
    Option,
    all_options,
    options_alone,
    role_options,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reading import read_settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Unusable

from tests.actions import run_action
from tests.hardening.pasted import PASTED, parts, shown_parts
from tests.hardening.planning import Host
from tests.hardening.test_settings_and_callbacks import LATE_BANNERS
from tests.modules import load
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

IDENTITY = {"group_id": world.GROUP_ID, "schema": "braze_shop_us"}
LIMITS = {"request_timeout": 2, "retry_timeout": 2}
# What each module is called with; the secret takes the place of one option after the other.
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "braze_api_key_info": {"api_key": world.BRAZE_KEY_SHOP_US, "api_url": "https://127.0.0.1:1"},
    "braze_currents_info": {"storage": "gcs", "bucket": world.GCS_BUCKET, "prefix": world.PREFIX},
    "fivetran_account_info": {},
    "fivetran_connection": {
        **IDENTITY,
        "service": "braze",
        "config": {"cloud_storage_type": "NONE"},
        "run_setup_tests": "never",
    },
    "fivetran_connection_info": IDENTITY,
    "fivetran_connection_schema": {**IDENTITY, "schemas": []},
    "fivetran_connection_sync": IDENTITY,
    "fivetran_destination_info": {"group_id": world.GROUP_ID},
    "fivetran_group": {"name": world.GROUP_NAME},
    "fivetran_group_info": {"group": world.GROUP_NAME},
    "fivetran_webhook": {"url": "https://automation.example.com/", "events": ["sync_end"], "active": False},
    "fivetran_webhook_info": {},
    "gcs_bucket_iam_info": {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT},
    "gcs_bucket_iam_member": {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT},
    "gcs_bucket_preflight_info": {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT},
    "s3_access_plan_info": {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET]},
    "s3_bucket_preflight_info": {"buckets": [world.S3_BUCKET], "role_arn": "arn:aws:iam::111122223333:role/Fivetran"},
    "s3_access": {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET], "plan": {}},
}
# Those that go the farthest before they are refused, and the one that is pasted most often.
FAST = ("a Google key file", "a Braze key")


def options(module: str) -> Iterator[tuple[str, str]]:
    """Yield the options of a module that are for no secret, with their types."""
    for name, option in load(module).options.arguments.items():
        if not option.get("no_log"):
            yield name, option.get("type", "str")


def test_every_module_is_tried() -> None:
    folder = Path(__file__).parents[2] / "plugins" / "modules"
    planned = (
        "role_variables",
        "workspace_plan",
        "workspace_heal",
        "workspace_plan_info",
        "workspace_verdict",
        "workspace_discovery",
        "workspace_unclaimed_info",
    )
    assert sorted(ARGUMENTS) == sorted(path.stem for path in folder.glob("*.py") if path.stem not in planned)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in FAST else (pytest.mark.slow,)) for kind in PASTED]
)
def test_a_secret_in_the_place_of_any_option_is_shown_by_no_module(
    running_sandbox: Sandbox, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    # Not the fixture that holds every request against Fivetran's document, which has no such paths.
    running_sandbox.reset()
    problems = []
    for module, arguments in ARGUMENTS.items():
        limits = {name: value for name, value in LIMITS.items() if name in load(module).options.arguments}
        for option, type_ in options(module):
            value = {"list": [PASTED[kind]], "dict": {"name": PASTED[kind]}}.get(type_, PASTED[kind])
            result = run_action(module, {**limits, **arguments, option: value}, running_sandbox.env)
            told = result.values if result.failed else {name: result.values.get(name) for name in TOLD}
            if found := shown_parts(kind, json.dumps([told, result.arguments_left], default=str)):
                problems.append(f"{module}.{option}: {found[0]!r} in {result.msg or result.values!s:.500}")
    printed = capfd.readouterr()
    assert problems == []
    assert shown_parts(kind, printed.out + printed.err) == []


GOOD = {
    "fivetran_group": world.GROUP_NAME,
    "fivetran_schema": "braze_shop_us",
    "braze_api_url": "US-01",
    "braze_api_key": world.BRAZE_KEY_SHOP_US,
    "currents_storage": "s3",
    "currents_bucket": world.S3_BUCKET,
    "currents_prefix": world.PREFIX,
}


def refusals(option: Option, value: Any) -> list[str]:
    """Return what is told of a workspace in which ``value`` stands in the place of a setting."""
    given = {"FIVETRAN_APIKEY": world.FIVETRAN_KEY, "FIVETRAN_APISECRET": world.FIVETRAN_SECRET}
    read = read_settings("shop_us", Host({**GOOD, option.name: value}), given)
    return [problem.message for problem in read.problems] if isinstance(read, Unusable) else []


@pytest.mark.parametrize("kind", PASTED)
def test_a_secret_in_the_place_of_any_setting_is_shown_by_no_refusal(kind: str) -> None:
    refused = 0
    for option in all_options().values():
        if option.no_log:
            continue
        for value in (PASTED[kind], [PASTED[kind]], {"name": PASTED[kind]}, {PASTED[kind]: "name"}):
            told = refusals(option, value)
            refused += bool(told)
            assert shown_parts(kind, "\n".join(told)) == [], option.name
    assert refused > 100


@pytest.mark.parametrize("kind", ["a Google key file", "a private key", "a header for Braze", "a connection string"])
def test_what_can_be_nothing_but_a_secret_is_refused_by_the_name_of_the_setting(kind: str) -> None:
    for option in all_options().values():
        if option.no_log:
            continue
        [told] = refusals(option, PASTED[kind])
        assert told.startswith(f"{option.name}: "), told


@pytest.mark.parametrize("kind", PASTED)
def test_a_secret_in_the_place_of_any_variable_of_a_role_alone_is_shown_by_no_refusal(kind: str) -> None:
    refused = 0
    for role, given in ROLES.items():
        variables = {f"{role}_{name}": value for name, value in given.items()}
        for option in options_alone(role).values():
            for value in (PASTED[kind], [PASTED[kind]], {"name": PASTED[kind]}, {PASTED[kind]: "name"}):
                told = wrong_variables(role, Host({**variables, option.name: value}))
                refused += bool(told)
                assert shown_parts(kind, "\n".join(told)) == [], option.name
    assert refused > 100


# What each role is called with.
ROLES: Mapping[str, Mapping[str, Any]] = {
    "braze_api_key": {"key": world.BRAZE_KEY_SHOP_US, "api_url": "https://127.0.0.1:1"},
    "currents_landing": {"storage": "gcs", "bucket": world.GCS_BUCKET, "prefix": world.PREFIX},
    "s3_access": {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET]},
    "gcs_access": {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT},
    "fivetran_connection": {
        "group_id": world.GROUP_ID,
        "schema": "braze_shop_us",
        "api_url": "https://rest.iad-01.braze.com",
        "storage": "none",
        "run_setup_tests": "never",
    },
}


def of_role(role: str, option: Option, text: str) -> dict[str, Any]:
    """Return a task that calls a role with ``text`` in the place of a variable, and goes on whatever comes of it."""
    given = {f"{role}_{name}": value for name, value in ROLES[role].items()}
    call = {"ansible.builtin.include_role": {"name": f"onramp.braze_fivetran.{role}"}}
    variables = {**given, option.name: text}
    return {"block": [{**call, "vars": variables}], "rescue": [{"ansible.builtin.meta": "clear_host_errors"}]}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["a Google key file", "a Braze key", "a secret key of AWS"])
@pytest.mark.parametrize("role", ROLES)
def test_a_secret_in_the_place_of_a_variable_of_a_role_is_shown_by_no_play(
    running_sandbox: Sandbox, tmp_path: Path, role: str, kind: str
) -> None:
    running_sandbox.reset()
    options = [option for option in role_options(role).values() if not option.no_log]
    # In a file, because Ansible quotes the lines of a playbook.
    (tmp_path / "secret").write_text(PASTED[kind])
    secret = f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/secret', rstrip=false) }}}}"
    tasks = [of_role(role, option, secret) for option in options]
    plays = [{"hosts": "localhost", "gather_facts": False, "check_mode": True, "tasks": tasks}]
    played = run_playbook(running_sandbox, plays, "-vvv", "--diff", environment=LATE_BANNERS)
    refused = [task for task in played.tasks if task.failed]
    assert refused, played.output[-3000:]
    for task in refused:
        assert shown_parts(kind, json.dumps(task.result)) == [], task
    failures = [part for part in re.split(r"^TASK ", played.output, flags=re.MULTILINE) if "FAILED!" in part]
    assert shown_parts(kind, "".join(failures)) == []


@pytest.mark.parametrize("kind", PASTED)
def test_a_message_describes_what_looks_like_a_secret(kind: str) -> None:
    text = PASTED[kind]
    assert list(parts(text))
    for told in (shown(text), quoted(text)):
        assert f"a text of {len(text):,} characters, not shown" in told
        assert shown_parts(kind, told) == []


@pytest.mark.parametrize(
    "name",
    [
        "acme-currents-us",
        "cdk-hnb659fds-assets-111122223333-eu-west-1",
        "FivetranStack-FivetranRole8F3C2A1B-1XYZABC2DEF",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Deployment_0123456789abcdef",
        "g-jovial-daylight@fivetran-sandbox-4711.iam.gserviceaccount.com",
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s",
        "/home/deploy/keys/acme-data-4f1e2d.json",
        "https://rest.iad-01.braze.com",
        "Warehouse EMEA (Frankfurt)",
        "jovial_daylight",
    ],
)
def test_what_people_really_name_things_looks_like_no_secret(name: str) -> None:
    assert looks_like(name) == ""
