# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module does the same way: take the arguments, do the work, return or fail.

A module file declares ``SPEC``: its options, and the function from :class:`Task` to the result that does the work.
The function knows nothing of AnsibleModule, so that the action plugin of the module's name can run it in Ansible's own
process, and tests in theirs.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .clients import Clients
from .deadline import Clock
from .errors import Failure, OnrampError
from .options.spec import OptionGroup

Result = dict[str, Any]


def silent(_message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Task:
    """One call of a module: validated arguments, and how it was called.

    ``progress`` tells a person who waits what for. A module has no means to; its action plugin has. ``clients`` is the
    same in all tasks of a process that runs many, and holds the clock that the task waits by.
    """

    params: Mapping[str, Any]
    check_mode: bool
    warn: Callable[[str], None]
    progress: Callable[[str], None] = silent
    clients: Clients = field(default_factory=Clients)

    @property
    def clock(self) -> Clock:
        """The clock that the task waits by."""
        return self.clients.clock


@dataclass(frozen=True)
class ModuleSpec:
    """A module: its work, and its options.

    ``waiting`` returns what a person may have to wait for with these arguments, empty if for nothing; it is told where
    the work itself cannot tell.
    """

    work: Callable[[Task], Result]
    options: OptionGroup
    waiting: Callable[[Mapping[str, Any]], str] = lambda _params: ""
    supports_check_mode: bool = True

    def secret_values(self, params: Mapping[str, Any]) -> list[Any]:
        """Return the values of the options that are for secrets."""
        return [params.get(name) for name, option in self.options.arguments.items() if option.get("no_log")]


# The environment variable by which the action plugins tell a module in a process of its own of the trace to go on with;
# the same as in _kernel/trace/trace.py.
TRACE_VARIABLE = "ONRAMP_BRAZE_FIVETRAN_TRACE"
# What a module that only looks does about what it has found.
REACTIONS = ("ignore", "warn", "fail")


def warn_or_fail(task: Task, reaction: str, code: str, msg: str, result: Result) -> Result:
    """Return ``result``, with a warning if ``reaction`` is ``warn``.

    :raises OnrampError: with ``result``, if ``reaction`` is ``fail``.
    """
    if reaction == "fail":
        raise OnrampError(msg=msg, failure=Failure(code=code, message=msg), result=result)
    if reaction == "warn":
        task.warn(msg)
    return result
