# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person who waits for setup tests or a sync sees what for, and until when."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.playbook import TIMEOUT, run_playbook, start_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

CLOCK = r"\d\d:\d\d:\d\d UTC"
SCHEMA = "braze_shop_us"
WORKSPACE = {"workspaces": {"hosts": {"shop_us": {"ansible_connection": "local"}}}}
TESTING = rf"^shop_us: running the setup tests of {SCHEMA}, at most until {CLOCK}"
TRYING_AGAIN = (
    rf"^shop_us: the setup tests of {SCHEMA} have not passed yet \((.*)\); trying again in \d+ s, until {CLOCK}$"
)
SYNCING = rf"^shop_us: {SCHEMA} has not synced yet after \d+ s; looking again in \d+ s, until {CLOCK}$"


def plays(task: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    """Return a play of one task."""
    return [
        {
            "hosts": "workspaces",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable, **variables},
            "tasks": [task],
        }
    ]


def connecting(sandbox: Sandbox, **arguments: Any) -> dict[str, Any]:
    """Return the task that creates and tests a connection."""
    return {
        "name": "Connect",
        "onramp.braze_fivetran.fivetran_connection": {
            "group_id": world.GROUP_ID,
            "service": "braze",
            "schema": SCHEMA,
            "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE"},
            "config_secrets": {"api_key": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_US') }}"},
            **arguments,
        },
    }


def failing(message: str) -> list[dict[str, str]]:
    """Return the setup tests of one run, of which one has failed."""
    return [{"title": "Connect to S3", "status": "FAILED", "message": message}]


def test_while_setup_tests_do_not_pass_a_person_sees_at_once_why_and_until_when(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    # They never pass, until the person has read that they do not: the line must come before the task ends.
    sandbox.seed("fivetran", "script_setup_tests", runs=[failing("cannot sts:AssumeRole")] * 100)
    playbook = plays(connecting(sandbox, setup_test_retries=100))
    # Ansible leaves flushing to Python, which flushes each line to a terminal only.
    live = {"PYTHONUNBUFFERED": "1"}
    process = start_playbook(sandbox, playbook, directory=tmp_path, inventory=WORKSPACE, environment=live)
    watchdog = threading.Timer(TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        output = ""
        for line in process.stdout or ():
            output += line
            if re.search(TRYING_AGAIN, line) and "AssumeRole" in line:
                sandbox.seed("fivetran", "script_setup_tests", runs=[])
        process.wait()
    finally:
        watchdog.cancel()
    assert process.returncode == 0, output
    assert re.search(TESTING, output, re.MULTILINE)
    assert re.search(TRYING_AGAIN, output, re.MULTILINE)


def test_a_module_in_a_process_of_its_own_is_announced(sandbox: Sandbox) -> None:
    result = run_playbook(sandbox, plays(connecting(sandbox), onramp_in_process=False), inventory=WORKSPACE)
    assert result.exit_code == 0, result.output
    announced = re.search(TESTING + ", if they are needed$", result.output, re.MULTILINE)
    assert announced
    assert announced.start() < result.output.index("changed: [shop_us]")


@pytest.mark.slow
def test_a_module_in_a_process_of_its_own_says_at_its_end_which_limit_it_has_waited_for(sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="test_connection", status=429, headers={"Retry-After": "4"})
    result = run_playbook(sandbox, plays(connecting(sandbox), onramp_in_process=False), inventory=WORKSPACE)
    assert result.exit_code == 0, result.output
    assert "Fivetran's rate limit for setup tests is reached" in " ".join(result.output.split())


def test_nothing_is_announced_where_nothing_is_waited_for(sandbox: Sandbox) -> None:
    ways: list[dict[str, Any]] = []
    for number, in_process in enumerate((True, False)):
        check = connecting(sandbox, schema=f"{SCHEMA}_check_{number}") | {"check_mode": True}
        never = connecting(sandbox, schema=f"{SCHEMA}_never_{number}", run_setup_tests="never", paused=True)
        ways += [{**task, "vars": {"onramp_in_process": in_process}} for task in (check, never)]
    [play] = plays({})
    result = run_playbook(sandbox, [{**play, "tasks": ways}], inventory=WORKSPACE)
    assert result.exit_code == 0, result.output
    assert result.changed("shop_us") == len(ways)
    assert "UTC" not in result.output


def test_what_a_setup_test_echoes_is_not_printed_while_waiting(sandbox: Sandbox) -> None:
    runs = [failing(f"forbidden: {world.BRAZE_KEY_SHOP_US}"), [{"title": "Connect to S3", "status": "PASSED"}]]
    sandbox.seed("fivetran", "script_setup_tests", runs=runs)
    result = run_playbook(sandbox, plays(connecting(sandbox)), "-vvvv", inventory=WORKSPACE)
    assert result.exit_code == 0, result.output
    assert re.search(TRYING_AGAIN, result.output, re.MULTILINE)
    for secret in world.secrets():
        assert secret not in result.output


@pytest.mark.parametrize(
    ("in_process", "expected"),
    [(True, SYNCING), (False, rf"^shop_us: waiting until {SCHEMA} has synced, at most until {CLOCK}$")],
)
def test_while_a_sync_runs_a_person_sees_how_long_and_until_when(
    sandbox: Sandbox, in_process: bool, expected: str
) -> None:
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema=SCHEMA)
    status = {"setup_state": "connected", "sync_state": "scheduled", "is_historical_sync": False}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=status)
    sandbox.seed("fivetran", "set_sync", polls=1)
    task = {
        "name": "Sync",
        "onramp.braze_fivetran.fivetran_connection_sync": {
            "group_id": world.GROUP_ID,
            "schema": SCHEMA,
            "wait": True,
        },
    }
    result = run_playbook(sandbox, plays(task, onramp_in_process=in_process), inventory=WORKSPACE)
    assert result.exit_code == 0, result.output
    assert re.search(expected, result.output, re.MULTILINE), result.output
