"""What goes into a knowledge graph, what is known of that, and what goes out again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.errors import QueryError, SourceError
from kg.store import Commit

if TYPE_CHECKING:
    import rdflib

    from ingest import IngestReport, Source
    from ingest.quarantine import Held
    from ingest.rdf import RdfReport
    from kg.batch import Batch
    from kg.export import Export, Format
    from kg.history import CommitInfo, Difference
    from kg.manifest import GraphInfo
    from kg.transfer import Pushed
    from kg.validation import Engine
    from kg.violations import Report
    from metakg.crate import Crate
    from metakg.croissant import Croissant
    from metakg.publication import Publication
    from metakg.recommendation import Recommendation

from metakg.opened import OpenedGraph, plain_path

__all__ = ["Contents", "source_of"]


class Contents(OpenedGraph):
    """Ingesting, checking, history, and carrying elsewhere."""

    def ingest(
        self,
        source: Any,
        *,
        validate: bool = False,
        keep_going: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
        **options: Any,
    ) -> IngestReport | RdfReport:
        """Read a source into its named graph; doing so again changes nothing.

        Parameters
        ----------
        source
            Name of a source (``oboe``, ``lcdb``, ...), a source, the path of an RDF file (see :meth:`ingest_rdf`), or
            anything that a source accepts: the path of what a tracker wrote, a search of scikit-learn, a study.
        validate
            Check the tables of a source first; RDF is always checked.
        keep_going
            Go on without what is wrong, which the report lists (RDF: put it into quarantine).
        progress
            Told what is being done, units done, and units in all.
        options
            Given to the source, such as ``path`` of one that is named, ``dataset`` of a search, or to
            :meth:`ingest_rdf`.

        Raises
        ------
        GateError
            If something breaks a rule; nothing is written.
        RejectedError
            If rows are wrong and ``keep_going`` is not set; nothing is written.
        SourceError
            If the source is unknown or cannot be read.
        StoreError
            If the store cannot be written.
        """
        from ingest import ingest
        from ingest.gate import check_source
        from kg.rdf_file import is_rdf_path

        if isinstance(source, str | os.PathLike) and is_rdf_path(source):
            return self.ingest_rdf(source, progress=progress, keep_going=keep_going, **options)
        found = source_of(source, options)
        found.keep_going = keep_going
        if validate:
            check_source(found, progress)
        with self._filling():
            report = ingest(self.store, found, progress)
            linked = () if found.manifest.bulk else self._link_what_is_certain()
        return replace(report, linked=linked)

    def ingest_rdf(
        self,
        path: str | os.PathLike[str],
        *,
        progress: Callable[[str, int, int], None] | None = None,
        **options: Any,
    ) -> RdfReport:
        """Read an RDF file into its named graph, if it keeps to the shapes; see :func:`ingest.rdf.ingest_rdf`.

        Parameters
        ----------
        path
            Turtle, TriG, N-Triples, N-Quads, RDF/XML or JSON-LD, by its suffix; ``.gz`` may follow.
        progress
            Told what is being done, units done, and units in all.
        options
            ``keep_going`` to put what breaks a rule into quarantine; ``name``, ``title``, ``licence`` and
            ``derived_from`` of the file.

        Raises
        ------
        GateError
            If something breaks a rule and ``keep_going`` is not given; nothing is written.
        RdfError
            If the file cannot be read.
        StoreError
            If the store cannot be written, or its graph of that name is of another file.
        """
        from ingest.rdf import ingest_rdf

        with self._filling():
            report = ingest_rdf(self.store, path, progress=progress, **options)
            linked = self._link_what_is_certain()
        return replace(report, linked=linked)

    def _link_what_is_certain(self) -> tuple[str, ...]:
        """Make one dataset of those that certainly are, logged ones among them; returns what was linked, in words."""
        from kg.identity_candidates import link_certain

        return tuple(f"{link.dataset} = {link.other} ({link.reason})" for link in link_certain(self.store))

    @contextmanager
    def _filling(self) -> Iterator[None]:
        """Make the store if there is none; an empty one that nothing was written to is not left behind."""
        there = self.location.exists()
        new = self.create()
        try:
            yield
        except BaseException:
            if new and self.store.version == 0:
                self.close()
                shutil.rmtree(self.location, ignore_errors=True)
                if there:
                    self.location.mkdir()
            raise

    def validate(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        engine: Engine = "sparql",
        limit: int | None = 1_000,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Report:
        """Check the graph, or an RDF file, against the shapes; see :func:`kg.validation.validate`.

        Raises
        ------
        RdfError
            If the file cannot be read.
        """
        from kg.validation import validate

        subject = self.store if path is None else path
        return validate(subject, engine=engine, limit=limit, progress=progress)

    def quarantine(self, name: str | None = None) -> list[Held]:
        """What ingesting RDF kept back, with the reasons: of one file, or of all.

        Raises
        ------
        StoreError
            If there is no quarantine of that name.
        """
        from ingest.quarantine import held

        return held(self.store, name)

    def release(self, name: str) -> int:
        """Forget the quarantine of a file; returns the number of things that were in it.

        Raises
        ------
        StoreError
            If there is no quarantine of that name, or the store cannot be written.
        """
        from ingest.quarantine import release

        return release(self.store, name)

    def log(self, batch: Batch) -> None:
        """Append a small batch, as of one tracked run, without waiting for whoever writes to the store.

        Once this returns it is safe; see :meth:`kg.store.Store.log` for when it is in the graph.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        self.create()
        self.store.log(batch)

    def history(self) -> list[CommitInfo]:
        """Commits that changed the store, oldest first; the store itself is not asked what it held then."""
        return self.store.history()

    def diff(self, first: int | str, second: int | str) -> list[Difference]:
        """What came and went between two versions, each a number or a time (a date means its end, in UTC).

        Raises
        ------
        QueryError
            If the store never had a version, or a time cannot be read.
        """
        from kg import history

        commits = self.store.history()
        versions = [
            each if isinstance(each, int) else history.version_at(commits, _moment(each))
            for each in (first, second)
        ]
        return history.difference(commits, *versions)

    def graphs_of(self, source: str) -> list[GraphInfo]:
        """Named graphs of a source, given by its name, its name and version, or a graph's IRI.

        Raises
        ------
        QueryError
            If there is no such source.
        """
        from kg.manifest import graphs_named

        return graphs_named(self.store.graphs(), source)

    def remove(self, source: str) -> list[Commit]:
        """Remove all graphs of a source; see :meth:`graphs_of` for how to name it.

        Raises
        ------
        QueryError
            If there is no such source.
        StoreError
            If the store cannot be written.
        """
        return [self.store.remove(info.iri) for info in self.graphs_of(source)]

    def push(self, url: str, *, progress: Callable[[str, int, int], None] | None = None) -> Iterator[Pushed]:
        """Carry the graphs of this store to an endpoint, one at each step; interrupted, push again to go on.

        Parameters
        ----------
        url
            Where the endpoint takes queries; the rest as for :func:`metakg.open`.
        progress
            Told (source, rows there, rows in all).

        Raises
        ------
        StoreError
            If the endpoint cannot be written.
        """
        from kg.remote import RemoteStore
        from kg.remote_settings import remote_options
        from kg.transfer import push

        target = RemoteStore(url, **remote_options(url))
        with target:
            yield from push(self.store, target, progress)

    def publish(
        self,
        runs: Sequence[str] = (),
        *,
        project: str | None = None,
        task: int | None = None,
        dry_run: bool = False,
        server: str | None = None,
        apikey_from: str | None = None,
        timeout: float = 120.0,
        agree: Callable[[int, str], bool] | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Iterator[Publication]:
        """Publish runs to OpenML, one at each step; see :mod:`metakg.publishing`.

        Parameters
        ----------
        runs, project
            IRIs or keys of runs, and the name of a project, all of whose runs are meant.
        task
            Number of the OpenML task, where the runs were not logged for one.
        dry_run
            Do everything but upload and record; needs no API key.
        server
            Address of the API of another server than OpenML's own.
        apikey_from
            Environment variable that holds the API key, or ``config`` for the file of the ``openml`` package; without
            it ``OPENML_APIKEY``, then the file.
        timeout
            Seconds that the server may take to answer a request.
        agree
            Asked with the number of runs and the server before anything is uploaded; nothing is if it says no.
        progress
            Told what is being done, units done, and units in all.

        Raises
        ------
        PublishError
            If there is no API key, or the server does not answer or takes no run; publish again to go on.
        QueryError
            If there is no such run or project.
        """
        from metakg.publishing import publish

        yield from publish(
            self.store,
            runs,
            project=project,
            task=task,
            dry_run=dry_run,
            server=server,
            apikey_from=apikey_from,
            timeout=timeout,
            agree=agree,
            progress=progress,
        )

    def export(
        self,
        target: str | os.PathLike[str] | IO[bytes],
        form: Format | None = None,
        *,
        graphs: Sequence[str] = (),
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Export:
        """Write the graph as N-Quads, TriG, Turtle or JSON-LD; see :func:`kg.export.export`.

        Raises
        ------
        QueryError
            If there is no such graph.
        StoreError
            If there is no such format, or the file cannot be written.
        """
        from kg.export import export

        return export(self.store, plain_path(target), form, graphs=graphs, progress=progress)

    def export_crate(self, recommendation: Recommendation | str, target: str | os.PathLike[str]) -> Crate:
        """Write a recommendation and its evidence as RO-Crate; see :func:`metakg.crate.export_crate`.

        Raises
        ------
        QueryError
            If the graph does not know the recommendation.
        StoreError
            If the crate cannot be written.
        """
        from metakg.crate import export_crate

        return export_crate(self.store, recommendation, plain_path(target))

    def croissant(self, dataset: str | int) -> Croissant:
        """Describe a dataset (``31``, ``openml:31`` or an IRI) in Croissant; see :mod:`metakg.croissant`.

        Raises
        ------
        QueryError
            If the graph does not know the dataset.
        """
        from metakg.croissant import croissant_of_dataset

        return croissant_of_dataset(self.store, dataset)

    def rdflib(self) -> rdflib.Dataset:
        """The graph as an rdflib dataset, to read."""
        return self.store.dataset()


def source_of(given: Any, options: dict[str, Any]) -> Source:
    """Source that is given by its name, by what it reads, or as it is.

    Raises
    ------
    SourceError
        If there is no such source, or it takes no such option.
    """
    from ingest import Source, find_source, source_for, source_resolver

    if isinstance(given, Source):
        if options:
            raise SourceError(f"options {', '.join(options)} are for a source that is given by its name")
        return given
    if isinstance(given, str) and given not in source_resolver.options:
        path = Path(given)
        if path.exists():
            return source_for(path, **options)
        if path.suffix or len(path.parts) > 1:
            raise SourceError(f"there is no file or folder {given}: check the path")
    return find_source(given, **options) if isinstance(given, str) else source_for(given, **options)


def _moment(given: str) -> str:
    from kg.selection import moment

    try:
        return moment(given)
    except ValueError as error:
        raise QueryError(
            f"{given!r} is neither a version nor a time: write 3, 2026-11-01 or 2026-11-01T12:00Z"
        ) from error
