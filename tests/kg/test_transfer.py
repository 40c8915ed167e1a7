"""Graphs carried to servers: what arrives is what was sent, and whoever was interrupted goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
import kg.experience
import kg.transfer
from kg import iris
from kg.errors import StoreError
from kg.server import Server
from kg.testing import one_run, small_batch
from kg.transfer import push

pytestmark = pytest.mark.server


@pytest.fixture
def source(tmp_path: Path, batches: list[kg.Batch]) -> Iterator[kg.Store]:
    """An embedded store with parts of OBOE and LCDB, a project with logged runs, and text that needs escaping."""
    with kg.open_store(tmp_path / "store", create=True) as store:
        for batch in batches:
            store.commit(batch)
        store.append([one_run(str(number), number / 9) for number in range(5)])
        yield store


def opened(server: Server, *, bulk: bool = True) -> kg.RemoteStore:
    graph_url = f"{server.url}/store?no_transaction" if bulk else None
    return kg.RemoteStore(f"{server.url}/query", update_url=f"{server.url}/update", graph_url=graph_url)


def triples(store: kg.Store, graph: str) -> set[bytes]:
    return {line for chunk in store.dump(graph) for line in chunk.splitlines()}


@pytest.mark.parametrize("bulk", [True, False])
def test_what_arrives_is_what_was_sent(source: kg.Store, empty_server: Server, bulk: bool) -> None:
    with opened(empty_server, bulk=bulk) as target:
        target.commit(small_batch("theirs"))
        pushed = list(push(source, target))
        assert [item.there for item in pushed] == [False] * 4
        assert sum(item.quads for item in pushed) > 90_000
        for info in source.graphs():
            assert triples(target, info.iri) == triples(source, info.iri)
            (there,) = [other for other in target.graphs() if other.iri == info.iri]
            assert (there.counts, there.content_hash, there.generated_at, there.unfinished) == (
                info.counts,
                info.content_hash,
                info.generated_at,
                False,
            )
        assert len(target.graphs()) == 5
        assert [item.there for item in push(source, target)] == [True] * 4
        assert not target.append(one_run("3", 3 / 9)).changed
        assert target.append(one_run("6")).changed


def test_what_was_interrupted_sends_only_the_rest(
    source: kg.Store, empty_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kg.transfer, "_PIECE", 2**20)
    oboe = iris.graph("oboe", "0.2.0")

    class BreaksOffError(Exception):
        pass

    def break_off(_: str, done: int, of: int) -> None:
        if done > of / 2:
            raise BreaksOffError

    with opened(empty_server) as target:
        with pytest.raises(BreaksOffError):
            list(push(source, target, break_off))
        (half,) = target.graphs()
        assert (half.iri, half.unfinished) == (oboe, True)
        there = len(triples(target, oboe))
        first, *others = push(source, target)
        assert (first.graph, first.there) == (oboe, False)
        assert 0 < first.quads == len(triples(source, oboe)) - there
        assert not any(info.unfinished for info in target.graphs())
        assert triples(target, oboe) == triples(source, oboe)
        assert len(others) == 3
        expected, found = kg.experience.load(source), kg.experience.load(target)
        assert found.runs.sort("run", "measure").equals(expected.runs.sort("run", "measure"))


def test_other_content_is_replaced(source: kg.Store, empty_server: Server) -> None:
    with opened(empty_server) as target:
        target.commit(small_batch(shift=0.25))
        assert not any(item.there for item in push(source, target))
        trial = small_batch().manifest.graph
        assert triples(target, trial) == triples(source, trial)


def test_an_endpoint_that_takes_no_updates_is_one_clear_error(source: kg.Store, empty_server: Server) -> None:
    target = kg.RemoteStore(f"{empty_server.url}/query")
    with target, pytest.raises(StoreError, match="set METAKG_UPDATE_URL"):
        list(push(source, target))
