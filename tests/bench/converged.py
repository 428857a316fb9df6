# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thousands of workspaces as onboarding leaves them, without onboarding more than two of them.

Role and policy are there once for all, so that one workspace of each storage is a model for the others: their
connections and grants are copies under other names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.bench import fleet
from tests.sandbox.client import Sandbox

# The one in S3, and the one in Google Cloud Storage.
MODELS = (0, 1)
# What Fivetran gives to each connection itself.
_OWN = ("id", "created_at")
_NAMES: tuple[Callable[[int], str], ...] = (fleet.key_of, fleet.schema_of, fleet.folder_of, fleet.bucket_of)


def models(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inventory of those that are onboarded."""
    group = inventory["braze_workspaces"]
    hosts = {fleet.host_of(number): group["hosts"][fleet.host_of(number)] for number in MODELS}
    return {"braze_workspaces": {**group, "hosts": hosts}}


def onboard_others(sandbox: Sandbox, count: int) -> None:
    """Make of ``count`` seeded workspaces what onboarding has made of the models."""
    rows = {row["schema"]: row for row in sandbox.state("fivetran")["fivetran"]["connections"].values()}
    bindings = sandbox.seed("gcs", "policy", bucket=fleet.bucket_of(MODELS[1]))["bindings"]
    for number in range(len(MODELS), count):
        model = MODELS[0] if fleet.is_s3(number) else MODELS[1]
        names = {name(model): name(number) for name in _NAMES}
        row = _renamed(rows[fleet.schema_of(model)], names)
        sandbox.seed("fivetran", "add_connection", **{name: row[name] for name in row if name not in _OWN})
        if not fleet.is_s3(number):
            sandbox.seed("gcs", "set_policy", bucket=fleet.bucket_of(number), bindings=bindings)


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    """Return data with each text that is one of ``names`` replaced."""
    if isinstance(data, Mapping):
        return {name: _renamed(value, names) for name, value in data.items()}
    if isinstance(data, list):
        return [_renamed(value, names) for value in data]
    return names.get(data, data) if isinstance(data, str) else data
