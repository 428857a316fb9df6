# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role s3_access hands over is never taken for what the user says, of a later call or a later play."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.playbooks.fleet import PLAYBOOKS, iam_names, workspaces
from tests.integration.playbooks.shapes import GUIDE, Shape
from tests.integration.storage.reading import ROLE_ARN
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

THEIRS = Shape(managed={"read-currents": GUIDE}, role="fivetran-reader", path="/vendors/")
INPUTS = {"s3_access_external_id": world.GROUP_ID, "s3_access_bucket": world.S3_BUCKET}
SHOW = {"name": "Out comes", "ansible.builtin.debug": {"msg": "{{ s3_access_fivetran_role_arn }}"}}
NAMES = ["Fivetran", "Fivetran-S3-Access", "fivetran-reader", "read-currents"]


def used(how: str, **variables: Any) -> dict[str, Any]:
    named = {f"s3_access_{name}": value for name, value in variables.items()}
    return {f"ansible.builtin.{how}_role": {"name": "onramp.braze_fivetran.s3_access"}, "vars": {**INPUTS, **named}}


def played(*tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **keywords}


OWN, NAMED = used("import"), {"s3_access_role_arn": THEIRS.arn}
ABSENT = {**INPUTS, "s3_access_state": "absent"}
LATER: dict[str, list[dict[str, Any]]] = {
    "import_role": [played(OWN, used("import", role_arn=THEIRS.arn), SHOW)],
    "import_role, absent": [played(OWN, used("import", role_arn=THEIRS.arn, state="absent"), SHOW)],
    "include_role": [played(OWN, used("include", role_arn=THEIRS.arn), SHOW)],
    "variables of the play": [played(OWN), played(used("include"), SHOW, vars=NAMED)],
    "roles": [
        played(OWN),
        played(SHOW, roles=[{"role": "onramp.braze_fivetran.s3_access", "vars": {**ABSENT, **NAMED}}]),
    ],
}


@pytest.mark.parametrize("how", [how if how == "roles" else pytest.param(how, marks=pytest.mark.slow) for how in LATER])
def test_a_role_of_somebody_else_s_that_is_named_after_one_was_made_is_only_looked_at(
    sandbox: Sandbox, how: str
) -> None:
    THEIRS.build(sandbox)
    play = run_playbook(sandbox, LATER[how])
    assert play.exit_code == 0, play.output
    assert iam_names(sandbox) == NAMES
    assert [task.result["msg"] for task in play.tasks if task.task == "Out comes"] == [THEIRS.arn]


@pytest.mark.slow
def test_an_item_of_a_loop_that_names_the_very_role_of_the_item_before_makes_none(sandbox: Sandbox) -> None:
    names = {"role_name": "Fivetran-{{ item.name }}", "policy_name": "Fivetran-{{ item.name }}-Access"}
    task = used("include", **names, role_arn="{{ item.arn | default(omit) }}")
    items = [{"name": "a"}, {"name": "b", "arn": ROLE_ARN.replace("role/Fivetran", "role/Fivetran-a")}]
    play = run_playbook(sandbox, [played({**task, "loop": items}, SHOW)])
    assert play.exit_code == 0, play.output
    assert iam_names(sandbox) == ["Fivetran-a", "Fivetran-a-Access"]


@pytest.mark.slow
def test_the_plan_takes_the_role_that_the_inventory_names_for_that_of_a_workspace_after_one_was_made(
    sandbox: Sandbox,
) -> None:
    THEIRS.build(sandbox)
    made = used("include", role_name="Mine", policy_name="Mine-Access", role_arn="")
    inventory = workspaces(shop_us={**NAMED, "ansible_connection": "local"})
    plays = [
        {**played(made), "hosts": "shop_us"},
        {"ansible.builtin.import_playbook": str(PLAYBOOKS / "onboard.yml")},
    ]
    play = run_playbook(sandbox, plays, "--limit", "shop_us", inventory=inventory)
    assert play.exit_code == 0, play.output
    assert iam_names(sandbox) == sorted([*NAMES[2:], "Mine", "Mine-Access"])
