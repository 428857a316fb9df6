# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""verify.yml lists what no host claims, with an entry that claims it once it is pasted, and without a request more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.inventories.by_hand import GCS, make
from tests.integration.playbooks.fleet import play, workspaces
from tests.integration.playbooks.plans import PLAN, planned, says
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

OLD = {**GCS, "api_key": world.BRAZE_KEY_SHOP_EU, "gcs_folder": "old"}


def told(result: PlayResult) -> list[str]:
    """Return how the workspaces stand, as it was printed."""
    [printed] = [task.result["msg"] for task in result.tasks if task.task == "Tell how the workspaces stand"]
    return [printed] if isinstance(printed, str) else list(printed)


def unclaimed(result: PlayResult) -> list[str]:
    [plan] = result.results(PLAN)
    return [found["schema"] for found in plan["unclaimed"]]


def pasted(path: Path, *entries: str, **more: Any) -> Path:
    """Write an inventory as somebody who pastes entries below its hosts; ``more``: variables of its group."""
    group = workspaces()["braze_workspaces"]
    hosts = {"shop_eu": group["hosts"]["shop_eu"]}
    members = {"vars": {**group.get("vars", {}), **more}, "hosts": hosts}
    text = yaml.safe_dump({"braze_workspaces": members}, sort_keys=False)
    path.write_text("\n".join([text, *entries]))
    return path


@pytest.mark.slow
def test_what_nobody_claims_is_listed_and_pasting_its_entry_claims_it(sandbox: Sandbox, tmp_path: Path) -> None:
    path = pasted(tmp_path / "inventory.yml")
    assert play(sandbox, "onboard", inventory=path).exit_code == 0
    sandbox.clear_journal()
    alone = play(sandbox, "verify", inventory=path)
    asked = sorted(entry.operation for entry in sandbox.journal())
    assert (alone.exit_code, told(alone)) == (0, ["Verified 1 workspace: 1 fine."])
    make(sandbox, "braze_old", config=OLD)
    make(sandbox, "lake", service="s3", config={})
    sandbox.clear_journal()
    found = play(sandbox, "verify", inventory=path)
    assert found.exit_code == 0, found.output
    assert sorted(entry.operation for entry in sandbox.journal()) == asked
    fleet, head, line = told(found)
    assert fleet == "Verified 1 workspace: 1 fine."
    says(head, "1 Braze connection belongs to no workspace.")
    says(line, "braze_old: {fivetran_group: jovial_daylight, fivetran_schema: braze_old,", "# Warehouse. Connection ")
    # It is printed as it is to be pasted.
    assert f'"{line}"' in found.output
    assert unclaimed(found) == ["braze_old"]
    key = {"vault_braze_api_key_braze_old": world.BRAZE_KEY_SHOP_EU}
    [plan] = found.results(PLAN)
    for entry in (line, plan["unclaimed"][0]["entry"]):
        claimed = play(sandbox, "verify", inventory=pasted(tmp_path / "pasted.yml", entry, **key))
        assert sorted(planned(claimed)) == ["braze_old", "shop_eu"]
        assert unclaimed(claimed) == []
        assert told(claimed)[1:] == []


@pytest.mark.slow
def test_outside_of_the_limit_is_claimed_and_what_cannot_be_read_leaves_a_doubt(sandbox: Sandbox) -> None:
    inventory = workspaces(app_us={})
    made = play(sandbox, "onboard", inventory=inventory)
    assert made.exit_code == 0, made.output
    make(sandbox, "braze_old", config=OLD)
    limited = play(sandbox, "verify", "--limit", "shop_eu", inventory=inventory)
    assert unclaimed(limited) == ["braze_old"]
    inventory["braze_workspaces"]["hosts"]["app_us"]["fivetran_schema"] = "{{ nowhere }}"
    doubtful = play(sandbox, "verify", "--limit", "shop_eu", inventory=inventory)
    assert doubtful.exit_code == 0, doubtful.output
    assert unclaimed(doubtful) == []
    [line] = told(doubtful)[1:]
    says(line, "No host that can be read claims braze_app_us and braze_old", "Which connection app_us claims")


def test_a_hostile_name_is_one_printable_line_and_no_template_and_a_quoted_key_is_hidden(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    # As somebody might have put them there; Fivetran itself would not take this schema.
    hostile = f"{{{{ lookup('pipe', 'touch {tmp_path}/here') }}}}"
    make(sandbox, hostile, config={**OLD, "gcs_folder": world.BRAZE_KEY_SHOP_EU, "gcs_bucket": "a\n\x1b[31mred"})
    result = play(sandbox, "verify", "--limit", "shop_eu", "-vvv")
    assert unclaimed(result) == [hostile]
    assert list(tmp_path.iterdir()) == []
    for line in told(result):
        assert line.isprintable()
    assert "!unsafe" in told(result)[-1]
    assert world.BRAZE_KEY_SHOP_EU not in result.output
    assert "\x1b" not in result.output


@pytest.mark.slow
def test_a_thousand_that_nobody_claims_cost_seconds_and_twenty_lines(sandbox: Sandbox) -> None:
    fields = {"group_id": world.GROUP_ID, "service": "braze", "config": OLD}
    sandbox.seed("fivetran", "add_connections", count=1000, schema="braze_{}", **fields)
    result = play(sandbox, "verify", "--limit", "shop_eu")
    assert len(unclaimed(result)) == 1000
    assert len(told(result)) == 23
    says(told(result)[-1], "980 more")
