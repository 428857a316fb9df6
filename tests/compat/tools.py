# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of other people's packages, below .cache/compat, and how something runs in it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.checks import CHECK, interpreters
from tests.compat.table import Part
from tests.copies import CHECKOUT

COMPAT = CHECKOUT / ".cache" / "compat"
REQUIREMENTS = CHECKOUT / "tests" / "requirements-compat.txt"
STAMP = COMPAT / "installed"
# Some of the packages want it.
PYTHONS = ("3.12", "3.13", "3.14")
TIMEOUT = 300


class LeftOutError(Exception):
    """A part cannot run on this machine; the text says why."""


class Tools:
    """The environment with everything in it. Nothing of the person's own gets in, and nobody is told of a use."""

    def __init__(self) -> None:
        self.bin = COMPAT / "tools" / "bin"

    def install(self) -> None:
        """Install what is pinned, unless it is installed.

        :raises LeftOutError: no Python, or no package index.
        """
        wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        CHECK.mkdir(parents=True, exist_ok=True)
        found = interpreters()
        chosen = next((found[version] for version in PYTHONS if version in found), None)
        if chosen is None:
            raise LeftOutError(f"it needs Python {' or '.join(PYTHONS)}, and none was found")
        COMPAT.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(chosen), "-m", "venv", "--clear", str(COMPAT / "tools")], check=True)
        pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=False)
        if done.returncode:
            raise LeftOutError(f"pip could not install {REQUIREMENTS.name}; what it says stands above")
        STAMP.write_text(wanted)

    def drive(self, driver: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Part:
        """Run a driver and return what it tells, on the last line that it prints."""
        command = [self.bin / "python", "-m", f"tests.compat.drivers.{driver}", *arguments]
        done = subprocess.run(
            list(map(str, command)),
            cwd=CHECKOUT,
            env=self.environment(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        lines = done.stdout.splitlines()
        try:
            told: dict[str, Any] = json.loads(lines[-1])
        except (IndexError, ValueError):
            return Part(driver, differences=(f"it ended with {done.returncode}: {done.stderr[-1500:]}",))
        return Part(driver, told["version"], tuple(told["ran"]), tuple(told["differences"]))

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that a package sees: a home of its own, no proxy, and no wish to be counted."""
        home = COMPAT / "home"
        home.mkdir(parents=True, exist_ok=True)
        return {
            "PATH": os.pathsep.join([str(self.bin), "/usr/bin", "/bin"]),
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "DO_NOT_TRACK": "1",
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            **given,
        }
