# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything is asked once for all who want to know; answers and errors reach all who asked, and no thread is left."""

from __future__ import annotations

import signal
import threading
import time
import traceback
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.look import Limits, Look
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES, LookScope
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Question, Seen

from tests.integration.workspaces.conftest import Make
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

LIMITS = Limits(request_timeout=5, retry_timeout=5)


def take(purpose: str, *inventory: Settings, names: set[str] | None = None) -> Seen:
    playing = {one.name for one in inventory} if names is None else names
    return Look(LookScope(PURPOSES[purpose], inventory, frozenset(playing)), LIMITS).take()


def error_of(seen: Seen, question: Question[Any]) -> OnrampError:
    with pytest.raises(OnrampError) as caught:
        seen.of(question)
    return caught.value


def asked(sandbox: Sandbox, server: str) -> Counter[str]:
    return Counter(entry.operation.partition(":")[2] for entry in sandbox.journal(server))


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("look")]


@pytest.mark.parametrize("count", [1, 2, 12])
def test_the_number_of_calls_for_a_group_does_not_grow_with_its_workspaces(
    sandbox: Sandbox, workspace: Make, count: int
) -> None:
    fleet = [workspace(f"shop_{number}") for number in range(count)]
    seen = take("onboard", *fleet)
    assert asked(sandbox, "fivetran") == {
        "account_info": 1,
        "list_groups": 1,
        "get_destination": 1,
        # The group's, and those that other groups may hold.
        "list_connections": 2,
        # The probe of the right to create connections.
        "create_connection": 1,
        "get_metadata": 1,
    }
    of_aws = asked(sandbox, "aws")
    once = ("sts:GetCallerIdentity", "iam:GetPolicy", "iam:GetRole", "s3:GetBucketPolicy")
    assert {name: of_aws[name] for name in once} == dict.fromkeys(once, 1)
    assert set(asked(sandbox, "braze").values()) == {1}
    for one in fleet:
        assert seen.of(questions.identity(one)).account == CUSTOMER_ACCOUNT
        assert seen.of(questions.right_to_create(one, world.GROUP_ID)) == (True, "")
        assert seen.of(questions.landing(one))["verdict"] == "landing"
    assert sandbox.writes() == []
    assert threads() == []


def test_of_who_does_not_play_only_the_identity_is_asked(sandbox: Sandbox, workspace: Make) -> None:
    seen = take("onboard", workspace("silent"), names=set())
    assert asked(sandbox, "fivetran") == {"account_info": 1, "list_groups": 1}
    assert asked(sandbox, "aws") == {"sts:GetCallerIdentity": 1}
    assert asked(sandbox, "braze") == {}
    assert error_of(seen, questions.key(workspace("silent"))).failure.code == "not_looked_at"


def test_the_right_to_create_is_asked_where_something_is_to_be_created_only(sandbox: Sandbox, workspace: Make) -> None:
    sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_shop_us")
    there, new = workspace(), workspace("new")
    sandbox.clear_journal()
    seen = take("onboard", there)
    assert "create_connection" not in asked(sandbox, "fivetran")
    assert [row["schema"] for row in seen.of(questions.connections(there, world.GROUP_ID))] == ["braze_shop_us"]
    for purpose in ("verify", "rotate_key", "offboard"):
        take(purpose, there, new)
    assert "create_connection" not in asked(sandbox, "fivetran")
    assert take("onboard", there, new).has(questions.right_to_create(new, world.GROUP_ID))


def test_what_follows_is_asked_for_everybody_also_where_they_expect_different_accounts(
    sandbox: Sandbox, workspace: Make
) -> None:
    sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_there")
    account = take("offboard", workspace()).of(questions.account(workspace())).view["id"]
    there, new = workspace("there", fivetran_account_id=account), workspace("new")
    wrong = workspace("wrong", fivetran_account_id="another_account")
    for inventory in ([there, new, wrong], [new, there, wrong], [wrong, there, new]):
        seen = take("onboard", *inventory)
        assert seen.of(questions.right_to_create(new, world.GROUP_ID)) == (True, "")
        assert error_of(seen, questions.account(wrong)).failure.code == "wrong_account"


def test_keys_are_asked_once_for_each_set_of_permissions(sandbox: Sandbox, workspace: Make) -> None:
    whole, same = workspace("whole"), workspace("same")
    part = workspace("part", braze_api_key_permissions=["campaigns.list"])
    seen = take("rotate_key", whole, same, part)
    assert len(seen.of(questions.key(part))["permissions"]) == 1
    assert len(seen.of(questions.key(whole))["permissions"]) > 1
    assert asked(sandbox, "braze")["campaigns.list"] == 2


def test_an_error_reaches_all_who_asked_and_stops_nobody_else(sandbox: Sandbox, workspace: Make) -> None:
    sandbox.fault("status", operation="list_connections", status=403, times=0)
    one, other = workspace("one"), workspace("other")
    seen = take("onboard", one, other)
    for workspace_ in (one, other):
        assert error_of(seen, questions.connections(workspace_, world.GROUP_ID)).failure.status == 403
        assert seen.of(questions.destination(workspace_, world.GROUP_ID)) is not None
        assert seen.of(questions.key(workspace_))["verdict"] == "ok"
    assert asked(sandbox, "fivetran")["list_connections"] == 1


def test_credentials_that_are_wrong_end_what_depends_on_them_only(workspace: Make) -> None:
    wrong, right = workspace("wrong", fivetran_api_secret="not-the-secret-of-the-key"), workspace("right")
    seen = take("onboard", wrong, right)
    assert error_of(seen, questions.account(wrong)).failure.status == 401
    assert error_of(seen, questions.connections(wrong, world.GROUP_ID)).failure.code == "not_looked_at"
    assert seen.of(questions.connections(right, world.GROUP_ID)) == ()


def test_aws_credentials_that_cannot_be_got_are_told_to_who_acts_with_them_only_and_before_anything_is_asked(
    sandbox: Sandbox, workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "config"
    configuration.write_text(
        "[profile acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 111122223333\nsso_role_name = Deploy\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    expired, other = workspace("expired", s3_access_aws_profile="acme"), workspace("other")
    seen = take("onboard", expired, other)
    error = error_of(seen, questions.identity(expired))
    assert error.failure.code == "no_credentials"
    assert "Run aws sso login --profile acme" in error.msg
    assert seen.of(questions.identity(other)).account == CUSTOMER_ACCOUNT
    assert asked(sandbox, "aws")["sts:GetCallerIdentity"] == 1


def test_what_nobody_expected_becomes_the_answer_to_its_own_question_and_quotes_nothing(workspace: Make) -> None:
    whole = workspace("whole")
    broken = replace(whole, name="broken", roles={name: whole.roles[name] for name in ("braze_api_key", "s3_access")})
    seen = take("onboard", broken, whole)
    error = error_of(seen, questions.landing(broken))
    assert (error.failure.code, error.msg) == (
        "unexpected",
        "An unexpected KeyError ended this look. Please report it.",
    )
    assert seen.of(questions.landing(whole))["verdict"] == "landing"


def test_warnings_of_an_answer_are_kept(workspace: Make) -> None:
    one = workspace()
    seen = take("rotate_key", one)
    assert all(isinstance(warning, str) for warning in seen.warnings(questions.key(one)))
    assert seen.warnings(questions.landing(one)) == ()


CUSTOM = "projects/acme-analytics/roles/fivetranReader"
READS = frozenset({"storage.objects.get", "storage.objects.list"})


def in_gcs(workspace: Make, name: str, **changes: Any) -> Settings:
    eu = {"currents_storage": "gcs", "currents_bucket": world.GCS_BUCKET, "braze_api_key": world.BRAZE_KEY_SHOP_EU}
    return workspace(name, **{**eu, **changes})


def hold(sandbox: Sandbox, role: str) -> None:
    sandbox.seed("gcs", "define_role", role=CUSTOM, permissions=sorted(READS))
    bindings = [{"role": role, "members": [f"serviceAccount:{world.SERVICE_ACCOUNT}"]}]
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=bindings)


@pytest.mark.parametrize("count", [1, 12])
def test_a_custom_role_is_read_once_for_all_workspaces_and_where_it_decides_only(
    sandbox: Sandbox, workspace: Make, count: int
) -> None:
    fleet = [in_gcs(workspace, f"shop_{number}") for number in range(count)]
    hold(sandbox, "roles/storage.objectViewer")
    take("onboard", *fleet)
    assert "roles.get" not in asked(sandbox, "gcs")
    hold(sandbox, CUSTOM)
    for purpose in ("onboard", "verify"):
        sandbox.clear_journal()
        seen = take(purpose, *fleet)
        assert asked(sandbox, "gcs")["roles.get"] == 1
        assert {seen.of(questions.gcs_role(one, CUSTOM)) for one in fleet} == {READS}
    sandbox.clear_journal()
    take("offboard", *fleet)
    assert "roles.get" not in asked(sandbox, "gcs")


def test_each_workspace_is_told_of_the_roles_of_its_own_bucket_and_group(sandbox: Sandbox, workspace: Make) -> None:
    hold(sandbox, CUSTOM)
    other_group = in_gcs(workspace, "other", fivetran_group=world.SECOND_GROUP_ID)
    take("onboard", other_group)
    assert "roles.get" not in asked(sandbox, "gcs")
    sandbox.seed("gcs", "deny_owner", permissions=["iam.roles.get"])
    wanting = in_gcs(workspace, "wanting", fivetran_group=world.SECOND_GROUP_ID, gcs_access_role=CUSTOM)
    seen = take("onboard", other_group, wanting)
    assert seen.of(questions.gcs_role(wanting, CUSTOM)) == "these credentials may not read the role (iam.roles.get)"


class Interrupted(BaseException):
    """Comes out of nowhere, as a time-out or Ctrl-C does."""


@contextmanager
def interrupted_soon() -> Iterator[None]:
    """Interrupt the main thread in a moment."""

    def interrupt(_number: int, frame: FrameType | None) -> None:
        # What is raised within a callback of the garbage collector is swallowed by Python: come back a moment later.
        if any(above.f_code.co_filename == weakref.__file__ for above, _line in traceback.walk_stack(frame)):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            return
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_interrupt_ends_the_look_at_once_and_leaves_no_thread(sandbox: Sandbox, workspace: Make) -> None:
    sandbox.latency(1)
    with pytest.raises(Interrupted), interrupted_soon():
        take("onboard", *(workspace(f"shop_{number}") for number in range(60)))
    # What takes a second is still under way.
    assert threads()
    deadline = time.monotonic() + LIMITS.retry_timeout + 30
    while threads() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads() == []
