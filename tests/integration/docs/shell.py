# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands of pages, run as they stand there."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def shell(
    options: str, command: str, folder: Path, environment: Mapping[str, str], *, typed: str = "", timeout: float = 180
) -> tuple[int, str]:
    """Return the exit code and everything printed. ``typed``: what is answered to questions, without a terminal."""
    done = subprocess.run(
        ["bash", *options.split(), "-c", command],
        cwd=folder,
        env=dict(environment),
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        # The terminal of the person who runs the tests would be asked instead.
        start_new_session=True,
        check=False,
    )
    return done.returncode, done.stdout
