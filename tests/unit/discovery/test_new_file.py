# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new file is written whole or not at all, and nothing that is there is ever replaced."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.new_file import check_new, write_new


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir()
    return tmp_path / "inventory"


def make_file(path: Path) -> None:
    path.write_text("theirs")


def make_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_permissions_that_new_files_get_here(folder: Path, mask: int) -> None:
    path, before = folder / "inventory.yml", os.umask(mask)
    try:
        write_new(path, "täxt\n")
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8") == "täxt\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("make", [make_file, make_link, os.mkfifo, Path.mkdir], ids=["file", "link", "fifo", "folder"])
@pytest.mark.parametrize("act", [check_new, lambda path: write_new(path, "ours")], ids=["check", "write"])
def test_what_is_there_stays(folder: Path, make: Callable[[Path], None], act: Callable[[Path], None]) -> None:
    path = folder / "inventory.yml"
    make(path)
    before = path.lstat()
    with pytest.raises(OnrampError, match="discover_file") as refused:
        act(path)
    assert refused.value.failure.code == "file_exists"
    assert path.lstat() == before
    assert list(folder.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(OnrampError, match=r"There is no directory .*missing"):
        check_new(folder / "missing" / "inventory.yml")
    with pytest.raises(OnrampError) as refused:
        write_new(folder / "missing" / "inventory.yml", "text")
    assert refused.value.failure.code == "cannot_write"


def test_a_name_that_no_file_can_have_is_refused(folder: Path) -> None:
    with pytest.raises(OnrampError) as refused:
        write_new(folder / ("x" * 300), "text")
    assert refused.value.failure.code == "cannot_write"
    assert list(folder.iterdir()) == []


def test_where_a_file_system_has_no_links_nothing_is_replaced_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_new(folder / "inventory.yml", "text")
    assert (folder / "inventory.yml").read_text() == "text"
    with pytest.raises(OnrampError):
        write_new(folder / "inventory.yml", "other")
    assert [path.read_text() for path in folder.iterdir()] == ["text"]
