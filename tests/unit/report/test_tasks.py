# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An item of a loop is called by what is certainly its name, and never by a key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.tasks import (
    items_of,
    items_of_include,
)

# Split, so that nobody takes it for one.
UUID = "8d2c4f0a-1b3e-4c5d-" + "9e7f-0a1b2c3d4e5f"


def include(uuid: str, parent: Any = None, **variables: Any) -> Any:
    """Return what Ansible leaves of an include among the ancestors of a task."""
    return SimpleNamespace(_uuid=uuid, _parent=parent, vars=variables)


def looped(item: Any, **variables: Any) -> dict[str, Any]:
    return {"ansible_loop_var": "w", "w": item, "_ansible_item_label": item, **variables}


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (looped({"name": "shop"}, _ansible_item_label="the shop"), "the shop"),
        (looped("shop"), "shop"),
        (looped(7), "7"),
        (looped({"key": "secret", "name": "shop"}), "shop"),
        (looped({"key": "secret", "schema": "braze_shop"}), "braze_shop"),
        (looped({"key": "shop", "value": {"bucket": "acme"}}), "shop"),
        (looped({"key": "secret", "value": "x"}), ""),
        (looped({"key": "secret"}), ""),
        (looped(UUID), ""),
        (looped({"name": UUID}), ""),
        (looped("x" * 33), ""),
        (looped({"name": "shop"}, _ansible_item_label="shop", _ansible_no_log=True), ""),
        (looped(True), ""),
        (looped(None), ""),
    ],
)
def test_an_item_is_called_by_its_label_or_by_what_is_certainly_a_name(variables: dict[str, Any], name: str) -> None:
    task = include("task", include("loop", **variables))
    [item] = items_of(task, lambda _ancestor: False)
    assert (item.loop, item.label) == ("loop", name)
    included = SimpleNamespace(_task=include("loop"), _vars=variables)
    assert items_of_include(included, lambda _task: False) == (item,)


def test_loops_within_loops_are_told_from_the_outermost_in_and_those_of_the_collection_do_not_count() -> None:
    outer = include("outer", **looped("emea"))
    own = include("own", outer, **looped("bucket"))
    task = include("task", include("inner", own, **looped("shop")))
    assert [item.label for item in items_of(task, lambda ancestor: ancestor is own)] == ["emea", "shop"]
    assert items_of(include("task", include("block")), lambda _ancestor: False) == ()
