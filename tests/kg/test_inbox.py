"""Runs that are logged while somebody else writes: kept, appended by whoever comes next, and never twice."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

import kg
from kg import iris, snapshots
from kg.errors import StoreError
from kg.inbox import Inbox
from kg.testing import full_run, one_run, small_batch

RUNS = "SELECT (COUNT(DISTINCT ?run) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"
PROJECT = iris.graph("project", "local")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


def project_runs(store: kg.Store) -> int:
    ((number,),) = store.query(RUNS, default_graph=PROJECT).rows()
    assert isinstance(number, int)
    return number


def waiting(folder: Path) -> int:
    return len(Inbox(folder / "inbox").waiting())


def test_a_run_waits_while_somebody_writes_and_comes_in_with_the_next_opener(folder: Path) -> None:
    with snapshots.writer_lock(folder), kg.open_store(folder) as store:
        for number in range(3):
            store.log(one_run(str(number)))
        store.refresh()
        assert (store.version, waiting(folder)) == (1, 3)
    assert waiting(folder) == 3  # it was closed while the lock was taken
    with kg.open_store(folder, read_only=True) as reader:
        assert (reader.version, waiting(folder), project_runs(reader)) == (2, 0, 3)
        assert [(info.source, info.counts["runs"]) for info in reader.graphs()] == [
            ("trial", 4),
            ("project", 3),
        ]


def test_a_reader_that_is_open_sees_the_run_after_a_refresh(folder: Path) -> None:
    with kg.open_store(folder, read_only=True) as reader, kg.open_store(folder) as writer:
        writer.log(one_run("1"))
        assert reader.version == 1
        reader.refresh()
        assert (reader.version, project_runs(reader)) == (2, 1)


def test_many_runs_are_appended_before_the_store_is_closed(folder: Path) -> None:
    with kg.open_store(folder) as store:
        for number in range(300):
            store.log(one_run(str(number)))
        assert (waiting(folder), project_runs(store)) == (300 - 256, 256)
    assert waiting(folder) == 0


def test_what_was_appended_but_not_deleted_is_not_appended_again(folder: Path) -> None:
    with kg.open_store(folder) as store:
        store.append([one_run("1"), one_run("2")])
        inbox = Inbox(folder / "inbox")
        for number in ("1", "2", "3"):
            inbox.put(one_run(number))
        store.refresh()
        assert (waiting(folder), project_runs(store)) == (0, 3)
        assert {info.source: info.counts["runs"] for info in store.graphs()}["project"] == 3


def test_what_cannot_be_appended_is_put_aside_with_its_reason(folder: Path) -> None:
    inbox = Inbox(folder / "inbox")
    with kg.open_store(folder) as store:
        store.append(one_run("1", 0.25))
        for number in range(5):
            inbox.put(one_run(str(number)))  # run 1 has another score there
        (folder / "inbox" / "torn.json").write_text('{"format": 1, "tab')
        (folder / "inbox" / "newer.json").write_text('{"format": 99}')
        broken = json.loads(inbox.waiting()[0].read_text())
        broken["tables"]["runs"][0]["status"] = "perhaps"
        (folder / "inbox" / "wrong.json").write_text(json.dumps(broken | {"digest": "ab"}))
        store.refresh()
        assert (waiting(folder), project_runs(store)) == (0, 5)
    reasons = {path.name: reason for path, reason in inbox.refused().items()}
    assert len(reasons) == 4
    assert "no batch" in reasons["torn.json"]
    assert "update metakg" in reasons["newer.json"]
    assert "status 'perhaps' is unknown" in reasons["wrong.json"]
    assert any("with other content" in reason for reason in reasons.values())


def test_a_folder_that_cannot_be_written_is_one_clear_error(folder: Path) -> None:
    (folder / "inbox").write_text("not a folder")
    with kg.open_store(folder) as store, pytest.raises(StoreError, match="a run cannot be kept in"):
        store.log(one_run("1"))


def test_a_store_that_is_read_only_logs_nothing(folder: Path) -> None:
    with kg.open_store(folder, read_only=True) as store, pytest.raises(StoreError, match="read only"):
        store.log(one_run("1"))
    assert waiting(folder) == 0


def log_fifty(folder: Path, writer: int) -> None:
    with kg.open_store(folder) as store:
        for number in range(50):
            store.log(one_run(f"{writer}-{number}"))


def test_eight_processes_lose_no_run(folder: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kg.testing", "polars", "pyoxigraph"])
    writers = [context.Process(target=log_fifty, args=(folder, writer)) for writer in range(8)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)
    assert [process.exitcode for process in writers] == [0] * 8
    with kg.open_store(folder) as store:
        assert (waiting(folder), project_runs(store)) == (0, 400)


def test_whoever_waits_for_a_server_is_told_so(folder: Path) -> None:
    with snapshots.writer_lock(folder) as lock, kg.open_store(folder) as store:
        assert lock is not None
        lock.note(
            f"served for writing by process {os.getpid()}: write to http://127.0.0.1:1/update, or end it"
        )
        with pytest.raises(StoreError, match=r"is served for writing by process \d+: write to http"):
            store.commit(small_batch("other"))
        store.log(one_run("1"))
    with kg.open_store(folder) as store:
        assert store.commit(small_batch("other")).changed
        assert project_runs(store) == 1


def test_rows_say_the_same_as_their_batch(tmp_path: Path) -> None:
    batch = full_run("1")
    held = []
    for name in ("batch", "rows"):
        folder = tmp_path / name
        kg.open_store(folder, create=True).close()
        inbox = Inbox(folder / "inbox")
        if name == "batch":
            inbox.put(batch)
        else:
            tables = {table: frame.rows() for table, frame in batch.tables().items() if frame.height}
            inbox.put_rows(batch.manifest, tables)
            inbox.put_rows(batch.manifest, tables)
        assert len(inbox.waiting()) == 1
        with kg.open_store(folder) as store:
            held.append((sorted(b"".join(store.dump(PROJECT)).splitlines()), store.series().rows()))
            assert not inbox.waiting()
            assert not inbox.refused()
    assert held[0] == held[1]
