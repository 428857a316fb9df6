# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox as tests and tools hold it: start, ask, break, reset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .aws import CUSTOMER_ACCOUNT, Boto
from .core import OUTSIDE, Entry

# Where this package is found: the checkout for `tests.sandbox`, else where it has been installed.
CHECKOUT = Path(__file__).resolve().parents[__name__.count(".")]
PACKAGE = __name__.rpartition(".")[0]
START_TIMEOUT = 30
# They name certificates, not credentials.
_KEPT = ("AWS_CA_BUNDLE",)


class Sandbox:
    """A running sandbox. ``env`` holds the variables to export to whatever is to talk to it."""

    def __init__(self, env: Mapping[str, str], process: subprocess.Popen[bytes] | None = None) -> None:
        self.env = dict(env)
        self.control_url = self.env["SANDBOX_CONTROL_URL"]
        self._process = process
        self._boto = Boto(lambda: self.env["SANDBOX_MINISTACK_URL"])

    @classmethod
    def start(cls) -> Self:
        """Start a sandbox of its own; use it as a context manager to stop it.

        This process forgets the person's own AWS and Google settings: they must neither get in nor be used.
        """
        for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "CLOUDSDK_API_"))]:
            if name not in _KEPT:
                del os.environ[name]
        os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        with tempfile.TemporaryDirectory() as folder:
            announce = Path(folder, "environment.json")
            process = subprocess.Popen(
                [sys.executable, "-m", PACKAGE, "serve", "--announce", str(announce), "--until-stdin-closes"],
                cwd=CHECKOUT,
                # Packages that are laid over those of the tests are tested, and are not the sandbox's.
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
                stdin=subprocess.PIPE,
                # A terminal's Ctrl-C is for the program that started the sandbox, and stops it by that.
                start_new_session=True,
            )
            deadline = time.monotonic() + START_TIMEOUT
            while not announce.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    process.wait()
                    raise RuntimeError("the sandbox did not start; the reason stands on standard error")
                time.sleep(0.02)
            return cls(json.loads(announce.read_text()), process)

    @classmethod
    def attach(cls, control_url: str | None = None) -> Self:
        """Use a sandbox that is running: the one at ``control_url``, by default the one of SANDBOX_CONTROL_URL.

        :raises RuntimeError: if there is none.
        """
        url = control_url or os.environ.get("SANDBOX_CONTROL_URL")
        if not url:
            raise RuntimeError("SANDBOX_CONTROL_URL is not set; start a sandbox with `make sandbox`")
        return cls(_request("GET", f"{url}/environment"))

    def stop(self) -> None:
        """Stop it, with everything that it started."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # What happened

    def journal(self, server: str | None = None, operation: str | None = None) -> list[Entry]:
        """Return the requests so far, in order; of one server, or of one operation such as ``create_connection``."""
        entries = [Entry(**entry) for entry in self._control("GET", "/journal")]
        return [
            entry
            for entry in entries
            if server in (None, entry.server)
            and operation in (None, entry.operation, entry.operation.partition(":")[2])
        ]

    def writes(self) -> list[Entry]:
        """Return the requests that changed the state of a server."""
        return [entry for entry in self.journal() if entry.changed_state]

    def wait_until_idle(self, seconds: float = 10.0) -> None:
        """Wait until every request has been answered, or its client has hung up.

        :raises TimeoutError: if that is not so within ``seconds``.
        """
        end = time.monotonic() + seconds
        while under_way := self._control("GET", "/journal/under_way"):
            if time.monotonic() > end:
                raise TimeoutError(f"{under_way} requests are still under way")
            time.sleep(0.02)

    def clear_journal(self) -> None:
        """Forget the requests so far."""
        self._control("DELETE", "/journal")

    def keep_journal(self, kept: bool) -> None:
        """Keep each request from now on, as at the start, or only count them: of many, the journal takes gigabytes."""
        self._control("POST", "/journal", {"kept": kept})

    def counts(self, caller: str = OUTSIDE, *, writes: bool = False) -> Counter[str]:
        """Return how many requests there were of each operation; or how many of them changed something."""
        found: Counter[str] = Counter()
        for kind in self._control("GET", "/journal/counts"):
            if kind["caller"] == caller and (kind["changed_state"] or not writes):
                found[kind["operation"]] += kind["count"]
        return found

    def state(self, server: str | None = None) -> dict[str, Any]:
        """Return the complete state by server; for ``aws`` what exists in IAM and S3."""
        state: dict[str, Any] = self._control("GET", "/state" + (f"?server={server}" if server else ""))
        return state

    def state_hash(self) -> dict[str, str]:
        """Return a hash of the state by server."""
        hashes: dict[str, str] = self._control("GET", "/state/hash")
        return hashes

    # What is to happen

    def fault(self, kind: str, **fields: Any) -> None:
        """Script a fault; the fields are those of :class:`.core.Fault`."""
        self._control("POST", "/faults", {"kind": kind, **fields})

    def faults(self) -> list[dict[str, Any]]:
        """Return the scripted faults; ``hits`` counts the requests that each has met."""
        faults: list[dict[str, Any]] = self._control("GET", "/faults")
        return faults

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._control("DELETE", "/faults")

    def latency(self, seconds: float) -> None:
        """Make every answer take so many seconds longer."""
        self._control("POST", "/latency", {"seconds": seconds})

    def reset(self) -> None:
        """Return to the world of the start."""
        self._control("POST", "/reset", {})

    def seed(self, server: str, verb: str, **payload: Any) -> Any:
        """Call a control verb of a server: ``seed("braze", "revoke_key", key=...)``."""
        return self._control("POST", f"/servers/{server}/{verb}", payload)

    def tls(self, server: str, certificate: str) -> dict[str, str]:
        """Let a server listen with TLS too; return its ``url`` and, as PEM, the ``authority`` to trust.

        ``certificate``: a kind of :data:`.certificates.KINDS`, such as ``expired``.
        """
        listening: dict[str, str] = self._control("POST", "/tls", {"server": server, "certificate": certificate})
        return listening

    def servers(self) -> dict[str, Any]:
        """Return, by server, ``url`` and ``verbs``: what :meth:`seed` can be told, with arguments and meaning."""
        servers: dict[str, Any] = self._control("GET", "/servers")
        return servers

    def aws(self, service: str, account: str = CUSTOMER_ACCOUNT, **credentials: str) -> Any:
        """Return a boto3 client that talks to the emulator past journal and faults, as root of ``account``."""
        return self._boto(service, account, **credentials)

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        return _request(method, self.control_url + path, body)


def _request(method: str, url: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {url}: {error.read().decode(errors='replace')[:2000]}") from None
    except OSError as error:
        raise RuntimeError(f"{method} {url}: no sandbox answers there ({error})") from None
