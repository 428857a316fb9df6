# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles braze_api_key and currents_landing in real plays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import PERMISSION_NAMES

from tests.playbook import LOCAL, PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.contract import fresh

PROBE = "onramp.braze_fivetran.braze_api_key_info"
LOOK = "onramp.braze_fivetran.braze_currents_info"
DEBUG = "ansible.builtin.debug"


def play(role: str, *after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a play over all hosts that includes ``role`` and shows its output fact."""
    include = {"name": "Include the role", "ansible.builtin.include_role": {"name": f"onramp.braze_fivetran.{role}"}}
    show = {"name": "Show the fact", DEBUG: {"var": f"{role}_verdict"}}
    return [{"name": "Test", "hosts": "all", "gather_facts": False, "tasks": [include, show, *after]}]


def inventory(**hosts: Mapping[str, Any]) -> dict[str, Any]:
    return {"all": {"vars": LOCAL, "hosts": dict(hosts)}}


def workspace(sandbox: Sandbox, key: str, **more: Any) -> dict[str, Any]:
    return {"braze_api_key_key": key, "braze_api_key_api_url": sandbox.env["SANDBOX_BRAZE_URL"], **more}


def check_key(sandbox: Sandbox, *arguments: str, **hosts: Mapping[str, Any]) -> PlayResult:
    """Run the role braze_api_key as talkatively as it goes, and see that no key is in what it says."""
    result = run_playbook(sandbox, play("braze_api_key"), "-vvvv", *arguments, inventory=inventory(**hosts))
    for secret in world.secrets():
        assert secret not in result.output
    assert all(result.changed(host) == 0 for host in hosts)
    assert sandbox.writes() == []
    return result


def fact(result: PlayResult, name: str, host: str) -> Any:
    [shown] = [answer[name] for answer in result.results(DEBUG, host) if name in answer]
    return shown


def warnings(result: PlayResult, host: str) -> list[str]:
    """Return the warnings of a host; they name it, because Ansible does not."""
    found = [warning for module in (PROBE, LOOK) for task in result.results(module, host)
             for warning in task.get("warnings", ())]  # fmt: skip
    assert all(warning.startswith(f"{host}: ") for warning in found)
    return found


# By host: in one play as it is, and in one of check mode; in these, Braze refuses with a status of its own.
STYLES = {"run": ((), 401), "check": (("--check", "--diff"), 403)}
ASKED = ["canvas.list", "events.list"]


@pytest.fixture(scope="module", params=STYLES)
def checked(running_sandbox: Sandbox, request: pytest.FixtureRequest) -> PlayResult:
    arguments, style = STYLES[request.param]
    with fresh(running_sandbox) as sandbox:
        sandbox.seed("braze", "manners", refusal_status=style)
        incomplete = partial(workspace, sandbox, world.BRAZE_KEY_INCOMPLETE)
        return check_key(
            sandbox,
            *arguments,
            complete=workspace(sandbox, world.BRAZE_KEY_SHOP_US),
            incomplete=incomplete(),
            warned=incomplete(braze_api_key_on_problem="warn"),
            ignored=incomplete(braze_api_key_on_problem="ignore"),
            fewer=incomplete(braze_api_key_permissions=ASKED),
            revoked=workspace(sandbox, world.BRAZE_KEY_REVOKED),
        )


def test_a_key_that_lacks_two_permissions_stops_its_host_only_and_names_exactly_those_two(
    running_sandbox: Sandbox, checked: PlayResult
) -> None:
    assert {host for host, stats in checked.stats.items() if stats["failures"]} == {"incomplete", "revoked"}
    [failure] = checked.failures("incomplete")
    assert failure.action == PROBE
    message = failure.result["msg"]
    assert [name for name in PERMISSION_NAMES if name in message] == list(world.BRAZE_KEY_INCOMPLETE_LACKS)
    assert "Settings > APIs and Identifiers > API Keys > Create API key" in message
    assert "cannot be edited" in message
    verdict = fact(checked, "braze_api_key_verdict", "complete")
    assert (verdict["verdict"], verdict["api_url"]) == ("ok", running_sandbox.env["SANDBOX_BRAZE_URL"])


def test_a_revoked_key_stops_its_host_and_is_not_shown_although_braze_repeats_it(checked: PlayResult) -> None:
    [failure] = checked.failures("revoked")
    assert "invalid_key" in failure.result["msg"]
    [answer] = checked.results(PROBE, "revoked")
    assert answer["permissions"] == []
    assert world.BRAZE_KEY_REVOKED not in checked.output
    # Two sentences, and nothing that says the same nineteen times.
    said = {name: value for name, value in answer.items() if name != "invocation"}
    assert len(json.dumps(said)) < 2000


def test_the_user_decides_whether_a_wrong_key_fails_or_warns_or_is_ignored(checked: PlayResult) -> None:
    assert not checked.failures("warned") + checked.failures("ignored")
    [warning] = warnings(checked, "warned")
    assert all(name in warning for name in world.BRAZE_KEY_INCOMPLETE_LACKS)
    assert warnings(checked, "ignored") == []
    for host in ("warned", "ignored"):
        missing = fact(checked, "braze_api_key_verdict", host)["missing"]
        assert missing == list(world.BRAZE_KEY_INCOMPLETE_LACKS)


def test_fewer_permissions_can_be_asked_for(checked: PlayResult) -> None:
    shown = fact(checked, "braze_api_key_verdict", "fewer")["permissions"]
    assert [permission["name"] for permission in shown] == ASKED
    assert not checked.failures("fewer")


def test_a_wrong_or_forgotten_variable_is_refused_before_anything_is_asked(sandbox: Sandbox) -> None:
    right = workspace(sandbox, world.BRAZE_KEY_SHOP_US)
    hosts = {name: {other: value for other, value in right.items() if other != name} for name in right}
    hosts["braze_api_key_on_problem"] = {**right, "braze_api_key_on_problem": "shrug"}
    result = run_playbook(sandbox, play("braze_api_key"), inventory=inventory(**hosts))
    assert len(hosts) == 3
    for variable in hosts:
        assert variable in result.messages(variable)
    assert sandbox.journal("braze") == []


# currents_landing


def bucket(storage: str, **more: Any) -> dict[str, Any]:
    """Return the variables for the sandbox's bucket, whose Currents land."""
    settings = {"storage": storage, "bucket": {"s3": world.S3_BUCKET, "gcs": world.GCS_BUCKET}[storage], **more}
    defaults = {"prefix": world.PREFIX}
    return {f"currents_landing_{name}": value for name, value in {**defaults, **settings}.items()}


def look(sandbox: Sandbox, *arguments: str, **hosts: Mapping[str, Any]) -> PlayResult:
    result = run_playbook(sandbox, play("currents_landing"), *arguments, inventory=inventory(**hosts))
    assert sandbox.writes() == []
    return result


@pytest.fixture(scope="module")
def looked(running_sandbox: Sandbox) -> PlayResult:
    old = datetime.now(UTC) - timedelta(days=9)
    with fresh(running_sandbox) as sandbox:
        for name in ("acme-empty", "acme-stale", "acme-foreign"):
            sandbox.seed("gcs", "create_bucket", name=name)
        sandbox.seed(
            "gcs", "seed_currents", bucket="acme-stale", hours=[old.isoformat()], prefix="currents", cluster="prod-04",
            storage="GCS", integration_id="66f1", event_types=["users.messages.email.Open"],
        )  # fmt: skip
        sandbox.seed("gcs", "seed_segment_exports", bucket="acme-foreign", prefix="currents")
        return look(
            sandbox,
            shop_us=bucket("s3"),
            shop_eu=bucket("gcs"),
            empty=bucket("gcs", bucket="acme-empty"),
            stale=bucket("gcs", bucket="acme-stale"),
            stale_but_fine=bucket("gcs", bucket="acme-stale", stale_after=24 * 10),
            stale_and_strict=bucket("gcs", bucket="acme-stale", on_quiet="fail"),
            stale_and_quiet=bucket("gcs", bucket="acme-stale", on_quiet="ignore"),
            foreign=bucket("gcs", bucket="acme-foreign"),
            missing=bucket("gcs", bucket="acme-no-such-bucket"),
            wrong_prefix=bucket("s3", prefix="curents"),
            wrong_prefix_and_mild=bucket("s3", prefix="curents", on_problem="warn"),
            prefix_of_another=bucket("s3", prefix="curents", folders_of_others=[world.PREFIX]),
        )


def holds_that_they_land(result: PlayResult) -> None:
    for host in ("shop_us", "shop_eu"):
        verdict = fact(result, "currents_landing_verdict", host)
        assert (verdict["verdict"], len(verdict["integrations"][0]["event_types"])) == ("landing", 3)
        assert result.changed(host) == 0
        assert not result.failures(host)


def test_currents_that_land_are_found_in_both_clouds(looked: PlayResult) -> None:
    holds_that_they_land(looked)


def test_currents_that_land_are_found_in_both_clouds_in_check_mode(sandbox: Sandbox) -> None:
    holds_that_they_land(look(sandbox, "--check", "--diff", shop_us=bucket("s3"), shop_eu=bucket("gcs")))


def test_a_quiet_bucket_warns_and_a_wrong_one_stops_its_host(looked: PlayResult) -> None:
    wrong = {"stale_and_strict", "foreign", "missing", "wrong_prefix"}
    assert {failure.host for failure in looked.failures()} == wrong
    for host in ("empty", "stale"):
        [warning] = warnings(looked, host)
        assert warning.startswith(f"{host}: Braze Currents does not land in gs://acme-{host}/currents ({host})")
        assert "Send Test Events" in warning
    for host in ("stale_but_fine", "stale_and_quiet"):
        assert warnings(looked, host) == []
    assert "gs://acme-foreign/currents (not_currents)" in looked.messages("foreign")
    assert "(no_bucket)" in looked.messages("missing")


def test_a_wrong_prefix_stops_its_host_with_the_right_one_unless_another_workspace_has_that(
    looked: PlayResult,
) -> None:
    assert "(elsewhere)" in looked.messages("wrong_prefix")
    [told] = warnings(looked, "wrong_prefix_and_mild")
    for message in (looked.messages("wrong_prefix"), told):
        assert f"under '{world.PREFIX}'" in message
    [warning] = warnings(looked, "prefix_of_another")
    assert not looked.failures("prefix_of_another")
    assert "(empty)" in warning
    assert f"Currents of other workspaces writes to '{world.PREFIX}' here" in warning


def test_a_bucket_that_may_not_be_listed_warns_with_the_code_of_the_cloud(sandbox: Sandbox) -> None:
    sandbox.seed("gcs", "deny_owner", permissions=["storage.objects.list"])
    result = look(
        sandbox, shop_eu=bucket("gcs"), shop_uk=bucket("gcs", on_no_access="fail"), shop_fr=bucket("gcs", prefix="")
    )
    assert {failure.host for failure in result.failures()} == {"shop_uk"}
    [warning] = warnings(result, "shop_eu")
    assert "(no_access)" in warning
    assert "forbidden" in warning
