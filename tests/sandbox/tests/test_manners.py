# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The open questions about the vendors, how they are answered, and that the sandbox's page lists them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.sandbox.manners import BRAZE, FIVETRAN, FIVETRAN_EVENTS, Manner, Manners

REFERENCE = Path(__file__).resolve().parents[1] / "REFERENCE.md"


def test_a_server_begins_with_the_first_choice_of_each() -> None:
    manners = Manners(FIVETRAN)
    assert {name: getattr(manners, name) for name in FIVETRAN} == {
        name: manner.choices[0] for name, manner in FIVETRAN.items()
    }


def test_what_is_not_named_stays() -> None:
    manners = Manners(FIVETRAN)
    manners.choose(delete_status=204)
    manners.choose(folder="normalized")
    assert (manners.delete_status, manners.folder, manners.sync_mode) == (204, "normalized", "shown")


@pytest.mark.parametrize(
    ("choice", "words"),
    [({"delete": 204}, "no such manner: delete"), ({"delete_status": 205}, "one of 200, 204"),
     ({"destination_networking": "none"}, "'Directly', None")],
)  # fmt: skip
def test_a_misspelled_choice_is_refused_and_the_right_ones_are_named(choice: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Manners(FIVETRAN).choose(**choice)


def test_true_is_not_one() -> None:
    with pytest.raises(ValueError, match="feed_unrouted"):
        Manners(BRAZE).choose(feed_unrouted=1)


def rows(server: str, known: Mapping[str, Manner]) -> list[str]:
    """Return the lines of the page's table about one server."""
    found = []
    for name, manner in known.items():
        choices = ", ".join(f"`{choice}`" for choice in manner.choices)
        found.append(f"| {server} | `{name}` | {manner.about} | {choices} | {manner.evidence} |")
    return found


def test_the_page_of_the_sandbox_lists_each_with_its_choices_and_evidence() -> None:
    page = REFERENCE.read_text().splitlines()
    assert [line for line in page if line.startswith(("| Fivetran | `", "| Braze | `"))] == [
        *rows("Fivetran", FIVETRAN),
        *rows("Fivetran", FIVETRAN_EVENTS),
        *rows("Braze", BRAZE),
    ]
