# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workspaces_group
short_description: Name the group of Braze workspaces, if the inventory has any
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns V(braze_workspaces), the group whose hosts are workspaces. Where the inventory has no such group, or no
    hosts in it, fails and says what is there instead. Ansible itself skips a play without hosts and exits with 0.
  - Also fails where a file in C(group_vars) of that group, or of all hosts, is a vault that cannot be opened, or no
    YAML. Ansible itself does not say which file it is.
  - The playbooks of this collection begin with it.
options: {}
"""

EXAMPLES = r"""
- name: Look at all workspaces
  hosts: "{{ lookup('onramp.braze_fivetran.workspaces_group') }}"
  gather_facts: false
  tasks:
    - name: Plan
      onramp.braze_fivetran.workspace_plan:
        purpose: verify
      run_once: true
"""

RETURN = r"""
_raw:
  description: The name of the group.
  type: list
  elements: str
  sample: [braze_workspaces]
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._kernel.printable import printable
from ..plugin_utils._secrets import GROUP
from ..plugin_utils._settings.reader import causes_of, is_of_vault

# With these, nothing runs, and nobody needs an inventory.
LOOKS_AT_PLAYBOOKS_ONLY = ("syntax", "listtasks", "listtags")
# Every inventory has these groups.
ALWAYS = ("all", "ungrouped")
LAYOUT = 'A workspace is a name of your choice below "hosts:" of that group, with its settings indented below it.'
SUFFIXES = ("", ".yml", ".yaml")


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        if terms:
            raise AnsibleLookupError("workspaces_group: expected nothing to look up.")
        if not any(context.CLIARGS.get(option) for option in LOOKS_AT_PLAYBOOKS_ONLY):
            wrong = _missing((variables or {}).get("groups") or {}) or next(self._unreadable(), "")
            if wrong:
                raise AnsibleLookupError(printable(wrong))
        return [GROUP]

    def _unreadable(self) -> Iterator[str]:
        """Yield what is said of each file that cannot be read, without anything that it holds."""
        loader: Any = self._loader
        for path in _files_of_the_group(context.CLIARGS.get("inventory") or ()):
            try:
                loader.load_from_file(str(path), cache="none", unsafe=True)
            except AnsibleError as error:
                yield f"{path}: {_why(error)}"


def _why(error: BaseException) -> str:
    causes = list(causes_of(error))
    if any(is_of_vault(cause) for cause in causes):
        if "no vault secrets found" in str(error).lower():
            return (
                "is a vault, and no password was given. Add --ask-vault-pass, or name a file with the password as"
                " vault_password_file in ansible.cfg."
            )
        return "is a vault that this password does not open. Give the one that the file was encrypted with."
    mark = next(filter(None, (getattr(cause, "problem_mark", None) for cause in causes)), None)
    place = f" from line {mark.line + 1} on" if mark else ""
    return f"is not valid YAML{place}. Check the indentation; a value with a colon or a # in it needs quotes."


def _missing(groups: Mapping[str, Sequence[str]]) -> str:
    """Return what is said of an inventory without workspaces; empty if it has any."""
    if groups.get(GROUP):
        return ""
    if GROUP in groups:
        return f"The group {GROUP} of the inventory has no hosts. {LAYOUT}"
    others = [group for group in groups if group not in ALWAYS]
    if not others and not groups.get("all"):
        return (
            "There is no inventory, or it is empty. Name one with -i, or run in the folder with the ansible.cfg that"
            " the playbook init has written."
        )
    alike = get_close_matches(GROUP, others, 1)
    if alike:
        return f"The inventory has no group {GROUP}, but one that is called {alike[0]}. Rename that."
    return f"The inventory has no group {GROUP}. {LAYOUT}"


def _files_of_the_group(sources: Sequence[str]) -> Iterator[Path]:
    """Yield the files with variables beside an inventory that every workspace has."""
    for source in sources:
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
        for name in ("all", GROUP):
            for place in sorted((folder / "group_vars").glob(f"{name}*")):
                if place.stem == name and place.suffix in SUFFIXES:
                    files = sorted(place.rglob("*")) if place.is_dir() else [place]
                    yield from (path for path in files if _is_read(path))


def _is_read(path: Path) -> bool:
    return path.is_file() and path.suffix in SUFFIXES and not path.name.startswith(".")
