# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A worker of Ansible whose playbook was killed sends nothing any more, whatever it is about to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import Failure, OnrampError

from tests.clock import Hurried
from tests.hardening.steps import steps
from tests.sandbox.client import Sandbox


class Attended(Hurried):
    """Lets so many requests pass; before the next one, the playbook has ended."""

    def __init__(self, requests: int) -> None:
        super().__init__()
        self._left = requests
        self.clock = replace(self.clock, attend=self._attend)

    def _attend(self) -> None:
        self._left -= 1
        if self._left < 0:
            msg = "The playbook has ended."
            raise OnrampError(msg=msg, failure=Failure(code="abandoned", message=msg))


def test_no_step_sends_anything_for_a_playbook_that_has_ended(sandbox: Sandbox) -> None:
    for name, step in steps(sandbox).items():
        step.prepare(sandbox)
        sandbox.clear_journal()
        result = step.run(sandbox, Attended(0))
        assert result.failed, name
        assert result.code == "abandoned", (name, result.msg)
        assert sandbox.journal() == [], name


@pytest.mark.parametrize("name", ["grant", "connection"])
def test_a_step_whose_playbook_ends_before_its_write_has_not_written(sandbox: Sandbox, name: str) -> None:
    step = steps(sandbox)[name]
    step.prepare(sandbox)
    sandbox.clear_journal()
    assert not step.run(sandbox).failed
    sent = sandbox.journal()
    first = next(number for number, entry in enumerate(sent) if entry.changed_state)
    before = len([entry for entry in sent[:first] if entry.caller == "outside"])
    step.prepare(sandbox)
    sandbox.clear_journal()
    result = step.run(sandbox, Attended(before))
    assert result.code == "abandoned", result.msg
    assert sandbox.writes() == []
    assert len(sandbox.journal()) == before
