"""A store in memory: for tests, for looking at foreign RDF, and gone when it is closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kg import changes, manifest, oxigraph
from kg.batch import Batch, Manifest, content_hash
from kg.history import CommitInfo
from kg.manifest import GraphInfo
from kg.result import Result
from kg.series import MemorySeries
from kg.store import Commit, Progress, Store
from kg.terms import Value

if TYPE_CHECKING:
    import rdflib

__all__ = ["MemoryStore"]


class MemoryStore(Store):
    """Pyoxigraph in memory. Nothing of it is on disk, and no other process sees it."""

    def __init__(self) -> None:
        import pyoxigraph as ox

        self._raw = ox.Store()
        self._version = 0
        self.points: MemorySeries = MemorySeries()

    @property
    def version(self) -> int:
        """Number of commits so far that changed something."""
        return self._version

    def commit(self, batches: Batch | Sequence[Batch], *, progress: Progress | None = None) -> Commit:
        """See :meth:`kg.store.Store.commit`."""
        listed = changes.as_batches(batches)
        return self._write_new(changes.writing(self, listed, content_hash(listed)), progress)

    def append(
        self,
        batches: Batch | Sequence[Batch],
        *,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> Commit:
        """See :meth:`kg.store.Store.append`."""
        listed = changes.as_batches(batches)
        graph = listed[0].manifest.graph
        change = changes.addition(self, listed, self._known(graph), unfinished=unfinished)
        return self._write(change, progress) if change else Commit(graph, self._version, 0, changed=False)

    def log(self, batch: Batch) -> None:
        """See :meth:`kg.store.Store.log`."""
        self.append(batch)

    def commit_rdf(
        self,
        ntriples: Iterable[bytes],
        manifest: Manifest,
        *,
        counts: Mapping[str, int] | None = None,
        restored: changes.Restored | None = None,
        progress: Progress | None = None,
    ) -> Commit:
        """See :meth:`kg.store.Store.commit_rdf`."""
        return self._write_new(changes.rdf_change(manifest, ntriples, counts, restored), progress)

    def add(self, ntriples: bytes, manifest: Manifest) -> Commit:
        """See :meth:`kg.store.Store.add`."""
        lines = oxigraph.in_graph(changes.parse_triples(ntriples, manifest.graph), manifest.graph)
        return self._write(changes.small_addition(self._known(manifest.graph), manifest, lines))

    def remove(self, graph: str) -> Commit:
        """See :meth:`kg.store.Store.remove`."""
        return self._write(changes.removal(self._known(graph), graph, "the store in memory"))

    def _known(self, graph: str) -> GraphInfo | None:
        return next((info for info in self.graphs() if info.iri == graph), None)

    def _write_new(self, change: changes.Change, progress: Progress | None) -> Commit:
        known = self._known(change.graph)
        if known and known.content_hash == change.digest and not known.unfinished:
            return Commit(change.graph, self._version, 0, changed=False)
        return self._write(change, progress)

    def _write(self, change: changes.Change, progress: Progress | None = None) -> Commit:
        import pyoxigraph as ox

        change.keep_series(self.points)
        change.clear_series(self.points)
        if change.replaces:
            self._raw.remove_graph(ox.NamedNode(change.graph))
        self._version += 1
        quads = oxigraph.apply(self._raw, change, self._version, progress)
        return Commit(change.graph, self._version, quads, changed=True)

    def graphs(self) -> list[GraphInfo]:
        """See :meth:`kg.store.Store.graphs`."""
        return list(manifest.read(self._raw))

    def history(self) -> list[CommitInfo]:
        """See :meth:`kg.store.Store.history`."""
        return oxigraph.history(self._raw)

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Value] | None = None,
        default_graph: str | Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Result:
        """See :meth:`kg.store.Store.query`."""
        return oxigraph.evaluate(self._raw, text, bindings, default_graph, limit)

    def query_tsv(self, text: str, *, default_graph: str) -> bytes:
        """See :meth:`kg.store.Store.query_tsv`."""
        return oxigraph.evaluate_tsv(self._raw, text, default_graph)

    def dump_all(self) -> bytes:
        """N-Quads of everything."""
        import pyoxigraph as ox

        dumped = self._raw.dump(format=ox.RdfFormat.N_QUADS)
        assert dumped is not None
        return dumped

    def dump(self, graph: str) -> Iterator[bytes]:
        """See :meth:`kg.store.Store.dump`."""
        return oxigraph.dump(self._raw, graph)

    def dataset(self) -> rdflib.Dataset:
        """See :meth:`kg.store.Store.dataset`."""
        return oxigraph.rdflib_dataset(self._raw)

    def refresh(self) -> None:
        """Nothing to do: no other process writes here."""

    def close(self) -> None:
        """Forget everything."""
        self._raw.clear()
