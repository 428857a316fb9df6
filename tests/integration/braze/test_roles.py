# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles braze_api_key and currents_landing in real plays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import PERMISSION_NAMES

from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PROBE = "onramp.braze_fivetran.braze_api_key_info"
LOOK = "onramp.braze_fivetran.braze_currents_info"
DEBUG = "ansible.builtin.debug"


def play(role: str, *after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a play over all hosts that includes ``role`` and shows its output fact."""
    include = {"name": "Include the role", "ansible.builtin.include_role": {"name": f"onramp.braze_fivetran.{role}"}}
    show = {"name": "Show the fact", DEBUG: {"var": f"{role}_verdict"}}
    return [{"name": "Test", "hosts": "all", "gather_facts": False, "tasks": [include, show, *after]}]


def inventory(**hosts: Mapping[str, Any]) -> dict[str, Any]:
    return {"all": {"vars": {"ansible_connection": "local"}, "hosts": dict(hosts)}}


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


@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")], ids=["run", "check"])
def test_a_key_that_lacks_two_permissions_stops_its_host_only_and_names_exactly_those_two(
    sandbox: Sandbox, arguments: tuple[str, ...]
) -> None:
    result = check_key(
        sandbox,
        *arguments,
        shop_us=workspace(sandbox, world.BRAZE_KEY_SHOP_US),
        shop_uk=workspace(sandbox, world.BRAZE_KEY_INCOMPLETE),
    )
    assert (result.stats["shop_us"]["failures"], result.stats["shop_uk"]["failures"]) == (0, 1)
    [failure] = result.failures()
    assert (failure.host, failure.action) == ("shop_uk", PROBE)
    message = failure.result["msg"]
    assert [name for name in PERMISSION_NAMES if name in message] == list(world.BRAZE_KEY_INCOMPLETE_LACKS)
    assert "Settings > APIs and Identifiers > API Keys > Create API key" in message
    assert "cannot be edited" in message
    verdict = fact(result, "braze_api_key_verdict", "shop_us")
    assert (verdict["verdict"], verdict["api_url"]) == ("ok", sandbox.env["SANDBOX_BRAZE_URL"])


@pytest.mark.parametrize("style", [401, 403])
def test_a_revoked_key_stops_its_host_and_is_not_shown_although_braze_repeats_it(sandbox: Sandbox, style: int) -> None:
    sandbox.seed("braze", "manners", refusal_status=style)
    result = check_key(sandbox, shop_us=workspace(sandbox, world.BRAZE_KEY_REVOKED))
    assert "invalid_key" in result.messages("shop_us")
    [answer] = result.results(PROBE)
    assert answer["permissions"] == []
    assert world.BRAZE_KEY_REVOKED not in result.output
    # Two sentences, and nothing that says the same nineteen times.
    said = {name: value for name, value in answer.items() if name != "invocation"}
    assert len(json.dumps(said)) < 2000


def test_the_user_decides_whether_a_wrong_key_fails_or_warns_or_is_ignored(sandbox: Sandbox) -> None:
    result = check_key(
        sandbox,
        warned=workspace(sandbox, world.BRAZE_KEY_INCOMPLETE, braze_api_key_on_problem="warn"),
        ignored=workspace(sandbox, world.BRAZE_KEY_INCOMPLETE, braze_api_key_on_problem="ignore"),
    )
    assert result.exit_code == 0
    [warning] = warnings(result, "warned")
    assert all(name in warning for name in world.BRAZE_KEY_INCOMPLETE_LACKS)
    assert warnings(result, "ignored") == []
    for host in ("warned", "ignored"):
        missing = fact(result, "braze_api_key_verdict", host)["missing"]
        assert missing == list(world.BRAZE_KEY_INCOMPLETE_LACKS)


def test_fewer_permissions_can_be_asked_for(sandbox: Sandbox) -> None:
    asked = ["canvas.list", "events.list"]
    settings = workspace(sandbox, world.BRAZE_KEY_INCOMPLETE, braze_api_key_permissions=asked)
    result = check_key(sandbox, shop_us=settings)
    shown = fact(result, "braze_api_key_verdict", "shop_us")["permissions"]
    assert [permission["name"] for permission in shown] == asked
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [("braze_api_key_on_problem", "shrug"), ("braze_api_key_key", None), ("braze_api_key_api_url", None)],
)
def test_a_wrong_or_forgotten_variable_is_refused_before_anything_is_asked(
    sandbox: Sandbox, variable: str, value: str | None
) -> None:
    settings = {**workspace(sandbox, world.BRAZE_KEY_SHOP_US), variable: value}
    given = {name: value for name, value in settings.items() if value is not None}
    result = run_playbook(sandbox, play("braze_api_key"), inventory=inventory(shop_us=given))
    assert variable in result.messages("shop_us")
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


@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")], ids=["run", "check"])
def test_currents_that_land_are_found_in_both_clouds(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    result = look(sandbox, *arguments, shop_us=bucket("s3"), shop_eu=bucket("gcs"))
    assert result.exit_code == 0
    for host in ("shop_us", "shop_eu"):
        verdict = fact(result, "currents_landing_verdict", host)
        assert (verdict["verdict"], len(verdict["integrations"][0]["event_types"])) == ("landing", 3)
        assert result.changed(host) == 0


def test_a_quiet_bucket_warns_and_a_wrong_one_stops_its_host(sandbox: Sandbox) -> None:
    old = datetime.now(UTC) - timedelta(days=9)
    for name in ("acme-empty", "acme-stale", "acme-foreign"):
        sandbox.seed("gcs", "create_bucket", name=name)
    sandbox.seed(
        "gcs", "seed_currents", bucket="acme-stale", hours=[old.isoformat()], prefix="currents", cluster="prod-04",
        storage="GCS", integration_id="66f1", event_types=["users.messages.email.Open"],
    )  # fmt: skip
    sandbox.seed("gcs", "seed_segment_exports", bucket="acme-foreign", prefix="currents")
    result = look(
        sandbox,
        empty=bucket("gcs", bucket="acme-empty"),
        stale=bucket("gcs", bucket="acme-stale"),
        stale_but_fine=bucket("gcs", bucket="acme-stale", stale_after=24 * 10),
        stale_and_strict=bucket("gcs", bucket="acme-stale", on_quiet="fail"),
        stale_and_quiet=bucket("gcs", bucket="acme-stale", on_quiet="ignore"),
        foreign=bucket("gcs", bucket="acme-foreign"),
        missing=bucket("gcs", bucket="acme-no-such-bucket"),
    )
    assert {failure.host for failure in result.failures()} == {"stale_and_strict", "foreign", "missing"}
    for host in ("empty", "stale"):
        [warning] = warnings(result, host)
        assert warning.startswith(f"{host}: Braze Currents does not land in gs://acme-{host}/currents ({host})")
        assert "Send Test Events" in warning
    for host in ("stale_but_fine", "stale_and_quiet"):
        assert warnings(result, host) == []
    assert "gs://acme-foreign/currents (not_currents)" in result.messages("foreign")
    assert "(no_bucket)" in result.messages("missing")


def test_a_wrong_prefix_stops_its_host_with_the_right_one_unless_another_workspace_has_that(sandbox: Sandbox) -> None:
    result = look(
        sandbox,
        shop_us=bucket("s3", prefix="curents"),
        shop_uk=bucket("s3", prefix="curents", on_problem="warn"),
        shop_fr=bucket("s3", prefix="curents", folders_of_others=[world.PREFIX]),
    )
    assert {failure.host for failure in result.failures()} == {"shop_us"}
    assert "(elsewhere)" in result.messages("shop_us")
    [told] = warnings(result, "shop_uk")
    for message in (result.messages("shop_us"), told):
        assert f"under '{world.PREFIX}'" in message
    [warning] = warnings(result, "shop_fr")
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
