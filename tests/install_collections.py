# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay out a collections path inside the checkout: this collection as a link, amazon.aws as files.

amazon.aws is taken out of the ``ansible`` package from PyPI, so that a checkout
needs no Galaxy: ``python tests/install_collections.py .cache/collections``. With
``--releases``, a path for each release of amazon.aws that is tested, below the one that is named, with the oldest boto3
that it takes. With ``--callbacks``, the callbacks of the collections that people usually have, which the tests hold
against what is never to be shown.
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
AMAZON_AWS = ("ansible_collections/amazon/aws/",)
CALLBACKS = tuple(
    f"ansible_collections/{collection}/{part}"
    for collection in ("ansible/posix", "community/general")
    for part in ("MANIFEST.json", "meta/", "plugins/callback/", "plugins/doc_fragments/", "plugins/module_utils/")
)
# By release of amazon.aws, a package that holds it, and the oldest boto3 that the release takes. The packages are only
# unpacked, whatever Python they are for.
RELEASES = {
    "10.1": ("ansible==12.3.0", "boto3==1.34.0"),
    "11.4": ("ansible==14.5.0", "boto3==1.35.0"),
    "12.0": ("ansible==15.0.0a3", "boto3==1.38.23"),
}
OLDEST_BOTO3 = "oldest_boto3"


def link_this_collection(collections: Path) -> None:
    """Make ``onramp/braze_fivetran`` below ``collections`` point at the checkout."""
    link = collections / "ansible_collections" / "onramp" / "braze_fivetran"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(CHECKOUT, target_is_directory=True)


def pip(command: str, *arguments: str) -> None:
    """Run pip."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *arguments], check=True)


def unpack(collections: Path, package: str, parts: tuple[str, ...] = AMAZON_AWS) -> None:
    """Download the ``ansible`` wheel and unpack only some parts of it."""
    anywhere = ["--no-deps", "--only-binary=:all:", "--python-version", "3.14"]
    with tempfile.TemporaryDirectory() as download:
        pip("download", *anywhere, "--dest", download, package)
        wheel = next(Path(download).glob("ansible-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            wanted = [name for name in archive.namelist() if name.startswith(parts)]
            archive.extractall(collections, wanted)


def main() -> None:
    *options, folder = sys.argv[1:]
    if options == ["--callbacks"]:
        unpack(Path(folder), ANSIBLE_PACKAGE, CALLBACKS)
        return
    if options != ["--releases"]:
        link_this_collection(Path(folder))
        unpack(Path(folder), ANSIBLE_PACKAGE)
        return
    for release, (package, boto3) in RELEASES.items():
        collections = Path(folder) / release
        link_this_collection(collections)
        unpack(collections, package)
        pip("install", "--upgrade", "--target", str(collections / OLDEST_BOTO3), boto3)


if __name__ == "__main__":
    main()
