# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real play reads the variables of any host: what they are worth, or why they cannot be read, and no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.collection import COLLECTIONS
from tests.playbook import TIMEOUT

SECRET = "sesame-0815"
VAULT = VaultLib([("default", VaultSecret(b"a password that the play does not get"))])

ACTION = """
import json
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reader import host_variables
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Unreadable


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        seen = {host: self._read(task_vars["hostvars"], host) for host in self._task.args["of"]}
        Path(self._task.args["to"]).write_text(json.dumps(seen))
        return result

    def _read(self, hostvars, host):
        try:
            variables = host_variables(hostvars, self._task.get_play(), host)
        except Unreadable as reason:
            return f"unreadable: {reason}"
        names = [name for name in variables.names() if name.startswith(("own_", "gcs_access_"))]
        return {name: self._value(variables, name) for name in names}

    def _value(self, variables, name):
        try:
            value = variables.value(name)
        except Unreadable as reason:
            return f"unreadable: {reason}"
        # As JSON has no dates and would not tell a text of Ansible's own from a plain one.
        return [type(value).__name__, value if type(value) in (str, int, bool, dict, list, type(None)) else str(value)]
"""

PLAYS = """
- hosts: workspaces
  gather_facts: false
  connection: local
  vars:
    of_the_play: play
  tasks:
    - ansible.builtin.set_fact:
        own_fact: fact
    - read_all:
        of: [shop, neighbor, closed]
        to: "{{ playbook_dir }}/seen.json"
      run_once: true
    # Its defaults are nothing that the inventory sets.
    - ansible.builtin.import_role:
        name: onramp.braze_fivetran.gcs_access
      when: false
"""

IMPORT = """
- ansible.builtin.import_playbook: plays.yml
  vars:
    of_the_import: import
"""

INVENTORY = """
workspaces:
  vars:
    company: Acme
    own_from_group: "{{ company }} Warehouse"
  hosts:
    shop:
      own_text: hello
      own_number: 5
      own_time: 14:00
      own_yes: true
      own_nothing: null
      own_day: 2026-01-02
      own_list: ["{{ own_text }}", b]
      own_dictionary: {a: "{{ own_text }}", b: {c: d}}
      own_nested: "{{ own_middle }}!"
      own_middle: "{{ own_text }} world"
      own_scopes: "{{ of_the_play }} {{ of_the_import }} {{ of_the_command }}"
      own_neighbor: "{{ hostvars['neighbor'].own_text }}"
      own_neighbor_undefined: "{{ hostvars['neighbor'].own_undefined }}"
      own_literal: !unsafe "{{ nothing }}"
      own_undefined: "SECRET {{ nothing }}"
      own_undefined_below: "SECRET {{ own_undefined }}"
      own_undefined_inside: {a: ["{{ nothing.more }}"]}
      own_undefined_by_order: "{{ nothing | mandatory }}"
      own_attribute: "SECRET {{ own_dictionary.other }}"
      own_syntax: "SECRET {{ own_text"
      own_loop: "{{ own_loop }}"
      own_no_file: "{{ lookup('file', '/SECRET/none') }}"
      own_no_filter: "{{ 'SECRET' | turned_around }}"
      own_division: "{{ 1 // 0 }}"
      own_vault: !vault |
VAULTED
      own_of_vault: "{{ own_vault }} {{ own_text }}"
      own_omitted: "{{ nothing | default(omit) }}"
    neighbor:
      own_text: bee
      own_undefined: "{{ nothing }}"
    closed:
      own_text: see
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a play that is limited to one host reads of all of them."""
    folder = tmp_path_factory.mktemp("reader")
    vaulted = VAULT.encrypt(SECRET).decode()
    files = {
        "action_plugins/read_all.py": ACTION,
        "plays.yml": PLAYS,
        "import.yml": IMPORT,
        "inventory.yml": INVENTORY.replace("VAULTED", textwrap.indent(vaulted, " " * 8)).replace("SECRET", SECRET),
        "host_vars/closed.yml": VAULT.encrypt(f"own_secret: {SECRET}").decode(),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    ran = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", "inventory.yml", "import.yml", "--limit", "shop", "-e", "of_the_command=command"),
        ],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    return found


def test_values_are_plain_and_evaluated_as_a_task_would_see_them(seen: dict[str, Any]) -> None:
    readable = {name: value for name, value in seen["shop"].items() if "unreadable" not in value}
    # Before ansible-core 2.19, omit is a text with a random number.
    kind, omitted = readable.pop("own_omitted")
    assert kind == "str"
    assert omitted == "<<Omit>>" or omitted.startswith("__omit_place_holder__")
    assert readable == {
        "own_from_group": ["str", "Acme Warehouse"],
        "own_text": ["str", "hello"],
        "own_number": ["int", 5],
        "own_time": ["int", 840],
        "own_yes": ["bool", True],
        "own_nothing": ["NoneType", None],
        "own_day": ["date", "2026-01-02"],
        "own_list": ["list", ["hello", "b"]],
        "own_dictionary": ["dict", {"a": "hello", "b": {"c": "d"}}],
        "own_nested": ["str", "hello world!"],
        "own_middle": ["str", "hello world"],
        "own_scopes": ["str", "play import command"],
        "own_neighbor": ["str", "bee"],
        "own_literal": ["str", "{{ nothing }}"],
        "own_fact": ["str", "fact"],
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("own_undefined", "'nothing' is undefined"),
        ("own_undefined_below", "'nothing' is undefined"),
        ("own_undefined_inside", "'nothing' is undefined"),
        ("own_undefined_by_order", "'nothing' is undefined"),
        ("own_attribute", "something in it has no 'other', which it asks for"),
        ("own_syntax", "its template has a syntax error"),
        ("own_loop", "it refers to itself"),
        ("own_no_file", "the lookup 'file' in it fails"),
        ("own_no_filter", "'turned_around' in it is not a plugin that Ansible finds"),
        ("own_division", "it fails with ZeroDivisionError"),
        ("own_vault", "it needs a vault that cannot be opened with the passwords given"),
        ("own_of_vault", "it needs a vault that cannot be opened with the passwords given"),
    ],
)
def test_what_cannot_be_evaluated_is_told_with_its_reason(seen: dict[str, Any], name: str, reason: str) -> None:
    assert seen["shop"][name] == f"unreadable: {reason}"


def test_what_is_undefined_at_another_host_is_no_value(seen: dict[str, Any]) -> None:
    assert seen["shop"]["own_neighbor_undefined"] in (
        "unreadable: 'nothing' is undefined",
        # Before ansible-core 2.19, which returns the template then.
        "unreadable: it refers to a variable of another host in which something is undefined",
    )


def test_no_reason_tells_a_value(seen: dict[str, Any]) -> None:
    assert SECRET not in json.dumps(seen)


def test_a_host_that_does_not_play_is_read_like_one_that_does(seen: dict[str, Any]) -> None:
    assert seen["neighbor"] == {
        "own_from_group": ["str", "Acme Warehouse"],
        "own_text": ["str", "bee"],
        "own_undefined": "unreadable: 'nothing' is undefined",
    }


def test_a_host_with_a_file_that_cannot_be_decrypted_is_unreadable_as_a_whole(seen: dict[str, Any]) -> None:
    assert seen["closed"] == (
        "unreadable: a file with variables of this host is a vault that cannot be opened with the passwords given"
    )
