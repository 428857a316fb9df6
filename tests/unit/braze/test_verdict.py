# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict over the set of all answers, in both styles of refusal that Braze documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.instances import find_endpoint
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import (
    PERMISSION_NAMES,
    PERMISSIONS,
    Permission,
    choose,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.verdict import (
    KeyJudgement,
    KeyVerdict,
    PermissionState,
    ProbeAnswer,
    how_it_stands,
    judge_key,
    needs_controls,
    next_step,
)

TWO = ("email.unsubscribe", "campaigns.list")
FEED = ("feed.list", "feed.details")
NO_PERMISSION = "You do not have permission to access this resource"
INVALID_KEY = "Invalid API key: ********"
PLAN = "Forbidden"
ENDPOINT = find_endpoint("US-02")

both_styles = pytest.mark.parametrize("refusal", [401, 403])


def accepted(permission: Permission) -> ProbeAnswer:
    return ProbeAnswer(permission, accepted=True, status=200)


def answers(
    odd: Mapping[str, tuple[int | None, str]] | None = None,
    rest: tuple[int | None, str] | None = None,
    names: Iterable[str] = PERMISSION_NAMES,
) -> list[ProbeAnswer]:
    """Return an answer for each permission: ``odd`` by name, else ``rest``, else granted."""
    chosen = [(permission, (odd or {}).get(permission.name, rest)) for permission in choose(list(names))]
    return [
        accepted(permission) if end is None else ProbeAnswer(permission, accepted=False, status=end[0], message=end[1])
        for permission, end in chosen
    ]


def states(judgement: KeyJudgement, state: PermissionState) -> set[str]:
    return set(judgement.names(state))


def test_a_complete_key_is_ok_and_there_is_nothing_to_do() -> None:
    judgement = judge_key(answers())
    assert judgement.verdict is KeyVerdict.OK
    assert states(judgement, PermissionState.GRANTED) == set(PERMISSION_NAMES)
    assert next_step(judgement, ENDPOINT) == ""


@both_styles
def test_two_refused_among_granted_ones_are_missing(refusal: int) -> None:
    judgement = judge_key(answers(dict.fromkeys(TWO, (refusal, NO_PERMISSION))))
    assert judgement.verdict is KeyVerdict.MISSING_PERMISSIONS
    assert states(judgement, PermissionState.MISSING) == set(TWO)


@both_styles
def test_the_advice_names_exactly_the_missing_ones_and_where_to_tick_them(refusal: int) -> None:
    text = next_step(judge_key(answers(dict.fromkeys(TWO, (refusal, "")))), ENDPOINT)
    assert [name for name in PERMISSION_NAMES if name in text] == list(TWO)
    assert "Settings > APIs and Identifiers > API Keys > Create API key" in text
    assert "email.unsubscribe (under Email)" in text
    assert "cannot be edited" in text


def test_missing_in_one_style_here_and_in_the_other_there_is_missing() -> None:
    judgement = judge_key(answers({TWO[0]: (401, ""), TWO[1]: (403, "")}))
    assert judgement.verdict is KeyVerdict.MISSING_PERMISSIONS
    assert states(judgement, PermissionState.MISSING) == set(TWO)


@both_styles
def test_all_refused_for_want_of_permission_are_all_missing(refusal: int) -> None:
    judgement = judge_key(answers(rest=(refusal, NO_PERMISSION)))
    assert judgement.verdict is KeyVerdict.MISSING_PERMISSIONS
    assert states(judgement, PermissionState.MISSING) == set(PERMISSION_NAMES)


def test_all_refused_in_both_styles_without_a_reason_are_missing_because_braze_knows_the_key() -> None:
    ends = {name: (401 if number % 2 else 403, "") for number, name in enumerate(PERMISSION_NAMES)}
    assert judge_key(answers(ends)).verdict is KeyVerdict.MISSING_PERMISSIONS


@pytest.mark.parametrize("message", [INVALID_KEY, ""])
def test_401_everywhere_is_a_key_that_the_instance_does_not_know(message: str) -> None:
    judgement = judge_key(answers(rest=(401, message)))
    assert judgement.verdict is KeyVerdict.INVALID_KEY
    assert states(judgement, PermissionState.UNDECIDED) == set(PERMISSION_NAMES)
    text = next_step(judgement, ENDPOINT)
    assert text.startswith("US-02 (https://rest.iad-02.braze.com) does not know this key, or ")
    # The second sentence of two.
    assert text.count(". ") == 0
    assert len(text) <= 320


def test_401_everywhere_but_for_a_retired_endpoint_is_an_invalid_key() -> None:
    ends = dict.fromkeys(FEED, (404, ""))
    assert judge_key(answers(ends, rest=(401, ""))).verdict is KeyVerdict.INVALID_KEY


def test_401_everywhere_but_for_one_error_is_an_invalid_key() -> None:
    assert judge_key(answers({"events.list": (500, "")}, rest=(401, ""))).verdict is KeyVerdict.INVALID_KEY


def test_two_refusals_and_silence_otherwise_decide_nothing() -> None:
    judgement = judge_key(answers(dict.fromkeys(TWO, (401, "")), rest=(None, "")))
    assert judgement.verdict is KeyVerdict.UNDECIDED
    assert states(judgement, PermissionState.MISSING) == set()


def test_403_everywhere_is_the_plan_or_the_account() -> None:
    judgement = judge_key(answers(rest=(403, PLAN)))
    assert judgement.verdict is KeyVerdict.FORBIDDEN
    assert states(judgement, PermissionState.MISSING) == set()
    assert "plan" in next_step(judgement, ENDPOINT)


@both_styles
@pytest.mark.parametrize("message", ["Invalid whitelisted IPs", "address not on the allowlist", "not allow-listed"])
def test_a_refusal_because_of_the_address_is_a_verdict_of_its_own(refusal: int, message: str) -> None:
    judgement = judge_key(answers(rest=(refusal, message)))
    assert judgement.verdict is KeyVerdict.IP_NOT_ALLOWED
    assert states(judgement, PermissionState.UNDECIDED) == set(PERMISSION_NAMES)
    assert "Fivetran" in next_step(judgement, ENDPOINT)


@pytest.mark.parametrize("status", [404, 410])
def test_a_retired_news_feed_does_not_matter(status: int) -> None:
    judgement = judge_key(answers(dict.fromkeys(FEED, (status, ""))))
    assert judgement.verdict is KeyVerdict.OK
    assert states(judgement, PermissionState.RETIRED) == set(FEED)


@both_styles
def test_a_key_without_the_news_feed_is_ok(refusal: int) -> None:
    judgement = judge_key(answers(dict.fromkeys(FEED, (refusal, ""))))
    assert judgement.verdict is KeyVerdict.OK
    assert states(judgement, PermissionState.MISSING) == set(FEED)
    assert judgement.names(PermissionState.MISSING, optional=False) == []


@pytest.mark.parametrize("status", [500, 429, 302, 404, None])
def test_one_permission_without_a_usable_answer_is_undecided_and_not_missing(status: int | None) -> None:
    judgement = judge_key(answers({"canvas.list": (status, "")}))
    assert judgement.verdict is KeyVerdict.UNDECIDED
    assert states(judgement, PermissionState.UNDECIDED) == {"canvas.list"}
    assert "canvas.list" in next_step(judgement, ENDPOINT)


@both_styles
def test_missing_outweighs_undecided_and_the_advice_names_both(refusal: int) -> None:
    judgement = judge_key(answers({"canvas.list": (500, ""), "events.list": (refusal, "")}))
    assert judgement.verdict is KeyVerdict.MISSING_PERMISSIONS
    text = next_step(judgement, ENDPOINT)
    assert [name for name in PERMISSION_NAMES if name in text] == ["canvas.list", "events.list"]


def test_an_undecided_news_feed_does_not_matter() -> None:
    assert judge_key(answers(dict.fromkeys(FEED, (503, "")))).verdict is KeyVerdict.OK


@pytest.mark.parametrize("status", [None, 302, 404])
def test_nobody_there_or_something_that_is_not_braze_is_unreachable(status: int | None) -> None:
    judgement = judge_key(answers(rest=(status, "connection refused")))
    assert judgement.verdict is KeyVerdict.UNREACHABLE
    assert "https://rest.iad-02.braze.com (connection refused)" in next_step(judgement, ENDPOINT)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_braze_in_trouble_is_undecided_and_not_unreachable(status: int) -> None:
    assert judge_key(answers(rest=(status, ""))).verdict is KeyVerdict.UNDECIDED


@both_styles
def test_a_refusal_in_html_comes_from_something_before_braze(refusal: int) -> None:
    pages = [ProbeAnswer(permission, accepted=False, status=refusal, html=True) for permission in PERMISSIONS]
    assert judge_key(pages).verdict is KeyVerdict.UNREACHABLE


@both_styles
def test_a_few_refused_permissions_are_missing_if_the_key_is_good_for_others(refusal: int) -> None:
    asked = answers(rest=(refusal, ""), names=TWO)
    assert needs_controls(asked)
    controls = answers(names=[name for name in PERMISSION_NAMES if name not in TWO])
    assert judge_key(asked, controls).verdict is KeyVerdict.MISSING_PERMISSIONS
    assert len(judge_key(asked, controls).answers) == len(TWO)


def test_only_retired_permissions_asked_for_are_ok_if_the_key_is_good_for_others() -> None:
    asked = answers(rest=(404, ""), names=FEED)
    assert needs_controls(asked)
    assert judge_key(asked, answers(names=["canvas.list"])).verdict is KeyVerdict.OK


def test_a_granted_permission_needs_no_controls() -> None:
    assert not needs_controls(answers(names=TWO))


def test_a_template_that_is_not_found_is_granted_only_if_the_key_is_good_for_others() -> None:
    (template,) = choose(["templates.email.info"])
    not_found = ProbeAnswer(template, accepted=True, status=404)
    assert needs_controls([not_found])
    good = judge_key([not_found], answers(names=["canvas.list"]))
    assert (good.verdict, good.states) == (KeyVerdict.OK, (PermissionState.GRANTED,))
    nowhere = judge_key([not_found], answers(rest=(404, ""), names=["canvas.list"]))
    assert (nowhere.verdict, nowhere.states) == (KeyVerdict.UNREACHABLE, (PermissionState.UNDECIDED,))


@pytest.mark.parametrize("verdict", [verdict for verdict in KeyVerdict if verdict is not KeyVerdict.OK])
def test_a_key_of_which_nothing_is_known_is_not_called_bad(verdict: KeyVerdict) -> None:
    unknown = verdict in (KeyVerdict.UNREACHABLE, KeyVerdict.UNDECIDED)
    said = how_it_stands(verdict)
    assert said.startswith("Whether" if unknown else "The Braze API key is not good")
    assert said.endswith(f" ({verdict.value})")
