# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts: each runs by itself, over a sandbox as it is after its start."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import requests

from tests.compat.table import Part
from tests.compat.tools import COMPAT, TIMEOUT, LeftOutError, Tools
from tests.integration.playbooks.fleet import currents, play
from tests.integration.playbooks.plans import YES
from tests.modules import run_module
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.contract import DOCUMENT

PASSED = [{"title": "Scripted", "status": "PASSED"}]
# The life of workspaces: what is played, whether it may change anything.
LIFE: Sequence[tuple[str, tuple[str, ...], bool]] = (
    ("onboard", (), True),
    ("onboard", (), False),
    ("verify", (), False),
    ("rotate_key", (), True),
    ("offboard", YES, True),
)
_OF_SHOP = {"group_id": world.GROUP_ID, "schema": "braze_shop_us"}
MODULES: Sequence[tuple[str, dict[str, Any]]] = (
    ("fivetran_group", {"name": "Compat"}),
    ("fivetran_group", {"name": "Compat", "state": "absent"}),
    ("fivetran_group_info", {"group": world.GROUP_ID}),
    ("fivetran_destination_info", {"group_id": world.GROUP_ID}),
    ("fivetran_connection_info", _OF_SHOP),
    ("fivetran_connection_sync", {**_OF_SHOP, "wait": True}),
    ("fivetran_connection_sync", {**_OF_SHOP, "resync": True}),
    ("fivetran_connection_schema", {**_OF_SHOP, "schema_change_handling": "BLOCK_ALL"}),
)
Parts = Mapping[str, Callable[[Tools, Sandbox], Part]]


def storage_testbench(_tools: Tools, _sandbox: Sandbox) -> Part:
    """Google's own emulator of Cloud Storage."""
    raise LeftOutError("Google's storage-testbench is on neither PyPI, npm nor in Debian")


def moto(tools: Tools, sandbox: Sandbox) -> Part:
    """Live against another emulator of AWS, as a server of its own; Fivetran's setup tests are scripted to pass."""
    sandbox.seed("fivetran", "script_setup_tests", runs=[PASSED] * 20, service="braze")
    with moto_server(tools) as url:
        _fill(boto3_client("s3", url))
        differences: list[str] = []
        for name, arguments, may_change in LIFE:
            result = play(sandbox, name, "--limit", "shop_us", *arguments, AWS_ENDPOINT_URL=url)
            differences += _unlike(name, result, may_change)
            if name == "onboard" and may_change:
                differences += _wrong_in_iam(boto3_client("iam", url))
        left = _in_iam(boto3_client("iam", url))
        differences += [f"offboard: {', '.join(left)} is left"] if left else []
    ran = tuple(f"{name} of a workspace in S3" for name, _arguments, _changes in LIFE)
    return Part("moto", _version(tools, "moto"), ran, tuple(differences))


def airflow(_tools: Tools, _sandbox: Sandbox) -> Part:
    """The provider with which Airflow asks Fivetran."""
    raise LeftOutError(
        "airflow-provider-fivetran-async needs all of Apache Airflow; how it spells its requests is in"
        " tests/sandbox/tests/test_fivetran_spellings.py"
    )


def openapi_core(tools: Tools, sandbox: Sandbox) -> Part:
    """Hold the traffic of a fleet's life against the vendor's document, by somebody else's judgement."""
    if not DOCUMENT.exists():
        raise LeftOutError("Fivetran's OpenAPI document is not beside the checkout")
    differences: list[str] = []
    for name, arguments, may_change in LIFE:
        if name == "offboard":
            differences += _modules(sandbox)
        differences += _unlike(name, play(sandbox, name, *arguments), may_change)
    recorded = [asdict(entry) for entry in sandbox.journal("fivetran") if entry.caller == "outside"]
    path = COMPAT / "recorded.json"
    path.write_text(json.dumps(recorded))
    judged = tools.drive("openapi_judge", str(DOCUMENT), str(path))
    names = [*(name for name, _arguments, _changes in LIFE), *(name for name, _given in MODULES)]
    return Part(
        "openapi-core", judged.version, (*dict.fromkeys(names), *judged.ran), (*differences, *judged.differences)
    )


def _modules(sandbox: Sandbox) -> Iterator[str]:
    """Let the modules that no playbook needs ask for what they do; yield what failed."""
    for name, given in MODULES:
        result = run_module(name, given, sandbox.env)
        if result.failed:
            yield f"{name}: {result.msg}"


def client(driver: str, tools: Tools, sandbox: Sandbox) -> Part:
    """Let a program that talks to the real vendors talk to the sandbox."""
    made = sandbox.seed("fivetran", "add_connection", **_connection(sandbox))
    status = {"setup_state": "connected", "sync_state": "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=status)
    _reload_schemas(sandbox, made["id"])
    given = {"COMPAT_CONNECTION": made["id"], "COMPAT_GROUP": world.GROUP_ID}
    return tools.drive(driver, environment={**sandbox.env, **given})


PARTS: Parts = {
    "moto": moto,
    "storage-testbench": storage_testbench,
    "openapi-core": openapi_core,
    "fivetran_cli": partial(client, "fivetran_cli"),
    "dagster_fivetran": partial(client, "dagster_fivetran"),
    "airflow": airflow,
    "fivetran_mcp": partial(client, "fivetran_mcp"),
    "braze_mcp_server": partial(client, "braze_mcp_server"),
}


# What they share


def _connection(sandbox: Sandbox) -> dict[str, Any]:
    config = {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US}
    place = {"group_id": world.GROUP_ID, "service": "braze", "schema": "braze_shop_us"}
    return {**place, "config": {"schema": "braze_shop_us", "cloud_storage_type": "NONE", **config}}


def _reload_schemas(sandbox: Sandbox, connection_id: str) -> None:
    url = f"{sandbox.env['FIVETRAN_API_URL']}/v1/connections/{connection_id}/schemas/reload"
    requests.post(url, json={}, auth=(world.FIVETRAN_KEY, world.FIVETRAN_SECRET), timeout=30).raise_for_status()


def _unlike(name: str, result: PlayResult, may_change: bool) -> Iterator[str]:
    """Yield what a playbook did otherwise than against the sandbox."""
    if result.exit_code:
        yield f"{name}: {' '.join(result.messages().split())[:600] or result.output[-600:]}"
    changed = sum(stats["changed"] for stats in result.stats.values())
    if bool(changed) != may_change:
        yield f"{name}: {changed} changes"


def _fill(s3: Any) -> None:
    s3.create_bucket(Bucket=world.S3_BUCKET)
    for key, content in currents(world.PREFIX, "S3"):
        s3.put_object(Bucket=world.S3_BUCKET, Key=key, Body=content)


def _in_iam(iam: Any) -> list[str]:
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return roles + [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]


def _wrong_in_iam(iam: Any) -> Iterator[str]:
    """Yield what is not there after onboarding as the guide wants it."""
    trust = json.dumps(iam.get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"])
    if world.GROUP_ID not in trust or "834469178297" not in trust:
        yield f"onboard: the role trusts {trust}"
    attached = iam.list_attached_role_policies(RoleName="Fivetran")["AttachedPolicies"]
    if [policy["PolicyName"] for policy in attached] != ["Fivetran-S3-Access"]:
        yield f"onboard: attached are {attached}"


def boto3_client(service: str, url: str) -> Any:
    """Return a client for an emulator."""
    keys = {"aws_access_key_id": "compat", "aws_secret_access_key": "compat"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)


@contextmanager
def moto_server(tools: Tools) -> Iterator[str]:
    """Run moto's server within the context; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = COMPAT / "moto.log"
    command = [str(tools.bin / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(command, env=tools.environment({}), stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"moto's server did not start: {log.read_text()[-1000:]}")


def _version(tools: Tools, package: str) -> str:
    command = [str(tools.bin / "python"), "-c", f"from importlib.metadata import version; print(version({package!r}))"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=tools.environment({})).stdout.strip()
