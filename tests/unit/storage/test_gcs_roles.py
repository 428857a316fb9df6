# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role allows that is not known here is asked of Google's IAM, once and with the same credentials."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.question import Allowed
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.roles import (
    ENDPOINT,
    permissions_of,
    role_permissions,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.iam import iam_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.member import member
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import Result, Task
from google.oauth2 import credentials as oauth2

from tests.sandbox.core import Fault, Hub
from tests.sandbox.gcs import Gcs
from tests.sandbox.tests.serving import serving, writes
from tests.unit.storage.answering import answering
from tests.unit.storage.google_keys import authorized_user, service_account, write

BUCKET = "acme-currents-eu"
READER = "g-jovial-daylight@fivetran-production.iam.gserviceaccount.com"
CUSTOM = "projects/acme-analytics/roles/fivetranReader"
OF_ORGANIZATION = "organizations/4711/roles/reader"
BOTH = ["storage.objects.get", "storage.objects.list"]
LIMITS = {"request_timeout": 5, "retry_timeout": 10}
PARAMS: dict[str, Any] = {"credentials_file": None, "user_project": None, **LIMITS}
DEFAULTS: dict[str, Any] = {
    **PARAMS, "state": "present", "bucket": BUCKET, "role": "roles/storage.objectViewer", "member": READER,
    "folder": None, "condition": None, "sufficient": "adopt", "sufficient_for": None, "preflight": "ignore",
}  # fmt: skip
NOT_ALLOWED = "these credentials may not read the role (iam.roles.get)"


@pytest.fixture(scope="module")
def running() -> Iterator[Gcs]:
    gcs = Gcs(Hub())
    with serving(gcs.hub):
        yield gcs


@pytest.fixture
def gcs(running: Gcs, monkeypatch: pytest.MonkeyPatch) -> Gcs:
    running.reset()
    running.hub.reset()
    running.control_create_bucket(BUCKET)
    running.control_define_role(CUSTOM, BOTH)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
    monkeypatch.setenv(ENDPOINT, running.url)
    return running


def hold(gcs: Gcs, *roles: str) -> None:
    gcs.control_set_policy(BUCKET, [{"role": role, "members": [f"serviceAccount:{READER}"]} for role in roles])


def asked(gcs: Gcs) -> Counter[str]:
    """Return how often each role was read."""
    return Counter(entry.path for entry in gcs.hub.journal if entry.operation == "gcs:roles.get")


def info(**params: Any) -> Any:
    given = {**PARAMS, "bucket": BUCKET, "member": READER, "role": None, "folder": None, **params}
    return iam_info(Task(params=given, check_mode=False, warn=pytest.fail))["effect"]


def grant(**params: Any) -> tuple[Result, list[str]]:
    warnings: list[str] = []
    return member(Task(params={**DEFAULTS, **params}, check_mode=False, warn=warnings.append)), warnings


def codes(effect: Any) -> list[str]:
    return [reason["code"] for reason in effect["reasons"]]


# What it is asked for


def test_who_holds_the_guides_role_pays_for_no_look_at_roles(gcs: Gcs) -> None:
    hold(gcs, "roles/storage.objectViewer", CUSTOM)
    assert info()["answer"] == "yes"
    assert grant()[0]["changed"] is False
    assert asked(gcs) == {}


@pytest.mark.parametrize("role", [CUSTOM, OF_ORGANIZATION, "roles/dataflow.worker"])
def test_a_role_that_lists_and_reads_is_adopted_and_read_once(gcs: Gcs, role: str) -> None:
    gcs.control_define_role(role, BOTH)
    hold(gcs, role)
    assert (info()["answer"], codes(info())) == ("yes", ["granted"])
    gcs.hub.journal.clear()
    result, _warnings = grant(preflight="fail")
    assert (result["changed"], result["grant"]["role"]) == (False, role)
    assert asked(gcs) == {f"/v1/{role}": 1}
    assert writes(gcs.hub) == []


def test_a_role_is_read_once_for_all_who_ask_at_once(gcs: Gcs) -> None:
    clients = Clients()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _number: role_permissions(PARAMS, CUSTOM, clients), range(64)))
    assert set(answers) == {frozenset(BOTH)}
    assert asked(gcs) == {f"/v1/{CUSTOM}": 1}


def test_a_role_that_may_more_is_mentioned(gcs: Gcs) -> None:
    gcs.control_define_role(CUSTOM, [*BOTH, "storage.objects.delete"])
    hold(gcs, CUSTOM)
    assert codes(info()) == ["granted", "wider_than_needed"]


@pytest.mark.parametrize(("has", "lacks"), [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])])
def test_of_a_role_that_is_too_narrow_it_is_said_which_permission_is_missing(gcs: Gcs, has: str, lacks: str) -> None:
    gcs.control_define_role(CUSTOM, [has])
    hold(gcs, CUSTOM)
    effect = info()
    assert (effect["answer"], codes(effect)) == ("no", ["missing_permission"])
    assert effect["reasons"][0]["action"] == lacks
    assert f"gives {lacks} ({CUSTOM} does not)" in effect["reasons"][0]["text"]
    # The guide's role is added beside it.
    assert grant()[0]["grant"]["role"] == "roles/storage.objectViewer"


def test_a_deleted_role_grants_nothing(gcs: Gcs) -> None:
    gcs.control_delete_role(CUSTOM)
    hold(gcs, CUSTOM)
    assert (info()["answer"], codes(info())) == ("no", ["no_grant_on_bucket"])
    assert grant()[0]["changed"] is True


# What is to be granted


def test_a_role_that_would_be_granted_in_vain_is_refused_before_with_what_it_lacks(gcs: Gcs) -> None:
    gcs.control_define_role(CUSTOM, BOTH[:1])
    with pytest.raises(OnrampError) as caught:
        grant(role=CUSTOM, preflight="fail")
    assert caught.value.failure.code == "grant_too_narrow"
    assert caught.value.msg == (
        f"role: {CUSTOM} does not allow storage.objects.list, and nothing else on the bucket {BUCKET} does, so that"
        f" {READER} may not read it. Add that to the role, or use roles/storage.objectViewer. If it is granted on the"
        " project, set preflight (gcs_access_preflight in the role) to warn."
    )
    assert writes(gcs.hub) == []
    for _time in range(2):
        # The second time it is there, and may be what the rest of is granted on the project.
        _result, warnings = grant(role=CUSTOM, preflight="warn")
        assert "does not allow storage.objects.list" in warnings[0]
    assert grant(role=CUSTOM, preflight="fail")[0]["changed"] is False


@pytest.mark.parametrize("denied", [[], ["iam.roles.get"]])
def test_a_role_that_suffices_or_that_nobody_may_read_is_granted_without_a_word(gcs: Gcs, denied: list[str]) -> None:
    gcs.control_deny_owner(denied)
    result, warnings = grant(role=CUSTOM, preflight="fail")
    assert (result["changed"], warnings) == (True, [])


# Where it cannot be read


def test_who_may_not_read_a_role_is_told_so_and_fails_for_nothing_else(gcs: Gcs) -> None:
    hold(gcs, CUSTOM)
    gcs.control_deny_owner(["iam.roles.get"])
    effect = info()
    assert (effect["answer"], codes(effect)) == ("unknown", ["custom_role"])
    assert effect["reasons"][0]["text"].endswith(f"cannot be seen from here, because {NOT_ALLOWED}")
    with pytest.raises(OnrampError, match=r"iam\.roles\.get") as caught:
        grant()
    assert caught.value.failure.code == "grant_undecided"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"kind": "status", "status": 404}, f"there is no such role, or {NOT_ALLOWED}"),
        ({"kind": "status", "status": 403}, NOT_ALLOWED),
        ({"kind": "status", "status": 401}, "Google's IAM gave no usable answer (http_401)"),
        ({"kind": "status", "status": 500, "times": 0}, "Google's IAM gave no usable answer (http_500)"),
        ({"kind": "drop", "times": 0}, "Google's IAM gave no usable answer (connection_failed)"),
        ({"kind": "html", "times": 0}, "Google's IAM gave no usable answer (invalid_answer)"),
        ({"kind": "wrong_types", "times": 0}, "Google's IAM gave no usable answer (invalid_answer)"),
        ({"kind": "retype", "times": 0}, "Google's IAM gave no usable answer (invalid_answer)"),
        ({"kind": "redirect", "url": "http://127.0.0.1:1/"}, "Google's IAM gave no usable answer (redirect)"),
        ({"kind": "large"}, "Google's IAM gave no usable answer (too_large)"),
    ],
)
def test_whatever_iam_answers_is_an_answer_and_no_failure(gcs: Gcs, fault: dict[str, Any], why: str) -> None:
    gcs.hub.faults.append(Fault(operation="roles.get", **fault))
    assert role_permissions(PARAMS, CUSTOM, Clients()) == why


def test_an_api_that_is_disabled_is_named(gcs: Gcs) -> None:
    gcs.control_iam_api(enabled=False)
    why = role_permissions(PARAMS, CUSTOM, Clients())
    assert why == "Google's IAM API (iam.googleapis.com) is not enabled in the project of these credentials"


# As whom, and where


@pytest.mark.parametrize("make", [service_account, authorized_user])
def test_it_asks_as_the_one_who_reads_the_bucket_with_a_token_that_iam_takes(
    gcs: Gcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """Both go to IAM's own address; against a real bucket they have no emulator to turn to."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    token = {"access_token": f"sandbox-service-account:{READER}", "expires_in": 3600, "token_type": "Bearer"}
    with answering(answers={"/token": (200, token)}) as google:
        # The only one that no file can name.
        monkeypatch.setattr(oauth2, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{google.url}/token")
        file = write(tmp_path / "credentials.json", make(google.url, quota_project_id="acme-billing"))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
        named = file if make is service_account else None
        assert role_permissions({**PARAMS, "credentials_file": named}, CUSTOM, Clients()) == NOT_ALLOWED
        [request] = google.requests
    assert gcs.hub.journal[-1].actor == READER
    if make is service_account:
        # The scopes of a person's login are those that were agreed to then.
        claims = parse_qs(request.body)["assertion"][0].split(".")[1]
        assert json.loads(_decoded(claims))["scope"] == "https://www.googleapis.com/auth/cloud-platform"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_who_has_no_credentials_for_iam_gets_an_answer_that_quotes_nothing(
    gcs: Gcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    with answering(answers={"/token": (400, {"error": "invalid_grant", "error_description": "expired"})}) as google:
        monkeypatch.setattr(oauth2, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{google.url}/token")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", write(tmp_path / "user.json", authorized_user(google.url)))
        assert role_permissions(PARAMS, CUSTOM, Clients()) == "there are no credentials for Google's IAM"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    assert role_permissions(PARAMS, CUSTOM, Clients()) == "there are no credentials for Google's IAM"
    assert asked(gcs) == {}


def test_the_real_iam_is_not_asked_about_an_emulator(gcs: Gcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT)
    hold(gcs, CUSTOM)
    effect = info()
    assert effect["answer"] == "unknown"
    assert effect["reasons"][0]["text"].endswith("cannot be seen from here")
    assert asked(gcs) == {}


@pytest.mark.parametrize("url", ["http://iam.example", "ftp://127.0.0.1", "https://user:password@iam.example"])
def test_credentials_never_travel_to_iam_in_plain_http(gcs: Gcs, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(ENDPOINT, url)
    with pytest.raises(InvalidArgument, match=ENDPOINT):
        role_permissions(PARAMS, CUSTOM, Clients())
    assert asked(gcs) == {}


@pytest.mark.parametrize(
    "role", ["", "roles/", "projects/a/roles/b/../../../../x", "projects/x?y=z/roles/r", "https://x/roles/r"]
)
def test_what_is_no_role_leads_to_no_other_address(gcs: Gcs, role: str) -> None:
    assert role_permissions(PARAMS, role, Clients()) in ("", f"there is no such role, or {NOT_ALLOWED}")
    assert all(path.startswith("/v1/projects/") for path in asked(gcs))
    assert all(entry.query == {} for entry in gcs.hub.journal)


@pytest.mark.usefixtures("gcs")
def test_several_roles_are_read_together() -> None:
    expected: dict[str, Allowed] = {
        CUSTOM: frozenset(BOTH),
        OF_ORGANIZATION: f"there is no such role, or {NOT_ALLOWED}",
    }
    assert permissions_of(PARAMS, [CUSTOM, OF_ORGANIZATION], Clients()) == expected
