# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients of AWS and Google try again as those of the other vendors, and end in time, whatever a server does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import aws_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.errors import ask
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.client import gcs_bucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.iam import BucketPolicy
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.objects import GcsObjects
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import (
    LONGEST_THROTTLE,
    RetryPolicy,
)

from tests import peer
from tests.clock import Hurried
from tests.peer import DRIPPING, Behavior

LIMIT = 0.3
SLACK = 20.0
AWS = {"profile": None, "region": "us-east-1"}
Ask = Callable[[Clients], Any]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def of_aws(service: str, action: str, method: str, *, tries: int = 1, **arguments: Any) -> Ask:
    def call(clients: Clients, read_timeout: float = LIMIT, total: float = 60.0, limits: float | None = None) -> Any:
        # Shorter than any limit that an option may set.
        policy = RetryPolicy(request_timeout=read_timeout, total=total, limits=limits)
        client = replace(aws_from_params(AWS, clients=clients), limits=policy).client(service, tries=tries)
        return ask(action, getattr(client, method), _whole, **arguments)

    return call


def _whole(answer: dict[str, Any]) -> dict[str, Any]:
    body = answer.get("Body")
    return {**answer, "Body": body.read()} if body else answer


WHO = of_aws("sts", "sts:GetCallerIdentity", "get_caller_identity")
ROLE = of_aws("iam", "iam:GetRole", "get_role", RoleName="r")
LIST = of_aws("s3", "s3:ListBucket", "list_objects_v2", Bucket="acme")
OBJECT = of_aws("s3", "s3:GetObject", "get_object", Bucket="acme", Key="k")


def read_policy(clients: Clients) -> Any:
    return BucketPolicy(gcs_bucket({"bucket": "acme"}, clients), RetryPolicy(LIMIT, 0.1), clients.clock).read()


def list_objects(clients: Clients) -> Any:
    bucket = gcs_bucket({"bucket": "acme"}, clients)
    return GcsObjects(bucket, RetryPolicy(LIMIT, 0.1), clients.clock).list("", by_folder=False)


def read_object(clients: Clients) -> Any:
    bucket = gcs_bucket({"bucket": "acme"}, clients)
    return GcsObjects(bucket, RetryPolicy(LIMIT, 0.1), clients.clock).first_bytes("k", 10)


CALLS: dict[str, Ask] = {
    "STS": WHO,
    "IAM": ROLE,
    "S3, listing": LIST,
    "S3, object": OBJECT,
    "GCS, policy": read_policy,
    "GCS, listing": list_objects,
    "GCS, object": read_object,
}


@contextmanager
def server(monkeypatch: pytest.MonkeyPatch, behavior: Behavior) -> Iterator[None]:
    with peer.peer(behavior) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{address}")
        yield


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "how",
    ["a byte of a header", "a byte of the body", "100 Continue"]
    + [pytest.param(how, marks=pytest.mark.slow) for how in ("chunk by chunk", "100 Continue, at once", "nothing")],
)
def test_a_server_that_never_ends_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, name: str, how: str) -> None:
    with server(monkeypatch, DRIPPING[how]):
        clients = Clients(Hurried().clock)
        started = time.monotonic()
        with pytest.raises(OnrampError) as caught:
            CALLS[name](clients)
        assert time.monotonic() - started < LIMIT + SLACK
    assert caught.value.failure.code in ("timeout", "connection_failed")


def refusing(status: int, code: str, then: bytes = b"") -> tuple[Behavior, list[int]]:
    """Return what refuses once with ``code``, and if there is nothing else, always; and how often it was asked."""
    asked: list[int] = []
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>".encode()
    refusal = b"HTTP/1.1 %d No\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body

    def behave(connection: socket.socket) -> None:
        while received := connection.recv(64 * 1024):
            # The body comes by itself, after what is counted.
            if b" HTTP/1.1\r\n" in received:
                asked.append(1)
            if b"Action=" in received:
                connection.sendall(then if then and len(asked) > 1 else refusal)

    return behave, asked


ROLE_ANSWER = (
    b"""<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName></Role></GetRoleResult></GetRoleResponse>"""
)
FINE = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(ROLE_ANSWER) + ROLE_ANSWER
PATIENT = of_aws("iam", "iam:GetRole", "get_role", tries=5, RoleName="r")


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "Throttling"), (400, "RequestLimitExceeded"), (429, "X"), (500, "InternalFailure"), (503, "SlowDown")],
)
def test_what_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch, status: int, code: str) -> None:
    behavior, asked = refusing(status, code, FINE)
    clock = Hurried()
    with server(monkeypatch, behavior):
        assert PATIENT(Clients(clock.clock))["Role"]["RoleName"] == "r"
    assert len(asked) == 2
    assert len(clock.waits) == 1


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchEntity"), (400, "ValidationError")])
def test_a_refusal_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, status: int, code: str) -> None:
    behavior, asked = refusing(status, code)
    with server(monkeypatch, behavior), pytest.raises(OnrampError) as caught:
        PATIENT(Clients(Hurried().clock))
    assert caught.value.failure.code == code
    assert len(asked) == 1


def test_what_does_not_pass_is_given_up_after_so_many_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    behavior, asked = refusing(500, "InternalFailure")
    clock = Hurried()
    with server(monkeypatch, behavior), pytest.raises(OnrampError) as caught:
        PATIENT(Clients(clock.clock))
    assert caught.value.failure.code == "InternalFailure"
    assert len(asked) == 5
    assert len(clock.waits) == 4
    assert clock.waits[3] > clock.waits[0]


def test_no_try_is_begun_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    behavior, asked = refusing(500, "InternalFailure")
    clock = Hurried()
    with server(monkeypatch, behavior), pytest.raises(OnrampError):
        of_aws("iam", "iam:GetRole", "get_role", tries=50, RoleName="r")(Clients(clock.clock), total=5.0)
    assert sum(clock.waits) <= 5.0
    assert 2 < len(asked) < 50


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown"])
def test_being_throttled_is_no_try_and_ends_with_its_own_time(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    behavior, asked = refusing(400, code)
    clock = Hurried()
    with server(monkeypatch, behavior), pytest.raises(OnrampError) as caught:
        of_aws("iam", "iam:GetRole", "get_role", tries=5, RoleName="r")(Clients(clock.clock), total=60.0, limits=7200.0)
    assert caught.value.failure.code == code
    assert 500 < sum(clock.waits) <= LONGEST_THROTTLE
    assert len(asked) > 20


def test_google_is_asked_again_as_long_as_it_throttles(monkeypatch: pytest.MonkeyPatch) -> None:
    def behave(connection: socket.socket) -> None:
        while connection.recv(64 * 1024):
            connection.sendall(b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n")

    clock = Hurried()
    clients, policy = Clients(clock.clock), RetryPolicy(5.0, 20.0, limits=7200.0)
    with server(monkeypatch, behave), pytest.raises(OnrampError) as caught:
        BucketPolicy(gcs_bucket({"bucket": "acme"}, clients), policy, clients.clock).read()
    assert caught.value.failure.status == 429
    assert 500 < sum(clock.waits) <= LONGEST_THROTTLE


def test_google_is_tried_again_as_long_as_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def behave(connection: socket.socket) -> None:
        while connection.recv(64 * 1024):
            asked.append(1)
            connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")

    clock = Hurried()
    clients = Clients(clock.clock)
    with server(monkeypatch, behave), pytest.raises(OnrampError) as caught:
        BucketPolicy(gcs_bucket({"bucket": "acme"}, clients), RetryPolicy(5.0, 20.0), clients.clock).read()
    assert caught.value.failure.status == 503
    assert sum(clock.waits) <= 20.0
    assert len(asked) == len(clock.waits) + 1 > 3
