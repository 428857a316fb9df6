# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google's own client against the sandbox's server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from google.api_core.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RequestRangeNotSatisfiable,
)
from google.cloud import storage
from google.oauth2.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.core import Hub
from tests.sandbox.gcs import PROJECT, Gcs
from tests.sandbox.gcs_conditions import LIST_PREFIX
from tests.sandbox.gcs_objects import Query
from tests.sandbox.tests.serving import serving, writes

BUCKET = "acme-currents-eu"
READER = "g-jovial-daylight@fivetran-sandbox-4711.iam.gserviceaccount.com"
VIEWER = "roles/storage.objectViewer"
IN_PREFIX = f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/currents/")'
LISTS_PREFIX = f'api.getAttribute("{LIST_PREFIX}", "").startsWith("currents/")'
NAMES = ("currents/a.avro", "currents/b.avro", "currents/deep/c.avro", "other/d.txt")


@pytest.fixture(scope="module")
def running() -> Iterator[Gcs]:
    gcs = Gcs(Hub())
    with serving(gcs.hub):
        yield gcs


@pytest.fixture(autouse=True)
def gcs(running: Gcs, monkeypatch: pytest.MonkeyPatch) -> Gcs:
    running.reset()
    running.hub.reset()
    running.control_create_bucket(BUCKET)
    running.put_objects(BUCKET, [(name, name.encode()) for name in NAMES])
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    return running


def client(service_account: str | None = None) -> Any:
    credentials = Credentials(token=f"sandbox-service-account:{service_account}") if service_account else None
    return storage.Client(project=PROJECT, credentials=credentials)


def read(bucket: Any) -> Any:
    return bucket.get_iam_policy(requested_policy_version=3)


def grant(email: str, role: str = VIEWER, **condition: str) -> None:
    """Grant with Google's client, and with a condition if ``expression`` is given."""
    bucket = client().bucket(BUCKET)
    policy = read(bucket)
    binding: dict[str, Any] = {"role": role, "members": {f"serviceAccount:{email}"}}
    if condition:
        binding["condition"] = {"title": "sandbox", **condition}
        policy.version = 3
    policy.bindings.append(binding)
    bucket.set_iam_policy(policy)


def members(gcs: Gcs, role: str = VIEWER) -> list[str]:
    return [
        member
        for binding in gcs.control_policy(BUCKET)["bindings"]
        if binding["role"] == role
        for member in binding["members"]
    ]


def attempts(action: Callable[[], Any]) -> str:
    """Return ``ok``, or the class of Google's error."""
    try:
        action()
    except GoogleAPICallError as error:
        return type(error).__name__
    return "ok"


# Buckets


def test_a_bucket_is_made_read_changed_and_listed(gcs: Gcs) -> None:
    made = client().bucket("acme-new")
    made.iam_configuration.uniform_bucket_level_access_enabled = True
    made.create(location="EU")
    made.labels = {"team": "data"}
    made.patch()

    found = client().get_bucket("acme-new")

    assert found.iam_configuration.uniform_bucket_level_access_enabled
    assert (found.location, found.labels, found.requester_pays) == ("EU", {"team": "data"}, False)
    assert [bucket.name for bucket in client().list_buckets()] == [BUCKET, "acme-new"]
    assert attempts(lambda: client().create_bucket("acme-new")) == "Conflict"
    assert [entry.operation for entry in writes(gcs.hub)] == ["gcs:buckets.insert", "gcs:buckets.patch"]


@pytest.mark.parametrize(
    "action",
    [
        lambda bucket: bucket.reload(),
        lambda bucket: bucket.get_iam_policy(requested_policy_version=3),
        lambda bucket: list(bucket.list_blobs()),
        lambda bucket: bucket.blob("a").download_as_bytes(),
        lambda bucket: bucket.test_iam_permissions(["storage.objects.get"]),
    ],
)
def test_a_missing_bucket_is_a_404_that_says_so(action: Callable[[Any], Any]) -> None:
    with pytest.raises(NotFound, match="specified bucket does not exist"):
        action(client().bucket("acme-missing"))


def test_what_is_not_implemented_is_refused_instead_of_ignored() -> None:
    with pytest.raises(BadRequest, match="matchGlob"):
        list(client().bucket(BUCKET).list_blobs(match_glob="**"))


# The policy: versions, etags, conflicts


def test_a_new_bucket_has_the_projects_own_bindings() -> None:
    policy = read(client().bucket(BUCKET))

    assert policy.version == 1
    assert {binding["role"] for binding in policy.bindings} == {
        "roles/storage.legacyBucketOwner",
        "roles/storage.legacyBucketReader",
        "roles/storage.legacyObjectOwner",
        "roles/storage.legacyObjectReader",
    }


def test_a_grant_is_kept_and_changes_the_etag(gcs: Gcs) -> None:
    before = read(client().bucket(BUCKET)).etag

    grant(READER)

    after = read(client().bucket(BUCKET))
    assert after.etag != before
    assert members(gcs) == [f"serviceAccount:{READER}"]
    assert [entry.operation for entry in writes(gcs.hub)] == ["gcs:buckets.setIamPolicy"]


def test_a_stale_etag_is_refused_and_nothing_is_lost(gcs: Gcs) -> None:
    mine = read(client().bucket(BUCKET))
    grant("somebody-else@example.com")
    mine.bindings.append({"role": VIEWER, "members": {f"serviceAccount:{READER}"}})

    with pytest.raises(PreconditionFailed, match="pre-conditions you specified did not hold"):
        client().bucket(BUCKET).set_iam_policy(mine)

    assert members(gcs) == ["serviceAccount:somebody-else@example.com"]


def test_a_conflict_can_be_answered_with_409(gcs: Gcs) -> None:
    gcs.control_conflicts(409)
    mine = read(client().bucket(BUCKET))
    grant(READER)

    with pytest.raises(Conflict):
        client().bucket(BUCKET).set_iam_policy(mine)


def test_without_an_etag_the_last_writer_wins_and_the_others_grant_is_lost(gcs: Gcs) -> None:
    mine = read(client().bucket(BUCKET))
    grant("somebody-else@example.com")
    mine.etag = None
    mine.bindings.append({"role": VIEWER, "members": {f"serviceAccount:{READER}"}})

    client().bucket(BUCKET).set_iam_policy(mine)

    assert members(gcs) == [f"serviceAccount:{READER}"]


def test_of_eight_writers_with_one_etag_exactly_one_succeeds(gcs: Gcs) -> None:
    everybody_has_read = threading.Barrier(8)

    def write(number: int) -> str:
        bucket = client().bucket(BUCKET)
        policy = read(bucket)
        everybody_has_read.wait(timeout=10)
        policy.bindings.append({"role": VIEWER, "members": {f"serviceAccount:writer-{number}@example.com"}})
        return attempts(lambda: bucket.set_iam_policy(policy))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(write, range(8)))

    assert sorted(outcomes) == ["PreconditionFailed"] * 7 + ["ok"]
    assert len(members(gcs)) == 1


def test_eight_writers_that_start_over_after_a_412_lose_nothing(gcs: Gcs) -> None:
    everybody_is_ready = threading.Barrier(8)

    def write(number: int) -> None:
        everybody_is_ready.wait(timeout=10)
        # Each round lets at least one of the writers through.
        for _try in range(8):
            try:
                grant(f"writer-{number}@example.com")
                return
            except PreconditionFailed:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    assert members(gcs) == [f"serviceAccount:writer-{number}@example.com" for number in range(8)]


def test_a_faster_writer_can_be_scripted(gcs: Gcs) -> None:
    gcs.control_foreign_writes(BUCKET, 2)

    outcomes = [attempts(lambda: grant(READER)) for _try in range(3)]

    assert outcomes == ["PreconditionFailed", "PreconditionFailed", "ok"]
    assert len(members(gcs)) == 3


def test_bindings_come_merged_and_members_once(gcs: Gcs) -> None:
    grant(READER)
    grant(READER.upper())

    assert members(gcs) == [f"serviceAccount:{READER}"]


def test_an_empty_binding_disappears() -> None:
    grant(READER)
    bucket = client().bucket(BUCKET)
    policy = read(bucket)
    for binding in policy.bindings:
        binding["members"].discard(f"serviceAccount:{READER}")

    returned = bucket.set_iam_policy(policy)

    assert all(binding["role"] != VIEWER for binding in returned.bindings)


# Conditions


def test_a_condition_needs_version_3() -> None:
    bucket = client().bucket(BUCKET)
    policy = read(bucket)
    condition = {"title": "t", "expression": "true"}
    policy.bindings.append({"role": VIEWER, "members": {f"serviceAccount:{READER}"}, "condition": condition})

    with pytest.raises(BadRequest, match="at least 3"):
        bucket.set_iam_policy(policy)

    policy.version = 3
    assert bucket.set_iam_policy(policy).version == 3
    assert condition in [binding.get("condition") for binding in read(bucket).bindings]


def test_a_condition_without_uniform_access_is_a_412_that_no_retry_cures(gcs: Gcs) -> None:
    gcs.control_create_bucket(BUCKET, uniform_access=False)
    before = read(client().bucket(BUCKET)).etag

    with pytest.raises(PreconditionFailed, match="enable uniform bucket-level access"):
        grant(READER, expression="true")

    assert read(client().bucket(BUCKET)).etag == before


def test_uniform_access_stays_while_there_are_conditions() -> None:
    grant(READER, expression="true")
    bucket = client().get_bucket(BUCKET)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = False

    with pytest.raises(BadRequest):
        bucket.patch()


def test_readers_of_old_versions_see_conditions_hidden_behind_a_hash() -> None:
    grant(READER, expression="true")
    bucket = client().bucket(BUCKET)

    old = bucket.get_iam_policy()

    hidden = [binding for binding in old.bindings if binding["role"].startswith(f"{VIEWER}_withcond_")]
    assert len(hidden) == 1
    assert "condition" not in hidden[0]
    # Such a policy cannot be written back, so the condition cannot get lost by accident.
    assert attempts(lambda: bucket.set_iam_policy(old)) == "BadRequest"


def test_readers_of_old_versions_can_be_refused(gcs: Gcs) -> None:
    gcs.control_old_policy_versions(refused=True)
    grant(READER, expression="true")

    with pytest.raises(BadRequest, match="cannot be less than the existing policy version"):
        client().bucket(BUCKET).get_iam_policy()

    assert read(client().bucket(BUCKET)).version == 3


def test_a_writer_of_an_old_version_cannot_drop_a_condition_with_an_etag(gcs: Gcs) -> None:
    grant(READER, expression="true")
    bucket = client().bucket(BUCKET)
    policy = read(bucket)
    policy.bindings = [binding for binding in policy.bindings if "condition" not in binding]
    policy.version = 1

    assert attempts(lambda: bucket.set_iam_policy(policy)) == "BadRequest"
    policy.version = 3
    assert attempts(lambda: bucket.set_iam_policy(policy)) == "ok"
    assert members(gcs) == []


@pytest.mark.parametrize(
    ("role", "member", "condition"),
    [
        ("roles/storage.viewer", f"serviceAccount:{READER}", None),
        ("projects/acme-analytics/roles/unknown", f"serviceAccount:{READER}", None),
        (VIEWER, READER, None),
        (VIEWER, "serviceAccount:", None),
        (VIEWER, f"serviceAccount:{READER}", {"title": "t", "expression": "resource.name."}),
        (VIEWER, f"serviceAccount:{READER}", {"title": "t", "expression": "resource.owner == 'me'"}),
        (VIEWER, f"serviceAccount:{READER}", {"title": "t", "expression": "'text'"}),
        (VIEWER, f"serviceAccount:{READER}", {"title": "", "expression": "true"}),
    ],
)
def test_a_policy_that_google_would_refuse_is_a_400(gcs: Gcs, role: str, member: str, condition: Any) -> None:
    bucket = client().bucket(BUCKET)
    policy = read(bucket)
    policy.version = 3
    binding: dict[str, Any] = {"role": role, "members": {member}}
    policy.bindings.append({**binding, "condition": condition} if condition else binding)

    assert attempts(lambda: bucket.set_iam_policy(policy)) == "BadRequest"
    assert writes(gcs.hub) == []


def test_a_custom_role_grants_what_it_was_defined_with(gcs: Gcs) -> None:
    gcs.control_define_role("projects/acme-analytics/roles/reader", ["storage.objects.get"])
    grant(READER, role="projects/acme-analytics/roles/reader")
    bucket = client(READER).bucket(BUCKET)

    assert bucket.blob(NAMES[0]).download_as_bytes() == NAMES[0].encode()
    assert attempts(lambda: list(bucket.list_blobs())) == "Forbidden"


ROLE = "projects/acme-analytics/roles/reader"


def role(gcs: Gcs, name: str, service_account: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer sandbox-service-account:{service_account}"} if service_account else {}
    return requests.get(f"{gcs.url}/v1/{name}", headers=headers, timeout=5)


def test_a_role_tells_its_permissions_to_those_who_may_read_it(gcs: Gcs) -> None:
    gcs.control_define_role(ROLE, ["storage.objects.list", "storage.objects.get"])
    answer = role(gcs, ROLE).json()
    assert (answer["name"], answer["includedPermissions"]) == (ROLE, ["storage.objects.get", "storage.objects.list"])
    assert "storage.objects.get" in role(gcs, VIEWER, READER).json()["includedPermissions"]
    # What is empty is left out.
    gcs.control_define_role(ROLE, [])
    assert "includedPermissions" not in role(gcs, ROLE).json()


def test_a_role_that_may_not_be_read_or_is_none_is_refused_as_iam_does(gcs: Gcs) -> None:
    gcs.control_define_role(ROLE, ["storage.objects.get"])
    for asked in (role(gcs, ROLE, READER), role(gcs, f"{ROLE}s")):
        error = asked.json()["error"]
        assert (asked.status_code, error["code"]) in ((403, 403), (404, 404))
        assert error["status"] in ("PERMISSION_DENIED", "NOT_FOUND")
    gcs.control_deny_owner(["iam.roles.get"])
    assert role(gcs, ROLE).json()["error"]["message"] == f"You don't have permission to get the role at {ROLE}."
    gcs.control_iam_api(enabled=False)
    assert role(gcs, VIEWER).json()["error"]["details"][0]["reason"] == "SERVICE_DISABLED"


def test_a_deleted_role_can_be_read_and_grants_nothing(gcs: Gcs) -> None:
    gcs.control_define_role(ROLE, ["storage.objects.get"])
    grant(READER, role=ROLE)
    gcs.control_delete_role(ROLE)
    assert role(gcs, ROLE).json()["deleted"] is True
    assert attempts(lambda: client(READER).bucket(BUCKET).blob(NAMES[0]).download_as_bytes()) == "Forbidden"


def test_a_deleted_service_account_cannot_be_granted_anything(gcs: Gcs) -> None:
    gcs.control_delete_service_account(READER)

    with pytest.raises(BadRequest, match="does not exist"):
        grant(READER)


# Organization policy, owner's rights, requester pays


@pytest.mark.parametrize(("status", "error"), [(412, PreconditionFailed), (400, BadRequest)])
def test_domain_restricted_sharing_refuses_foreign_members(
    gcs: Gcs, status: int, error: type[GoogleAPICallError]
) -> None:
    gcs.control_restrict_sharing(BUCKET, ["acme.example"], status)
    before = read(client().bucket(BUCKET)).etag

    with pytest.raises(error, match="do not belong to a permitted customer"):
        grant(READER)

    assert read(client().bucket(BUCKET)).etag == before
    grant("loader@acme.example")
    assert members(gcs) == ["serviceAccount:loader@acme.example"]


def test_the_owner_can_lack_a_permission(gcs: Gcs) -> None:
    gcs.control_deny_owner(["storage.buckets.setIamPolicy"], BUCKET)

    with pytest.raises(Forbidden, match=r"storage\.buckets\.setIamPolicy"):
        grant(READER)

    asked = ["storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"]
    assert client().bucket(BUCKET).test_iam_permissions(asked) == ["storage.buckets.getIamPolicy"]
    gcs.control_deny_owner([], BUCKET)
    grant(READER)
    assert members(gcs) == [f"serviceAccount:{READER}"]


def test_requester_pays_wants_a_project_that_the_caller_may_bill(gcs: Gcs) -> None:
    gcs.control_create_bucket(BUCKET, requester_pays=True)
    gcs.put_objects(BUCKET, [("a", b"1")])

    with pytest.raises(BadRequest, match="requester pays bucket but no user project provided"):
        read(client().bucket(BUCKET))
    with pytest.raises(BadRequest, match="invalid"):
        read(client().bucket(BUCKET, user_project="no-such-project"))

    bucket = client().bucket(BUCKET, user_project=PROJECT)
    policy = read(bucket)
    policy.bindings.append({"role": VIEWER, "members": {f"serviceAccount:{READER}"}})
    bucket.set_iam_policy(policy)
    paying = client(READER).bucket(BUCKET, user_project=PROJECT)
    with pytest.raises(Forbidden, match=r"serviceusage\.services\.use"):
        paying.blob("a").download_as_bytes()
    gcs.control_allow_billing(PROJECT, READER)
    assert paying.blob("a").download_as_bytes() == b"1"


# What a service account may do


def everything(email: str) -> dict[str, str]:
    """Try everything as a service account."""
    bucket = client(email).bucket(BUCKET)
    return {
        "get": attempts(lambda: bucket.blob(NAMES[0]).download_as_bytes()),
        "list": attempts(lambda: list(bucket.list_blobs())),
        "bucket": attempts(bucket.reload),
        "put": attempts(lambda: bucket.blob("currents/new").upload_from_string(b"new")),
        "delete": attempts(bucket.blob(NAMES[1]).delete),
        "buckets": attempts(lambda: list(client(email).list_buckets())),
        "policy": attempts(lambda: read(bucket)),
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (None, set()),
        ("roles/storage.objectViewer", {"get", "list"}),
        ("roles/storage.legacyBucketReader", {"list", "bucket"}),
        ("roles/storage.legacyObjectReader", {"get"}),
        ("roles/storage.objectCreator", {"put"}),
        ("roles/storage.objectAdmin", {"get", "list", "put", "delete"}),
        ("roles/storage.objectUser", {"get", "list", "put", "delete"}),
        ("roles/storage.folderAdmin", {"get", "list", "put", "delete"}),
        ("roles/storage.legacyObjectOwner", {"get"}),
        ("roles/storage.legacyBucketWriter", {"list", "bucket", "put", "delete"}),
        ("roles/storage.admin", {"get", "list", "bucket", "put", "delete", "policy"}),
    ],
)
def test_a_role_allows_what_google_documents_and_nothing_else(gcs: Gcs, role: str | None, allowed: set[str]) -> None:
    if role is not None:
        grant(READER, role=role)

    outcomes = everything(READER)

    assert {name for name, outcome in outcomes.items() if outcome == "ok"} == allowed
    assert {outcome for outcome in outcomes.values() if outcome != "ok"} <= {"Forbidden"}
    assert {entry.actor for entry in gcs.hub.journal[-7:]} == {READER}


def test_a_grant_to_another_account_or_bucket_is_no_grant(gcs: Gcs) -> None:
    gcs.control_create_bucket("acme-other")
    grant("another@example.com")

    assert "ok" not in everything(READER).values()
    assert attempts(lambda: list(client("another@example.com").bucket("acme-other").list_blobs())) == "Forbidden"


def reads(email: str = READER) -> set[str]:
    return {name for name in ("get", "list") if everything(email)[name] == "ok"}


def test_what_a_project_grants_holds_on_its_buckets_and_stands_in_none_of_their_policies(gcs: Gcs) -> None:
    before = gcs.control_policy(BUCKET)
    gcs.control_create_bucket("elsewhere", project="another-project")
    gcs.control_set_project_policy([{"role": VIEWER, "members": [f"serviceAccount:{READER}"]}])

    assert reads() == {"get", "list"}
    assert attempts(lambda: list(client(READER).bucket("elsewhere").list_blobs())) == "Forbidden"
    assert gcs.control_policy(BUCKET) == before


def test_who_has_a_basic_role_on_the_project_is_meant_by_a_new_buckets_own_bindings(gcs: Gcs) -> None:
    gcs.control_set_project_policy([{"role": "roles/viewer", "members": [f"serviceAccount:{READER}"]}])

    assert reads() == {"get", "list"}


@pytest.mark.parametrize("many", ["group:data@acme.example", "domain:acme.example"])
def test_who_belongs_to_a_group_holds_what_the_group_holds(gcs: Gcs, many: str) -> None:
    gcs.control_set_policy(BUCKET, [{"role": VIEWER, "members": [many]}])
    assert reads() == set()

    gcs.control_set_group(many, [READER])

    assert reads() == {"get", "list"}
    assert reads("another@example.com") == set()


def test_what_a_deleted_account_held_helps_nobody(gcs: Gcs) -> None:
    gcs.control_set_policy(BUCKET, [{"role": VIEWER, "members": [f"deleted:serviceAccount:{READER}?uid=123"]}])

    assert reads() == set()


def test_a_condition_on_the_objects_name_can_be_made_to_let_list(gcs: Gcs) -> None:
    gcs.control_list_by_objects(allowed=True)
    grant(READER, expression=IN_PREFIX)
    bucket = client(READER).bucket(BUCKET)

    assert [blob.name for blob in bucket.list_blobs(prefix="currents/")] == list(NAMES[:3])
    assert attempts(lambda: list(bucket.list_blobs(prefix="other/"))) == "Forbidden"


def test_a_condition_on_the_objects_name_alone_lets_read_but_not_list() -> None:
    grant(READER, expression=IN_PREFIX)
    bucket = client(READER).bucket(BUCKET)

    assert attempts(lambda: bucket.blob("currents/a.avro").download_as_bytes()) == "ok"
    assert attempts(lambda: bucket.blob("other/d.txt").download_as_bytes()) == "Forbidden"
    assert attempts(lambda: list(bucket.list_blobs(prefix="currents/"))) == "Forbidden"


def test_a_condition_with_the_list_prefix_lets_list_below_the_prefix_only() -> None:
    grant(READER, expression=f"{IN_PREFIX} || {LISTS_PREFIX}")
    bucket = client(READER).bucket(BUCKET)

    assert [blob.name for blob in bucket.list_blobs(prefix="currents/")] == list(NAMES[:3])
    assert attempts(lambda: list(bucket.list_blobs(prefix="currents/deep/"))) == "ok"
    assert attempts(lambda: list(bucket.list_blobs(prefix="other/"))) == "Forbidden"
    assert attempts(lambda: list(bucket.list_blobs())) == "Forbidden"
    assert attempts(lambda: bucket.blob("other/d.txt").download_as_bytes()) == "Forbidden"


def test_who_may_only_create_cannot_replace() -> None:
    grant(READER, role="roles/storage.objectCreator")
    blob = client(READER).bucket(BUCKET).blob("currents/new")

    outcomes = [attempts(lambda: blob.upload_from_string(b"new")) for _try in range(2)]

    assert outcomes == ["ok", "Forbidden"]


def test_who_may_not_list_is_not_told_what_is_missing() -> None:
    grant(READER, role="roles/storage.legacyObjectReader")

    assert attempts(lambda: client(READER).bucket(BUCKET).blob("missing").download_as_bytes()) == "Forbidden"
    grant(READER)
    assert attempts(lambda: client(READER).bucket(BUCKET).blob("missing").download_as_bytes()) == "NotFound"


def test_a_fresh_grant_can_take_effect_late(gcs: Gcs) -> None:
    gcs.control_propagation(BUCKET, checks=2)
    grant(READER)
    bucket = client(READER).bucket(BUCKET)

    assert [attempts(lambda: list(bucket.list_blobs())) for _try in range(3)] == ["Forbidden", "Forbidden", "ok"]


def test_what_a_service_account_holds_is_told() -> None:
    grant(READER)
    asked = ["storage.objects.get", "storage.objects.list", "storage.objects.create"]

    assert client(READER).bucket(BUCKET).test_iam_permissions(asked) == asked[:2]


# Objects


def test_objects_are_downloaded_whole_and_by_range() -> None:
    bucket = client().bucket(BUCKET)
    bucket.blob("binary").upload_from_string(bytes(range(256)), if_generation_match=0)
    blob = bucket.blob("binary")

    assert blob.download_as_bytes() == bytes(range(256))
    assert blob.download_as_bytes(start=0, end=3) == bytes(range(4))
    assert blob.download_as_bytes(start=250) == bytes(range(250, 256))
    with pytest.raises(RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=256, end=300)
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string(b"again", if_generation_match=0)


@pytest.mark.parametrize("name", ["a b", "a/b c?d=e&f#g", "ümläut/😀", "100%/%2F", "trailing/", "+plus+"])
def test_names_of_every_kind_come_back(name: str) -> None:
    bucket = client().bucket(BUCKET)
    bucket.blob(name).upload_from_string(b"content")

    assert name in [blob.name for blob in bucket.list_blobs()]
    assert bucket.blob(name).download_as_bytes() == b"content"
    found = bucket.get_blob(name)
    assert (found.name, found.size) == (name, 7)
    bucket.blob(name).delete()
    assert bucket.get_blob(name) is None


def test_a_page_holds_at_most_a_thousand_entries(gcs: Gcs) -> None:
    gcs.put_objects(BUCKET, [(f"many/{number:05}", b"") for number in range(2500)])

    iterator = client().bucket(BUCKET).list_blobs(prefix="many/")

    assert [page.num_items for page in iterator.pages] == [1000, 1000, 500]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    names=st.sets(st.text(alphabet="ab/é", min_size=1, max_size=4).filter(lambda name: name != ".."), max_size=8),
    prefix=st.text(alphabet="ab/", max_size=2),
    delimiter=st.sampled_from(["", "/"]),
    start=st.text(alphabet="ab/", max_size=2),
    end=st.text(alphabet="ab/", max_size=2),
    trailing=st.booleans(),
    page_size=st.integers(1, 3),
)
def test_the_client_lists_over_http_what_the_index_lists(
    gcs: Gcs, names: set[str], prefix: str, delimiter: str, start: str, end: str, trailing: bool, page_size: int
) -> None:
    gcs.control_create_bucket("generated")
    gcs.put_objects("generated", [(name, b"") for name in names])
    iterator = client().list_blobs(
        "generated", prefix=prefix, delimiter=delimiter, start_offset=start, end_offset=end,
        include_trailing_delimiter=trailing, page_size=page_size,
    )  # fmt: skip

    listed = [blob.name for blob in iterator]

    rows = list(gcs.buckets["generated"].objects.rows(Query(prefix, delimiter, start, end, trailing)))
    assert listed == [row.value for row in rows if not row.is_prefix]
    assert iterator.prefixes == {row.value for row in rows if row.is_prefix}


def test_currents_can_be_seeded_in_the_server(gcs: Gcs) -> None:
    hour = datetime(2026, 5, 1, 7, tzinfo=UTC).isoformat()
    source = {"prefix": "seeded", "cluster": "prod-01", "storage": "GCS", "integration_id": "66f1aeb2c3d4e5f6"}

    assert gcs.control_seed_currents(BUCKET, hours=[hour], event_types=["users.canvas.Entry"], **source) == 1
    assert gcs.control_seed_segment_exports(BUCKET, segments=1, days=1) == 1
    gcs.control_put_object(BUCKET, "seeded/readme.txt", text="hello")
    gcs.control_create_bucket("names")
    assert gcs.control_seed_currents_names("names", newest=hour, total=2000, **source) == 2000

    listed = [blob.name for blob in client().bucket(BUCKET).list_blobs(prefix="seeded/")]
    assert len(listed) == 2
    assert client().bucket("names").list_blobs().__next__().download_as_bytes(start=0, end=3) == b"Obj\x01"
