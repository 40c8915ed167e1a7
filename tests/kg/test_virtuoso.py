"""The conformance suite on Virtuoso, started here on 127.0.0.1, and what only Virtuoso does."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kg
import kg.experience
from kg import iris
from kg.endpoint import Endpoint
from kg.errors import StoreError
from kg.server import free_port
from kg.testing import StoreTestCase, one_run, small_batch
from kg.transfer import push

pytestmark = pytest.mark.server

CONFIGURATION = """[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 4
[SPARQL]
ResultSetMaxRows = 2000
"""

EVERYTHING = "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"

ACCESS: dict[str, Any] = {"user": "dba", "password": "dba", "auth": "digest"}


@pytest.fixture(scope="module")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Virtuoso server."""
    program = shutil.which("virtuoso-t")
    if program is None:
        pytest.skip("Virtuoso is not installed: `make servers` installs virtuoso-opensource-7-bin")
    folder, http = tmp_path_factory.mktemp("virtuoso"), free_port()
    configuration = folder / "virtuoso.ini"
    configuration.write_text(CONFIGURATION.format(folder=folder, sql=free_port(), http=http))
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program, "+configfile", str(configuration), "+foreground"],
            stdout=output,
            stderr=output,
            cwd=folder,
        )
    url = f"http://127.0.0.1:{http}"
    try:
        wait_for(f"{url}/sparql", process, folder)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, (folder / "output").read_text()
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Virtuoso did not answer on {url}")


def opened(url: str, **options: Any) -> kg.RemoteStore:
    return kg.RemoteStore(f"{url}/sparql-auth", update_url=f"{url}/sparql-auth", **{**ACCESS, **options})


@pytest.fixture
def empty(virtuoso: str) -> str:
    """The server with none of our graphs in it."""
    endpoint = Endpoint(f"{virtuoso}/sparql-auth", update_url=f"{virtuoso}/sparql-auth", **ACCESS)
    with opened(virtuoso) as store:
        for graph in [*(info.iri for info in store.graphs()), *iris.BOOKKEEPING_GRAPHS]:
            endpoint.update(f"DROP SILENT GRAPH <{graph}>")
    return virtuoso


class TestRemoteStoreOnVirtuoso(StoreTestCase):
    @pytest.fixture
    def store(self, empty: str) -> Iterator[kg.Store]:
        with opened(empty) as store:
            yield store


def test_a_wrong_password_is_one_line_without_it(virtuoso: str) -> None:
    with pytest.raises(StoreError, match="refused the credentials") as caught:
        opened(virtuoso, password="oops-secret")
    assert "oops-secret" not in str(caught.value)


def test_whole_graphs_go_through_the_graph_store(empty: str) -> None:
    with opened(empty, graph_url=f"{empty}/sparql-graph-crud-auth") as store:
        commit = store.commit(small_batch())
        total = store.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", default_graph=commit.graph)
        assert next(total.rows()) == (commit.quads,)


def test_numbers_keep_their_digits(empty: str) -> None:
    with opened(empty) as store:
        store.commit(small_batch(shift=0.1234567890123))
        values = kg.experience.load(store).runs["value"].drop_nulls().to_list()
        found = store.query("SELECT ?v WHERE { ?s <http://www.w3.org/ns/mls#hasValue> ?v FILTER(?v > 0.6) }")
    assert 0.5 + 0.1234567890123 in values
    assert (0.5 + 0.1234567890123,) in list(found.rows())


def test_an_answer_that_the_row_limit_cuts_off_is_an_error(empty: str) -> None:
    about = kg.Manifest("rows", "1", "Rows", "CC0-1.0", "https://example.org", kind="project")
    lines = b"".join(b'<http://a/%d> <http://b> "%d" .\n' % (n, n) for n in range(2500))
    with opened(empty) as store:
        store.add(lines, about)
        assert len(store.query("SELECT ?s WHERE { ?s <http://b> ?o } LIMIT 1500")) == 1500
        with pytest.raises(StoreError, match="2,000 rows"):
            store.query("SELECT ?s WHERE { ?s <http://b> ?o }")


def test_a_store_is_pushed_and_goes_on_where_it_was(empty: str, tmp_path: Path) -> None:
    with kg.open_store(tmp_path / "store", create=True) as source, opened(empty) as target:
        source.commit(small_batch(shift=0.0625))
        source.append([one_run(str(number), number / 8) for number in range(5)])
        pushed = push(source, target)
        assert next(pushed).quads > 100
        pushed.close()  # interrupted between two graphs
        assert [item.there for item in push(source, target)] == [True, False]
        for info in source.graphs():
            sent, there = (
                set(store.query(EVERYTHING, default_graph=info.iri).rows()) for store in (source, target)
            )
            assert there == sent
