# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has a question gets from the first page of the site to the answer, and no link of a page leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.collection import CHECKOUT

DOCS = CHECKOUT / "docs"
INDEX = (DOCS / "index.md").read_text()
LINK = re.compile(r"\]\((?!https?:)([\w./-]*)(?:#([\w-]+))?\)")
# What people come with, and where it has to be answered: the page, and words in it.
QUESTIONS = {
    "How do I give credentials for": {
        "credentials.md": ("FIVETRAN_APIKEY", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS", "braze_api_key", "Azure")
    },
    "leave it unset": {"inventory.md": ("| unset |", "s3_access_role_name")},
    "what I made by hand": {"existing_connections.md": ("adopt",)},
    "How do I move a bucket": {"guide_changes.md": ("## Another bucket", "## Another folder")},
    "What will it cost": {"guide_cost.md": ("monthly active rows",)},
}


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the site makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_one_click_away(question: str) -> None:
    [row] = [line for line in INDEX.splitlines() if line.startswith("|") and question in line]
    linked = {name for name, _anchor in LINK.findall(row)}
    for page, words in QUESTIONS[question].items():
        assert page in linked
        text = (DOCS / page).read_text()
        assert [word for word in words if word.lower() not in text.lower()] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_no_link_of_a_page_leads_nowhere(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text()):
        target = (page.parent / name) if name else page
        assert target.exists(), f"{page.name} links to {name}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name} links to {name}#{anchor}"


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"^(\w+)$", INDEX, re.MULTILINE))
    assert {page.stem for page in DOCS.glob("*.md")} - listed == {"index"}
