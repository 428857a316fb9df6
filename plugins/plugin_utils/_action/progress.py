# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell a person who waits how far it is: one line that is written over, and not a byte where nobody sits."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

from ansible.utils.display import Display

from ...module_utils._kernel.waiting import duration

# Ansible's workers have no terminal any more. They are forks of the process that imported this, which may have one.
ON_TERMINAL = bool(sys.stderr and sys.stderr.isatty())
NARROWEST = 20
# Of fewer, and of less time in seconds, the rest cannot be told.
FEWEST_MEASURED = 3
SHORTEST_MEASURED = 5.0


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


def time_left(done: int, total: int, seconds: float) -> str:
    """Return about how long the rest takes, as a part of a line; empty where that is not known yet, or is no time.

    ``seconds``: what those took that are done, with what they have waited for.
    """
    left = seconds / done * (total - done) if done else 0.0
    if done < FEWEST_MEASURED or seconds < SHORTEST_MEASURED or left < SHORTEST_MEASURED:
        return ""
    return f", about {duration(left)} left"


def clear_line() -> None:
    """Leave nothing of a line that another process may have written here, before a text that stays."""
    if ON_TERMINAL:
        _display(f"\r{' ' * (max(shutil.get_terminal_size().columns, NARROWEST) - 1)}\r")


def say(text: str) -> None:
    """Say what stays, also from a worker; standard output belongs to the callback that tells of results."""
    clear_line()
    Display().display(text, stderr=True)


# Of the process that prints what callbacks tell.
PROGRESS = Progress()
