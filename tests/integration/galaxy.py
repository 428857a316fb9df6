# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-galaxy, with nothing of this machine's configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GALAXY = str(Path(sys.executable).parent / "ansible-galaxy")


def galaxy(folder: Path, *arguments: str) -> None:
    """Run ansible-galaxy with nothing of this machine's configuration."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "installed"),
    }
    subprocess.run([GALAXY, "collection", *arguments], cwd=folder, env=environment, check=True, timeout=120)
