"""What the stores on pyoxigraph share: reading, and the writes that make up a commit."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from kg import iris, manifest
from kg.binding import bind
from kg.errors import QueryError
from kg.guard import check_read_only, names_its_graphs
from kg.history import commits
from kg.result import Result
from kg.terms import Value

if TYPE_CHECKING:
    import pyoxigraph
    import rdflib

    from kg.changes import Change
    from kg.history import CommitInfo
    from kg.store import Progress

__all__ = [
    "apply",
    "copy",
    "dump",
    "evaluate",
    "evaluate_tsv",
    "history",
    "in_graph",
    "rdflib_dataset",
    "run",
]

_AT_ONCE = 4 * 2**20
"""Bytes of N-Quads up to which they are written in one transaction."""

_CHUNK = 64 * 2**20
"""Bytes given to the bulk loader at a time: it sorts each into files of its own, so few large ones are best."""

_LINES = 10_000
"""Quads that are serialised at a time."""


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


def apply(raw: pyoxigraph.Store, change: Change, version: int, progress: Progress | None = None) -> int:
    """Write a change to a store from which a replaced graph is gone already; returns the number of quads."""
    import pyoxigraph as ox

    quads = _load(raw, change.lines(progress), trusted=change.trusted)
    manifest.forget(raw, change.graph)
    if change.replaces:
        _forget_appended(raw, change.graph)
    for lines in (change.entry(version), change.ledger(), change.record(version, quads)):
        raw.load(lines, ox.RdfFormat.N_QUADS)
    return quads


def _load(raw: pyoxigraph.Store, chunks: Iterable[bytes], *, trusted: bool) -> int:
    """Add N-Quads: a few in one transaction, which is fast for them, many through the bulk loader."""
    import pyoxigraph as ox

    first, size, rest = [], 0, iter(chunks)
    for chunk in rest:
        first.append(chunk)
        size += len(chunk)
        if size > _AT_ONCE:
            break
    else:
        # lenient: IRIs and literals were built and escaped by us; checking them again costs a third of the time.
        raw.load(b"".join(first), ox.RdfFormat.N_QUADS, lenient=trusted)
        return sum(chunk.count(b"\n") for chunk in first)
    stream = _Stream(chain(first, rest))
    raw.bulk_load(io.BufferedReader(stream, _CHUNK), ox.RdfFormat.N_QUADS, lenient=trusted)
    return stream.lines


def _forget_appended(raw: pyoxigraph.Store, graph: str) -> None:
    import pyoxigraph as ox

    for quad in list(raw.quads_for_pattern(ox.NamedNode(graph), None, None, ox.NamedNode(iris.LEDGER_GRAPH))):
        raw.remove(quad)


def in_graph(triples: Sequence[pyoxigraph.Triple], graph: str) -> bytes:
    """N-Quads of triples in a named graph."""
    import pyoxigraph as ox

    name = ox.NamedNode(graph)
    return "".join(f"{ox.Quad(t.subject, t.predicate, t.object, name)} .\n" for t in triples).encode()


def history(raw: pyoxigraph.Store) -> list[CommitInfo]:
    """Commits that the history graph tells of, oldest first."""
    import pyoxigraph as ox

    quads = raw.quads_for_pattern(None, None, None, ox.NamedNode(iris.HISTORY_GRAPH))
    return commits((quad.subject, quad.predicate, quad.object) for quad in quads)


def copy(source: pyoxigraph.Store, target: pyoxigraph.Store, *, without: str) -> None:
    """Copy every named graph but one."""
    import pyoxigraph as ox

    left_out = ox.NamedNode(without)
    for graph in source.named_graphs():
        if graph != left_out:
            target.bulk_extend(source.quads_for_pattern(None, None, None, graph))


def dump(raw: pyoxigraph.Store, graph: str) -> Iterator[bytes]:
    """N-Quads of a graph, some thousand lines at a time."""
    import pyoxigraph as ox

    quads = raw.quads_for_pattern(None, None, None, ox.NamedNode(graph))
    while some := list(islice(quads, _LINES)):
        lines = ox.serialize(some, format=ox.RdfFormat.N_QUADS)
        assert lines is not None
        yield lines


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
