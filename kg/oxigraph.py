"""What the stores on pyoxigraph share: reading, and the writes that make up a commit."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kg import iris, manifest
from kg.batch import Batch, Manifest
from kg.binding import bind
from kg.errors import QueryError, SchemaError, StoreError
from kg.guard import check_read_only, names_its_graphs
from kg.quads import nquads
from kg.result import Result
from kg.terms import Value

if TYPE_CHECKING:
    import pyoxigraph
    import rdflib

    from kg.store import Progress

__all__ = [
    "add",
    "as_batches",
    "copy",
    "evaluate",
    "evaluate_tsv",
    "load",
    "parse_triples",
    "rdflib_dataset",
    "remove",
    "run",
]

_CHUNK = 64 * 2**20
"""Bytes given to the bulk loader at a time: it sorts each into files of its own, so few large ones are best."""


def as_batches(batches: Batch | Sequence[Batch]) -> list[Batch]:
    """List of batches that all belong to one graph.

    Raises
    ------
    SchemaError
        If there is none, or they belong to several.
    """
    listed = [batches] if isinstance(batches, Batch) else list(batches)
    if not listed:
        raise SchemaError("a commit needs at least one batch; none was given")
    others = {batch.manifest.graph for batch in listed}
    if len(others) > 1:
        raise SchemaError(f"one commit writes one named graph, not {', '.join(sorted(others))}")
    return listed


class _Stream(io.RawIOBase):
    """Chunks of bytes as a file, so that the loader reads while the mapping goes on."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self.lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self.lines += chunk.count(b"\n")
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def load(raw: pyoxigraph.Store, batches: Sequence[Batch], progress: Progress | None) -> int:
    """Bulk-load batches; returns the number of quads written."""
    import pyoxigraph as ox

    lines = 0
    for done, batch in enumerate(batches):
        if progress:
            progress("loading", done, len(batches))
        stream = _Stream(nquads(batch))
        # lenient: IRIs and literals were built and escaped by us; checking them again costs a third of the time.
        raw.bulk_load(io.BufferedReader(stream, _CHUNK), ox.RdfFormat.N_QUADS, lenient=True)
        lines += stream.lines
    if progress:
        progress("loading", len(batches), len(batches))
    return lines


def describe(
    raw: pyoxigraph.Store, about: Manifest, counts: dict[str, int], digest: str, version: int
) -> None:
    """Replace what the manifest says of a named graph."""
    import pyoxigraph as ox

    manifest.forget(raw, about.graph)
    raw.load(manifest.describe(about, counts, digest, version), ox.RdfFormat.N_QUADS)


def add(raw: pyoxigraph.Store, ntriples: bytes, graph: str) -> int:
    """Add N-Triples to a named graph; returns the number of triples given."""
    import pyoxigraph as ox

    triples = parse_triples(ntriples, graph)
    raw.extend(ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode(graph)) for t in triples)
    return len(triples)


def parse_triples(ntriples: bytes, graph: str) -> list[pyoxigraph.Triple]:
    """Triples of N-Triples that are meant for a graph.

    Raises
    ------
    StoreError
        If it is not N-Triples.
    """
    import pyoxigraph as ox

    try:
        return [quad.triple for quad in ox.parse(ntriples, format=ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise StoreError(f"the RDF for {graph} is not N-Triples: {error}") from error


def copy(source: pyoxigraph.Store, target: pyoxigraph.Store, *, without: str) -> None:
    """Copy every named graph but one."""
    import pyoxigraph as ox

    left_out = ox.NamedNode(without)
    for graph in source.named_graphs():
        if graph != left_out:
            target.bulk_extend(source.quads_for_pattern(None, None, None, graph))


def remove(raw: pyoxigraph.Store, graph: str) -> None:
    """Remove a named graph and its manifest entry."""
    import pyoxigraph as ox

    raw.remove_graph(ox.NamedNode(graph))
    manifest.forget(raw, graph)


def evaluate(
    raw: pyoxigraph.Store,
    text: str,
    bindings: Mapping[str, Value] | None,
    default_graph: str | Sequence[str] | None,
    limit: int | None = None,
) -> Result:
    """Evaluate a query that reads."""
    return Result.of(run(raw, bind(text, bindings) if bindings else text, default_graph), limit)


def evaluate_tsv(raw: pyoxigraph.Store, text: str, graph: str) -> bytes:
    """Evaluate a SELECT query over one graph and serialise its solutions at once."""
    import pyoxigraph as ox

    serialised = run(raw, text, graph).serialize(format=ox.QueryResultsFormat.TSV)
    assert serialised is not None
    return serialised


def run(
    raw: pyoxigraph.Store,
    text: str,
    default_graph: str | Sequence[str] | None,
    allowed_services: Sequence[str] = (),
) -> Any:
    """Evaluate a query that reads; returns the engine's result, which is read as it is evaluated."""
    import pyoxigraph as ox

    check_read_only(text, allowed_services)
    # The engine would let the union overrule FROM.
    options: dict[str, Any] = {"use_default_graph_as_union": not names_its_graphs(text)}
    if default_graph is not None:
        names = [default_graph] if isinstance(default_graph, str) else default_graph
        options = {"default_graph": [ox.NamedNode(name) for name in names]}
    try:
        return raw.query(text, **options)
    except SyntaxError as error:
        raise QueryError(f"the query cannot be parsed: {' '.join(str(error).split())}") from error
    except (ValueError, RuntimeError) as error:
        raise QueryError(f"the query cannot be answered: {' '.join(str(error).split())}") from error


def rdflib_dataset(raw: pyoxigraph.Store) -> rdflib.Dataset:
    """Rdflib dataset over a pyoxigraph store; its default graph is the union of the named ones."""
    import rdflib
    from oxrdflib import OxigraphStore

    dataset = rdflib.Dataset(store=OxigraphStore(store=raw), default_union=True)
    for prefix, namespace in _prefixes().items():
        dataset.bind(prefix, namespace, override=False)
    return dataset


def _prefixes() -> dict[str, str]:
    from kg.vocabulary import PREFIXES

    return {**PREFIXES, "graph": iris.BASE + "graph/"}
