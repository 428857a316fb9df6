# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""What a look at a bucket or at its access has shown, for a person and for a playbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One observation.

    ``severity``: ``error`` (Fivetran will fail, or something would be overwritten), ``warning`` (it may fail, or
    deserves a decision), ``info``. ``code`` is stable and meant to be matched. ``remedy`` says what to do.
    """

    severity: str
    code: str
    message: str
    remedy: str = ""

    def text(self) -> str:
        """Return message and remedy as sentences."""
        return f"{self.message} {self.remedy}".strip()

    def as_json(self) -> dict[str, str]:
        """Return the finding as results show it."""
        return asdict(self)


SEVERITIES = ("error", "warning", "info")


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, the worst first, otherwise in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
