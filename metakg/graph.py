"""The knowledge graph as people use it: one object that joins store, sources, embeddings and recommender.

>>> import metakg, tempfile
>>> kg = metakg.open(tempfile.mkdtemp() + "/store")
>>> kg.exists
False
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal

from kg import iris, open_store
from kg.errors import ModelError, QueryError, SourceError
from kg.remote_settings import cache_folder, is_url
from kg.store import Commit, Store
from kg.terms import IRI, Value

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import polars as pl
    import rdflib

    from embeddings.table import Task
    from ingest import IngestReport, Source
    from ingest.quarantine import Held
    from ingest.rdf import RdfReport
    from kg.batch import Batch
    from kg.communities import Communities
    from kg.experience import Experience
    from kg.export import Export, Format
    from kg.history import CommitInfo, Difference
    from kg.manifest import GraphInfo
    from kg.query_process import QueryProcesses
    from kg.questions import Question
    from kg.result import Result
    from kg.selection import Selection
    from kg.transfer import Pushed
    from kg.validation import Engine
    from kg.violations import Report
    from metakg.crate import Crate
    from metakg.croissant import Croissant
    from metakg.explanation import Explanation
    from metakg.models import ModelCard, Models
    from metakg.neighbours import Neighbours
    from metakg.recommendation import Recommendation
    from metakg.recommending import Advice
    from metakg.status import Status
    from metakg.training import Progress, Recipe
    from recommender.model import RecommenderModel

__all__ = ["DEFAULT_LOCATION", "KnowledgeGraph", "default_location"]

DEFAULT_LOCATION = "metakg-store"


def default_location() -> str:
    """Store that is used when none is named: ``METAKG_STORE``, or ``metakg-store`` in the current folder."""
    return os.environ.get("METAKG_STORE") or DEFAULT_LOCATION


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


class KnowledgeGraph:
    """A knowledge graph of machine-learning experiments; a context manager.

    The store is opened when it is first needed; :meth:`ingest` and :meth:`create` make it if it is not there.

    Parameters
    ----------
    location
        Folder of the store, or URL of an endpoint; :func:`default_location` if left out.
    read_only
        Refuse everything that writes to the graph.
    say
        Told in single lines what takes long or could not be kept; writes to stderr if left out.

    Attributes
    ----------
    name
        The store as it was named: a folder or a URL.
    location
        Folder of the store; for an endpoint the local one for what is derived from it.
    remote
        Whether the store is behind an endpoint.
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        *,
        read_only: bool = False,
        say: Callable[[str], None] = _to_stderr,
    ) -> None:
        place = default_location() if location is None else location
        self.remote = is_url(place)
        self.location = cache_folder(str(place)) if self.remote else Path(place)
        self.name = str(place) if self.remote else str(self.location)
        self.read_only = read_only
        self._say = say
        self._opened: Store | None = None
        self._kept_models: Models | None = None
        self._kept_experience: tuple[int, Experience] | None = None
        self._kept_processes: QueryProcesses | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"KnowledgeGraph({self.name!r})"

    @property
    def exists(self) -> bool:
        """Whether there is anything at the location; an endpoint is taken to be there."""
        return self.remote or self.location.exists()

    @property
    def store(self) -> Store:
        """The store, opened when first used.

        Raises
        ------
        StoreError
            If there is none at the location, or it cannot be used.
        """
        if self._opened is None:
            self._opened = open_store(self.name, read_only=self.read_only)
        return self._opened

    def create(self) -> bool:
        """Make an empty store if there is none; returns whether one was made.

        Raises
        ------
        StoreError
            If the place is taken or cannot be written.
        """
        made = not self.remote and not (self.location / "store.json").exists()
        if self._opened is None:
            self._opened = open_store(self.name, create=not self.read_only, read_only=self.read_only)
        return made

    def close(self) -> None:
        """Let go of the store; the object opens it again when it is used again."""
        if self._kept_processes is not None:
            self._kept_processes.close()
            self._kept_processes = None
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        self._kept_models = None
        self._kept_experience = None

    def refresh(self) -> None:
        """Read the newest version of the graph from now on."""
        self.store.refresh()

    # What goes in

    def ingest(
        self,
        source: str | os.PathLike[str] | Source,
        *,
        validate: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
        **options: Any,
    ) -> IngestReport | RdfReport:
        """Read a source into its named graph; doing so again changes nothing.

        Parameters
        ----------
        source
            Name of a source (``oboe``, ``lcdb``, ...), a source, or the path of an RDF file (see :meth:`ingest_rdf`).
        validate
            Check the tables of a source first; RDF is always checked.
        progress
            Told what is being done, units done, and units in all.
        options
            Given to a source that is named, such as ``path``, or to :meth:`ingest_rdf`.

        Raises
        ------
        GateError
            If something breaks a rule; nothing is written.
        SourceError
            If the source is unknown or cannot be read.
        StoreError
            If the store cannot be written.
        """
        from ingest import find_source, ingest
        from ingest.gate import check_source
        from kg.rdf_file import is_rdf_path

        if isinstance(source, str | os.PathLike):
            if is_rdf_path(source):
                return self.ingest_rdf(source, progress=progress, **options)
            source = find_source(os.fspath(source), **options)
        elif options:
            raise SourceError(f"options {', '.join(options)} are for a source that is given by its name")
        if validate:
            check_source(source, progress)
        self.create()
        return ingest(self.store, source, progress)

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

        self.create()
        return ingest_rdf(self.store, path, progress=progress, **options)

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

    def status(self) -> Status:
        """What the graph holds, where from, and whether there is a trained model of it."""
        from metakg.status import status_of

        return status_of(self)

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

    # What answers

    def experience(
        self, *, as_of: str | date | None = None, exclude_sources: Sequence[str] = ()
    ) -> Experience:
        """Columnar projection of all runs, cached beside the store, or of those that :meth:`selection` leaves.

        Raises
        ------
        QueryError
            If a source or the date is not known, or nothing is left.
        """
        from kg import experience

        if as_of is not None or exclude_sources:
            selection = self.selection(as_of=as_of, exclude_sources=exclude_sources)
            return experience.load(self.store, selection=selection)
        if self._kept_experience is None or self._kept_experience[0] != self.store.version:
            self._kept_experience = (self.store.version, experience.load(self.store))
        return self._kept_experience[1]

    def leaderboard(
        self,
        dataset: str | int | None = None,
        *,
        measure: str = "one_vs_rest_balanced_accuracy",
        procedure: str = "5-fold-cv",
        top: int = 10,
    ) -> pl.DataFrame:
        """Pipelines that did best on a dataset, or on the mean over all datasets.

        Parameters
        ----------
        dataset
            ``31``, ``openml:31`` or an IRI; all datasets if left out.
        measure, procedure
            Keys or IRIs.
        top
            Number of rows.

        Returns
        -------
        Columns of :meth:`kg.experience.Experience.best`, or of :meth:`kg.experience.Experience.leaderboard`.

        Raises
        ------
        QueryError
            If the measure is unknown, or the dataset is not in the graph.
        """
        from kg.questions import KINDS

        if dataset is None:
            return self.experience().leaderboard(measure, procedure, top)
        found = KINDS["dataset"](self.store, str(dataset))
        return self.experience().best(str(found), measure, procedure, top)

    @property
    def models(self) -> Models:
        """Trained models of this store."""
        from metakg.models import Models

        if self._kept_models is None:
            folder = self.store.folder
            self._kept_models = Models(folder / "models" if folder is not None else None, self._say)
        return self._kept_models

    def selection(
        self,
        exclude_datasets: Sequence[str | int] = (),
        *,
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
    ) -> Selection:
        """What is left of the graph.

        Parameters
        ----------
        exclude_datasets
            Datasets that are left out, with all that the graphs that are left state to be the same.
        as_of
            Time after which nothing counts: a date (its end, in UTC) or an ISO time. Named graphs that came in later
            are left out, and of projects the runs that started later.
        exclude_sources
            Sources whose named graphs are left out: ``lcdb``, ``lcdb 0.1.0``, or the IRI of a graph.

        Raises
        ------
        QueryError
            If a dataset, source or date is not known, or nothing is left.
        """
        from kg.selection import select

        graphs = select(self.store, as_of=as_of, exclude_sources=exclude_sources)
        return replace(graphs, exclude_datasets=self.same_datasets(exclude_datasets, graphs))

    def recipe(
        self,
        exclude_datasets: Sequence[str | int] = (),
        *,
        seed: int = 0,
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
    ) -> Recipe:
        """What decides the model that answers on what :meth:`selection` leaves of this version of the graph."""
        from kg import experience
        from metakg.training import Recipe

        chosen = self.selection(exclude_datasets, as_of=as_of, exclude_sources=exclude_sources)
        return Recipe(experience.experience_version(self.store, chosen), chosen, seed)

    def same_datasets(
        self, names: Sequence[str | int], selection: Selection | None = None
    ) -> tuple[str, ...]:
        """IRIs of datasets (``31``, ``openml:31`` or an IRI) and of all that are stated to be the same, sorted.

        Raises
        ------
        QueryError
            If a name is neither an OpenML id nor an IRI.
        """
        from metakg import queries

        found = {
            str(other)
            for name in names
            for (other,) in queries.run(
                self.store, "same_as", selection, dataset=IRI(iris.dataset_iri(name))
            ).rows()
        }
        return tuple(sorted(found | {iris.dataset_iri(name) for name in names}))

    def embed(
        self,
        exclude_datasets: Sequence[str | int] = (),
        *,
        seed: int = 0,
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> ModelCard:
        """Train the PyKEEN model and the recommender on this version of the graph, unless that is done.

        Parameters
        ----------
        exclude_datasets, as_of, exclude_sources
            What the model must not see; see :meth:`selection`.
        seed
            Of the fit.
        progress
            Called as ``progress(stage, share of the stage that is done)``.

        Raises
        ------
        QueryError
            If a dataset, source or date is not known, or nothing is left.
        ModelError
            If the graph holds too little to learn from.
        """
        recipe = self.recipe(exclude_datasets, seed=seed, as_of=as_of, exclude_sources=exclude_sources)
        for note in recipe.selection.notes:
            self._say(f"note: {note}")
        return self._trained(recipe, progress)[0]

    def _trained(self, recipe: Recipe, progress: Progress | None) -> tuple[ModelCard, RecommenderModel]:
        from kg import experience

        def selected() -> Experience:
            return experience.load(self.store, selection=recipe.selection)

        return self.models.get(recipe, selected, progress=progress)

    def _advice(self, recipe: Recipe, progress: Progress | None) -> Advice:
        from metakg.recommending import Advice

        card, model = self._trained(recipe, progress)
        return Advice(self.store, card, model, recipe.selection)

    def recommend(
        self,
        table: str | os.PathLike[str] | pd.DataFrame,
        target: str,
        *,
        top: int = 10,
        task: Task | None = None,
        exclude_datasets: Sequence[str | int] = (),
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
        budget_seconds: float | None = None,
        store_evidence: bool = True,
        progress: Progress | None = None,
    ) -> Recommendation:
        """Pipelines to try on a table, ranked, with the evidence.

        Parameters
        ----------
        table
            Path of a CSV or Parquet file, or a data frame; the target is one of its columns.
        target
            Name of the target column.
        top
            Number of pipelines, chosen together.
        task
            ``classification`` or ``regression``; found out from the target if left out.
        exclude_datasets, as_of, exclude_sources
            What may be neither trained on nor used as evidence; see :meth:`selection`.
        budget_seconds
            Time in which all recommended pipelines together are expected to be cross-validated.
        store_evidence
            Keep the recommendation in the graph, so that it can be explained later.
        progress
            Called as ``progress(stage, share done)`` if a model has to be trained.

        Raises
        ------
        TableError
            If the table cannot be used, or asks for regression.
        QueryError
            If a dataset, source or date is not known, or nothing is left.
        ModelError
            If the graph holds too little to learn from.
        """
        from metakg.evidence import keep
        from metakg.recommending import prepared

        if top < 1:
            raise ModelError(f"top is {top}: ask for at least one pipeline")
        recipe = self.recipe(exclude_datasets, as_of=as_of, exclude_sources=exclude_sources)
        subject = prepared(_path(table), target, task=task, store=self.store)
        advice = self._advice(recipe, progress)
        answer = advice.recommend(subject, top=top, budget_seconds=budget_seconds)
        if store_evidence and answer.items:
            reason = keep(answer, self.store)
            if reason:
                self._say(f"the recommendation was not kept in the graph: {reason}")
        return answer

    def similar(
        self,
        subject: str | int | os.PathLike[str] | pd.DataFrame,
        target: str | None = None,
        *,
        top: int = 10,
        exclude_datasets: Sequence[str | int] = (),
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Neighbours:
        """Datasets on which pipelines are expected to rank as on this one.

        Parameters
        ----------
        subject
            A dataset of the graph (``31``, ``openml:31`` or an IRI), the path of a table, or a data frame.
        target
            Target column of a table; guessed, with a note, if left out.
        top
            Number of neighbours.
        exclude_datasets, as_of, exclude_sources
            What may not be used; see :meth:`selection`.
        progress
            Called as ``progress(stage, share done)`` if a model has to be trained.

        Raises
        ------
        TableError
            If a table cannot be used.
        QueryError
            If the graph has no runs on a dataset, a source or date is not known, or nothing is left.
        """
        from metakg.similar import similar

        recipe = self.recipe(exclude_datasets, as_of=as_of, exclude_sources=exclude_sources)

        def advice() -> Advice:
            return self._advice(recipe, progress)

        return similar(_path(subject), target, top=top, store=self.store, advice=advice)

    # Questions

    def sparql(
        self,
        query: str,
        *,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        allow_services: Sequence[str] = (),
        **bindings: Value,
    ) -> Result:
        """Answer of a SPARQL query that reads; ``bindings`` are values of its variables.

        Parameters
        ----------
        query
            Text of the query.
        max_rows
            At most so many rows are read; ``Result.truncated`` tells whether there were more.
        timeout_seconds
            Answer in a process of its own, which is ended after that time (``math.inf`` for never) or when it needs
            too much memory: for the text of people whom one cannot ask. A server keeps to its own limits.
        allow_services
            Hosts (``HOST`` or ``HOST:PORT``) that ``SERVICE <http://HOST/...>`` may call.

        Raises
        ------
        QueryError
            If the query does not parse, would write, would reach the network, or takes too long.
        """
        if timeout_seconds is None and not allow_services:
            return self.store.query(query, bindings=bindings, limit=max_rows)
        return self._query_processes().query(
            query,
            bindings=bindings,
            limit=max_rows,
            timeout_seconds=math.inf if timeout_seconds is None else timeout_seconds,
            allowed_services=allow_services,
        )

    def _query_processes(self) -> QueryProcesses:
        from kg.query_process import QueryProcesses

        with self._lock:
            if self._kept_processes is None:
                self._kept_processes = QueryProcesses(self.store)
            return self._kept_processes

    def ask(self, question: str, **parameters: Value) -> Result:
        """Answer of a shipped question; ``kg.questions.names()`` lists them.

        Raises
        ------
        QueryError
            If there is no such question or parameter.
        """
        from kg import questions

        return questions.ask(self.store, question, **parameters)

    def questions(self) -> list[Question]:
        """Shipped questions, with their parameters and their SPARQL."""
        from kg import questions

        return [questions.load(name) for name in questions.names()]

    def question_text(self, question: str, **parameters: Value) -> str:
        """SPARQL of a shipped question with its parameters in it, to be read, changed and asked.

        Raises
        ------
        QueryError
            If there is no such question or parameter, or a value is not in the graph.
        """
        from kg import questions

        return questions.phrase(self.store, question, **parameters)

    def explain(self, thing: str) -> Explanation:
        """What the graph knows about a recommendation, run, dataset or pipeline.

        Raises
        ------
        QueryError
            If the graph does not know it.
        """
        from metakg.explanation import explain

        return explain(self.store, thing)

    def network(self, thing: str | int, *, hops: int = 1, max_nodes: int = 200) -> nx.MultiDiGraph:
        """Surroundings of a thing as a networkx graph; see :func:`kg.network.neighbourhood`.

        Raises
        ------
        QueryError
            If the graph does not know the thing.
        """
        from kg import network
        from metakg.explanation import whole_iri

        return network.neighbourhood(self.store, whole_iri(thing), hops=hops, max_nodes=max_nodes)

    def paths(
        self, start: str | int, end: str | int, *, count: int = 3, max_nodes: int = 20_000
    ) -> nx.MultiDiGraph:
        """How two things are connected, as a networkx graph; see :func:`kg.paths.paths`.

        Raises
        ------
        QueryError
            If the graph does not know one of them, or both are the same.
        """
        from kg import paths
        from metakg.explanation import whole_iri

        return paths.paths(self.store, whole_iri(start), whole_iri(end), count=count, max_nodes=max_nodes)

    def communities(
        self,
        of: Literal["datasets", "pipelines"] = "datasets",
        *,
        measure: str | None = None,
        procedure: str | None = None,
        max_nodes: int = 1000,
        seed: int = 0,
    ) -> Communities:
        """Datasets on which pipelines rank alike, or pipelines that rank alike; see :mod:`kg.communities`.

        Parameters
        ----------
        of
            What is grouped.
        measure, procedure
            Keys or IRIs; those that recommendations rest on if left out.
        max_nodes
            Things to group at most.
        seed
            Of the Louvain method.

        Raises
        ------
        QueryError
            If nothing was measured so.
        """
        from kg.communities import communities
        from kg.measures import measure_of
        from metakg.training import MEASURE, PROCEDURE

        return communities(
            self.experience(),
            measure_of(measure).iri if measure else MEASURE,
            procedure or PROCEDURE,
            of=of,
            max_nodes=max_nodes,
            seed=seed,
        )

    # What goes out

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

        return export(self.store, _path(target), form, graphs=graphs, progress=progress)

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

        return export_crate(self.store, recommendation, _path(target))

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


def _moment(given: str) -> str:
    from kg.selection import moment

    try:
        return moment(given)
    except ValueError as error:
        raise QueryError(
            f"{given!r} is neither a version nor a time: write 3, 2026-11-01 or 2026-11-01T12:00Z"
        ) from error


def _path(subject: Any) -> Any:
    return os.fspath(subject) if isinstance(subject, os.PathLike) else subject
