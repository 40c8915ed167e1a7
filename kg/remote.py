"""A store behind any SPARQL 1.1 endpoint: an Oxigraph server, Virtuoso, GraphDB, and their like.

A named graph counts once the manifest describes it, and only such graphs are read; so a commit that is interrupted
leaves nothing half-written that a query could see. A graph that is new is written where it belongs and announced last.
A small one that is replaced is written beside the old and takes its place in one update, which the servers that have
transactions carry out whole or not at all. A large one is withdrawn first, since servers move triples ten times as
slowly as they load them: after an interruption it is missing until it is committed again. Every request does the same
when it is carried out twice.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import changes, iris, manifest, oxigraph, remote_terms, virtuoso
from kg.batch import Batch, Manifest, content_hash
from kg.binding import bind
from kg.changes import Change
from kg.errors import QueryError, StoreError
from kg.guard import check_read_only, names_its_graphs, services_as_graphs
from kg.history import CommitInfo, commits
from kg.manifest import GraphInfo, total_counts
from kg.remote_updates import (
    COUNTER,
    REPLACES,
    closing,
    forget,
    in_manifest,
    node,
    pieces,
    replaces,
    runs,
    triples,
)
from kg.result import Result
from kg.series import FolderSeries, MemorySeries, Series
from kg.store import Commit, Progress, Store
from kg.terms import IRI, Value, from_term, to_term

if TYPE_CHECKING:
    import rdflib

    from kg.endpoint import Auth, Form

__all__ = ["RemoteStore"]

_LINES = 1_000
"""Triples in one update: Virtuoso runs out of memory from a few thousand."""

_BESIDE_UP_TO = 20_000
"""Rows of a graph (of all its tables) up to which its successor is written beside it, and the two then swapped."""

_BYTES = 8 * 2**20
"""Size of one upload through the graph store protocol, from which larger ones are no faster."""


class RemoteStore(Store):
    """An endpoint that answers queries and, given its other URLs, takes updates.

    Writers at several places at the same time leave every graph whole; they may give two commits one version number.

    Parameters
    ----------
    query_url
        Where queries go.
    update_url
        Where updates go; without it nothing can be written.
    graph_url
        Where whole graphs go (graph store protocol): several times as fast as updates.
    user, password, auth
        Credentials, if the server asks for any.
    timeout
        Seconds that one request may take.
    folder
        Local folder for what is derived from the graph; None to keep nothing.
    read_only
        Refuse to write.

    Raises
    ------
    StoreError
        If the endpoint cannot be reached or refuses the credentials.
    """

    def __init__(
        self,
        query_url: str,
        *,
        update_url: str | None = None,
        graph_url: str | None = None,
        user: str | None = None,
        password: str | None = None,
        auth: Auth = "basic",
        timeout: float = 60,
        folder: Path | None = None,
        read_only: bool = False,
    ) -> None:
        from kg.endpoint import Endpoint

        self.folder = folder  # type: ignore[misc]
        # An endpoint takes triples only: the points of series stay with whoever wrote them.
        self.points: Series = FolderSeries(folder / "series") if folder else MemorySeries()
        self._read_only = read_only
        self._endpoint = Endpoint(
            query_url,
            update_url=update_url,
            graph_url=graph_url,
            user=user,
            password=password,
            auth=auth,
            timeout=timeout,
        )
        self._version = 0
        self._graphs: list[GraphInfo] = []
        self.refresh()

    def __repr__(self) -> str:
        return f"RemoteStore({self._endpoint.query_url!r})"

    @property
    def version(self) -> int:
        """See :attr:`kg.store.Store.version`."""
        return self._version

    def refresh(self) -> None:
        """Read the manifest again."""
        graph = to_term(IRI(iris.MANIFEST_GRAPH))
        text = f"SELECT ?s ?p ?o WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}"
        found = self._answer(text, "SELECT", [], [iris.MANIFEST_GRAPH]).terms
        self._graphs = manifest.infos(found)
        counter = [from_term(o) for s, p, o in found if (s.value, p.value) == COUNTER]
        stamps = [number for number in counter if isinstance(number, int)]
        self._version = max([0, *stamps, *(info.store_version for info in self._graphs)])

    def commit(self, batches: Batch | Sequence[Batch], *, progress: Progress | None = None) -> Commit:
        """See :meth:`kg.store.Store.commit`."""
        listed = changes.as_batches(batches)
        return self._replace(changes.writing(self, listed, content_hash(listed)), progress)

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
        return self._replace(changes.rdf_change(manifest, ntriples, counts, restored), progress)

    def _replace(self, change: Change, progress: Progress | None) -> Commit:
        known = self._before_writing(change.graph)
        if known and known.content_hash == change.digest and not known.unfinished:
            return Commit(change.graph, self._version, 0, changed=False)
        beside = known is not None and known.rows <= _BESIDE_UP_TO
        if known:
            self._clear_staging(change.graph)
        target = self._staging(change.graph) if beside else change.graph
        if not beside:
            self._endpoint.update(f"{forget(change.graph)} ;\nDROP SILENT GRAPH {node(change.graph)}")
        return self._finish(change, target, self._load_change(change, target, progress))

    def append(
        self,
        batches: Batch | Sequence[Batch],
        *,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> Commit:
        """See :meth:`kg.store.Store.append`; a large addition to a graph is seen bit by bit as it comes."""
        listed = changes.as_batches(batches)
        graph = listed[0].manifest.graph
        known = self._before_writing(graph)
        change = changes.addition(self, listed, known, unfinished=unfinished)
        if change is None:
            return Commit(graph, self._version, 0, changed=False)
        beside = known is not None and sum(total_counts(listed).values()) <= _BESIDE_UP_TO
        target = self._staging(graph) if beside else graph
        return self._finish(change, target, self._load_change(change, target, progress))

    def log(self, batch: Batch) -> None:
        """See :meth:`kg.store.Store.log`: it is in the graph once the server has acknowledged it."""
        self.append(batch)

    def add(self, ntriples: bytes, manifest: Manifest) -> Commit:
        """See :meth:`kg.store.Store.add`."""
        known = self._before_writing(manifest.graph)
        lines = oxigraph.in_graph(changes.parse_triples(ntriples, manifest.graph), manifest.graph)
        change = changes.small_addition(known, manifest, lines)
        return self._finish(change, change.graph, self._load_change(change, change.graph, None))

    def remove(self, graph: str) -> Commit:
        """See :meth:`kg.store.Store.remove`."""
        change = changes.removal(self._before_writing(graph), graph, f"the store {self._endpoint.query_url}")
        return self._finish(change, graph, 0)

    def receive(
        self,
        info: GraphInfo,
        pieces: Iterable[tuple[str, bytes]],
        appended: Sequence[str],
        progress: Progress | None = None,
    ) -> int:
        """Take a graph of another store; see :func:`kg.transfer.push`.

        Parameters
        ----------
        info
            What the other store's manifest says of it.
        pieces
            Its N-Quads, each piece with its digest; those that the ledger knows are not sent again.
        appended
            Content hashes of the batches that were appended to it there.
        progress
            Told (graph, rows there, rows in all).

        Returns
        -------
        Number of quads that were sent.
        """
        if self._before_writing(info.iri) is None:
            self._endpoint.update(f"DROP SILENT GRAPH {node(info.iri)}")
        begun = Change(
            "append",
            info.manifest(),
            info.counts,
            info.content_hash,
            since=info.generated_at,
            unfinished=True,
        )
        self._endpoint.update(closing(begun, info.iri, self._version + 1, 0))
        self.refresh()
        there = changes.noted(self, info.iri)
        rows, sent, passed = info.rows, 0, 0
        for digest, lines in pieces:
            quads = lines.count(b"\n")
            if digest not in there:
                self._load(info.iri, [triples(lines, info.iri)])
                entry = triples(manifest.ledger(info.iri, [digest]), iris.LEDGER_GRAPH).decode()
                self._endpoint.update(f"INSERT DATA {{ GRAPH {node(iris.LEDGER_GRAPH)} {{ {entry} }} }}")
                sent += quads
            passed += quads
            if progress:
                progress(info.source, min(passed, rows), rows)
        whole = dataclasses.replace(
            begun, action="write", unfinished=info.unfinished, appended=tuple(appended)
        )
        self._finish(whole, info.iri, passed)
        return sent

    def _staging(self, graph: str) -> str:
        """New graph beside one, which nobody reads; noted, so that it is found should we be killed."""
        staging = iris.own("graph", f"staging/{uuid.uuid4().hex}")
        self._endpoint.update(f"INSERT DATA {{ {in_manifest(replaces(staging, graph))} }}")
        return staging

    def _load_change(self, change: Change, target: str, progress: Progress | None) -> int:
        change.keep_series(self.points)
        return self._load(target, (triples(chunk, change.graph) for chunk in change.lines(progress)))

    def _finish(self, change: Change, target: str, quads: int) -> Commit:
        """Let what was loaded count, in one update; carried out again, it does nothing more."""
        version = self._version + 1
        self._endpoint.update(closing(change, target, version, quads))
        self.refresh()
        written = next((info for info in self._graphs if info.iri == change.graph), None)
        if (written.content_hash if written else None) != (
            None if change.action == "remove" else change.digest
        ):
            raise StoreError(
                f"{change.graph} was written by another process at the same time: commit it again"
            )
        change.clear_series(self.points)
        return Commit(change.graph, self._version, quads, changed=True)

    def _before_writing(self, graph: str) -> GraphInfo | None:
        """What the manifest says of the graph now, if writing is allowed."""
        if self._read_only:
            raise StoreError(
                f"the store {self._endpoint.query_url} was opened to read only: open it without read_only to write"
            )
        self.refresh()
        return next((info for info in self._graphs if info.iri == graph), None)

    def _clear_staging(self, graph: str) -> None:
        """Drop what writers of this graph left that were killed."""
        text = "SELECT ?staging WHERE { GRAPH $manifest { ?staging $replaces $graph } }"
        bound = {"manifest": IRI(iris.MANIFEST_GRAPH), "replaces": IRI(REPLACES), "graph": IRI(graph)}
        for (staging,) in self.query(text, bindings=bound).rows():
            self._endpoint.update(f"{forget(str(staging))} ;\nDROP SILENT GRAPH {node(str(staging))}")

    def _load(self, graph: str, chunks: Iterable[bytes]) -> int:
        """Add N-Triples in pieces that a server takes; returns their number."""
        count = 0
        if self._endpoint.graph_url:
            for piece in pieces(chunks, _BYTES):
                self._endpoint.post(graph, piece)
                count += piece.count(b"\n")
            return count
        name = node(graph)
        for lines in runs(chunks, _LINES):
            text = b"".join(lines).decode()
            self._endpoint.update(f"INSERT DATA {{ GRAPH {name} {{\n{text}}} }}")
            count += len(lines)
        return count

    def graphs(self) -> list[GraphInfo]:
        """See :meth:`kg.store.Store.graphs`."""
        return list(self._graphs)

    def history(self) -> list[CommitInfo]:
        """See :meth:`kg.store.Store.history`."""
        return commits(
            self.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", default_graph=iris.HISTORY_GRAPH).terms
        )

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Value] | None = None,
        default_graph: str | Sequence[str] | None = None,
        limit: int | None = None,
        allowed_services: Sequence[str] = (),
    ) -> Result:
        """See :meth:`kg.store.Store.query`; the server sends all rows, whatever the limit."""
        text = bind(text, bindings) if bindings else text
        form = _form(text, allowed_services)
        default, named = self._read_from(text, default_graph)
        result = self._answer(text, form, default, named)
        return result if limit is None or form == "ASK" else result.head(limit)

    def query_tsv(self, text: str, *, default_graph: str) -> bytes:
        """See :meth:`kg.store.Store.query_tsv`."""
        form = _form(text)
        default, named = self._read_from(text, default_graph)
        answer = self._endpoint.query(text, form, accept="tsv", default=default, named=named)
        # Virtuoso's TSV has no question marks in its header, and six digits of a number.
        if answer.body.startswith(b"?"):
            return answer.body
        return remote_terms.to_tsv(self._answer(text, form, default, named))

    def dump(self, graph: str) -> Iterator[bytes]:
        """See :meth:`kg.store.Store.dump`; one predicate of the graph is in memory at a time.

        Not by offsets, for which servers sort the whole graph again and again, nor by CONSTRUCT, which Virtuoso
        answers with six digits of each number.
        """
        import pyoxigraph as ox

        name = ox.NamedNode(graph)
        predicates = self.query("SELECT DISTINCT ?p WHERE { ?s ?p ?o }", default_graph=graph).terms
        for (predicate,) in predicates:
            found = self.query(
                "SELECT ?s ?o WHERE { ?s $p ?o }", bindings={"p": IRI(predicate.value)}, default_graph=graph
            )
            quads = [ox.Quad(subject, predicate, value, name) for subject, value in found.terms]
            yield ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""

    def _read_from(self, text: str, default_graph: str | Sequence[str] | None) -> tuple[list[str], list[str]]:
        """Default and named graphs of a query: the manifest's, so that nothing half-written is read."""
        known = [*(info.iri for info in self._graphs), *iris.BOOKKEEPING_GRAPHS]
        if default_graph is not None:
            return ([default_graph] if isinstance(default_graph, str) else list(default_graph)), known
        return ([], []) if names_its_graphs(text) else (known, known)

    def _answer(self, text: str, form: Form, default: Sequence[str], named: Sequence[str]) -> Result:
        url = self._endpoint.query_url
        if form == "CONSTRUCT":
            graph = self._endpoint.query(text, form, accept="turtle", default=default, named=named)
            return remote_terms.from_turtle(graph, url)
        answer = self._endpoint.query(text, form, accept="json", default=default, named=named)
        result = remote_terms.from_json(answer, url)
        full = virtuoso.in_full(text, result.variables) if virtuoso.was_shortened(answer) else None
        if full is None:
            return result
        answer = self._endpoint.query(full, form, accept="json", default=default, named=named)
        return virtuoso.joined(remote_terms.from_json(answer, url))

    def dataset(self) -> rdflib.Dataset:
        """See :meth:`kg.store.Store.dataset`; each pattern that is looked up is one query."""
        from kg.remote_dataset import dataset

        return dataset(self)

    def close(self) -> None:
        """Nothing to do: no connection is kept."""


def _form(text: str, allowed_services: Sequence[str] = ()) -> Form:
    """Form of a query, which must be one: endpoints differ in what they let a query do."""
    import pyoxigraph as ox

    check_read_only(text, allowed_services)
    try:
        nothing: Any = ox.Store().query(services_as_graphs(text, allowed_services))
    except SyntaxError as error:
        raise QueryError(f"the query cannot be parsed: {' '.join(str(error).split())}") from error
    except (ValueError, RuntimeError) as error:
        raise QueryError(f"the query cannot be answered: {' '.join(str(error).split())}") from error
    if isinstance(nothing, ox.QueryBoolean):
        return "ASK"
    return "SELECT" if isinstance(nothing, ox.QuerySolutions) else "CONSTRUCT"
