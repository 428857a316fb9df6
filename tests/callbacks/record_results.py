# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes every task result and the recap as JSON lines, so that tests need not read what is printed."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: notification
short_description: Record results for the tests
description: Writes every task result and the recap as JSON lines to the file named by E(RECORD_RESULTS_FILE).
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, event: dict[str, Any]) -> None:
        with open(os.environ["RECORD_RESULTS_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(event, default=str) + "\n")

    def _record(self, result: Any, failed: bool = False) -> None:
        self._write(
            {
                "task": {
                    "host": result._host.get_name(),
                    "task": result._task.get_name(),
                    "action": result._task.resolved_action or result._task.action,
                    "result": result._result,
                    "failed": failed,
                }
            }
        )

    v2_runner_on_ok = v2_runner_on_skipped = v2_runner_on_unreachable = _record

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record(result, failed=not ignore_errors)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write({"stats": {host: stats.summarize(host) for host in stats.processed}})
