"""Holding RDF to the shapes in ``ontology/shapes.ttl``, one named graph at a time.

Two engines give the same verdicts. The shapes compiled to SPARQL (:mod:`kg.shapes_sparql`) are the one that is
used; pyshacl (:mod:`kg.shapes_reference`) is what it is held to, ten times as slow, and more on large data.

>>> from kg.testing import small_batch
>>> from kg import MemoryStore
>>> store = MemoryStore()
>>> commit = store.commit(small_batch())
>>> validate(store).conforms
True
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from kg.errors import RdfError, ShapesError
from kg.shapes import Target, path_text, shipped_shapes
from kg.shapes_sparql import HAS_SUBCLASSES, Check, compiled
from kg.store import Progress, Store
from kg.violations import Report, Violation, remedy

if TYPE_CHECKING:
    import pyoxigraph
    import rdflib

__all__ = ["Engine", "Part", "Report", "Violation", "check_part", "parts_of", "validate"]

Engine = Literal["sparql", "pyshacl"]

LIMIT = 1_000
"""Violations of one rule in one graph that are read."""


@dataclass(frozen=True)
class Part:
    """One graph that shapes hold within: its name, how it is queried, and how its triples are read."""

    name: str
    select: Callable[[str, int | None], Sequence[tuple[Any, ...]]]
    triples: Callable[[], Iterable[Any]]


def validate(
    subject: Store | pyoxigraph.Store | rdflib.Graph | str | os.PathLike[str],
    *,
    engine: Engine = "sparql",
    shapes: Sequence[Target] | None = None,
    limit: int | None = LIMIT,
    progress: Progress | None = None,
) -> Report:
    """Check data against the shapes.

    Parameters
    ----------
    subject
        A store (all its graphs but what is in quarantine), a pyoxigraph store, an rdflib graph, or the path of an
        RDF file (see :mod:`kg.rdf_file`).
    engine
        ``sparql``, or ``pyshacl`` for data of up to some 10,000 triples. pyshacl takes NaN for a number between any
        bounds, which SHACL does not.
    shapes
        Shapes other than the shipped ones; for the engine ``sparql`` only.
    limit
        Violations of one rule in one graph that are read; None for all.
    progress
        Told which graph is being checked.

    Raises
    ------
    RdfError
        If a file cannot be read.
    ShapesError
        If shapes are given to pyshacl.
    """
    if engine == "pyshacl" and shapes is not None:
        raise ShapesError("the engine pyshacl checks the shipped shapes only: use the engine sparql")
    targets = tuple(shipped_shapes() if shapes is None else shapes)
    if isinstance(subject, str | os.PathLike):
        from kg.rdf_file import loaded

        with loaded(subject, progress=progress) as file:
            if not len(file.raw):
                raise RdfError(f"{os.fspath(subject)}: holds no triples: nothing to check")
            return _check_all(list(parts_of(file.raw)), engine, targets, limit, progress)
    return _check_all(list(parts_of(subject)), engine, targets, limit, progress)


def _check_all(
    parts: Sequence[Part],
    engine: Engine,
    targets: tuple[Target, ...],
    limit: int | None,
    progress: Progress | None,
) -> Report:
    violations: list[Violation] = []
    truncated = False
    for done, part in enumerate(parts):
        if progress:
            progress("checking", done, len(parts))
        found = _reference(part) if engine == "pyshacl" else check_part(part, targets=targets, limit=limit)
        violations += found.violations
        truncated = truncated or found.truncated
    if progress:
        progress("checking", len(parts), len(parts))
    return Report(tuple(violations), truncated, {"graphs": len(parts)})


def _reference(part: Part) -> Report:
    from kg.shapes_reference import check

    return Report(tuple(replace(each, graph=part.name or None) for each in check(part.triples())))


def check_part(part: Part, *, targets: Sequence[Target] | None = None, limit: int | None = None) -> Report:
    """Check one graph by the compiled shapes."""
    subclasses = bool(part.select(HAS_SUBCLASSES, None)[0][0])
    violations: list[Violation] = []
    truncated = False
    for screen in compiled(tuple(shipped_shapes() if targets is None else targets), subclasses=subclasses):
        if not part.select(screen.query, 1):
            continue
        for check in screen.checks:
            rows = part.select(check.query, None if limit is None else limit + 1)
            truncated = truncated or (limit is not None and len(rows) > limit)
            violations += _violations(check, rows[:limit], part.name or None)
    return Report(tuple(violations), truncated, {"graphs": 1})


def _violations(check: Check, rows: Iterable[tuple[Any, ...]], graph: str | None) -> Iterator[Violation]:
    constraint = check.constraint
    message, mend = constraint.message, remedy(constraint)
    for node, value in sorted(rows, key=str):
        yield Violation(
            node=node_text(node),
            shape=constraint.shape,
            path=path_text(constraint.path),
            steps=constraint.path,
            rule=constraint.rule,
            message=message,
            remedy=mend,
            value=None if value is None else value_text(value),
            graph=graph,
        )


def node_text(term: Any) -> str:
    """IRI of a node; ``_:id`` for a blank one, N-Triples for a literal."""
    import pyoxigraph as ox

    return term.value if isinstance(term, ox.NamedNode) else str(term)


value_text = node_text


def parts_of(subject: Store | pyoxigraph.Store | rdflib.Graph) -> Iterator[Part]:
    """Graphs of a store or graph, each by itself."""
    import pyoxigraph as ox

    if isinstance(subject, Store):
        for info in subject.graphs():
            if info.kind != "quarantine":
                yield _store_part(subject, info.iri)
        return
    if not isinstance(subject, ox.Store):
        yield from parts_of(_of_rdflib(subject))
        return
    for name in (ox.DefaultGraph(), *subject.named_graphs()):
        if next(subject.quads_for_pattern(None, None, None, name), None) is not None:
            yield _raw_part(subject, name)


def _store_part(store: Store, graph: str) -> Part:
    def select(text: str, limit: int | None) -> Sequence[tuple[Any, ...]]:
        result = store.query(text, default_graph=graph, limit=limit)
        return [(result.answer,)] if result.kind == "boolean" else result.terms

    def triples() -> Iterator[Any]:
        import pyoxigraph as ox

        found = store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", default_graph=graph)
        return (ox.Triple(*row) for row in found.terms)

    return Part(graph, select, triples)


def _raw_part(raw: pyoxigraph.Store, name: Any) -> Part:
    from kg.result import Result

    def select(text: str, limit: int | None) -> Sequence[tuple[Any, ...]]:
        result = Result.of(raw.query(text, default_graph=[name]), limit)
        return [(result.answer,)] if result.kind == "boolean" else result.terms

    def triples() -> Iterator[Any]:
        return (quad.triple for quad in raw.quads_for_pattern(None, None, None, name))

    return Part(getattr(name, "value", "") or "", select, triples)


def _of_rdflib(graph: rdflib.Graph) -> pyoxigraph.Store:
    import pyoxigraph as ox

    raw = ox.Store()
    raw.bulk_load(graph.serialize(format="nt", encoding="utf-8"), ox.RdfFormat.N_TRIPLES)
    return raw
