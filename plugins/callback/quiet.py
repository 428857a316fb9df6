# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: quiet
type: stdout
short_description: Show what failed and what changed, and one line if all is well
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - For runs that nobody watches, such as a verification each night. A task that is fine prints nothing, one that has
    changed something prints a line a host, and one that failed prints its message, once.
  - Of what is ignored, nothing is told, nor of what a block rescues; the rescue tells what is to be told.
  - The last line counts the hosts. It is the only one of a run in which nothing changed and nothing failed.
  - With C(--check), what would change is told as in a run, and with C(--diff), differences are shown.
  - With C(-v) and more, nothing is held back; then this is C(ansible.builtin.default).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - setting it as C(stdout_callback) in the configuration
seealso:
  - plugin: onramp.braze_fivetran.workspace_report
    plugin_type: callback
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ansible import constants
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.progress import PROGRESS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.tasks import is_rescued

INDENTED = "    "
COLORS: Mapping[str, str] = {
    what: getattr(constants, name)
    for what, name in {
        "fine": "COLOR_OK",
        "changed": "COLOR_CHANGED",
        "FAILED": "COLOR_ERROR",
        "UNREACHABLE": "COLOR_UNREACHABLE",
    }.items()
}


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "onramp.braze_fivetran.quiet"

    def set_options(self, *arguments: Any, **named: Any) -> None:
        super().set_options(*arguments, **named)
        if not self._display.verbosity:
            PROGRESS.alone = True
            for option in ("display_ok_hosts", "display_skipped_hosts"):
                self.set_option(option, False)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        if self._display.verbosity:
            super().v2_playbook_on_play_start(play)
        self._play = play

    def v2_playbook_on_no_hosts_matched(self) -> None:
        if self._display.verbosity:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_include(self, included_file: Any) -> None:
        if self._display.verbosity:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_ok(self, result: Any) -> None:
        if self._display.verbosity:
            super().v2_runner_on_ok(result)
            return
        found = _result(result)
        if found.get("changed") and "results" not in found:
            self._tell("changed", result, found)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        if self._display.verbosity:
            super().v2_runner_item_on_ok(result)
        elif _result(result).get("changed"):
            self._tell("changed", result, _result(result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self._display.verbosity:
            super().v2_runner_on_failed(result, ignore_errors=ignore_errors)
        elif not ignore_errors and "results" not in _result(result) and not is_rescued(_task(result)):
            self._tell("FAILED", result, _result(result))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        if self._display.verbosity:
            super().v2_runner_item_on_failed(result)
        elif not _task(result).ignore_errors and not is_rescued(_task(result)):
            self._tell("FAILED", result, _result(result))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self._display.verbosity:
            super().v2_runner_on_unreachable(result)
        else:
            self._tell("UNREACHABLE", result, _result(result))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._display.verbosity:
            super().v2_playbook_on_stats(stats)
            return
        PROGRESS.clear()
        hosts = [stats.summarize(host) for host in stats.processed]
        failed = sum(bool(host["failures"] or host["unreachable"]) for host in hosts)
        changed = sum(bool(host["changed"]) for host in hosts)
        counts = {"fine": len(hosts) - failed, "changed": changed, "failed": failed}
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "fine")
        color = COLORS["FAILED" if failed else "changed" if changed else "fine"]
        self._display.display(f"{len(hosts)} host{'' if len(hosts) == 1 else 's'}: {told}", color=color)

    def _tell(self, what: str, result: Any, found: Mapping[str, Any]) -> None:
        PROGRESS.clear()
        # A list of warnings is told by Ansible itself.
        self._handle_warnings(dict(found))
        task, color = _task(result), COLORS[what]
        item = "" if "ansible_loop_var" not in found else f" ({self._get_item_label(found)})"
        self._display.display(f"{what} {self.host_label(result)}: {task.get_name().strip()}{item}", color=color)
        if not task.no_log and (what != "changed" or task.check_mode):
            for line in _lines(found):
                self._display.display(f"{INDENTED}{line}", color=color)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the message of a result, whether it is a text or a list of lines."""
    message = found.get("msg") or ()
    for text in (message,) if isinstance(message, str) else message:
        yield from str(text).splitlines()


# ansible-core 2.19 and newer have names of their own for callbacks.
def _result(result: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = result.result if hasattr(result, "result") else result._result
    return found


def _task(result: Any) -> Any:
    return result.task if hasattr(result, "task") else result._task
