# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that answer as the vendors did in a trace, so that what happened elsewhere happens here once more."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from .replay_trace import (
    PLACEHOLDER,
    Call,
    Questions,
    Request,
    instances,
    meanings,
    read_trace,
    request_of,
)
from .service import of_ansible

Json = Any

# Nobody is asked who is not on loopback: also a vendor whom the trace does not know is answered here.
SERVERS = ("fivetran", "aws", "google")
NO_BRAZE = "braze https://rest.example.com"
# What is sent in the place of secrets. The trace was written with others, and neither is known to anybody.
KEYS = {
    "FIVETRAN_APIKEY": "replayed-fivetran-key",
    "FIVETRAN_APISECRET": "replayed-fivetran-secret",
    "AWS_ACCESS_KEY_ID": "111122223333",
    "AWS_SECRET_ACCESS_KEY": "replayed-aws-secret",
    "SANDBOX_BRAZE_KEY_SHOP_US": "00000000-1111-4222-8333-444444444444",
    "SANDBOX_BRAZE_KEY_SHOP_EU": "00000000-1111-4222-8333-555555555555",
}
AVRO = b"Obj\x01"
LONGEST_WAIT = 600
_OF_A_PERSON = ("AWS_", "GOOGLE_", "CLOUDSDK_", "FIVETRAN_")
# They describe the connection on which the answer came, or when.
_NOT_REPEATED = frozenset({"date", "server", "via", "content-length", "content-encoding", "transfer-encoding"})
_EXPIRATION = re.compile(r"<Expiration>[^<]*</Expiration>")


class Replay:
    """Traces that answer. ``env``: the variables by which the collection finds them; use it as a context manager."""

    def __init__(self, traces: Sequence[Path]) -> None:
        self.files = tuple(traces)
        # One run after the other, whenever they were.
        calls = [call for path in self.files for call in read_trace(path)]
        self.questions = Questions(calls)
        asked = (server for server in self.questions.servers() if server.startswith("braze"))
        self._instances = list(dict.fromkeys([*asked, *instances(calls)])) or [NO_BRAZE]
        self.env: dict[str, str] = {}
        self.unknown: list[str] = []
        # What a placeholder stands for, once that was asked with: what is answered says it, too.
        self._meanings: dict[str, str] = {}
        # By server, its address here.
        self.urls: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runners: list[web.AppRunner] = []

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        self.env = self._environment()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        for server in (*SERVERS, *self._instances):
            application = web.Application(client_max_size=64 * 1024 * 1024)
            application.router.add_route("*", "/{path:.*}", self._serving(server), expect_handler=None)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._runners.append(runner)
            self.urls[server] = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()

    @property
    def braze(self) -> dict[str, str]:
        """Return the addresses of Braze's instances in the trace, and here."""
        return {server.partition(" ")[2]: url for server, url in self.urls.items() if server.startswith("braze")}

    def _environment(self) -> dict[str, str]:
        return {
            **KEYS,
            "FIVETRAN_API_URL": self.urls["fivetran"],
            "AWS_ENDPOINT_URL": self.urls["aws"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "STORAGE_EMULATOR_HOST": self.urls["google"],
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM": self.urls["google"],
            "GOOGLE_CLOUD_PROJECT": "replayed",
            "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SANDBOX_BRAZE_URL": next(iter(self.braze.values())),
            **of_ansible(),
        }

    # Answering

    def _serving(self, server: str) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            content = await request.read()
            url = f"http://replay{request.path_qs}"
            asked = request_of(server, request.method, url, self._recorded(_body(request.content_type, content)))
            return await self._answer(request, Request(server, asked.method, asked.path, asked.query, asked.body))

        return serve

    async def _answer(self, request: web.Request, asked: Request) -> web.StreamResponse:
        question = self.questions.find(asked)
        if question is None:
            self.unknown.append(self._not_there(asked))
            print(self.unknown[-1], file=sys.stderr, flush=True)
            told = {"code": "NotInTrace", "message": self.unknown[-1]}
            return web.json_response(told, status=501)
        call, there = question.next(), question.request
        said = [(there.path, asked.path), (there.query, asked.query), (there.body, asked.body)]
        self._meanings = {**dict(found for pair in said for found in meanings(*pair)), **self._meanings}
        if call.answer is None:
            await _end_without_answer(request, call)
            return web.Response(status=499)
        status, headers, content = int(call.answer["status"]), self._headers(call), self._content(call)
        if call.error is not None:
            return await _break_off(request, call, web.StreamResponse(status=status, headers=headers), content)
        if request.method == "HEAD" or status in (204, 304):
            content = b""
        return web.Response(status=status, headers=headers, body=content)

    def _not_there(self, asked: Request) -> str:
        near = self.questions.nearest(asked)
        why = "; ".join(near[1][:3]) if near else "nothing like it was asked"
        return f"not in the trace: {asked} ({why})"

    def _headers(self, call: Call) -> dict[str, str]:
        headers = (call.answer or {}).get("headers") or {}
        return {name: self._told(value) for name, value in headers.items() if name not in _NOT_REPEATED}

    def _content(self, call: Call) -> bytes:
        body = (call.answer or {}).get("body") or {}
        if "bytes" in body:
            start = AVRO if body.get("avro") else b""
            return start + bytes(max(0, int(body["bytes"]) - len(start)))
        if "json" in body:
            return json.dumps(_mapped(body["json"], self._told)).encode(errors="surrogatepass")
        # Temporary credentials of then are too old to sign anything.
        later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = _EXPIRATION.sub(f"<Expiration>{later}</Expiration>", str(body.get("text", "")))
        return self._told(text, html.escape).encode(errors="surrogatepass")

    # Addresses: those of the trace are not those of here

    def _told(self, text: str, escape: Callable[[str], str] = str) -> str:
        """Return a text of the trace as it is said here. ``escape``: how other texts are written into it."""
        for there, here in self.braze.items():
            text = _address(there).sub(here, text)
        return PLACEHOLDER.sub(lambda found: escape(self._meanings.get(found[0], found[0])), text)

    def _recorded(self, data: Json) -> Json:
        """Return what is asked with the addresses of the trace."""

        def there(text: str) -> str:
            for origin, here in self.braze.items():
                text = text.replace(here, origin)
            return text

        return _mapped(data, there)

    # Telling

    def report(self) -> Iterator[str]:
        """Yield what was asked, and what was not."""
        left, repeated = self.questions.left(), self.questions.repeated()
        yield (
            f"The replay of {', '.join(path.name for path in self.files)}: {self.questions.asked()} requests were"
            f" answered, {len(self.unknown)} are not in the trace, {len(left)} of the trace were not asked."
        )
        yield from self.unknown
        for question in repeated:
            yield f"asked {question.asked} times, and {len(question.calls)} times in the trace: {question.request}"
        for call in left:
            yield f"not asked: {call.request} ({call.place})"

    def exports(self) -> Iterator[str]:
        """Yield what a shell has to be told, and where each instance of Braze is to be looked for."""
        yield f"unset {' '.join(sorted(name for name in os.environ if name.startswith(_OF_A_PERSON)))}"
        yield from (f"export {name}='{value}'" for name, value in self.env.items())
        for there, here in self.braze.items():
            yield f"# {there} is {here}: set braze_api_url of its workspaces to that."


def _mapped(data: Json, change: Callable[[str], str]) -> Json:
    """Return JSON-like data with its texts changed."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {name: _mapped(value, change) for name, value in data.items()}
    return [_mapped(value, change) for value in data] if isinstance(data, list) else data


def _address(origin: str) -> re.Pattern[str]:
    return re.compile(f"(?:https?://)?{re.escape(urlsplit(origin).netloc)}")


def _body(content_type: str, content: bytes) -> Json:
    """Return a body as it is compared; what is neither JSON nor a form is compared as text."""
    if not content:
        return None
    text = content.decode(errors="replace")
    if "form-urlencoded" in content_type:
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        data = json.loads(text)
    except ValueError:
        return text
    return data if isinstance(data, dict | list) else text


async def _end_without_answer(request: web.Request, call: Call) -> None:
    """Keep a client that has run out of time waiting; hang up on everybody else."""
    if (call.error or {}).get("kind") == "timeout":
        for _tenth in range(LONGEST_WAIT * 10):
            if request.transport is None or request.transport.is_closing():
                return
            await asyncio.sleep(0.1)
    if request.transport is not None:
        request.transport.abort()


async def _break_off(
    request: web.Request, call: Call, answer: web.StreamResponse, content: bytes
) -> web.StreamResponse:
    """Say what had arrived, promise more, and end as the call has ended."""
    answer.content_length = len(content) + 1
    await answer.prepare(request)
    await answer.write(content)
    await _end_without_answer(request, call)
    return answer


def replay(traces: Sequence[Path], command: Sequence[str]) -> int:
    """Answer until somebody presses Ctrl-C, or until ``command`` has run; return its exit code, or whether it fits."""
    with Replay(traces) as running:
        code = 0
        try:
            if command:
                path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
                # Nothing of the person's own set-up may get in.
                inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_PERSON)}
                environment = {**inherited, **running.env, "PATH": path}
                code = subprocess.run(command, env=environment, check=False).returncode
            else:
                print("\n".join(running.exports()), flush=True)
                threading.Event().wait()
        except KeyboardInterrupt:
            pass
        print("\n".join(running.report()), file=sys.stderr)
        return code or bool(running.unknown)
