# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ancestors of a task tell: to which item of a loop it belongs, and whether a rescue goes on after it.

A workspace is a host, or an item of a loop that goes through workspaces on one. Where ``include_role`` or
``include_tasks`` is looped over, Ansible keeps the item in a copy of the include, which is among the ancestors of each
task that came of it. An item is called by the label that its author gave it; without one, by what is certainly a name,
for it may well hold a key.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ....module_utils._kernel.secrets.shown import may_be_secret

# What of an item is called after what it is.
NAMES = ("name", "workspace", "schema", "fivetran_schema")
# A text that nobody has called a label is a name if it is no longer.
LONGEST_ITEM = 32


@dataclass(frozen=True)
class Item:
    """One item of a loop. ``label``: its name, empty if it has none. ``value``: tells it from others of its loop."""

    loop: str
    label: str
    value: int


Items = tuple[Item, ...]
# A host, and for each loop around the task the name of the item, and which of those with that name it is.
RowKey = tuple[str, tuple[tuple[str, int], ...]]


def items_of(task: Any, is_own: Callable[[Any], bool]) -> Items:
    """Return the items that a task belongs to, the outermost loop first; loops of this collection do not count."""
    found = [
        _item(ancestor, ancestor.vars)
        for ancestor in _ancestors(task)
        if "ansible_loop_var" in (getattr(ancestor, "vars", None) or ()) and not is_own(ancestor)
    ]
    return tuple(reversed(found))


def items_of_include(included: Any, is_own: Callable[[Any], bool]) -> Items:
    """Return the items that will be gone through; empty if no loop of somebody else's has included them."""
    task, variables = included._task, included._vars
    if "ansible_loop_var" not in variables or is_own(task):
        return ()
    return (*items_of(task, is_own), _item(task, variables))


def is_rescued(task: Any) -> bool:
    """Tell whether a block has a rescue for this task, which tells what is to be told."""
    # Of what is imported, a block holds the tasks and not the import, which is an ancestor all the same.
    passed = {task._uuid}
    for parent in _ancestors(task):
        if getattr(parent, "rescue", None) and any(part._uuid in passed for part in parent.block):
            return True
        passed.add(parent._uuid)
    return False


def _ancestors(task: Any) -> Iterator[Any]:
    ancestor = task._parent
    while ancestor is not None:
        yield ancestor
        ancestor = ancestor._parent


def _item(include: Any, variables: Mapping[str, Any]) -> Item:
    value = variables.get(str(variables["ansible_loop_var"]))
    label = "" if variables.get("_ansible_no_log") else _name(variables.get("_ansible_item_label", value), value)
    return Item(loop=str(include._uuid), label=label, value=hash(repr(value)))


def _name(label: Any, value: Any) -> str:
    """Return the name that a label is, or has; empty if it may be a secret, as an item without a label may."""
    if isinstance(label, int) and not isinstance(label, bool):
        return str(label)
    if isinstance(label, str):
        return "" if may_be_secret(label) or (label == value and len(label) > LONGEST_ITEM) else label
    if not isinstance(label, Mapping):
        return ""
    # As dict2items makes them.
    is_pair = set(label) == {"key", "value"} and isinstance(label["value"], Mapping)
    names = [label.get(name) for name in (*NAMES, *(("key",) if is_pair else ()))]
    return next((str(name) for name in names if isinstance(name, str) and name and not may_be_secret(name)), "")


@dataclass
class Rows:
    """Knows which items are the same workspace: what has the same name has, in another loop too.

    Two items of one loop with the same name are two workspaces, such as one schema in two groups.
    """

    _seen: dict[tuple[str, Items, str, str], list[int]] = field(default_factory=dict)

    def of(self, host: str, items: Items) -> RowKey:
        """Return the row of these items."""
        path = []
        for index, item in enumerate(items):
            same = self._seen.setdefault((host, items[:index], item.loop, item.label), [])
            if item.value not in same:
                same.append(item.value)
            path.append((item.label, same.index(item.value)))
        return host, tuple(path)


def names_of(rows: Mapping[RowKey, tuple[str, str]]) -> dict[RowKey, str]:
    """Return what each row is called: its host, or its item, with as much beside it as tells it from others.

    ``rows``: with schema and group of the connection, empty where there is none.
    """
    many = len({host for host, path in rows if path}) > 1
    names = {row: _named(row, schema, with_host=many) for row, (schema, _group) in rows.items()}
    for row in _ambiguous(names, [row for row in names if not row[1]]):
        names[row] = _named(row, rows[row][0], with_host=True)
    for row in _ambiguous(names, names):
        names[row] += f" ({rows[row][1]})" if rows[row][1] else ""
    for number, row in enumerate(_ambiguous(names, names), 1):
        names[row] += f" #{number}"
    return names


def _ambiguous(names: Mapping[RowKey, str], others: Collection[RowKey]) -> list[RowKey]:
    """Return the rows of items that are called as another one of ``others`` is."""
    given = Counter(names[row] for row in others)
    return [row for row, name in names.items() if row[1] and given[name] > (row in others)]


def _named(row: RowKey, schema: str, *, with_host: bool) -> str:
    host, path = row
    if not path:
        return host
    labels = [label or f"item {number + 1}" for label, number in path]
    if not path[-1][0]:
        labels[-1] = schema or labels[-1]
    name = " / ".join(labels)
    return f"{host}: {name}" if with_host else name
