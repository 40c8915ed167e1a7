"""The gateway before a real server: the protocol, its limits, and what is refused."""

from __future__ import annotations

import csv
import fcntl
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.errors import QueryError, StoreError
from kg.gateway import Gateway
from kg.testing import StoreTestCase, small_batch

pytestmark = pytest.mark.server

LIMIT, MANY = 5_000, 20_000
TEXTS = ['a "quoted", text', "two\nlines", "tab\tand \\ and ,", "é 漢 \U0001f600", ""]
ENDLESS = "SELECT ?a ?x WHERE { ?a ?b ?c . ?x ?y ?z . ?k ?l ?m }"
SORTED = "SELECT ?a ?x WHERE { ?a ?b ?c . ?x ?y ?z . ?k ?l ?m } ORDER BY ?m ?a"
"""The server does not notice its time limit while it sorts."""


@pytest.fixture(scope="module")
def writing() -> Iterator[Gateway]:
    with Gateway(write=True, timeout_seconds=20) as gateway:
        yield gateway


class TestGatewayStore(StoreTestCase):
    @pytest.fixture
    def store(self, writing: Gateway) -> Iterator[kg.Store]:
        send(writing, "/update", b"DROP ALL", {"Content-Type": "application/sparql-update"})
        with kg.RemoteStore(
            f"{writing.url}/query", update_url=f"{writing.url}/update", graph_url=f"{writing.url}/store"
        ) as store:
            yield store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "store"
    raw = ox.Store(str(path))
    graph = ox.NamedNode("http://a/graph")
    title, value = ox.NamedNode("http://a/title"), ox.NamedNode("http://a/value")
    raw.extend(
        ox.Quad(ox.NamedNode(f"http://a/{number}"), title, ox.Literal(text), graph)
        for number, text in enumerate(TEXTS)
    )
    raw.bulk_extend(
        ox.Quad(ox.NamedNode(f"http://a/{number}"), value, ox.Literal(number), graph)
        for number in range(MANY)
    )
    raw.flush()
    return path


@pytest.fixture(scope="module")
def gateway(folder: Path) -> Iterator[Gateway]:
    with Gateway(folder, timeout_seconds=1, limit=LIMIT) as running:
        yield running


def send(
    gateway: Gateway,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    method: str = "",
) -> tuple[int, http.client.HTTPMessage, bytes]:
    request = urllib.request.Request(
        gateway.url + path, body, headers or {}, method=method or ("GET" if body is None else "POST")
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def ask(gateway: Gateway, query: str, accept: str = "", **parameters: str):
    body = urllib.parse.urlencode({"query": query, **parameters}).encode()
    return send(gateway, "/query", body, {"Accept": accept} if accept else {})


def refused(answer: tuple[int, http.client.HTTPMessage, bytes]) -> tuple[int, str]:
    status, headers, body = answer
    text = body.decode()
    assert headers["Content-Type"].startswith("text/plain")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return status, text


def test_a_query_can_be_sent_in_the_three_ways_of_the_protocol(gateway: Gateway) -> None:
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?s <http://a/value> ?o }"
    answers = [
        send(gateway, "/query?" + urllib.parse.urlencode({"query": query})),
        ask(gateway, query),
        send(gateway, "/query", query.encode(), {"Content-Type": "application/sparql-query; charset=utf-8"}),
    ]
    for status, headers, body in answers:
        assert (status, headers["Content-Type"]) == (200, "application/sparql-results+json")
        assert json.loads(body)["results"]["bindings"][0]["n"]["value"] == str(MANY)


def test_which_graphs_are_read_is_the_clients_to_say(gateway: Gateway) -> None:
    def count(query: str, **parameters: str) -> int:
        return len(json.loads(ask(gateway, query, **parameters)[2])["results"]["bindings"])

    title = "{ ?s <http://a/title> ?o }"
    assert count(f"SELECT * {title}") == len(TEXTS)
    assert count(f"SELECT * {title}", **{"default-graph-uri": "http://a/graph"}) == len(TEXTS)
    assert count(f"SELECT * {title}", **{"default-graph-uri": "http://a/other"}) == 0
    assert count(f"SELECT * FROM <http://a/other> {title}") == 0
    named = f"SELECT * {{ GRAPH ?g {title} }}"
    assert count(named, **{"named-graph-uri": "http://a/graph"}) == len(TEXTS)
    assert count(named, **{"named-graph-uri": "http://a/other"}) == 0


@pytest.mark.parametrize(
    ("accept", "kind", "form"),
    [
        ("", "application/sparql-results+json", ox.QueryResultsFormat.JSON),
        ("text/html, */*;q=0.1", "application/sparql-results+json", ox.QueryResultsFormat.JSON),
        ("application/sparql-results+xml", "application/sparql-results+xml", ox.QueryResultsFormat.XML),
        ("text/csv;q=0.5, text/tab-separated-values", "text/tab-separated-values", ox.QueryResultsFormat.TSV),
    ],
)
def test_solutions_come_in_the_format_that_is_asked_for(gateway: Gateway, accept, kind, form) -> None:
    status, headers, body = ask(gateway, "SELECT ?o ?none WHERE { ?s <http://a/title> ?o }", accept)
    assert (status, headers.get_content_type()) == (200, kind)
    assert int(headers["Content-Length"]) == len(body)
    assert {row["o"].value for row in ox.parse_query_results(body, form)} == set(TEXTS)


def test_csv_keeps_text_with_quotes_and_line_ends(gateway: Gateway) -> None:
    _, _, body = ask(gateway, "SELECT ?o ?s WHERE { ?s <http://a/title> ?o } ORDER BY ?s", "text/csv")
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert rows == [["o", "s"], *([text, f"http://a/{number}"] for number, text in enumerate(TEXTS))]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", ox.RdfFormat.TURTLE),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
        ("application/rdf+xml", ox.RdfFormat.RDF_XML),
    ],
)
def test_graphs_come_in_the_format_that_is_asked_for(gateway: Gateway, accept, form) -> None:
    query = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o . ?s <http://a/title> ?o }"
    status, headers, body = ask(gateway, query, accept)
    assert (status, headers.get_content_type()) == (200, form.media_type)
    assert {quad.object.value for quad in ox.parse(body, form)} == set(TEXTS)


def test_yes_and_no_come_in_every_format(gateway: Gateway) -> None:
    assert json.loads(ask(gateway, "ASK { ?s ?p ?o }")[2])["boolean"] is True
    assert (
        b"<boolean>false</boolean>"
        in ask(gateway, "ASK { <a:a> ?p ?o }", "application/sparql-results+xml")[2]
    )


@pytest.mark.parametrize(
    "accept", ["text/csv", "text/tab-separated-values", "application/json", "application/xml"]
)
def test_an_answer_is_cut_at_the_limit_and_says_so(gateway: Gateway, accept: str) -> None:
    def rows(body: bytes) -> int:
        if accept == "application/json":
            return len(json.loads(body)["results"]["bindings"])
        return body.count(b"<result>") if accept == "application/xml" else body.count(b"\n") - 1

    query = "SELECT ?o WHERE { ?s <http://a/value> ?o }"
    _, headers, body = ask(gateway, query, accept)
    assert (headers["Metakg-Truncated"], rows(body)) == (str(LIMIT), LIMIT)
    _, headers, body = ask(gateway, f"{query} LIMIT {LIMIT}", accept)
    assert (headers["Metakg-Truncated"], headers["Metakg-Limit"], rows(body)) == (None, None, LIMIT)


def test_a_graph_is_cut_at_the_limit(gateway: Gateway) -> None:
    _, headers, body = ask(gateway, "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "text/turtle")
    assert headers["Metakg-Truncated"] == str(LIMIT)
    assert sum(1 for _ in ox.parse(body, ox.RdfFormat.TURTLE)) == LIMIT


def test_our_client_takes_a_cut_answer_for_an_error(gateway: Gateway) -> None:
    with kg.RemoteStore(f"{gateway.url}/query") as store:
        title = "SELECT ?o WHERE { ?s <http://a/title> ?o }"
        assert len(store.query(title, default_graph="http://a/graph")) == len(TEXTS)
        for text in ("SELECT ?o", "SELECT ?s ?p ?o", "CONSTRUCT { ?s ?p ?o }"):
            with pytest.raises(StoreError, match=rf"cuts answers off at {LIMIT:,} rows"):
                store.query(f"{text} WHERE {{ ?s ?p ?o }}", default_graph="http://a/graph")
        with pytest.raises(StoreError, match="time limit"):
            store.query(SORTED, default_graph="http://a/graph")


def test_a_long_answer_comes_before_its_end_is_known(folder: Path) -> None:
    pad = "x" * 500
    query = f"SELECT ?s ('{pad}' AS ?t) WHERE {{ ?s <http://a/value> ?o }}"
    with Gateway(folder, limit=10_000) as gateway:
        _, headers, body = ask(gateway, query, "text/tab-separated-values")
        assert (headers["Metakg-Limit"], headers["Content-Length"]) == ("10000", None)
        assert body.count(b"\n") - 1 == 10_000
        with kg.RemoteStore(f"{gateway.url}/query") as store, pytest.raises(StoreError, match="10,000 rows"):
            store.query(query, default_graph="http://a/graph")
    with Gateway(folder, limit=0) as gateway:
        _, headers, body = ask(gateway, query, "text/csv")
        assert (headers["Metakg-Limit"], body.count(b"\n") - 1) == (None, MANY)


def test_a_query_ends_at_its_time_limit(gateway: Gateway, folder: Path) -> None:
    status, line = refused(ask(gateway, ENDLESS.replace("?a ?x", "(COUNT(*) AS ?n)")))
    assert (status, line) == (504, "no answer within 1 s: narrow the query\n")
    with Gateway(folder, timeout_seconds=1, limit=0) as endless, pytest.raises(http.client.IncompleteRead):
        ask(endless, ENDLESS, "text/csv")


def test_a_query_that_does_not_stop_is_stopped_and_others_are_answered(gateway: Gateway) -> None:
    with ThreadPoolExecutor(2) as threads:
        stuck = threads.submit(ask, gateway, SORTED)
        count = 0
        while not stuck.done():
            status, _, body = ask(gateway, "SELECT ?o WHERE { ?s <http://a/title> ?o }", "text/csv")
            assert status == 200, body
            count += 1
        assert refused(stuck.result())[0] == 504
    assert count > 10
    assert ask(gateway, "ASK {}")[0] == 200


def test_a_query_whose_client_has_gone_is_stopped_too(gateway: Gateway) -> None:
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(
            f"{gateway.url}/query?{urllib.parse.urlencode({'query': SORTED})}", timeout=0.3
        )
    before = gateway._child.now()[1]
    end = time.monotonic() + 6
    while gateway._child.now()[1] == before and time.monotonic() < end:
        time.sleep(0.05)
    assert gateway._child.now()[1] > before
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(
            f"{gateway.url}/query?{urllib.parse.urlencode({'query': ENDLESS})}", timeout=0.001
        )
    assert ask(gateway, "ASK {}")[0] == 200


def test_a_query_that_needs_too_much_memory_ends_in_one_line(folder: Path) -> None:
    with Gateway(folder, timeout_seconds=20, memory_bytes=400 * 2**20) as gateway:
        bomb = f"SELECT (GROUP_CONCAT('{'x' * 100_000}') AS ?n) WHERE {{ ?a ?b ?c . ?x ?y ?z }}"
        status, line = refused(ask(gateway, bomb))
        assert (status, "memory" in line) == (503, True)
        assert ask(gateway, "ASK { ?s ?p ?o }")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Host": "localhost:{port}", "Origin": "http://localhost:{port}"}, 200),
        ({"Host": "[::1]:{port}"}, 200),
    ],
)
def test_web_pages_of_others_are_refused(gateway: Gateway, headers: dict[str, str], status: int) -> None:
    filled = {name: value.format(port=gateway.port) for name, value in headers.items()}
    answer = send(gateway, "/query?query=ASK%20%7B%7D", None, filled)
    assert answer[0] == status
    if status == 403:
        refused(answer)


@pytest.mark.parametrize(
    ("path", "body", "headers", "method", "status"),
    [
        ("/query", None, {}, "GET", 400),
        ("/query?query=ASK%7B%7D&query=ASK%7B%7D", None, {}, "GET", 400),
        ("/query?query=ASK%7B%FF%7D", None, {}, "GET", 400),
        ("/query", b"query=%ff", {}, "POST", 400),
        ("/query", b"ASK { \xff }", {"Content-Type": "application/sparql-query"}, "POST", 400),
        ("/query", b"ASK { \0 }", {"Content-Type": "application/sparql-query"}, "POST", 400),
        ("/query", b"ASK {", {"Content-Type": "application/sparql-query"}, "POST", 400),
        ("/query", b"ASK {}", {"Content-Type": "text/plain"}, "POST", 415),
        ("/query", b"x" * (9 * 2**20), {"Content-Type": "application/sparql-query"}, "POST", 413),
        ("/query?query=ASK%7B%7D", None, {"Accept": "image/png"}, "GET", 406),
        ("/query", None, {}, "DELETE", 405),
        ("/elsewhere", None, {}, "GET", 404),
        ("/update", b"DROP ALL", {"Content-Type": "application/sparql-update"}, "POST", 403),
        ("/store?default", None, {}, "GET", 403),
        ("/store?default", b"", {"Content-Type": "text/turtle"}, "PUT", 403),
    ],
)
def test_what_cannot_be_answered_is_one_line(gateway: Gateway, path, body, headers, method, status) -> None:
    assert refused(send(gateway, path, body, headers, method))[0] == status


def test_the_first_page_says_what_this_is(gateway: Gateway) -> None:
    _, headers, body = send(gateway, "/")
    assert headers["Content-Type"].startswith("text/plain")
    assert f"{gateway.url}/query".encode() in body


def test_writing_is_kept_on_disk_and_reads_no_addresses(tmp_path: Path) -> None:
    form = {"Content-Type": "application/sparql-update"}
    turtle = {"Content-Type": "text/turtle"}
    told: list[str] = []
    with Gateway(tmp_path / "store", write=True, before_write=lambda: told.append("writes")) as gateway:
        assert ask(gateway, "ASK {}")[0] == 200
        assert told == []
        assert send(gateway, "/update", b"INSERT DATA { GRAPH <a:g> { <a:a> <a:b> 1 } }", form)[0] == 204
        assert told == ["writes"]
        assert send(gateway, "/store?graph=a:h", b"<a:c> <a:d> 2 .", turtle, "PUT")[0] in (201, 204)
        assert send(gateway, "/store?graph=a:h", b"<a:c> <a:d> 3 .", turtle)[0] == 204
        assert (
            send(gateway, "/store?graph=a:h", None, {"Accept": "application/n-triples"})[2].count(b"\n") == 2
        )
        assert refused(send(gateway, "/store?graph=a:h", b"<a:c", turtle))[0] == 400
        assert refused(send(gateway, "/store?url=http://127.0.0.1:9/", b"", turtle))[0] == 400
        delete = b"DELETE { GRAPH <a:g> { <a:a> <a:b> 1 } } WHERE { <a:a> ?p ?o }"  # <a:h> has no <a:a>
        using = send(gateway, "/update?using-graph-uri=a:h", delete, form)
        assert using[0] == 204
        for text in (
            b"LOAD <http://127.0.0.1:9/>",
            b"LOAD SILENT <http://127.0.0.1:9/> INTO GRAPH <a:g>",
            b"CLEAR ALL;LOAD<http://127.0.0.1:9/>",
            b"PREFIX : <http://a/> LOAD:x",
            b"INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
            b"\\u004cOAD <http://127.0.0.1:9/>",
        ):
            assert refused(send(gateway, "/update", text, form))[0] == 400
    with Gateway(tmp_path / "store") as gateway:
        assert (
            ask(gateway, "SELECT ?o WHERE { ?s ?p ?o } ORDER BY ?o", "text/csv")[2] == b"o\r\n1\r\n2\r\n3\r\n"
        )


def test_a_taken_port_is_named(gateway: Gateway) -> None:
    with pytest.raises(StoreError, match=f"port {gateway.port}"):
        Gateway(port=gateway.port)


SERVE = """
import sys
from pathlib import Path
from kg.gateway import Gateway
import os
handle = os.open(sys.argv[1], os.O_RDONLY)
import fcntl
fcntl.flock(handle, fcntl.LOCK_EX)
with Gateway(Path(sys.argv[2]), pass_fds=(handle,)) as gateway:
    print(gateway._child._server.process_id, gateway.url, flush=True)
    os.close(handle)
    gateway.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_the_server_behind_ends_with_a_killed_gateway_and_holds_the_lock_until_then(
    folder: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    words = [sys.executable, "-c", SERVE, str(lock), str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent, lock.open() as mine:
        assert parent.stdout is not None
        child = int(parent.stdout.readline().split()[0])
        with pytest.raises(BlockingIOError):
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        parent.kill()
        parent.wait()
        end = time.monotonic() + 5
        while Path(f"/proc/{child}").exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert not Path(f"/proc/{child}").exists()
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_killed_server_behind_is_replaced(gateway: Gateway) -> None:
    for _ in range(3):
        server = gateway._child._server
        assert server is not None
        os.kill(server.process_id, signal.SIGKILL)
        assert ask(gateway, "ASK {}")[0] == 200


def test_a_committed_run_is_read_through_a_gateway(tmp_path: Path) -> None:
    from kg import snapshots

    with kg.open_store(tmp_path / "store", create=True) as store:
        store.commit(small_batch())
        hold = snapshots.hold_current(tmp_path / "store")
        assert hold is not None
        with (
            Gateway(hold.path, pass_fds=(hold.handle,)) as gateway,
            kg.RemoteStore(f"{gateway.url}/query") as served,
        ):
            assert served.version == store.version
            assert served.graphs() == store.graphs()
            with pytest.raises(QueryError, match="SERVICE"):
                served.query("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")
        hold.release()
