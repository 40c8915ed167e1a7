"""A store served for writing: what was written is the next version, whoever was killed; others write later."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from kg import experience, iris, snapshots
from kg.errors import StoreError
from kg.inbox import Inbox
from kg.server import free_port
from kg.testing import one_run, small_batch

pytestmark = pytest.mark.server

TRIAL, PROJECT = iris.graph("trial", "1"), iris.graph("project", "local")
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


class Served:
    """``metakg serve --write`` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-m", "metakg", "--store", str(folder), "serve", "--write"]
        words += ["--port", str(free_port())]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.search(r"http://[\d.:]+", line)
        assert found, line
        self.url = found[0]

    def open(self) -> kg.RemoteStore:
        return kg.RemoteStore(
            f"{self.url}/query", update_url=f"{self.url}/update", graph_url=f"{self.url}/store"
        )

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)
        self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    server = Served(folder)
    yield server
    if server.process.poll() is None:
        server.end(signal.SIGKILL)


def wait_until_free(folder: Path) -> None:
    """Wait until the server behind has ended too, which holds the lock with its parent."""
    for _ in range(200):
        with snapshots.writer_lock(folder, wait=False) as lock:
            if lock is not None:
                return
        time.sleep(0.02)
    pytest.fail("the lock is still held")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_written_is_the_next_version(folder: Path, served: Served, end: signal.Signals) -> None:
    with served.open() as store:
        store.append([one_run("1", 0.25), one_run("2", 0.5)])
        store.commit(small_batch("other"))
        assert store.version == 3
    with kg.open_store(folder) as local:
        assert local.version == 1  # still what it was
        local.log(one_run("3", 0.75))
        with pytest.raises(StoreError, match=r"served for writing by process \d+: write to http"):
            local.commit(small_batch("local"))
    assert len(Inbox(folder / "inbox").waiting()) == 1
    served.end(end)
    wait_until_free(folder)
    with kg.open_store(folder) as local:
        assert local.version == 4  # 3 and the run that waited
        assert {info.source: info.counts["runs"] for info in local.graphs()} == {
            "trial": 4,
            "project": 3,
            "other": 4,
        }
        assert [entry.version for entry in local.history()] == [1, 2, 3, 4]
        assert local.commit(small_batch("local")).changed
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith("served")) == []


def test_what_is_changed_by_hand_is_noticed(folder: Path, served: Served) -> None:
    with kg.open_store(folder) as store:
        before = experience.load(store)
    with served.open() as store:
        measure = iris.measure("balanced_accuracy")
        text = (
            f"DELETE {{ GRAPH <{TRIAL}> {{ ?run <{measure}> ?value }} }} "
            f"INSERT {{ GRAPH <{TRIAL}> {{ ?run <{measure}> 0.125e0 }} }} "
            f"WHERE {{ GRAPH <{TRIAL}> {{ ?run <{measure}> ?value }} }}"
        )
        store._endpoint.update(text)
    served.end()
    with kg.open_store(folder) as store:
        after = experience.load(store)
        assert after.version != before.version
        values = after.runs.filter(measure=measure)["value"]
        assert values.to_list() == [0.125] * 3


def test_nothing_written_is_no_new_version(folder: Path, served: Served) -> None:
    with served.open() as store:
        assert next(store.query(COUNT, default_graph=TRIAL).rows())[0]
    served.end()
    with kg.open_store(folder) as store:
        assert store.version == 1


def test_one_server_at_a_time(folder: Path, served: Served) -> None:
    words = [
        sys.executable,
        "-m",
        "metakg",
        "--store",
        str(folder),
        "serve",
        "--write",
        "--port",
        str(free_port()),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "is being written by another process" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert served.process.poll() is None


def test_the_server_behind_ends_with_its_parent(folder: Path, served: Served) -> None:
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children")
    if not children.exists():
        pytest.skip("children of processes are told on Linux only")
    behind = [
        int(child)
        for task in Path(f"/proc/{served.process.pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    assert behind
    served.end(signal.SIGKILL)
    wait_until_free(folder)
    for _ in range(200):
        if not any(Path(f"/proc/{child}").exists() for child in behind):
            return
        time.sleep(0.02)
    pytest.fail("the server behind lives on")
