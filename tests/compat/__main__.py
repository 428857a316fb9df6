# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the collection and its sandbox against other people's parts: ``python -m tests.compat [part ...]``.

Without names all of them run. The exit code is 1 where something differs that does not stand in ``known.py``.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace

from tests.collection import make_collection_importable

make_collection_importable()

from tests.compat.known import KNOWN  # noqa: E402
from tests.compat.parts import PARTS  # noqa: E402
from tests.compat.table import Part, exit_code, report  # noqa: E402
from tests.compat.tools import LeftOutError, Tools  # noqa: E402
from tests.sandbox.client import Sandbox  # noqa: E402


def main(names: list[str]) -> int:
    """Run the named parts, print the table, and return the exit code."""
    strange = set(names) - PARTS.keys()
    if strange:
        raise SystemExit(f"There are no parts {', '.join(sorted(strange))}; there are {', '.join(PARTS)}.")
    tools = Tools()
    try:
        tools.install()
        with Sandbox.start() as sandbox:
            parts = [run(name, tools, sandbox) for name in names or PARTS]
    except LeftOutError as reason:
        parts = [Part(name, left_out=str(reason)) for name in names or PARTS]
    print("\n" + report(parts, KNOWN))
    return exit_code(parts, KNOWN)


def run(name: str, tools: Tools, sandbox: Sandbox) -> Part:
    """Run one part; whatever ends it is a difference."""
    print(f"=== {name}", flush=True)
    sandbox.reset()
    try:
        return replace(PARTS[name](tools, sandbox), name=name)
    except LeftOutError as reason:
        return Part(name, left_out=str(reason))
    except Exception as error:
        traceback.print_exc()
        return Part(name, differences=(f"it ended with {type(error).__name__}: {str(error)[:500]}",))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
