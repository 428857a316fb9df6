# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at a bucket before anything is written returns, and when it fails."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable

from .._kernel.errors import Failure, OnrampError
from .._kernel.finding import Finding, by_severity
from .._kernel.options.spec import OptionGroup
from .._kernel.task import REACTIONS, Result, Task

PREFLIGHT_OPTIONS = OptionGroup({"on_problem": {"type": "str", "choices": list(REACTIONS), "default": "warn"}})


def report(task: Task, findings: Iterable[Finding], reaction: str) -> Result:
    """Return the result of a preflight, with warnings of what was found unless ``reaction`` is ``ignore``.

    :raises OnrampError: ``reaction`` is ``fail``; with the code of the first finding of severity ``error``.
    """
    found = by_severity(findings)
    errors = [finding for finding in found if finding.severity == "error"]
    result: Result = {
        "changed": False,
        "findings": [finding.as_json() for finding in found],
        "ready": not errors,
    }
    if errors and reaction == "fail":
        raise OnrampError(
            msg=" ".join(finding.text() for finding in errors),
            failure=Failure(code=errors[0].code, message=errors[0].message),
            result=result,
        )
    for finding in found:
        if finding.severity != "info" and reaction != "ignore":
            task.warn(finding.text())
    return result
