# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks without ansible-rulebook: what their templates make of variables and events is what it is to be.

``test_heal_loop.py`` runs them for real, and takes minutes and Java for it.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.options import (
    is_enabled,
    seconds_of,
    status_options,
    webhook_options,
)
from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment

from tests.collection import CHECKOUT
from tests.integration.events.test_sources import source
from tests.integration.playbooks.fleet import connections, play
from tests.sandbox import breaking
from tests.sandbox.client import Sandbox

RULEBOOKS = CHECKOUT / "extensions" / "eda" / "rulebooks"
COLLECTION = "onramp.braze_fivetran."
KEYS = {"FIVETRAN_APIKEY": "kEyOfFivetran1", "FIVETRAN_APISECRET": "sEcretOfFivetran1"}
SECRET = {"ONRAMP_WEBHOOK_SECRET": "a-secret-of-a-webhook"}
# What starts a run: nothing that a run brings about itself is among them.
KINDS = frozenset(("broken", "incomplete", "sync_failed"))


def rulebook(name: str) -> dict[str, Any]:
    (ruleset,) = yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text())
    assert isinstance(ruleset, dict)
    return ruleset


def rendered(value: Any, **variables: Any) -> Any:
    """Return what ansible-rulebook makes of templates."""
    if isinstance(value, dict):
        return {name: rendered(item, **variables) for name, item in value.items()}
    if isinstance(value, list):
        return [rendered(item, **variables) for item in value]
    if isinstance(value, str) and "{{" in value:
        return NativeEnvironment(undefined=StrictUndefined).from_string(value).render(variables)
    return value


def sources(name: str, **variables: Any) -> dict[str, Any]:
    """Return the arguments of each source."""
    found = {}
    for listed in rulebook(name)["sources"]:
        (full,) = set(listed) - {"name"}
        found[full.removeprefix(COLLECTION)] = rendered(listed[full], **variables)
    return found


def action(name: str, number: int, **variables: Any) -> Any:
    """Return the arguments of the action of a rule."""
    (arguments,) = rulebook(name)["rules"][number]["action"].values()
    return rendered(arguments, **variables)


@pytest.mark.parametrize("name", ["heal", "heal_job_template"])
def test_without_variables_it_looks_every_minute_and_listens_to_nothing(name: str) -> None:
    found = sources(name)
    assert not is_enabled(found["fivetran_webhook"])
    assert is_enabled(found["fivetran_status"])
    looking = status_options(found["fivetran_status"], KEYS)
    assert (looking.interval, looking.kinds, looking.gather) == (60, KINDS, 2)
    assert seconds_of(found["every"]) == 86400


@pytest.mark.parametrize("name", ["heal", "heal_job_template"])
def test_with_a_port_it_listens(name: str) -> None:
    found = sources(name, fivetran_webhook_port="5000", fivetran_interval=0, heal_gather=0, heal_every=0)
    assert is_enabled(found["fivetran_webhook"])
    assert not is_enabled(found["fivetran_status"])
    listening = webhook_options(found["fivetran_webhook"], SECRET)
    assert (listening.host, listening.port, listening.kinds) == ("127.0.0.1", 5000, KINDS)
    # The rules know no event that is not gathered.
    assert listening.gather == 1
    assert seconds_of(found["every"]) == 0


def test_a_job_template_is_given_what_the_playbook_is_given() -> None:
    event = {"fivetran_batch": {"connections": [{"schema": "braze_shop_us"}], "events": 1}}
    assert [rule["condition"] for rule in rulebook("heal")["rules"]] == [
        rule["condition"] for rule in rulebook("heal_job_template")["rules"]
    ]
    for number in range(2):
        here, there = (action(name, number, event=event) for name in ("heal", "heal_job_template"))
        assert here["extra_vars"] == there["job_args"]["extra_vars"]
        assert here["name"] == "onramp.braze_fivetran.heal"
        assert (there["name"], there["organization"]) == ("Heal Braze workspaces", "Default")
    assert "onramp_heal_connections" not in action("heal", 1)["extra_vars"]


@pytest.mark.slow
def test_what_breaks_comes_out_of_the_source_and_is_healed_by_what_the_rule_runs(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    names = {schema: row["id"] for schema, row in connections(sandbox).items()}
    breaking.notice(sandbox, names["braze_shop_us"])
    breaking.stored_key_revoked(sandbox, names["braze_shop_us"])
    breaking.notice(sandbox, names["braze_shop_us"])

    async def heard() -> Any:
        args = sources("heal", fivetran_interval=5, heal_gather=1)["fivetran_status"]
        async with source("fivetran_status", args) as queue:
            return await asyncio.wait_for(queue.get(), 10)

    with patch.dict("os.environ", sandbox.env):
        event = asyncio.run(heard())
    variables = action("heal", 0, event=event, heal_hook=str(hook(tmp_path)))["extra_vars"]
    assert [row["schema"] for row in variables["onramp_heal_connections"]] == ["braze_shop_us"]
    result = play(sandbox, "heal", "-e", json.dumps(variables))
    assert result.exit_code == 0, result.output
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    (told,) = json.loads((tmp_path / "told.json").read_text())
    assert (told["workspace"], told["state"]) == ("shop_us", "healed")


def hook(folder: Path) -> Path:
    """Write a playbook that writes what it is told beside itself."""
    task = {"content": "{{ onramp_heal_outcomes | to_json }}", "dest": "{{ playbook_dir }}/told.json", "mode": "0600"}
    path = folder / "hook.yml"
    path.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.copy": task}]}])
    )
    return path
