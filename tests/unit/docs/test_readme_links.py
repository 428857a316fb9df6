# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""README's links lead somewhere from Galaxy, too, which shows the page and resolves no relative ones."""

from __future__ import annotations

import re

from tests.collection import CHECKOUT

TEXT = (CHECKOUT / "README.md").read_text()
HERE = "https://github.com/onramp-collections/braze_fivetran/blob/main/"
DEFINED = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", TEXT, re.MULTILINE))
# Without code, in which brackets are something else.
PROSE = re.sub(r"```.*?```|`[^`]*`", "", TEXT, flags=re.DOTALL)


def test_no_link_is_relative_and_what_is_linked_in_this_repository_exists() -> None:
    links = [*DEFINED.values(), *re.findall(r"\]\(([^)]+)\)", PROSE)]
    assert len(links) > 20
    for link in links:
        assert link.startswith("https://"), link
        if link.startswith(HERE):
            assert (CHECKOUT / link.removeprefix(HERE)).exists(), link


def test_every_short_link_is_defined_and_every_definition_is_used() -> None:
    used = {short or text for text, short in re.findall(r"\[([^\]]+)\](?:\[([^\]]+)\])?(?![(:\]])", PROSE)}
    assert {name.lower() for name in used} == set(DEFINED)
