# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""README lists everything that the collection holds, and nothing else."""

from __future__ import annotations

import re

import yaml

from tests.collection import CHECKOUT
from tests.contents import BEGIN, END, README, readme

TEXT = README.read_text()


def test_every_module_and_plugin_is_listed_as_it_describes_itself() -> None:
    assert BEGIN in TEXT
    assert END in TEXT
    assert readme(TEXT) == TEXT, "run python -m tests.contents"


def test_every_role_and_playbook_is_named() -> None:
    roles = {path.name for path in (CHECKOUT / "roles").iterdir() if (path / "tasks").exists()}
    listed = set(re.findall(r"^\| \[(\w+)\] \|", TEXT, re.MULTILINE))
    # Not for playbooks of users: the roles depend on it.
    assert roles - {"role_variables"} == listed
    playbooks = {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")}
    assert {name for name in playbooks if name not in TEXT} == set()


def test_the_sections_that_readers_of_collections_look_for_are_there() -> None:
    headings = set(re.findall(r"^## (.+)$", TEXT, re.MULTILINE))
    assert headings >= {"Requirements", "Communication", "Support and deprecation", "Contributing"}
    assert "badge.svg" in TEXT


def test_galaxy_and_the_site_are_told_the_same_addresses_as_readers() -> None:
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())
    links = yaml.safe_load((CHECKOUT / "docs" / "docsite" / "links.yml").read_text())
    assert galaxy["repository"].endswith(links["edit_on_github"]["repository"])
    assert links["communication"]["forums"][0]["url"] in TEXT
    assert galaxy["issues"] in TEXT


def test_the_pages_that_the_reference_of_ansible_links_to_exist() -> None:
    here = "https://github.com/onramp-collections/braze_fivetran/blob/main/"
    text = (CHECKOUT / "docs" / "docsite" / "rst" / "guides.rst").read_text()
    pages = re.findall(rf"<{re.escape(here)}([^>]+)>", text)
    assert len(pages) > 5
    assert [page for page in pages if not (CHECKOUT / page).exists()] == []
