# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""braze_api_key_info against the sandbox's Braze: every verdict, in both documented styles of refusal."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import (
    PERMISSION_NAMES,
    PERMISSIONS,
)

from tests.clock import Hurried
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.braze import ENDPOINTS, RATE_LIMITS
from tests.sandbox.client import Sandbox

KEY = "sandbox-braze-key-of-this-test-1f3870be274f"
FEED = {"feed.list", "feed.details"}
NEEDED = [name for name in PERMISSION_NAMES if name not in FEED]
TWO = ["campaigns.details", "segments.list"]

Check = Callable[..., ModuleResult]
both_styles = pytest.mark.parametrize("style", [401, 403])


@pytest.fixture
def check(sandbox: Sandbox) -> Check:
    """Run the module, and see that it shows no key and that Braze is as it was before."""

    def call(key: str = KEY, time: Hurried | None = None, **arguments: Any) -> ModuleResult:
        before = sandbox.state_hash()["braze"]
        given = {"api_key": key, "api_url": sandbox.env["SANDBOX_BRAZE_URL"], **arguments}
        result = run_module("braze_api_key_info", given, sandbox.env, time=time)
        assert key not in json.dumps(result.values)
        assert sandbox.state_hash()["braze"] == before
        return result

    return call


def make_key(sandbox: Sandbox, **fields: Any) -> None:
    sandbox.seed("braze", "create_key", key=KEY, **fields)


def states(result: ModuleResult) -> dict[str, str]:
    return {permission["name"]: permission["state"] for permission in result["permissions"]}


def named(text: str) -> list[str]:
    return [name for name in PERMISSION_NAMES if name in text]


# What Braze was recorded to answer a key that may, by probe.
RECORDED = [
    pytest.param("users.export.ids", 201, marks=pytest.mark.fact("probe-users-export-ids")),
    pytest.param("email.unsubscribe", 200, marks=pytest.mark.fact("probe-email-unsubscribe")),
    pytest.param("email.hard_bounces", 200, marks=pytest.mark.fact("probe-email-hard-bounces")),
    pytest.param("canvas.details", 400, marks=pytest.mark.fact("probe-canvas-details")),
    pytest.param("segments.list", 200, marks=pytest.mark.fact("probe-segments-list")),
    pytest.param("subscription.status.get", 400, marks=pytest.mark.fact("probe-subscription-status-get")),
]


@pytest.mark.parametrize(("permission", "status"), RECORDED)
def test_a_probe_is_answered_as_recorded_and_that_is_taken_for_granted_and_a_refusal_for_missing(
    sandbox: Sandbox, check: Check, permission: str, status: int
) -> None:
    make_key(sandbox)
    assert states(check(permissions=[permission])) == {permission: "granted"}
    [asked] = sandbox.journal("braze", permission)
    assert asked.status == status
    make_key(sandbox, missing=[permission])
    assert states(check())[permission] == "missing"


@pytest.mark.fact("keys-are-probed")
def test_a_complete_key_is_ok_after_one_request_for_each_permission(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    result = check()
    assert (result["verdict"], result["missing"], result["undecided"], result["next_step"]) == ("ok", [], [], "")
    assert states(result) == {**dict.fromkeys(PERMISSION_NAMES, "granted"), **dict.fromkeys(FEED, "retired")}
    assert Counter(entry.operation for entry in sandbox.journal("braze")) == Counter(
        f"braze:{name}" for name in PERMISSION_NAMES
    )


def test_probes_export_nothing_and_write_nothing(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    check()
    assert sandbox.writes() == []
    assert sandbox.state()["braze"]["workspace"]["exports"] == []


@both_styles
@pytest.mark.fact("order-of-checks")
def test_a_key_that_lacks_two_permissions_names_exactly_those_two(sandbox: Sandbox, check: Check, style: int) -> None:
    sandbox.seed("braze", "manners", refusal_status=style)
    make_key(sandbox, missing=TWO)
    result = check()
    assert (result["verdict"], result["missing"]) == ("missing_permissions", TWO)
    assert named(result["next_step"]) == TWO
    assert {name for name, state in states(result).items() if state == "missing"} == set(TWO)
    assert {entry["status"] for entry in result["permissions"] if entry["state"] == "missing"} == {style}


@pytest.mark.parametrize(
    ("style", "verdict", "missing"),
    # 401 for everything is what an unknown key gets as well; only with a reason is it more than that.
    [(401, "invalid_key", []), (403, "missing_permissions", NEEDED)],
)
def test_a_key_that_lacks_all_permissions_is_not_ok(
    sandbox: Sandbox, check: Check, style: int, verdict: str, missing: list[str]
) -> None:
    sandbox.seed("braze", "manners", refusal_status=style)
    make_key(sandbox, permissions=["users.track"])
    result = check()
    assert (result["verdict"], result["missing"]) == (verdict, missing)
    assert "without any of these permissions" in result["next_step"] or named(result["next_step"]) == NEEDED


@both_styles
@pytest.mark.fact("order-of-checks")
def test_a_revoked_key_is_invalid_whatever_the_style(sandbox: Sandbox, check: Check, style: int) -> None:
    sandbox.seed("braze", "manners", refusal_status=style)
    make_key(sandbox)
    sandbox.seed("braze", "revoke_key", key=KEY)
    result = check()
    assert (result["verdict"], result["missing"]) == ("invalid_key", [])
    # Braze's answer repeats the key; the module's does not, but is otherwise the same. A path that is gone is said to
    # be so before the key is looked at.
    assert {entry["message"] for entry in result["permissions"]} == {"Invalid API key: ********", "Invalid URL"}


def test_a_key_of_another_instance_is_invalid_and_the_possible_instances_are_named(
    sandbox: Sandbox, check: Check
) -> None:
    make_key(sandbox, instance="EU-01")
    result = check()
    assert result["verdict"] == "invalid_key"
    assert "EU-01" in result["possible_instances"]
    assert "that your dashboard is of this instance" in result["next_step"]


@pytest.mark.parametrize("style", [401, 403])
def test_an_allowlist_without_this_address_is_a_verdict_of_its_own(sandbox: Sandbox, check: Check, style: int) -> None:
    sandbox.seed("braze", "manners", allowlist_status=style)
    make_key(sandbox, allowlist=["192.0.2.0/24"])
    assert check()["verdict"] == "ip_not_allowed"


def test_an_allowlist_with_this_address_is_ok(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox, allowlist=["192.0.2.0/24", "127.0.0.1"])
    assert check()["verdict"] == "ok"


@pytest.mark.parametrize("account", ["inactive", "no_plan"])
def test_an_account_without_the_api_is_forbidden(sandbox: Sandbox, check: Check, account: str) -> None:
    make_key(sandbox)
    sandbox.seed("braze", "manners", account=account)
    assert check()["verdict"] == "forbidden"


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("unrouted", [True, False])
def test_a_retired_news_feed_is_no_problem(sandbox: Sandbox, check: Check, status: int, unrouted: bool) -> None:
    make_key(sandbox)
    sandbox.seed("braze", "manners", feed_status=status, feed_unrouted=unrouted)
    result = check()
    assert result["verdict"] == "ok"
    assert {name for name, state in states(result).items() if state == "retired"} == FEED


def test_a_revoked_key_is_invalid_although_the_news_feed_answers_otherwise(sandbox: Sandbox, check: Check) -> None:
    sandbox.seed("braze", "manners", feed_status=404, feed_unrouted=True)
    assert check(world.BRAZE_KEY_REVOKED)["verdict"] == "invalid_key"


@both_styles
def test_a_key_without_the_news_feed_is_ok(sandbox: Sandbox, check: Check, style: int) -> None:
    sandbox.seed("braze", "manners", refusal_status=style, feed_status=200)
    make_key(sandbox, missing=sorted(FEED))
    result = check()
    assert (result["verdict"], result["missing"]) == ("ok", [])
    assert states(result)["feed.list"] == "missing"


@pytest.mark.parametrize("status", [200, 400, 404])
def test_whatever_braze_answers_about_an_unknown_template_proves_the_permission(
    sandbox: Sandbox, check: Check, status: int
) -> None:
    make_key(sandbox)
    sandbox.seed("braze", "unknown_template", status=status)
    assert states(check())["templates.email.info"] == "granted"


def test_one_probe_that_hits_the_rate_limit_waits_and_is_granted(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    reset = {
        "x-ratelimit-limit": "250000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(time.time()) + 2),
    }
    sandbox.fault("status", operation="canvas.list", status=429, headers=reset)
    assert check()["verdict"] == "ok"
    assert [entry.status for entry in sandbox.journal("braze", "canvas.list")] == [429, 200]
    assert len(sandbox.journal("braze")) == len(PERMISSION_NAMES) + 1


def test_a_rate_limit_that_lasts_longer_than_the_deadline_leaves_the_probe_undecided(
    sandbox: Sandbox, check: Check
) -> None:
    make_key(sandbox)
    sandbox.seed("braze", "rate_limit", group="events_and_products", limit=1000, seconds=3600, used=1000)
    result = check(retry_timeout=5, rate_limit_timeout=5)
    assert (result["verdict"], result["undecided"]) == ("undecided", ["purchases.product_list", "events.list"])
    assert "Braze renews it in 3" in result["next_step"]


def test_a_rate_limit_of_an_hour_is_waited_for_in_a_time_of_its_own(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    hour = {
        "x-ratelimit-limit": "1000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(time.time()) + 3600),
    }
    sandbox.fault("status", operation="events.list", status=429, headers=hour)
    hurried = Hurried()
    assert check(retry_timeout=5, time=hurried)["verdict"] == "ok"
    assert sum(wait > 3500 for wait in hurried.waits) == 1
    assert [entry.status for entry in sandbox.journal("braze", "events.list")] == [429, 200]


def test_the_last_request_of_a_rate_limit_is_not_overdrawn(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    sandbox.seed("braze", "rate_limit", group="events_and_products", limit=1000, seconds=3600, used=999)
    result = check(retry_timeout=5, rate_limit_timeout=0)
    assert (result["verdict"], result["undecided"]) == ("undecided", ["events.list"])
    assert sandbox.journal("braze", "events.list") == []
    assert [entry.status for entry in sandbox.journal("braze", "purchases.product_list")] == [200]


def test_probes_that_share_a_low_rate_limit_are_declared_as_the_sandbox_counts_them() -> None:
    low = {name for name, (requests, _seconds) in RATE_LIMITS.items() if requests < 10_000}
    shared: dict[str, set[str]] = {}
    for endpoint in ENDPOINTS:
        if endpoint.limit in low:
            shared.setdefault(endpoint.limit, set()).add(endpoint.permission)
    declared: dict[str, set[str]] = {}
    for permission in PERMISSIONS:
        if permission.rate_limit:
            declared.setdefault(permission.rate_limit, set()).add(permission.name)
    assert declared == {name: names for name, names in shared.items() if len(names) > 1}


def test_one_probe_that_fails_once_is_repeated_alone(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    sandbox.fault("status", operation="segments.list", status=500)
    assert check()["verdict"] == "ok"
    assert len(sandbox.journal("braze", "segments.list")) == 2
    assert len(sandbox.journal("braze")) == len(PERMISSION_NAMES) + 1


def test_one_probe_that_fails_for_good_is_undecided_and_not_missing(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    sandbox.fault("status", operation="segments.list", status=500, times=0)
    result = check(retry_timeout=3)
    assert (result["verdict"], result["missing"], result["undecided"]) == ("undecided", [], ["segments.list"])
    assert "segments.list (HTTP 500)" in result["next_step"]
    assert 1 < len(sandbox.journal("braze", "segments.list")) < 5


@pytest.mark.parametrize("kind", ["html", "drop", "truncate", "redirect", "empty"])
def test_one_probe_without_a_usable_answer_is_not_missing(sandbox: Sandbox, check: Check, kind: str) -> None:
    make_key(sandbox)
    sandbox.fault(kind, operation="segments.list", times=0, url="http://127.0.0.1:1/")
    result = check(retry_timeout=2)
    assert (result["verdict"], result["undecided"]) == ("undecided", ["segments.list"])


def test_a_gateway_in_trouble_leaves_everything_undecided(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    page = {"Content-Type": "text/html"}
    sandbox.fault("status", server="braze", times=0, status=502, headers=page, body="<html>Bad gateway</html>")
    result = check(retry_timeout=1)
    assert (result["verdict"], result["undecided"]) == ("undecided", NEEDED)


@pytest.mark.parametrize("status", [401, 403])
def test_a_proxy_that_refuses_in_html_is_not_taken_for_braze(sandbox: Sandbox, check: Check, status: int) -> None:
    make_key(sandbox)
    page = {"Content-Type": "text/html"}
    sandbox.fault("status", server="braze", times=0, status=status, headers=page, body="<html>Log in</html>")
    assert check(retry_timeout=1)["verdict"] == "unreachable"


def test_where_nobody_listens_braze_is_unreachable(check: Check) -> None:
    result = check(api_url="http://127.0.0.1:1", retry_timeout=1)
    assert result["verdict"] == "unreachable"
    assert "http://127.0.0.1:1" in result["next_step"]


def test_a_server_that_is_not_braze_is_unreachable(sandbox: Sandbox, check: Check) -> None:
    result = check(api_url=f"{sandbox.env['SANDBOX_BRAZE_URL']}/somewhere", retry_timeout=1)
    assert result["verdict"] == "unreachable"


def test_slow_answers_are_waited_for(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    sandbox.latency(0.3)
    assert check()["verdict"] == "ok"


def test_answers_slower_than_the_timeout_end_inside_the_deadline(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox)
    sandbox.fault("delay", server="braze", delay=20, times=0)
    assert check(request_timeout=1, retry_timeout=3)["verdict"] == "unreachable"


def test_fewer_permissions_can_be_asked_for(sandbox: Sandbox, check: Check) -> None:
    make_key(sandbox, permissions=["canvas.list", "campaigns.list"])
    result = check(permissions=["canvas.list", "campaigns.list"])
    assert result["verdict"] == "ok"
    assert list(states(result)) == ["campaigns.list", "canvas.list"]
    assert len(sandbox.journal("braze")) == 2


@both_styles
def test_a_key_that_holds_only_others_than_asked_for_lacks_permissions_and_is_not_invalid(
    sandbox: Sandbox, check: Check, style: int
) -> None:
    sandbox.seed("braze", "manners", refusal_status=style)
    make_key(sandbox, permissions=["canvas.list"])
    result = check(permissions=["campaigns.list"])
    assert (result["verdict"], result["missing"]) == ("missing_permissions", ["campaigns.list"])
    assert list(states(result)) == ["campaigns.list"]


def test_a_permission_that_the_catalogue_does_not_know_is_refused(sandbox: Sandbox, check: Check) -> None:
    result = check(permissions=["campaigns.lits"])
    assert result.failed
    assert "campaigns.lits" in result.msg
    assert sandbox.journal("braze") == []


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY} \r\n"])
def test_a_key_works_with_the_blanks_and_line_breaks_around_it(sandbox: Sandbox, key: str) -> None:
    make_key(sandbox)
    result = run_module(
        "braze_api_key_info", {"api_key": key, "api_url": sandbox.env["SANDBOX_BRAZE_URL"]}, sandbox.env
    )
    assert result["verdict"] == "ok"


@pytest.mark.parametrize("key", ["", f"Bearer {KEY}", f"'{KEY}'", f"{KEY}\n{KEY}", "******", "schlüssel-4711-0815"])
def test_a_key_that_cannot_be_one_is_refused_before_anything_is_sent(sandbox: Sandbox, key: str) -> None:
    given = {"api_key": key, "api_url": sandbox.env["SANDBOX_BRAZE_URL"]}
    result = run_module("braze_api_key_info", given, sandbox.env)
    assert result.failed
    assert result.msg.startswith("api_key: ")
    assert not key or key.strip() not in json.dumps(result.values)
    assert sandbox.journal("braze") == []


def test_an_unknown_host_is_a_warning_and_no_error(sandbox: Sandbox) -> None:
    given = {"api_key": KEY, "api_url": "https://rest.us-42.braze.invalid", "retry_timeout": 1}
    result = run_module("braze_api_key_info", given, sandbox.env)
    assert result["verdict"] == "unreachable"
    assert ["rest.us-42.braze.invalid" in warning for warning in result.warnings] == [True]
