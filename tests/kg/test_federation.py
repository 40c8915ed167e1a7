"""The query of docs/federation.md, over two real servers, and what of it is refused."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import kg
from kg import iris
from kg.errors import QueryError
from kg.gateway import Gateway
from kg.guard import check_read_only, check_update
from kg.query_process import QueryProcesses
from kg.server import free_port
from tests.hostile import REACHING

pytestmark = pytest.mark.server

DOCUMENT = (Path(__file__).parents[2] / "docs" / "federation.md").read_text(encoding="utf-8")
(QUERY,) = re.findall(r"```sparql\n(.*?)```", DOCUMENT, re.DOTALL)
DOCUMENTED = "localhost:7879"


@pytest.fixture(scope="module")
def stores(
    tmp_path_factory: pytest.TempPathFactory, batches: list[kg.Batch]
) -> Iterator[tuple[kg.EmbeddedStore, kg.EmbeddedStore]]:
    """One store with runs of OBOE, one with LCDB."""
    folder = tmp_path_factory.mktemp("federation")
    with (
        kg.EmbeddedStore(folder / "oboe", create=True) as oboe,
        kg.EmbeddedStore(folder / "lcdb", create=True) as lcdb,
    ):
        oboe.commit(batches[0])
        lcdb.commit(batches[1])
        yield oboe, lcdb


@pytest.fixture(scope="module")
def lcdb_server(stores: tuple[kg.EmbeddedStore, kg.EmbeddedStore]) -> Iterator[Gateway]:
    with Gateway(stores[1].folder / "snapshots" / "1") as gateway:
        yield gateway


def test_the_documented_query_joins_two_servers(
    stores: tuple[kg.EmbeddedStore, kg.EmbeddedStore], lcdb_server: Gateway, batches: list[kg.Batch]
) -> None:
    host = f"localhost:{lcdb_server.port}"
    assert QUERY.count(DOCUMENTED) == 1
    query = QUERY.replace(DOCUMENTED, host)
    processes = QueryProcesses(stores[0])
    found = list(processes.query(query, allowed_services=[host], timeout_seconds=30).rows())
    processes.close()
    oboe, lcdb = batches[:2]
    best = dict(
        oboe.runs.join(
            oboe.evaluations.filter(measure=iris.measure("one_vs_rest_balanced_accuracy")), on="run"
        )
        .group_by("dataset")
        .agg(best=pl.col("value").max())
        .iter_rows()
    )
    entropy = dict(lcdb.qualities.filter(name="ClassEntropy")["dataset", "value"].iter_rows())
    titles = dict(lcdb.datasets["dataset", "title"].iter_rows())
    expected = sorted(
        ((-entropy[dataset], dataset) for dataset in set(best) & set(entropy)), key=lambda pair: pair
    )
    assert len(expected) >= 5
    assert found == [(titles[dataset], -negative, best[dataset]) for negative, dataset in expected[:5]]

    served = Gateway(stores[0].folder / "snapshots" / "1", allow_services=[host])
    closed = Gateway(stores[0].folder / "snapshots" / "1")
    with served, closed:
        with kg.RemoteStore(f"{served.url}/query") as store:
            there = QueryProcesses(store)
            assert list(there.query(query, allowed_services=[host], timeout_seconds=30).rows()) == found
            there.close()
            with pytest.raises(QueryError, match="SERVICE would reach"):
                store.query(query)
        with kg.RemoteStore(f"{closed.url}/query") as store, pytest.raises(QueryError, match="SERVICE would"):
            store.query(query, allowed_services=[host])


def test_without_leave_nobody_is_called(stores: tuple[kg.EmbeddedStore, kg.EmbeddedStore]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        port = canary.getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        processes = QueryProcesses(stores[0])
        for allowed in (
            (),
            ("example.org",),
            ("127.0.0.1:1",),
            ("localhost",),
            (f"127.0.0.1:{free_port()}",),
        ):
            for text in REACHING:
                with pytest.raises(QueryError):
                    processes.query(text.replace("$URL", url), allowed_services=allowed, timeout_seconds=5)
        processes.close()
        with pytest.raises(BlockingIOError):
            canary.accept()


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        ("SERVICE <http://a.org/query>", "a.org"),
        ("service silent <https://A.org:8080/query?x=1>", "a.org"),
        ("SERVICE\n<http://a.org:8080>", "a.org:8080"),
        ("SERVICE <http://a.org/>", "a.org:80"),
        ("SERVICE <https://a.org/>", "A.ORG:443"),
        ("SERVICE <http://[::1]:99/>", "[::1]:99"),
    ],
)
def test_allowed_calls_pass(call: str, allowed: str) -> None:
    text = f"SELECT * {{ {call} {{ ?s ?p ?o }} }}"
    check_read_only(text, [allowed])
    check_update(f"INSERT {{ ?s ?p ?o }} WHERE {{ {call} {{ ?s ?p ?o }} }}", [allowed])
    with pytest.raises(QueryError, match="SERVICE"):
        check_read_only(text)


@pytest.mark.parametrize(
    "call",
    [
        "SERVICE ?where",
        "SERVICE a:org",
        "SERVICE <//a.org/>",
        "SERVICE <a.org>",
        "SERVICE <ftp://a.org/>",
        "SERVICE <http://a.org.evil.org/>",
        "SERVICE <http://a.org@evil.org/>",
        "SERVICE <http://evil.org/a.org>",
        "SERVICE <http://evil.org\\a.org/>",
        "SERVICE <http://a.org?x>",
        "SERVICE <http://\\u0061.org/>",
        "SERVICE <http://a.org/\\u003e\\u003chttp://evil.org/>",
        "SERVICE <http://a.org/#'>",
        "SERVICE # <http://a.org/>\n <http://evil.org/>",
        "SERVICE<http://a.org/>",
        "S\\u0045RVICE <http://a.org/>",
        "SERVICE <http://a.org/> {} SERVICE <http://evil.org/>",
        "SERVICE '''SERVICE <http://a.org/>''' <http://evil.org/>",
    ],
)
def test_other_calls_are_refused_where_one_is_allowed(call: str) -> None:
    with pytest.raises(QueryError, match=r"SERVICE may call a\.org only|or a comparison"):
        check_read_only(f"SELECT * {{ {call} {{ ?s ?p ?o }} }}", ["a.org"])
