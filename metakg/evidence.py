"""The evidence of a recommendation as RDF: what it used (PROV), what it says, and how to look it up again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg import iris
from kg.batch import Manifest
from kg.errors import StoreError
from kg.measures import measure_of
from kg.terms import IRI, Value, to_term
from kg.vocabulary import DCTERMS, MKG, MLS, PREFIXES, PROV, RDF, RDFS, XSD, own_term
from metakg.recommendation import COVERAGE

if TYPE_CHECKING:
    import pyoxigraph

    from kg.store import Store
    from metakg.recommendation import Recommendation

__all__ = ["MANIFEST", "keep", "triples", "turtle"]

MANIFEST = Manifest(
    source="recommendations",
    version="local",
    title="recommendations made on this store",
    licence="CC0-1.0",
    derived_from=iris.own("agent", "metakg"),
    kind="recommendations",
)


def model_iri(key: str) -> str:
    """IRI of a trained model."""
    return iris.own("model", key)


def triples(answer: Recommendation) -> list[pyoxigraph.Triple]:
    """All statements about a recommendation; no blank nodes, and no time, so that they are its content."""
    import pyoxigraph as ox

    statements = [*_about(answer), *_about_target(answer), *_about_items(answer), *_about_neighbours(answer)]
    stated = [
        ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), to_term(value))
        for subject, predicate, value in statements
    ]
    if answer.provenance.as_of:
        until = _time(answer.provenance.as_of)
        stated.append(ox.Triple(ox.NamedNode(answer.iri), ox.NamedNode(own_term("asOf")), until))
    return stated


def _time(text: str) -> pyoxigraph.Literal:
    import pyoxigraph as ox

    return ox.Literal(text, datatype=ox.NamedNode(f"{XSD}dateTime"))


Statement = tuple[str, str, Value]


def _about(answer: Recommendation) -> Iterator[Statement]:
    it, made_from = answer.iri, answer.provenance
    model = model_iri(made_from.model)
    yield it, f"{RDF}type", IRI(f"{MKG}Recommendation")
    yield it, f"{RDF}type", IRI(f"{PROV}Entity")
    yield it, f"{DCTERMS}title", f"pipelines for {answer.target.name}, target {answer.target.target}"
    yield it, f"{MKG}dataset", IRI(answer.target.dataset)
    yield it, f"{MKG}measure", IRI(measure_of(answer.measure).iri)
    yield it, f"{MKG}procedure", IRI(answer.procedure)
    yield it, f"{MKG}intervalCoverage", COVERAGE
    yield it, f"{MKG}reproducedBy", made_from.query
    yield it, f"{PROV}wasAttributedTo", IRI(iris.own("agent", "metakg"))
    yield it, f"{PROV}wasDerivedFrom", IRI(model)
    for graph in made_from.graphs:
        yield it, f"{PROV}wasDerivedFrom", IRI(graph)
        yield model, f"{PROV}wasDerivedFrom", IRI(graph)
    yield model, f"{RDF}type", IRI(f"{PROV}Entity")
    yield model, f"{RDF}type", IRI(f"{MLS}Model")
    yield model, f"{DCTERMS}title", f"recommender trained on experience {made_from.experience}"
    for dataset in made_from.excluded:
        yield model, f"{MKG}excludedDataset", IRI(dataset)
        yield it, f"{MKG}excludedDataset", IRI(dataset)
    # The model is not said to be without them: one of the graphs that are left may be all it ever saw.
    for graph in made_from.excluded_sources:
        yield it, own_term("excludedSource"), IRI(graph)


def _about_target(answer: Recommendation) -> Iterator[Statement]:
    dataset = answer.target.dataset
    yield dataset, f"{RDF}type", IRI(f"{MLS}Dataset")
    yield dataset, f"{DCTERMS}title", answer.target.name
    yield dataset, f"{MKG}contentHash", answer.target.table.fingerprint


def _about_items(answer: Recommendation) -> Iterator[Statement]:
    for item in answer.items:
        node = f"{answer.iri}/{item.rank}"
        yield answer.iri, f"{MKG}recommends", IRI(node)
        yield node, f"{RDF}type", IRI(f"{MKG}RecommendedPipeline")
        yield node, f"{RDFS}label", item.pipeline.title
        yield node, f"{MKG}rank", item.rank
        yield node, f"{MKG}pipeline", IRI(item.pipeline.iri)
        yield node, f"{MKG}predictedValue", item.predicted
        yield node, f"{MKG}intervalLow", item.low
        yield node, f"{MKG}intervalHigh", item.high
        if item.expected_runtime_seconds is not None:
            yield node, f"{MKG}expectedRuntime", item.expected_runtime_seconds
        for support in item.support:
            yield node, f"{MKG}supportedBy", IRI(support.run)


def _about_neighbours(answer: Recommendation) -> Iterator[Statement]:
    for position, neighbour in enumerate(answer.neighbours, start=1):
        node = f"{answer.iri}/neighbour/{position}"
        yield answer.iri, f"{MKG}hasNeighbour", IRI(node)
        yield answer.iri, f"{PROV}wasDerivedFrom", IRI(neighbour.dataset)
        yield node, f"{RDF}type", IRI(f"{MKG}Neighbour")
        yield node, f"{MKG}dataset", IRI(neighbour.dataset)
        yield node, f"{MKG}similarity", neighbour.similarity
        yield node, f"{MKG}reason", neighbour.why


def turtle(answer: Recommendation) -> str:
    """Turtle of the recommendation."""
    import pyoxigraph as ox

    out = io.BytesIO()
    ox.serialize(triples(answer), out, ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    return out.getvalue().decode()


def keep(answer: Recommendation, store: Store) -> str | None:
    """Add a recommendation to the store's graph of recommendations, once; returns why it could not be."""
    import pyoxigraph as ox

    known = store.query(
        "ASK { ?it a ?type }",
        bindings={"it": IRI(answer.iri), "type": IRI(f"{MKG}Recommendation")},
    )
    if known.answer:
        return None
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    stamp = ox.Triple(ox.NamedNode(answer.iri), ox.NamedNode(f"{PROV}generatedAtTime"), _time(now))
    try:
        out = io.BytesIO()
        ox.serialize([*triples(answer), stamp], out, ox.RdfFormat.N_TRIPLES)
        store.add(out.getvalue(), MANIFEST)
    except StoreError as error:
        return str(error)
    return None
