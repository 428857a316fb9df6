# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code that is measured: what lies in the checkout, or an earlier commit beside it; and how its playbooks run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.collection import COLLECTIONS
from tests.sandbox.client import CHECKOUT, Sandbox

OWN = Path("ansible_collections", "onramp", "braze_fivetran")
MEASURED = Path(__file__).with_name("measured.py")


@dataclass(frozen=True)
class Took:
    """What one command took: seconds, and MB of the largest of its processes."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Code:
    """One state of the collection. ``name``: the short name of its commit, with a plus if the work tree differs."""

    name: str
    root: Path
    collections: Path

    def playbook(self, name: str) -> str:
        """Return the path of one of its playbooks."""
        return str(self.root / "playbooks" / f"{name}.yml")

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs ``ansible-playbook``."""
        return [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]

    def environment(self, sandbox: Sandbox) -> dict[str, str]:
        """Return the variables with which it finds this code and the sandbox."""
        own = {"ANSIBLE_COLLECTIONS_PATH": str(self.collections), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
        return {**os.environ, **own, **sandbox.env}

    def run(self, sandbox: Sandbox, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Took:
        """Run ``ansible-playbook`` in the sandbox, with further variables of the environment.

        :raises RuntimeError: with its output if it fails.
        """
        command = self.command(arguments)
        with tempfile.NamedTemporaryFile("r", suffix=".json") as report:
            finished = subprocess.run(
                [sys.executable, "-I", "-S", str(MEASURED), report.name, *command],
                cwd=self.root,
                env=self.environment(sandbox) | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if finished.returncode != 0:
                raise RuntimeError(f"{self.name}: {finished.stdout[-4000:]}")
            return Took(**json.load(report))


def of_checkout() -> Code:
    """Return the code of the checkout as it lies there."""
    status = ("status", "--porcelain", "plugins", "roles", "playbooks")
    return Code(_git("rev-parse", "--short", "HEAD") + ("+" if _git(*status) else ""), CHECKOUT, COLLECTIONS)


@contextmanager
def of_commit(revision: str) -> Iterator[Code]:
    """Lay a commit beside the checkout within the context, with what is installed for the checkout.

    :raises ValueError: for a revision that Git does not know.
    """
    try:
        name = _git("rev-parse", "--short", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise ValueError(f"Git knows no commit {revision}: {error.stderr.strip()}") from None
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root, collections = Path(folder, "code"), Path(folder, "collections")
        _git("worktree", "add", "--quiet", "--detach", str(root), name)
        try:
            _link_collections(collections, root)
            yield Code(name, root, collections)
        finally:
            _git("worktree", "remove", "--force", str(root))


def _link_collections(collections: Path, root: Path) -> None:
    """Make a collections path with the collections of the checkout, and ``root`` in place of this one."""
    (collections / OWN).parent.mkdir(parents=True)
    (collections / OWN).symlink_to(root, target_is_directory=True)
    for installed in (COLLECTIONS / "ansible_collections").iterdir():
        if installed.name != OWN.parent.name:
            (collections / "ansible_collections" / installed.name).symlink_to(installed, target_is_directory=True)


def _git(*arguments: str) -> str:
    finished = subprocess.run(["git", "-C", str(CHECKOUT), *arguments], capture_output=True, text=True, check=True)
    return finished.stdout.strip()
