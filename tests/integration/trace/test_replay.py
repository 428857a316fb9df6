# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has asked and was answered, a trace says once more: the same run comes to the same result with it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.documents import blocks
from tests.hardening.onboarding import assert_nothing_secret
from tests.hardening.steps import Step, steps
from tests.integration.trace.replayed import as_sandbox, calls, comparable, lines, results, traces
from tests.integration.trace.written import traced
from tests.modules import run_module
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.replay import Replay
from tests.sandbox.replay_trace import moved

DEMO = (CHECKOUT / "playbooks" / "onboard.yml", CHECKOUT / "examples" / "workspaces.yml")


def one_of_each() -> list[dict[str, Any]]:
    """Return a play that asks all four vendors, in Ansible's worker, as modules, and through amazon.aws."""
    name = "onramp.braze_fivetran."
    key = "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_US') }}"
    url = "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_URL') }}"
    connection = {
        "group_id": world.GROUP_ID,
        "service": "braze",
        "schema": "braze_shop_us",
        "config": {"api_url": url, "cloud_storage_type": "NONE"},
        "config_secrets": {"api_key": key},
    }
    return [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "tasks": [
                {f"{name}braze_api_key_info": {"api_key": key, "api_url": url}, "vars": {"onramp_in_process": False}},
                {f"{name}s3_access": {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET]}},
                {f"{name}gcs_bucket_iam_info": {"bucket": world.GCS_BUCKET}},
                {f"{name}fivetran_connection": connection},
            ],
        }
    ]


@pytest.mark.slow
def test_a_play_that_asks_all_vendors_is_replayed_to_the_same_results(sandbox: Sandbox, tmp_path: Path) -> None:
    play = one_of_each()
    first = run_playbook(sandbox, play, environment={"ONRAMP_TRACE": str(tmp_path)})
    assert first.exit_code == 0, first.output
    [trace] = traces(tmp_path)
    # Every request that arrived stands there, of each process that sends: a worker, a module, one of amazon.aws.
    arrived = [entry for entry in sandbox.journal() if entry.caller == "outside"]
    assert len(calls(tmp_path)) == len(arrived)
    senders = [line["request"]["headers"]["user-agent"] for line in calls(tmp_path)]
    assert any("amazon.aws" in sender for sender in senders)
    assert_nothing_secret(trace.read_text())
    sandbox.reset()
    with Replay([trace]) as replay:
        again = run_playbook(as_sandbox(replay), play)
        assert replay.unknown == []
        assert replay.questions.left() == []
        assert replay.questions.repeated() == []
    assert results(again) == results(first)
    assert sandbox.journal() == [], "the replay has asked the sandbox"


def test_the_example_of_contributing_answers_a_test_out_of_a_trace(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"onramp.braze_fivetran.fivetran_account_info": {}}]}
    first = run_playbook(sandbox, [play], environment={"ONRAMP_TRACE": str(tmp_path)})
    assert first.exit_code == 0, first.output
    [trace] = traces(tmp_path)
    trace.rename(tmp_path / "trace.jsonl")
    sandbox.reset()
    monkeypatch.chdir(tmp_path)
    [example] = blocks(CHECKOUT / "CONTRIBUTING.md", "python")
    names: dict[str, Any] = {"Replay": Replay, "Path": Path, "run_module": run_module}
    exec(example, names)
    [told] = first.results("onramp.braze_fivetran.fivetran_account_info")
    assert names["result"]["account"] == told["account"]
    assert sandbox.journal() == []


@pytest.mark.slow
def test_the_two_runs_of_the_demonstration_are_replayed_to_the_same_results(sandbox: Sandbox, tmp_path: Path) -> None:
    def onboard(sandbox: Sandbox, **environment: str) -> PlayResult:
        return run_playbook(sandbox, DEMO[0], inventory=DEMO[1], environment=environment)

    first, second = (onboard(sandbox, ONRAMP_TRACE=str(tmp_path)) for _number in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    runs = sorted(traces(tmp_path), key=lambda trace: lines(trace)[0]["started"])
    assert len(runs) == 2
    for trace in runs:
        assert_nothing_secret(trace.read_text())
    with Replay(runs) as replay:
        again = [onboard(as_sandbox(replay)) for _number in range(2)]
        assert replay.unknown == []
        assert replay.questions.left() == []
    assert [results(played) for played in again] == [results(first), results(second)]
    assert all(again[1].changed(host) == 0 for host in again[1].stats)


# How a call ends, whatever is wrong with it, it ends in the replay.
FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"kind": "status", "status": 403, "body": {"code": "Forbidden", "message": "no"}},
    "too many requests": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "server error twice": {"kind": "status", "status": 503, "times": 2},
    "hung up": {"kind": "drop", "times": 9},
    "lost answer": {"kind": "lost_answer", "times": 9},
    "half an answer": {"kind": "truncate", "times": 9},
    "nothing": {"kind": "empty", "times": 9},
    "an answer that drips": {"kind": "drip_body", "times": 9},
    "deeper than is read": {"kind": "deep"},
    "no JSON": {"kind": "html", "times": 9},
    "redirect": {"kind": "redirect", "url": "http://127.0.0.1:9/"},
    "headers without sense": {"kind": "hostile_headers"},
    "more than is read": {"kind": "large"},
}


# The others are as likely to be right once these are.
FAST = {("account", "refused"), ("account", "half an answer"), ("grant", "hung up"), ("currents in S3", "hung up")}


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param(name, fault, marks=() if (name, fault) in FAST else pytest.mark.slow)
        for name in ("account", "braze", "grant", "currents in S3")
        for fault in FAULTS
    ],
)
def test_a_failure_is_replayed_to_the_same_failure(sandbox: Sandbox, tmp_path: Path, name: str, fault: str) -> None:
    step = steps(sandbox)[name]
    step.prepare(sandbox)
    sandbox.fault(server=step.vendor, **FAULTS[fault])
    with traced(tmp_path):
        first = step.run(sandbox)
    with Replay(traces(tmp_path)) as replay:
        again = _elsewhere(step, sandbox, replay).run(as_sandbox(replay))
        assert replay.unknown == []
    assert comparable(json.dumps(again.values, sort_keys=True)) == comparable(json.dumps(first.values, sort_keys=True))


def _elsewhere(step: Step, sandbox: Sandbox, replay: Replay) -> Step:
    there, here = sandbox.env["SANDBOX_BRAZE_URL"], replay.env["SANDBOX_BRAZE_URL"]
    arguments = json.loads(json.dumps(step.arguments).replace(there, here))
    return Step(step.vendor, step.module, arguments, step.prepare, step.wrong, step.verdicts)


def test_a_client_that_has_waited_in_vain_waits_in_vain_once_more(sandbox: Sandbox, tmp_path: Path) -> None:
    arguments = {"request_timeout": 1, "retry_timeout": 1}
    sandbox.fault("delay", server="fivetran", delay=3.0, times=0)
    with traced(tmp_path):
        first = run_module("fivetran_account_info", arguments, sandbox.env)
    with Replay(traces(tmp_path)) as replay:
        again = run_module("fivetran_account_info", arguments, replay.env)
    assert first.code == again.code == "timeout"


def test_a_trace_of_the_real_vendors_is_replayed_on_loopback(sandbox: Sandbox, tmp_path: Path) -> None:
    # That of the sandbox, with the addresses of a run elsewhere, and a bucket whose name looks like a key.
    names = ("account", "braze", "currents in S3", "currents in GCS", "access to S3 that is there", "connection")
    there = steps(sandbox)
    with traced(tmp_path):
        first = {name: prepared(there[name], sandbox).run(sandbox) for name in names}
    [trace] = traces(tmp_path)
    s3 = f"{sandbox.env['AWS_ENDPOINT_URL']}/{world.S3_BUCKET}"
    text = trace.read_text().replace(s3, f"https://{world.S3_BUCKET}.s3.eu-west-1.amazonaws.com")
    for variable, url in REAL.items():
        text = text.replace(sandbox.env[variable], url)
    trace.write_text(text.replace(world.S3_BUCKET, "acme-REDACTED-0123456789ab"))
    with Replay([trace]) as replay:
        assert list(replay.braze) == [REAL["SANDBOX_BRAZE_URL"]]
        again = {name: _elsewhere(there[name], sandbox, replay).run(as_sandbox(replay)) for name in names}
        assert replay.unknown == []
        assert replay.questions.left() == []
    for name in names:
        assert not again[name].failed, again[name].msg
        assert comparable(json.dumps(again[name].values)) == comparable(json.dumps(first[name].values))


REAL = {
    "FIVETRAN_API_URL": "https://api.fivetran.com",
    "SANDBOX_BRAZE_URL": "https://rest.iad-01.braze.com",
    "STORAGE_EMULATOR_HOST": "https://storage.googleapis.com",
    "AWS_ENDPOINT_URL": "https://iam.amazonaws.com",
}


def prepared(step: Step, sandbox: Sandbox) -> Step:
    step.prepare(sandbox)
    return step


def test_code_that_asks_something_else_is_told_what(sandbox: Sandbox, tmp_path: Path) -> None:
    with traced(tmp_path):
        run_module("fivetran_group_info", {"group": world.GROUP_NAME}, sandbox.env)
    trace = traces(tmp_path)[0]
    asks = "import requests, os; print(requests.get(os.environ['FIVETRAN_API_URL'] + '/v1/groups?limit=7').status_code)"
    replayed = subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "replay", str(trace), "--", sys.executable, "-c", asks],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert replayed.returncode == 1
    assert replayed.stdout == "501\n"
    assert 'not in the trace: fivetran: GET /v1/groups?limit=7 (query.limit[0] is "7", and' in replayed.stderr
    assert "0 requests were answered, 1 are not in the trace" in replayed.stderr
    assert "not asked: fivetran: GET /v1/groups?limit=" in replayed.stderr


def test_the_files_of_which_the_trace_is_made_decide_by_their_times(sandbox: Sandbox, tmp_path: Path) -> None:
    # Currents has landed an hour ago, and does so in the replay of a trace that is a month old.
    step = steps(sandbox)["currents in S3"]
    with traced(tmp_path):
        first = step.run(sandbox)
    assert first["verdict"] == "landing"
    [trace] = traces(tmp_path)
    trace.write_text(moved(trace.read_text(), timedelta(days=-40)))
    with Replay([trace]) as replay:
        again = run_module(step.module, step.arguments, replay.env)
        assert replay.unknown == []
    assert again["verdict"] == "landing"
    assert again["samples"]
    assert all(sample["avro"] for sample in again["samples"])
