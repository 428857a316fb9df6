# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gcs_bucket_iam_member and gcs_bucket_iam_info with Google's own client against the sandbox."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.iam import BucketPolicy, apply
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import Condition, Grant
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import RetryPolicy
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.collection import MODULES
from tests.modules import ModuleResult, run_module
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

BUCKET = world.GCS_BUCKET
VIEWER = "roles/storage.objectViewer"
FIVETRAN = f"serviceAccount:{world.SERVICE_ACCOUNT}"
CONDITION = {"title": "Only currents", "expression": 'resource.name.startsWith("projects/_/buckets/x/objects/y/")'}
HOURS = {"title": "Hours", "expression": "request.time.getHours() < 20"}
FOREIGN = [
    {"role": VIEWER, "members": ["user:ann@example.com"], "condition": {**CONDITION, "description": "of somebody"}},
    {"role": "roles/storage.admin", "members": ["group:ops@example.com", "user:bob@example.com"]},
]

Run = Callable[..., ModuleResult]


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    def call(check: bool = False, **changes: Any) -> ModuleResult:
        arguments = {"bucket": BUCKET, "member": world.SERVICE_ACCOUNT, "request_timeout": 10, **changes}
        return run_module("gcs_bucket_iam_member", arguments, sandbox.env, check=check)

    return call


@pytest.fixture
def foreign(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Put grants of others on the bucket, one with a condition."""
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=FOREIGN)
    return bindings(sandbox)


def bindings(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.seed("gcs", "policy", bucket=BUCKET)["bindings"])


def members(sandbox: Sandbox, role: str = VIEWER) -> list[str]:
    plain = (entry for entry in bindings(sandbox) if entry["role"] == role and "condition" not in entry)
    return [member for entry in plain for member in entry["members"]]


def writes(sandbox: Sandbox) -> list[int | None]:
    """Return how the tries to write ended."""
    return [entry.status for entry in sandbox.journal("gcs", "buckets.setIamPolicy")]


# One grant


def test_a_bare_address_is_granted_as_a_service_account(sandbox: Sandbox, run: Run) -> None:
    result = run()
    assert result.changed
    assert result["grant"] == {"bucket": BUCKET, "role": VIEWER, "member": FIVETRAN, "condition": None}
    assert members(sandbox) == [FIVETRAN]


def test_a_second_run_reads_once_and_writes_nothing(sandbox: Sandbox, run: Run) -> None:
    run()
    sandbox.clear_journal()
    assert not run().changed
    assert [entry.operation for entry in sandbox.journal()] == ["gcs:buckets.getIamPolicy"]


def test_check_mode_tells_the_change_and_writes_nothing(sandbox: Sandbox, run: Run) -> None:
    result = run(check=True)
    assert result.changed
    assert result["grant"]["member"] == FIVETRAN
    assert result["diff"]["after"] == f"{VIEWER} to {FIVETRAN}\n"
    assert sandbox.writes() == []


def test_the_policy_is_asked_for_with_version_3_and_written_with_its_etag(sandbox: Sandbox, run: Run) -> None:
    etag = sandbox.seed("gcs", "policy", bucket=BUCKET)["etag"]
    run()
    [read] = sandbox.journal("gcs", "buckets.getIamPolicy")
    [write] = sandbox.journal("gcs", "buckets.setIamPolicy")
    assert read.query["optionsRequestedPolicyVersion"] == "3"
    assert write.body["etag"] == etag


def test_grants_of_others_stay_with_their_conditions(sandbox: Sandbox, run: Run, foreign: list[Any]) -> None:
    result = run()
    assert [entry for entry in bindings(sandbox) if entry in foreign] == foreign
    assert result["diff"] == {
        "before_header": f"IAM policy of gs://{BUCKET}",
        "after_header": f"IAM policy of gs://{BUCKET}",
        "before": "",
        "after": f"{VIEWER} to {FIVETRAN}\n",
    }
    run(state="absent")
    assert bindings(sandbox) == foreign


def test_a_grant_is_taken_away_once_and_a_second_time_without_error(sandbox: Sandbox, run: Run) -> None:
    run()
    first, second = run(state="absent"), run(state="absent")
    assert (first.changed, second.changed, second.failed) == (True, False, False)
    assert first["diff"]["before"] == f"{VIEWER} to {FIVETRAN}\n"
    assert members(sandbox) == []


def test_a_condition_is_part_of_the_grant(sandbox: Sandbox, run: Run) -> None:
    assert run(condition=CONDITION).changed
    assert not run(condition=CONDITION).changed
    plain = run()
    assert plain.changed
    assert [other["condition"] for other in plain["other_grants"]] == [CONDITION]
    assert run(state="absent").changed
    assert [entry["condition"] for entry in bindings(sandbox) if FIVETRAN in entry["members"]] == [CONDITION]


def test_a_folder_is_granted_once_and_known_again_whatever_slashes_it_is_given_with(sandbox: Sandbox, run: Run) -> None:
    result = run(folder="/currents/")
    assert result["grant"]["condition"]["title"] == "Fivetran reads currents"
    assert not run(folder="currents").changed
    assert [other["condition"]["title"] for other in run()["other_grants"]] == ["Fivetran reads currents"]
    assert run(folder="currents/", state="absent").changed
    assert members(sandbox) == [FIVETRAN]


def test_the_documented_example_of_a_prefix_limits_to_the_prefix(sandbox: Sandbox, run: Run) -> None:
    module = importlib.import_module(f"{MODULES}.gcs_bucket_iam_member")
    examples = yaml.safe_load(module.EXAMPLES)
    [condition] = [
        task["onramp.braze_fivetran.gcs_bucket_iam_member"]["condition"]
        for task in examples
        if "condition" in task["onramp.braze_fivetran.gcs_bucket_iam_member"]
    ]
    sandbox.seed("gcs", "put_object", bucket=BUCKET, name="payroll/2026.csv", text="secret")
    assert not run(condition=condition).failed
    client = storage.Client(
        project=None,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": sandbox.env["STORAGE_EMULATOR_HOST"]},
        extra_headers={"Authorization": f"Bearer sandbox-service-account:{world.SERVICE_ACCOUNT}"},
    )
    names = [blob.name for blob in client.list_blobs(BUCKET, prefix="currents/", max_results=1, retry=None)]
    assert client.bucket(BUCKET).blob(names[0]).download_as_bytes(retry=None)
    with pytest.raises(Exception, match="403"):
        client.bucket(BUCKET).blob("payroll/2026.csv").download_as_bytes(retry=None)
    with pytest.raises(Exception, match="403"):
        list(client.list_blobs(BUCKET, prefix="payroll/", retry=None))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"member": "fivetran"}, "member: expected the e-mail address of a service account"),
        ({"role": "Storage Object Viewer"}, "role: expected roles/NAME"),
        ({"folder": "/"}, "folder: expected the folder of the bucket to narrow the grant to, such as currents, got"),
        ({"folder": "currents", "condition": CONDITION}, "folder: cannot be given beside condition"),
    ],
)
def test_a_wrong_value_is_refused_before_any_request(
    sandbox: Sandbox, run: Run, changes: dict[str, Any], text: str
) -> None:
    result = run(**changes)
    assert result.code == "invalid_argument"
    assert text in result.msg
    assert sandbox.journal() == []


def test_a_file_of_credentials_that_is_not_there_is_told(sandbox: Sandbox, run: Run) -> None:
    result = run(credentials_file="/nonexistent.json")
    assert result.code == "no_credentials"
    assert "credentials_file: '/nonexistent.json' is not there" in result.msg
    assert sandbox.journal() == []


# Other writers


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_starts_the_whole_change_over(sandbox: Sandbox, run: Run, status: int) -> None:
    sandbox.seed("gcs", "conflicts", status=status)
    sandbox.seed("gcs", "foreign_writes", bucket=BUCKET, times=3)
    before = bindings(sandbox)
    assert run().changed
    assert writes(sandbox) == [status] * 3 + [200]
    assert len(sandbox.journal("gcs", "buckets.getIamPolicy")) == 4
    after = [member for entry in bindings(sandbox) for member in entry["members"]]
    assert sum("another-writer" in member for member in after) == 3
    assert FIVETRAN in after
    assert {entry["role"] for entry in before} <= {entry["role"] for entry in bindings(sandbox)}


def test_a_conflict_that_does_not_end_is_given_up_in_time_and_says_so(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("gcs", "foreign_writes", bucket=BUCKET, times=100000)
    result = run(retry_timeout=1)
    assert result.code == "conflict"
    assert "was changed by others during each of" in result.msg
    assert FIVETRAN not in members(sandbox)


@pytest.mark.slow
def test_eight_plays_at_once_on_one_policy_lose_nothing(sandbox: Sandbox, foreign: list[Any]) -> None:
    hosts = {f"writer{number}": {"member": f"fivetran-{number}@example.iam.gserviceaccount.com"} for number in range(8)}
    # Long enough for all to read the same policy before the first one writes.
    sandbox.latency(0.3)
    play = run_playbook(
        sandbox,
        [
            {
                "hosts": "all",
                "gather_facts": False,
                "tasks": [
                    {"onramp.braze_fivetran.gcs_bucket_iam_member": {"bucket": BUCKET, "member": "{{ member }}"}}
                ],
            }
        ],
        "--forks", "8",
        inventory={"all": {"hosts": hosts, "vars": {"ansible_connection": "local"}}},
    )  # fmt: skip
    assert play.exit_code == 0, play.output
    assert members(sandbox) == sorted(f"serviceAccount:{host['member']}" for host in hosts.values())
    assert [entry for entry in bindings(sandbox) if entry in foreign] == foreign
    assert all(play.changed(host) == 1 for host in hosts)
    assert 412 in writes(sandbox), "they never met, so this has proven nothing"


def test_eight_writers_who_grant_and_take_away_lose_nothing(sandbox: Sandbox, foreign: list[Any]) -> None:
    leaving = [f"serviceAccount:leaving-{number}@example.iam.gserviceaccount.com" for number in range(4)]
    coming = [f"serviceAccount:coming-{number}@example.iam.gserviceaccount.com" for number in range(4)]
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=[*foreign, {"role": VIEWER, "members": leaving}])

    def change(wish: tuple[str, bool]) -> None:
        client = storage.Client(
            project=None,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": sandbox.env["STORAGE_EMULATOR_HOST"]},
        )
        access = BucketPolicy(client.bucket(BUCKET), RetryPolicy(total=60.0))
        member, present = wish
        condition = None if not present else Condition("Only currents", CONDITION["expression"])
        apply(access, Grant(VIEWER, member, condition), present=present)

    wishes = [*((member, False) for member in leaving), *((member, True) for member in coming)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(change, wishes))
    conditional = [entry for entry in bindings(sandbox) if entry.get("condition") == CONDITION]
    assert [entry["members"] for entry in conditional] == [coming]
    assert members(sandbox) == []
    assert [entry for entry in bindings(sandbox) if entry in foreign] == foreign
    assert 412 in writes(sandbox), "they never met, so this has proven nothing"


# What Google refuses, and what gets lost


@pytest.mark.parametrize("status", [400, 412])
@pytest.mark.fact("domain-restricted-sharing")
def test_a_refusal_by_an_organization_policy_fails_at_once_and_says_so(sandbox: Sandbox, run: Run, status: int) -> None:
    sandbox.seed("gcs", "restrict_sharing", bucket=BUCKET, domains=["acme.example"], status=status)
    result = run()
    assert result.code == "organization_policy"
    assert "An organization policy of the bucket's project forbids this member." in result.msg
    assert "constraints/iam.allowedPolicyMemberDomains" in result.msg
    assert "do not belong to a permitted customer" in result["failure"]["message"]
    assert writes(sandbox) == [status]


def test_a_412_with_the_etag_unchanged_is_no_conflict(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("gcs", "create_bucket", name="with-acls", uniform_access=False)
    result = run(bucket="with-acls", condition=CONDITION)
    assert result["failure"]["status"] == 412
    assert "enable uniform bucket-level access" in result["failure"]["message"]
    assert "A condition needs uniform bucket-level access" in result.msg
    assert writes(sandbox) == [412]


def test_after_a_lost_answer_the_grant_is_found_and_reported_as_ours(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("lost_answer", operation="buckets.setIamPolicy")
    result = run()
    assert result.changed
    assert result["diff"]["after"] == f"{VIEWER} to {FIVETRAN}\n"
    assert members(sandbox) == [FIVETRAN]
    assert len(writes(sandbox)) == 1


def test_a_server_error_is_retried(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("status", operation="buckets.setIamPolicy", status=503, times=2)
    assert run().changed
    assert writes(sandbox) == [503, 503, 200]


def test_a_missing_permission_is_named(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("gcs", "deny_owner", permissions=["storage.buckets.setIamPolicy"])
    result = run()
    assert result.code == "forbidden"
    assert "setIamPolicy of bucket acme-currents-eu" in result.msg
    assert "The credentials need storage.buckets.getIamPolicy" in result.msg
    assert writes(sandbox) == [403]


def test_a_bucket_that_does_not_exist_fails_to_be_granted_and_needs_no_removal(run: Run) -> None:
    assert run(bucket="nowhere").code == "notFound"
    gone = run(bucket="nowhere", state="absent")
    assert not gone.failed
    assert not gone.changed
    assert gone.warnings == ["There is no bucket 'nowhere', so there is no grant to remove either. Check the name."]


def test_a_requester_pays_bucket_is_reached_with_a_project_that_pays(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("gcs", "create_bucket", name="paid-by-others", requester_pays=True)
    refused = run(bucket="paid-by-others")
    assert "name the project that pays in user_project" in refused.msg
    assert run(bucket="paid-by-others", user_project="acme-analytics").changed


# gcs_bucket_iam_info


@pytest.mark.usefixtures("foreign")
def test_the_info_module_lists_who_holds_what(sandbox: Sandbox, run: Run) -> None:
    run()
    everything = run_module("gcs_bucket_iam_info", {"bucket": BUCKET}, sandbox.env)
    assert [(grant["member"], grant["role"]) for grant in everything["grants"] if grant["condition"] is None] == [
        ("group:ops@example.com", "roles/storage.admin"),
        ("user:bob@example.com", "roles/storage.admin"),
        (FIVETRAN, VIEWER),
    ]
    assert everything["version"] == 3
    ours = run_module("gcs_bucket_iam_info", {"bucket": BUCKET, "member": world.SERVICE_ACCOUNT}, sandbox.env)
    assert [grant["role"] for grant in ours["grants"]] == [VIEWER]
    by_role = run_module("gcs_bucket_iam_info", {"bucket": BUCKET, "role": "roles/storage.admin"}, sandbox.env)
    assert len(by_role["grants"]) == 2


def test_the_info_module_fails_on_a_bucket_that_does_not_exist(sandbox: Sandbox) -> None:
    result = run_module("gcs_bucket_iam_info", {"bucket": "nowhere"}, sandbox.env)
    assert result.code == "notFound"


@pytest.mark.parametrize(
    ("role", "condition", "folder", "answer", "code"),
    [
        (VIEWER, None, None, "yes", "granted"),
        ("roles/storage.objectAdmin", None, "currents", "yes", "wider_than_needed"),
        (VIEWER, CONDITION, "currents", "no", "elsewhere"),
        (VIEWER, HOURS, "/a/", "unknown", "condition_undecided"),
        ("roles/storage.objectCreator", None, None, "no", "no_grant_on_bucket"),
    ],
)
def test_the_info_module_judges_by_its_effect_what_a_member_holds(
    sandbox: Sandbox, role: str, condition: dict[str, str] | None, folder: str | None, answer: str, code: str
) -> None:
    binding: dict[str, Any] = {"role": role, "members": [FIVETRAN]}
    binding |= {"condition": condition} if condition else {}
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=[binding])
    arguments = {"bucket": BUCKET, "member": world.SERVICE_ACCOUNT, **({"folder": folder} if folder else {})}
    result = run_module("gcs_bucket_iam_info", {**arguments, "role": "roles/storage.admin"}, sandbox.env)
    assert result["grants"] == []
    assert result["effect"]["answer"] == answer
    assert code in [reason["code"] for reason in result["effect"]["reasons"]]
    assert "effect" not in run_module("gcs_bucket_iam_info", {"bucket": BUCKET}, sandbox.env).values


# Access that is there already


def test_by_itself_the_module_makes_sure_of_exactly_the_grant(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=[{"role": "roles/storage.admin", "members": [FIVETRAN]}])
    result = run()
    assert result.changed
    assert "effect" not in result.values
    assert [grant["role"] for grant in result["other_grants"]] == ["roles/storage.admin"]


@pytest.mark.parametrize("preflight", ["ignore", "fail"])
def test_what_suffices_is_adopted_with_one_read_and_without_a_write(sandbox: Sandbox, run: Run, preflight: str) -> None:
    binding = {"role": "roles/storage.objectAdmin", "members": ["group:x@example.com", FIVETRAN]}
    sandbox.seed("gcs", "set_policy", bucket=BUCKET, bindings=[binding])
    for check in (True, False):
        result = run(check, sufficient="adopt", preflight=preflight)
        assert (result.changed, result["effect"]["answer"]) == (False, "yes")
        assert result["grant"] == {"bucket": BUCKET, "role": binding["role"], "member": FIVETRAN, "condition": None}
        assert result["other_grants"] == []
    assert len(sandbox.journal("gcs", "buckets.getIamPolicy")) == 2
    assert writes(sandbox) == []


def test_with_adopt_a_grant_is_made_where_nothing_suffices_and_a_second_run_changes_nothing(
    sandbox: Sandbox, run: Run
) -> None:
    result = run(sufficient="adopt")
    assert (result.changed, result["effect"]["answer"]) == (True, "no")
    assert result["grant"]["role"] == VIEWER
    again = run(sufficient="adopt")
    assert (again.changed, again["effect"]["answer"]) == (False, "yes")
    assert again["grant"] == result["grant"]
    assert members(sandbox) == [FIVETRAN]


def test_with_adopt_a_bucket_that_does_not_exist_fails_and_what_others_change_meanwhile_stays(
    sandbox: Sandbox, run: Run
) -> None:
    assert run(bucket="nowhere", sufficient="adopt").code == "notFound"
    sandbox.seed("gcs", "foreign_writes", bucket=BUCKET, times=2)
    assert run(sufficient="adopt").changed
    assert len(members(sandbox)) == 3
