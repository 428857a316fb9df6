# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay out a collections path inside the checkout: this collection as a link, amazon.aws as files.

amazon.aws is taken out of the ``ansible`` package from PyPI, so that a checkout
needs no Galaxy: ``python tests/install_collections.py .cache/collections``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
# The newest community package that installs on the running Python; it decides the amazon.aws release.
ANSIBLE_PACKAGE = "ansible==12.3.0" if sys.version_info < (3, 12) else "ansible==14.5.0"
AMAZON_AWS = "ansible_collections/amazon/aws/"


def link_this_collection(collections: Path) -> None:
    """Make ``onramp/braze_fivetran`` below ``collections`` point at the checkout."""
    link = collections / "ansible_collections" / "onramp" / "braze_fivetran"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(CHECKOUT, target_is_directory=True)


def unpack_amazon_aws(collections: Path) -> None:
    """Download the ``ansible`` wheel and unpack only amazon.aws from it."""
    with tempfile.TemporaryDirectory() as download:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", download, ANSIBLE_PACKAGE],
            check=True,
        )
        wheel = next(Path(download).glob("ansible-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            wanted = [name for name in archive.namelist() if name.startswith(AMAZON_AWS)]
            archive.extractall(collections, wanted)


def main() -> None:
    collections = Path(sys.argv[1])
    link_this_collection(collections)
    unpack_amazon_aws(collections)


if __name__ == "__main__":
    main()
