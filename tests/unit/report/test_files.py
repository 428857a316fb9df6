# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for people are written whole, where they said, and with the permissions that they chose."""

from __future__ import annotations

import errno
import os
import select
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._files import write_whole


@pytest.fixture
def _strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("_strict_umask")
def test_a_new_file_gets_the_permissions_that_new_files_get_here(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "folder" / "report.json"
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert os.listdir(path.parent) == ["report.json"]


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o444])
def test_a_file_that_is_there_keeps_its_permissions(tmp_path: Path, permissions: int) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(permissions)
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == permissions


def test_a_file_that_is_there_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(path, 1234, 4321)
    write_whole(path, "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "target.json", tmp_path / "report.json"
    if there:
        target.write_text("old")
    link.symlink_to("target.json")
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path, heard = tmp_path / "pipe", list[str]()
    os.mkfifo(path)
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    reader = threading.Thread(target=lambda: heard.append(os.fdopen(opened).read()))
    text = "x" * 200_000
    writer = threading.Thread(target=lambda: write_whole(path, text))
    writer.start()
    # A pipe that nobody has opened yet for writing has an end.
    select.select([opened], [], [], 10)
    reader.start()
    writer.join(10)
    reader.join(10)
    assert heard == [text]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_pipe_that_nobody_reads_is_an_error_and_no_reason_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):
        write_whole(path, "new")
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_device_is_written_to(tmp_path: Path) -> None:
    link = tmp_path / "report.json"
    link.symlink_to("/dev/null")
    write_whole(link, "new")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert os.readlink(link) == "/dev/null"


def test_a_folder_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, "new")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_whole_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    # A full disk cannot be made otherwise.
    def full(_path: object, _target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_who_reads_meanwhile_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("0" * 500_000)
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            text = path.read_text()
            seen.add("whole" if len(text) == 500_000 and len(set(text)) == 1 else "half")

    reader = threading.Thread(target=read)
    reader.start()
    for digit in "123456789":
        write_whole(path, digit * 500_000)
    done.set()
    reader.join()
    assert seen == {"whole"}
