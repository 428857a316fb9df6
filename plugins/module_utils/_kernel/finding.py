# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should know: the same for what modules find, what the plan decides, and what the report tells."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

# The step that role, policy, grant and bucket belong to.
ACCESS = "access"

SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """One sentence, and what to do about it.

    ``step``: as the report calls it: ``key``, ``landing``, ``access``, ``connection``, ``tests``, ``sync``, ``group``,
    ``settings`` or ``host``. ``severity``: ``error`` (something will fail, or would be overwritten), ``warning`` (it
    may, or deserves a decision) or ``info``. ``code``: stable, to be matched. ``remedy``: what to do, empty where the
    message says it. ``field``: the setting or the vendor's field that it is about, empty where no single one is.
    """

    step: str
    severity: str
    code: str
    message: str
    remedy: str = ""
    field: str = ""

    def text(self) -> str:
        """Return message and remedy as sentences."""
        return f"{self.message} {self.remedy}".strip()

    def as_json(self) -> dict[str, str]:
        """Return it as plain data."""
        return asdict(self)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, the worst first, otherwise in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
