# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loop from an event to a connection that works again, as tests run it, and the world that it watches."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import trustme
import yaml

from tests.integration.events.rulebook import START, Rulebook, running, wait_for_the_next_look
from tests.integration.playbooks.fleet import connections, workspaces
from tests.modules import run_module
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox
from tests.sandbox.fivetran_webhooks import SIGNATURE, signature

SECRET = "a-secret-of-a-webhook"
# Within so many seconds of the event a connection is healed, or it is said why not, on an idle machine.
SOON = 15.0
SILENT = "silent"
HOOK = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.shell": {"cmd": "cat >> told.jsonl", "stdin": "{{ onramp_heal_outcomes | to_json }}"},
                "args": {"chdir": "{{ playbook_dir }}"},
            }
        ],
    }
]


@dataclass
class Loop:
    """The loop, and the world that it watches."""

    sandbox: Sandbox
    folder: Path
    rulebook: Rulebook
    source: str
    port: int
    took: dict[str, float] = field(default_factory=dict)

    def id_of(self, schema: str) -> str:
        return str(connections(self.sandbox)[schema]["id"])

    def runs(self) -> int:
        """Return how many runs have ended. What fails is printed a second time, as an error."""
        printed = self.rulebook.printed
        return printed.count("PLAY RECAP") - printed.count("run_playbook - ERROR")

    def told(self) -> list[dict[str, Any]]:
        """Return what the hook was given, one list a run."""
        path = self.folder / "told.jsonl"
        text = path.read_text() if path.exists() else ""
        decoder, found = json.JSONDecoder(), []
        while text.strip():
            rows, end = decoder.raw_decode(text.lstrip())
            found += rows
            text = text.lstrip()[end:]
        return found

    def post(self, body: bytes, signed: str | None = None) -> int:
        """Post to the webhook's URL; return the status."""
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        headers = {SIGNATURE: signature(SECRET, body) if signed is None else signed}
        request = Request(f"https://127.0.0.1:{self.port}/fivetran", body, headers)
        try:
            with urlopen(request, context=context) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def works(self, schema: str) -> bool:
        """Tell whether a connection is called connected, and its last sync has succeeded."""
        row = connections(self.sandbox)[schema]
        return row["status"]["setup_state"] == "connected" and (row["succeeded_at"] or "") > (row["failed_at"] or "")

    def breaks(self, schema: str, by: Callable[[], None], until: Callable[[], bool] | None = None) -> None:
        """Break a workspace, let Fivetran notice, and wait until it is healed, or what else is expected."""
        runs = self.runs()
        by()
        (ended,) = breaking.notice(self.sandbox, self.id_of(schema))
        assert ended["status"].startswith("FAILURE"), ended
        assert until is not None or not self.works(schema)
        if self.source == "status":
            wait_for_the_next_look(self.sandbox, self.rulebook)
        self.took[schema] = self.rulebook.wait_until(until or (lambda: self.works(schema)), 6 * SOON)
        # Who shares the machine with others is given the time that they take.
        assert self.took[schema] < SOON * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), self.took
        self.rulebook.wait_until(lambda: self.runs() > runs, 6 * SOON)


def fleet() -> dict[str, Any]:
    """Return an inventory in which each workspace breaks in a way of its own; that of the grant is shop_eu, in GCS."""
    return workspaces(
        trust={}, key={}, role={}, source={}, silent={"currents_prefix": SILENT, "currents_folder_shared": False}
    )


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def looping(sandbox: Sandbox, folder: Path, source: str, inventory: Any, **variables: Any) -> Iterator[Loop]:
    """Run the rulebook with one of its sources; with a webhook, make that, too."""
    port = free_port()
    (folder / "hook.yml").write_text(yaml.safe_dump(HOOK))
    known: dict[str, Any] = {"heal_every": 0, "heal_hook": str(folder / "hook.yml"), "fivetran_interval": 5}
    if source == "webhook":
        known |= {"fivetran_interval": 0, "fivetran_webhook_port": port, **certified(sandbox, folder)}
    environment = {"ONRAMP_WEBHOOK_SECRET": SECRET}
    with running(sandbox, folder, "heal", inventory, {**known, **variables}, **environment) as rulebook:
        if source == "webhook":
            rulebook.wait_until(lambda: listens(port), START)
            made = run_module("fivetran_webhook", webhook(port), sandbox.env)
            assert not made.failed, made.msg
        else:
            wait_for_the_next_look(sandbox, rulebook)
        yield Loop(sandbox, folder, rulebook, source, port)


def certified(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Make a certificate that Fivetran trusts; return the variables that name it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    sandbox.seed("fivetran", "trust", authority=authority.cert_pem.bytes().decode())
    return {
        "fivetran_webhook_certfile": str(folder / "certificate.pem"),
        "fivetran_webhook_keyfile": str(folder / "key.pem"),
    }


def webhook(port: int) -> dict[str, Any]:
    """Return arguments for a webhook of all that Fivetran can post."""
    events = [
        "sync_start", "sync_end", "connection_successful", "connection_failure", "create_connector", "pause_connector",
        "resume_connector", "edit_connector", "delete_connector", "force_update_connector",
    ]  # fmt: skip
    return {"url": f"https://127.0.0.1:{port}/fivetran", "events": events, "secret": SECRET}


def listens(port: int) -> bool:
    """Tell whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def posted(**changes: Any) -> bytes:
    """Return the body of an event that Fivetran could post."""
    known = {
        "event": "sync_end",
        "created": datetime.now(UTC).isoformat(),
        "connector_type": "braze",
        "connector_id": "somebody",
        "connector_name": "braze_somebody",
        "destination_group_id": world.GROUP_ID,
        "sync_id": "1",
        "data": {"status": "FAILURE", "reason": "No."},
    }
    return json.dumps({**known, **changes}).encode()
