# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of earlier reports. Several runs may use it at once, and it may hold what is nobody's report."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from .._files import beside, fill_new
from .._workspaces.model.attempts import AHEAD, as_text
from .collected import results
from .news import TIME, Earlier, NewsKind

# The second run of a second has "-2" behind the time.
NAME = re.compile(r"report-([0-9]{8}T[0-9]{6}Z)(?:-([0-9]{1,9}))?\.json")
# A report of a thousand workspaces has a few megabytes.
LARGEST = 200 * 1024 * 1024
# What is compared; of a thousand workspaces and thirty nights, the rest is most of the memory.
COMPARED = ("host", "status", "since", "changed", "cells", "findings", "key", "landing", "access", "connection")


def read(folder: Path, finished_at: str) -> tuple[dict[Path, Earlier], list[str]]:
    """Return the reports of a folder, the oldest first, and the names of files that look like one and are none.

    ``finished_at``: of the run that they are earlier than; what lies ahead of it is not an earlier report, and would be
    the newest one for ever.

    :raises OSError: the folder cannot be read.
    """
    found: dict[Path, Earlier] = {}
    strange: list[str] = []
    last = as_text(datetime.fromisoformat(finished_at) + AHEAD)
    for path in _named(folder):
        try:
            earlier = _earlier(path)
        except FileNotFoundError:
            # Another run has just removed it.
            continue
        except (OSError, ValueError, RecursionError):
            strange.append(path.name)
            continue
        if earlier.finished_at <= last:
            found[path] = earlier
        else:
            strange.append(path.name)
    return found, strange


def add(folder: Path, finished_at: str, text: str) -> Path:
    """Write a report into a folder, whole or not at all, beside those that are there.

    :raises OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"report-{re.sub('[-:]', '', finished_at)}"
    temporary = beside(folder / stem)
    fill_new(temporary, text)
    try:
        return next(path for path in _paths(folder, stem) if _is_claimed(temporary, path))
    finally:
        temporary.unlink(missing_ok=True)


def prune(reports: Iterable[tuple[Path, NewsKind]], kind: NewsKind, keep: int) -> None:
    """Remove the oldest reports of a kind, so that ``keep`` are left. ``reports``: the oldest first."""
    alike = [path for path, other in reports if other == kind]
    for path in alike[: max(len(alike) - keep, 0)]:
        # What cannot be removed today is tried again tomorrow.
        with suppress(OSError):
            path.unlink()


def _named(folder: Path) -> list[Path]:
    """Return the files that are called like reports, the oldest first."""
    matches = [(NAME.fullmatch(name), name) for name in os.listdir(folder)] if folder.is_dir() else []
    ours = [(match[1], int(match[2] or 1), name) for match, name in matches if match]
    return [folder / name for _time, _number, name in sorted(ours)]


def _paths(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}.json"
    yield from (folder / f"{stem}-{number}.json" for number in count(2))


def _is_claimed(temporary: Path, path: Path) -> bool:
    """Give a file its name, and tell whether nobody was faster."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        # Not every file system has a second name for a file.
        if path.exists():
            return False
        temporary.replace(path)
    return True


def _earlier(path: Path) -> Earlier:
    """Read a report.

    :raises ValueError: it is none.
    """
    if not path.is_file():
        if path.exists():
            raise ValueError
        raise FileNotFoundError
    if path.stat().st_size > LARGEST:
        raise ValueError
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or not results.text(data, "schema_version").startswith("1."):
        raise ValueError
    run, past = results.mapping(data, "run"), results.mapping(data, "past")
    finished_at = results.text(run, "finished_at")
    if not TIME.fullmatch(finished_at) or not isinstance(data.get("workspaces"), list):
        raise ValueError
    return Earlier(
        finished_at=finished_at,
        kind=(results.texts(run, "playbooks"), run.get("check_mode") is True),
        workspaces=_by_name(data),
        left_out=frozenset(results.texts(run, "left_out")),
        gone=frozenset(results.texts(past, "gone")),
    )


def _by_name(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # What has no name is no workspace that anybody could miss.
    for one in filter(lambda one: results.text(one, "name"), results.mappings(data, "workspaces")):
        known = found[results.text(one, "name")] = {name: one[name] for name in COMPARED if name in one}
        known["key"] = {name: value for name, value in results.mapping(one, "key").items() if name != "permissions"}
    return found
