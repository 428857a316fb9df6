# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""What a look at a bucket before anything is written returns, and when it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._kernel.errors import Failure, OnrampError
from .._kernel.finding import Finding, by_severity
from .._kernel.task import Result, Task

PREFLIGHT_ARGUMENTS: Mapping[str, Any] = {
    "fail_on": {"type": "str", "choices": ["error", "never"], "default": "never"},
}


def report(task: Task, findings: Iterable[Finding], *, fail: bool) -> Result:
    """Return the result of a preflight: warn of what may go wrong, and ``fail`` because of what will.

    :raises OnrampError: with the code of the first finding of severity ``error``.
    """
    found = by_severity(findings)
    errors = [finding for finding in found if finding.severity == "error"]
    result: Result = {
        "changed": False,
        "findings": [finding.as_json() for finding in found],
        "ready": not errors,
    }
    if errors and fail:
        raise OnrampError(
            msg=" ".join(finding.text() for finding in errors),
            failure=Failure(code=errors[0].code, message=errors[0].message),
            result=result,
        )
    for finding in found:
        if finding.severity != "info":
            task.warn(finding.text())
    return result
