"""Batches: declared tables, clear refusals, a content hash that only content changes; and their way into RDF."""

import polars as pl
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import iris
from kg.batch import Batch, Manifest, content_hash
from kg.errors import QueryError, SchemaError
from kg.measures import MEASURES, measure_of
from kg.pipeline import Pipeline, Step
from kg.quads import nquads
from kg.testing import small_batch

MANIFEST = Manifest("trial", "1", "Trial", "CC0-1.0", "https://example.org/trial")
# What XML-safe text and IRIs exclude does not matter here: N-Quads holds any Unicode scalar value.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def test_missing_optional_columns_are_filled() -> None:
    batch = Batch(MANIFEST, datasets=pl.DataFrame({"dataset": [iris.openml_dataset(2)]}))
    assert batch.datasets.row(0) == (iris.openml_dataset(2), None, None, None, None)
    assert {table: count for table, count in batch.counts().items() if count} == {"datasets": 1}


@pytest.mark.parametrize(
    ("table", "frame", "message"),
    [
        ("datasets", {"title": ["x"]}, "lacks the column 'dataset'"),
        ("datasets", {"dataset": ["a"], "colour": [1]}, "unknown column 'colour'"),
        ("datasets", {"dataset": ["a"], "openml_id": ["x"]}, "declared types"),
        ("datasets", {"dataset": ["a", "a"]}, "two rows"),
        ("datasets", {"dataset": ["http://a> <http://b"]}, "not an IRI"),
        ("datasets", {"dataset": ["http://a"], "landing_page": ["http://a\n"]}, "not an IRI"),
        ("datasets", {"dataset": ["a", None]}, "1 of 2 values of 'dataset' are missing"),
        ("evaluations", {"run": ["r"], "measure": ["m"], "value": [float("nan")]}, "not a finite number"),
        ("evaluations", {"run": ["r"], "measure": ["m"], "value": [float("inf")]}, "not a finite number"),
        (
            "tasks",
            {"task": ["t"], "dataset": ["d"], "type": ["ranking"], "procedure": ["p"]},
            "ranking",
        ),
        (
            "runs",
            {"run": ["r"], "task": ["t"], "dataset": ["d"], "pipeline": ["p"], "status": ["ok"]},
            "'ok' is unknown",
        ),
    ],
)
def test_what_is_not_declared_is_refused(table: str, frame: dict[str, list[object]], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Batch(MANIFEST, **{table: pl.DataFrame(frame)})


def test_content_hash_sees_content_alone() -> None:
    batch = small_batch()
    halves = [
        Batch(batch.manifest, datasets=batch.datasets, qualities=batch.qualities, tasks=batch.tasks),
        Batch(
            batch.manifest, pipelines=batch.pipelines, runs=batch.runs[::-1], evaluations=batch.evaluations
        ),
    ]
    assert content_hash(halves[::-1]) == content_hash([batch])
    assert content_hash([small_batch(shift=1e-12)]) != content_hash([batch])
    with pytest.raises(SchemaError, match="one commit"):
        content_hash([batch, small_batch("other")])


def test_quads_of_a_run_have_the_shape_of_mlsea_kg() -> None:
    raw = ox.Store()
    raw.load(b"".join(nquads(small_batch())), ox.RdfFormat.N_QUADS)
    question = """PREFIX mls: <http://www.w3.org/ns/mls#> PREFIX dcterms: <http://purl.org/dc/terms/>
    PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
    SELECT DISTINCT ?run WHERE {
        ?run a mls:Run ; mls:achieves ?task ; mls:executes ?flow ; mls:hasOutput ?evaluation ;
            mls:hasInput ?data, ?setting .
        ?task a mls:Task ; mls:definedOn ?data . ?data a mls:Dataset ; dcterms:title ?title ; rdfs:label ?label ;
            dcat:distribution/mls:hasQuality ?quality . ?quality rdfs:label ?name ; mls:hasValue ?size .
        ?flow a mls:Implementation ; dcterms:title ?name2 . ?setting a mls:HyperParameterSetting ; dcterms:title "C" ;
            mls:specifiedBy ?hyperparameter ; mls:hasValue 2 .
        ?evaluation a mls:ModelEvaluation ; mls:specifiedBy ?measure ; mls:hasValue ?value }"""
    assert len(list(raw.query(question, use_default_graph_as_union=True))) == 1
    assert len(raw) == b"".join(nquads(small_batch())).count(b"\n")
    assert not [q for q in raw if isinstance(q.subject, ox.BlankNode) or isinstance(q.object, ox.BlankNode)]


@settings(max_examples=50, deadline=None)
@given(
    title=TEXT,
    name=TEXT,
    value=st.one_of(TEXT, st.floats(allow_nan=False, allow_infinity=False), st.booleans()),
)
def test_any_text_goes_through_rdf_unchanged(title: str, name: str, value: str | float | bool) -> None:
    pipeline = Pipeline((Step("estimator", "own.Thing", {name or "p": value}),))
    batch = Batch(
        MANIFEST,
        datasets=pl.DataFrame({"dataset": [iris.openml_dataset(2)], "title": [title]}),
        qualities=pl.DataFrame({"dataset": [iris.openml_dataset(2)], "name": [name], "value": [0.1]}),
        pipelines=pl.DataFrame(
            [{"pipeline": pipeline.iri, "title": title, "canonical": pipeline.canonical()}]
        ),
    )
    data = b"".join(nquads(batch))
    raw = ox.Store()
    raw.load(data, ox.RdfFormat.N_QUADS)
    found = {
        (q.predicate.value.rpartition("/")[2], q.object.value)
        for q in raw
        if isinstance(q.object, ox.Literal)
    }
    assert ("title", title) in found
    assert ("ontology#canonical", pipeline.canonical()) in found
    graph = rdflib.Dataset()
    graph.parse(data=data.decode(), format="nquads")
    assert len(list(graph.quads())) == len(raw)


def test_datasets_by_the_names_that_people_use() -> None:
    assert (
        iris.dataset_iri("31")
        == iris.dataset_iri("openml:31")
        == iris.dataset_iri(31)
        == iris.openml_dataset(31)
    )
    assert iris.openml_id(iris.openml_dataset(31)) == 31
    assert iris.openml_id("https://example.org/31") is None
    for name in ("credit-g", "http://a b", "<http://a>", ""):
        with pytest.raises(QueryError, match="OpenML id"):
            iris.dataset_iri(name)


def test_measures_by_key_and_iri() -> None:
    assert measure_of("roc_auc") is measure_of(iris.measure("roc_auc")) is MEASURES["roc_auc"]
    with pytest.raises(QueryError, match="did you mean 'accuracy'"):
        measure_of("accurracy")
