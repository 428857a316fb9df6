# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role fivetran_connection in plays, beginning with those that its README shows."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.documents import blocks, for_the_sandbox
from tests.integration.given import VAULT, let_fivetran_read
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

README = CHECKOUT / "roles" / "fivetran_connection" / "README.md"
UNSET = object()


def example(sandbox: Sandbox, number: int, **changes: Any) -> dict[str, Any]:
    """Return an example of the README with the sandbox's Braze in place of the real one; ``UNSET`` is left out."""
    [play] = yaml.safe_load(for_the_sandbox(blocks(README, "yaml")[number], sandbox))
    task = play["tasks"][0]
    variables = {**task["vars"], "fivetran_connection_setup_test_retries": 0, **changes}
    task["vars"] = {name: value for name, value in variables.items() if value is not UNSET}
    return {**play, "vars": VAULT}


def run_example(sandbox: Sandbox, number: int, *arguments: str, **changes: Any) -> PlayResult:
    """Run an example of the README."""
    return run_playbook(sandbox, [example(sandbox, number, **changes)], *arguments)


# By example: what the connection reads, and whether it exports.
STORAGES = [("AWS_S3", False), ("GCS", False), ("AZURE_BLOB_STORAGE", False), ("NONE", True)]


def test_the_playbook_that_the_readme_shows_for_each_storage_connects(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    plays = [example(sandbox, number) for number in range(len(STORAGES))]
    result = run_playbook(sandbox, plays)
    assert result.exit_code == 0, result.output
    made = {connection["schema"]: connection for connection in sandbox.state()["fivetran"]["connections"].values()}
    for play, (storage, exports) in zip(plays, STORAGES, strict=True):
        connection = made.pop(play["tasks"][0]["vars"]["fivetran_connection_schema"])
        assert connection["status"]["setup_state"] == "connected"
        assert connection["paused"] is False
        assert connection["config"]["cloud_storage_type"] == storage
        assert connection["config"]["enable_exports"] is exports
    assert made == {}
    sandbox.clear_journal()
    again = run_playbook(sandbox, plays)
    assert again.exit_code == 0, again.output
    assert again.changed("localhost") == 0
    assert sandbox.writes() == []


# Of an example, what is changed in it, and what is said of that.
WRONG: list[tuple[int, dict[str, Any], list[str]]] = [
    (0, {"fivetran_connection_role_arn": ""}, ["fivetran_connection_role_arn", "needed", "storage: s3"]),
    (0, {"fivetran_connection_container": "c"}, ["fivetran_connection_container", "belong", "azure"]),
    (1, {"fivetran_connection_bucket": ""}, ["fivetran_connection_bucket", "needed", "gcs"]),
    (
        1,
        {"fivetran_connection_role_arn": "arn:aws:iam::111122223333:role/x"},
        ["fivetran_connection_role_arn", "belong", "s3"],
    ),
    (2, {"fivetran_connection_connection_string": ""}, ["fivetran_connection_connection_string", "needed"]),
    (3, {"fivetran_connection_exports_bucket": ""}, ["fivetran_connection_exports_bucket", "needed"]),
    (3, {"fivetran_connection_history_from": "01.01.2026"}, ["history_from", "2026-02-01", "01.01.2026"]),
    (3, {"fivetran_connection_api_url": "US-01"}, ["fivetran_connection_api_url", "https://rest.", "US-01"]),
    (3, {"fivetran_connection_api_key": ""}, ["fivetran_connection_api_key", "needed"]),
    (3, {"fivetran_connection_storage": "ftp"}, ["fivetran_connection_storage", "s3, gcs, azure or none"]),
]


def test_settings_that_do_not_go_together_are_refused_before_fivetran_is_asked(sandbox: Sandbox) -> None:
    plays = []
    for number, changes, _words in WRONG:
        play = example(sandbox, number, **changes)
        block = {"block": play["tasks"], "rescue": [{"ansible.builtin.debug": {"msg": "refused"}}]}
        plays.append({**play, "tasks": [block]})
    result = run_playbook(sandbox, plays)
    assert result.stats["localhost"]["rescued"] == len(WRONG)
    for (_number, changes, words), refused in zip(WRONG, result.failures(), strict=True):
        for word in words:
            assert word in refused.result["msg"], changes
    assert VAULT["vault_azure_connection_string"] not in result.output
    assert sandbox.journal("fivetran") == []


def test_what_is_undefined_takes_the_place_of_nothing_where_the_play_begins_at_the_last_task(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    assert run_example(sandbox, 0).exit_code == 0
    sandbox.clear_journal()
    play = example(sandbox, 0, fivetran_connection_role_arn="{{ of_a_task_that_was_left_out }}")
    [task] = play["tasks"]
    task["ansible.builtin.import_role"] = task.pop("ansible.builtin.include_role")
    for more in ([], ["--check"]):
        begin = ["--start-at-task", "Bring the Fivetran connection to its state, test it and start it"]
        result = run_playbook(sandbox, [play], *begin, *more)
        [refused] = result.failures()
        assert "fivetran_connection_role_arn: is needed" in refused.result["msg"]
        assert sandbox.writes() == []


BY_HAND: dict[str, Any] = {
    "cloud_storage_type": "GCS",
    "gcs_bucket": world.GCS_BUCKET,
    "gcs_folder": "/currents/",
    "enable_exports": True,
    "export_storage_type": "GCS",
    "gcs_export_bucket": world.GCS_BUCKET,
    "gcs_export_folder": "exports",
    "api_key": world.BRAZE_KEY_SHOP_EU,
}


def make_by_hand(sandbox: Sandbox, **config: Any) -> None:
    """Make the connection of the second example as a person does, and pause it."""
    stored = {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], **BY_HAND, **config}
    place = {"group_id": world.GROUP_ID, "service": "braze", "schema": "braze_shop_eu"}
    made = sandbox.seed("fivetran", "add_connection", **place, config=stored)
    state = {"status": {"setup_state": "connected"}, "succeeded_at": "2026-03-01T14:10:00Z", "paused": True}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], **state)
    sandbox.clear_journal()


SILENCE = ("storage", "bucket", "prefix")


@pytest.mark.parametrize(
    "variables",
    [
        {"fivetran_connection_paused": None, "fivetran_connection_prefix": None},
        pytest.param({f"fivetran_connection_{name}": UNSET for name in SILENCE}, marks=pytest.mark.slow),
    ],
    ids=["the example", "no word of the storage"],
)
def test_what_the_variables_do_not_speak_of_stays_on_a_connection_that_was_made_by_hand(
    sandbox: Sandbox, variables: dict[str, Any]
) -> None:
    make_by_hand(sandbox)
    before = sandbox.state()["fivetran"]
    result = run_example(sandbox, 1, **variables)
    assert result.exit_code == 0, result.output
    assert result.changed("localhost") == 0
    assert sandbox.writes() == []
    assert sandbox.state()["fivetran"] == before


@pytest.mark.slow
def test_exports_that_are_switched_off_by_name_are_switched_off(sandbox: Sandbox) -> None:
    let_fivetran_read(sandbox)
    make_by_hand(sandbox)
    result = run_example(sandbox, 1, fivetran_connection_exports_storage="none")
    assert result.exit_code == 0, result.output
    [connection] = sandbox.state()["fivetran"]["connections"].values()
    assert (connection["config"]["enable_exports"], connection["paused"]) == (False, True)


@pytest.mark.slow
@pytest.mark.parametrize("adopt", [False, True])
def test_a_connection_that_reads_another_bucket_is_changed_only_when_that_is_said(
    sandbox: Sandbox, adopt: bool
) -> None:
    let_fivetran_read(sandbox)
    make_by_hand(sandbox, gcs_bucket="acme-other")
    result = run_example(sandbox, 1, **({"fivetran_connection_adopt": "yes"} if adopt else {}))
    [connection] = sandbox.state()["fivetran"]["connections"].values()
    assert connection["config"]["gcs_bucket"] == (world.GCS_BUCKET if adopt else "acme-other")
    assert (result.exit_code == 0) is adopt
    if not adopt:
        assert sandbox.writes() == []
        for words in ("fivetran_connection_bucket", "'acme-other'", f"'{world.GCS_BUCKET}'", "_adopt: true"):
            assert words in result.messages()


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["fivetran_connection_paused", "fivetran_connection_exports_storage"])
def test_what_is_set_and_cannot_be_evaluated_is_not_taken_for_unset(sandbox: Sandbox, variable: str) -> None:
    make_by_hand(sandbox)
    result = run_example(sandbox, 1, **{variable: "{{ nobody_has_set_this }}"})
    assert result.exit_code != 0
    assert "nobody_has_set_this" in result.output
    assert sandbox.writes() == []


def test_absent_removes_the_connection_and_needs_no_more_than_its_name(sandbox: Sandbox) -> None:
    make_by_hand(sandbox)
    named = {"state": "absent", "group_id": world.GROUP_ID, "schema": "braze_shop_eu"}
    variables = {f"fivetran_connection_{name}": value for name, value in named.items()}
    role = {"role": "onramp.braze_fivetran.fivetran_connection", "vars": variables}
    # Twice in one play; a role that has run would not be run again as a role.
    result = run_playbook(sandbox, [{"hosts": "localhost", "gather_facts": False, "roles": [role]}] * 2)
    assert result.exit_code == 0, result.output
    assert [task["changed"] for task in result.results("onramp.braze_fivetran.fivetran_connection")] == [True, False]
    assert sandbox.state()["fivetran"]["connections"] == {}
