"""RDF files into the graph, through the gate: what breaks a shape stays outside, or in quarantine.

A file is known by its name without suffixes: ingesting ``runs.ttl`` fills the graph ``rdf runs``, and doing so again
after a change replaces what it held, so that no run counts twice. Each named graph of a file becomes one of its own.
A file that a store was exported to is put back as it was, each graph under its own name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.graph_names import slug
from ingest.quarantine import quarantine_manifest, quarantine_triples
from ingest.rdf_derived import derive
from ingest.rdf_parts import Content, check, contents, counts_of, ntriples
from ingest.report import told_links
from ingest.units import Unit, take_out
from kg import changes
from kg.batch import Manifest
from kg.declarations import check_directions
from kg.errors import GateError, RdfError, StoreError
from kg.manifest import GraphInfo
from kg.rdf_file import Limits, loaded
from kg.skolem import skolemise
from kg.store import Progress, Store
from kg.terms import from_term
from kg.violations import Report, Violation
from kg.vocabulary import own_term

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["RdfReport", "ingest_rdf"]


@dataclass(frozen=True)
class RdfReport:
    """What :func:`ingest_rdf` did.

    Attributes
    ----------
    path
        The file.
    graphs
        IRIs of the graphs that hold its content now.
    counts
        Rows by table (datasets, qualities, tasks, pipelines, runs, evaluations) over those graphs.
    quads
        Quads written; 0 if nothing changed.
    changed
        Whether the store holds anything else than before.
    blank_nodes
        Blank nodes that were given IRIs.
    violations
        What was wrong.
    kept_back
        Things that went to quarantine.
    quarantine
        IRI of the quarantine graph; None if nothing is kept back.
    restored
        Whether it was an export, put back as it was.
    derived
        Triples that were added to the file's own, so that MLSea-KG's and ExeKG's things can be answered from.
    linked
        Datasets that are one with others, as came out with what was read, each pair with the reason.
    """

    path: str
    graphs: tuple[str, ...]
    counts: dict[str, int]
    quads: int
    changed: bool
    blank_nodes: int = 0
    violations: Report = field(default_factory=Report)
    kept_back: tuple[Unit, ...] = ()
    quarantine: str | None = None
    restored: bool = False
    derived: int = 0
    linked: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Lines for people."""
        return "\n".join([self._told(), *told_links(self.linked)])

    def _told(self) -> str:
        counts = ", ".join(f"{count:,} {table}" for table, count in self.counts.items() if count)
        counts = counts or "no experiments"
        into = f"{len(self.graphs)} graphs" if len(self.graphs) != 1 else self.graphs[0]
        if not self.graphs:
            return f"{self.path}: nothing in it conforms, all is in quarantine"
        if not self.changed:
            return f"{self.path}: already there: nothing changed ({counts})"
        derived = f", {self.derived:,} of them derived" if self.derived else ""
        done = "put back" if self.restored else "read"
        return f"{self.path}: {done} into {into}: {counts} ({self.quads:,} quads{derived})"


def ingest_rdf(
    store: Store,
    path: str | os.PathLike[str],
    *,
    keep_going: bool = False,
    name: str | None = None,
    title: str | None = None,
    licence: str = "not stated",
    derived_from: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> RdfReport:
    """Read an RDF file, check it, and write what conforms.

    Parameters
    ----------
    store
        Open for writing.
    path
        Turtle, TriG, N-Triples, N-Quads, RDF/XML or JSON-LD, by its suffix.
    keep_going
        Put what breaks a rule into quarantine and the rest into the graph. Otherwise one violation keeps all out.
    name
        By which the file is known in the store; its own, without suffixes, if left out.
    title, licence, derived_from
        For the manifest: for people, an SPDX expression, an IRI of the original (the file's if left out).
    limits
        Other than the usual ones.
    progress
        Told what is being done, units done, and units in all.

    Raises
    ------
    GateError
        If something breaks a rule and ``keep_going`` is not given; its ``report`` says what. Nothing was written.
    RdfError
        If the file cannot be read.
    SchemaError
        If it declares a measure otherwise than another graph; nothing was written.
    StoreError
        If the name is taken by another file, a graph of an export is there already with other content, or the
        store cannot be written.
    """
    path = Path(path)
    name = name or _slug(path)
    about = Manifest("rdf", name, title or path.name, licence, derived_from or path.resolve().as_uri())
    with loaded(path, limits=limits, progress=progress) as file:
        raw = file.raw
        if not len(raw):
            raise RdfError(f"{path}: holds no triples: nothing to read")
        blank_nodes = skolemise(raw, str(path)) if file.blank_nodes else 0
        listed = contents(raw, about, str(path))
        derived = sum(
            derive(raw, content.graph, content.manifest) for content in listed if content.restored is None
        )
        _check_place(store, raw, listed, path)
        report = _gate(store, raw, listed, progress)
        if not report.conforms and not keep_going:
            raise GateError(
                str(path), report, "mend the file, or keep going (--keep-going) to put these into quarantine"
            )
        units = _keep_back(store, raw, listed, report)
        kept = [content for content in listed if _holds_any(raw, content)]
        for content in kept:
            directions = _directions(raw, content)
            check_directions(store, content.manifest, directions, replaces=True)
        quarantine = quarantine_manifest(name, path.name, licence, about.derived_from)
        changed = _write_quarantine(store, quarantine, units)
        done = []
        for content in kept:
            done.append(_write(store, raw, content, progress))
        changed |= any(commit.changed for commit in done) | _remove_empty(store, raw, listed)
        counts: dict[str, int] = {}
        for content in kept:
            for table, count in counts_of(raw, content.graph).items():
                counts[table] = counts.get(table, 0) + count
    return RdfReport(
        path=str(path),
        graphs=tuple(content.manifest.graph for content in kept),
        counts=counts,
        quads=sum(commit.quads for commit in done),
        changed=changed,
        blank_nodes=blank_nodes,
        violations=report,
        kept_back=tuple(unit for _, unit in units),
        quarantine=quarantine.graph if units else None,
        derived=derived,
        restored=any(content.restored is not None for content in listed),
    )


def _slug(path: Path) -> str:
    stem = path.name
    for suffix in (".gz", path.with_name(path.name.removesuffix(".gz")).suffix):
        stem = stem.removesuffix(suffix)
    return slug(stem, "rdf")


def _gate(
    store: Store, raw: pyoxigraph.Store, listed: Sequence[Content], progress: Progress | None
) -> Report:
    found: list[Violation] = []
    seen: dict[str, str] = {}
    for done, content in enumerate(listed):
        if progress:
            progress("checking", done, len(listed))
        found += check(store, raw, content, seen)
    if progress:
        progress("checking", len(listed), len(listed))
    return Report(tuple(found), checked={"graphs": len(listed)})


def _keep_back(
    store: Store, raw: pyoxigraph.Store, listed: Sequence[Content], report: Report
) -> list[tuple[str | None, Unit]]:
    """Take what breaks a rule out of the graphs, until nothing does any more."""
    units: list[tuple[str | None, Unit]] = []
    for content in listed:
        wrong = [each for each in report.violations if each.graph == content.manifest.graph]
        while wrong:
            taken = take_out(raw, content.graph, wrong)
            content.complete = False
            units += [(getattr(content.graph, "value", "") or None, unit) for unit in taken]
            wrong = check(store, raw, content, {}) if any(unit.triples for unit in taken) else []
    return units


def _holds_any(raw: pyoxigraph.Store, content: Content) -> bool:
    return next(raw.quads_for_pattern(None, None, None, content.graph), None) is not None


def _directions(raw: pyoxigraph.Store, content: Content) -> Iterator[tuple[str, str]]:
    import pyoxigraph as ox

    direction = ox.NamedNode(own_term("direction"))
    for quad in raw.quads_for_pattern(None, direction, None, content.graph):
        yield str(from_term(quad.subject)), str(from_term(quad.object))


def _check_place(store: Store, raw: pyoxigraph.Store, listed: Sequence[Content], path: Path) -> None:
    there = {info.iri: info for info in store.graphs()}
    for content in listed:
        known = there.get(content.manifest.graph)
        if known is None or _same(raw, content, known):
            continue
        if content.restored is not None:
            raise StoreError(
                f"{path}: the store has {known.iri} already, with other content: remove that graph first, "
                "or put the export into an empty store"
            )
        if known.derived_from != content.manifest.derived_from:
            raise StoreError(
                f"{path}: {known.iri} holds {known.derived_from}: give this file another name with --name"
            )


def _same(raw: pyoxigraph.Store, content: Content, known: GraphInfo) -> bool:
    if content.restored is not None:
        return content.restored.digest == known.content_hash
    if known.derived_from == content.manifest.derived_from:
        return True
    return (
        changes.rdf_change(content.manifest, ntriples(raw, content.graph), None).digest == known.content_hash
    )


def _write(store: Store, raw: pyoxigraph.Store, content: Content, progress: Progress | None) -> Any:
    return store.commit_rdf(
        ntriples(raw, content.graph),
        content.manifest,
        counts=counts_of(raw, content.graph),
        restored=content.restored if content.complete else None,
        progress=progress,
    )


def _write_quarantine(store: Store, about: Manifest, units: Sequence[tuple[str | None, Unit]]) -> bool:
    if units:
        return store.commit_rdf(quarantine_triples(about.graph, units), about).changed
    if about.graph in {info.iri for info in store.graphs()}:
        return store.remove(about.graph).changed
    return False


def _remove_empty(store: Store, raw: pyoxigraph.Store, listed: Sequence[Content]) -> bool:
    """Remove what an earlier version of the file left in graphs of which nothing conforms now."""
    there = {info.iri for info in store.graphs()}
    gone = [
        content.manifest.graph
        for content in listed
        if not _holds_any(raw, content) and content.manifest.graph in there
    ]
    for graph in gone:
        store.remove(graph)
    return bool(gone)
