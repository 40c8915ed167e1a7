"""What a commit is to change, worked out from batches or RDF before a store writes it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg import iris, schema
from kg.batch import Batch, Manifest, content_hash, hash_sum, merged
from kg.declarations import check_directions
from kg.errors import SchemaError, StoreError
from kg.history import Action, CommitInfo, now
from kg.history import describe as describe_commit
from kg.manifest import GraphInfo, describe, ledger, total_counts
from kg.quads import nquads, with_quality_iris
from kg.terms import IRI, to_term
from kg.vocabulary import MLS, RDF, own_term

if TYPE_CHECKING:
    import polars as pl
    import pyoxigraph

    from kg.series import Series
    from kg.store import Progress, Store

__all__ = [
    "Change",
    "Restored",
    "Source",
    "addition",
    "as_batches",
    "hashed_addition",
    "noted",
    "parse_triples",
    "rdf_change",
    "removal",
    "small_addition",
    "writing",
]

Source = Callable[["Progress | None"], Iterator[bytes]]
"""Gives N-Quads in chunks of whole lines, and tells how far it is."""

_ASKED = 2_000
"""Things asked about in one query."""


@dataclass(frozen=True)
class Restored:
    """What a store said of a graph that comes back from an export, to be said again word for word.

    Attributes
    ----------
    entry
        N-Quads of the manifest graph about it.
    digest
        Its content hash there.
    appended
        Content hashes of the batches it was appended from.
    """

    entry: bytes
    digest: str
    appended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A commit to one named graph, ready to be written.

    Attributes
    ----------
    action
        What it does; ``write`` replaces what the graph held, ``remove`` leaves nothing.
    manifest
        Of the graph.
    counts, digest
        Rows by table and content hash of the graph once it is written.
    lines
        What is to be added.
    appended
        Content hashes of the batches among it that the ledger takes note of.
    since
        When the graph was first written; None for now.
    unfinished
        Whether more of its source is to come.
    bulk
        Of a bulk source, the batches that are appended, by content hash.
    series
        Points that are to be kept beside the graph; None if there are none.
    trusted
        Whether the lines were built by us, so that their syntax needs no check.
    restored
        What the manifest graph says of it, if that is given and not to be made.
    """

    action: Action
    manifest: Manifest
    counts: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    lines: Source = lambda _: iter(())
    appended: tuple[str, ...] = ()
    since: str | None = None
    unfinished: bool = False
    bulk: Mapping[str, Batch] = field(default_factory=dict)
    series: pl.DataFrame | None = None
    trusted: bool = True
    restored: bytes = b""

    @property
    def graph(self) -> str:
        """IRI of the graph."""
        return self.manifest.graph

    @property
    def replaces(self) -> bool:
        """Whether what the graph held goes."""
        return self.action in ("write", "remove")

    def keep_series(self, kept: Series) -> None:
        """Keep the points, before the change is written.

        Raises
        ------
        StoreError
            If they cannot be kept.
        """
        if self.series is not None:
            kept.keep(self.graph, self.digest, self.series)

    def clear_series(self, kept: Series) -> None:
        """Forget the points of what the graph held before, once the change is written."""
        if self.replaces:
            kept.only(self.graph, [self.digest] if self.series is not None else [])

    def entry(self, version: int) -> bytes:
        """N-Quads that the manifest graph says of the graph from now on."""
        if self.action == "remove":
            return b""
        return self.restored or describe(
            self.manifest, self.counts, self.digest, version, since=self.since, unfinished=self.unfinished
        )

    def ledger(self) -> bytes:
        """N-Quads for the ledger."""
        return ledger(self.graph, self.appended)

    def record(self, version: int, quads: int) -> bytes:
        """N-Quads for the history graph."""
        about, counts = self.manifest, dict(self.counts)
        return describe_commit(
            CommitInfo(
                version,
                now(),
                self.action,
                about.graph,
                about.source,
                about.version,
                counts,
                self.digest,
                quads,
            )
        )


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


def _lines(batches: Sequence[Batch]) -> Source:
    def chunks(progress: Progress | None) -> Iterator[bytes]:
        for done, batch in enumerate(batches):
            if progress:
                progress("loading", done, len(batches))
            yield from nquads(batch)
        if progress:
            progress("loading", len(batches), len(batches))

    return chunks


def writing(store: Store, batches: Sequence[Batch], digest: str) -> Change:
    """Change that makes these batches the whole content of their graph.

    Raises
    ------
    SchemaError
        If they declare a measure otherwise than another graph.
    """
    _check_measures(store, batches, replaces=True)
    about, counts = batches[0].manifest, total_counts(batches)
    return Change("write", about, counts, digest, _lines(batches), series=_series(batches))


def removal(known: GraphInfo | None, graph: str, store: str) -> Change:
    """Change that removes a graph and what the manifest says of it.

    Raises
    ------
    StoreError
        If the manifest does not know it; ``store`` names the store in the message.
    """
    if known is None:
        raise StoreError(f"{store} has no graph {graph}: `metakg status` lists them")
    return Change("remove", known.manifest())


def addition(
    store: Store, batches: Sequence[Batch], known: GraphInfo | None, *, unfinished: bool
) -> Change | None:
    """Change that adds to a graph those of the batches that it does not have; None if it has them all.

    Raises
    ------
    SchemaError
        If a tracked run is there already with other content, or a measure is declared otherwise than in the graph.
    """
    import polars as pl

    about = batches[0].manifest
    hashed = {content_hash([batch]): batch for batch in batches}

    def parts(fresh: Sequence[str]) -> list[Batch]:
        chosen = [hashed[digest] for digest in fresh]
        if len(chosen) < 2 or about.kind == "source":  # a source passes each row on once
            return chosen
        frames = {table: pl.concat([batch.tables()[table] for batch in chosen]) for table in schema.TABLES}
        return merged(about, frames)

    return hashed_addition(store, about, list(hashed), parts, known, unfinished=unfinished)


def hashed_addition(
    store: Store,
    about: Manifest,
    digests: Sequence[str],
    parts_of: Callable[[Sequence[str]], list[Batch]],
    known: GraphInfo | None,
    *,
    unfinished: bool = False,
) -> Change | None:
    """As :func:`addition`, of batches by content hash that ``parts_of`` makes once it is known which are new."""
    recorded = _recorded(store, about.graph, digests) if known else set()
    fresh = [digest for digest in digests if digest not in recorded]
    if not fresh and known is not None and known.unfinished == unfinished:
        return None
    parts = parts_of(fresh)
    _check_measures(store, parts, replaces=False)
    if about.kind == "project":
        _check_runs(store, about.graph, parts, known)
    counts = _counts(store, about.graph, parts, known)
    return Change(
        "append",
        about,
        counts,
        hash_sum([known.content_hash if known else "", *fresh]),
        _lines(parts),
        tuple(fresh),
        known.generated_at if known else None,
        unfinished,
        dict(zip(fresh, parts, strict=True)) if about.bulk else {},
        _series(parts),
    )


def _check_measures(store: Store, batches: Sequence[Batch], *, replaces: bool) -> None:
    rows = [row for batch in batches for row in batch.measures.select("measure", "direction").iter_rows()]
    if rows:
        check_directions(store, batches[0].manifest, rows, replaces=replaces)


def _series(batches: Sequence[Batch]) -> pl.DataFrame | None:
    import polars as pl

    frames = [batch.series for batch in batches if batch.series.height]
    return pl.concat(frames) if frames else None


def small_addition(known: GraphInfo | None, manifest: Manifest, lines: bytes) -> Change:
    """Change that adds N-Quads, whose rows nobody counts, to a graph."""
    return Change(
        "add", manifest, lines=lambda _: iter((lines,)), since=known.generated_at if known else None
    )


def rdf_change(
    manifest: Manifest,
    ntriples: Iterable[bytes],
    counts: Mapping[str, int] | None,
    restored: Restored | None = None,
) -> Change:
    """Change that makes N-Triples the whole content of a graph; read once, kept as canonical lines.

    Raises
    ------
    StoreError
        If it is not N-Triples, or has a blank node.
    """
    import pyoxigraph as ox

    graph = ox.NamedNode(manifest.graph)
    total, chunks = 0, []
    for chunk in ntriples:
        lines = []
        for triple in parse_triples(chunk, manifest.graph):
            text = str(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
            total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
            lines.append(f"{text} .\n")
        chunks.append("".join(lines).encode())
    return Change(
        "write",
        manifest,
        counts or {},
        restored.digest if restored else f"{total % 2**256:064x}",
        lambda _: iter(chunks),
        restored.appended if restored else (),
        trusted=False,
        restored=restored.entry if restored else b"",
    )


def parse_triples(ntriples: bytes, graph: str) -> list[pyoxigraph.Triple]:
    """Triples of N-Triples that are meant for a graph.

    Raises
    ------
    StoreError
        If it is not N-Triples, or has a blank node.
    """
    import pyoxigraph as ox

    try:
        triples = [quad.triple for quad in ox.parse(ntriples, format=ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise StoreError(f"the RDF for {graph} is not N-Triples: {error}") from error
    for triple in triples:
        if isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode):
            raise StoreError(f"the RDF for {graph} has a blank node ({triple}): give each node an IRI")
    return triples


def noted(store: Store, graph: str) -> set[str]:
    """Content hashes of the batches of which the ledger takes note that the graph was appended from them."""
    text = f"SELECT ?digest WHERE {{ $graph <{own_term('batchHash')}> ?digest }}"
    rows = store.query(text, bindings={"graph": IRI(graph)}, default_graph=iris.LEDGER_GRAPH).rows()
    return {str(digest) for (digest,) in rows}


def _recorded(store: Store, graph: str, digests: Sequence[str]) -> set[str]:
    # A subquery, so that Oxigraph looks each up, which it does not in a plain join (2,000: 0.1 s against 3 s). Virtuoso
    # finds no text by EXISTS.
    pattern = f"$graph <{own_term('batchHash')}> ?digest"
    found: set[str] = set()
    for start in range(0, len(digests), _ASKED):
        values = " ".join(str(to_term(digest)) for digest in digests[start : start + _ASKED])
        text = f"SELECT ?digest WHERE {{ {{ SELECT ?digest WHERE {{ VALUES ?digest {{ {values} }} }} }} {pattern} }}"
        rows = store.query(text, bindings={"graph": IRI(graph)}, default_graph=iris.LEDGER_GRAPH)
        found |= {str(digest) for (digest,) in rows.rows()}
    return found


def _there(store: Store, graph: str, things: Sequence[str], pattern: str) -> set[str]:
    """Those of the things for which a graph holds the pattern."""
    found: set[str] = set()
    for start in range(0, len(things), _ASKED):
        values = " ".join(str(to_term(IRI(thing))) for thing in things[start : start + _ASKED])
        # EXISTS is looked up thing by thing; a join would go through the graph for each (measured: 100 times as long).
        text = f"SELECT ?it WHERE {{ VALUES ?it {{ {values} }} FILTER EXISTS {{ {pattern} }} }}"
        rows = store.query(text, default_graph=graph)
        found |= {str(thing) for (thing,) in rows.rows()}
    return found


_DESCRIBED = {
    "datasets": ("dataset", f"?it <{RDF}type> <{MLS}Dataset>"),
    "tasks": ("task", f"?it <{RDF}type> <{MLS}Task>"),
    "pipelines": ("pipeline", f"?it <{RDF}type> <{own_term('Pipeline')}>"),
    "measures": ("measure", f"?it <{own_term('direction')}> ?any"),
    "methods": ("method", f"?it <{RDF}type> <{own_term('Method')}>"),
}
"""Tables whose rows many batches repeat: the column that names the thing, and what a graph says of each."""


def _counts(store: Store, graph: str, parts: Sequence[Batch], known: GraphInfo | None) -> dict[str, int]:
    counts = Counter(known.counts if known else {})
    counts.update(total_counts(parts))
    for table, (column, pattern) in _DESCRIBED.items():
        named = [name for part in parts for name in part.tables()[table][column]]
        there = _there(store, graph, sorted(set(named)), pattern) if known else set()
        counts[table] -= len(named) - len(set(named) - there)
    named = [quality for part in parts for quality in with_quality_iris(part.qualities)["quality"]]
    there = _there(store, graph, sorted(set(named)), f"?any <{MLS}hasQuality> ?it") if known else set()
    counts["qualities"] -= len(named) - len(set(named) - there)
    return {table: count for table, count in counts.items() if count or table in schema.COUNTED}


def _check_runs(store: Store, graph: str, parts: Sequence[Batch], known: GraphInfo | None) -> None:
    runs = [run for part in parts for run in part.runs["run"]]
    twice = {run for run in runs if runs.count(run) > 1} if len(set(runs)) < len(runs) else set()
    there = twice or (_there(store, graph, runs, f"?it <{RDF}type> <{MLS}Run>") if known else set())
    for run in sorted(there):
        raise SchemaError(
            f"run {run} is in {graph} already, with other content: give each run an IRI of its own"
        )
