"""A store in memory: for tests, for looking at foreign RDF, and gone when it is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kg import manifest, oxigraph
from kg.batch import Batch, Manifest, content_hash
from kg.errors import StoreError
from kg.manifest import GraphInfo
from kg.result import Result
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

    @property
    def version(self) -> int:
        """Number of commits so far that changed something."""
        return self._version

    def commit(self, batches: Batch | Sequence[Batch], *, progress: Progress | None = None) -> Commit:
        """See :meth:`kg.store.Store.commit`."""
        listed = oxigraph.as_batches(batches)
        about, digest = listed[0].manifest, content_hash(listed)
        known = {info.iri: info for info in self.graphs()}.get(about.graph)
        if known and known.content_hash == digest:
            return Commit(about.graph, self._version, 0, changed=False)
        if known:
            oxigraph.remove(self._raw, about.graph)
        quads = oxigraph.load(self._raw, listed, progress)
        self._version += 1
        oxigraph.describe(self._raw, about, manifest.total_counts(listed), digest, self._version)
        return Commit(about.graph, self._version, quads, changed=True)

    def add(self, ntriples: bytes, manifest: Manifest) -> Commit:
        """See :meth:`kg.store.Store.add`."""
        quads = oxigraph.add(self._raw, ntriples, manifest.graph)
        self._version += 1
        oxigraph.describe(self._raw, manifest, {}, "", self._version)
        return Commit(manifest.graph, self._version, quads, changed=True)

    def remove(self, graph: str) -> Commit:
        """See :meth:`kg.store.Store.remove`."""
        if graph not in {info.iri for info in self.graphs()}:
            raise StoreError(f"the store has no graph {graph}: `metakg status` lists them")
        oxigraph.remove(self._raw, graph)
        self._version += 1
        return Commit(graph, self._version, 0, changed=True)

    def graphs(self) -> list[GraphInfo]:
        """See :meth:`kg.store.Store.graphs`."""
        return list(manifest.read(self._raw))

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

    def dump(self) -> bytes:
        """N-Quads of everything."""
        import pyoxigraph as ox

        dumped = self._raw.dump(format=ox.RdfFormat.N_QUADS)
        assert dumped is not None
        return dumped

    def dataset(self) -> rdflib.Dataset:
        """See :meth:`kg.store.Store.dataset`."""
        return oxigraph.rdflib_dataset(self._raw)

    def refresh(self) -> None:
        """Nothing to do: no other process writes here."""

    def close(self) -> None:
        """Forget everything."""
        self._raw.clear()
