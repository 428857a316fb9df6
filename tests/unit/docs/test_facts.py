# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fact that is recorded or documented of the vendors is shown by a test that bears its name."""

from __future__ import annotations

import re

import pytest

from tests.facts import COLLECTED, FACTS, graded, shown

SLUGS = [fact.slug for fact in FACTS]
collected = pytest.mark.skipif(not COLLECTED.exists(), reason="the facts do not lie beside the checkout")


@pytest.mark.parametrize("slug", SLUGS)
def test_each_fact_is_shown_by_a_test(slug: str) -> None:
    assert shown().get(slug), f"no test is marked with fact({slug!r})"


def test_no_test_bears_the_name_of_a_fact_that_nobody_knows() -> None:
    assert set(shown()) - set(SLUGS) == set()
    assert len(set(SLUGS)) == len(SLUGS)


@collected
def test_each_collected_fact_is_known_by_exactly_one_name() -> None:
    texts = list(graded(COLLECTED.read_text()))
    assert len(texts) > 20
    names = {text: [fact.slug for fact in FACTS if fact.is_said_by(text)] for text in texts}
    assert {text: found for text, found in names.items() if len(found) != 1} == {}


@collected
@pytest.mark.parametrize("fact", FACTS, ids=SLUGS)
def test_no_name_is_left_of_a_fact_that_is_gone(fact: object) -> None:
    assert fact.is_said_by(" ".join(COLLECTED.read_text().split()))  # type: ignore[attr-defined]


def test_grades_are_found_wherever_they_stand() -> None:
    text = (
        "**rec** = recorded\n\n- A is so. (spec) B is\n  otherwise (rec: a log).\n- C, as they say. (spec, doc)\n"
        '| 1 | d | 200 (rec) |\n| 2 | e | 200 (inf) |\n- F ("quoted", rec), and a\n  documentation (code).\n'
    )
    assert [re.sub(r"^[-|] ", "", found) for found in graded(text)] == [
        "A is so. (spec) B is otherwise (rec: a log)",
        "C, as they say. (spec, doc)",
        "1 | d | 200 (rec)",
        'F ("quoted", rec)',
    ]
