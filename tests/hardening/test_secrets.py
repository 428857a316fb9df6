# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets stay where they belong: not in output, arguments of processes, files, and not with another host."""

from __future__ import annotations

import base64
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.collection import CHECKOUT
from tests.hardening.onboarding import REPORTS, assert_nothing_secret, workspaces
from tests.hardening.steps import steps
from tests.playbook import start_playbook
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY
from tests.sandbox.client import Sandbox
from tests.serving import QuietHandler, serving

ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"
SESSION_TOKEN = "sandbox-aws-session-token-7d793037a0760186"
AWS_KEYS = {
    "s3_access_aws_access_key": CUSTOMER_ACCOUNT,
    "s3_access_aws_secret_key": SECRET_ACCESS_KEY,
    "s3_access_aws_session_token": SESSION_TOKEN,
}


@pytest.mark.parametrize(
    "in_process",
    [pytest.param("true", id="in Ansible's worker"), pytest.param("false", id="as modules", marks=pytest.mark.slow)],
)
def test_no_secret_in_output_arguments_of_processes_logs_reports_and_files(
    sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest, in_process: str
) -> None:
    # Not below tmp_path: Ansible has sockets there, whose paths must be short.
    temporary, vault = (Path(tempfile.mkdtemp(prefix="onramp-")) for _number in range(2))
    request.addfinalizer(lambda: [shutil.rmtree(folder) for folder in (temporary, vault)])
    # The keys of AWS come out of the inventory, and are handed to amazon.aws's modules.
    inventory = vault / "inventory.yml"
    inventory.write_text(yaml.safe_dump(workspaces(shop_us=AWS_KEYS)))
    reports = {name: str(tmp_path / file) for name, file in REPORTS.items()}
    environment = {
        "TMPDIR": str(temporary),
        "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"),
        "ANSIBLE_CALLBACKS_ENABLED": "record_results,onramp.braze_fivetran.workspace_report",
        **reports,
        "ONRAMP_TRACE": str(tmp_path / "traces"),
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
    }
    arguments = ("-vvvv", "--diff", "-e", f"onramp_in_process={in_process}")
    process = start_playbook(
        sandbox, ONBOARD, *arguments, directory=tmp_path, inventory=inventory, environment=environment
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reader.start()
    seen: set[str] = set()
    while process.poll() is None:
        seen.update(command_lines(temporary))
        time.sleep(0.02)
    reader.join()
    output = "".join(lines)
    assert process.returncode == 0, output
    assert len(seen) >= 2, "no processes were seen"
    urls = [f"{entry.path} {entry.query}" for entry in sandbox.journal()]
    for text in (output, "\n".join(seen), *files(tmp_path), *files(temporary), *urls):
        assert_nothing_secret(text)
        assert basic_credentials() not in text
        assert SESSION_TOKEN not in text
    for written in (tmp_path / "ansible.log", *map(Path, reports.values()), tmp_path / "traces"):
        assert all(file.stat().st_size > 0 for file in (written.iterdir() if written.is_dir() else [written]))


def basic_credentials() -> str:
    return base64.b64encode(f"{world.FIVETRAN_KEY}:{world.FIVETRAN_SECRET}".encode()).decode()


def command_lines(temporary: Path) -> Iterator[str]:
    """Yield the arguments of every process of the play, as everybody on the machine can see them.

    They are known by the folder for temporary files that they inherit: Ansible's workers have sessions of their own.
    """
    mark = f"TMPDIR={temporary}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    yield (entry / "cmdline").read_text(errors="replace")
            except OSError:
                continue


def files(directory: Path) -> Iterator[str]:
    """Yield the content of every file that is left."""
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.read_text(errors="replace")


class ExpiredServer:
    """Speaks HTTPS with a certificate of a trusted authority that expired yesterday."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        yesterday = datetime.now(UTC) - timedelta(days=1)
        certificate = authority.issue_cert("127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday)
        self.authority = directory / "ca.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.requests: list[str] = []
        requests = self.requests

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                requests.append(self.path)

            do_POST = do_PUT = do_PATCH = do_HEAD = do_GET

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # The handshake belongs to the connection's own thread.
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True, do_handshake_on_connect=False)
        self.httpd.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
        self.url = f"https://127.0.0.1:{self.httpd.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """Return the settings with which every vendor is this server, whose authority is trusted."""
        return {
            "FIVETRAN_API_URL": self.url,
            "STORAGE_EMULATOR_HOST": self.url,
            "AWS_ENDPOINT_URL": self.url,
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "AWS_CA_BUNDLE": str(self.authority),
        }


@pytest.fixture
def expired(tmp_path: Path) -> Iterator[ExpiredServer]:
    server = ExpiredServer(tmp_path)
    with serving(server.httpd):
        yield server


@pytest.mark.parametrize("name", ["account", "group", "braze", "grant", "connection", "access to S3"])
def test_an_expired_certificate_is_refused_and_nothing_is_sent(
    sandbox: Sandbox, expired: ExpiredServer, name: str
) -> None:
    step = steps(sandbox)[name]
    arguments: dict[str, Any] = dict(step.arguments)
    if "api_url" in arguments:
        arguments["api_url"] = expired.url
    sandbox.env, kept = {**sandbox.env, **expired.environment()}, sandbox.env
    try:
        result = type(step)(step.vendor, step.module, arguments, step.prepare, step.wrong, step.verdicts).run(sandbox)
    finally:
        sandbox.env = kept
    assert result.failed
    assert "certificate" in result.msg.lower()
    assert_nothing_secret(str(result.values))
    assert expired.requests == []
    assert sandbox.journal() == []
