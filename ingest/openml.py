"""OpenML, live: the runs of suites, tasks, flows, datasets or people, with what they measured.

The listings are read by way of the ``openml`` package and added to the graph page by page, so that memory stays flat
and whoever is interrupted goes on where he was. Another time only what is new is fetched. See ``docs/openml.md``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ingest.openml_batches import Assembly
from ingest.openml_cache import Cache, cache_path
from ingest.openml_catalogue import Catalogue
from ingest.openml_client import PUBLIC, Client
from ingest.openml_known import GraphKnown, Known, MemoryKnown
from ingest.openml_listings import read_measures
from ingest.openml_position import Checkpoint, Position
from ingest.openml_selection import selected
from ingest.openml_walk import FURTHEST, PAGE, Walk
from ingest.report import IngestReport
from ingest.source import Described, Source, Tally
from kg import iris, schema
from kg.batch import Batch, Manifest, content_hash
from kg.errors import SourceError
from kg.measure_names import normalise
from kg.store import Progress
from kg.terms import IRI
from kg.vocabulary import own_term

if TYPE_CHECKING:
    from kg.store import Store

__all__ = ["OpenmlSource"]

_HELD = f"ASK {{ $graph <{own_term('batchHash')}> $digest }}"


class OpenmlSource(Source):
    """Evaluations of an OpenML server.

    Parameters
    ----------
    suite, task, flow, dataset, uploader
        One id or several. Tasks, those of suites and those on datasets add up; flows and uploaders narrow them.
    function
        OpenML's names of measures; else :data:`ingest.openml_selection.FUNCTIONS`.
    everything
        Take all runs there are.
    limit
        Runs at most.
    per_fold
        Read the values of folds too, as series.
    server
        Address of the API.
    relist
        Go through all pages again, those too of which nothing says that they changed.
    cache
        File for documents that do not change; else below the store's folder, or the user's cache.
    client
        How to ask, instead of with the usual patience.
    page, furthest
        Rows that the server lists at a time, and offset that it lists up to.

    Raises
    ------
    SourceError
        If nothing is asked for, or an id is no id.
    """

    name: ClassVar[str] = "openml"
    title: ClassVar[str] = "OpenML: evaluations of runs, live from its server"

    def __init__(
        self,
        suite: int | Sequence[int] = (),
        task: int | Sequence[int] = (),
        flow: int | Sequence[int] = (),
        dataset: int | Sequence[int] = (),
        uploader: int | Sequence[int] = (),
        function: str | Sequence[str] = (),
        *,
        everything: bool = False,
        limit: int | None = None,
        per_fold: bool = False,
        server: str = PUBLIC,
        relist: bool = False,
        cache: str | Path | None = None,
        client: Client | None = None,
        page: int = PAGE,
        furthest: int = FURTHEST,
    ) -> None:
        super().__init__()
        self.selection = selected(
            suite=suite,
            task=task,
            flow=flow,
            dataset=dataset,
            uploader=uploader,
            function=function,
            everything=everything,
            limit=limit,
            per_fold=per_fold,
            server=server,
        )
        self._client = client or Client(self.selection.server)
        self._relist, self._page, self._furthest = relist, page, furthest
        self._cache = Path(cache) if cache is not None else None

    @property
    def manifest(self) -> Manifest:
        """Named after the selection; OpenML's licence of what it holds."""
        chosen = self.selection
        return Manifest(self.name, chosen.version, chosen.title, "CC-BY-4.0", _site(chosen.server))

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield a batch per page; see :meth:`write` for how a graph is filled."""
        known = MemoryKnown()
        position = Position(self._reads(), tally=tally)
        described = Described()
        for batch, _ in self._batches(position, known, None, None):
            for table, count in described.counts(batch).items():
                if count and table in (*schema.DESCRIBED, "tags", "contexts"):
                    tally.read(table, count)
            if any(frame.height for frame in batch.tables().values()):
                yield batch

    def write(self, store: Store, progress: Progress | None = None) -> IngestReport:
        """Add to the graph what it does not have, page by page, and go on where an interrupted ingest was.

        Raises
        ------
        SourceError
            If the server does not answer, or there is nothing to be had.
        StoreError
            If the store cannot be written.
        """
        graph = self.manifest.graph
        checkpoint = Checkpoint(store.folder, graph)
        position = self._position(store, checkpoint)
        before, quads, changed = position.to_json(), 0, False
        for batch, after in self._batches(position, GraphKnown(store, graph), store, progress):
            rows = {table: frame.height for table, frame in batch.tables().items() if frame.height}
            digest = content_hash([batch]) if rows else ""
            checkpoint.save(before, after, digest)
            if rows:
                commit = store.append(batch, unfinished=True, progress=progress)
                quads, changed = quads + commit.quads, changed or commit.changed
            before = after
        return self._finish(store, checkpoint, position, quads, changed)

    def _batches(
        self, position: Position, known: Known, store: Store | None, progress: Progress | None
    ) -> Iterator[tuple[Batch, str]]:
        """Batch and position after each page."""

        def say(message: str) -> None:
            if progress is not None:
                progress(message, 0, 1)

        folder = store.folder if store is not None else None
        path = self._cache or cache_path(folder, self.selection.server)
        with ExitStack() as stack:
            client = stack.enter_context(self._client)
            catalogue = Catalogue(client, stack.enter_context(Cache(path)))
            self._check_functions(client)
            assembly = Assembly(self.manifest, self.selection, catalogue, known)
            walk = Walk(
                client, self.selection, position, known, say, page=self._page, furthest=self._furthest
            )
            for part, rows in walk.pages():
                batch = assembly.batch(part, rows, position)
                position.passed.update({table: frame.height for table, frame in batch.tables().items()})
                yield batch, position.to_json() if store is not None else ""
                known.note(batch)
                if progress is not None:
                    read = position.tally.counts["evaluations"]
                    ahead = 0 if part.done else len(rows)
                    progress(f"openml: {part.function}", read, read + ahead)

    def _check_functions(self, client: Client) -> None:
        """Refuse a name that neither we nor the server know."""
        strange = [name for name in self.selection.functions if normalise(name, "openml") is None]
        if strange:
            there = client.get("evaluationmeasure/list", read_measures)
            for name in strange:
                if name not in there:
                    close = difflib.get_close_matches(name, there, 1)
                    hint = f"did you mean {close[0]!r}? " if close else ""
                    raise SourceError(
                        f"openml: the server has no measure {name!r}: {hint}it has {', '.join(sorted(there))}"
                    )

    def _reads(self) -> str:
        chosen = self.selection
        words = ("folds" if chosen.per_fold else "", f"limit {chosen.limit}" if chosen.limit else "")
        return " ".join([*chosen.measures, f"{self._page} a page", *filter(None, words)])

    def _position(self, store: Store, checkpoint: Checkpoint) -> Position:
        """Where to go on: in the pass that was interrupted, or in a new one."""
        graph = self.manifest.graph
        info = next((each for each in store.graphs() if each.iri == graph), None)
        base = dict(info.counts) if info else {}
        saved = checkpoint.load()
        if saved is not None and info is not None and not self._relist:
            held = (
                not saved.digest
                or store.query(
                    _HELD,
                    bindings={"graph": IRI(graph), "digest": saved.digest},
                    default_graph=iris.LEDGER_GRAPH,
                ).answer
            )
            position = saved.after if held else saved.before
            if position.reads == self._reads():
                return position.again(base) if position.finished else position
        return Position(self._reads(), base=base)

    def _finish(
        self, store: Store, checkpoint: Checkpoint, position: Position, quads: int, changed: bool
    ) -> IngestReport:
        graph, passed = self.manifest.graph, position.passed
        info = next((each for each in store.graphs() if each.iri == graph), None)
        if info is None:
            reasons = "; ".join(f"{item.count:,} {item.what}: {item.why}" for item in position.tally.left_out)
            raise SourceError(
                f"{self.selection.server}: nothing of {self.selection.title} can go into the graph "
                f"({reasons or 'the server lists no evaluation'}): nothing was written"
            )
        for table in ("runs", "evaluations", "contexts", "tags", "series"):
            expected = position.base.get(table, 0) + passed[table]
            if info.counts.get(table, 0) != expected:
                raise SourceError(
                    f"openml: {expected:,} {table} were to be in {graph}, {info.counts.get(table, 0):,} are: remove "
                    "the graph and ingest it again"
                )
        if info.unfinished:
            changed = store.append(Batch(self.manifest), unfinished=False).changed or changed
        position.finished = True
        whole = position.to_json()
        checkpoint.save(whole, whole, "")
        written = {table: count - position.base.get(table, 0) for table, count in info.counts.items()}
        read = {**{table: count for table, count in written.items() if count}, **position.tally.counts}
        return IngestReport(
            source=self.name,
            title=self.title,
            graph=graph,
            read=read,
            written=written,
            left_out=tuple(position.tally.left_out),
            rejected=(),
            changed=changed or any(written.values()),
            quads=quads,
            store_version=store.version,
        )


def _site(server: str) -> str:
    """Page of the server that the API belongs to."""
    return server.partition("/api/")[0]
