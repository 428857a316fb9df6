# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on Fivetran's setup tests: what passed, what failed, whether waiting can help."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .._kernel.printable import printable
from .client import JsonObject

STATUSES = ("PASSED", "SKIPPED", "WARNING", "FAILED", "JOB_FAILED")
FAILING_STATUSES = ("FAILED", "JOB_FAILED")

# What AWS and Google say while a grant that exists has not reached every server yet. A match only decides
# whether to wait and test again, never whether a test passed.
_PROPAGATION_WORDS = (
    *("assumerole", "assume role", "accessdenied", "access denied", "not authorized", "forbidden"),
    # Google: "... does not have storage.objects.list access ... Permission '...' denied on resource".
    *("does not have storage.", "denied on resource"),
)


@dataclass(frozen=True)
class SetupTest:
    """One result. ``details`` is whatever Fivetran sent: an object, an array, a string or nothing."""

    title: str
    status: str
    message: str
    details: Any

    @classmethod
    def from_json(cls, data: JsonObject) -> SetupTest:
        """Read one item of ``setup_tests``; an item without a status counts as failed."""
        return cls(
            title=printable(str(data.get("title") or "Untitled test")),
            status=printable(str(data.get("status") or "FAILED")),
            message=printable(str(data.get("message") or "")),
            details=data.get("details"),
        )

    def sentence(self) -> str:
        """Return title, status and message as one printable line."""
        return f"{self.title}: {self.status}" + (f" ({self.message.rstrip('.')})" if self.message else "")


@dataclass(frozen=True)
class SetupVerdict:
    """The results of one run of the tests, judged by which statuses count as failing."""

    tests: tuple[SetupTest, ...]
    failing: tuple[SetupTest, ...]
    setup_state: str

    @property
    def passed(self) -> bool:
        """True if no test failed; a service without tests passes if Fivetran calls the connection connected."""
        return not self.failing and (bool(self.tests) or self.setup_state == "connected")

    @property
    def may_be_propagation(self) -> bool:
        """True if a failure reads as if a fresh grant had not reached the cloud's servers yet."""
        texts = [f"{test.message} {test.details}".lower() for test in self.failing]
        return any(word in text for text in texts for word in _PROPAGATION_WORDS)

    def summary(self) -> str:
        """Return the failing tests, or all if none failed, in one sentence."""
        shown = self.failing or self.tests
        return "; ".join(test.sentence() for test in shown) or "Fivetran returned no setup tests"


def judge_setup(connection: JsonObject, failing_statuses: Collection[str] = FAILING_STATUSES) -> SetupVerdict:
    """Judge the answer of a test run: the connection with ``setup_tests`` and ``status``."""
    rows = connection.get("setup_tests")
    tests = tuple(SetupTest.from_json(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    status = connection.get("status")
    setup_state = str(status.get("setup_state")) if isinstance(status, dict) else "unknown"
    failing = tuple(test for test in tests if test.status in failing_statuses or test.status not in STATUSES)
    return SetupVerdict(tests=tests, failing=failing, setup_state=setup_state)
