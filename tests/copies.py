# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of the checkout, also where Ansible wants a collection: in ``ansible_collections``, in no symbolic link."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def copy_checkout_to(folder: Path) -> None:
    """Copy what git tracks or would track, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name)


def collection_in(folder: Path) -> Path:
    """Make it a folder of collections that holds a copy of this one, and amazon.aws; return where the copy is."""
    shutil.rmtree(folder, ignore_errors=True)
    collections = folder / "ansible_collections"
    copy = collections / "onramp" / "braze_fivetran"
    copy_checkout_to(copy)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "init", "--quiet", "."], cwd=copy, env=clean, check=True)
    amazon = CHECKOUT / ".cache" / "collections" / "ansible_collections" / "amazon"
    (collections / "amazon").symlink_to(amazon, target_is_directory=True)
    return copy
