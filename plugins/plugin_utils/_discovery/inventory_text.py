# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of an inventory: one host a connection, and as comments what a person has to know. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import yaml

from .access import AccessVariables, Candidate
from .connections import FoundConnection
from .variables import Placeholder, VariableValue, identity, is_plain, keys, left_paused, one_line, remarks

WIDTH = 110
_HEAD = (
    "The Braze connections of a Fivetran account, as the playbook onramp.braze_fivetran.discover has found them.",
    "What is not set here, such as schedule, exports and whether a connection is paused, is left as it is.",
    "Fivetran does not tell keys. Put each into a vault under the name that stands here, then run"
    " onramp.braze_fivetran.verify.",
)


@dataclass(frozen=True)
class InventoryHost:
    """A connection as a host of an inventory, with what was found of its access to the bucket.

    ``shares_folder``: whether another connection reads the same folder.
    """

    host: str
    connection: FoundConnection
    access: AccessVariables = field(default_factory=AccessVariables)
    shares_folder: bool = False

    @property
    def settings(self) -> dict[str, VariableValue]:
        """Return its settings, in the order in which they are written."""
        told = identity(self.connection, self.host)
        shared: dict[str, VariableValue] = {"currents_folder_shared": True} if self.shares_folder else {}
        paused = left_paused(self.connection)
        return told | shared | keys(self.connection, self.host) | paused | dict(self.access.settings)

    @property
    def withheld(self) -> tuple[str, ...]:
        """Return what is not told of settings, a sentence each."""
        told = identity(self.connection, self.host)
        names = [name for name, value in told.items() if isinstance(value, Placeholder)]
        return tuple(f"What Fivetran has for {name} looks like a key, so that it is not shown." for name in names)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what was not found, or is not told, a sentence each."""
        return (*self.withheld, *([self.access.missing] if self.access.missing else []))


class _Dumper(yaml.SafeDumper):
    """Writes settings. What another side has named is nothing that Ansible may evaluate."""


def _write_text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    if is_plain(value):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value)
    return dumper.represent_scalar("!unsafe", value, style='"')


def _write_placeholder(dumper: yaml.SafeDumper, value: Placeholder) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value.template, style='"')


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(Placeholder, _write_placeholder)


class _LineDumper(_Dumper):
    """Writes settings into one line, without the quotes in which results are printed, as far as that is possible."""


def _write_placeholder_in_line(dumper: yaml.SafeDumper, value: Placeholder) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value.template, style="'")


_LineDumper.add_representer(Placeholder, _write_placeholder_in_line)


def inventory_text(workspaces: Iterable[InventoryHost], notes: Sequence[str] = ()) -> str:
    """Return an inventory of these workspaces, which are in the order of their groups. ``notes`` stand at its top."""
    lines = [*_comments([*_HEAD, *notes], ""), "---", "braze_workspaces:", "  hosts:"]
    for group_id, members in groupby(workspaces, key=lambda workspace: workspace.connection.group_id):
        ordered = list(members)
        name = ordered[0].connection.group_name
        lines += ["", *_comments([f"The Fivetran group {one_line(name)} ({one_line(group_id)})"], " " * 4)]
        for workspace in ordered:
            lines += ["", *_host(workspace)]
    return "\n".join([*lines, ""])


def host_entry(workspace: InventoryHost) -> str:
    """Return one host as it stands in such an inventory, to be put below its ``hosts``."""
    return "\n".join([*_host(workspace), ""])


def host_line(workspace: InventoryHost) -> str:
    """Return the settings of one host in one line, which means the same wherever it is put below ``hosts``."""
    text = yaml.dump(
        {workspace.host: workspace.settings},
        Dumper=_LineDumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=sys.maxsize,
    )  # fmt: skip
    return text.strip().removeprefix("{").removesuffix("}")


def _host(workspace: InventoryHost) -> Iterator[str]:
    access = workspace.access
    yield from _comments(remarks(workspace.connection), " " * 4)
    yield from _yaml({workspace.host: workspace.settings}, " " * 4)
    inside = " " * 6
    yield from _comments([*_reasons(workspace), *access.remarks, *workspace.missing], inside)
    for candidate in access.candidates:
        yield from _candidate(candidate, inside)


def _reasons(workspace: InventoryHost) -> Iterator[str]:
    """Yield why there are settings that say no more than what is there."""
    if workspace.shares_folder:
        yield "Another connection reads the same folder."
    if workspace.connection.was_never_started:
        yield "Without fivetran_connection_paused, onboarding would start it, because it has never synced."


def _candidate(candidate: Candidate, indent: str) -> Iterator[str]:
    doubt = f" ({candidate.doubt})" if candidate.doubt else ""
    yield from _comments([f"If it is this one{doubt}, remove the comment signs below:"], indent)
    yield from _yaml(candidate.settings, f"{indent}# ")


def _yaml(data: Mapping[str, object], indent: str) -> list[str]:
    text = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=sys.maxsize
    )
    return textwrap.indent(text, indent).splitlines()


def _comments(sentences: Iterable[str], indent: str) -> Iterator[str]:
    """Yield sentences as comments; each begins a line, and nothing in them can end one."""
    for sentence in sentences:
        prefix = f"{indent}# "
        yield from textwrap.wrap(
            one_line(sentence),
            WIDTH,
            initial_indent=prefix,
            subsequent_indent=f"{prefix}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
