# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make ansible-test-integration``: every module, against a sandbox that is started for it.

Names of targets run only these. With ``--config`` it prints what ``tests/integration/integration_config.yml`` has to
hold for the sandbox of this shell, when ansible-test is started by hand. The copy of the checkout that ansible-test
wants is below ``.cache``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.copies import CHECKOUT, collection_in
from tests.sandbox.client import Sandbox

TARGETS = CHECKOUT / "tests" / "integration" / "targets"
FOLDER = CHECKOUT / ".cache" / "targets"
COPY = FOLDER / "ansible_collections" / "onramp" / "braze_fivetran"
CONFIG = "tests/integration/integration_config.yml"


def main(arguments: list[str]) -> int:
    """Run ansible-test for the named targets, or for all of them; return its exit code."""
    if arguments == ["--config"]:
        print(config(Sandbox.attach()), end="")
        return 0
    collection_in(FOLDER)
    with Sandbox.start() as sandbox:
        (COPY / CONFIG).write_text(config(sandbox))
        return integrate(arguments)


def config(sandbox: Sandbox) -> str:
    """Return the variables that all targets are given."""
    return yaml.safe_dump({"sandbox": sandbox.env}, explicit_start=True)


def integrate(targets: list[str]) -> int:
    """Run ansible-test on the Python of this process, in which everything is installed."""
    programs = Path(sys.executable).parent
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "GIT_"))}
    return subprocess.run(
        [programs / "ansible-test", "integration", "--local", "--color", "no", "--python", version, *targets],
        cwd=COPY,
        env={**inherited, "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
