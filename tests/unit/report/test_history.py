# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of earlier reports."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report import history

from tests.unit.report.samples import onboarding, report_of

TIME, LATER = "2026-03-01T02:15:00Z", "2026-03-31T02:15:00Z"
KIND = (("onboard.yml",), False)
TEXT = json.dumps(report_of(onboarding("shop_us")).as_json())


@pytest.fixture
def _strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_strict_umask")
def test_a_report_is_named_by_its_time_and_gets_the_permissions_that_new_files_get_here(tmp_path: Path) -> None:
    path = history.add(tmp_path / "missing" / "folder", TIME, TEXT)
    assert path == tmp_path / "missing" / "folder" / "report-20260301T021500Z.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == [path.name]


def test_runs_that_end_in_the_same_second_keep_a_report_each_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _number: history.add(tmp_path, TIME, TEXT), range(12)))
    assert len(set(paths)) == 12
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in paths)
    found, strange = history.read(tmp_path, LATER)
    assert strange == []
    stem = "report-20260301T021500Z"
    assert [path.name for path in found] == [f"{stem}.json", *(f"{stem}-{number}.json" for number in range(2, 13))]


def test_a_file_system_without_second_names_keeps_reports_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Such a file system cannot be made otherwise.
    def refused(_source: object, _target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    paths = [history.add(tmp_path, TIME, TEXT) for _number in range(3)]
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in paths)
    assert len(history.read(tmp_path, LATER)[0]) == 3


def test_what_is_nobodys_report_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    report = history.add(tmp_path, TIME, TEXT)
    strange = {
        "report-20260228T021500Z.json": TEXT[:1000],
        "report-20260227T021500Z.json": "",
        "report-20260226T021500Z.json": "[" * 100_000,
        "report-20260225T021500Z.json": '{"schema_version": "2.0", "run": {}, "workspaces": []}',
        "report-20260224T021500Z.json": '{"schema_version": "1.3", "run": {"finished_at": "now"}, "workspaces": []}',
        "report-20260223T021500Z.json": "\ud800".encode("utf-16-le", "surrogatepass").decode("latin-1"),
    }
    others = {"report.json": TEXT, "report-yesterday.json": "{}", "notes.txt": "x", ".hidden": "x"}
    for name, text in {**strange, **others}.items():
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    os.mkfifo(tmp_path / "report-20260222T021500Z.json")
    (tmp_path / "report-20260221T021500Z.json").mkdir()
    before = sorted(os.listdir(tmp_path))
    found, named = history.read(tmp_path, LATER)
    assert list(found) == [report]
    assert sorted(named) == sorted([*strange, "report-20260222T021500Z.json", "report-20260221T021500Z.json"])
    history.prune([(path, earlier.kind) for path, earlier in found.items()], KIND, 2)
    assert sorted(os.listdir(tmp_path)) == before


def test_the_oldest_of_its_kind_are_removed_beyond_what_is_kept(tmp_path: Path) -> None:
    for day in range(1, 8):
        history.add(tmp_path, f"2026-03-{day:02}T02:15:00Z", TEXT)
    other = json.dumps({**json.loads(TEXT), "run": {**json.loads(TEXT)["run"], "playbooks": ["verify.yml"]}})
    kept = history.add(tmp_path, "2026-02-01T02:15:00Z", other)
    (tmp_path / "report-20260101T021500Z.json").write_text("broken")
    found, _strange = history.read(tmp_path, LATER)
    history.prune([(path, earlier.kind) for path, earlier in found.items()], KIND, 3)
    days = [f"report-2026030{day}T021500Z.json" for day in (5, 6, 7)]
    assert sorted(os.listdir(tmp_path)) == sorted(["report-20260101T021500Z.json", kept.name, *days])


def report_at(time: str) -> str:
    data = json.loads(TEXT)
    return json.dumps({**data, "run": {**data["run"], "finished_at": time}})


def test_a_report_of_the_future_is_no_earlier_one_and_takes_the_place_of_none(tmp_path: Path) -> None:
    days = [f"2026-03-{day:02}T02:15:00Z" for day in range(1, 4)]
    for time in (*days, "2999-01-01T00:00:00Z"):
        history.add(tmp_path, time, report_at(time))
    found, named = history.read(tmp_path, days[-1])
    assert [earlier.finished_at for earlier in found.values()] == days
    assert named == ["report-29990101T000000Z.json"]
    history.prune([(path, earlier.kind) for path, earlier in found.items()], KIND, 3)
    assert len(os.listdir(tmp_path)) == 4
    # Machines side by side need not have the same time to the second.
    assert len(history.read(tmp_path, "2026-03-03T02:13:00Z")[0]) == 3


def test_what_has_no_name_in_a_report_is_no_workspace(tmp_path: Path) -> None:
    data = json.loads(TEXT)
    nameless = [{"status": "ok"}, {"name": "", "status": "ok"}, {"name": None}]
    history.add(tmp_path, TIME, json.dumps({**data, "workspaces": [*data["workspaces"], *nameless]}))
    found, _strange = history.read(tmp_path, LATER)
    assert [list(earlier.workspaces) for earlier in found.values()] == [["shop_us"]]


def test_a_folder_that_is_not_there_holds_no_reports_and_a_file_is_no_folder(tmp_path: Path) -> None:
    assert history.read(tmp_path / "missing", LATER) == ({}, [])
    (tmp_path / "file").write_text("")
    assert history.read(tmp_path / "file", LATER) == ({}, [])
    with pytest.raises(FileExistsError):
        history.add(tmp_path / "file", TIME, TEXT)


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A full disk cannot be made otherwise.
    def full(_source: object, _target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        history.add(tmp_path, TIME, TEXT)
    assert os.listdir(tmp_path) == []


def test_who_reads_while_others_write_and_remove_never_sees_half_of_a_report(tmp_path: Path) -> None:
    strange: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            strange.update(history.read(tmp_path, LATER)[1])

    def work(number: int) -> None:
        history.add(tmp_path, f"2026-03-01T02:15:{number:02}Z", TEXT)
        found, _strange = history.read(tmp_path, LATER)
        history.prune([(path, earlier.kind) for path, earlier in found.items()], KIND, 2)

    reader = threading.Thread(target=look)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    done.set()
    reader.join()
    assert strange == set()
    assert 1 <= len(os.listdir(tmp_path)) <= 2
