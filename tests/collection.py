# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``ansible_collections.*`` importable by Ansible's own loader, exactly as at run time."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

CHECKOUT = Path(__file__).resolve().parent.parent
# Another path, of one that `make test-release` names, brings another release of amazon.aws.
COLLECTIONS = Path(os.environ.get("TESTED_COLLECTIONS") or CHECKOUT / ".cache" / "collections")
MODULES = "ansible_collections.onramp.braze_fivetran.plugins.modules"


def make_collection_importable() -> None:
    """Install Ansible's own loader, unless it is there already, for instance in ``ansible-test units``."""
    if not any(isinstance(finder, _AnsibleCollectionFinder) for finder in sys.meta_path):
        _AnsibleCollectionFinder(paths=[str(COLLECTIONS)], scan_sys_paths=False)._install()


def imported_from() -> Path:
    """Return the folder that Python needs on its path to import the same: in ``ansible-test units``, it is another."""
    package = importlib.import_module("ansible_collections.onramp")
    return Path(package.__path__[0]).parents[1]
