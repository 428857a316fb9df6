# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read traces, and find in them what somebody asks: the same question, whatever secrets stand in it.

``docs/trace.md`` describes the file. Its times are moved by whole hours to where it is now the hour that it was then,
so that what was new then is new now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Json = Any

# What is read here; the collection says it in the first line of each file.
FORMAT = 1
PLACEHOLDER = re.compile(r"REDACTED-[0-9a-f]{12}")
_VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?")
# Of signed URLs; and what newer clients of AWS say beside the operation.
_NO_QUESTION = re.compile(r"X-Amz-.*|x-id", re.IGNORECASE)
# Hours as they stand in times, and in the folders of Currents; also where they are encoded for a URL.
_HOUR = re.compile(r"(?<![0-9])(20[0-9]{2}-[01][0-9]-[0-3][0-9])([T-])([0-2][0-9])(?=:|%3A|/|%2F|[^0-9A-Za-z-]|$)")
_TIME = re.compile(rf"{_HOUR.pattern}(?::[0-9]{{2}}){{0,2}}(?:\.[0-9]+)?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?")
# With how much of a text somebody is told what differs.
_SHOWN = 80


class BadTrace(Exception):
    """A file that is no trace, or none that can be read here."""


@dataclass(frozen=True)
class Request:
    """What is asked of a server: ``fivetran``, ``aws``, ``google``, or ``braze`` with the address of an instance."""

    server: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Json = None

    def __str__(self) -> str:
        action = self.body.get("Action", "") if isinstance(self.body, dict) else ""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.server}: {self.method} {self.path}" + (f"?{query}" if query else "") + (action and f" {action}")


@dataclass(frozen=True)
class Call:
    """One line of a trace. ``answer`` and ``error`` are as they stand there; ``at`` puts the calls in order."""

    request: Request
    answer: Mapping[str, Json] | None
    error: Mapping[str, str] | None
    at: float
    place: str


@dataclass
class Question:
    """A request with all the answers that it got, in order, and how often it was asked since."""

    request: Request
    calls: list[Call] = field(default_factory=list)
    asked: int = 0

    def next(self) -> Call:
        """Return the next answer; the last one again where it is asked for more often than it was answered."""
        self.asked += 1
        return self.calls[min(self.asked, len(self.calls)) - 1]


def read_trace(path: Path) -> list[Call]:
    """Return the calls of a trace, in order.

    :raises BadTrace: with a sentence for the person who named the file.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadTrace(f"{path}: cannot be read as a trace: {type(error).__name__}.") from None
    began = _began(path, next(_lines(path, text), {}))
    lines = _lines(path, moved(text, _hour(datetime.now(UTC)) - _hour(began)))
    try:
        calls = [
            _call(line, f"{path.name}:{number}") for number, line in enumerate(lines, start=1) if "request" in line
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadTrace(f"{path}: holds a line that is no call ({type(error).__name__}: {error}).") from None
    return sorted(calls, key=lambda call: call.at)


def _began(path: Path, header: Mapping[str, Json]) -> datetime:
    """Return when the run began; refuse what is no trace that can be read here."""
    if "onramp_trace" not in header:
        raise BadTrace(f"{path}: is no trace: its first line does not say onramp_trace.")
    if header["onramp_trace"] != FORMAT:
        raise BadTrace(
            f"{path}: is a trace of format {header['onramp_trace']}, written by {header.get('collection')} of the"
            f" collection. Format {FORMAT} is read here: take the sandbox of that version."
        )
    try:
        return datetime.strptime(str(header.get("started")), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadTrace(f"{path}: is no trace: its first line does not say when the run has started.") from None


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


def _read_hour(found: re.Match[str]) -> datetime | None:
    try:
        return datetime.strptime(f"{found[1]}-{found[3]}", "%Y-%m-%d-%H")
    except ValueError:
        return None


def moved(text: str, by: timedelta) -> str:
    """Return a text with its times moved."""

    def move(found: re.Match[str]) -> str:
        then = _read_hour(found)
        return found[0] if then is None else f"{then + by:%Y-%m-%d}{found[2]}{then + by:%H}"

    return _HOUR.sub(move, text) if by else text


def _lines(path: Path, text: str) -> Iterator[dict[str, Json]]:
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not line.endswith("\n"):
            raise BadTrace(f"{path}: line {number} is cut off, or no JSON. Ask for the whole file.")
        yield found


def _call(line: Mapping[str, Json], place: str) -> Call:
    said = line["request"]
    request = request_of(line["vendor"], said["method"], said["url"], recorded_body(said.get("body")))
    answer = line.get("answer")
    if answer is not None:
        int(answer["status"])
    return Call(request, answer, line.get("error"), float(line["at"]), f"line {place}")


def recorded_body(body: Mapping[str, Json] | None) -> Json:
    """Return a body as it is compared: what JSON or a form holds, or a text; None if there is none."""
    return None if not body else next(iter(body.values()))


def request_of(vendor: str, method: str, url: str, body: Json) -> Request:
    """Return a request as it is compared, whatever address the vendor has."""
    parts = urlsplit(url)
    path, kind = unquote(parts.path) or "/", vendor.partition(" ")[0].removesuffix("'s").lower()
    virtual = _VIRTUAL_HOST.fullmatch(parts.netloc) if kind == "aws" else None
    if virtual:
        path = f"/{virtual['bucket']}{path}".rstrip("/")
    query = parse_qsl(parts.query, keep_blank_values=True)
    asked = tuple(sorted((name, value) for name, value in query if not _NO_QUESTION.fullmatch(name)))
    server = f"braze {parts.scheme}://{parts.netloc}" if kind == "braze" else kind
    return Request(server, method.upper(), path.rstrip("/") or "/", asked, body)


class Questions:
    """All that traces hold, of one run or of several that followed each other."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self._questions: dict[str, Question] = {}
        # With an empty path, those whose path is known in part only.
        self._by_path: dict[tuple[str, str, str], list[Question]] = {}
        for call in calls:
            key = json.dumps([str(call.request), call.request.body], sort_keys=True)
            if key not in self._questions:
                question = self._questions[key] = Question(call.request)
                path = "" if PLACEHOLDER.search(call.request.path) else call.request.path
                self._by_path.setdefault((call.request.server, call.request.method, path), []).append(question)
            self._questions[key].calls.append(call)

    def servers(self) -> list[str]:
        """Return the servers that were asked, in the order in which they were."""
        return list(dict.fromkeys(question.request.server for question in self._questions.values()))

    def find(self, request: Request) -> Question | None:
        """Return the question that a request asks: the one that is the same to the letter, or else one that can be.

        Of several that can be, one comes first whose times are nearest, then one that has an answer left.
        """
        found = [question for question in self._of(request) if not differences(question.request, request)]
        return min(
            found,
            key=lambda question: (
                question.request != request,
                _hours_between(question.request, request),
                question.asked >= len(question.calls),
            ),
            default=None,
        )

    def nearest(self, request: Request) -> tuple[Question, list[str]] | None:
        """Return what comes nearest to a request that is not there, and what differs."""
        near = [(question, differences(question.request, request)) for question in self._of(request)]
        return min(near, key=lambda found: len(found[1]), default=None)

    def _of(self, request: Request) -> Iterator[Question]:
        near = self._by_path.get((request.server, request.method, request.path), ())
        partly = self._by_path.get((request.server, request.method, ""), ())
        yield from near
        yield from (question for question in partly if matches(question.request.path, request.path))

    def left(self) -> list[Call]:
        """Return the calls that were not asked for."""
        return [call for question in self._questions.values() for call in question.calls[question.asked :]]

    def repeated(self) -> list[Question]:
        """Return what was asked more often than it had been."""
        return [question for question in self._questions.values() if question.asked > len(question.calls)]

    def asked(self) -> int:
        """Return how many requests were answered out of the traces."""
        return sum(question.asked for question in self._questions.values())


def instances(calls: Iterable[Call]) -> Iterator[str]:
    """Yield the instances of Braze that connections of Fivetran name, as servers: they may not have been asked."""
    for call in calls:
        for data in (call.request.body, recorded_body((call.answer or {}).get("body"))):
            for url in _named("api_url", data):
                parts = urlsplit(url if "://" in url else f"https://{url}")
                if call.request.server == "fivetran" and parts.netloc:
                    yield f"braze {parts.scheme}://{parts.netloc}"


def _named(name: str, data: Json) -> Iterator[str]:
    """Yield the texts of this name in JSON-like data."""
    if isinstance(data, dict) and isinstance(data.get(name), str):
        yield data[name]
    for value in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _named(name, value)


def differences(recorded: Request, asked: Request) -> list[str]:
    """Return in what a request differs from one of a trace."""
    found = [] if matches(recorded.path, asked.path) else [f"path: {_shown(recorded.path)} there"]
    found += _differences("query", _as_mapping(recorded.query), _as_mapping(asked.query))
    return found + list(_differences("body", recorded.body, asked.body))


def _as_mapping(query: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    return values


def _differences(where: str, recorded: Json, asked: Json) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in sorted({*recorded, *asked}, key=str):
            if name not in asked:
                yield f"{where}.{name} is not asked with, and is {_shown(recorded[name])} in the trace"
            elif name not in recorded:
                yield f"{where}.{name} is {_shown(asked[name])}, and is not in the trace"
            else:
                yield from _differences(f"{where}.{name}", recorded[name], asked[name])
    elif isinstance(recorded, list) and isinstance(asked, list) and len(recorded) == len(asked):
        for number, (one, other) in enumerate(zip(recorded, asked, strict=True)):
            yield from _differences(f"{where}[{number}]", one, other)
    elif not (matches(recorded, asked) if isinstance(recorded, str) and isinstance(asked, str) else recorded == asked):
        yield f"{where} is {_shown(asked)}, and {_shown(recorded)} in the trace"


def matches(recorded: str, asked: str) -> bool:
    """Tell whether a text can be that of a trace: a placeholder there stands for anything, one time for any other."""
    recorded, asked = _TIME.sub("TIME", recorded), _TIME.sub("TIME", asked)
    if recorded == asked:
        return True
    if not PLACEHOLDER.search(recorded):
        return False
    pattern = ".+".join(map(re.escape, PLACEHOLDER.split(recorded)))
    return re.fullmatch(pattern, asked, re.DOTALL) is not None


def _hours_between(recorded: Request, asked: Request) -> float:
    """Return by how many hours two requests differ that are the same but for their times."""
    there, here = ([_read_hour(found) for found in _HOUR.finditer(repr(request))] for request in (recorded, asked))
    between = (abs(one - other) for one, other in zip(there, here, strict=False) if one and other)
    return sum(between, timedelta()) / timedelta(hours=1)


def meanings(recorded: Json, asked: Json) -> Iterator[tuple[str, str]]:
    """Yield for which text a placeholder of a trace stands in what is asked, where that is plain to see."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in recorded.keys() & asked.keys():
            yield from meanings(recorded[name], asked[name])
    elif isinstance(recorded, list | tuple) and isinstance(asked, list | tuple):
        for one, other in zip(recorded, asked, strict=False):
            yield from meanings(one, other)
    elif isinstance(recorded, str) and isinstance(asked, str) and len(PLACEHOLDER.findall(recorded)) == 1:
        before, after = PLACEHOLDER.split(recorded)
        found = re.fullmatch(f"{re.escape(before)}(.+){re.escape(after)}", asked, re.DOTALL)
        if found:
            yield PLACEHOLDER.findall(recorded)[0], found[1]


def _shown(value: Json) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
