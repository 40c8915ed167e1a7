"""Queries in processes of their own: the same answers, and an end to everything that has none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from kg import snapshots
from kg.errors import QueryError, StoreError
from kg.query_process import QueryProcesses
from kg.server import Server
from kg.testing import small_batch
from tests.hostile import ENDLESS, LARGE, MEMORY

XSD = "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
QUERIES = [
    "SELECT * { ?s ?p ?o }",
    "SELECT ?o { ?s ?p ?o }",
    "SELECT ?none { ?s ?p ?o }",
    "SELECT * {}",
    "SELECT * { FILTER(false) }",
    "SELECT ?x ?y { VALUES (?x ?y) { (UNDEF 1) (1 UNDEF) (UNDEF UNDEF) } }",
    "SELECT ?x { VALUES ?x { UNDEF 1 '' 'a\\tb' 'a\\nb' 'é' 'x'@en 01 1.0 1e0 -5 +5 .5 true '\"' 'a\\\\' <a:é> } }",
    "SELECT (1/3 AS ?x) (1e0/3 AS ?y) (1/0 AS ?z) ('a\\r\\nb' AS ?t) (<<( <a:a> <a:b> 1 )>> AS ?q) {}",
    "SELECT (xsd:float(1.5) AS ?f) (xsd:float('INF') AS ?g) ('01'^^xsd:integer AS ?i) {}",
    "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
    "CONSTRUCT { ?s ?p 'a\\nb' } WHERE { ?s ?p ?o }",
    "DESCRIBE ?s { ?s ?p 'kr-vs-kp' }",
    "ASK { ?s ?p ?o }",
    "ASK { <a:a> ?p ?o }",
]
RUNS = "SELECT (COUNT(*) AS ?n) { ?r a <http://www.w3.org/ns/mls#Run> }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with kg.open_store(tmp_path / "store", create=True) as store:
        store.commit(small_batch())
    return tmp_path / "store"


@pytest.fixture(params=["memory", "embedded"])
def store(request: pytest.FixtureRequest, folder: Path) -> Iterator[kg.Store]:
    if request.param == "embedded":
        with kg.open_store(folder) as opened:
            yield opened
    else:
        with kg.MemoryStore() as opened:
            opened.commit(small_batch())
            yield opened


@pytest.fixture
def processes(store: kg.Store) -> Iterator[QueryProcesses]:
    opened = QueryProcesses(store, memory_bytes=500 * 2**20)
    yield opened
    opened.close()


def content(result: kg.Result) -> tuple[object, ...]:
    return result.kind, result.variables, Counter(map(str, result.terms)), result.truncated


def test_answers_are_the_same_as_in_this_process(store: kg.Store, processes: QueryProcesses) -> None:
    for text in QUERIES:
        here, there = store.query(XSD + text), processes.query(XSD + text)
        assert content(there) == content(here), text
        here, there = store.query(XSD + text, limit=1), processes.query(XSD + text, limit=1)
        assert (len(there), there.truncated) == (len(here), here.truncated), text
    graph = store.graphs()[0].iri
    found = processes.query(RUNS, default_graph=graph)
    assert content(found) == content(store.query(RUNS, default_graph=graph))
    text, bound = (
        "SELECT ?s { ?s <http://purl.org/dc/terms/title> $title }",
        {"title": 'a "b" \\ c\n\té'},
    )
    assert len(processes.query(text, bindings=bound)) == 1


def test_what_store_and_guard_refuse_is_refused(processes: QueryProcesses) -> None:
    for text in ("SELECT * {", "DROP ALL", "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"):
        with pytest.raises(QueryError) as caught:
            processes.query(text)
        assert "\n" not in str(caught.value)
    assert len(processes.query("ASK {}")) == 1


@pytest.mark.parametrize("text", ENDLESS)
def test_everything_ends_at_its_time_and_the_next_query_is_answered(folder: Path, text: str) -> None:
    with kg.open_store(folder) as store:
        processes = QueryProcesses(store)
        started = time.monotonic()
        with pytest.raises(QueryError, match=r"no answer within 0\.5 s"):
            processes.query(text, timeout_seconds=0.5)
        assert time.monotonic() - started < 1.5
        assert next(processes.query(RUNS, timeout_seconds=5).rows()) == (4,)
        processes.close()


def test_what_needs_too_much_memory_or_is_cut_ends_too(processes: QueryProcesses) -> None:
    with pytest.raises(QueryError, match=r"more than 0\.49 GiB of memory"):
        processes.query(MEMORY, timeout_seconds=60)
    for _ in range(2):
        few = processes.query(LARGE, limit=10, timeout_seconds=10)
        assert (len(few), few.truncated) == (10, True)


def test_a_killed_process_is_replaced(processes: QueryProcesses) -> None:
    processes.query("ASK {}")
    os.kill(processes._idle[0]._process.pid, signal.SIGSEGV)
    with pytest.raises(QueryError, match="ended the engine"):
        processes.query("ASK {}")
    assert processes.query("ASK {}").answer is True


def test_a_query_sees_the_version_that_the_store_reads(folder: Path) -> None:
    with kg.open_store(folder) as reader, kg.open_store(folder) as writer:
        processes = QueryProcesses(reader)
        assert next(processes.query(RUNS).rows()) == (4,)
        for source in ("second", "third"):
            writer.commit(small_batch(source))
        assert next(processes.query(RUNS).rows()) == (4,)
        reader.refresh()
        assert next(processes.query(RUNS).rows()) == (12,)
        processes.close()


def test_a_version_stays_on_disk_while_a_process_reads_it(folder: Path) -> None:
    with kg.open_store(folder) as reader, kg.open_store(folder) as writer:
        processes = QueryProcesses(reader)
        processes.query(RUNS)
        version = reader.version
        writer.commit(small_batch("second"))
        reader.refresh()  # the process still reads what the store has let go
        writer.commit(small_batch("third"))
        assert snapshots.snapshot(folder, version).exists()
        processes.query(RUNS)
        writer.commit(small_batch("fourth"))
        assert not snapshots.snapshot(folder, version).exists()
        processes.close()


def test_memory_and_empty_stores_are_read_anew_when_they_change(tmp_path: Path) -> None:
    with kg.MemoryStore() as memory, kg.open_store(tmp_path / "new", create=True) as embedded:
        for store in (memory, embedded):
            processes = QueryProcesses(store)
            assert next(processes.query(RUNS).rows()) == (0,)
            store.commit(small_batch())
            assert next(processes.query(RUNS).rows()) == (4,)
            processes.close()


def test_a_damaged_version_is_named(folder: Path) -> None:
    with kg.open_store(folder) as store:
        for path in snapshots.snapshot(folder, 1).glob("MANIFEST*"):
            path.unlink()
        processes = QueryProcesses(store)
        with pytest.raises(StoreError, match="cannot be opened"):
            processes.query(RUNS)
        processes.close()


@pytest.mark.server
def test_texts_for_a_remote_store_are_parsed_within_the_limit(empty_server: Server) -> None:
    url = empty_server.url
    with kg.RemoteStore(f"{url}/query", update_url=f"{url}/update") as store:
        store.commit(small_batch())
        processes = QueryProcesses(store)
        assert next(processes.query(RUNS, timeout_seconds=5).rows()) == (4,)
        with pytest.raises(QueryError, match="cannot be parsed"):
            processes.query("SELECT * {", timeout_seconds=5)
        with pytest.raises(QueryError, match=r"no answer within 0\.5 s"):
            processes.query(ENDLESS[3], timeout_seconds=0.5)
        processes.close()


PARENT = """
import sys, kg
from kg.query_process import QueryProcesses
from tests.hostile import ENDLESS
with kg.open_store(sys.argv[1], read_only=True) as store:
    processes = QueryProcesses(store)
    processes.query("ASK {}")
    print(processes._idle[0]._process.pid, flush=True)
    processes.query(ENDLESS[0])
"""


def test_the_process_ends_with_a_killed_parent_while_it_works(folder: Path) -> None:
    words = [sys.executable, "-c", PARENT, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        assert running(child)
        parent.kill()
    end = time.monotonic() + 5
    while running(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not running(child)


def running(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked after does not."""
    words = ["ps", "-o", "stat=", "-p", str(process)]
    state = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
