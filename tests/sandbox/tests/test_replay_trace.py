# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trace from elsewhere is read strictly, and what is asked is found in it whatever secrets and times stand there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.client import CHECKOUT
from tests.sandbox.replay_trace import (
    BadTrace,
    Question,
    Questions,
    Request,
    differences,
    instances,
    meanings,
    read_trace,
    request_of,
)

SECRET, OTHER = "REDACTED-0123456789ab", "REDACTED-ba9876543210"
HEADER = {"onramp_trace": 1, "collection": "1.0.0", "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def line(
    method: str = "GET", path: str = "/v1/groups", at: float = 1.0, status: int = 200, **more: Any
) -> dict[str, Any]:
    request = {"method": method, "url": f"https://api.fivetran.com{path}", "headers": {}, **more}
    return {"vendor": "Fivetran", "at": at, "request": request, "answer": {"status": status, "headers": {}}}


def written(folder: Path, *lines: dict[str, Any], end: str = "\n") -> Path:
    path = folder / "trace.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + end)
    return path


def questions(folder: Path, *lines: dict[str, Any]) -> Questions:
    return Questions(read_trace(written(folder, HEADER, *lines)))


def found(among: Questions, request: Request) -> Question:
    question = among.find(request)
    assert question is not None
    return question


def asked(path: str, method: str = "GET", body: Any = None) -> Request:
    return request_of("fivetran", method, f"http://127.0.0.1:1{path}", body)


@pytest.mark.parametrize(
    ("lines", "end", "expected"),
    [
        ([HEADER, line()], "", "line 2 is cut off, or no JSON. Ask for the whole file."),
        ([HEADER, line()], '\n{"task": "a', "line 3 is cut off, or no JSON. Ask for the whole file."),
        ([{**HEADER, "onramp_trace": 2}], "\n", "is a trace of format 2, written by 1.0.0 of the collection."),
        ([{"a": 1}], "\n", "is no trace: its first line does not say onramp_trace."),
        ([HEADER | {"started": "yesterday"}], "\n", "its first line does not say when the run has started."),
        ([HEADER, {"request": {}}], "\n", "holds a line that is no call"),
    ],
)
def test_what_is_no_whole_trace_of_this_format_is_refused(
    tmp_path: Path, lines: list[dict[str, Any]], end: str, expected: str
) -> None:
    with pytest.raises(BadTrace) as refused:
        read_trace(written(tmp_path, *lines, end=end))
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_says_so_in_one_sentence(tmp_path: Path) -> None:
    trace = written(tmp_path, HEADER, line(), end="")
    done = subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "replay", str(trace)],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{trace}: line 2 is cut off, or no JSON. Ask for the whole file.\n"


def test_answers_come_in_the_order_in_which_they_were_asked_for_and_the_last_one_stays(tmp_path: Path) -> None:
    # Lines stand in the order in which calls have ended.
    among = questions(tmp_path, line(at=2.0, status=404), line(at=1.0, status=503), line(at=3.0))
    statuses = [(found(among, asked("/v1/groups")).next().answer or {})["status"] for _time in range(4)]
    assert statuses == [503, 404, 200, 200]
    assert [question.asked for question in among.repeated()] == [4]
    assert among.left() == []


def test_what_was_never_asked_is_told(tmp_path: Path) -> None:
    among = questions(tmp_path, line(), line(path="/v1/users"))
    found(among, asked("/v1/groups")).next()
    assert [str(call.request) for call in among.left()] == ["fivetran: GET /v1/users"]


@pytest.mark.parametrize(
    ("recorded", "asks"),
    [
        ({"config": {"api_key": SECRET}}, {"config": {"api_key": "any key"}}),
        ({"a": f"Bearer {SECRET}"}, {"a": "Bearer any key"}),
        ({"end": "2026-11-27T04:46:50+00:00"}, {"end": "2027-01-01T00:00:00Z"}),
        ({"prefix": "a/date=2026-11-27-04/"}, {"prefix": "a/date=2026-11-28-23/"}),
    ],
)
def test_secrets_and_times_may_be_others(tmp_path: Path, recorded: Any, asks: Any) -> None:
    among = questions(tmp_path, line("POST", body={"json": recorded}))
    assert among.find(asked("/v1/groups", "POST", asks)) is not None


@pytest.mark.parametrize(
    ("asks", "expected"),
    [
        ({"a": 1, "b": [1, 3]}, "body.b[1] is 3, and 2 in the trace"),
        ({"a": 1}, "body.b is not asked with, and is [1, 2] in the trace"),
        ({"a": 1, "b": [1, 2], "c": "x"}, 'body.c is "x", and is not in the trace'),
        ({"a": True, "b": [1, 2, 3]}, "body.b is [1, 2, 3], and [1, 2] in the trace"),
        (None, "body is null, and"),
    ],
)
def test_everything_else_is_another_question_and_what_differs_is_told(tmp_path: Path, asks: Any, expected: str) -> None:
    among = questions(tmp_path, line("POST", body={"json": {"a": 1, "b": [1, 2]}}))
    request = asked("/v1/groups", "POST", asks)
    assert among.find(request) is None
    nearest = among.nearest(request)
    assert nearest is not None
    assert expected in "; ".join(nearest[1])


def test_the_question_that_is_the_same_to_the_letter_comes_first(tmp_path: Path) -> None:
    # As a place in a listing that was taken for a secret: the answer before has told it.
    among = questions(
        tmp_path,
        line(path=f"/v1/users?cursor={SECRET}", status=200),
        line(path=f"/v1/users?cursor={OTHER}", status=404),
    )
    assert found(among, asked(f"/v1/users?cursor={OTHER}")).calls[0].answer == {"status": 404, "headers": {}}
    assert found(among, asked("/v1/users?cursor=anything")).calls[0].answer == {"status": 200, "headers": {}}


def test_of_two_hours_the_nearer_one_is_meant(tmp_path: Path) -> None:
    hours = [f"/a?prefix=date%3D2026-11-27-{hour:02}%2F" for hour in (1, 9)]
    among = questions(tmp_path, *(line(path=path, status=200 + number) for number, path in enumerate(hours)))
    request = found(among, asked("/a?prefix=date%3D2026-11-27-08%2F"))
    assert request.calls[0].answer == {"status": 201, "headers": {}}


def test_what_a_placeholder_stands_for_is_seen_where_it_is_asked_with() -> None:
    there = {"bucket": f"acme-{SECRET}", "key": OTHER, "both": f"{SECRET} {OTHER}", "list": [f"a{SECRET}b"]}
    here = {"bucket": "acme-7", "key": "k", "both": "1 2", "list": ["a8b"]}
    assert sorted(meanings(there, here)) == [(SECRET, "7"), (SECRET, "8"), (OTHER, "k")]
    assert list(meanings(there, {"bucket": "another"})) == []


def test_buckets_of_aws_are_the_same_in_the_name_of_the_host_and_in_the_path() -> None:
    there = request_of("AWS", "GET", "https://acme.s3.eu-west-1.amazonaws.com/a/b?list-type=2&X-Amz-Date=1", None)
    here = request_of("aws", "GET", "http://127.0.0.1:1/acme/a/b?list-type=2", None)
    assert differences(there, here) == []


def test_instances_of_braze_are_known_that_only_a_connection_names(tmp_path: Path) -> None:
    config = {"config": {"api_url": "rest.iad-01.braze.com"}, "other": [{"api_url": "http://127.0.0.1:1"}]}
    calls = read_trace(written(tmp_path, HEADER, line("POST", body={"json": config})))
    assert list(instances(calls)) == ["braze https://rest.iad-01.braze.com", "braze http://127.0.0.1:1"]


def test_an_instance_of_braze_is_a_server_of_its_own_and_googles_are_one() -> None:
    [one, other] = [request_of("Braze", "GET", f"https://rest.iad-0{number}.braze.com/a", None) for number in (1, 2)]
    assert one.server != other.server
    assert {
        request_of(vendor, "GET", "https://x/a", None).server for vendor in ("Google Cloud Storage", "Google's IAM")
    } == {"google"}
