# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How options are declared: in AnsibleModule's words, typed, and in groups that keep their rules when they are joined.

Ansible ignores a key that it does not know. Here, mypy finds a ``no_lgo`` before a secret is shown.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Type = Literal["bool", "dict", "float", "int", "list", "path", "raw", "str"]
Rules = Sequence[Sequence[Any]]


class OptionSpec(TypedDict, total=False):
    """One option. ``env``: the variables of the environment that give its value where nobody else does."""

    type: Type
    elements: Type
    default: Any
    required: bool
    choices: Sequence[str | int]
    aliases: Sequence[str]
    options: Mapping[str, OptionSpec]
    no_log: bool
    env: Sequence[str]


Arguments = Mapping[str, OptionSpec]


@dataclass(frozen=True)
class OptionGroup:
    """Options, and the rules between them. ``a | b`` has the options and the rules of both."""

    arguments: Arguments = field(default_factory=dict)
    mutually_exclusive: Rules = ()
    required_together: Rules = ()
    required_one_of: Rules = ()
    required_if: Rules = ()

    def __or__(self, other: OptionGroup) -> OptionGroup:
        twice = self.arguments.keys() & other.arguments.keys()
        if differing := sorted(name for name in twice if self.arguments[name] != other.arguments[name]):
            raise ValueError(f"two groups declare differently: {', '.join(differing)}")
        return OptionGroup(
            {**self.arguments, **other.arguments},
            mutually_exclusive=(*self.mutually_exclusive, *other.mutually_exclusive),
            required_together=(*self.required_together, *other.required_together),
            required_one_of=(*self.required_one_of, *other.required_one_of),
            required_if=(*self.required_if, *other.required_if),
        )

    def rules(self) -> dict[str, list[list[Any]]]:
        """Return the rules between the options, as keyword arguments of AnsibleModule."""
        names = ("mutually_exclusive", "required_together", "required_one_of", "required_if")
        return {name: [list(rule) for rule in getattr(self, name)] for name in names}
