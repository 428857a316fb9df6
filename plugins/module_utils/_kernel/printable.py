# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vendors' text, as far as a terminal and a log may have it."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

_REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Return ``text`` in one line, in which nothing controls a terminal, turns the direction, or cannot be seen."""
    return visible(" ".join(text.split()))


def sentence(text: str) -> str:
    """Return what somebody else has said so that another sentence can follow: it has one sign at its end."""
    bare = text.rstrip()
    return bare if bare.endswith(("?", "!", "...")) else f"{bare.rstrip('.')}."


def visible(line: str) -> str:
    """Return a line of ours, whose blanks stay as they are, with a mark for each character that cannot be seen.

    Those are line breaks, control characters, escape sequences, marks that turn the direction of writing, spaces
    without width, and halves of surrogate pairs.
    """
    return line if line.isprintable() else "".join(char if char.isprintable() else _REPLACEMENT for char in line)
