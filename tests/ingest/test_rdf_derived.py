"""MLSea-KG's dumps and ExeKG's pipelines can be answered from, and their own triples stay as they are."""

from pathlib import Path

import pyoxigraph as ox
import pytest

import metakg
from ingest.rdf_derived import procedure_of
from ingest.sklearn_objects import pipeline_of
from kg import IRI, iris
from kg.errors import GateError
from kg.pipeline import Pipeline

FOREIGN = Path(__file__).parent / "foreign"
MLSEA, EXEKG = FOREIGN / "mlsea-sample.ttl", FOREIGN / "exekg-sample.ttl"


@pytest.fixture
def kg(tmp_path):
    with metakg.open(tmp_path / "store") as graph:
        yield graph


def test_runs_of_a_dump_have_values_pipelines_and_procedures(kg):
    from sklearn.svm import SVC

    report = kg.ingest(MLSEA)
    assert report.derived > 0
    assert f"{report.derived} of them derived" in str(report)
    experience = kg.experience()
    runs = experience.runs.collect() if hasattr(experience.runs, "collect") else experience.runs
    values = {
        (iris_of.rpartition("/")[2], measure.rpartition("/")[2]): value
        for iris_of, measure, value in runs.select("run", "measure", "value").iter_rows()
    }
    assert values == {
        ("1", "accuracy"): 0.75,
        ("1", "roc_auc_ovr_weighted"): 0.71,
        ("1", "runtime_seconds"): 1.5,  # milliseconds in the dump
        ("2", "accuracy"): 0.77,
        ("2", "roc_auc_ovr_weighted"): 0.8,
        ("3", "accuracy"): 0.76,
        ("4", "accuracy"): 0.78,
        ("4", "f1_weighted"): 0.7725,
    }
    assert set(runs["procedure"].cast(str)) == {iris.procedure("10-fold-cv")}
    assert set(runs["type"].cast(str)) == {"classification"}
    of_run = dict(runs.select("run", "pipeline").unique().iter_rows())
    assert of_run[iris.openml_run(1)] == pipeline_of(SVC(C=2.5, kernel="poly")).iri
    assert of_run[iris.openml_run(2)] == pipeline_of(SVC()).iri
    assert of_run[iris.openml_run(3)] != of_run[iris.openml_run(4)]  # one flow, other settings
    assert set(of_run.values()) <= set(experience.pipelines["pipeline"])
    assert set(experience.qualities["name"]) == {"NumberOfInstances"}


def test_the_triples_of_the_file_stay_and_the_derived_ones_say_so(kg):
    graph = kg.ingest(MLSEA).graphs[0]
    held = {
        (str(s), str(p), str(o))
        for s, p, o in kg.store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", default_graph=graph).terms
    }
    plain = ox.Store()  # which writes numbers in its own form, as the graph's does
    plain.load(path=str(MLSEA), format=ox.RdfFormat.TURTLE)
    stated = {(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in plain}
    assert stated
    assert stated <= held
    derived = kg.sparql(
        "SELECT ?pipeline WHERE { ?pipeline <http://www.w3.org/ns/prov#wasGeneratedBy> ?activity }",
        activity=IRI(f"{graph}/derivation"),
    )
    assert len(list(derived.rows())) == 4
    assert kg.validate().conforms


def test_again_changes_nothing(kg):
    kg.ingest(MLSEA)
    assert not kg.ingest(MLSEA).changed


def test_an_export_of_it_can_be_put_back(kg, tmp_path):
    kg.ingest(MLSEA)
    kg.export(tmp_path / "all.nq")
    with metakg.open(tmp_path / "other") as other:
        report = other.ingest(tmp_path / "all.nq")
        assert report.restored
        assert report.derived == 0


def test_a_value_outside_its_measure_is_told_with_its_run(kg, tmp_path):
    broken = tmp_path / "broken.ttl"
    broken.write_text(MLSEA.read_text().replace('"0.75"', '"75"'))
    with pytest.raises(GateError) as caught:
        kg.ingest(broken)
    (only,) = caught.value.report.violations
    assert only.node == iris.openml_run(1)
    assert "accuracy" in only.message


def test_what_is_not_mlseas_is_not_helped(kg, tmp_path):
    """A task of somebody else that lacks its procedure is still told of."""
    other = tmp_path / "other.ttl"
    other.write_text(MLSEA.read_text().replace("http://w3id.org/mlsea/openml/", "https://example.org/"))
    with pytest.raises(GateError) as caught:
        kg.ingest(other)
    assert "mkg:procedure" in caught.value.report.to_text()


def test_an_executable_pipeline_is_a_node_with_its_tasks(kg):
    report = kg.ingest(EXEKG)
    assert report.counts["pipelines"] == 1
    (row,) = kg.sparql(
        "PREFIX mkg: <https://w3id.org/metakg/ontology#> SELECT ?from ?canonical WHERE "
        "{ ?from mkg:derivedPipeline ?it . ?it mkg:canonical ?canonical }"
    ).rows()
    assert str(row[0]).endswith("#WeldingPipeline")
    step = Pipeline.from_canonical(str(row[1])).estimator
    assert step.component == "KNNTrain"
    assert step.parameters["hasNumberOfNeighbors"] == 7
    assert step.parameters["tasks"].index("Concatenation") < step.parameters["tasks"].index("0.8")
    assert not kg.ingest(EXEKG).changed


def test_a_chain_of_tasks_that_comes_round_ends(kg, tmp_path):
    path = tmp_path / "round.ttl"
    path.write_text(
        EXEKG.read_text().replace("ml:Test1 a ml:Test ;", "ml:Test1 a ml:Test ; ds:hasNextTask ml:Train1 ;")
    )
    assert kg.ingest(path).counts["pipelines"] == 1


@pytest.mark.parametrize(
    ("label", "kind", "key"),
    [
        ("10-fold Crossvalidation", "crossvalidation", "10-fold-cv"),
        ("10 times 10-fold Crossvalidation", "", "10x10-fold-cv"),
        ("33% Holdout set", "", "33-percent-holdout"),
        ("Leave one out", "", "leave-one-out"),
        ("Custom Holdout", "", "holdout"),
        ("", "http://w3id.org/mlso/vocab/estimation_procedure#holdout", "holdout"),
        ("Test on Training Data", "", "unspecified"),
    ],
)
def test_procedures_by_openmls_names(label, kind, key):
    assert procedure_of(label, kind) == key
