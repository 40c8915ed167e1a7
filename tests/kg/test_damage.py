"""Disks that are full, folders that cannot be written, derived files that are damaged: the store stays as it was."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from kg import embedded, experience, iris
from kg.testing import small_batch

RUNS = "SELECT ?run WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"

# Imports come first: whoever is not root may be unable to read the interpreter's folders.
AS_NOBODY = """
import os, sys
import kg, polars, pyoxigraph, kg.experience
from kg.errors import StoreError
from kg.testing import small_batch
os.setgid(65534); os.setuid(65534)
store = kg.open_store(sys.argv[1])
assert kg.experience.load(store).runs.height
for work in (lambda: store.commit(small_batch("other")), lambda: kg.open_store(sys.argv[1] + "/new", create=True)):
    try:
        work()
    except StoreError as error:
        print(error)
print(store.version)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    above = Path(tempfile.gettempdir())
    for parent in folder.parents:
        if above in parent.parents:
            parent.chmod(0o755)
    yield folder
    for path in paths:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_folder_is_read_and_refused_for_writing(read_only: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(read_only)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    written, created, version = done.stdout.splitlines()
    assert "cannot be written" in written
    assert "permissions" in written
    assert "cannot be made" in created
    assert version == "1"


FULL = """
import resource, signal, sys
import kg, polars, kg.experience
from kg.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with kg.open_store(sys.argv[1]) as store:
    print(kg.experience.load(store).runs["run"].n_unique())
try:
    kg.open_store(sys.argv[2], create=True)
except StoreError as error:
    print(error)
"""


def test_a_full_disk_stops_no_reading_and_leaves_no_half_store(folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), str(new)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rows, message = done.stdout.splitlines()
    assert int(rows) == 4
    assert "cannot be made" in message
    assert not new.exists()
    assert not list((folder / "experience").glob("*"))


def test_a_damaged_projection_is_made_again(folder: Path) -> None:
    with kg.open_store(folder) as store:
        before = experience.load(store)
        (part,) = (folder / "experience").iterdir()
        (part / "runs-00001.parquet").write_bytes(b"PAR1 damaged")
        assert experience.load(store).runs.equals(before.runs)
        (part / "datasets.parquet").unlink()
        assert experience.load(store).datasets.equals(before.datasets)


def test_projections_of_changed_graphs_are_cleared_away(folder: Path) -> None:
    with kg.open_store(folder) as store:
        experience.load(store)
        (before,) = (folder / "experience").iterdir()
        store.commit(small_batch(shift=0.01))
        values = experience.load(store).runs["value"].drop_nulls().to_list()
        (after,) = (folder / "experience").iterdir()
    assert before != after
    assert 0.51 in values


@pytest.mark.parametrize("limit", [0, 10**9])
def test_replacing_and_removing_keep_the_other_graphs(folder: Path, monkeypatch, limit: int) -> None:
    """Large graphs are replaced by copying the others, small ones by removing quads: the outcome is the same."""
    monkeypatch.setattr(embedded, "_REMOVE_UP_TO", limit)
    with kg.open_store(folder) as store:
        other = store.commit(small_batch("other"))
        kept = set(store.query("SELECT * WHERE { ?s ?p ?o }", default_graph=other.graph).rows())
        assert store.commit(small_batch(shift=0.125)).changed
        store.remove(iris.graph("trial", "1"))
        assert set(store.query("SELECT * WHERE { ?s ?p ?o }", default_graph=other.graph).rows()) == kept
        assert [info.iri for info in store.graphs()] == [other.graph]
        assert len(store.query(RUNS)) == 4
        assert store.commit(small_batch()).changed
        assert len(store.query(RUNS)) == 8
