# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trace is one file a run, whole, private, without secrets, and nothing where nobody wants one."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, ClassVar
from unittest.mock import patch
from urllib.parse import quote

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http import transport as _http_transport
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace import trace as _trace
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace.exchange import Exchange
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action import tracing as _tracing

from tests.collection import COLLECTIONS
from tests.hardening.onboarding import assert_nothing_secret
from tests.hardening.steps import steps
from tests.integration.trace.replayed import calls, lines, traces
from tests.integration.trace.written import HEADER, new_run, traced
from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.serving import serving

# What vendors are known to quote of a secret, in the order of how much it is changed.
SPELLINGS = {
    "as it is": lambda secret: secret,
    "in a sentence": lambda secret: f"The key {secret}, which you sent, is wrong.",
    "for a URL": lambda secret: quote(secret, safe=""),
    "twice in JSON": lambda secret: json.dumps({"inner": json.dumps({"key": secret})}),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in a header": lambda secret: f"Authorization: Bearer {secret}",
    "in a connection string": lambda secret: f"AccountName=a;AccountKey={secret};EndpointSuffix=b",
    "in XML": lambda secret: f"<Error><Message>no {secret}</Message><Key>{secret}</Key></Error>",
}


@pytest.mark.parametrize("name", ["account", "braze", "grant", "currents in GCS", "currents in S3"])
def test_what_vendors_quote_of_secrets_is_not_in_a_trace(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    step = steps(sandbox)[name]
    quoted = [(spell(secret), secret) for spell in SPELLINGS.values() for secret in own_secrets()]
    body = {
        "code": quoted[0][0],
        "message": " ".join(text for text, _secret in quoted),
        "password": "hunter-2-hunter",
        "error": {"message": [text for text, _secret in quoted], "code": 403},
    }
    headers = {"X-Request-Id": world.BRAZE_KEY_SHOP_US, "Location": f"/?token={world.FIVETRAN_SECRET}"}
    sandbox.fault("status", server=step.vendor, status=403, body=body, headers=headers, times=0)
    with traced(tmp_path, secrets=world.secrets()):
        step.run(sandbox)
    [trace] = traces(tmp_path)
    text = trace.read_text()
    assert calls(tmp_path)
    assert_nothing_secret(text)
    assert "hunter-2" not in text
    for secret in own_secrets():
        assert quote(secret, safe="") not in text
    for secret in world.secrets():
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in text


def own_secrets() -> tuple[str, ...]:
    """Return the secrets that this run knows, and what it can only take for some by their looks."""
    return (*world.secrets(), PEM, "AKIAIOSFODNN7EXAMPLE", "0cf26e8b-2c9d-4c5e-9a1f-6f0ad1c3b7e2")


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----"


def test_what_was_sent_to_prove_who_asks_is_known_from_then_on(sandbox: Sandbox, tmp_path: Path) -> None:
    # Nobody has told of these, and by their looks they are words.
    arguments = {"fivetran_api_key": "an-old-key-of-ours", "fivetran_api_secret": "an-old-secret-of-ours"}
    sandbox.fault("status", server="fivetran", status=401, body={"message": "no an-old-secret-of-ours"})
    with traced(tmp_path):
        run_module("fivetran_account_info", arguments, sandbox.env)
    assert calls(tmp_path)[0]["answer"]["status"] == 401
    assert "an-old" not in traces(tmp_path)[0].read_text()


def test_the_same_secret_has_the_same_placeholder_in_all_processes_and_another_one_in_the_next_run(
    tmp_path: Path,
) -> None:
    run, other = new_run(tmp_path), new_run(tmp_path)
    first, second, third = (_trace.Trace(found, secrets=world.secrets()).scrubber for found in (run, run, other))
    assert first.text(world.BRAZE_KEY_SHOP_US) == second.text(world.BRAZE_KEY_SHOP_US)
    assert first.text(world.BRAZE_KEY_SHOP_US) != first.text(world.BRAZE_KEY_SHOP_EU)
    assert first.text(world.BRAZE_KEY_SHOP_US) != third.text(world.BRAZE_KEY_SHOP_US)


def test_bodies_of_objects_and_what_is_too_long_are_not_in_a_trace(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.fault("large", server="fivetran")
    with traced(tmp_path):
        steps(sandbox)["currents in S3"].run(sandbox)
        run_module("fivetran_account_info", {}, sandbox.env)
    reads = [line for line in calls(tmp_path) if "range" in line["request"]["headers"]]
    assert reads
    assert all(line["answer"]["body"] == {"bytes": 4, "avro": True} for line in reads)
    assert calls(tmp_path)[-1]["answer"]["body"]["bytes"] > 8 * 1024 * 1024
    assert traces(tmp_path)[0].stat().st_size < 200_000


def test_a_trace_is_for_its_owner_only_and_begins_with_what_the_run_consists_of(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    try:
        _tracing.trace_task(str(folder), "a task", "a_host")
    finally:
        _trace.stop()
    [trace] = traces(folder)
    assert trace.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    [header] = lines(trace)
    assert header["onramp_trace"] == 1
    assert set(header) == {"onramp_trace", "collection", "python", "system", "packages", "started", "playbooks"}
    assert {"ansible-core", "boto3", "requests"} <= set(header["packages"])
    for private in (os.uname().nodename, str(Path.home()), str(tmp_path)):
        assert private not in trace.read_text()


def test_many_processes_with_many_threads_write_whole_lines(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=write_many, args=(run, number)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    header, *rest = lines(Path(run.file))
    assert header == HEADER
    assert sorted((line["host"], line["vendor"]) for line in rest) == sorted(
        (f"host_{number}", f"thread {thread}") for number in range(8) for thread in range(3) for _line in range(9)
    )


def write_many(run: _trace.TracedRun, number: int) -> None:
    trace = _trace.Trace(run, lambda: HEADER)
    trace.asker = _trace.TracedTask("a task", f"host_{number}")

    def write(thread: int) -> None:
        for _line in range(9):
            exchange = Exchange(f"thread {thread}", "POST", "http://127.0.0.1/v1", {}, b"x" * 20_000, trace.write)
            exchange.hear(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            exchange.end()

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("obstacle", ["a file", "a link", "a hard link", "a pipe", "no right"])
def test_a_trace_that_cannot_be_written_is_refused_before_anything_is_asked(
    sandbox: Sandbox, tmp_path: Path, obstacle: str
) -> None:
    run, precious = new_run(tmp_path / "folder"), tmp_path / "precious"
    precious.write_text("precious")
    if obstacle == "a file":
        (tmp_path / "folder").write_text("")
    else:
        (tmp_path / "folder").mkdir()
    if obstacle == "a link":
        Path(run.file).symlink_to(precious)
    elif obstacle == "a hard link":
        Path(run.file).hardlink_to(precious)
    elif obstacle == "a pipe":
        os.mkfifo(run.file)
    elif obstacle == "no right":
        # Also root may not write there.
        run = _trace.TracedRun(file="/proc/onramp/trace.jsonl", key=run.key, began=run.began)
    with pytest.raises(OnrampError) as refused:
        _trace.start(run, lambda: HEADER, print)
    assert refused.value.failure.code == "no_trace"
    assert "Nothing was asked of anybody." in refused.value.msg
    assert precious.read_text() == "precious"
    assert _http_transport.traced is None
    assert sandbox.journal() == []


def test_a_run_goes_on_when_its_trace_cannot_be_written_any_more(sandbox: Sandbox, tmp_path: Path) -> None:
    warnings: list[str] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with traced(tmp_path) as trace:
        trace.broken = warnings.append
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
        try:
            result = run_module("fivetran_group_info", {"group": world.GROUP_NAME}, sandbox.env)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not result.failed, result.msg
    assert len(warnings) == 1
    assert "The run goes on without it." in warnings[0]


class Templar:
    """Returns what it is given."""

    def template(self, value: Any) -> Any:
        return value


class Action:
    """As much of an action plugin as is asked who it is."""

    _templar = Templar()

    class _task:
        args: ClassVar[dict[str, Any]] = {}

        @staticmethod
        def get_name() -> str:
            return "a task"


@pytest.mark.parametrize(
    ("variables", "environment", "written"),
    [({}, "", False), ({}, "yes", True), ({"onramp_trace": "yes"}, "", True), ({"onramp_trace": ""}, "yes", False)],
)
def test_a_variable_outweighs_the_environment_and_says_that_nothing_is_written_too(
    tmp_path: Path, variables: dict[str, str], environment: str, written: bool
) -> None:
    folder = tmp_path / "traces"
    given = {name: value and str(folder) for name, value in variables.items()}
    with patch.dict("os.environ", {"ONRAMP_TRACE": environment and str(folder)}):
        try:
            _tracing.trace(Action(), {**given, "inventory_hostname": "a_host"})  # type: ignore[arg-type]
            assert (_trace.active() is not None) == written
        finally:
            _trace.stop()
    assert folder.exists() == written


def test_what_the_variables_of_a_workspace_call_a_secret_is_known(tmp_path: Path) -> None:
    variables = {"onramp_trace": str(tmp_path), "braze_api_key": "words-are-keys-too", "inventory_hostname": "a"}
    try:
        _tracing.trace(Action(), variables)  # type: ignore[arg-type]
        written = _trace.active()
        assert written is not None
        assert "words-are" not in written.scrubber.text("no words-are-keys-too")
        # And what a later task of the same process brings along.
        _tracing.trace(Action(), {**variables, "fivetran_api_secret": "more-words-as-keys"})  # type: ignore[arg-type]
        assert _trace.active() is written
        assert "more-words" not in written.scrubber.text("no more-words-as-keys")
    finally:
        _trace.stop()


def test_a_task_without_a_trace_is_not_in_the_one_that_an_inventory_has_begun(tmp_path: Path) -> None:
    _tracing.trace_task(str(tmp_path), "inventory")
    try:
        _tracing.trace(Action(), {"onramp_trace": ""})  # type: ignore[arg-type]
        assert _trace.active() is None
        assert _http_transport.traced is None
    finally:
        _trace.stop()


def test_a_call_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    with traced(tmp_path) as trace:
        exchange = Exchange("Fivetran", "GET", "http://[broken", {}, b"", trace.write)
        exchange.end()
    assert lines(traces(tmp_path)[0])[-1]["note"] == "A call to Fivetran could not be written (ValueError)."


def test_a_module_of_amazon_aws_finds_ansible_and_its_own_python_as_before(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("print('mine')")
    asks = "import sys; print([name for name in sys.modules if name.partition('.')[0].startswith('ansible')])"
    _tracing.trace_task(str(tmp_path / "traces"), "a task")
    try:
        with patch.dict("os.environ", {"PYTHONPATH": str(own)}):
            environment = {**os.environ, **_tracing.environment_of_foreign_modules()}
    finally:
        _trace.stop()
    done = subprocess.run([sys.executable, "-c", asks], env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("mine\n[]\n", "")


def test_an_action_says_by_name_what_is_wrong_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AnsibleActionFail, match=r"ONRAMP_TRACE \(onramp_trace\): no trace can be written") as refused:
        _tracing.trace(Action(), {"onramp_trace": str(tmp_path / "file" / "traces")})  # type: ignore[arg-type]
    assert refused.value.result["failure"]["code"] == "no_trace"


def test_without_a_trace_nothing_of_it_is_imported(sandbox: Sandbox) -> None:
    asks = (
        "import sys; from tests.collection import make_collection_importable; make_collection_importable()\n"
        "from tests.modules import run_module; import os\n"
        "from ansible_collections.onramp.braze_fivetran.plugins.action import s3_access, fivetran_account_info\n"
        "print(run_module('fivetran_account_info', {}, os.environ).failed)\n"
        "print(sorted(name for name in sys.modules if name.startswith('ansible_collections') and '._trace' in name))"
    )
    environment = {**os.environ, **sandbox.env, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    environment.pop("ONRAMP_TRACE", None)
    done = subprocess.run([sys.executable, "-c", asks], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", "[]"], done.stderr


def test_a_folder_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(AnsibleActionFail, match="onramp_trace: expected the path of a folder for traces, got true"):
        _tracing.trace(Action(), {"onramp_trace": True})  # type: ignore[arg-type]


def test_an_inventory_that_asks_fivetran_is_in_the_trace(sandbox: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "onramp.fivetran.yml"
    source.write_text("plugin: onramp.braze_fivetran.fivetran\n")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **sandbox.env,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ONRAMP_TRACE": str(tmp_path / "traces"),
    }
    command = [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(source), "--list"]
    subprocess.run(command, env=environment, capture_output=True, check=True, cwd=tmp_path)
    asked = calls(tmp_path / "traces")
    assert {line["task"] for line in asked} == {"inventory onramp.fivetran.yml"}
    assert len(asked) == len(sandbox.journal("fivetran")) > 0


def test_tries_are_counted(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.fault("status", server="fivetran", status=503, times=2)
    with traced(tmp_path):
        run_module("fivetran_account_info", {}, sandbox.env)
        run_module("fivetran_account_info", {}, sandbox.env)
    assert [line["try"] for line in calls(tmp_path) if line["request"]["url"].endswith("/info")] == [1, 2, 3, 1]


def test_what_goes_over_tls_and_through_a_proxy_is_in_the_trace_without_the_password_of_the_proxy(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    served = sandbox.tls("fivetran", "good")
    authority = tmp_path / "ca.pem"
    authority.write_text(served["authority"])
    with tunnel() as proxy, traced(tmp_path / "traces"):
        environment = {
            **sandbox.env,
            "FIVETRAN_API_URL": served["url"],
            "REQUESTS_CA_BUNDLE": str(authority),
            "HTTPS_PROXY": f"http://me:pa55word-of-the-proxy@127.0.0.1:{proxy}",
            "NO_PROXY": "",
            "no_proxy": "",
        }
        assert not run_module("fivetran_account_info", {}, environment).failed
    asked = calls(tmp_path / "traces")
    assert {line["request"]["url"].rpartition("/v1")[0] for line in asked} == {served["url"]}
    assert all(line["answer"]["body"]["json"] for line in asked)
    assert "pa55word" not in traces(tmp_path / "traces")[0].read_text()


@contextmanager
def tunnel() -> Iterator[int]:
    """Run a proxy that lets everything through, and yield its port."""

    class Tunnel(BaseRequestHandler):
        def handle(self) -> None:
            asked = self.request.recv(65536).decode()
            host, _colon, port = asked.split()[1].partition(":")
            with socket.create_connection((host, int(port))) as server:
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=relay, args=(server, self.request))
                back.start()
                relay(self.request, server)
                back.join()

    def relay(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while content := one.recv(65536):
                other.sendall(content)
            other.shutdown(socket.SHUT_WR)

    server = ThreadingTCPServer(("127.0.0.1", 0), Tunnel)
    server.daemon_threads = True
    with serving(server):
        yield server.server_address[1]
