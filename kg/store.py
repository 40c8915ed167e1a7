"""The contract of a store: what every implementation must do, and what it may raise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from kg.batch import Batch, Manifest
from kg.history import CommitInfo
from kg.manifest import GraphInfo
from kg.result import Result
from kg.terms import Value

if TYPE_CHECKING:
    import polars as pl
    import rdflib

    from kg.changes import Restored
    from kg.inbox import Inbox
    from kg.series import Series

__all__ = ["Commit", "Progress", "Store"]

Progress = Callable[[str, int, int], None]
"""Told of long work: (what is being done, units done, units in all)."""


@dataclass(frozen=True)
class Commit:
    """What a commit did: the named graph, the store's version after it, and the quads it wrote."""

    graph: str
    version: int
    quads: int
    changed: bool


class Store(ABC):
    """An RDF dataset of named graphs with a manifest and a version.

    What holds for every store:

    - A commit is all there or not there at all, for this process and for every other one.
    - Each commit that changes something raises :attr:`version` by one. A commit whose content is already
      there changes nothing and writes nothing.
    - One named graph belongs to one manifest. Committing to a graph again replaces what it held, appending adds.
    - Each commit leaves an entry in the history, which is never removed from.
    - A reader sees the version that was current when it opened the store; :meth:`refresh` moves it on.
    - There are no blank nodes.
    - Several threads may query one store object; commits of one object are not made at the same time.
    """

    folder: ClassVar[Path | None] = None
    """Folder for what is derived from the graph (projections, models); None if the store has none."""

    inbox: Inbox | None = None
    """Where logged batches wait until they are appended; None if they never wait."""

    points: Series
    """Where the points of series are, which are not triples."""

    @property
    @abstractmethod
    def version(self) -> int:
        """Number of the commit that this object reads; 0 for an empty store."""

    @abstractmethod
    def commit(self, batches: Batch | Sequence[Batch], *, progress: Progress | None = None) -> Commit:
        """Write the batches of one named graph and describe it in the manifest.

        Raises
        ------
        SchemaError
            If the batches belong to different graphs, there is none, or a measure is declared otherwise than in
            another graph (:mod:`kg.declarations`).
        StoreError
            If the store cannot be written; it is then as it was.
        """

    @abstractmethod
    def append(
        self,
        batches: Batch | Sequence[Batch],
        *,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> Commit:
        """Add batches to one named graph, in one commit, keeping what is there.

        A batch that was appended before, by its content hash, is not written again; so whoever was interrupted
        may append everything again. ``unfinished`` says in the manifest that more is to come.

        Raises
        ------
        SchemaError
            If the batches belong to different graphs, there is none, or a tracked run (of a graph of kind
            ``project``) is there already with other content.
        StoreError
            If the store cannot be written; it is then as it was.
        """

    @abstractmethod
    def log(self, batch: Batch) -> None:
        """Append a small batch, as of one tracked run, without waiting for other writers.

        Once this returns, the batch is safe: it is in the graph, or kept on disk until whoever next opens,
        refreshes or closes the store appends it.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """

    @abstractmethod
    def commit_rdf(
        self,
        ntriples: Iterable[bytes],
        manifest: Manifest,
        *,
        counts: Mapping[str, int] | None = None,
        restored: Restored | None = None,
        progress: Progress | None = None,
    ) -> Commit:
        """Write N-Triples, in chunks of whole lines, as the whole content of the manifest's graph.

        The same triples again, in any order, change nothing. ``counts`` are rows by table for the manifest.
        ``restored`` is what the manifest of the store that the graph was exported from says of it, and is said again
        word for word.

        Raises
        ------
        StoreError
            If it is not N-Triples, has a blank node, or the store cannot be written; it is then as it was.
        """

    @abstractmethod
    def add(self, ntriples: bytes, manifest: Manifest) -> Commit:
        """Add small RDF (N-Triples) to the manifest's graph, keeping what is there.

        Raises
        ------
        StoreError
            If it is not N-Triples or the store cannot be written; it is then as it was.
        """

    @abstractmethod
    def remove(self, graph: str) -> Commit:
        """Remove a named graph and what the manifest says of it.

        Raises
        ------
        StoreError
            If there is no such graph or the store cannot be written.
        """

    @abstractmethod
    def graphs(self) -> list[GraphInfo]:
        """Named graphs by the manifest, oldest first."""

    @abstractmethod
    def history(self) -> list[CommitInfo]:
        """Commits that changed the store, oldest first."""

    @abstractmethod
    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Value] | None = None,
        default_graph: str | Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Result:
        """Answer a SPARQL 1.1 query that reads.

        The default graph is ``default_graph``, else what the query's ``FROM`` says, else the union of all named
        graphs. A triple that two graphs state is found once in each: ask with ``DISTINCT`` where descriptions
        that sources share (of datasets, tasks, pipelines, components, measures) are joined. ``bindings`` gives
        values to variables of the query; they are bound as terms, never pasted into the text. At most ``limit``
        rows are read; ``Result.truncated`` tells whether there were more.

        Raises
        ------
        QueryError
            If the query does not parse, would write, or would reach the network.
        """

    @abstractmethod
    def query_tsv(self, text: str, *, default_graph: str) -> bytes:
        """Answer of a SELECT query over one graph as SPARQL TSV: the fast way out for millions of rows."""

    def series(self, runs: Sequence[str] = (), *, graphs: Sequence[str] = ()) -> pl.DataFrame:
        """Points of the series of runs (all if none is named), from all graphs or the named ones.

        Returns
        -------
        DataFrame
            run, name, axis, position, value: one row per point, sorted.
        """
        return self.points.read(graphs or [info.iri for info in self.graphs()], runs)

    @abstractmethod
    def dump(self, graph: str) -> Iterator[bytes]:
        """All quads of one graph, the manifest graph included, as N-Quads; nothing if there is no such graph.

        Yields
        ------
        bytes
            Whole lines in no order, each ended by a newline; memory stays flat as the graph grows, as far as the
            engine allows.
        """

    @abstractmethod
    def dataset(self) -> rdflib.Dataset:
        """The same graph as an rdflib dataset, to read."""

    @abstractmethod
    def refresh(self) -> None:
        """Read the newest version from now on."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and locks; a closed store is not used again."""

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
