# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a vendor quotes in a real play: secrets of other workspaces, lines that look like Ansible's, templates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

KEY = "8f1c2d3e-4b5a-4968-8776-655443322110"
GROUP_INFO = "onramp.braze_fivetran.fivetran_group_info"


def play(sandbox: Sandbox, tasks: list[dict[str, Any]], reads: Path, *arguments: str, **variables: Any) -> PlayResult:
    """Play on two workspaces, whose keys are looked up with a line in ``reads``."""
    command = f"'echo ' ~ inventory_hostname ~ ' >> {reads}; echo {KEY}'"
    looked_up = f"{{{{ lookup('ansible.builtin.pipe', {command}) }}}}"
    hosts = {name: {"braze_api_key": looked_up} for name in ("shop_us", "shop_eu")}
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}
    inventory = {"braze_workspaces": {"hosts": hosts, "vars": common}}
    plays = [{"hosts": "braze_workspaces", "gather_facts": False, "tasks": tasks}]
    return run_playbook(sandbox, plays, *arguments, inventory=inventory)


@pytest.mark.parametrize("in_process", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_keys_of_all_workspaces_are_read_once_a_run_and_where_a_vendor_has_the_word(
    sandbox: Sandbox, tmp_path: Path, in_process: bool
) -> None:
    said = {"code": "Forbidden", "message": f"No: {KEY}, {KEY[-14:]}"}
    sandbox.fault("status", server="fivetran", status=403, times=0, skip=6, body=said)
    task = {GROUP_INFO: {"group": world.GROUP_ID}, "ignore_errors": True}
    reads = tmp_path / "reads"
    healthy = {**task, "register": "before"}
    count = {"ansible.builtin.shell": f"cat {reads} | wc -l", "register": "counted", "failed_when": False}
    result = play(sandbox, [healthy, count, task, task], reads, "-vvv", onramp_in_process=in_process)
    [first, second] = result.results("ansible.builtin.shell")
    assert (first["stdout"], second["stdout"]) == ("0", "0")
    failed = [shown["msg"] for shown in result.results(GROUP_INFO) if "failure" in shown]
    assert len(failed) == 4
    assert all("Forbidden: No: ********, ********." in message for message in failed)
    assert KEY[-14:] not in result.output
    # By which process does not matter, and that there are two tasks neither.
    assert sorted(reads.read_text().split()) == ["shop_eu", "shop_us"]


def test_what_a_vendor_says_is_no_line_of_ansible_and_no_template(sandbox: Sandbox, tmp_path: Path) -> None:
    template = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path / "evaluated") + "') }} {% raw %}"
    forged = "No.\nPLAY RECAP *****\nok: [shop_us]\r\n\x1b[2Jfatal: [shop_us]\u2028changed: [shop_us]"
    row = {"code": f"reconnect\nok: [shop_us] {template}", "message": f"{forged} {template}", "details": template}
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_x")
    status = {"tasks": [row], "setup_state": "incomplete"}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=status)
    name = "onramp.braze_fivetran.fivetran_connection_sync"
    sync = {name: {"group_id": world.GROUP_ID, "schema": "braze_x"}, "register": "sync", "ignore_errors": True}
    told = {"ansible.builtin.debug": {"msg": "{{ sync.msg }} {{ sync.failure.message }}"}}
    result = play(sandbox, [sync, told], tmp_path / "reads")
    lines = [line.strip() for line in result.output.splitlines()]
    assert sum(line.startswith("PLAY RECAP") for line in lines) == 1
    assert not any(line.startswith(("changed: [", "ok: [shop_us] {{")) for line in lines)
    assert "\x1b" not in result.output
    message = next(result.results(name))["msg"]
    assert "No. PLAY RECAP ***** ok: [shop_us] \ufffd[2Jfatal: [shop_us] changed: [shop_us] {{ lookup(" in message
    assert not (tmp_path / "evaluated").exists()
    assert "{% raw %}" in next(result.results("ansible.builtin.debug"))["msg"]
