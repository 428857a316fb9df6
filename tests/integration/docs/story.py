# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guide is a story: its files are written and its commands run as they stand, from the top of the page to its end."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.collection import CHECKOUT
from tests.documents import for_the_sandbox
from tests.integration.docs.shell import shell
from tests.integration.given import VAULT
from tests.playbook import PlayResult, run_playbook
from tests.sandbox.client import Sandbox

# The pages that are told this way; tests/integration/docs/test_guides.py tells each of them.
STORIES = tuple(
    f"guide_{name}" for name in ("azure", "changes", "ci", "cost", "loops", "organizations", "terraform", "vault")
)
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\S+\.(?:yml|cfg))\n")
ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")


@dataclass
class Story:
    """One page in a folder of its own. ``environment``: what the reader's machine has beside the sandbox's."""

    sandbox: Sandbox
    page: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def told(self) -> Iterator[tuple[str, PlayResult]]:
        """Yield each command with what came of it; files are written when the story gets to them."""
        text = (CHECKOUT / "docs" / f"{self.page}.md").read_text()
        for language, block in BLOCK.findall(text):
            if language == "yaml":
                self._write(block)
                continue
            for line in block.splitlines():
                if line.startswith("$ "):
                    command = line.removeprefix("$ ").split("  #")[0].strip()
                    yield command, self.run(command)

    def run(self, command: str) -> PlayResult:
        """Run a command in the folder."""
        words = shlex.split(command)
        environment = dict(self.environment)
        while ASSIGNMENT.fullmatch(words[0]):
            name, _equals, value = words.pop(0).partition("=")
            environment[name] = value
        if words[0] == "ansible-playbook":
            return self._play(words[1:], environment)
        if words[0] in ("export", "pip"):
            return PlayResult(0, "", (), {})
        return self._shell(command)

    def _write(self, block: str) -> None:
        named = FILE.match(block)
        assert named, f"docs/{self.page}.md: a block of YAML that does not begin with the name of its file"
        path = self.folder / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(for_the_sandbox(block, self.sandbox))

    def _play(self, words: list[str], environment: dict[str, str]) -> PlayResult:
        words = [self._found(word) for word in words]
        inventory = None
        if "-i" in words:
            at = words.index("-i")
            inventory = words[at + 1]
            del words[at : at + 2]
        given = [] if (self.folder / "group_vars").exists() else ["-e", json.dumps(VAULT)]
        playbook, *arguments = words
        return run_playbook(self.sandbox, playbook, *arguments, *given, inventory=inventory, environment=environment)

    def _found(self, word: str) -> str:
        """Return a word of a command with the path of the file that it names, alone or after a label."""
        label, name = re.fullmatch(r"(.*[@=])?(.*)", word).groups(default="")  # type: ignore[union-attr]
        written = label == "discover_file="
        return f"{label}{self.folder / name}" if written or (self.folder / name).is_file() else word

    def _shell(self, command: str) -> PlayResult:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        code, told = shell("-eu", command, self.folder, {**self.sandbox.env, **own, **self.environment})
        return PlayResult(code, told, (), {})
