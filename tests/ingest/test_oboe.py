"""OBOE's numbers arrive unchanged, mean what the documentation says, and are the same from the original package."""

import shutil
import zipfile

import polars as pl
import pytest

from ingest import OboeSource
from ingest.oboe_matrices import MEMBERS
from ingest.sklearn_names import oboe_pipeline
from ingest.tables import DATA, SAME_PIPELINE
from kg import iris
from kg.batch import content_hash
from kg.errors import SourceError

GNB = "{'algorithm': 'GNB', 'hyperparameters': {}}"
KNN = "{'algorithm': 'KNN', 'hyperparameters': {'n_neighbors': 5, 'p': 2}}"
STUMP = "{'algorithm': 'DT', 'hyperparameters': {'min_samples_split': 1024}}"
SVM = "{'algorithm': 'kSVM', 'hyperparameters': {'C': 16, 'kernel': 'poly', 'coef0': 10}}"

# read off oboe 0.2.0, oboe/defaults/Oboe/{error_matrix,runtime_matrix}.csv: (id, configuration, error, seconds)
SPOTS = [
    (31, GNB, 0.3192857142857143, 0.014752149581909181),
    (31, KNN, 0.39071428571428574, 0.11405611038208008),
    (31, SVM, 0.34714285714285714, 1.3750791549682615),
    (61, GNB, 0.03000000000000002, 0.009417057037353516),
    (61, STUMP, 0.5, 0.005397319793701172),
    (1510, KNN, 0.04613878360602894, 0.03965854644775391),
    (1510, SVM, 0.034852331040506584, 0.036234140396118164),
]


@pytest.fixture(scope="module")
def batch():
    (only,) = OboeSource().batches()
    return only


@pytest.fixture(scope="module")
def values(batch):
    return {(run, measure): value for run, measure, value in batch.evaluations.iter_rows()}


def test_counts(batch):
    assert batch.counts() == {
        "datasets": 418,
        "qualities": 836,
        "tasks": 418,
        "pipelines": 219,
        "runs": 418 * 219,
        "evaluations": 2 * 418 * 219,
    }


@pytest.mark.parametrize(("number", "configuration", "error", "seconds"), SPOTS)
def test_values_are_those_of_the_csv(values, number, configuration, error, seconds):
    run = iris.own("run", f"oboe/{number}/{oboe_pipeline(configuration).key}")
    assert values[run, iris.measure("one_vs_rest_balanced_accuracy")] == 1 - error
    assert values[run, iris.measure("runtime_seconds")] == seconds


def test_a_run_joins_its_dataset_task_and_pipeline(batch):
    run = iris.own("run", f"oboe/31/{oboe_pipeline(SVM).key}")
    row = batch.runs.row(by_predicate=pl.col("run") == run, named=True)
    assert row["dataset"] == iris.openml_dataset(31)
    assert row["task"] == iris.task("openml-31", "5-fold-cv")
    assert row["pipeline"] == oboe_pipeline(SVM).iri
    assert row["status"] == "finished"
    assert set(batch.tasks["procedure"]) == {iris.procedure("5-fold-cv")}


def test_sizes_are_qualities_under_the_name_that_fits(batch):
    # dataset_sizes.csv says (1000, 62) for 31 (credit-g), whose 20 features are 61 columns once encoded
    of_31 = batch.qualities.filter(pl.col("dataset") == iris.openml_dataset(31))
    assert dict(of_31.select("name", "value").iter_rows()) == {
        "NumberOfInstances": 1000,
        "NumberOfFeaturesAfterBinarization": 61,
    }


def test_titles_are_names_where_known(batch):
    titles = dict(batch.datasets.select("openml_id", "title").iter_rows())
    assert titles[31] == "credit-g"
    assert titles[1510] == "OpenML dataset 1510"


def test_the_measure_is_the_mean_of_class_against_rest():
    """Recompute iris (61): 5 folds, seed 0, standardised; scikit-learn's balanced error would be .04."""
    import numpy as np
    from sklearn.datasets import load_iris
    from sklearn.model_selection import StratifiedKFold
    from sklearn.naive_bayes import GaussianNB
    from sklearn.preprocessing import scale

    X, y = load_iris(return_X_y=True)
    errors = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        predicted, truth = GaussianNB().fit(scale(X)[train], y[train]).predict(scale(X)[test]), y[test]
        errors += [
            1 - 0.5 * np.mean(predicted[truth == k] == k) - 0.5 * np.mean(predicted[truth != k] != k)
            for k in range(3)
        ]
    (expected,) = [error for number, text, error, _ in SPOTS if (number, text) == (61, GNB)]
    assert np.mean(errors) == pytest.approx(expected, abs=1e-9)


def test_equal_pipelines_and_missing_values_are_left_out_and_counted(tmp_path):
    for file in ("oboe-results.parquet", "oboe-datasets.parquet"):
        shutil.copy(DATA / file, tmp_path / file)
    results = pl.read_parquet(tmp_path / "oboe-results.parquet")
    spelled = "{'algorithm': 'KNN', 'hyperparameters': {'p': 2.0, 'n_neighbors': 5}}"
    again = results.filter(pl.col("configuration") == KNN).with_columns(configuration=pl.lit(spelled))
    gap = (pl.col("openml_id") == 31) & (pl.col("configuration") == GNB)
    outside = (pl.col("openml_id") == 61) & (pl.col("configuration") == GNB)
    error = pl.when(gap).then(None).when(outside).then(-1.0).otherwise("error")
    pl.concat([results.with_columns(error=error), again]).write_parquet(tmp_path / "oboe-results.parquet")
    source = OboeSource(tmp_path)
    (batch,) = source.batches()
    assert {(item.what, item.why): item.count for item in source.tally.left_out} == {
        ("pipelines", SAME_PIPELINE): 1,
        ("runs", SAME_PIPELINE): 418,
        ("evaluations", "one_vs_rest_balanced_accuracy: no finite value in the source"): 1,
        ("evaluations", "one_vs_rest_balanced_accuracy: outside [0, 1]"): 1,
    }
    assert batch.runs.height == 418 * 219
    assert batch.evaluations.height == 2 * 418 * 219 - 2


def test_the_original_wheel_gives_the_same(oboe_archive, tmp_path):
    expected = content_hash(OboeSource().batches())
    assert content_hash(OboeSource(oboe_archive).batches()) == expected
    with zipfile.ZipFile(oboe_archive) as wheel:
        wheel.extractall(tmp_path, MEMBERS)
    assert content_hash(OboeSource(tmp_path).batches()) == expected


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("error_matrix", b"'algorithm': 'AB'", b"'algorithm': 'ZZ'"),
        ("runtime_matrix", b"\n00003,", b"\nthree,"),
        ("dataset_sizes", b",0,1", b",n,p"),
    ],
)
def test_a_damaged_folder_is_a_clear_error(oboe_archive, tmp_path, name, old, new):
    with zipfile.ZipFile(oboe_archive) as wheel:
        wheel.extractall(tmp_path, MEMBERS)
    path = tmp_path / f"oboe/defaults/Oboe/{name}.csv"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(SourceError, match=r"not understood|does not hold what it should"):
        list(OboeSource(tmp_path).batches())
