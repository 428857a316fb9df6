# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role gcs_access alone in a foreign playbook, and what Fivetran can do with its grant and with wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.integration.storage.reading import GCS, Connection
from tests.modules import ModuleResult, run_module
from tests.playbook import LOCAL, PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

MODULE = "onramp.braze_fivetran.gcs_bucket_iam_member"
BUCKET = world.GCS_BUCKET
VIEWER = "roles/storage.objectViewer"
FIVETRAN = f"serviceAccount:{world.SERVICE_ACCOUNT}"
SECRET_OBJECTS = ("payroll/2026.csv", "currents-private/a.avro", "top.txt")

Role = Callable[..., PlayResult]


@pytest.fixture
def role(sandbox: Sandbox) -> Role:
    def call(*arguments: str, **variables: Any) -> PlayResult:
        show = {"name": "Out comes", "ansible.builtin.debug": {"msg": "{{ gcs_access_result.grant }}"}}
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [included(**variables), show]}
        return run_playbook(sandbox, [play], *arguments)

    return call


def included(**variables: Any) -> dict[str, Any]:
    """Return a task that includes the role."""
    named = {f"gcs_access_{name}": value for name, value in variables.items()}
    settings = {"gcs_access_member": world.SERVICE_ACCOUNT, "gcs_access_bucket": BUCKET, **named}
    return {"ansible.builtin.include_role": {"name": "onramp.braze_fivetran.gcs_access"}, "vars": settings}


def one_after_the_other(sandbox: Sandbox, *times: Mapping[str, Any]) -> PlayResult:
    """Include the role several times in one play; one that refuses is no obstacle to the next."""
    rescue = [{"ansible.builtin.debug": {"msg": "refused"}}]
    tasks = [{"block": [included(**variables)], "rescue": rescue} for variables in times]
    return run_playbook(sandbox, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])


def grant(sandbox: Sandbox) -> ModuleResult:
    """Grant as the role does without further variables; what it makes of variables is tested with plays."""
    arguments = {"bucket": BUCKET, "member": world.SERVICE_ACCOUNT, "sufficient": "adopt", "preflight": "fail"}
    return run_module("gcs_bucket_iam_member", arguments, sandbox.env)


def grant_of(play: PlayResult) -> Any:
    assert play.exit_code == 0, play.output
    [result] = [task.result for task in play.tasks if task.task == "Out comes"]
    return result["msg"]


def as_fivetran(sandbox: Sandbox, method: str, path: str, **parameters: Any) -> int:
    """Return how Google answers Fivetran's service account."""
    answer = requests.request(
        method,
        sandbox.env["STORAGE_EMULATOR_HOST"] + path,
        headers={"Authorization": f"Bearer sandbox-service-account:{world.SERVICE_ACCOUNT}"},
        timeout=10,
        **parameters,
    )
    return answer.status_code


def lists(sandbox: Sandbox, prefix: str, bucket: str = BUCKET) -> bool:
    return as_fivetran(sandbox, "GET", f"/storage/v1/b/{bucket}/o", params={"prefix": prefix}) == 200


def reads(sandbox: Sandbox, name: str, bucket: str = BUCKET) -> bool:
    path = f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
    return as_fivetran(sandbox, "GET", path, params={"alt": "media"}) == 200


def test_a_bucket_is_granted_rerun_and_cleared(sandbox: Sandbox, role: Role) -> None:
    before = sandbox.seed("gcs", "policy", bucket=BUCKET)["bindings"]
    checked = role("--check", "--diff")
    expected = {"bucket": BUCKET, "role": VIEWER, "member": FIVETRAN, "condition": None}
    assert grant_of(checked) == expected
    assert checked.changed("localhost") == 1
    assert f"+{VIEWER} to {FIVETRAN}" in checked.output
    assert sandbox.writes() == []

    assert grant_of(role()) == expected
    assert Connection(sandbox, GCS).problems() == []
    sandbox.clear_journal()
    further = one_after_the_other(sandbox, {}, {"state": "absent"}, {"state": "absent"})
    assert [result["changed"] for result in further.results(MODULE)] == [False, True, False]
    assert further.stats["localhost"]["rescued"] == 0
    assert len(sandbox.writes()) == 1
    assert sandbox.seed("gcs", "policy", bucket=BUCKET)["bindings"] == before


def test_scope_prefix_reads_and_lists_the_folder_and_nothing_else(sandbox: Sandbox, role: Role) -> None:
    for name in SECRET_OBJECTS:
        sandbox.seed("gcs", "put_object", bucket=BUCKET, name=name, text="secret")
    grant = grant_of(role(scope="prefix", prefix=f"/{world.PREFIX}/"))
    assert grant["condition"]["title"] == "Fivetran reads currents"
    assert Connection(sandbox, GCS).problems() == []
    assert lists(sandbox, "currents/")
    assert lists(sandbox, "currents")
    assert not any(reads(sandbox, name) for name in SECRET_OBJECTS)
    assert not any(lists(sandbox, prefix) for prefix in ("", "payroll/", "currents-private/", "cur"))
    # The same grant, whatever slashes the folder is given with.
    assert role(scope="prefix", prefix=world.PREFIX, state="absent").changed("localhost") == 1


def test_reading_is_all_there_is(sandbox: Sandbox) -> None:
    sandbox.seed("gcs", "create_bucket", name="payroll")
    sandbox.seed("gcs", "put_object", bucket="payroll", name="2026.csv", text="secret")
    sandbox.seed("gcs", "put_object", bucket=BUCKET, name="currents/a.avro", text="data")
    assert grant(sandbox).changed
    assert reads(sandbox, "currents/a.avro")
    upload = f"/upload/storage/v1/b/{BUCKET}/o"
    assert as_fivetran(sandbox, "POST", upload, params={"uploadType": "media", "name": "x"}, data=b"x") == 403
    assert as_fivetran(sandbox, "DELETE", f"/storage/v1/b/{BUCKET}/o/{quote('currents/a.avro', safe='')}") == 403
    assert as_fivetran(sandbox, "GET", f"/storage/v1/b/{BUCKET}/iam") == 403
    assert as_fivetran(sandbox, "GET", "/storage/v1/b", params={"project": "acme-analytics"}) == 403
    assert not lists(sandbox, "", bucket="payroll")
    assert not reads(sandbox, "2026.csv", bucket="payroll")


BINDINGS: dict[str, list[dict[str, Any]]] = {
    "no grant": [],
    "a role that does not list": [{"role": "roles/storage.legacyObjectReader", "members": [FIVETRAN]}],
    "a role that does not read": [{"role": "roles/storage.legacyBucketReader", "members": [FIVETRAN]}],
    "a role that writes only": [{"role": "roles/storage.objectCreator", "members": [FIVETRAN]}],
    "the service account of another group": [
        {"role": VIEWER, "members": [f"serviceAccount:{world.SECOND_SERVICE_ACCOUNT}"]}
    ],
    "a user instead of a service account": [{"role": VIEWER, "members": [f"user:{world.SERVICE_ACCOUNT}"]}],
    "another prefix": [
        {
            "role": VIEWER,
            "members": [FIVETRAN],
            "condition": {
                "title": "t",
                "expression": f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/other/")',
            },
        }
    ],
}


@pytest.mark.parametrize("wrong", BINDINGS)
def test_a_wrong_grant_is_refused_by_fivetrans_tests(sandbox: Sandbox, wrong: str) -> None:
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=BINDINGS[wrong])
    [problem] = Connection(sandbox, GCS).problems()
    assert problem.startswith("Access Google Cloud Storage Bucket:")


def test_a_grant_on_another_bucket_is_refused(sandbox: Sandbox) -> None:
    sandbox.seed("gcs", "create_bucket", name="other")
    sandbox.seed("gcs", "set_policy", bucket="other", bindings=[{"role": VIEWER, "members": [FIVETRAN]}])
    [problem] = Connection(sandbox, GCS).problems()
    assert "does not have storage.objects.list access" in problem


@pytest.mark.slow
def test_a_binding_that_a_careless_second_writer_loses_is_refused_and_repaired(sandbox: Sandbox, role: Role) -> None:
    stale = sandbox.seed("gcs", "policy", bucket=BUCKET)["bindings"]
    role()
    connection = Connection(sandbox, GCS)
    assert connection.problems() == []
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=stale)
    assert connection.problems() != []
    assert role().changed("localhost") == 1
    assert connection.problems() == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no_prefix": ({"gcs_access_scope": "prefix"}, "gcs_access_prefix: is needed with gcs_access_scope: prefix."),
    # A loop that leaves the folder out must not end with a grant on the whole bucket.
    "omitted_prefix": (
        {"gcs_access_scope": "prefix", "gcs_access_prefix": "{{ omit }}"},
        "gcs_access_prefix: is needed with gcs_access_scope: prefix.",
    ),
    "member": ({"gcs_access_member": "allUsers"}, "gcs_access_member: expected the e-mail address"),
    "two_conditions": (
        {
            "gcs_access_scope": "prefix",
            "gcs_access_prefix": "currents",
            "gcs_access_condition": {"title": "t", "expression": "true"},
        },
        "gcs_access_condition: cannot be given with gcs_access_scope: prefix",
    ),
    "role": ({"gcs_access_role": "Storage Object Viewer"}, "role: expected roles/NAME"),
    "missing": ({"gcs_access_bucket": "nowhere"}, "There is no bucket nowhere."),
}


def test_a_wrong_variable_is_refused_by_name_before_anything_is_written(sandbox: Sandbox) -> None:
    right = {"gcs_access_member": world.SERVICE_ACCOUNT, "gcs_access_bucket": BUCKET, **LOCAL}
    hosts = {name: {**right, **wrong} for name, (wrong, _text) in WRONG.items()}
    play = {"hosts": "all", "gather_facts": False, "roles": ["onramp.braze_fivetran.gcs_access"]}
    result = run_playbook(sandbox, [play], inventory={"all": {"hosts": hosts}})
    for name, (_wrong, text) in WRONG.items():
        assert text in result.messages(name), f"{name}: {result.messages(name)}"
    assert sandbox.writes() == []


def test_a_condition_of_ones_own_is_granted_as_it_is(sandbox: Sandbox, role: Role) -> None:
    condition = {"title": "For a while", "expression": 'request.time < timestamp("2100-01-01T00:00:00Z")'}
    assert grant_of(role(condition=condition))["condition"] == condition
    assert Connection(sandbox, GCS).problems() == []


# Access that is there already

CUSTOM = "projects/acme-analytics/roles/fivetranReader"
OBJECTS = f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/{world.PREFIX}/")'
LISTS = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("currents/")'


def hold(sandbox: Sandbox, role: str, member: str = FIVETRAN, when: str = "") -> list[dict[str, Any]]:
    """Let the bucket have one grant, made by hand; return its policy."""
    condition = {"condition": {"title": "Only some", "expression": when}} if when else {}
    bindings = [{"role": role, "members": [member], **condition}]
    sandbox.seed("gcs", "define_role", role=CUSTOM, permissions=["storage.objects.get", "storage.objects.list"])
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=bindings)
    return list(sandbox.seed("gcs", "policy", bucket=BUCKET)["bindings"])


def policy(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.seed("gcs", "policy", bucket=BUCKET)["bindings"])


def result_of(play: PlayResult) -> Any:
    """Return what the module returned last."""
    return [task.result for task in play.tasks if task.action.startswith("onramp.braze_fivetran.gcs_bucket_iam")][-1]


@pytest.mark.slow
def test_what_suffices_is_adopted_and_told_until_exactly_the_grant_is_asked_for(sandbox: Sandbox, role: Role) -> None:
    before = hold(sandbox, "roles/storage.objectAdmin")
    for arguments in (("--check",), ()):
        adopted = role(*arguments)
        assert grant_of(adopted)["role"] == "roles/storage.objectAdmin"
        assert adopted.changed("localhost") == 0
        codes = [reason["code"] for reason in result_of(adopted)["effect"]["reasons"]]
        assert codes == ["granted", "wider_than_needed"]
    assert role(state="absent").changed("localhost") == 0
    assert policy(sandbox) == before
    assert sandbox.writes() == []
    assert role(sufficient="exact").changed("localhost") == 1
    assert role(state="absent").changed("localhost") == 1
    assert policy(sandbox) == before


@pytest.mark.slow
def test_a_condition_suffices_for_the_folder_that_the_role_is_told_of(sandbox: Sandbox, role: Role) -> None:
    before = hold(sandbox, VIEWER, when=f"{OBJECTS} || {LISTS}")
    assert role(prefix=world.PREFIX).changed("localhost") == 0
    assert role(scope="prefix", prefix=world.PREFIX).changed("localhost") == 0
    assert "gcs_access_scope: prefix" in role().messages()
    assert policy(sandbox) == before


@pytest.mark.parametrize(("name", "when"), [(CUSTOM, ""), pytest.param(VIEWER, OBJECTS, marks=pytest.mark.slow)])
def test_what_cannot_be_told_is_refused_with_the_ways_out_and_not_widened(
    sandbox: Sandbox, name: str, when: str
) -> None:
    before = hold(sandbox, name, when=when)
    sandbox.seed("gcs", "deny_owner", permissions=["iam.roles.get"])
    folder = {"prefix": world.PREFIX}
    result = one_after_the_other(sandbox, folder, {**folder, "manage": False}, {**folder, "scope": "prefix"})
    # All but the first are ways out, and the last one is the only one that writes.
    assert result.stats["localhost"]["rescued"] == 1
    refused, granted = result.results(MODULE)
    assert refused["failure"]["code"] == "grant_undecided"
    for words in (
        name,
        "gcs_access_manage: false",
        "gcs_access_role",
        "gcs_access_scope: prefix",
        "gcs_access_sufficient",
    ):
        assert words in result.messages()
    assert granted["changed"]
    [written] = [binding for binding in policy(sandbox) if binding not in before]
    assert written["condition"]["title"] == "Fivetran reads currents"
    assert all(binding in policy(sandbox) for binding in before)
    assert len(sandbox.writes()) == 1


@pytest.mark.slow
def test_a_custom_role_that_can_be_read_is_adopted_and_one_that_is_too_narrow_is_not_granted(
    sandbox: Sandbox, role: Role
) -> None:
    before = hold(sandbox, CUSTOM)
    assert grant_of(role(prefix=world.PREFIX))["role"] == CUSTOM
    assert policy(sandbox) == before
    sandbox.seed("gcs", "define_role", role=CUSTOM, permissions=["storage.objects.get"])
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=[])
    refused = role(prefix=world.PREFIX, role=CUSTOM)
    assert result_of(refused)["failure"]["code"] == "grant_too_narrow"
    assert f"{CUSTOM} does not allow storage.objects.list" in refused.messages()
    assert policy(sandbox) == []


def test_a_group_does_not_keep_the_role_from_granting(sandbox: Sandbox) -> None:
    hold(sandbox, VIEWER, "group:readers@acme.example")
    assert grant(sandbox).changed
    assert policy(sandbox)[0]["members"] == ["group:readers@acme.example", FIVETRAN]


@pytest.mark.slow
def test_a_grant_of_somebody_else_is_judged_and_never_written(sandbox: Sandbox, role: Role) -> None:
    before = policy(sandbox)
    missing = role(manage=False)
    assert "gcs_access_manage: the grant on gs://acme-currents-eu is somebody else's" in missing.messages()
    assert "gcs_access_preflight: warn" in missing.messages()
    assert role(manage=False, preflight="warn").exit_code == 0
    assert role(manage=False, state="absent").exit_code == 0
    assert policy(sandbox) == before
    before = hold(sandbox, VIEWER)
    found = role("--check", manage=False)
    assert result_of(found)["effect"]["answer"] == "yes"
    assert role(manage=False, state="absent").exit_code == 0
    assert policy(sandbox) == before
    assert sandbox.writes() == []
