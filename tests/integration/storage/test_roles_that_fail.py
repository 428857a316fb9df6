# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role that fails, and is gone on from, leaves nothing of what an earlier call of it has handed over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.given import let_fivetran_read
from tests.integration.playbooks.fleet import connections
from tests.integration.storage.reading import ROLE_ARN
from tests.playbook import LOCAL, PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

THEIRS = "arn:aws:iam::111122223333:role/vendors/typo"


def included(role: str, variables: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": f"onramp.braze_fivetran.{role}", **arguments}, "vars": variables}


def shown(name: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"msg": f"{{{{ {name} | default('nothing at all') }}}}"}}


def rescued(task: dict[str, Any]) -> dict[str, Any]:
    return {"block": [task], "rescue": [{"ansible.builtin.meta": "noop"}]}


def played(sandbox: Sandbox, *tasks: dict[str, Any], host: str = "localhost") -> PlayResult:
    return run_playbook(sandbox, [{"hosts": host, "gather_facts": False, "vars": LOCAL, "tasks": list(tasks)}])


def messages(play: PlayResult) -> list[Any]:
    return [result["msg"] for result in play.results("ansible.builtin.debug")]


def cases(sandbox: Sandbox) -> dict[str, tuple[str, dict[str, Any], tuple[dict[str, Any], ...]]]:
    """Return by fact the role that hands it over, with what it works, and with what of it changed it does not."""
    access = {"s3_access_external_id": world.GROUP_ID, "s3_access_bucket": world.S3_BUCKET}
    url = sandbox.env["SANDBOX_BRAZE_URL"]
    connection = {
        "fivetran_connection_group_id": world.GROUP_ID,
        "fivetran_connection_schema": "braze_shop",
        "fivetran_connection_api_url": url,
        "fivetran_connection_api_key": sandbox.env["SANDBOX_BRAZE_KEY_SHOP_US"],
        "fivetran_connection_storage": "none",
    }
    s3_fails: tuple[dict[str, Any], ...] = (
        # In the check of the variables, in that of Ansible, at the look at the role, and at that at the buckets.
        {"s3_access_bucket": "acme-*"},
        {"s3_access_tags": [["a"]]},
        {"s3_access_role_arn": THEIRS},
        {"s3_access_bucket": "acme-nothing-there"},
    )
    return {
        "s3_access_fivetran_role_arn": ("s3_access", access, s3_fails),
        "s3_access_difference": ("s3_access", access, s3_fails[:1]),
        "braze_api_key_verdict": (
            "braze_api_key",
            {"braze_api_key_api_url": url, "braze_api_key_key": sandbox.env["SANDBOX_BRAZE_KEY_SHOP_US"]},
            ({"braze_api_key_on_problem": "perhaps"},),
        ),
        "currents_landing_verdict": (
            "currents_landing",
            {
                "currents_landing_storage": "s3",
                "currents_landing_bucket": world.S3_BUCKET,
                "currents_landing_prefix": world.PREFIX,
            },
            ({"currents_landing_stale_after": "soon"},),
        ),
        "gcs_access_result": (
            "gcs_access",
            {"gcs_access_bucket": world.GCS_BUCKET, "gcs_access_member": world.SERVICE_ACCOUNT},
            # In the check of the variables, and in the first task of the role.
            ({"gcs_access_scope": "some"}, {"gcs_access_member": "somebody"}),
        ),
        "fivetran_connection_details": (
            "fivetran_connection",
            connection,
            ({"fivetran_connection_paused": "perhaps"}, {"fivetran_connection_storage": "s3"}),
        ),
    }


FACTS = (
    "s3_access_fivetran_role_arn",
    "s3_access_difference",
    "braze_api_key_verdict",
    "currents_landing_verdict",
    "gcs_access_result",
    "fivetran_connection_details",
)
NO_RESULT = {"failed": True, "changed": False, "msg": "The role has failed before it came to this."}
EMPTY: dict[str, Any] = {"s3_access_fivetran_role_arn": "", "s3_access_difference": {}}


@pytest.mark.parametrize("fact", [FACTS[0], *(pytest.param(fact, marks=pytest.mark.slow) for fact in FACTS[1:])])
def test_a_role_that_has_failed_hands_over_nothing_of_the_call_before(sandbox: Sandbox, fact: str) -> None:
    role, right, wrong = cases(sandbox)[fact]
    tasks = [
        task
        for changes in wrong
        for task in (included(role, right), shown(fact), rescued(included(role, {**right, **changes})), shown(fact))
    ]
    play = played(sandbox, *tasks)
    assert play.exit_code == 0, play.output
    assert len(play.failures()) == len(wrong)
    told = messages(play)
    assert told[1::2] == [EMPTY.get(fact, NO_RESULT)] * len(wrong)
    assert fact == "s3_access_difference" or EMPTY.get(fact, NO_RESULT) not in told[::2]


@pytest.mark.slow
def test_a_role_that_is_named_and_not_there_is_not_taken_for_another_where_errors_are_ignored(
    sandbox: Sandbox,
) -> None:
    role, right, _wrong = cases(sandbox)["s3_access_fivetran_role_arn"]
    task = included(role, {**right, "s3_access_role_arn": THEIRS}, apply={"ignore_errors": True})
    play = played(sandbox, task, shown("s3_access_fivetran_role_arn"))
    assert messages(play) == [""]


def test_a_loop_that_goes_on_connects_no_workspace_through_the_role_of_another(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    cased = cases(sandbox)
    access, connection = cased["s3_access_fivetran_role_arn"][1], cased["fivetran_connection_details"][1]
    storage = {
        "fivetran_connection_storage": "s3",
        "fivetran_connection_bucket": world.S3_BUCKET,
        "fivetran_connection_prefix": world.PREFIX,
        "fivetran_connection_role_arn": "{{ s3_access_fivetran_role_arn }}",
    }
    tasks = [
        task
        for schema, arn in (("braze_a", ROLE_ARN), ("braze_c", THEIRS))
        for task in (
            rescued(included("s3_access", {**access, "s3_access_role_arn": arn})),
            rescued(included("fivetran_connection", {**connection, **storage, "fivetran_connection_schema": schema})),
        )
    ]
    play = played(sandbox, *tasks)
    assert sorted(connections(sandbox)) == ["braze_a"], play.output
    assert "fivetran_connection_role_arn" in play.messages()


@pytest.mark.slow
def test_what_the_other_entry_point_has_handed_over_stays(sandbox: Sandbox) -> None:
    role, right, _wrong = cases(sandbox)["fivetran_connection_details"]
    details, synced = shown("fivetran_connection_details.connection.schema"), shown("fivetran_connection_sync_details")
    wrong = {**right, "fivetran_connection_sync_timeout": "soon"}
    play = played(
        sandbox,
        included(role, right),
        *(included(role, right, tasks_from=name) for name in ("sync", "sync.yml")),
        *(details, synced),
        rescued(included(role, wrong, tasks_from="sync")),
        *(details, synced),
    )
    assert play.exit_code == 0, play.output
    first, sync, second, none = messages(play)
    assert first == second == "braze_shop"
    assert sync["last_sync"]["outcome"] == "succeeded"
    assert none == {}


@pytest.mark.slow
def test_with_a_plan_too_a_role_that_has_failed_hands_over_nothing_of_the_play_before(sandbox: Sandbox) -> None:
    role, right, _wrong = cases(sandbox)["s3_access_fivetran_role_arn"]
    planned = {**right, "s3_access_bucket": "acme-nothing-there", "onramp_workspace": {}}
    play = played(
        sandbox, included(role, right), rescued(included(role, planned)), shown("s3_access_fivetran_role_arn")
    )
    assert messages(play) == [""]
