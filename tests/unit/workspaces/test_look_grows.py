# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Four times as many workspaces take four times as much to ask about, also where they share a bucket and a role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.s3_doubts import doubts
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import look
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES, LookScope
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Question, Seen

from tests.growth import FEW, MANY, Calls, counted, too_often
from tests.unit.workspaces.situations import (
    SERVICE_ACCOUNT,
    World,
    gcs,
    gcs_policy,
    in_iam,
    row,
    settings,
    situation,
)


class Answering:
    """Asks nobody: it answers what is known, in the thread that asks, so that all its calls are counted."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.asked: set[Question[Any]] = set()

    def take(self, items: Iterable[Any], begin: Callable[[Any], None]) -> Seen:
        for item in items:
            begin(item)
        return self._seen

    def ask(
        self,
        question: Question[Any],
        work: Callable[..., Any],
        params: Callable[[], Mapping[str, Any]] = dict,
        then: Callable[[Any], None] | None = None,
        owner: str = "",
    ) -> None:
        del owner
        if question in self.asked:
            return
        self.asked.add(question)
        params()
        if (of_others := getattr(work, "keywords", {}).get("of_others")) is not None:
            of_others()
        if then is not None and self._seen.has(question):
            then(self._seen.of(question))


def workspace(number: int) -> Settings:
    """Return one that is in a bucket of its own, or in a folder of a bucket of many."""
    if number % 2:
        return settings(f"w{number:05}", currents_prefix=f"w{number}")
    return gcs(f"w{number:05}", currents_bucket=f"acme-currents-{number}")


def measured(
    monkeypatch: pytest.MonkeyPatch, purpose: str, count: int, connected: bool
) -> tuple[set[Question[Any]], Calls]:
    """Return what is asked about so many, and how often who has called whom for that."""
    fleet = [workspace(number) for number in range(count)]
    policies = {one.bucket: gcs_policy(SERVICE_ACCOUNT) for one in fleet if one.storage == "gcs"}
    world = World(rows=tuple(map(row, fleet)), iam=in_iam(fleet[1], fleet[1].bucket), policies=policies)
    known = situation(purpose, *fleet, world=world if connected else World())
    asking = Answering(known.seen)
    monkeypatch.setattr(look, "Asking", lambda *_arguments: asking)
    wanted = LookScope(PURPOSES[purpose], tuple(fleet), known.names)
    _seen, calls = counted(lambda: (look.Look(wanted, look.Limits()).take(), list(doubts(known))))
    return asking.asked, calls


@pytest.mark.parametrize("connected", [False, True], ids=["new", "connected"])
@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key", "offboard"])
def test_a_look_grows_with_the_number_of_workspaces_and_not_with_its_square(
    monkeypatch: pytest.MonkeyPatch, purpose: str, connected: bool
) -> None:
    # What is worked out once for the process is none of the workspaces'.
    measured(monkeypatch, purpose, 2, connected)
    (asked, calls), (more, more_calls) = (measured(monkeypatch, purpose, count, connected) for count in (FEW, MANY))
    assert {"the connections", "the Fivetran account"} <= {question.kind for question in asked}
    assert len(more) <= 4 * len(asked)
    assert too_often(calls, more_calls) == {}
