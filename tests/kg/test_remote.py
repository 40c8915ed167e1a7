"""The remote store when network, server or credentials fail: a real server behind a door that misbehaves."""

from __future__ import annotations

import base64
import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

import kg
import kg.endpoint
import kg.experience
from kg import iris
from kg.errors import QueryError, StoreError
from kg.server import Server
from kg.testing import small_batch

pytestmark = pytest.mark.server

RUNS = "SELECT (COUNT(*) AS ?n) WHERE { ?s a <http://www.w3.org/ns/mls#Run> }"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
SLOW = "SELECT ?a ?c WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h }"


class Door(http.server.ThreadingHTTPServer):
    """Passes requests on to a server; ``faults`` says what goes wrong with the next updates, in their order.

    ``lost``: carried out, and the connection dropped before the answer. ``busy``: 503, not carried out.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target
        self.faults: list[str] = []
        self.password: str | None = None
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        login = base64.b64encode(f"ada:{self.server.password}".encode()).decode()
        if self.server.password and self.headers["Authorization"] != f"Basic {login}":
            return self.reply(401, b"who are you?")
        if self.path == "/moved":
            return self.reply(307, b"", Location="http://127.0.0.1:9/query")
        writes = self.path.startswith(("/update", "/store"))
        fault = self.server.faults.pop(0) if writes and self.server.faults else ""
        if fault == "busy":
            return self.reply(503, b"too much to do")
        kept = {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.server.target + self.path, body, kept), timeout=20
            ) as response:
                status, answer, content_type = (
                    response.status,
                    response.read(),
                    response.headers["Content-Type"],
                )
        except urllib.error.HTTPError as error:
            status, answer, content_type = error.code, error.read(), "text/plain"
        if fault == "lost":
            self.close_connection = True
            return self.connection.close()
        return self.reply(status, answer, **{"Content-Type": content_type or "text/plain"})

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def door(empty_server: Server) -> Iterator[Door]:
    with Door(empty_server.url) as opened:
        thread = threading.Thread(target=opened.serve_forever, daemon=True)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kg.endpoint, "_FIRST_PAUSE", 0.01)


def opened(url: str, **options: Any) -> kg.RemoteStore:
    return kg.RemoteStore(f"{url}/query", update_url=f"{url}/update", **options)


def total(store: kg.Store, graph: str) -> int:
    return next(store.query(COUNT, default_graph=graph).rows())[0]  # type: ignore[return-value]


@pytest.mark.parametrize("bulk", [False, True])
def test_nothing_is_lost_or_repeated_when_requests_fail(door: Door, bulk: bool) -> None:
    with (
        kg.MemoryStore() as sound,
        opened(door.url, graph_url=f"{door.url}/store" if bulk else None) as store,
    ):
        for batch in (small_batch(), small_batch(shift=0.125)):
            expected = sound.commit(batch)
            door.faults = ["lost", "busy", "", "lost", "lost", "", "lost", "busy", ""]
            commit = store.commit(batch)
            assert commit == expected
            assert total(store, commit.graph) == expected.quads
            assert len(store.graphs()) == 1
        raw = next(store.query("SELECT (COUNT(DISTINCT ?g) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }").rows())
        assert raw == (3,)  # the graph, the manifest and the history: nothing staged is left
        assert [entry.version for entry in store.history()] == [1, 2]


@pytest.mark.parametrize("known", [False, True])
def test_a_commit_that_breaks_off_is_not_seen_and_can_be_made_again(door: Door, known: bool) -> None:
    with opened(door.url) as store:
        before = store.commit(small_batch()) if known else None
        for step in (1, 2):
            door.faults = ["", *[""] * (step - 1), *["busy"] * 5]
            with pytest.raises(StoreError, match="503"):
                store.commit(small_batch(shift=0.25))
            with opened(door.url) as other:
                assert other.version == (1 if known else 0)
                assert next(other.query(RUNS).rows()) == (4 if known else 0,)
                if before:
                    assert total(other, before.graph) == before.quads
        door.faults = []
        commit = store.commit(small_batch(shift=0.25))
        assert commit.changed
        assert total(store, commit.graph) == commit.quads
    with opened(door.url) as other:
        found = {info.iri for info in other.graphs()} | {iris.MANIFEST_GRAPH, iris.HISTORY_GRAPH}
    assert graphs_on(door.target) == found


def graphs_on(url: str) -> set[str]:
    request = urllib.request.Request(
        f"{url}/query",
        b"SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }",
        {"Content-Type": "application/sparql-query", "Accept": "text/csv"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return set(response.read().decode().split()[1:])


def test_real_experiments_are_the_same_by_updates_and_by_uploads(
    empty_server: Server, batches: list[kg.Batch]
) -> None:
    url, (oboe, lcdb, _) = empty_server.url, batches
    with opened(url) as by_update, opened(url, graph_url=f"{url}/store?no_transaction") as by_upload:
        first, second = by_upload.commit(oboe), by_update.commit(lcdb)
        assert first.quads > 90_000
        assert total(by_update, first.graph) == first.quads
        assert total(by_update, second.graph) == second.quads
        assert not by_update.commit(oboe).changed
        with kg.MemoryStore() as sound:
            sound.commit(oboe)
            sound.commit(lcdb)
            expected, found = kg.experience.load(sound), kg.experience.load(by_update)
        assert found.runs.equals(expected.runs)
        assert found.qualities.sort("dataset", "name").equals(expected.qualities.sort("dataset", "name"))


def test_an_answer_that_the_time_limit_cuts_off_is_an_error(
    empty_server: Server, batches: list[kg.Batch]
) -> None:
    with opened(empty_server.url, graph_url=f"{empty_server.url}/store") as store:
        graph = store.commit(small_batch()).graph
        for ask in (store.query, store.query_tsv):
            with pytest.raises(StoreError, match="time limit"):
                ask(SLOW, default_graph=graph)


def test_our_own_time_limit_is_said(empty_server: Server) -> None:
    with opened(empty_server.url) as store:
        store.commit(small_batch())
    with opened(empty_server.url, timeout=0.2) as store, pytest.raises(StoreError, match=r"within 0\.2 s"):
        store.query(SLOW.replace("?a ?c", "(COUNT(*) AS ?n)"))


def test_credentials_are_sent_and_wrong_ones_said_without_them(door: Door) -> None:
    door.password = "right-secret"
    with opened(door.url, user="ada", password="right-secret") as store:
        assert store.commit(small_batch()).changed
        assert "secret" not in repr(store)
    for options in ({"user": "ada", "password": "wrong-secret"}, {}):
        with pytest.raises(StoreError, match="refused the credentials") as caught:
            opened(door.url, **options)
        assert "secret" not in str(caught.value)
    with pytest.raises(StoreError, match="redirects to"):
        kg.RemoteStore(f"{door.url}/moved", user="ada", password="right-secret")


def test_what_is_not_there_or_no_endpoint_is_one_line(empty_server: Server) -> None:
    with pytest.raises(StoreError, match="cannot be reached"):
        opened("http://127.0.0.1:9")
    with pytest.raises(StoreError, match="no SPARQL endpoint"):
        kg.RemoteStore(f"{empty_server.url}/nothing-here")
    with pytest.raises(StoreError, match="read only"):
        kg.RemoteStore(f"{empty_server.url}/query").commit(small_batch())
    with pytest.raises(StoreError, match="read only"):
        opened(empty_server.url, read_only=True).commit(small_batch())
    with pytest.raises(QueryError, match="would change"):
        opened(empty_server.url).query("DROP ALL")


def test_text_survives_the_way_there_and_back(empty_server: Server) -> None:
    text = "C:\\users \\u0041 \"x\"\n\t\r é 漢 \U0001f600 'y' <z> ?q $w {}"
    import pyoxigraph as ox

    line = f"<http://a> <http://b> {ox.Literal(text)} .\n".encode()
    about = kg.Manifest("text", "1", text, "CC0-1.0", "https://example.org", kind="project")
    with opened(empty_server.url) as store:
        store.add(line, about)
        assert list(store.query("SELECT ?o WHERE { <http://a> ?p ?o }").rows()) == [(text,)]
        assert (
            next(store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s <http://b> ?o . ?s ?p ?o }").rows())[2]
            == text
        )
        assert store.graphs()[0].title == text
        (found,) = store.dataset().query("SELECT ?o WHERE { <http://a> <http://b> ?o }")
        assert str(found[0]) == text
