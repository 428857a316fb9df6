# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proves what nobody can see from here, in a sentence: Fivetran itself has tried it.

Fivetran keeps no record of old setup tests: of tests that ran before this run only their outcome is left, the state of
the connection. The report says it, too, and imports no client for that.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ....module_utils._fivetran.client import JsonObject


def setup_state(row: JsonObject) -> str:
    """Return what Fivetran says of the setup of a connection; empty if it says nothing."""
    status = row.get("status")
    return str(status.get("setup_state") or "") if isinstance(status, dict) else ""


def proof(row: JsonObject | None) -> str:
    """Return what proves that a connection reads with what Fivetran holds, as the end of a sentence; empty if nothing.

    A sync that failed after the last one that succeeded leaves nothing proved.
    """
    from ....module_utils._fivetran.sync.last_sync import LastSync
    from ..model.findings import minute

    if row is None or setup_state(row) != "connected":
        return ""
    last = LastSync.of(row)
    if last.outcome is None:
        return "by Fivetran's setup tests, for it says that the connection is connected"
    return f"by Fivetran's sync of {minute(last.finished_at)}" if last.outcome == "succeeded" else ""


def proof_by_tests(titles: Iterable[str], time: str) -> str:
    """Return the same where setup tests have just passed; ``time``: as a person reads it."""
    names = list(titles)
    return f"by Fivetran's {'test' if len(names) == 1 else 'tests'} of {', '.join(names)} at {time}"


def proved(what: str, by: str) -> str:
    """Return the sentence; ``what``: such as "it works"."""
    return f"That {what} is proved {by}."


def of_masked(row: JsonObject) -> str:
    """Return what proves that what Fivetran shows masked works, or how that is found out."""
    by, advice = proof(row), "rotate_key.yml sends what the inventory holds, and tests it."
    if not by:
        return f"No sync proves that it works; {advice}"
    has_synced = row.get("succeeded_at") or row.get("failed_at")
    return proved("it works", by) + ("" if has_synced else f" No sync proves it yet; {advice}")
