# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is recorded or documented of the vendors, and is no part of a specification that could be held against.

Each such fact is shown by at least one test that bears its slug, ``@pytest.mark.fact("slug")``. The facts are collected
in a file that may lie beside the checkout; ``tests/unit/docs/test_facts.py`` holds file, slugs and tests together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
COLLECTED = CHECKOUT.parent / "shared" / "facts.md"
TESTS = CHECKOUT / "tests"

# "rec" for recorded traffic, "doc" for the vendor's documentation, alone or beside other words.
_GRADE = re.compile(r"\([^()]*\b(?:rec|doc)\b[^()]*\)|, rec\)")
# Where a fact begins: items, rows of a table, paragraphs, headings.
_BEGIN = re.compile(r"\n(?=- |\| \d|\n|#)")
_MARK = re.compile(r"\bmark\.fact\(\s*\"([a-z0-9-]+)\"")


@dataclass(frozen=True)
class Fact:
    """One fact. ``words``: found in the collected file, in this order, in the text that ends with its grade."""

    slug: str
    words: tuple[str, ...]

    def is_said_by(self, text: str) -> bool:
        """Tell whether a graded text is about this fact."""
        return re.search(".*".join(map(re.escape, self.words)), text, re.DOTALL) is not None


FACTS = (
    Fact("accept-version-2", ("Accept: application/json;version=2", "Content-Type: application/json", "415")),
    Fact("incomplete-is-scheduled", ("incomplete is `scheduled`", "only `paused: true` gives `paused`")),
    Fact("schema-names", ("Schema names", "not starting with a digit", "unique in the group")),
    Fact("patch-merges", ("PATCH with a partial `config` merges it",)),
    Fact("delete-204", ("DELETE answers 200", "204 without a body")),
    Fact("webhooks", ("Webhooks", "X-Fivetran-Signature-256")),
    Fact("saas-only", ("Braze in Fivetran is SaaS only",)),
    Fact("no-body", ("`/sync` and `/resync` are sent without a body", "`/test` needs one")),
    Fact("unknown-route", ("an unknown route is 404 plain `NotFound`",)),
    Fact("rate-limits", ("X-Rate-Limit-Remaining", "Retry-After", "cap the wait and")),
    Fact("schemas-before-reload", ("`/schemas/reload`", "reload of an incomplete connection is 400")),
    Fact("keys-are-probed", ("No endpoint reveals a key's permissions",)),
    Fact("order-of-checks", ("Server order per request",)),
    Fact("probe-users-export-ids", ("users.export.ids", "201")),
    Fact("probe-email-unsubscribe", ("email.unsubscribe", "200")),
    Fact("probe-email-hard-bounces", ("email.hard_bounces", "200")),
    Fact("probe-canvas-details", ("canvas.details", "400")),
    Fact("probe-segments-list", ("segments.list", "200")),
    Fact("probe-subscription-status-get", ("subscription.status.get", "400")),
    Fact("layouts-of-currents", ("Layout now", "until 2026", "Accept both")),
    Fact("files-of-currents", ("Avro object containers", "no back-fill")),
    Fact("domain-restricted-sharing", ("domain-restricted sharing", "do not belong to a permitted customer")),
    Fact("denied-to-a-reader", ("does not have storage.objects.list access",)),
    Fact("a-grant-spreads", ("while a grant spreads",)),
    # Without a grade of its own in its line, and shown all the same.
    Fact("moved-connection", ("`/move` puts a connection into another group",)),
)


def graded(text: str) -> Iterator[str]:
    """Yield each fact that is graded as recorded or documented: from the grade before it to its own."""
    for block in _BEGIN.split(text):
        begin = 0
        for grade in _GRADE.finditer(block):
            yield " ".join(block[begin : grade.end()].split())
            begin = grade.end()


def shown() -> dict[str, list[str]]:
    """Return the files with tests that bear a slug, by slug."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for slug in _MARK.findall(path.read_text()):
            found.setdefault(slug, []).append(str(path.relative_to(CHECKOUT)))
    return found
