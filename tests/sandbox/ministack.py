# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ministack as a child process: AWS with authorization on, on a free port, its files in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from .guard import LOG

# Long and distinctive, so that a test can prove that it occurs in no output.
SECRET_ACCESS_KEY = "sandbox-aws-secret-access-key-5d41402abc4b2a76"
# ministack installed elsewhere than beside this Python: the command that starts it.
COMMAND_VARIABLE = "SANDBOX_MINISTACK"
START_TIMEOUT = 20


class Ministack:
    """The child process. It ends with this process, however this ends, and leaves no file."""

    def __init__(self) -> None:
        self.port = 0
        self.url = ""
        self._folder = ""
        # Its health endpoint reports this as the version: what answers with it is ours, whatever the port.
        self._token = secrets.token_hex(8)
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def takes_many(self) -> bool:
        """Tell whether one request may bring many objects; a ministack from elsewhere does not know that."""
        return COMMAND_VARIABLE not in os.environ

    def launch(self) -> None:
        """Start it; :meth:`wait` waits until it answers."""
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder = tempfile.mkdtemp(prefix="sandbox-ministack-")
        elsewhere = shlex.split(os.environ.get(COMMAND_VARIABLE, ""))
        command = elsewhere or [sys.executable, "-P", str(Path(__file__).with_name("ministack_main.py"))]
        guard = str(Path(__file__).with_name("guard.py"))
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard, folder, *command],
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": folder,
                "TMPDIR": folder,
                "S3_DATA_DIR": f"{folder}/s3",
                "STATE_DIR": f"{folder}/state",
                "AUTH": "true",
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self.port),
                "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
                "SERVICES": "iam,sts,s3,kms,organizations",
                # Without these it binds fixed ports, so that two sandboxes could not run side by side.
                "IOT_MTLS_ENABLED": "false",
                "SFTP_ENABLED": "false",
                "LOG_LEVEL": "WARNING",
                "MINISTACK_VERSION": self._token,
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.PIPE,
            # A terminal's Ctrl-C goes to the sandbox, which then ends this in order.
            start_new_session=True,
        )

    async def wait(self) -> None:
        """Wait until it answers; launch it again if another process took the port meanwhile.

        :raises RuntimeError: with its log if it ends twice or does not answer within 20 seconds.
        """
        for attempt in (1, 2):
            if await self._answers():
                return
            log = Path(self._folder, LOG)
            output = log.read_text(errors="replace") if log.exists() else "no output"
            self.stop()
            if attempt == 1:
                self.launch()
        raise RuntimeError(f"ministack does not answer: {output[-2000:]}")

    async def _answers(self) -> bool:
        deadline = time.monotonic() + START_TIMEOUT
        async with aiohttp.ClientSession() as client:
            while self._guard is not None and self._guard.poll() is None and time.monotonic() < deadline:
                try:
                    async with client.get(f"{self.url}/_ministack/health") as answer:
                        if (await answer.json()).get("version") == self._token:
                            return True
                except (aiohttp.ClientError, ValueError):
                    pass
                await asyncio.sleep(0.02)
        return False

    def stop(self) -> None:
        """End it and remove its files."""
        if self._guard is not None:
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            try:
                self._guard.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._guard.kill()
                self._guard.wait()
            self._guard = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
