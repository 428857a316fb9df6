# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make compat` makes of what its parts came to: known, new, gone, left out."""

from __future__ import annotations

import re

from tests.compat.known import KNOWN
from tests.compat.table import Known, Part, exit_code, report, unknown

NULLS = Known(r"\bnull\b", "The document forgets it.")
TABLE = {"judge": (NULLS,)}


def part(*differences: str, name: str = "judge") -> Part:
    return Part(name, "1.2", ("a life", "a sync"), differences)


def test_a_part_that_agrees_is_told_with_its_version_and_what_ran() -> None:
    assert report([part(name="emulator")], TABLE) == "emulator 1.2\n    ran: a life, a sync\n    agrees"
    assert exit_code([part(name="emulator")], TABLE) == 0


def test_a_known_difference_is_told_once_with_its_reason_and_fails_nothing() -> None:
    found = part("a: null is no text", "b: null is no text")
    told = report([found], TABLE)
    assert "known: a: null is no text (and 1 alike)" in told
    assert "The document forgets it." in told
    assert (unknown(found, TABLE), exit_code([found], TABLE)) == ([], 0)


def test_a_new_difference_fails_also_beside_a_known_one() -> None:
    found = part("a: null is no text", "c: 404")
    assert "DIFFERS: c: 404" in report([found], TABLE)
    assert (unknown(found, TABLE), exit_code([part(), found], TABLE)) == (["c: 404"], 1)


def test_what_is_known_of_one_part_is_new_in_another() -> None:
    assert exit_code([part("a: null", name="client")], TABLE) == 1


def test_a_difference_that_is_gone_is_told_so_that_somebody_takes_it_out() -> None:
    assert "gone: \\bnull\\b was not met any more" in report([part()], TABLE)
    assert exit_code([part()], TABLE) == 0


def test_what_is_left_out_is_told_with_the_reason_and_fails_nothing() -> None:
    absent = Part("judge", left_out="there is no document")
    assert report([absent], TABLE) == "judge\n    left out: there is no document"
    assert exit_code([absent], TABLE) == 0


def test_what_is_known_stands_with_a_reason_and_can_be_met() -> None:
    for known in KNOWN.values():
        for one in known:
            assert one.reason.endswith(".")
            re.compile(one.pattern)
