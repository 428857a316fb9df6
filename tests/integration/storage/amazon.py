# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules of amazon.aws without their start: one Python imports what they all import, and forks for each."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any

MODULES = ("iam_managed_policy", "iam_role")
PACKAGE = "ansible_collections.amazon.aws.plugins.modules"
# What no module prints.
ENDED = "\0\n"
_LOCK = Lock()


def run_amazon(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a module of amazon.aws; without anything in its environment that says who acts."""
    if name.endswith("iam_role"):
        arguments = {**arguments, "create_instance_profile": False, "delete_instance_profile": False}
    module = f"{PACKAGE}.{name.removeprefix('amazon.aws.')}"
    request = json.dumps({"module": module, "given": {"ANSIBLE_MODULE_ARGS": dict(arguments)}})
    asked, answered = _server()
    with _LOCK:
        print(request, file=asked, flush=True)
        *_printed, answer = iter(answered.readline, ENDED)
    result: dict[str, Any] = json.loads(answer)
    return result


@cache
def _server() -> tuple[IO[str], IO[str]]:
    from tests.collection import COLLECTIONS

    process = subprocess.Popen(
        [sys.executable, __file__],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(COLLECTIONS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return process.stdin, process.stdout


def _import() -> None:
    for module in MODULES:
        importlib.import_module(f"{PACKAGE}.{module}")
    # What botocore knows of the service, half a megabyte of JSON, is read once too.
    boto3, loaders = importlib.import_module("boto3"), importlib.import_module("botocore.loaders")
    loaders.JSONFileLoader.load_file = staticmethod(cache(loaders.JSONFileLoader().load_file))
    boto3.session.Session().client("iam", region_name="us-east-1")
    # What lives for ever is not copied into each fork by the collector.
    gc.collect()
    gc.freeze()


def _serve() -> None:
    _import()
    # Unbuffered, so that nothing of the next request is in a fork.
    requests = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
    while request := requests.readline():
        pid = os.fork()
        if pid == 0:
            _be(**json.loads(request))
        os.waitpid(pid, 0)
        print(ENDED, end="", flush=True)


def _be(module: str, given: Mapping[str, Any]) -> None:
    """Be what a new process with this on its standard input would be."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(given).encode())
    os.close(writing)
    os.dup2(reading, sys.stdin.fileno())
    del sys.modules[module]
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    # As for a Python that is started with a module.
    sys.path[0] = str(Path.cwd())
    _serve()
