"""The graphs of an RDF file: under which name each goes into the store, whether it conforms, what it holds."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kg import iris
from kg.batch import Manifest
from kg.changes import Restored
from kg.errors import RdfError, SchemaError
from kg.manifest import GraphInfo, infos
from kg.terms import from_term
from kg.validation import check_part, parts_of
from kg.violations import Violation
from kg.vocabulary import MLS, RDF, own_term

if TYPE_CHECKING:
    import pyoxigraph

    from kg.store import Store

__all__ = ["Content", "check", "contents", "counts_of", "ntriples"]

_CHUNK = 4 * 2**20
_ASKED = 2_000

_TRIPLE_TERMS = "ASK { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } FILTER(isTRIPLE(?o)) }"

_COUNTED = {
    "datasets": f"?it <{RDF}type> <{MLS}Dataset>",
    "qualities": f"?any <{MLS}hasQuality> ?it",
    "tasks": f"?it <{RDF}type> <{MLS}Task>",
    "pipelines": f"?it <{RDF}type> <{own_term('Pipeline')}>",
    "runs": f"?it <{RDF}type> <{MLS}Run>",
    "evaluations": f"?it <{RDF}type> <{MLS}ModelEvaluation>",
}

_UNIQUE = "a run is described in one named graph only, or it counts twice"


@dataclass
class Content:
    """One graph of a file.

    Attributes
    ----------
    graph
        Its name in the file, as a pyoxigraph term.
    manifest
        Under which it goes into the store.
    restored
        What its store said of it, if the file is an export.
    complete
        Whether nothing of it is kept back.
    """

    graph: Any
    manifest: Manifest
    restored: Restored | None = None
    complete: bool = True


def contents(raw: pyoxigraph.Store, about: Manifest, path: str) -> list[Content]:
    """Graphs of a file that are to go into the store.

    Raises
    ------
    RdfError
        If it has statements about statements, or what it says of itself as an export cannot be read.
    """
    import pyoxigraph as ox

    if raw.query(_TRIPLE_TERMS):
        raise RdfError(f"{path}: has triples within triples, which the graph does not hold: leave them out")
    described = _described(raw, path)
    found = []
    for graph in sorted(raw.named_graphs(), key=str):
        if graph.value in (iris.MANIFEST_GRAPH, iris.LEDGER_GRAPH, iris.HISTORY_GRAPH):
            continue
        if graph.value in described:
            found.append(_exported(raw, described[graph.value], path))
            continue
        part = hashlib.sha256(graph.value.encode()).hexdigest()[:12]
        found.append(
            Content(
                graph,
                replace(
                    about,
                    version=f"{about.version}/{part}",
                    title=f"{about.title}: {graph.value}",
                    derived_from=graph.value,
                ),
            )
        )
    plain = ox.DefaultGraph()
    if next(raw.quads_for_pattern(None, None, None, plain), None) is not None:
        found.append(Content(plain, about))
    if not found:
        raise RdfError(f"{path}: holds no graph but the manifest: export the graphs with it")
    # Oldest first, so that the store's own order is that of the store which was exported.
    order = {iri: info.store_version for iri, info in described.items()}
    return sorted(found, key=lambda content: (order.get(content.manifest.graph, 0), content.manifest.graph))


def _described(raw: pyoxigraph.Store, path: str) -> dict[str, GraphInfo]:
    import pyoxigraph as ox

    quads = raw.quads_for_pattern(None, None, None, ox.NamedNode(iris.MANIFEST_GRAPH))
    try:
        return {info.iri: info for info in infos((q.subject, q.predicate, q.object) for q in quads)}
    except (KeyError, ValueError, TypeError) as error:
        raise RdfError(
            f"{path}: its manifest graph is not whole ({error}): export it again, or leave {iris.MANIFEST_GRAPH} out"
        ) from error


def _exported(raw: pyoxigraph.Store, info: GraphInfo, path: str) -> Content:
    import pyoxigraph as ox

    graph = ox.NamedNode(info.iri)
    try:
        manifest = info.manifest()
    except SchemaError as error:
        raise RdfError(f"{path}: {error}") from error
    if manifest.graph != info.iri:
        raise RdfError(f"{path}: the manifest calls {manifest.graph} what is in {info.iri}: export it again")
    entry = raw.quads_for_pattern(graph, None, None, ox.NamedNode(iris.MANIFEST_GRAPH))
    batches = raw.quads_for_pattern(
        graph, ox.NamedNode(own_term("batchHash")), None, ox.NamedNode(iris.LEDGER_GRAPH)
    )
    return Content(
        graph,
        manifest,
        Restored(
            "".join(f"{quad} .\n" for quad in entry).encode(),
            info.content_hash,
            tuple(sorted(str(from_term(quad.object)) for quad in batches)),
        ),
    )


def check(store: Store, raw: pyoxigraph.Store, content: Content, seen: dict[str, str]) -> list[Violation]:
    """All that is wrong with one graph, by its name in the store; ``seen`` are runs of the file's other graphs."""
    if content.manifest.kind == "quarantine":
        return []
    found: list[Violation] = []
    for part in parts_of(raw):
        if part.name == (getattr(content.graph, "value", "") or ""):
            found += check_part(part).violations
    found += _elsewhere(store, raw, content, seen)
    return [replace(each, graph=content.manifest.graph) for each in found]


def _elsewhere(
    store: Store, raw: pyoxigraph.Store, content: Content, seen: dict[str, str]
) -> Iterator[Violation]:
    """Runs that another graph describes too."""
    import pyoxigraph as ox

    if content.manifest.kind == "recommendations":
        return
    quads = raw.quads_for_pattern(None, ox.NamedNode(f"{RDF}type"), ox.NamedNode(f"{MLS}Run"), content.graph)
    runs = sorted(str(quad.subject) for quad in quads)
    others = {run: seen[run] for run in runs if run in seen}
    for info in store.graphs():
        if info.iri != content.manifest.graph and info.kind != "quarantine":
            others |= dict.fromkeys(_described_there(store, info.iri, runs), info.iri)
    seen.update(dict.fromkeys(runs, content.manifest.graph))
    for run, graph in sorted(others.items()):
        yield Violation(
            node=run[1:-1],
            shape="https://w3id.org/metakg/shapes#Run",
            path="",
            rule="unique",
            message=_UNIQUE,
            remedy="leave it out here, or remove the other graph",
            value=f"<{graph}>",
        )


def _described_there(store: Store, graph: str, runs: Sequence[str]) -> Iterator[str]:
    """Those of the runs that a graph of the store describes."""
    for start in range(0, len(runs), _ASKED):
        values = " ".join(runs[start : start + _ASKED])
        # Joined with the values instead, the pattern is looked up for each pair: a hundred times as slow (measured).
        text = (
            f"SELECT ?it WHERE {{ VALUES ?it {{ {values} }} FILTER EXISTS {{ ?it <{RDF}type> <{MLS}Run> }} }}"
        )
        for (run,) in store.query(text, default_graph=graph).terms:
            yield str(run)


def counts_of(raw: pyoxigraph.Store, graph: Any) -> dict[str, int]:
    """Rows by table that a graph amounts to."""
    counts = {}
    for table, pattern in _COUNTED.items():
        text = f"SELECT (COUNT(DISTINCT ?it) AS ?n) WHERE {{ {pattern} }}"
        (row,) = raw.query(text, default_graph=[graph])  # type: ignore[misc]
        counts[table] = int(row[0].value)
    return counts


def ntriples(raw: pyoxigraph.Store, graph: Any) -> Iterator[bytes]:
    """N-Triples of a graph, in chunks of whole lines."""
    import pyoxigraph as ox

    with tempfile.TemporaryFile() as file:
        raw.dump(file, format=ox.RdfFormat.N_TRIPLES, from_graph=graph)
        file.seek(0)
        while lines := file.readlines(_CHUNK):
            yield b"".join(lines)
