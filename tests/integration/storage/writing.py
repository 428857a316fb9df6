# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write as the action s3_access does, in this process, with amazon.aws's real modules in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.writing.write import write_access
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import CLOCK, Clock

from tests.collection import COLLECTIONS
from tests.modules import ModuleResult, load, run_spec
from tests.sandbox import world
from tests.sandbox.client import Sandbox

RunModule = Callable[[str, dict[str, Any]], Mapping[str, Any]]


def run_amazon(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a module of amazon.aws; without anything in its environment that says who acts."""
    if name.endswith("iam_role"):
        arguments = {**arguments, "create_instance_profile": False, "delete_instance_profile": False}
    collection, _dot, module = name.rpartition(".")
    done = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.{collection}.plugins.modules.{module}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments)}),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def write(
    sandbox: Sandbox,
    run_module: RunModule = run_amazon,
    environment: Mapping[str, str] | None = None,
    clock: Clock = CLOCK,
    **arguments: Any,
) -> ModuleResult:
    """Write the access; ``arguments`` are those of the module, which reads the bucket of the sandbox without them."""
    spec = replace(load("s3_access"), work=lambda task: write_access(task, run_module))
    given = {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET], **arguments}
    with patch.dict("os.environ", {**sandbox.env, **(environment or {})}):
        return run_spec(spec, given, clock=clock)
