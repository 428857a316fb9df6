# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-doc shows, of each role and entry point, the example that its page has and the tests execute."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.documents import blocks


def entry_points() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (file.parts[-3], point, spec)
        for file in sorted(CHECKOUT.glob("roles/*/meta/argument_specs.yml"))
        for point, spec in yaml.safe_load(file.read_text())["argument_specs"].items()
    ]


@pytest.mark.parametrize(
    ("role", "point", "spec"), entry_points(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_example_in_ansible_doc_is_one_of_the_page(role: str, point: str, spec: dict[str, Any]) -> None:
    shown = blocks(CHECKOUT / "roles" / role / "README.md", "yaml")
    assert spec["examples"].strip() in [block.strip() for block in shown]
    assert ("tasks_from" in spec["examples"]) == (point != "main")
