# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a driver tells what it tried: one JSON document on standard output."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


class Steps:
    """What was tried with a package, in order, and what came of it."""

    def __init__(self, package: str) -> None:
        self.told: dict[str, Any] = {"version": version(package), "ran": [], "differences": []}

    def expect(self, name: str, call: Callable[[], Any], expected: Any = None) -> Any:
        """Call; that it ends, and where it is given with what, is what is expected."""
        self.told["ran"].append(name)
        try:
            value = call()
        except Exception as error:
            # Some of these packages end with whole pages.
            self.differ(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
            traceback.print_exc(file=sys.stderr)
            return None
        if expected is not None and value != expected:
            self.differ(f"{name}: {value!r}, expected {expected!r}"[:400])
        return value

    def differ(self, difference: str) -> None:
        """Note what is not as expected."""
        self.told["differences"].append(difference)

    def tell(self) -> None:
        """Print what came of it, as the last line."""
        print(json.dumps(self.told))
