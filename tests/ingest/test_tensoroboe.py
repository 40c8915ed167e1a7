"""TensorOboe's numbers are where the axes say, mean what OBOE's mean, and arrive whole."""

import itertools
import pickle
import zipfile

import numpy as np
import polars as pl
import pytest

from ingest import OboeSource, TensorOboeSource, find_source, tensoroboe
from ingest.oboe_matrices import PACKAGE
from ingest.sklearn_names import OBOE_ALGORITHMS, oboe_pipeline, tensoroboe_pipeline
from ingest.tables import DATA, read_parquet
from ingest.tensoroboe import FAILURE, NO_SCORE, NOT_MEASURED
from ingest.tensoroboe_tensor import FAILED, MEMBERS, decimals, listed_integers, read_tensors
from kg import iris
from kg.batch import content_hash
from kg.errors import SourceError

DONE = {
    "imputer": ("SimpleImputer", {"strategy": "mean"}),
    "encoder": ("OneHotEncoder", {"handle_unknown": "ignore", "sparse": 0}),
    "standardizer": ("StandardScaler", {}),
    "dim_reducer": (None, {}),
}
"""The preparation that is nearest to OBOE's."""

WINE, PARTIAL, NEVER = 187, 388, 56
"""A dataset that is complete, one with failed and with unmeasured runs, and one on which nothing was measured."""


@pytest.fixture(scope="module")
def tensors(oboe_archive):
    return read_tensors(oboe_archive)


@pytest.fixture(scope="module")
def scores(tensors):
    """Measured errors as (datasets, pipelines), NaN for failed and imputed ones."""
    known = np.isfinite(tensors.runtimes) & (tensors.errors != FAILED)
    return np.where(known, tensors.errors, np.nan).astype(np.float32)


@pytest.fixture(scope="module")
def oboe():
    """OBOE's errors: OpenML ids, pipelines, matrix."""
    wide = read_parquet(DATA / "oboe-results.parquet", ["openml_id", "configuration", "error"]).pivot(
        "configuration", index="openml_id", values="error"
    )
    names = wide.columns[1:]
    return wide["openml_id"].to_list(), [oboe_pipeline(name) for name in names], wide[:, 1:].to_numpy()


def columns(tensors, **wanted):
    """Columns whose pipelines have these options; a function is asked about the option."""
    return [
        column
        for column, cell in enumerate(tensors.pipelines)
        if all(want(cell[step]) if callable(want) else cell[step] == want for step, want in wanted.items())
    ]


def test_counts_over_the_whole_tensor(tensors):
    assert tensors.errors.shape == tensors.runtimes.shape == (551, 23_424)
    measured = np.isfinite(tensors.runtimes)
    failed = measured & (tensors.errors == FAILED)
    assert (int(measured.sum()), int(failed.sum())) == (12_047_988, 258_020)
    assert int((measured & ~failed).sum()) == 11_789_968
    assert not np.isinf(tensors.runtimes).any()
    # a failed run has -1 for its runtime too, and no other value is outside the range
    assert (tensors.runtimes[failed] == FAILED).all()
    assert (tensors.runtimes[measured & ~failed] > 0).all()
    scored = tensors.errors[measured & ~failed]
    assert (scored.min(), scored.max() < 1) == (0, True)
    assert int((measured.all(axis=1) & ~failed.any(axis=1)).sum()) == 377


def test_23424_options_are_23424_pipelines_and_none_is_one_of_oboe(tensors, oboe):
    pipelines = [tensoroboe_pipeline(cell) for cell in tensors.pipelines]
    assert len({pipeline.iri for pipeline in pipelines}) == 23_424
    # OBOE imputes the most frequent category beside the numbers' mean; here one strategy fills both
    assert not {pipeline.iri for pipeline in pipelines} & {pipeline.iri for pipeline in oboe[1]}
    estimators = {pipeline.estimator for pipeline in pipelines}
    assert len(estimators) == 183
    assert estimators <= {pipeline.estimator for pipeline in oboe[1]}


def test_steps_of_a_pipeline(tensors):
    plain, full = (
        tensoroboe_pipeline(
            {
                "imputer": ("SimpleImputer", {"strategy": strategy}),
                "encoder": encoder,
                "standardizer": (None, {}),
                "dim_reducer": reducer,
                "estimator": ("KNN", {"n_neighbors": 5, "p": 1}),
            }
        )
        for strategy, encoder, reducer in (
            ("mean", (None, {}), (None, {})),
            ("constant", DONE["encoder"], ("SelectKBest", {"k": "25%"})),
        )
    )
    assert [(step.slot, step.title) for step in plain.steps] == [
        ("numeric_imputer", "SimpleImputer"),
        ("categorical_imputer", "SimpleImputer"),
        ("estimator", "KNeighborsClassifier(p=1)"),
    ]
    assert [(step.slot, step.title) for step in full.steps] == [
        ("numeric_imputer", "SimpleImputer(strategy=constant)"),
        ("categorical_imputer", "SimpleImputer(strategy=constant)"),
        ("encoder", "OneHotEncoder(handle_unknown=ignore)"),
        ("reducer", "SelectKBest(k=25%)"),
        ("estimator", "KNeighborsClassifier(p=1)"),
    ]
    with pytest.raises(
        SourceError, match=r"step 'encoder' with algorithm 'Hash' is unknown; known: imputer:"
    ):
        tensoroboe_pipeline({"encoder": ("Hash", {})})


def test_estimators_stand_where_oboe_has_the_same_errors(tensors, scores, oboe):
    """Matched by name the errors agree with OBOE's; in the order of classification.json they do not."""
    datasets, pipelines, expected = oboe
    common = [number for number in datasets if number in tensors.datasets]
    assert len(common) == 404
    theirs = expected[[datasets.index(number) for number in common]]
    place = {pipeline.estimator: column for column, pipeline in enumerate(pipelines)}
    found = columns(tensors, **DONE)
    ours = scores[[tensors.datasets.index(number) for number in common]][:, found]
    right = [place[tensoroboe_pipeline(tensors.pipelines[column]).estimator] for column in found]
    assert len(set(right)) == 183
    assert np.nanmean(np.abs(ours - theirs[:, right])) < 0.017
    assert np.nanmedian(np.abs(ours - theirs[:, right])) < 0.008
    # the file's order is that of OBOE's short names, each with its grid
    order = {component: number for number, component in enumerate(_stated_algorithms(tensors))}
    unsorted = sorted(right, key=lambda column: order[pipelines[column].estimator.component])
    assert np.nanmean(np.abs(ours - theirs[:, unsorted])) > 0.05


def _stated_algorithms(tensors):
    names = ["KNN", "DT", "RF", "GBT", "AB", "lSVM", "Logit", "Perceptron", "GNB", "MLP", "ExtraTrees"]
    return [OBOE_ALGORITHMS[name] for name in names]


def test_boosting_that_hardly_learns_predicts_the_majority(tensors, scores):
    """With a learning rate of .001 a table that is not balanced is one class throughout: error 1/2."""
    shares = {}
    for rate in (0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5):
        found = columns(tensors, estimator=lambda it: it[0] == "GBT" and it[1]["learning_rate"] == rate)  # noqa: B023
        assert len(found) == 4 * 128
        shares[rate] = float(
            (np.abs(scores[:, found] - 0.5) < 1e-3).sum() / np.isfinite(scores[:, found]).sum()
        )
    assert shares.pop(0.001) > 0.6
    assert shares.pop(0.01) < 0.1
    assert max(shares.values()) < 0.03


def test_trees_that_may_not_split_are_worse_the_fewer_rows_there_are(tensors, scores):
    errors = {
        split: np.nanmean(scores[:, columns(tensors, **DONE, estimator=("DT", {"min_samples_split": split}))])
        for split in (2, 32, 256, 1024)
    }
    assert errors[2] < errors[256] < errors[1024]
    assert errors[32] < errors[256]


def test_scalers_help_where_columns_have_different_scales(tensors, scores):
    wine = tensors.datasets.index(WINE)
    scaled, plain = (
        scores[
            wine,
            columns(
                tensors, estimator=lambda it: it[0] == "KNN", dim_reducer=(None, {}), standardizer=scaler
            ),
        ]
        for scaler in (("StandardScaler", {}), (None, {}))
    )
    assert scaled.max() < 0.06
    assert plain.min() > 0.1


def test_reducers_lose_the_more_the_fewer_columns_they_keep(tensors, scores):
    def error(algorithm, parameters):
        found = columns(tensors, **{**DONE, "dim_reducer": (algorithm, parameters)})
        return scores[:, found]

    every = error(None, {})
    parts = [error("PCA", {"n_components": share}) for share in ("25%", "50%", "75%")]
    parts += [error("SelectKBest", {"k": share}) for share in ("25%", "50%", "75%")]
    losses = [float(np.nanmean(part - every)) for part in parts]
    assert losses[0] > losses[1] > losses[2] > 0
    assert losses[3] > losses[4] > losses[5] > 0
    # removing constant columns removes nothing that helps, other reducers do
    assert abs(float(np.nanmean(error("VarianceThreshold", {}) - every))) < 0.001


def test_imputers_take_the_time_that_they_take(tensors):
    """A constant is had at once, a mean by one pass, a median by sorting, the mode by counting column by column."""
    bare = {
        "encoder": (None, {}),
        "standardizer": (None, {}),
        "dim_reducer": (None, {}),
        "estimator": ("GNB", {}),
    }
    strategies = ("constant", "mean", "median", "most_frequent")
    found = [columns(tensors, imputer=("SimpleImputer", {"strategy": name}), **bare) for name in strategies]
    seconds = np.hstack([tensors.runtimes[:, column] for column in found]).T.astype(float)
    seconds = seconds[:, (seconds > 0).all(axis=0)]
    large = np.argsort(-np.median(seconds, axis=0))[:60]
    constant, mean, median, mode = np.exp(np.log(seconds[:, large]).mean(axis=1))
    assert constant < mean
    assert mean * 2 < median
    assert median * 1.5 < mode


def test_the_folds_are_five(tensors):
    """The smallest errors are those of one to three mistakes in folds of five, and of no other number of folds."""
    sizes = read_parquet(DATA / "lcdb-datasets.parquet", ["openmlid"]).filter(
        pl.col("openmlid").is_in([24, 923, 1116])
    )
    explained = {folds: [] for folds in (2, 3, 4, 5, 6, 8, 10)}
    for number, *classes in sizes.select("openmlid", "MinorityClassSize", "MajorityClassSize").iter_rows():
        row = tensors.datasets.index(number)
        errors = tensors.errors[row][np.isfinite(tensors.runtimes[row]) & (tensors.errors[row] > 0)]
        few = errors[errors < 3.4 * 0.5 / max(classes)]
        assert len(few) > 400
        for folds in explained:
            # a mistake in a class of which a fold has m rows adds 1 / (2 m folds) to the mean error
            mistakes = {0.5 / folds / m for n in classes for m in (n // folds, -(-n // folds))}
            sums = [
                sum(c) for k in (1, 2, 3, 4) for c in itertools.combinations_with_replacement(mistakes, k)
            ]
            explained[folds].append(float(np.isin(few, np.array(sums, dtype=np.float16)).mean()))
    assert explained.pop(5) == [1, 1, 1]
    assert all(min(shares) < 0.9 for shares in explained.values())


def test_numbers_are_the_shortest_decimals():
    values = np.array([0, 0.1, 0.9146, 1 / 3, 6e-08, 593, 61440], dtype=np.float16)
    assert decimals(values).tolist() == [0, 0.1, 0.9146, 0.3333, 6e-08, 593, 61440]
    assert decimals(values[:4], complement=True).tolist() == [1, 0.9, 0.0854, 0.6667]
    every = np.arange(0x7C00, dtype=np.uint16).view(np.float16)
    assert (decimals(every).astype(np.float16) == every).all()
    assert decimals(every.reshape(2, -1)).shape == (2, len(every) // 2)


@pytest.fixture(scope="module")
def source(oboe_archive):
    return TensorOboeSource(oboe_archive, datasets=[PARTIAL, WINE, NEVER])


@pytest.fixture(scope="module")
def batch(source):
    (only,) = source.batches()
    return only


def test_runs_of_a_dataset(tensors, source, batch):
    assert batch.datasets["openml_id"].to_list() == [NEVER, WINE, PARTIAL]
    rows = [tensors.datasets.index(number) for number in (NEVER, WINE, PARTIAL)]
    measured = np.isfinite(tensors.runtimes[rows])
    failed = measured & (tensors.errors[rows] == FAILED)
    assert failed.sum() > 0
    assert (~measured).sum() > 0
    assert batch.runs.height == measured.sum()
    assert batch.runs.filter(pl.col("status") == "failed")["error"].unique().to_list() == [FAILURE]
    assert (
        batch.runs.filter(pl.col("status") == "finished")["error"].null_count() == (measured & ~failed).sum()
    )
    assert batch.evaluations.height == 2 * (measured & ~failed).sum()
    assert {(item.what, item.why): item.count for item in source.tally.left_out} == {
        ("runs", NOT_MEASURED): (~measured).sum(),
        ("evaluations", NO_SCORE): 2 * failed.sum(),
    }


def test_values_are_those_of_the_tensors(tensors, batch):
    values = {(run, measure): value for run, measure, value in batch.evaluations.iter_rows()}
    options = {**DONE, "estimator": ("KNN", {"n_neighbors": 5, "p": 2})}
    pipeline = tensoroboe_pipeline(options)
    run = iris.own("run", f"tensoroboe/{WINE}/{pipeline.key}")
    row = batch.runs.row(by_predicate=pl.col("run") == run, named=True)
    assert row["dataset"] == iris.openml_dataset(WINE)
    assert row["task"] == iris.task(f"openml-{WINE}", "5-fold-cv")
    assert row["pipeline"] == pipeline.iri
    (column,) = columns(tensors, **options)
    cell = tensors.datasets.index(WINE), column
    error = values[run, iris.measure("one_vs_rest_balanced_accuracy")]
    assert error == round(1 - float(str(tensors.errors[cell])), 5) == 0.9702
    assert values[run, iris.measure("runtime_seconds")] == float(str(tensors.runtimes[cell]))


def test_tasks_are_those_of_oboe(batch):
    (oboe_batch,) = OboeSource().batches()
    wine = pl.col("dataset") == iris.openml_dataset(WINE)
    assert batch.tasks.filter(wine).equals(oboe_batch.tasks.filter(wine))
    assert batch.datasets.filter(wine).equals(oboe_batch.datasets.filter(wine))


def test_batches_do_not_depend_on_what_was_read_before(oboe_archive, tmp_path, monkeypatch):
    monkeypatch.setattr(tensoroboe, "DATASETS_PER_BATCH", 2)
    source = TensorOboeSource(oboe_archive, datasets=[WINE, PARTIAL, NEVER])
    batches = list(source.batches())
    assert [len(batch.datasets) for batch in batches] == [2, 1]
    assert [len(batch.pipelines) for batch in batches] == [23_424, 0]
    with zipfile.ZipFile(oboe_archive) as wheel:
        wheel.extractall(tmp_path, MEMBERS)
    again = TensorOboeSource(tmp_path, datasets=[NEVER, PARTIAL, WINE]).batches()
    next(again)
    assert content_hash([next(again)]) == content_hash(batches[1:])


def test_an_unknown_dataset_is_a_clear_error(oboe_archive):
    with pytest.raises(
        SourceError, match=r"'tensoroboe' has no OpenML dataset 61; it has 551, such as 2, 3, 5"
    ):
        list(TensorOboeSource(oboe_archive, datasets=[WINE, 61]).batches())


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ([1, "a"], "UNICODE"),
        ([1, 2.5], "FLOAT"),
        ([1, print], "GLOBAL|UNICODE"),
        ({1: 2}, "DICT"),
        ([[1], [2]], "plain list"),
        (7, "plain list"),
        ([3, 4, 3], "an integer twice"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_of_anything_else_is_refused(value, word, protocol):
    with pytest.raises(SourceError, match=f"^index: .*({word})"):
        listed_integers(pickle.dumps(value, protocol), "index")


def test_a_pickle_is_never_run(tmp_path):
    trap = tmp_path / "trap"
    command = f"cos\nmkdir\n(S'{trap}'\ntR.".encode()
    pickle.loads(command)
    assert trap.exists()
    trap.rmdir()
    with pytest.raises(SourceError, match="instruction GLOBAL"):
        listed_integers(command, "index")
    assert not trap.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_a_pickled_list_of_integers_is_read(protocol):
    assert listed_integers(pickle.dumps([3, 70_000, 41_981], protocol), "index") == (3, 70_000, 41_981)


def test_the_wheel_is_found_or_asked_for(oboe_archive, tmp_path, monkeypatch):
    cache = tmp_path / "cache" / "metakg" / "packages"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as caught:
        list(find_source("tensoroboe").batches())
    message = str(caught.value)
    assert "\n" not in message
    assert str(cache) in message
    assert "pip download --no-deps oboe==0.2.0" in message
    assert "--path" in message
    cache.mkdir(parents=True)
    (cache / PACKAGE.filename).symlink_to(oboe_archive)
    assert PACKAGE.locate() == cache / PACKAGE.filename
    (tmp_path / PACKAGE.filename).symlink_to(oboe_archive)
    assert PACKAGE.locate() == tmp_path / PACKAGE.filename
    (batch,) = find_source("tensoroboe", datasets=[WINE]).batches()
    assert batch.runs.height == 23_424
