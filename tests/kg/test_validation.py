"""The shapes compiled to SPARQL say what pyshacl says, on good data and on data broken at random."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.validation import validate
from kg.vocabulary import MLS, RDF, XSD

SAMPLE = Path(__file__).parents[1] / "ontology" / "sample.ttl"
TRIPLES = sorted((quad.triple for quad in ox.parse(SAMPLE.read_bytes(), format=ox.RdfFormat.TURTLE)), key=str)
DOUBLE = ox.NamedNode(XSD + "double")
OTHER_VALUES = [
    ox.NamedNode("http://example.org/other"),
    ox.BlankNode("b"),
    ox.Literal("text"),
    ox.Literal("texte", language="fr"),
    ox.Literal(7),
    ox.Literal(-1),
    ox.Literal(0.5),
    ox.Literal("67", datatype=DOUBLE),
    ox.Literal("abc", datatype=DOUBLE),
    ox.Literal("INF", datatype=DOUBLE),
    ox.Literal(True),
    ox.Literal("finished"),
    ox.Literal("failed"),
    *sorted({triple.object for triple in TRIPLES if isinstance(triple.object, ox.NamedNode)}, key=str),
]


def graph_of(triples) -> ox.Store:
    store = ox.Store()
    store.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    return store


def verdicts(data, engine):
    report = validate(data, engine=engine, limit=None)
    return sorted(violation.key for violation in report.violations)


def change(triple, kind, other):
    """The triples that take the place of one."""
    subject, predicate, value = triple
    if kind == "delete":
        return []
    if kind == "double":
        return [triple, ox.Triple(subject, predicate, other)]
    if kind == "replace":
        return [ox.Triple(subject, predicate, other)]
    if kind == "untype" and isinstance(value, ox.Literal):
        return [ox.Triple(subject, predicate, ox.Literal(value.value))]
    if kind == "rename" and predicate.value == f"{RDF}type":
        return [ox.Triple(ox.BlankNode("n"), predicate, value)]
    return [ox.Triple(subject, ox.NamedNode(f"{MLS}definedOn"), value)]


MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, len(TRIPLES) - 1),
        st.sampled_from(["delete", "double", "replace", "untype", "rename", "predicate"]),
        st.sampled_from(OTHER_VALUES),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(MUTATIONS)
def test_engines_agree_on_mutated_data(mutations) -> None:
    changes = {number: (kind, other) for number, kind, other in mutations}
    triples = [
        new
        for number, triple in enumerate(TRIPLES)
        for new in (change(triple, *changes[number]) if number in changes else [triple])
    ]
    data = graph_of(triples)
    assert verdicts(data, "sparql") == verdicts(data, "pyshacl")
