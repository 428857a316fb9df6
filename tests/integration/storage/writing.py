# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write as the action s3_access does, in this process, with amazon.aws's real modules in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.writing.write import write_access
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import CLOCK, Clock

from tests.integration.storage.amazon import run_amazon
from tests.modules import ModuleResult, load, run_spec
from tests.sandbox import world
from tests.sandbox.client import Sandbox

RunModule = Callable[[str, dict[str, Any]], Mapping[str, Any]]


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
