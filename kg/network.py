"""The surroundings of one node as a networkx graph: what it points to, what points to it, and so on outwards.

The graph is small by construction: a whole store has millions of edges, and hubs (a measure, a procedure) have a
hundred thousand neighbours each. What does not fit is left out in a fixed order, and the result says so. Predicates
take turns, so that a dataset's runs do not crowd out its task and its qualities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from kg import iris
from kg.binding import range_over
from kg.errors import QueryError
from kg.terms import IRI
from kg.vocabulary import MKG, MLS, PREFIXES

if TYPE_CHECKING:
    import networkx as nx

    from kg.store import Store

__all__ = ["add_statement", "batched", "described", "neighbourhood", "prefixed"]

# Types are attributes of nodes, not edges: every run would meet every other one at mls:Run.
_OUT = """
SELECT ?predicate ?other WHERE {
  ?node ?predicate ?other .
  FILTER(isIRI(?other) && ?predicate != <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>)
}
"""
_IN = """
SELECT ?predicate ?other WHERE {
  ?other ?predicate ?node .
  FILTER(isIRI(?other))
}
"""
_LOOKED_AT = 5000

_ABOUT = """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT DISTINCT ?node ?type ?label WHERE {
  VALUES ?node { }
  { ?node a ?type } UNION { ?node rdfs:label ?label } UNION { ?node dcterms:title ?label }
}
"""
_AT_ONCE = 500


@dataclass(frozen=True)
class _Edge:
    source: str
    predicate: str
    target: str


def neighbourhood(store: Store, iri: str, hops: int = 1, max_nodes: int = 200) -> nx.MultiDiGraph:
    """Nodes within ``hops`` edges of a node, in either direction, and the edges that led to them.

    Parameters
    ----------
    store
        Where to look.
    iri
        The node in the middle.
    hops
        How many edges to go, at least 1.
    max_nodes
        Nodes to keep at most, at least 1. Each hop may fill its share, so that far nodes are seen too; within a hop,
        predicates take turns, each in the order of its IRIs. The same store gives the same graph. Of a node with
        more than 5,000 edges in one direction the first 5,000 in the order of the index are looked at: sorting a
        hundred thousand takes seconds.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are IRIs with the attributes ``label``, ``type`` (prefixed name, or "" if the graph does not say) and
        ``hop``; edges are keyed by the predicate's IRI and have it as ``predicate``, prefixed as ``label``.
        ``graph["truncated"]`` is "" or says what was left out; ``graph["centre"]`` is ``iri``.

    Raises
    ------
    QueryError
        If the node is not in the graph, or a limit is less than 1.
    """
    import networkx as nx

    if hops < 1 or max_nodes < 1:
        raise QueryError(f"hops and max_nodes must be at least 1; they are {hops} and {max_nodes}")
    graph = nx.MultiDiGraph(centre=iri, truncated="")
    frontier, known = [iri], {iri: 0}
    edges: dict[_Edge, None] = {}
    left_out = False
    for hop in range(1, hops + 1):
        reached: list[str] = []
        share = -(-max_nodes * hop // hops)
        for node in frontier:
            found, whole = _edges(store, node)
            left_out = left_out or not whole
            for edge in found:
                other = edge.target if edge.source == node else edge.source
                if other not in known and len(known) < share:
                    known[other] = hop
                    reached.append(other)
                if other in known:
                    edges[edge] = None
                else:
                    left_out = True
        frontier = reached
    about = described(store, known)
    if not edges and iri not in about:
        raise QueryError(
            f"<{iri}> is not in the graph: give the IRI of a dataset, pipeline, run or other node"
        )
    if left_out:
        graph.graph["truncated"] = (
            f"{len(known)} nodes are shown, more lie within {hops} hop(s): raise max_nodes"
        )
    for node, hop in known.items():
        graph.add_node(node, hop=hop, **about.get(node, {"label": _short(node), "type": ""}))
    for edge in edges:
        add_statement(graph, edge.source, edge.predicate, edge.target)
    return graph


def add_statement(graph: nx.MultiDiGraph, source: str, predicate: str, target: str) -> None:
    """Add an edge that is keyed by its predicate and has it as ``predicate``, prefixed as ``label``."""
    graph.add_edge(source, target, key=predicate, predicate=predicate, label=prefixed(predicate))


def _edges(store: Store, node: str) -> tuple[list[_Edge], bool]:
    """Edges of a node, predicates taking turns, and whether that is all of them."""
    turns: dict[tuple[bool, str], list[_Edge]] = {}
    whole = True
    for incoming, text in ((False, _OUT), (True, _IN)):
        found = store.query(f"{text} LIMIT {_LOOKED_AT:d}", bindings={"node": IRI(node)})
        whole = whole and len(found) < _LOOKED_AT
        for predicate, other in sorted({(str(predicate), str(other)) for predicate, other in found.rows()}):
            edge = _Edge(other, predicate, node) if incoming else _Edge(node, predicate, other)
            turns.setdefault((incoming, predicate), []).append(edge)
    return [edge for turn in zip_longest(*turns.values()) for edge in turn if edge is not None], whole


def described(store: Store, nodes: Iterable[str]) -> dict[str, dict[str, str]]:
    """``label`` and ``type`` (prefixed, "" if not stated) of the nodes that the graph describes."""
    types: dict[str, list[str]] = {}
    labels: dict[str, list[str]] = {}
    for some in batched(nodes):
        for node, kind, label in store.query(range_over(_ABOUT, {"node": some})).rows():
            if kind is not None:
                types.setdefault(str(node), []).append(str(kind))
            else:
                labels.setdefault(str(node), []).append(str(label))
    return {
        node: {
            "label": min(labels.get(node, ())) if node in labels else _short(node),
            "type": prefixed(min(types.get(node, ("",)), key=_generality)),
        }
        for node in types.keys() | labels.keys()
    }


def _generality(kind: str) -> tuple[bool, bool, str]:
    """Our own type says more than the ML-Schema class above it, and that more than DCAT's."""
    return not kind.startswith(MKG), not kind.startswith(MLS), kind


def batched(nodes: Iterable[str]) -> Iterator[list[str]]:
    """Nodes in lists that are not too long for one query."""
    rest = iter(nodes)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def prefixed(iri: str) -> str:
    """IRI with the prefix that questions and Turtle write, where there is one."""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and iri != namespace:
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri


def _short(iri: str) -> str:
    return (
        iri.removeprefix(iris.BASE)
        if iri.startswith(iris.BASE)
        else iri.rstrip("/#").rpartition("/")[2] or iri
    )
