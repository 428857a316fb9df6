# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look and the plan that every playbook begins with, in this process, for both example workspaces."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reading import read_settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.look import Limits
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import plan_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told

from tests.clock import Hurried
from tests.hardening.steps import LIMITS
from tests.sandbox import world
from tests.sandbox.client import Sandbox


@dataclass(frozen=True)
class Host:
    """The variables of a workspace."""

    variables: Mapping[str, Any]

    def names(self) -> Collection[str]:
        return self.variables.keys()

    def value(self, name: str) -> Any:
        return self.variables[name]


def hosts(sandbox: Sandbox) -> dict[str, Host]:
    """Return the example workspaces by name."""
    common = {
        "fivetran_group": world.GROUP_NAME,
        "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "currents_prefix": world.PREFIX,
    }
    own = {
        "shop_us": {"currents_storage": "s3", "currents_bucket": world.S3_BUCKET},
        "shop_eu": {"currents_storage": "gcs", "currents_bucket": world.GCS_BUCKET},
    }
    keys = {"shop_us": world.BRAZE_KEY_SHOP_US, "shop_eu": world.BRAZE_KEY_SHOP_EU}
    return {
        name: Host({**common, **variables, "braze_api_key": keys[name], "fivetran_schema": f"braze_{name}"})
        for name, variables in own.items()
    }


def plan(
    sandbox: Sandbox,
    purpose: str = "onboard",
    time: Hurried | None = None,
    of: Mapping[str, Host] | None = None,
    **limits: int,
) -> dict[str, Any]:
    """Return what ``workspace_plan`` would return.

    ``time`` is what the looks wait by, ``of`` other workspaces, ``limits`` are other ones than usual.
    """
    with patch.dict("os.environ", sandbox.env):
        read = {name: (read_settings(name, host, sandbox.env), []) for name, host in (of or hosts(sandbox)).items()}
        clients = Clients((time or Hurried()).clock)
        made, redactor = plan_of(purpose, read, frozenset(read), Limits(**{**LIMITS, **limits}), clients)
    told: dict[str, Any] = json.loads(json.dumps(redactor.data(as_told(made))))
    return told


def wrong(clean: Mapping[str, Any], spoiled: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a look under a fault makes of a workspace that it must not: another plan that is not a refusal."""
    for name, workspace in spoiled["workspaces"].items():
        if workspace["failed"] and workspace["applies"]:
            yield f"{name}: has problems and is changed all the same"
        if not workspace["failed"] and workspace["changes"] != clean["workspaces"][name]["changes"]:
            yield f"{name}: other changes: {workspace['changes']}"


def unclear(spoiled: Mapping[str, Any]) -> str:
    """Return what is wrong with the problems that are told; nothing if a person and a playbook can use them."""
    for name, workspace in spoiled["workspaces"].items():
        for problem in [*workspace["problems"], *workspace["warnings"]]:
            message = problem["message"]
            if len(message) < 20 or " " not in message or len(message) > 4000:
                return f"{name}: the message says nothing, or too much: {message[:500]!r}"
            if "Traceback" in message or "object at 0x" in message or problem["code"] in ("", "unexpected"):
                return f"{name}: {problem['code']}: {message[:500]!r}"
    return ""
