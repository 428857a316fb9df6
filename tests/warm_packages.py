# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules of collections as Ansible has packed them to be executed, kept for the plays after it.

Beside each source, which Python would compile whenever the module is executed, its code is packed as well.
"""

from __future__ import annotations

import base64
import importlib
import io
import marshal
import os
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

# Other names may stand for another module in the next play.
OF_COLLECTIONS = "ansible_collections.*"


def take(kept: Path, folder: Path) -> None:
    """Let a play find what is kept, where it looks for what it has packed itself."""
    folder.mkdir()
    for file in kept.glob(OF_COLLECTIONS):
        (folder / file.name).hardlink_to(file)


def leave(folder: Path, kept: Path) -> None:
    """Keep what a play has packed."""
    for file in folder.glob(OF_COLLECTIONS):
        if not (kept / file.name).exists() and file.suffix != ".lock":
            # Another play may do so at the same time.
            new = kept / f"{os.getpid()}.{file.name}"
            _with_code(file, new)
            with suppress(FileExistsError):
                (kept / file.name).hardlink_to(new)
            new.unlink()


def _with_code(file: Path, new: Path) -> None:
    cached: Any = importlib.import_module("ansible.executor.module_common")._CachedModule
    module = cached.load(str(file))
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base64.b64decode(module.zip_data))) as sources,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as both,
    ):
        for entry in sources.infolist():
            source = sources.read(entry)
            both.writestr(entry, source)
            if entry.filename.endswith(".py"):
                both.writestr(zipfile.ZipInfo(f"{entry.filename}c", entry.date_time), _code(entry, source))
    replace(module, zip_data=base64.b64encode(packed.getvalue())).dump(str(new))


def _code(entry: zipfile.ZipInfo, source: bytes) -> bytes:
    """Return the code as Python takes it that has compiled this source."""
    code = compile(source, entry.filename, "exec", dont_inherit=True)
    written = int(time.mktime((*entry.date_time, -1, -1, -1)))
    numbers = (0, written, len(source))
    return MAGIC_NUMBER + b"".join(number.to_bytes(4, "little") for number in numbers) + marshal.dumps(code)
