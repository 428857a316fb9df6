# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clouds' clients are made once for all workspaces that name the same credentials, and serve many threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import CONNECTIONS, Aws, aws_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.objects import s3_objects
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.client import gcs_bucket, gcs_client
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.objects import gcs_objects
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import RetryPolicy

from tests.sandbox import world
from tests.sandbox.client import Sandbox

THREADS = 32
US = {"profile": None, "region": "us-east-1"}
EU = {"profile": None, "region": "eu-west-1"}
POLICY = RetryPolicy(request_timeout=10.0, total=30.0)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:4443")


def everywhere(call: Callable[[], Any]) -> list[Any]:
    """Return what ``call`` returns in many threads at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        return [made.result() for made in [pool.submit(call) for _number in range(THREADS)]]


def test_the_same_options_share_a_session_and_others_do_not() -> None:
    clients = Clients()
    shared = everywhere(lambda: aws_from_params(US, clients=clients))
    assert len(set(shared)) == 1
    assert aws_from_params(EU, clients=clients) not in shared
    assert aws_from_params(US, "aws-cn", clients) not in shared
    assert aws_from_params({**US, "request_timeout": 5, "retry_timeout": 9}, clients=clients) not in shared
    assert aws_from_params(US) not in shared


def test_a_session_makes_each_client_once() -> None:
    aws = aws_from_params(US)

    def make() -> tuple[int, ...]:
        return tuple(id(aws.client(service)) for service in ("s3", "iam", "sts"))

    assert len(set(everywhere(make))) == 1
    assert aws.client("s3") is aws.client("s3", tries=5)
    assert aws.client("s3") is not aws.client("s3", tries=1)
    assert aws.client("s3").meta.config.max_pool_connections == CONNECTIONS


def test_an_endpoint_that_is_refused_is_refused_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example:4566")
    aws: Aws = aws_from_params(US, clients=Clients())
    for _time in range(2):
        with pytest.raises(InvalidArgument, match="plain HTTP"):
            aws.client("s3")


def test_one_client_of_google_serves_all_buckets_of_the_same_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = Clients()
    shared = everywhere(lambda: gcs_client({}, clients))
    assert len(set(map(id, shared))) == 1
    assert gcs_client({}) is not shared[0]
    first, second = (
        gcs_bucket({"bucket": bucket, "user_project": project}, clients)
        for bucket, project in (("one", "payer"), ("two", None))
    )
    assert first.client is second.client is shared[0]
    assert (first.name, first.user_project, second.user_project) == ("one", "payer", None)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:4444")
    assert gcs_client({}, clients) is not shared[0]


@pytest.mark.parametrize("url", ["https://storage.googleapis.com/", "http://127.0.0.1:4443/"])
def test_a_client_of_google_keeps_many_connections_and_neither_repeats_nor_follows_by_itself(url: str) -> None:
    session = gcs_client({})._http
    adapter = session.get_adapter(url)
    assert adapter.poolmanager.connection_pool_kw["maxsize"] == CONNECTIONS
    assert adapter.max_retries.total == 0
    assert session.max_redirects == 0


OPEN: dict[str, Callable[[Clients], Any]] = {
    "s3": lambda clients: s3_objects(US, world.S3_BUCKET, clients),
    "gcs": lambda clients: gcs_objects(US, world.GCS_BUCKET, POLICY, clients),
}


@pytest.mark.parametrize("kind", OPEN)
def test_many_threads_list_buckets_with_one_client(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for variable, value in sandbox.env.items():
        monkeypatch.setenv(variable, value)
    clients = Clients()

    def look() -> int:
        return len(OPEN[kind](clients).list("", by_folder=False).names)

    found = everywhere(look)
    assert len(set(found)) == 1
    assert found[0] > 0
