"""Runs of the graph, published to OpenML: which can be, which were, and carrying it out.

What was published is stated in a named graph of its own, so that it lasts when the run's source is ingested again: the
run is ``prov:alternateOf`` OpenML's, which was computed anew on the task's official splits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from kg import iris
from kg.batch import Manifest
from kg.errors import PublishError, QueryError
from kg.pipeline import Pipeline
from kg.terms import IRI
from kg.vocabulary import PROV, XSD
from metakg import queries
from metakg.explanation import iris_in_short, whole_iri

if TYPE_CHECKING:
    from ingest.openml_connection import Connection, Server
    from ingest.openml_upload import Prepared, Rerun, TaskInfo
    from kg.store import Store

__all__ = ["MANIFEST", "Candidate", "Publication", "candidates", "publish"]

MANIFEST = Manifest(
    source="published",
    version="openml",
    title="runs of this store that were published to OpenML",
    licence="CC0-1.0",
    derived_from=iris.own("agent", "metakg"),
)

_OPENML_TASK = iris.OPENML + "task/"


@dataclass(frozen=True)
class Candidate:
    """A run that somebody wants to be published, as far as the graph knows it.

    Attributes
    ----------
    task
        Number of the OpenML task to run it on; None if it cannot be published.
    scores
        What was logged, by measure, and by which ``procedure``.
    refusal
        Why it cannot be published.
    published
        IRI of the run that was published of it before.
    """

    run: str
    title: str = ""
    pipeline: Pipeline | None = None
    dataset: int | None = None
    dataset_name: str | None = None
    task: int | None = None
    seed: int = 0
    procedure: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    refusal: str | None = None
    published: str | None = None

    @property
    def open(self) -> bool:
        """Whether there is something to be done."""
        return self.refusal is None and self.published is None


@dataclass(frozen=True)
class Publication:
    """What became of a candidate.

    Attributes
    ----------
    state
        ``published`` now; ``known`` (published before, or OpenML has the very run); ``ready`` (of a dry run);
        ``refused``, for the reason in ``why``.
    published
        IRI of the run at OpenML.
    official
        Mean over the folds of the official splits, by measure.
    """

    candidate: Candidate
    state: Literal["published", "known", "ready", "refused"]
    why: str = ""
    published: str | None = None
    task: TaskInfo | None = None
    prepared: Prepared | None = None
    official: Mapping[str, float] = field(default_factory=dict)

    def to_text(self) -> str:
        """Lines for people."""
        about = self.candidate
        ending = {
            "published": f"published as {self.published}",
            "known": f"published already: {self.published}",
            "ready": "can be published",
            "refused": f"not published: {self.why}",
        }
        lines = [f"{iris_in_short(about.run)}: {ending[self.state]}"]
        facts: list[tuple[str, str]] = [("pipeline", about.title)] if about.title else []
        if self.task:
            facts.append(
                (
                    "task",
                    f"{self.task.number} ({self.task.dataset_name}, {self.task.target}; {self.task.procedure})",
                )
            )
        if self.prepared:
            known = {None: "", 0: " (new)"}.get(self.prepared.flow_id, f" (flow {self.prepared.flow_id})")
            facts.append(("flow", f"{self.prepared.flow_name}{known}"))
            if self.state == "ready":
                facts += [("setting", f"{name} = {value}") for name, value in self.prepared.settings.items()]
        if self.official:
            facts += [("score", text) for text in self._scores()]
        return "\n".join([*lines, *(f"  {name:<9} {text}" for name, text in facts)])

    def _scores(self) -> Iterator[str]:
        logged, by = self.candidate.scores, self.candidate.procedure
        for name, value in self.official.items():
            if name in logged:
                yield f"{name}: {logged[name]:.4f} logged ({by}), {value:.4f} on the official splits"
        rest = [name for name in logged if name not in self.official]
        if rest:
            yield f"not computed on the official splits: {', '.join(rest)}"
        if not set(logged) & set(self.official):
            yield f"accuracy: {self.official['accuracy']:.4f} on the official splits"


def candidates(
    store: Store,
    runs: Sequence[str] = (),
    *,
    project: str | None = None,
    task: int | None = None,
    server: Server,
) -> list[Candidate]:
    """Look the runs up, and those of a project; nothing outside the graph is asked.

    Parameters
    ----------
    runs
        IRIs or keys.
    project
        Source or version by which a graph of tracked runs is named.
    task
        Number of the OpenML task to run them on; without it, the run's own, or the one that the graph knows for its
        dataset.
    server
        Where they are to be published: what was published on another one does not count.

    Raises
    ------
    QueryError
        If there is no such run or project.
    """
    wanted = dict.fromkeys([*map(whole_iri, runs), *_of_project(store, project)])
    if not wanted:
        raise QueryError(
            "no run is named" if project is None else f"project {project!r} holds no run: log one first"
        )
    # One after the other, in parts: a query that lists thousands of IRIs is slow to parse.
    found: dict[str, list[dict[str, Any]]] = {}
    names = list(wanted)
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        result = store.query(queries.with_values("publishable", {"run": part}, {}))
        for row in result.rows():
            found.setdefault(str(row[0]), []).append(dict(zip(result.variables, row, strict=True)))
    missing = [run for run in runs if whole_iri(run) not in found]
    if missing:
        raise QueryError(
            f"the graph knows no run {missing[0]}: `metakg query` with `SELECT ?run WHERE {{ ?run a "
            "<http://www.w3.org/ns/mls#Run> }` lists them"
        )
    return [_candidate(store, rows[0], task, server) for rows in found.values()]


def _of_project(store: Store, project: str | None) -> list[str]:
    if project is None:
        return []
    projects = [info for info in store.graphs() if info.kind == "project"]
    named = [
        info
        for info in projects
        if project in (info.version, info.source, f"{info.source} {info.version}", info.iri)
    ]
    if not named:
        known = ", ".join(f"{info.source} {info.version}" for info in projects) or "none yet"
        raise QueryError(f"there is no project {project!r}; projects: {known}")
    return [
        str(row[0])
        for info in named
        for row in queries.run(store, "runs_of_graph", graph=IRI(info.iri)).rows()
    ]


def _candidate(store: Store, row: Mapping[str, Any], task: int | None, server: Server) -> Candidate:
    run, dataset = str(row["run"]), str(row["dataset"])
    measures: Iterator[tuple[Any, ...]] = queries.run(store, "run_values", run=IRI(run)).rows()
    known = Candidate(
        run=run,
        title=str(row["pipelineTitle"]),
        pipeline=Pipeline.from_canonical(str(row["canonical"])),
        dataset=_openml_dataset(store, dataset),
        dataset_name=None if row["title"] is None else str(row["title"]),
        seed=int(row["seed"] or 0),
        procedure=str(row["procedure"]).removeprefix(iris.procedure("")),
        scores={str(name).removeprefix(iris.measure("")): float(value) for name, value in measures},
    )
    if run.startswith(iris.OPENML):
        return replace(known, refusal="it is OpenML's own")
    others = (str(other) for (other,) in queries.run(store, "published_as", run=IRI(run)).rows())
    if before := next((other for other in others if other.startswith(server.runs)), None):
        return replace(known, published=before)
    try:
        return replace(known, task=_task_number(store, row, known, task, server))
    except PublishError as error:
        return replace(known, refusal=str(error))


def _openml_dataset(store: Store, dataset: str) -> int | None:
    """Its number, or the number of the one dataset of OpenML that it is stated to be the same as."""
    own = iris.openml_id(dataset)
    if own is not None:
        return own
    others = {
        iris.openml_id(str(other)) for (other,) in queries.run(store, "one_with", dataset=IRI(dataset)).rows()
    } - {None}
    return others.pop() if len(others) == 1 else None


def _task_number(
    store: Store, row: Mapping[str, Any], known: Candidate, task: int | None, server: Server
) -> int:
    """Number of the task to run it on, or why there is none."""
    status = row["status"] or "finished"
    if status != "finished":
        raise PublishError(f"it is {status}: only finished runs are published")
    if row["type"] != "classification":
        raise PublishError(f"its task is {row['type']}: only classification can be published")
    if server.official and known.dataset is None:
        raise PublishError(
            f"its dataset {row['dataset']} is not OpenML's: state the dataset as owl:sameAs one of OpenML's"
        )
    if task is not None:
        return task
    if not server.official:
        raise PublishError(
            f"{server.site} numbers its tasks on its own: name one of its tasks with --task (task=)"
        )
    own = str(row["task"])
    if own.startswith(_OPENML_TASK):
        return int(own.removeprefix(_OPENML_TASK))
    dataset = iris.openml_dataset(known.dataset or 0)
    listed = [
        str(found).removeprefix(_OPENML_TASK)
        for (found,) in queries.run(
            store, "tasks_of_dataset", dataset=IRI(dataset), type=str(row["type"])
        ).rows()
        if str(found).startswith(_OPENML_TASK)
    ]
    if len(listed) == 1:
        return int(listed[0])
    page = f"https://www.openml.org/search?type=task&source_data.data_id={known.dataset}"
    if listed:
        raise PublishError(
            f"OpenML's tasks {', '.join(listed)} fit its dataset: name one with --task (task=)"
        )
    raise PublishError(f"it was not logged for a task of OpenML: find one at {page} and name it with --task")


def publish(
    store: Store,
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
    """Publish runs one after the other; each is recorded before the next begins.

    Parameters as for :meth:`metakg.graph.KnowledgeGraph.publish`.

    Raises
    ------
    PublishError
        If there is no API key, or the next run would fail alike: no answer, no valid key. Publish again to go on.
    QueryError
        If there is no such run or project.
    StoreError
        If the store cannot be written; the last run was published then, and is found when publishing again.
    """
    from ingest.openml_connection import KEY_PAGE, KEY_VARIABLE, OFFICIAL, Server, connected, key_from

    target = Server(server or OFFICIAL)
    chosen = candidates(store, runs, project=project, task=task, server=target)
    waiting = sum(candidate.open for candidate in chosen)
    key = ""
    if waiting:
        key = key_from(apikey_from)
        if not key and not dry_run:
            raise PublishError(
                f"there is no API key: get one from {KEY_PAGE} and put it into the environment variable {KEY_VARIABLE}"
            )
        if not dry_run and agree is not None and not agree(waiting, target.site):
            return
    if not waiting:
        yield from map(_settled, chosen)
        return
    with connected(target, key, timeout=timeout) as connection:
        yield from _publish_all(store, chosen, connection, dry_run, progress)


def _settled(candidate: Candidate) -> Publication:
    """What the graph alone says of a candidate to which nothing is to be done."""
    if candidate.published:
        return Publication(candidate, "known", published=candidate.published)
    return Publication(candidate, "refused", candidate.refusal or "")


def _publish_all(
    store: Store,
    chosen: Sequence[Candidate],
    connection: Connection,
    dry_run: bool,
    progress: Callable[[str, int, int], None] | None,
) -> Iterator[Publication]:
    done = 0
    tasks: dict[int, TaskInfo | PublishError] = {}
    for number, candidate in enumerate(chosen):
        if progress:
            progress("publishing", number, len(chosen))
        try:
            outcome = (
                _publish_one(store, candidate, connection, tasks, dry_run)
                if candidate.open
                else _settled(candidate)
            )
        except PublishError as error:
            if error.fatal:
                after = (
                    "" if dry_run else f"; {done} published before it, and recorded: publish again to go on"
                )
                raise PublishError(f"{iris_in_short(candidate.run)}: {error}{after}", fatal=True) from error
            outcome = Publication(candidate, "refused", str(error))
        done += outcome.state == "published"
        yield outcome
    if progress:
        progress("publishing", len(chosen), len(chosen))


def _publish_one(
    store: Store,
    candidate: Candidate,
    connection: Connection,
    tasks: dict[int, TaskInfo | PublishError],
    dry_run: bool,
) -> Publication:
    from ingest import openml_upload

    assert candidate.task is not None
    assert candidate.pipeline is not None
    server = connection.server
    task = _task(connection, candidate.task, tasks)
    _check_dataset(candidate, task, server)
    prepared = openml_upload.prepare(connection, candidate.pipeline, task, candidate.seed)
    there = openml_upload.existing(connection, prepared)
    if there is not None:
        if not dry_run:
            _record(store, candidate.run, there, server)
        return Publication(candidate, "known", "", server.run(there), task, prepared)
    rerun: Rerun = openml_upload.rerun(connection, prepared)
    if dry_run:
        return Publication(candidate, "ready", "", None, task, prepared, rerun.scores)
    number = openml_upload.upload(connection, rerun)
    _record(store, candidate.run, number, server)
    return Publication(candidate, "published", "", server.run(number), task, prepared, rerun.scores)


def _task(connection: Connection, number: int, tasks: dict[int, TaskInfo | PublishError]) -> TaskInfo:
    """The task, fetched once."""
    from ingest.openml_upload import task_of

    if number not in tasks:
        try:
            tasks[number] = task_of(connection, number)
        except PublishError as error:
            if error.fatal:
                raise
            tasks[number] = error
    found = tasks[number]
    if isinstance(found, PublishError):
        raise found
    return found


def _check_dataset(candidate: Candidate, task: TaskInfo, server: Server) -> None:
    """Refuse a task on another dataset; other servers than OpenML's own are compared by name."""
    if server.official:
        same = candidate.dataset == task.dataset
        ours = f"OpenML dataset {candidate.dataset}"
    else:
        same = (candidate.dataset_name or "").casefold() == task.dataset_name.casefold()
        ours = f"dataset {candidate.dataset_name!r}"
    if not same:
        raise PublishError(
            f"task {task.number} is on dataset {task.dataset} ({task.dataset_name}), the run on {ours}: "
            "name a task on the run's dataset with --task (task=)"
        )


def _record(store: Store, run: str, number: int, server: Server) -> None:
    """State that the run was published: OpenML's is an alternate of it, not the same (it has other splits)."""
    import pyoxigraph as ox

    published = ox.NamedNode(server.run(number))
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    triples = [
        ox.Triple(ox.NamedNode(run), ox.NamedNode(f"{PROV}alternateOf"), published),
        ox.Triple(published, ox.NamedNode(f"{PROV}atLocation"), ox.NamedNode(f"{server.site}/r/{number}")),
        ox.Triple(
            published,
            ox.NamedNode(f"{PROV}generatedAtTime"),
            ox.Literal(now, datatype=ox.NamedNode(f"{XSD}dateTime")),
        ),
    ]
    store.add(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"", MANIFEST)
