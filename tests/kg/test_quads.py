"""What a batch says is what RDF tools read from it, whatever the text and the numbers."""

from __future__ import annotations

import math

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import iris
from kg.batch import Batch, Manifest
from kg.pipeline import Pipeline, Step
from kg.quads import literal, nquads
from kg.testing import small_batch
from kg.vocabulary import DCAT, DCTERMS, MLS, RDF, RDFS, own_term

MANIFEST = Manifest("trial", "1", "Trial", "CC0-1.0", "https://example.org/trial")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SCALAR = TEXT | NUMBER | st.booleans() | st.integers(-(2**60), 2**60)


def lines(batch: Batch) -> bytes:
    return b"".join(nquads(batch))


def parsed(batch: Batch) -> ox.Store:
    store = ox.Store()
    store.load(lines(batch), format=ox.RdfFormat.N_QUADS)
    return store


def objects(store: ox.Store, subject: str, predicate: str) -> list[ox.NamedNode | ox.Literal]:
    found = store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
    return [quad.object for quad in found]


@settings(max_examples=80, deadline=None)
@given(title=TEXT, target=TEXT, quality=NAME, value=NUMBER, error=TEXT)
def test_any_text_and_number_comes_back(
    title: str, target: str, quality: str, value: float, error: str
) -> None:
    dataset, task, run = (
        iris.openml_dataset(31),
        iris.task("openml-31", "5-fold-cv"),
        iris.own("run", "trial/31"),
    )
    pipeline = Pipeline((Step("estimator", "sklearn.naive_bayes.GaussianNB"),))
    batch = Batch(
        MANIFEST,
        datasets=pl.DataFrame({"dataset": [dataset], "title": [title]}),
        qualities=pl.DataFrame({"dataset": [dataset], "name": [quality], "value": [value]}),
        tasks=pl.DataFrame(
            {
                "task": [task],
                "dataset": [dataset],
                "type": ["classification"],
                "procedure": [iris.procedure("5-fold-cv")],
                "target": [target],
            }
        ),
        runs=pl.DataFrame(
            {
                "run": [run],
                "task": [task],
                "dataset": [dataset],
                "pipeline": [pipeline.iri],
                "status": ["failed"],
                "error": [error],
            }
        ),
    )
    store = parsed(batch)
    assert [term.value for term in objects(store, dataset, DCTERMS + "title")] == [title]
    assert [term.value for term in objects(store, task, DCTERMS + "subject")] == [target]
    assert [term.value for term in objects(store, run, own_term("errorMessage"))] == [error]
    (distribution,) = objects(store, dataset, DCAT + "distribution")
    (node,) = objects(store, distribution.value, MLS + "hasQuality")
    assert [term.value for term in objects(store, node.value, RDFS + "label")] == [quality]
    (stored,) = objects(store, node.value, MLS + "hasValue")
    assert float(stored.value) == value


@settings(max_examples=80, deadline=None)
@given(parameters=st.dictionaries(NAME, SCALAR, max_size=4), title=TEXT)
def test_any_parameter_comes_back_typed(parameters: dict[str, str | float | bool], title: str) -> None:
    pipeline = Pipeline((Step("estimator", "sklearn.svm.SVC", parameters),))
    frame = pl.DataFrame({"pipeline": [pipeline.iri], "title": [title], "canonical": [pipeline.canonical()]})
    store = parsed(Batch(MANIFEST, pipelines=frame))
    (canonical,) = objects(store, pipeline.iri, own_term("canonical"))
    assert Pipeline.from_canonical(canonical.value) == pipeline
    assert objects(store, pipeline.iri, DCTERMS + "title")[0].value == title
    found = {}
    for quad in store.quads_for_pattern(
        None, ox.NamedNode(RDF + "type"), ox.NamedNode(MLS + "HyperParameterSetting")
    ):
        (name,) = objects(store, quad.subject.value, DCTERMS + "title")
        (found[name.value],) = objects(store, quad.subject.value, MLS + "hasValue")
    assert set(found) == set(parameters)
    for name, value in pipeline.estimator.parameters.items():
        term = found[name]
        if isinstance(value, bool):
            assert (term.datatype.value.rpartition("#")[2], term.value) == ("boolean", str(value).lower())
        elif isinstance(value, str):
            assert (term.datatype.value.rpartition("#")[2], term.value) == ("string", value)
        else:
            assert float(term.value) == float(value)
            assert term.datatype.value.endswith("integer" if isinstance(value, int) else "double")


def test_rdflib_reads_the_same_quads() -> None:
    import rdflib

    batch = small_batch()
    text = lines(batch).decode()
    graph = rdflib.Dataset().parse(data=text, format="nquads")
    assert len(set(graph.quads())) == len(set(text.splitlines())) == text.count("\n")


def test_a_run_has_the_shape_of_mlsea() -> None:
    batch = small_batch()
    store = parsed(batch)
    run = batch.evaluations["run"][0]
    row = batch.runs.filter(run=run).row(0, named=True)
    assert [o.value for o in objects(store, run, MLS + "achieves")] == [row["task"]]
    assert [o.value for o in objects(store, run, MLS + "executes")] == [row["pipeline"]]
    assert [o.value for o in objects(store, row["task"], MLS + "definedOn")] == [row["dataset"]]
    inputs = {o.value for o in objects(store, run, MLS + "hasInput")}
    assert row["dataset"] in inputs
    steps = Pipeline.from_canonical(batch.pipelines.filter(pipeline=row["pipeline"])["canonical"][0]).steps
    assert len(inputs) == 1 + sum(len(step.parameters) for step in steps)
    for node in objects(store, run, MLS + "hasOutput"):
        (measure,) = objects(store, node.value, MLS + "specifiedBy")
        (value,) = objects(store, node.value, MLS + "hasValue")
        assert objects(store, run, measure.value) == [value]
        assert batch.evaluations.filter(run=run, measure=measure.value)["value"][0] == float(value.value)


def test_there_are_no_blank_nodes_and_one_graph() -> None:
    quads = list(parsed(small_batch()))
    assert {quad.graph_name.value for quad in quads} == {iris.graph("trial", "1")}
    assert all(isinstance(quad.subject, ox.NamedNode) for quad in quads)


@given(NUMBER)
def test_a_double_keeps_all_its_digits(value: float) -> None:
    term = next(iter(ox.parse(f"<a:b> <a:c> {literal(value)} .", format=ox.RdfFormat.N_TRIPLES))).object
    assert math.isclose(float(term.value), value, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize("value", [None, "None", True, 3, -0.5, "é\u2028\x07"])
def test_a_literal_is_one_term(value: str | float | bool | None) -> None:
    (triple,) = ox.parse(f"<a:b> <a:c> {literal(value)} .", format=ox.RdfFormat.N_TRIPLES)
    assert triple.object.value == {None: "None", True: "true"}.get(value, str(value))
