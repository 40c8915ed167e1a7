"""Hostile and harmless query texts: nothing reaches the network, and nothing harmless is refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import kg
from kg import questions
from kg.errors import QueryError
from kg.guard import check_read_only
from kg.testing import small_batch

CALL = "SERVICE SILENT <$URL> { ?s ?p ?o }"

HOSTILE = [
    "SELECT * { " + CALL + " }",
    "SELECT*{service<$URL>{?s ?p ?o}}",
    "SELECT * { SERVICESILENT<$URL>{ ?s ?p ?o } }",
    "PREFIX n: <$URL> SELECT * { SERVICE n: { ?s ?p ?o } }",
    "PREFIX : <$URL> SELECT * { SERVICE:name { ?s ?p ?o } }",
    "PREFIX : <$URL> SELECT * { OPTIONAL { VALUES ?a { true } } SERVICE:name { ?s ?p ?o } }",
    "SELECT * { OPTIONAL { ?a ?b 1.SERVICE <$URL> { ?s ?p ?o } } }",
    "SELECT * { OPTIONAL { ?a ?b 1e5" + CALL + " } }",
    "SELECT * { ?a ?b ?c . OPTIONAL { ?a ?b true" + CALL + " } }",
    "PREFIX ex: <http://a/> SELECT * { ?a ?b ?c OPTIONAL { ?d ?e ex:." + CALL + " } }",
    'SELECT * { BIND("\\u005C" AS ?x) ' + CALL + ' BIND("" AS ?y) }',
    'SELECT * { BIND("\\u0022" AS ?x) ' + CALL + ' BIND("a" AS ?y) }',
    "SELECT * { BIND('\\u0027' AS ?x) " + CALL + " BIND('a' AS ?y) }",
    'SELECT * { BIND("\\u0022 \\u0023" AS ?x) ' + CALL + " }",
    "SELECT * { BIND(1 AS ?a) FILTER(?a<'x>'||1<2) " + CALL + " BIND('' AS ?q) }",
    'PREFIX ex: <http://a/> SELECT * { BIND(1 AS ?a) FILTER(?a<ex:b#c>"""\n||true) ' + CALL + ' #"""\n }',
    'SELECT * { BIND(<http://a/\\u0041#x> AS ?a) BIND("""\n""" AS ?b) ' + CALL + ' #"""\n }',
    "SELECT * { # a comment ends\r" + CALL + " }",
    "SELECT * { ?a ?b $c." + CALL + " }",
    "SELECT * { FILTER NOT EXISTS { " + CALL + " } }",
    "ASK { { SELECT * { " + CALL + " } } }",
    "LOAD <$URL>",
    "LOAD SILENT <$URL> INTO GRAPH <http://a/g>",
    "PREFIX ex: <http://a/> INSERT { ?s ?p ?o } WHERE { " + CALL + " }",
    "CREATE GRAPH <http://a/g> ; LOAD <$URL>",
    "SELECT * FROM <$URL> { ?s ?p ?o }",
]

HARMLESS = [
    'SELECT ?service WHERE { ?service ?p "SERVICE <http://a>" } # SERVICE',
    "SELECT * { ?s <http://a/service#SERVICE> ?o }",
    "PREFIX schema: <https://schema.org/> SELECT * { ?s schema:serviceType ?o }",
    "SELECT * { ?s ?p '''it's a \"SERVICE\"''' }",
    'SELECT * { ?s ?p "x"@en-service }',
    "SELECT * { ?s ?p ?o FILTER(?o < 3 && ?o > 1) }",
    "SELECT * { ?s ?p ?o FILTER(?o<3&&?o>1) }",
    'SELECT ?load ?clear { ?load ?clear "DELETE" FILTER(?load != <http://a/drop>) }',
    "PREFIX add: <http://a/> SELECT * { ?s add:insert ?o }",
    "DESCRIBE <http://www.w3.org/ns/mls#Run>",
]


@pytest.fixture(scope="module")
def store() -> Iterator[kg.Store]:
    with kg.MemoryStore() as store:
        store.commit(small_batch())
        yield store


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("text", HOSTILE)
def test_no_query_reaches_the_network(store: kg.Store, listener: socket.socket, text: str) -> None:
    text = text.replace("$URL", f"http://127.0.0.1:{listener.getsockname()[1]}/")
    before = store.version
    if "FROM" in text:
        assert (
            len(store.query(text)) == 0
        )  # a graph that the store does not have is empty, and is not fetched
    else:
        with pytest.raises(QueryError) as caught:
            store.query(text)
        assert "\n" not in str(caught.value)
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert store.version == before


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_queries_are_answered(store: kg.Store, text: str) -> None:
    store.query(text)


@pytest.mark.parametrize("name", questions.names())
def test_shipped_questions_pass(name: str) -> None:
    check_read_only(questions.load(name).text)


def test_the_listener_would_notice(listener: socket.socket) -> None:
    """The engine does call services: without the guard the listener hears of it."""
    import threading

    import pyoxigraph as ox

    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    listener.setblocking(True)
    heard: list[str] = []

    def hear() -> None:
        connection, _ = listener.accept()
        heard.append(connection.recv(64).decode())
        connection.close()

    thread = threading.Thread(target=hear)
    thread.start()
    list(ox.Store().query("SELECT * { " + CALL.replace("$URL", url) + " }"))
    thread.join(10)
    assert heard
