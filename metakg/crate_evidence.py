"""What a crate holds of a recommendation, gathered from the graph into a small graph of its own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import QueryError
from kg.manifest import GraphInfo
from kg.memory import MemoryStore
from kg.result import Result
from kg.terms import IRI, from_term
from kg.vocabulary import MKG, PREFIXES, PROV
from metakg import evidence, queries
from metakg.explanation import Explanation, explain, whole_iri
from metakg.recommendation import Recommendation

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyoxigraph

    from kg.store import Store

__all__ = ["Evidence", "gather"]


@dataclass(frozen=True)
class Evidence:
    """A recommendation and what speaks for it.

    Attributes
    ----------
    recommendation
        What the graph knows of it, as :func:`metakg.explanation.explain` gives it.
    query, answer
        SPARQL that gives the supporting runs, and its rows, sorted.
    runs, neighbours
        Every score of the supporting runs with titles, graph and licence; the neighbours.
    sources
        The named graphs that it was derived from.
    recommendation_turtle, runs_turtle
        All statements; the query gives the same answer on ``runs_turtle``.
    """

    recommendation: Explanation
    query: str
    answer: Result
    runs: Result
    neighbours: Result
    sources: tuple[GraphInfo, ...]
    recommendation_turtle: str
    runs_turtle: str

    @property
    def run_count(self) -> int:
        """Number of supporting runs."""
        return len({row[self.runs.variables.index("run")] for row in self.runs.terms})

    def to_json(self) -> str:
        """The recommendation as JSON, with its sources."""
        sources = [
            {"graph": info.iri, "title": info.title, "version": info.version, "licence": info.licence}
            for info in self.sources
        ]
        return json.dumps({**self.recommendation.to_dict(), "sources": sources}, ensure_ascii=False, indent=2)


def gather(store: Store, recommendation: Recommendation | str) -> Evidence:
    """Look up all that a recommendation rests on.

    Raises
    ------
    QueryError
        If the graph does not know the recommendation.
    """
    kept = isinstance(recommendation, str)
    iri = whole_iri(recommendation) if isinstance(recommendation, str) else recommendation.iri
    stated = (
        _triples(queries.run(store, "crate_recommendation", it=IRI(iri)))
        if isinstance(recommendation, str)
        else evidence.triples(recommendation)
    )
    about: dict[str, list[Any]] = {}
    for triple in stated:
        about.setdefault(triple.predicate.value, []).append(from_term(triple.object))
    if f"{MKG}reproducedBy" not in about:
        raise QueryError(
            f"the graph knows no recommendation {iri}: `metakg ask recommendations` lists them"
            if kept
            else f"{iri} carries no query that reproduces it"
        )
    (query,) = set(about[f"{MKG}reproducedBy"])
    answer = _sorted(store.query(query))
    runs = sorted({str(row["run"]) for row in _rows(answer)})
    things = {str(thing) for name in ("pipeline", "dataset") for thing in about.get(f"{MKG}{name}", ())}
    derived = {str(thing) for thing in about[f"{PROV}wasDerivedFrom"]}
    stated += _triples(store.query(queries.with_values("crate_things", {"thing": things | derived}, {})))
    found = _triples(store.query(queries.with_values("crate_runs", {"run": runs}, {})))
    graphs = store.query(queries.with_values("crate_run_graphs", {"run": runs}, {}))
    graph_of = {str(run): str(graph) for run, graph in graphs.rows()}
    sources = tuple(info for info in store.graphs() if info.iri in derived | set(graph_of.values()))
    with MemoryStore() as small:
        small.add(_ntriples([*stated, *found]), evidence.MANIFEST)
        return Evidence(
            recommendation=explain(small, iri),
            query=query,
            answer=answer,
            runs=_with_sources(queries.run(small, "crate_run_rows"), graph_of, sources),
            neighbours=queries.run(small, "recommended_neighbours", it=IRI(iri)),
            sources=sources,
            recommendation_turtle=_turtle(stated),
            runs_turtle=_turtle(found),
        )


def _triples(result: Result) -> list[pyoxigraph.Triple]:
    import pyoxigraph as ox

    return [ox.Triple(*row) for row in result.terms]


def _rows(result: Result) -> list[dict[str, Any]]:
    return [dict(zip(result.variables, row, strict=True)) for row in result.rows()]


def _sorted(result: Result) -> Result:
    """Rows of a result once each, in an order that does not depend on the engine."""
    rows = {tuple(map(str, row)): row for row in result.terms}
    return Result(result.kind, result.variables, [rows[key] for key in sorted(rows)])


def _with_sources(runs: Result, graph_of: dict[str, str], sources: tuple[GraphInfo, ...]) -> Result:
    import pyoxigraph as ox

    licences = {info.iri: info.licence for info in sources}
    place = runs.variables.index("run")
    rows = []
    for row in runs.terms:
        graph = graph_of.get(row[place].value)
        known = (ox.NamedNode(graph), ox.Literal(licences.get(graph, "unknown"))) if graph else (None, None)
        rows.append((*row, *known))
    return Result(runs.kind, (*runs.variables, "source", "licence"), rows)


def _ntriples(triples: Iterable[pyoxigraph.Triple]) -> bytes:
    import pyoxigraph as ox

    return ox.serialize(list(triples), format=ox.RdfFormat.N_TRIPLES) or b""


def _turtle(triples: Iterable[pyoxigraph.Triple]) -> str:
    import pyoxigraph as ox

    out = io.BytesIO()
    ordered = sorted(set(triples), key=lambda triple: tuple(map(str, triple)))
    ox.serialize(ordered, out, ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    return out.getvalue().decode()
