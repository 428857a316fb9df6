# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do a module's work, and return what Ansible is told of it: the same in a process of its own, in an action, in a test.

Of Ansible, nothing is known here. Who calls has validated the arguments, and keeps secrets out of what is shown.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from .clients import Clients
from .errors import Failure, OnrampError
from .printable import printable
from .task import ModuleSpec, Result, Task, silent

# Under this name, a module in a process of its own tells its action where an error happened that nobody has foreseen.
PLACE = "raised_at"


def execute(
    spec: ModuleSpec,
    params: Mapping[str, Any],
    *,
    check_mode: bool,
    diff: bool,
    warn: Callable[[str], None],
    unforeseen: Callable[[Exception], None],
    progress: Callable[[str], None] = silent,
    clients: Clients | None = None,
) -> Result:
    """Return the result of the work, or of its failure.

    ``unforeseen`` is told of an error that nobody has foreseen, before it becomes a failure without its text, which may
    quote anything; it may raise it instead.
    """
    task = Task(
        params=params,
        check_mode=check_mode,
        warn=lambda message: warn(printable(message)),
        progress=progress,
        clients=clients or Clients(),
    )
    try:
        result = spec.work(task)
    except OnrampError as error:
        result = _failed(error)
    except Exception as error:
        unforeseen(error)
        result = _failed(_unexpected(error))
    return result if diff else {name: value for name, value in result.items() if name != "diff"}


def place_of(error: Exception) -> str:
    """Return where an error happened, line by line, without its text."""
    return "".join(traceback.format_tb(error.__traceback__))


def _failed(error: OnrampError) -> Result:
    # What was changed before it failed was changed.
    return {"changed": False, **error.as_result(), "failed": True}


def _unexpected(error: Exception) -> OnrampError:
    message = f"An unexpected {type(error).__name__} ended this task. Please report it with what -vvv prints here."
    return OnrampError(msg=message, failure=Failure(code="unexpected", message=message))
