"""auto-sklearn's metadata: losses become scores, configurations pipelines, and nothing counts twice."""

import shutil
from pathlib import Path

import polars as pl
import pytest

import metakg
from ingest import AutoSklearnSource, find_source, source_for
from ingest.autosklearn_pipelines import pipeline_of_configuration
from ingest.sklearn_objects import pipeline_of
from ingest.testing import SourceTestCase
from kg import iris
from kg.errors import SourceError

FILES = Path(__file__).parent / "autosklearn"
REGRESSION = "mean_squared_error_regression_dense"
ACCURACY = "accuracy_multiclass.classification_dense"


class TestAutoSklearn(SourceTestCase):
    def make(self):
        return AutoSklearnSource(FILES)

    def damaged(self, folder):
        yield AutoSklearnSource(folder / "nowhere.tar.gz"), folder / "nowhere.tar.gz"
        text = folder / "auto-sklearn-0.15.0.tar.gz"
        text.write_text("no archive")
        yield AutoSklearnSource(text), text
        empty = folder / "empty"
        empty.mkdir()
        yield AutoSklearnSource(empty), empty
        for name, damage in (
            ("description.txt", lambda _: b"- 1"),
            ("algorithm_runs.arff", lambda content: content[: len(content) // 2]),
            ("feature_values.arff", lambda content: content[: len(content) // 2]),
            ("configurations.csv", lambda content: content + b"9,two\n"),
        ):
            copy = folder / name / REGRESSION
            shutil.copytree(FILES / REGRESSION, copy)
            (copy / name).write_bytes(damage((copy / name).read_bytes()))
            yield AutoSklearnSource(copy), copy / name


@pytest.fixture(scope="module")
def batch():
    (only,) = AutoSklearnSource(FILES).batches()
    return only


def test_losses_become_scores(batch):
    # algorithm_runs.arff: 'twonorm,1.0,1,0.015561015561015523,ok' and 'laser,1.0,2,...'
    values = batch.runs.join(batch.evaluations, on="run").join(batch.datasets, on="dataset")
    of_twonorm = values.filter(title="twonorm", measure=iris.measure("accuracy"))
    assert 1 - 0.015561015561015523 in of_twonorm["value"].to_list()
    lines = (FILES / REGRESSION / "algorithm_runs.arff").read_text().splitlines()
    rows = [line.split(",") for line in lines if line.endswith(",ok")]
    assert rows
    squared = values.filter(measure=iris.measure("mean_squared_error"))
    assert dict(squared.select("title", "value").iter_rows()) == {row[0]: float(row[3]) for row in rows}


def test_tasks_have_their_type_and_procedure(batch):
    assert set(batch.tasks["type"]) == {"classification", "regression"}
    assert set(batch.tasks["procedure"]) == {iris.procedure("holdout")}


def test_features_do_not_pass_for_qualities_of_openml(batch):
    assert all(name.startswith("autosklearn.") for name in batch.qualities["name"])
    assert "autosklearn.NumberOfInstances" in set(batch.qualities["name"])


def test_what_was_left_out_is_told():
    source = AutoSklearnSource(FILES)
    list(source.batches())
    reasons = {item.why: item.count for item in source.tally.left_out}
    assert reasons["not applicable: the algorithm was not run"] > 0


def config(**chosen):
    places = {
        "imputation": "data_preprocessor:feature_type:numerical_transformer:imputation:strategy",
        "scaler": "data_preprocessor:feature_type:numerical_transformer:rescaling:__choice__",
        "encoding": "data_preprocessor:feature_type:categorical_transformer:categorical_encoding:__choice__",
        "coalescer": "data_preprocessor:feature_type:categorical_transformer:category_coalescence:__choice__",
        "reducer": "feature_preprocessor:__choice__",
        "classifier": "classifier:__choice__",
        "regressor": "regressor:__choice__",
    }
    return {places.get(name, name): value for name, value in chosen.items()}


def test_a_configuration_that_scikit_learn_has_is_the_node_of_the_object():
    sklearn = pytest.importorskip("sklearn")
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    assert sklearn
    found = pipeline_of_configuration(
        config(scaler="standardize", reducer="pca", classifier="libsvm_svc")
        | {
            "feature_preprocessor:pca:keep_variance": "0.9",
            "feature_preprocessor:pca:whiten": "True",
            "classifier:libsvm_svc:C": "2.5",
            "classifier:libsvm_svc:kernel": "rbf",
            "classifier:libsvm_svc:gamma": "0.125",
            "classifier:libsvm_svc:max_iter": "-1",
            "balancing:strategy": "weighting",
        }
    )
    made = make_pipeline(
        StandardScaler(), PCA(n_components=0.9, whiten=True), SVC(C=2.5, gamma=0.125, class_weight="balanced")
    )
    assert found.iri == pipeline_of(made).iri
    imputed = pipeline_of_configuration(config(imputation="median", classifier="gaussian_nb"))
    assert [step.slot for step in imputed.steps] == ["numeric_imputer", "estimator"]
    assert imputed.steps[0].component == f"{SimpleImputer.__module__.rpartition('.')[0]}.SimpleImputer"


@pytest.mark.parametrize(
    ("kind", "share", "weighting", "expected"),
    [
        ("classifier", "0.5", "none", "sklearn.ensemble.RandomForestClassifier"),
        ("classifier", "0.37", "none", "autosklearn.pipeline.components.classification.random_forest"),
        ("classifier", "0.5", "weighting", "autosklearn.pipeline.components.classification.random_forest"),
        ("regressor", "0.37", "none", "sklearn.ensemble.RandomForestRegressor"),
    ],
)
def test_what_depends_on_the_table_stays_auto_sklearns(kind, share, weighting, expected):
    found = pipeline_of_configuration(
        config(**{kind: "random_forest"})
        | {f"{kind}:random_forest:max_features": share, "balancing:strategy": weighting}
    )
    assert found.estimator.component == expected
    if expected.startswith("autosklearn"):
        assert found.estimator.parameters["max_features"] == float(share)
        assert found.estimator.parameters.get("balancing") == (None if weighting == "none" else weighting)


def test_no_hyperparameter_of_a_configuration_is_lost():
    """Two configurations that differ anywhere are two pipelines, if the difference is active."""
    base = config(scaler="quantile_transformer", reducer="feature_agglomeration", classifier="mlp") | {
        "data_preprocessor:feature_type:numerical_transformer:rescaling:quantile_transformer:n_quantiles": "7",
        "feature_preprocessor:feature_agglomeration:n_clusters": "25",
        "classifier:mlp:alpha": "0.25",
    }
    found = {pipeline_of_configuration({**base, key: "13"}).iri for key in base if "__choice__" not in key}
    assert len(found | {pipeline_of_configuration(base).iri}) == 4


def test_an_algorithm_without_a_configuration_is_told_by_its_line(tmp_path):
    copy = tmp_path / REGRESSION
    shutil.copytree(FILES / REGRESSION, copy)
    lines = (copy / "configurations.csv").read_text().splitlines()
    (copy / "configurations.csv").write_text("\n".join(lines[:-1]) + "\n")
    source = AutoSklearnSource(copy)
    source.keep_going = True
    list(source.batches())
    (only,) = source.tally.rejected
    assert "line" in only.place
    assert "not in configurations.csv" in only.why


def test_one_scenario_and_a_folder_of_them_are_recognised(tmp_path):
    assert isinstance(source_for(FILES / ACCURACY), AutoSklearnSource)
    assert isinstance(source_for(FILES), AutoSklearnSource)
    with pytest.raises(SourceError, match="pip download"):
        list(find_source("autosklearn", path=tmp_path / "none.tar.gz").batches())


def test_the_whole_package(autosklearn_archive, tmp_path):
    with metakg.open(tmp_path / "store") as kg:
        report = kg.ingest(autosklearn_archive)
        assert report.graph == iris.graph("autosklearn", "0.15.0")
        assert {name: report.written[name] for name in ("datasets", "pipelines", "runs", "evaluations")} == {
            "datasets": 261,
            "pipelines": 1295,
            "runs": 1347,
            "evaluations": 5268,
        }
    source = AutoSklearnSource(autosklearn_archive)
    (batch,) = source.batches()
    rows = sum(item.count for item in source.tally.left_out if item.what == "evaluations") + 5268
    assert rows == 17_244  # lines of the 92 files
    assert batch.evaluations.filter(pl.col("value") > 1, measure=iris.measure("accuracy")).is_empty()
