"""Runs of the graph, published to OpenML one after the other, and recorded.

What was published is stated in a named graph of its own, so that it lasts when the run's source is ingested again: the
run is ``prov:alternateOf`` OpenML's, which was computed anew on the task's official splits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg import iris
from kg.batch import Manifest
from kg.errors import PublishError
from kg.vocabulary import PROV, XSD
from metakg.explanation import iris_in_short
from metakg.publication import Candidate, Publication
from metakg.publishable import candidates

if TYPE_CHECKING:
    from ingest.openml_connection import Connection, Server
    from ingest.openml_upload import TaskInfo
    from kg.store import Store

__all__ = ["MANIFEST", "publish"]

MANIFEST = Manifest(
    source="published",
    version="openml",
    title="runs of this store that were published to OpenML",
    licence="CC0-1.0",
    derived_from=iris.own("agent", "metakg"),
)


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
    rerun = openml_upload.rerun(connection, prepared)
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
