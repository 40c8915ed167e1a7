"""Which runs of the graph can be published to OpenML, which were, and why others cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg import iris
from kg.errors import PublishError, QueryError
from kg.pipeline import Pipeline
from kg.terms import IRI
from metakg import queries
from metakg.explanation import whole_iri
from metakg.publication import Candidate

if TYPE_CHECKING:
    from ingest.openml_connection import Server
    from kg.store import Store

__all__ = ["candidates"]

_OPENML_TASK = iris.OPENML + "task/"
_AT_ONCE = 500
"""Runs that one query lists: those with thousands of IRIs are slow to parse."""


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
    found: dict[str, list[dict[str, Any]]] = {}
    names = list(wanted)
    for start in range(0, len(names), _AT_ONCE):
        part = names[start : start + _AT_ONCE]
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
