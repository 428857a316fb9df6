# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain HTTP to this machine goes through no proxy, whichever client asks, so that credentials do not leave it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.local_module import without_proxy

from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.serving import QuietHandler, serving

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "Fivetran": ("fivetran_group_info", {"group": world.GROUP_NAME}),
    "Braze": ("braze_api_key_info", {"api_key": world.BRAZE_KEY_SHOP_US}),
    "Google": ("braze_currents_info", {"storage": "gcs", "bucket": world.GCS_BUCKET, "prefix": world.PREFIX}),
    "AWS": ("braze_currents_info", {"storage": "s3", "bucket": world.S3_BUCKET, "prefix": world.PREFIX}),
}


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give what a proxy was asked that every variable names, and that refuses everything."""
    asked: list[str] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        do_POST = do_PUT = do_HEAD = do_CONNECT = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    for kind in ("http", "https", "all"):
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_address[1]}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(server):
        yield asked


@pytest.mark.parametrize("vendor", CALLS)
def test_what_is_asked_of_this_machine_goes_through_no_proxy(
    running_sandbox: Sandbox, proxy: list[str], vendor: str
) -> None:
    running_sandbox.reset()
    module, arguments = CALLS[vendor]
    url = {"api_url": running_sandbox.env["SANDBOX_BRAZE_URL"]} if vendor == "Braze" else {}
    # The sandbox itself says that it is to be left out.
    env = {name: value for name, value in running_sandbox.env.items() if name.upper() != "NO_PROXY"}
    result = run_module(module, {**arguments, **url, "retry_timeout": 5}, env)
    assert proxy == []
    assert not result.failed, result.msg


@pytest.mark.parametrize("said", ["", "example.com"])
def test_modules_of_others_are_told_so(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", said)
    assert without_proxy() == {"no_proxy": f"{said},localhost,127.0.0.1,::1".strip(",")}
