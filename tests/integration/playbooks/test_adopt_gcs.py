# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks on buckets that Fivetran may read already: nobody's grant changes, and none is called missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.integration.playbooks.fleet import connections, findings, play
from tests.integration.playbooks.plans import YES, planned, says
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

EU = ("--limit", "shop_eu")
VIEWER = "roles/storage.objectViewer"
CUSTOM = "projects/acme-analytics/roles/fivetranReader"
FIVETRAN = f"serviceAccount:{world.SERVICE_ACCOUNT}"
READERS = "group:readers@acme.example"
OBJECTS = f'resource.name.startsWith("projects/_/buckets/{world.GCS_BUCKET}/objects/{world.PREFIX}/")'
LISTS = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("currents/")'
READS = ["storage.objects.get", "storage.objects.list"]

Binding = dict[str, Any]


def binding(role: str, member: str = FIVETRAN, when: str = "") -> Binding:
    held: Binding = {"role": role, "members": [member]}
    return {**held, "condition": {"title": "Only some", "expression": when}} if when else held


def policy(sandbox: Sandbox) -> list[Binding]:
    return list(sandbox.seed("gcs", "policy", bucket=world.GCS_BUCKET)["bindings"])


def hold(sandbox: Sandbox, *bindings: Binding) -> list[Binding]:
    """Add grants to what a new bucket has, as somebody would by hand or by Terraform; return the policy."""
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[*policy(sandbox), *bindings])
    return policy(sandbox)


def connect(sandbox: Sandbox) -> None:
    """Make the connection of shop_eu by hand, and save and test it."""
    config = {
        "api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "api_key": world.BRAZE_KEY_SHOP_EU,
        "cloud_storage_type": "GCS",
        "gcs_bucket": world.GCS_BUCKET,
        "gcs_folder": world.PREFIX,
    }
    fields = {"group_id": world.GROUP_ID, "service": "braze", "schema": "braze_shop_eu", "paused": False}
    made = sandbox.seed("fivetran", "add_connection", **fields, config=config)
    answer = requests.post(
        f"{sandbox.env['FIVETRAN_API_URL']}/v1/connections/{made['id']}/test",
        data="{}",
        headers={"Accept": "application/json;version=2", "Content-Type": "application/json"},
        auth=(sandbox.env["FIVETRAN_APIKEY"], sandbox.env["FIVETRAN_APISECRET"]),
        timeout=60,
    )
    assert {test["status"] for test in answer.json()["data"]["setup_tests"]} == {"PASSED"}
    sandbox.clear_journal()


def object_admin(sandbox: Sandbox) -> list[Binding]:
    return hold(sandbox, binding("roles/storage.objectAdmin"))


def legacy_readers(sandbox: Sandbox) -> list[Binding]:
    return hold(sandbox, binding("roles/storage.legacyBucketReader"), binding("roles/storage.legacyObjectReader"))


def folder_in_other_words(sandbox: Sandbox) -> list[Binding]:
    return hold(sandbox, binding(VIEWER, when=f"{LISTS} || ({OBJECTS})"))


def custom_role(sandbox: Sandbox) -> list[Binding]:
    sandbox.seed("gcs", "define_role", role=CUSTOM, permissions=READS)
    return hold(sandbox, binding(CUSTOM))


def secret_role(sandbox: Sandbox) -> list[Binding]:
    sandbox.seed("gcs", "deny_owner", permissions=["iam.roles.get"])
    return custom_role(sandbox)


def objects_of_the_folder(sandbox: Sandbox) -> list[Binding]:
    sandbox.seed("gcs", "list_by_objects", allowed=True)
    return hold(sandbox, binding(VIEWER, when=OBJECTS))


def group(sandbox: Sandbox) -> list[Binding]:
    sandbox.seed("gcs", "set_group", name=READERS, emails=[world.SERVICE_ACCOUNT])
    return hold(sandbox, binding(VIEWER, READERS))


Shape = Callable[[Sandbox], list[Binding]]
SHAPES: dict[str, tuple[Shape, str]] = {
    "W-34 Object Admin": (object_admin, "allows more than listing and reading"),
    "the legacy pair": (legacy_readers, "roles/storage.legacyObjectReader"),
    "G07 the folder in other words": (folder_in_other_words, "under the condition Only some"),
    "W-36 a custom role": (custom_role, f"holds {CUSTOM}"),
    "W-36 a custom role that may not be read": (secret_role, "iam.roles.get"),
    "W-37 objects of the folder": (objects_of_the_folder, "listing is asked of the bucket"),
    "W-39 a group": (group, READERS),
}


def access_findings(result: PlayResult) -> list[str]:
    return [message for step, message in findings(result, "shop_eu") if step == "access"]


def notes(result: PlayResult) -> str:
    plan = planned(result)["shop_eu"]
    return json.dumps([plan["noticed"], plan["warnings"], plan["unverified"]])


def assert_untouched(sandbox: Sandbox, before: list[Binding]) -> None:
    assert policy(sandbox) == before
    assert [entry for entry in sandbox.writes() if entry.server == "gcs"] == []


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_a_connection_made_by_hand_keeps_the_access_that_it_has_through_all_playbooks(
    sandbox: Sandbox, shape: str
) -> None:
    make, words = SHAPES[shape]
    before = make(sandbox)
    connect(sandbox)
    for playbook, arguments in (("onboard", ("--check",)), ("onboard", ()), ("verify", ())):
        result = play(sandbox, playbook, *EU, *arguments)
        assert "grant" not in [
            change["kind"] for change in planned(result)["shop_eu"]["changes"] if change["action"] != "none"
        ]
        says(notes(result), words)
        assert access_findings(result) == []
        assert_untouched(sandbox, before)
    assert connections(sandbox)["braze_shop_eu"]["status"]["setup_state"] == "connected"
    result = play(sandbox, "offboard", *EU, *YES)
    assert result.exit_code == 0, result.output
    assert connections(sandbox) == {}
    assert_untouched(sandbox, before)
    kept = [grant["role"] for grant in before if grant["members"] == [FIVETRAN]]
    says(notes(result), *kept, *(["stays"] if kept else []))


@pytest.mark.parametrize("make", [object_admin, pytest.param(custom_role, marks=pytest.mark.slow)])
def test_a_new_workspace_is_onboarded_with_what_suffices_and_leaves_it_behind(sandbox: Sandbox, make: Shape) -> None:
    before = make(sandbox)
    result = play(sandbox, "onboard", *EU)
    assert result.exit_code == 0, result.output
    assert connections(sandbox)["braze_shop_eu"]["status"]["setup_state"] == "connected"
    assert_untouched(sandbox, before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "ways_out"),
    [
        (secret_role, ["gcs_access_manage=false", f"gcs_access_role={CUSTOM}"]),
        (objects_of_the_folder, ["gcs_access_manage=false", "gcs_access_scope=prefix"]),
    ],
)
def test_a_new_workspace_is_asked_about_what_cannot_be_told_and_each_way_out_works(
    sandbox: Sandbox, make: Shape, ways_out: list[str]
) -> None:
    new = policy(sandbox)
    before = make(sandbox)
    refused = play(sandbox, "onboard", *EU)
    assert refused.exit_code != 0
    says(refused.messages("shop_eu"), *(way_out.replace("=", ": ") for way_out in ways_out))
    assert sandbox.writes() == []
    for way_out in ways_out:
        result = play(sandbox, "onboard", *EU, "-e", way_out)
        assert result.exit_code == 0, result.output
        assert connections(sandbox)["braze_shop_eu"]["status"]["setup_state"] == "connected"
        assert [grant for grant in policy(sandbox) if grant in before] == before
        result = play(sandbox, "offboard", *EU, *YES, "-e", way_out)
        assert result.exit_code == 0, result.output
        # A grant bears no mark of who has made it: what the settings name is theirs.
        assert policy(sandbox) == (new if "role" in way_out else before)


@pytest.mark.slow
def test_a_group_that_may_help_keeps_nobody_from_the_grant_of_a_new_workspace(sandbox: Sandbox) -> None:
    before = hold(sandbox, binding(VIEWER, READERS))
    result = play(sandbox, "onboard", *EU)
    assert result.exit_code == 0, result.output
    assert policy(sandbox) != before
    [held] = [grant for grant in policy(sandbox) if grant["role"] == VIEWER]
    assert held["members"] == sorted([READERS, FIVETRAN])
    result = play(sandbox, "offboard", *EU, *YES)
    assert policy(sandbox) == before


@pytest.mark.slow
def test_what_is_granted_on_the_project_is_not_called_missing_and_can_be_said_to_be_there(sandbox: Sandbox) -> None:
    before = policy(sandbox)
    sandbox.seed("gcs", "set_project_policy", bindings=[binding(VIEWER)])
    connect(sandbox)
    [message] = access_findings(play(sandbox, "verify", *EU))
    says(message, "not visible from here", "project", "gcs_access_manage: false")
    theirs = ("-e", "gcs_access_manage=false")
    for playbook in ("verify", "onboard", "verify"):
        result = play(sandbox, playbook, *EU, *theirs)
        assert access_findings(result) == []
        assert_untouched(sandbox, before)
    play(sandbox, "offboard", *EU, *YES, *theirs)
    assert_untouched(sandbox, before)
    # A new workspace, of which Fivetran says nothing yet.
    refused = play(sandbox, "onboard", *EU, *theirs)
    says(refused.messages("shop_eu"), "gcs_access_manage:", "gcs_access_preflight: warn")
    result = play(sandbox, "onboard", *EU, *theirs, "-e", "gcs_access_preflight=warn")
    assert result.exit_code == 0, result.output
    assert connections(sandbox)["braze_shop_eu"]["status"]["setup_state"] == "connected"
    assert_untouched(sandbox, before)


@pytest.mark.slow
def test_a_grant_of_somebody_else_is_used_and_left_by_all_playbooks(sandbox: Sandbox) -> None:
    before = hold(sandbox, binding(VIEWER))
    theirs = (*EU, "-e", "gcs_access_manage=false")
    for playbook, arguments in (("onboard", ("--check",)), ("onboard", ()), ("verify", ()), ("offboard", YES)):
        result = play(sandbox, playbook, *theirs, *arguments)
        assert result.exit_code == 0, result.output
        assert_untouched(sandbox, before)
    assert connections(sandbox) == {}
    assert "somebody else's" in notes(result)
