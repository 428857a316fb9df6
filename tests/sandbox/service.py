# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start all servers in one process, and stop them."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import ssl
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from aiohttp import web

from . import world
from .aws import CUSTOMER_ACCOUNT, REGION, SECRET_ACCESS_KEY, Aws
from .braze import Braze
from .certificates import make_certificate
from .control import Control
from .core import Hub
from .fivetran import Fivetran
from .gcs import Gcs
from .s3_listing import S3Listing


class Service:
    """One sandbox."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.aws = Aws(self.hub)
        self.braze = Braze(self.hub)
        self.gcs = Gcs(self.hub)
        self.fivetran = Fivetran(self.hub)
        S3Listing(self.hub)
        self.control = Control(self.hub, self)
        self.control_url = ""
        # The newest hour in it, and how many changes ministack had seen when it stood.
        self._built_aws: tuple[datetime, int | None] | None = None
        self._runners: list[web.AppRunner] = []

    async def start(self) -> None:
        """Listen on free ports of 127.0.0.1 and build the world."""
        self.aws.ministack.launch()
        for server in self.hub.servers.values():
            server.port = await self._listen(server.application())
        self.control_url = f"http://127.0.0.1:{await self._listen(self.control.application())}"
        await self.aws.ministack.wait()
        await self._build()

    async def reset(self) -> None:
        """Return to the world of the start; the ports stay."""
        await self._build()

    async def _build(self) -> None:
        for server in self.hub.servers.values():
            server.reset()
        world.build(self.fivetran, self.braze, self.gcs)
        await self._build_aws()
        self.hub.reset()

    async def _build_aws(self) -> None:
        """Build the world in AWS, unless it stands there as it was built: that takes longer than all others."""
        newest, changes = world.recent_hours()[-1], await self.aws.changes()
        if changes is None or self._built_aws != (newest, changes):
            await self.aws.empty()
            await world.build_aws(self.aws)
            self._built_aws = (newest, await self.aws.changes())

    async def stop(self) -> None:
        """Stop listening and end ministack."""
        for runner in self._runners:
            await runner.cleanup()
        await self.aws.close()

    async def listen_tls(self, server: str, certificate: str) -> dict[str, str]:
        """Let ``server`` listen on a port with TLS too, with a certificate of a kind of ``certificates.KINDS``.

        Returns ``url`` and, as PEM, the ``authority`` that a client has to trust.
        """
        made = make_certificate(certificate)
        port = await self._listen(self.hub.servers[server].application(), made.server)
        return {"url": f"https://127.0.0.1:{port}", "authority": made.authority}

    async def _listen(self, application: web.Application, tls: ssl.SSLContext | None = None) -> int:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self._runners.append(runner)
        port: int = runner.addresses[0][1]
        return port

    def environment(self) -> dict[str, str]:
        """Return the variables under which the vendors' own clients find the sandbox."""
        urls = self.hub.servers
        return {
            "FIVETRAN_API_URL": urls["fivetran"].url,
            "FIVETRAN_APIKEY": world.FIVETRAN_KEY,
            "FIVETRAN_APISECRET": world.FIVETRAN_SECRET,
            "AWS_ENDPOINT_URL": urls["aws"].url,
            "AWS_ACCESS_KEY_ID": CUSTOMER_ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            # Nothing of the person's own set-up may get in.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "STORAGE_EMULATOR_HOST": urls["gcs"].url,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM": urls["gcs"].url,
            "GOOGLE_CLOUD_PROJECT": "acme-analytics",
            # A background request of the client that no test expects.
            "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SANDBOX_BRAZE_URL": urls["braze"].url,
            **of_ansible(),
            "SANDBOX_BRAZE_KEY_SHOP_US": world.BRAZE_KEY_SHOP_US,
            "SANDBOX_BRAZE_KEY_SHOP_EU": world.BRAZE_KEY_SHOP_EU,
            "SANDBOX_MINISTACK_URL": self.aws.ministack.url,
            "SANDBOX_CONTROL_URL": self.control_url,
        }


def of_ansible() -> dict[str, str]:
    """Return the variables by which Ansible takes an inventory of real instances for one of the sandbox."""
    folder = Path(__file__).parent / "vars_plugins"
    return {"ANSIBLE_VARS_PLUGINS": str(folder), "ANSIBLE_VARS_ENABLED": "host_group_vars,sandbox_workspaces"}


async def serve(announce: Path | None, *, until_stdin_closes: bool) -> None:
    """Run a sandbox until SIGINT or SIGTERM, or until its parent is gone.

    ``announce``: file that the environment is written to, as JSON, once everything answers; without it, the
    variables are printed for a shell.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if until_stdin_closes:
        # The pipe's other end closes with the starting process, however that ends.
        loop.add_reader(sys.stdin.fileno(), stopping.set)
    service = Service()
    try:
        await service.start()
        if announce is None:
            print(exports(service.environment()), flush=True)
        else:
            partial = announce.with_suffix(".part")
            partial.write_text(json.dumps(service.environment()))
            partial.rename(announce)
        await stopping.wait()
    finally:
        # A closed pipe can be read without end.
        loop.remove_reader(sys.stdin.fileno())
        await service.stop()


def exports(environment: Mapping[str, str]) -> str:
    """Return the lines that make a shell export ``environment``."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
