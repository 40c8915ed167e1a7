"""Paths between nodes: they are statements of the graph, the shortest, and what was not looked at is said."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

import kg
from kg import iris
from kg.errors import QueryError
from kg.paths import paths

CREDIT, SEGMENT = iris.openml_dataset(31), iris.openml_dataset(36)
BAYES, VECTORS = (iris.own("pipeline", key) for key in ("8ad1f1386e3da299", "b907c90eb6bd3b2b"))
RUN = iris.own("run", "oboe/31/8ad1f1386e3da299")


def whole_graph(store: kg.Store) -> nx.Graph:
    """All edges between nodes as networkx sees them, but of types, hubs and settings."""
    rows = store.query("SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o FILTER(isIRI(?o)) }").rows()
    hubs = tuple(iris.own(kind, "") for kind in ("measure", "procedure", "agent"))
    passed = ("#type", "/ontology#procedure", "mls#hasOutput")
    graph = nx.Graph()
    for s, p, o in rows:
        ends = (str(s), str(o))
        if not str(p).endswith(passed) and not any(
            end.startswith(hubs) or "/hyperParameter" in end for end in ends
        ):
            graph.add_edge(*ends)
    return graph


@pytest.mark.parametrize(
    ("start", "end", "length", "through"),
    [
        (CREDIT, SEGMENT, 4, "pipeline/"),
        (BAYES, VECTORS, 4, ""),
        (CREDIT, VECTORS, 2, "run/oboe/31/"),
        (RUN, VECTORS, 3, ""),
    ],
)
def test_paths_are_the_shortest_and_made_of_statements(
    experiments: kg.Store, start: str, end: str, length: int, through: str
) -> None:
    found = paths(experiments, start, end, count=4)
    ways = found.graph["paths"]
    assert len(ways) == 4
    assert len({tuple(way) for way in ways}) == 4
    # As networkx finds it in the graph as a whole.
    assert nx.shortest_path_length(whole_graph(experiments), start, end) == length == len(ways[0]) - 1
    assert [len(way) for way in ways] == sorted(len(way) for way in ways)
    for way in ways:
        assert (way[0], way[-1]) == (start, end)
        for here, there in pairwise(way):
            assert found.has_edge(here, there) or found.has_edge(there, here)
    for s, o, p in found.edges(keys=True):
        assert experiments.query(
            "ASK { ?s ?p ?o }", bindings={"s": kg.IRI(s), "p": kg.IRI(p), "o": kg.IRI(o)}
        ).answer
    assert any(through in node for node in ways[0])
    assert found.nodes[CREDIT if CREDIT in found else VECTORS]["label"] in (
        "credit-g",
        "StandardScaler > SVC(C=2)",
    )
    assert found.graph["truncated"] == ""


def test_what_every_run_has_connects_nothing(experiments: kg.Store) -> None:
    found = paths(experiments, CREDIT, SEGMENT, count=30)
    inner = {node for way in found.graph["paths"] for node in way[1:-1]}
    kinds = {found.nodes[node]["type"] for node in inner}
    assert kinds <= {"mls:Run", "mkg:Pipeline", "mls:Task"}
    evaluation = iris.evaluation(RUN, "runtime_seconds")
    assert paths(experiments, evaluation, CREDIT, count=1).graph["paths"] == [[evaluation, RUN, CREDIT]]


def test_the_same_statements_give_the_same_paths(batches: list[kg.Batch]) -> None:
    found = []
    for order in (batches, batches[::-1]):
        with kg.MemoryStore() as store:
            for batch in order:
                store.commit(batch)
            found.append(paths(store, CREDIT, SEGMENT, count=5).graph["paths"])
    assert found[0] == found[1]


def test_limits_are_kept_and_said(experiments: kg.Store) -> None:
    few = paths(experiments, CREDIT, SEGMENT, max_nodes=100)
    assert few.graph["looked_at"] <= 102
    assert "there may be other paths" in few.graph["truncated"]
    short = paths(experiments, CREDIT, SEGMENT, max_length=3)
    assert short.graph["paths"] == []
    assert "at most 3 edges" in short.graph["truncated"]


def test_what_is_not_connected_has_no_path(batches: list[kg.Batch]) -> None:
    with kg.MemoryStore() as store:
        store.commit(batches[0])
        about = kg.Manifest("links", "1", "links", "CC0-1.0", iris.BASE)
        store.add(b'<http://example.org/lonely> <http://purl.org/dc/terms/title> "lonely" .\n', about)
        found = paths(store, CREDIT, "http://example.org/lonely")
    assert found.graph["paths"] == []
    assert found.graph["truncated"] == ""
    assert set(found) == {CREDIT, "http://example.org/lonely"}


@pytest.mark.parametrize(
    ("start", "end", "options", "said"),
    [
        (CREDIT, CREDIT, {}, "both ends"),
        (CREDIT, iris.own("run", "none"), {}, "is not in the graph"),
        ("not an iri", CREDIT, {}, "not an IRI"),
        (CREDIT, SEGMENT, {"count": 0}, "at least 1"),
    ],
)
def test_mistakes_are_named(
    experiments: kg.Store, start: str, end: str, options: dict[str, int], said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        paths(experiments, start, end, **options)
