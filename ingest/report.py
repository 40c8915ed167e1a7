"""Writing a source to a store, and the report of what was read, written and left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from ingest.source import LeftOut, Rejected, Source
from kg.batch import Batch, content_hash, hash_sum
from kg.errors import SourceError
from kg.store import Commit, Progress, Store

__all__ = ["IngestReport", "ingest", "told_links"]

_SHOWN = 20
"""Rows that are wrong that a report lists."""

_RUNS_AT_ONCE = 1_500_000
"""Runs in one commit of a streamed source: an interruption loses less than two minutes, and the engine, which sorts
each commit into files of its own, has fewer of them to merge."""


@dataclass(frozen=True)
class IngestReport:
    """What :func:`ingest` did.

    Attributes
    ----------
    source, title, graph
        Name and title of the source, IRI of its named graph.
    read, written
        Rows by table (datasets, qualities, tasks, pipelines, runs, evaluations); ``written`` is 0 throughout
        if nothing changed.
    left_out
        What was read and does not go into the graph, with the reason: where something is written,
        read = written + left out.
    rejected
        The first rows that are wrong, by their places, if the source was to keep going without them.
    changed
        False if the store already held the very same content.
    quads
        Quads written.
    store_version
        Version of the store afterwards.
    linked
        Datasets that are one with others, as came out with what was read, each pair with the reason.
    """

    source: str
    title: str
    graph: str
    read: dict[str, int]
    written: dict[str, int]
    left_out: tuple[LeftOut, ...]
    rejected: tuple[Rejected, ...]
    changed: bool
    quads: int
    store_version: int
    linked: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Lines for people."""
        if self.changed:
            counts = ", ".join(f"{count:,} {table}" for table, count in self.written.items() if count)
            lines = [f"{self.source}: {counts} ({self.quads:,} quads)"]
        else:
            counts = ", ".join(f"{count:,} {table}" for table, count in self.read.items() if count)
            lines = [f"{self.source}: already there: nothing changed ({counts} read)"]
        lines += [f"  left out: {item.count:,} {item.what} ({item.why})" for item in self.left_out]
        lines += [f"    {item.place}: {item.why}" for item in self.rejected[:_SHOWN]]
        if len(self.rejected) > _SHOWN:
            lines.append(f"    and {len(self.rejected) - _SHOWN:,} more")
        lines += told_links(self.linked)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return asdict(self)


def told_links(linked: Sequence[str]) -> list[str]:
    """Lines for people about datasets that turned out to be one with others."""
    if not linked:
        return []
    number = f"{len(linked):,} pair{'s' if len(linked) > 1 else ''} of datasets"
    lines = [f"  linked: {number} certainly one (`metakg link --decided` lists all, --undo takes one back)"]
    lines += [f"    {each}" for each in linked[:_SHOWN]]
    return lines + ([f"    and {len(linked) - _SHOWN:,} more"] if len(linked) > _SHOWN else [])


def ingest(store: Store, source: Source, progress: Progress | None = None) -> IngestReport:
    """Write a source to its named graph; doing so again changes nothing.

    A source of one batch is one commit. One of several is appended batch by batch: interrupted, it stays
    unfinished until it is ingested again, which goes on where it was. One that writes by itself does so.

    Parameters
    ----------
    store
        Open for writing.
    source
        Such as ``find_source("oboe")``.
    progress
        Told what is being done, units done, and units in all.

    Raises
    ------
    SourceError
        If the source cannot be read, its graph is of another file or folder of that name, or the store does not hold
        what was passed on.
    StoreError
        If the store cannot be written; it is then as it was.
    """
    if (written := source.write(store, progress)) is not None:
        return written
    batches = source.batches(progress)
    first, second = next(batches, None), next(batches, None)
    if first is None:
        raise SourceError(f"source {source.name!r} has no experiments: nothing was written")
    _check_place(store, first)
    if second is None:
        commit = store.commit(first, progress=progress)
    else:
        commit = _stream(store, source, chain((first, second), batches), progress)
    passed = source.passed
    held = next(info.counts for info in store.graphs() if info.iri == commit.graph)
    for table, count in passed.items():
        if held.get(table, 0) != count:
            raise SourceError(
                f"source {source.name!r}: {count} {table} were passed on, {held.get(table, 0)} are in "
                f"{commit.graph}: remove the graph and ingest it again"
            )
    return IngestReport(
        source=source.name,
        title=source.title,
        graph=commit.graph,
        read=dict(source.tally.counts),
        written={table: count if commit.changed else 0 for table, count in passed.items()},
        left_out=tuple(source.tally.left_out),
        rejected=tuple(source.tally.rejected),
        changed=commit.changed,
        quads=commit.quads,
        store_version=commit.version,
    )


def _check_place(store: Store, first: Batch) -> None:
    """Refuse to replace what came from another file or folder of the same name."""
    manifest = first.manifest
    known = next((info for info in store.graphs() if info.iri == manifest.graph), None)
    if known is None or not manifest.derived_from.startswith("file:"):
        return
    if known.derived_from != manifest.derived_from and known.content_hash != content_hash([first]):
        raise SourceError(
            f"{manifest.graph} holds {known.derived_from}: give {manifest.derived_from} another name with --name "
            "(name=), or remove that graph first"
        )


def _stream(store: Store, source: Source, batches: Iterator[Batch], progress: Progress | None) -> Commit:
    """Append batches as they come, so that memory stays flat and whoever is interrupted can go on.

    A graph that is whole is only compared; one of other content than the source has now is written anew.
    """
    graph = source.manifest.graph
    known = next((info for info in store.graphs() if info.iri == graph), None)
    if known and not known.unfinished:
        if hash_sum([content_hash([each]) for each in batches]) == known.content_hash:
            return Commit(graph, store.version, 0, changed=False)
        store.remove(graph)
        batches = source.batches(progress)
    total = Commit(graph, store.version, 0, changed=False)
    group: list[Batch] = []
    for batch, is_last in _marked_last(batches):
        group.append(batch)
        if is_last or sum(each.runs.height for each in group) >= _RUNS_AT_ONCE:
            commit = store.append(group, unfinished=not is_last, progress=progress)
            quads, changed = total.quads + commit.quads, total.changed or commit.changed
            total, group = Commit(graph, commit.version, quads, changed=changed), []
    return total


def _marked_last(batches: Iterator[Batch]) -> Iterator[tuple[Batch, bool]]:
    """Batches, each with whether it is the last one."""
    held = next(batches, None)
    while held is not None:
        following = next(batches, None)
        yield held, following is None
        held = following
