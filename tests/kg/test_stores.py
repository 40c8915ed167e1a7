"""The stores of the project against the conformance suite, and what only the embedded one must do."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from kg import iris, snapshots
from kg.errors import StoreError
from kg.server import Server
from kg.testing import StoreTestCase, small_batch

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


class TestMemoryStore(StoreTestCase):
    @pytest.fixture
    def store(self) -> Iterator[kg.Store]:
        with kg.MemoryStore() as store:
            yield store


class TestEmbeddedStore(StoreTestCase):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[kg.Store]:
        with kg.open_store(tmp_path / "store", create=True) as store:
            yield store


@pytest.mark.server
class TestRemoteStore(StoreTestCase):
    @pytest.fixture
    def store(self, empty_server: Server) -> Iterator[kg.Store]:
        with kg.RemoteStore(f"{empty_server.url}/query", update_url=f"{empty_server.url}/update") as store:
            yield store


def test_every_registered_store_has_a_suite() -> None:
    tested = {cls.__name__.removeprefix("Test") for cls in StoreTestCase.__subclasses__()}
    assert {cls.__name__ for cls in kg.store_resolver} <= tested


def count(folder: Path) -> int:
    with kg.open_store(folder) as store:
        return next(store.query(COUNT).rows())[0]  # type: ignore[return-value]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


def test_a_reader_keeps_its_version_while_others_write(folder: Path) -> None:
    with kg.open_store(folder, read_only=True) as reader, kg.open_store(folder) as writer:
        before = len(reader.graphs())
        writer.commit(small_batch("second"))
        writer.commit(small_batch("third"))
        assert len(reader.graphs()) == before
        assert snapshots.snapshot(folder, reader.version).exists()
        reader.refresh()
        assert len(reader.graphs()) == before + 2
    with kg.open_store(folder) as writer:
        writer.commit(small_batch("fourth"))
        assert [path.name for path in (folder / "snapshots").iterdir()] == [str(writer.version)]


def test_writing_needs_a_writable_store(folder: Path) -> None:
    with kg.open_store(folder, read_only=True) as store, pytest.raises(StoreError, match="read only"):
        store.commit(small_batch("second"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "store.json").write_text("{"), "damaged"),
        (lambda f: (f / "store.json").write_text(json.dumps({"format": 99})), "update metakg"),
        (lambda f: (f / "store.json").unlink(), "no metakg store"),
        (lambda f: [p.unlink() for p in (f / "snapshots" / "1").glob("MANIFEST*")], "damaged"),
        (lambda f: [os.truncate(p, 3) for p in (f / "snapshots" / "1").glob("*") if p.is_file()], "damaged"),
        (lambda f: (f / "snapshots" / "1").rename(f / "gone"), "missing"),
    ],
)
def test_a_damaged_store_is_named_in_one_line(folder: Path, spoil, message: str) -> None:
    spoil(folder)
    with pytest.raises(StoreError, match=message) as caught:
        kg.open_store(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_place_that_cannot_hold_a_store(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for place in (file, file / "below"):
        with pytest.raises(StoreError):
            kg.open_store(place, create=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").write_text("x")
    with pytest.raises(StoreError, match="not empty"):
        kg.open_store(tmp_path / "full", create=True)


def write_with_little_space(folder: Path, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        with kg.open_store(folder) as store:
            store.commit([small_batch("large")])
    except StoreError as error:
        sys.stdout.write(str(error))
        sys.exit(2)


@pytest.mark.parametrize("limit", [0, 2000])
def test_a_full_disk_leaves_the_store_as_it_was(folder: Path, limit: int) -> None:
    before = count(folder)
    code = f"from tests.kg.test_stores import *; write_with_little_space(Path({str(folder)!r}), {limit})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "as it was" in done.stdout
    assert done.stdout.count("\n") == 0
    assert count(folder) == before
    with kg.open_store(folder) as store:
        assert store.commit(small_batch("after")).changed


def keep_writing(folder: str) -> None:
    with kg.open_store(folder) as store:
        for number in range(1000):
            store.commit(small_batch(f"s{number % 3}", shift=(number % 7) / 100))


def test_killed_writers_leave_a_whole_store(folder: Path) -> None:
    graph = iris.graph("trial", "1")
    whole = small_batch().counts()
    for attempt in range(8):
        process = multiprocessing.get_context("spawn").Process(target=keep_writing, args=(str(folder),))
        process.start()
        deadline = time.monotonic() + 20
        start = snapshots.current_version(folder)
        while snapshots.current_version(folder) == start and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(attempt * 0.013)
        process.kill()
        process.join()
        with kg.open_store(folder) as store:
            assert store.version > start
            assert graph in {info.iri for info in store.graphs()}
            for info in store.graphs():
                assert info.counts == whole
                runs = store.query(
                    "SELECT ?r WHERE { ?r a <http://www.w3.org/ns/mls#Run> }", default_graph=info.iri
                )
                assert len(runs) == whole["runs"]
    with kg.open_store(folder) as store:
        assert store.commit(small_batch("last")).changed


def test_importing_kg_is_light() -> None:
    heavy = ("torch", "pandas", "rdflib", "sklearn", "pykeen")
    code = f"import sys, kg, kg.experience; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
