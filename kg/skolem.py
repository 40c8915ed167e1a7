"""Blank nodes turned into IRIs that depend on what is said of them only, so that the same file gives the same graph.

Their canonical labels are those of RDF Dataset Canonicalization (RDFC-1.0). The worst case takes time that grows
exponentially, and cannot be interrupted, so it is worked out in a process of its own that may be ended.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from kg import iris
from kg.errors import RdfError

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["skolemise"]

MOST = 100_000
"""Blank nodes that a file may have."""

SECONDS = 30.0
"""Time in which they must be told apart."""

_WITH_BLANK = """SELECT ?g ?s ?p ?o WHERE {
    { GRAPH ?g { ?s ?p ?o } } UNION { ?s ?p ?o } FILTER(isBlank(?s) || isBlank(?o))
}"""


def skolemise(raw: pyoxigraph.Store, name: str, *, most: int = MOST, seconds: float = SECONDS) -> int:
    """Give each blank node of a store an IRI; returns their number.

    Parameters
    ----------
    raw
        Changed in place.
    name
        Of the file, for messages.
    most, seconds
        Blank nodes allowed, and time in which they must be told apart.

    Raises
    ------
    RdfError
        If there are too many, they cannot be told apart in time, or one stands where an IRI cannot.
    """
    import pyoxigraph as ox

    before = _with_blank_nodes(raw, name)
    blank = {term for quad in before for term in _places(quad) if isinstance(term, ox.BlankNode)}
    if not blank:
        return 0
    if len(blank) > most:
        raise RdfError(f"{name}: {len(blank):,} blank nodes, more than {most:,}: give the nodes IRIs")
    canonical = _canonical(before, name, seconds)
    key = hashlib.sha256(canonical).hexdigest()[:16]
    after = [
        ox.Quad(*(_named(term, key) for term in _places(quad)))
        for quad in ox.parse(canonical, format=ox.RdfFormat.N_QUADS, rename_blank_nodes=False)
    ]
    for quad in before:
        raw.remove(quad)
    raw.extend(after)
    return len(blank)


def _with_blank_nodes(raw: pyoxigraph.Store, name: str) -> list[pyoxigraph.Quad]:
    import pyoxigraph as ox

    found: Any = raw.query(_WITH_BLANK)
    quads = []
    for graph, subject, predicate, value in found:
        quads.append(ox.Quad(subject, predicate, value, graph or ox.DefaultGraph()))
    for graph in raw.named_graphs():
        if isinstance(graph, ox.BlankNode):
            raise RdfError(f"{name}: a graph without a name (a blank node): give it an IRI")
    return quads


def _places(quad: pyoxigraph.Quad) -> tuple[Any, ...]:
    return quad.subject, quad.predicate, quad.object, quad.graph_name


def _named(term: Any, key: str) -> Any:
    import pyoxigraph as ox

    return ox.NamedNode(iris.own("genid", f"{key}/{term.value}")) if isinstance(term, ox.BlankNode) else term


def _canonical(quads: list[pyoxigraph.Quad], name: str, seconds: float) -> bytes:
    """Quads with canonical labels, as sorted N-Quads."""
    import pyoxigraph as ox

    given = ox.serialize(quads, format=ox.RdfFormat.N_QUADS)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kg.skolem"], input=given, capture_output=True, timeout=seconds, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise RdfError(
            f"{name}: its blank nodes cannot be told apart within {seconds:g} s: give the nodes IRIs"
        ) from error
    except subprocess.CalledProcessError as error:
        raise RdfError(f"{name}: its blank nodes cannot be told apart: give the nodes IRIs") from error
    return done.stdout


def _main() -> None:
    import pyoxigraph as ox

    data = ox.Dataset(ox.parse(sys.stdin.buffer, format=ox.RdfFormat.N_QUADS, rename_blank_nodes=False))
    data.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    sys.stdout.buffer.write("".join(sorted(f"{quad} .\n" for quad in data)).encode())


if __name__ == "__main__":
    _main()
