# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a module of amazon.aws go on with the trace of the run: Python executes this file when it starts.

The folder is named in the path of such a module only, and only while a trace is written. There is no option of the
module, nor of boto3, by which somebody could listen.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGE = "_onramp_traced"
# The same as in _kernel/trace/trace.py, which is not imported for nothing.
VARIABLE = "ONRAMP_BRAZE_FIVETRAN_TRACE"


def go_on() -> None:
    """Listen to all clients of boto3 in this process."""
    # Under a name of its own: the module brings another folder of collections along.
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(HERE.parents[1] / "module_utils")]
    sys.modules[PACKAGE] = package
    try:
        sessions: Any = importlib.import_module("botocore.httpsession")
    except ImportError:
        return
    trace = importlib.import_module(f"{PACKAGE}._kernel.trace.trace")
    trace.resume()
    trace.listen_to_botocore(sessions.URLLib3Session)


def the_next_one() -> None:
    """Execute the file of this name that Python would have found without this folder."""
    finder = importlib.machinery.PathFinder
    found = finder.find_spec("sitecustomize", [path for path in sys.path if Path(path).resolve() != HERE])
    if found is not None and found.loader is not None:
        found.loader.exec_module(importlib.util.module_from_spec(found))


if __name__ == "sitecustomize":
    if os.environ.get(VARIABLE):
        go_on()
    the_next_one()
