# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup collection_version."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader

from tests.collection import CHECKOUT


def versions(*names: str) -> list[str]:
    lookup = lookup_loader.get("onramp.braze_fivetran.collection_version")
    result: list[str] = lookup.run(list(names))
    return result


def test_versions_come_from_a_manifest_or_from_galaxy_yml() -> None:
    amazon_aws = Path(next(iter(import_module("ansible_collections.amazon.aws").__path__)))
    manifest = json.loads((amazon_aws / "MANIFEST.json").read_text())
    source = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())
    assert versions("amazon.aws", "onramp.braze_fivetran") == [
        manifest["collection_info"]["version"],
        source["version"],
    ]


def test_a_collection_that_is_not_there_is_named() -> None:
    with pytest.raises(AnsibleLookupError, match=r"'nobody\.nothing' is not installed"):
        versions("nobody.nothing")
