# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a run writes a trace, and into which file: asked by every plugin before it asks a vendor anything.

Ansible imports an action in its own process before it forks the worker that runs it. So what is decided here when this
is imported is the same in all workers of a run. Without a trace, nothing else is imported.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

VARIABLE = "onramp_trace"
ENVIRONMENT = "ONRAMP_TRACE"
PYTHON_PATH = "PYTHONPATH"
# A file there is executed by every Python whose path names the folder.
HOOK = Path(__file__).resolve().parents[1] / "_traced_python"

_BEGAN, _STARTED = time.monotonic(), time.time()
_KEY = os.urandom(24).hex()
_NAME = (
    f"onramp-trace-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(_STARTED))}-{os.getpid()}-{os.urandom(2).hex()}.jsonl"
)
# Whether a trace was begun in this process, or in the one that it was forked from.
_is_written = False
_PACKAGES = ("ansible-core", "boto3", "botocore", "google-auth", "google-cloud-storage", "requests", "urllib3")


def trace(action: ActionBase, variables: Mapping[str, Any]) -> None:
    """Write into the trace of the run what this task asks and is answered, if the user wants one.

    :raises AnsibleActionFail: it cannot be written.
    """
    folder = variables.get(VARIABLE, os.environ.get(ENVIRONMENT))
    folder = folder and action._templar.template(folder)
    if not folder:
        _leave_off()
        return
    from ...module_utils._kernel.errors import InvalidArgument, OnrampError
    from ...module_utils._kernel.secrets.names import is_secret_name
    from ...module_utils._kernel.secrets.redact import texts_in
    from .._secrets import secrets_of_run
    from .play import play_of

    own = [value for name, value in action._task.args.items() if is_secret_name(str(name))]
    secrets = (*secrets_of_run(variables, play_of(action._task)), *texts_in(own))
    try:
        if isinstance(folder, bool):
            raise InvalidArgument(f"{VARIABLE}: expected the path of a folder for traces, got {str(folder).lower()}.")
        trace_task(str(folder), action._task.get_name(), str(variables.get("inventory_hostname") or ""), secrets)
    except OnrampError as error:
        raise AnsibleActionFail(error.msg, result=error.as_result()) from None


def _leave_off() -> None:
    """Write nothing of this task, although a trace was begun before it."""
    if _is_written:
        from ...module_utils._kernel.trace.trace import stop

        stop()


def trace_task(folder: str, task: str, host: str = "", secrets: Iterable[str] = ()) -> None:
    """Write into the trace in the folder what is asked from now on. ``secrets``: those that are known.

    :raises OnrampError: it cannot be written.
    """
    from ...module_utils._kernel.trace.trace import TracedRun, TracedTask, start

    global _is_written
    path = os.path.join(os.path.abspath(os.path.expanduser(folder)), _NAME)
    started = start(TracedRun(file=path, key=_KEY, began=_BEGAN), _header, Display().warning, secrets)
    started.asker = TracedTask(task, host)
    _is_written = True


def environment_of_modules() -> dict[str, str | None]:
    """Return the environment by which a module of ours goes on with the trace; empty if none is written."""
    if not _is_written:
        return {}
    from ...module_utils._kernel.trace.trace import for_other_processes

    return dict(for_other_processes())


def environment_of_foreign_modules() -> dict[str, str | None]:
    """Return the environment by which somebody else's module goes on with the trace; empty if none is written."""
    told = environment_of_modules()
    if told:
        told[PYTHON_PATH] = os.pathsep.join(filter(None, [str(HOOK), os.environ.get(PYTHON_PATH)]))
    return told


def note(message: str) -> None:
    """Write into the trace what its reader has to know, if one is written."""
    if _is_written:
        from ...module_utils._kernel.trace.trace import active

        written = active()
        if written is not None:
            written.note(message)


def _header() -> dict[str, Any]:
    """Return the first line: of what the run consists, and nothing of who runs it where."""
    import platform

    from ansible import context

    from ...module_utils._kernel.http.version import VERSION
    from ...module_utils._kernel.trace.trace import FORMAT

    return {
        "onramp_trace": FORMAT,
        "collection": VERSION,
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": {name: version for name in _PACKAGES if (version := _version_of(name))},
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_STARTED)),
        # Their names without the folders that they are in.
        "playbooks": [os.path.basename(str(path)) for path in context.CLIARGS.get("args") or ()],
    }


def _version_of(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""
