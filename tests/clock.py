# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock for tests: waiting takes no time, and all the same it is later afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import Clock


class Hurried:
    """Goes as every clock does, and further by what somebody waits. ``waits``: what was waited, in seconds.

    ``meanwhile`` is called during each wait.
    """

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.waits: list[float] = []
        self.clock = Clock(lambda: time.monotonic() + self._waited, lambda: time.time() + self._waited, self._wait)
        self._meanwhile = meanwhile
        self._waited = 0.0
        self._lock = threading.Lock()

    def _wait(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self._waited += seconds
        self._meanwhile()
