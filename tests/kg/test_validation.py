"""The shapes compiled to SPARQL say what pyshacl says, on good data and on data broken at random."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import Batch, MemoryStore
from kg.batch_check import check_batches
from kg.errors import ShapesError
from kg.shapes import read_shapes
from kg.testing import small_batch
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


@settings(max_examples=200, deadline=None, derandomize=True)
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


@pytest.mark.parametrize("source", ["oboe", "lcdb"])
def test_engines_agree_on_a_real_part(source) -> None:
    import polars as pl

    from ingest import find_source

    (whole,) = find_source(source).batches()
    runs = whole.runs.head(15)
    kept = Batch(
        whole.manifest,
        datasets=whole.datasets.filter(pl.col("dataset").is_in(runs["dataset"].implode())),
        tasks=whole.tasks.filter(pl.col("task").is_in(runs["task"].implode())),
        pipelines=whole.pipelines.filter(pl.col("pipeline").is_in(runs["pipeline"].implode())),
        runs=runs,
        evaluations=whole.evaluations.filter(pl.col("run").is_in(runs["run"].implode())).with_columns(
            value=pl.when(pl.int_range(pl.len()) % 7 == 0).then(-2.0).otherwise(pl.col("value"))
        ),
    )
    store = MemoryStore()
    store.commit(kept)
    found = verdicts(store, "sparql")
    assert found == verdicts(store, "pyshacl")
    # The tables are held to the same bounds; in RDF the evaluation is wrong, and the run's shortcut to it.
    assert len(found) == 2 * len(check_batches(kept).violations) > 0
    assert check_batches(whole).conforms


def test_good_data_conforms_and_a_broken_run_is_told_with_the_remedy() -> None:
    store = MemoryStore()
    store.commit(small_batch())
    report = validate(store)
    assert report.conforms
    assert report.checked == {"graphs": 1}
    store.commit(small_batch("other", shift=3.0))
    (first, *others) = validate(store).violations
    assert {each.graph for each in (first, *others)} == {"https://w3id.org/metakg/graph/other/1"}
    assert "from 0 to 1" in first.message
    assert "3.5" in str(first)
    assert first.remedy in str(first)


def test_not_a_number_is_in_no_range() -> None:
    text = SAMPLE.read_text().replace(
        "0.6847619047619048e0 .", '"NaN"^^<http://www.w3.org/2001/XMLSchema#double> .'
    )
    data = graph_of(quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE))
    rules = {violation.rule for violation in validate(data).violations}
    assert {"minInclusive", "maxInclusive"} <= rules


def test_instances_of_subclasses_are_checked_too() -> None:
    text = (
        SAMPLE.read_text()
        .replace("a mls:Run ;", "a mkg:SpecialRun ;")
        .replace('mkg:status "finished"', 'mkg:status "?"')
    )
    told = "mkg:SpecialRun rdfs:subClassOf mls:Run ."
    for triples, expected in ((text, []), (text + told, ["in"])):
        data = graph_of(quad.triple for quad in ox.parse(triples, format=ox.RdfFormat.TURTLE))
        assert [each.rule for each in validate(data).violations] == expected
        assert verdicts(data, "sparql") == verdicts(data, "pyshacl")


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ("sh:property [ sh:path rdf:value ; sh:uniqueLang true ]", "uniqueLang"),
        ("sh:property [ sh:path [ sh:zeroOrMorePath rdf:value ] ; sh:minCount 1 ]", "zeroOrMorePath"),
        ("sh:property [ sh:path rdf:value ; sh:datatype <http://www.w3.org/2001/XMLSchema#date> ]", "date"),
        ("sh:closed true", "closed"),
        ("sh:node <http://e/missing>", "not there"),
        ("sh:node <http://e/s>", "refers to itself"),
        ("oops", "not Turtle"),
    ],
)
def test_what_cannot_be_checked_is_refused(shape, word) -> None:
    prefixes = "".join(f"@prefix {name}: <{uri}> ." for name, uri in (("sh", rdflib.SH), ("rdf", RDF)))
    text = f"{prefixes} <http://e/s> a sh:NodeShape ; sh:targetClass rdf:Bag ; {shape} ."
    with pytest.raises(ShapesError, match=word):
        validate(graph_of(TRIPLES), shapes=read_shapes(text))


def test_report_is_shacl() -> None:
    store = MemoryStore()
    store.commit(small_batch(shift=3.0))
    report = validate(store)
    graph = rdflib.Graph().parse(data=report.to_turtle(), format="turtle")
    sh = rdflib.SH
    (node,) = graph.subjects(rdflib.RDF.type, sh.ValidationReport)
    assert graph.value(node, sh.conforms).toPython() is False
    results = list(graph.objects(node, sh.result))
    assert len(results) == len(report.violations) > 0
    for result in results:
        assert graph.value(result, sh.focusNode)
        assert graph.value(result, sh.resultMessage)
        assert str(graph.value(result, sh.sourceConstraintComponent)).endswith("ConstraintComponent")
    paths = {graph.value(result, sh.resultPath) for result in results}
    assert rdflib.URIRef("https://w3id.org/metakg/measure/balanced_accuracy") in paths
    assert not any(isinstance(term, rdflib.BNode) for triple in graph for term in triple)


def test_tables_are_checked_row_by_row() -> None:
    import polars as pl

    batch = small_batch()
    tables = batch.tables()
    tables["datasets"] = tables["datasets"].with_columns(
        title=pl.when(pl.col("openml_id") == 3).then(None).otherwise(pl.col("title"))
    )
    tables["runs"] = tables["runs"].with_columns(
        training_size=pl.Series([0, 5, None, None], dtype=pl.Int64), status=pl.lit("finished")
    )
    tables["evaluations"] = tables["evaluations"].with_columns(
        value=pl.Series([0.5, 1.5, 0.9, -1.0, 2.0, 3.5])
    )
    tables["tasks"] = tables["tasks"].head(1)
    report = check_batches(Batch(batch.manifest, **tables))
    found = {(each.rule, each.place) for each in report.violations}
    assert found == {
        ("minCount", "datasets, row 1"),
        ("minInclusive", "runs, row 0"),
        ("maxInclusive", "evaluations, row 1"),
        ("minInclusive", "evaluations, row 3"),
        ("node", "runs, row 3"),
        ("reference", "runs, row 2"),
        ("reference", "runs, row 3"),
    }
    assert all(each.remedy in str(each) for each in report.violations)
    assert check_batches([batch]).conforms


def test_a_run_may_be_in_one_batch_and_its_evaluations_in_another() -> None:
    batch = small_batch()
    tables = batch.tables()
    first = Batch(batch.manifest, **{name: table for name, table in tables.items() if name != "evaluations"})
    second = Batch(batch.manifest, evaluations=batch.evaluations)
    assert check_batches([first, second]).conforms
    assert not check_batches(first).conforms
