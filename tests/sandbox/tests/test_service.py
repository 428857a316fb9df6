# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox starts, stands beside another, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.client import CHECKOUT, Sandbox
from tests.sandbox.world import S3_BUCKET


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def urls(sandbox: Sandbox) -> list[str]:
    return [value for value in sandbox.env.values() if value.startswith("http://")]


def gone(url: str) -> bool:
    deadline = time.monotonic() + 10
    while answers(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def announced(path: Path) -> dict[str, str]:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    environment: dict[str, str] = json.loads(path.read_text())
    return environment


def test_two_sandboxes_stand_side_by_side_and_know_nothing_of_each_other(sandbox: Sandbox) -> None:
    with Sandbox.start() as other:
        assert not set(urls(sandbox)) & set(urls(other))
        sandbox.aws("s3").create_bucket(Bucket="only-in-one")
        names = [bucket["Name"] for bucket in other.aws("s3").list_buckets()["Buckets"]]
        assert names == [S3_BUCKET]
    for url in urls(other):
        assert gone(url)
    assert all(answers(sandbox.env[name]) for name in ("SANDBOX_CONTROL_URL", "SANDBOX_MINISTACK_URL"))


def test_everything_listens_on_loopback_only(running_sandbox: Sandbox) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing; it only asks which address this machine would use.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address = probe.getsockname()[0]
    for url in urls(running_sandbox):
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            socket.create_connection((address, urlsplit(url).port or 0), timeout=1).close()


def test_a_kill_leaves_neither_process_nor_file_behind(tmp_path: Path) -> None:
    announce = tmp_path / "environment.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox", "serve", "--announce", str(announce)],
        cwd=CHECKOUT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    environment = announced(announce)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("sandbox-ministack-")]
    process.kill()
    process.wait()
    assert gone(environment["SANDBOX_MINISTACK_URL"])
    deadline = time.monotonic() + 10
    while {path.name for path in tmp_path.iterdir()} != {announce.name}:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="how a child learns of its parent's death differs by platform")
def test_killing_the_one_who_started_it_leaves_no_process_behind(tmp_path: Path) -> None:
    announce = tmp_path / "environment.json"
    starter = (
        "import subprocess, sys, time\n"
        "process = subprocess.Popen([sys.executable, '-m', 'tests.sandbox', 'serve', '--announce', sys.argv[1],"
        " '--until-stdin-closes'], stdin=subprocess.PIPE)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", starter, str(announce)], cwd=CHECKOUT)
    environment = announced(announce)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for name in ("SANDBOX_CONTROL_URL", "SANDBOX_MINISTACK_URL", "FIVETRAN_API_URL"):
        assert gone(environment[name])


def test_one_command_gives_a_shell_with_everything_exported_whose_exit_code_is_its_own() -> None:
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.sandbox",
            "shell",
            "--",
            sys.executable,
            "-c",
            "import os; print(dict(os.environ)); raise SystemExit(7)",
        ],
        cwd=CHECKOUT,
        env={
            **{name: value for name, value in os.environ.items() if name != "ANSIBLE_CALLBACKS_ENABLED"},
            "AWS_PROFILE": "somebodys-own",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 7
    for name in ("FIVETRAN_APIKEY", "AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST", "SANDBOX_BRAZE_KEY_SHOP_US"):
        assert name in finished.stdout
    assert "somebodys-own" not in finished.stdout
    # The report is on without being asked for.
    assert "'ANSIBLE_CALLBACKS_ENABLED': 'onramp.braze_fivetran.workspace_report'" in finished.stdout


def test_another_terminal_gets_the_variables_of_a_running_sandbox(sandbox: Sandbox) -> None:
    command = f'eval "$({sys.executable} -m tests.sandbox env {sandbox.control_url})" && env'
    finished = subprocess.run(["sh", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert {f"{name}={value}" for name, value in sandbox.env.items()} <= set(finished.stdout.splitlines())


def test_a_sandbox_can_be_used_by_its_variables_alone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CONTROL_URL", sandbox.control_url)
    attached = Sandbox.attach()
    assert attached.env == sandbox.env
    attached.stop()
    assert sandbox.journal() == []


def test_without_a_sandbox_there_is_nothing_to_attach_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_CONTROL_URL", raising=False)
    with pytest.raises(RuntimeError, match="make sandbox"):
        Sandbox.attach()
    with pytest.raises(RuntimeError, match="no sandbox answers"):
        Sandbox.attach("http://127.0.0.1:1")


def world(sandbox: Sandbox) -> Any:
    """Return what stands in the servers, without the times at which it was made."""
    state = sandbox.state()
    s3 = sandbox.aws("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    objects = {name: [item["Key"] for item in s3.list_objects_v2(Bucket=name).get("Contents", [])] for name in buckets}
    return state["fivetran"], state["braze"], sorted(state["gcs"]["buckets"]), objects


def test_reset_returns_to_the_world_of_the_start(sandbox: Sandbox) -> None:
    before = world(sandbox)
    sandbox.seed("fivetran", "add_group", id="g", name="More")
    sandbox.seed("gcs", "create_bucket", name="more-bucket")
    sandbox.aws("iam").create_user(UserName="more")
    sandbox.aws("s3").create_bucket(Bucket="more-in-s3")
    _fivetran, _braze, _gcs, objects = before
    assert len(objects[S3_BUCKET]) > 5
    sandbox.aws("s3").delete_object(Bucket=S3_BUCKET, Key=objects[S3_BUCKET][0])
    assert world(sandbox) != before
    sandbox.reset()
    assert world(sandbox) == before
    assert sandbox.aws("iam").list_users()["Users"] == []


def test_an_unknown_verb_or_fault_is_refused_with_its_name(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="no such verb"):
        sandbox.seed("braze", "make_coffee")
    with pytest.raises(RuntimeError, match="unknown fields of a fault: colour"):
        sandbox.fault("drop", colour="red")
    with pytest.raises(RuntimeError, match="unknown kind of fault: coffee; there are status,"):
        sandbox.fault("coffee")


def test_each_server_tells_its_verbs_and_what_they_do(sandbox: Sandbox) -> None:
    servers = sandbox.servers()
    assert servers["fivetran"]["url"] == sandbox.env["FIVETRAN_API_URL"]
    assert servers["aws"]["verbs"]["propagation"]["arguments"] == ["refusals=0", "seconds=0.0"]
    for server in servers.values():
        assert all(verb["does"] for verb in server["verbs"].values())


def test_a_scripted_fault_tells_how_often_it_was_met(sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="fivetran:list_groups", status=418)
    assert [fault["hits"] for fault in sandbox.faults()] == [0]
    assert answers(f"{sandbox.env['FIVETRAN_API_URL']}/v1/groups")
    assert [fault["hits"] for fault in sandbox.faults()] == [1]
    assert [entry.status for entry in sandbox.journal("fivetran")] == [418]
    sandbox.clear_faults()
    assert sandbox.faults() == []


@pytest.mark.parametrize("server", ["fivetran", "gcs", "aws"])
def test_a_scripted_status_without_a_body_is_an_error_in_the_vendors_own_format(sandbox: Sandbox, server: str) -> None:
    sandbox.fault("status", server=server, status=503)
    answer = requests.get(f"{sandbox.servers()[server]['url']}/v1/groups", timeout=10)
    assert answer.status_code == 503
    assert "The sandbox was told to say so." in answer.text
    errors = {"fivetran": '"code": "ServiceUnavailable"', "gcs": '"code": 503', "aws": "<Error>"}
    assert errors[server] in answer.text
