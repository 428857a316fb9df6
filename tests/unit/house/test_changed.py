# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's tests are left out only where what they have passed with is still there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.changed import CHECKOUT, READ, TESTS, files, left_out, passed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in READ:
        path = tmp_path / name
        path = path if path.suffix else path / "file.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("first")
    return tmp_path


def test_they_run_until_they_have_passed_and_then_no_more(checkout: Path) -> None:
    assert [left_out(checkout) for _run in range(2)] == ["", ""]
    passed(checkout)
    assert left_out(checkout) == f"--ignore={TESTS}"


@pytest.mark.parametrize("name", READ)
def test_they_run_again_where_one_of_the_files_changes(checkout: Path, name: str) -> None:
    left_out(checkout)
    passed(checkout)
    path = checkout / name if (checkout / name).is_file() else checkout / name / "file.py"
    path.write_text("second")
    assert left_out(checkout) == ""
    path.write_text("first")
    assert left_out(checkout)


def test_they_run_again_where_a_file_is_added_or_taken_away(checkout: Path) -> None:
    added = checkout / "tests/sandbox/more.py"
    left_out(checkout)
    passed(checkout)
    added.write_text("")
    assert left_out(checkout) == ""
    added.unlink()
    assert left_out(checkout)
    (checkout / "tests/sandbox/file.py").unlink()
    assert left_out(checkout) == ""


def test_what_changes_during_a_run_has_not_passed(checkout: Path) -> None:
    left_out(checkout)
    (checkout / "tests/sandbox/file.py").write_text("second")
    passed(checkout)
    assert left_out(checkout) == ""


def test_what_is_hashed_exists() -> None:
    found = {str(path.relative_to(CHECKOUT)) for path in files(CHECKOUT)}
    assert {"tests/sandbox/core.py", "tests/sandbox/tests/test_core.py", "tests/conftest.py"} <= found
    assert not [name for name in found if "__pycache__" in name]
