# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Tell a person who waits how far it is: one line that is written over, and not a byte where nobody sits."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

from ansible.utils.display import Display

# Ansible's workers have no terminal any more. They are forks of the process that imported this, which may have one.
ON_TERMINAL = bool(sys.stderr and sys.stderr.isatty())
NARROWEST = 20


class Progress:
    """One line on standard error. Others who write there, or to the same terminal, clear it first."""

    def __init__(self, shown: bool = ON_TERMINAL, write: Callable[[str], None] | None = None) -> None:
        # Whether everybody who writes to the terminal clears the line first.
        self.alone = False
        self.shown = shown
        self._write = write or _display
        self._text = ""

    def tell(self, text: str) -> None:
        """Write the line over the one before; the cursor stays where the next text begins."""
        text = text[: max(shutil.get_terminal_size().columns, NARROWEST) - 1]
        if self.shown and text != self._text:
            self._write(f"\r{text.ljust(len(self._text))}\r")
            self._text = text

    def clear(self) -> None:
        """Leave nothing of the line."""
        if self._text:
            self._write(f"\r{' ' * len(self._text)}\r")
            self._text = ""


def _display(text: str) -> None:
    Display().display(text, stderr=True, screen_only=True, newline=False)


# Of the process that prints what callbacks tell.
PROGRESS = Progress()
