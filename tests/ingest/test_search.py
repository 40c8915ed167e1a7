"""Searches and cross-validations of scikit-learn: real ones, run here, and what is wrong with others."""

import copy
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import loguniform
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RandomizedSearchCV,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import metakg
from embeddings.table import prepare
from ingest import OboeSource, SearchSource, ingest, source_for
from ingest.given_data import given_data
from ingest.search_procedures import procedure_of
from ingest.search_scoring import names_of_scores
from ingest.sklearn_objects import pipeline_of
from ingest.tables import DATA
from ingest.testing import SourceTestCase
from kg import iris
from kg.errors import QueryError, RejectedError, SourceError, TableError
from kg.measures import declared
from kg.memory import MemoryStore

IRIS = load_iris(as_frame=True)
X, y = IRIS.data, IRIS.target
TREE = DecisionTreeClassifier(random_state=3)


pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # fits that fail, metrics that are undefined: what this is about


@pytest.fixture(scope="module")
def grid():
    return GridSearchCV(
        TREE, {"max_depth": [1, 3]}, scoring=["accuracy", "neg_log_loss"], refit="accuracy"
    ).fit(X, y)


def batch_of(subject, **options):
    source = source_for(subject, **options)
    (batch,) = source.batches()
    return batch


def scores(batch, key="accuracy"):
    values = batch.evaluations.filter(pl.col("measure") == iris.measure(key)).sort("run")["value"]
    return values.to_list()


def procedures(batch):
    return {text.removeprefix(iris.procedure("")) for text in batch.tasks["procedure"]}


class TestSearch(SourceTestCase):
    def make(self):
        rows = [{"max_depth": depth} for depth in (1, 3, 300)]
        folds = {f"split{fold}_test_score": [0.6 + 0.01 * fold, 0.9, 0.95] for fold in range(5)}
        times = {"mean_fit_time": [0.1, 0.2, 0.2], "mean_score_time": [0.1] * 3}
        results = {"params": rows, "mean_test_score": [0.62, 0.9, 0.95], **folds, **times}
        return SearchSource(results, dataset=(X, y), estimator=TREE, name="three trees")

    def damaged(self, folder):
        given = {"dataset": "iris", "estimator": TREE}
        yield SearchSource(GridSearchCV(TREE, {}), dataset="iris"), Path("GridSearchCV is not fitted")
        yield SearchSource({"params": [], "mean_test_score": []}, **given), Path("cv_results_")
        yield (
            SearchSource({"params": ["{}"], "mean_test_score": [1.0]}, **given),
            Path("params of candidate 0"),
        )


# --- searches ---


def test_each_candidate_is_a_run_with_its_scores_folds_times_and_seed(grid):
    batch = batch_of(grid, dataset=(X, y))
    results = grid.cv_results_
    assert scores(batch) == results["mean_test_accuracy"].tolist()
    assert scores(batch, "log_loss") == pytest.approx(-results["mean_test_neg_log_loss"])
    assert scores(batch, "training_seconds") == results["mean_fit_time"].tolist()
    assert scores(batch, "prediction_seconds") == results["mean_score_time"].tolist()
    expected = [pipeline_of(TREE.__class__(max_depth=depth)).iri for depth in (1, 3)]
    assert batch.runs.sort("run")["pipeline"].to_list() == expected
    assert batch.runs["seed"].to_list() == [3, 3]
    assert procedures(batch) == {"5-fold-cv"}
    assert batch.tasks["type"].to_list() == ["classification"]
    first = batch.series.filter((pl.col("run").str.ends_with("/0")) & (pl.col("name") == "accuracy"))
    assert first.sort("position")["value"].to_list() == [
        results[f"split{i}_test_accuracy"][0] for i in range(5)
    ]
    assert set(first["axis"]) == {"fold"}


def test_training_scores_are_no_evaluations():
    search = GridSearchCV(TREE, {"max_depth": [2]}, return_train_score=True).fit(X, y)
    batch = batch_of(search, dataset="iris")
    assert "mean_train_score" in search.cv_results_
    assert batch.evaluations.height == 3
    assert set(batch.series["name"]) == {"accuracy"}


def test_a_randomised_search_of_a_regression():
    data = load_diabetes()
    search = RandomizedSearchCV(Ridge(), {"alpha": loguniform(0.1, 10)}, n_iter=4, random_state=0, cv=3)
    batch = batch_of(search.fit(*load_diabetes(return_X_y=True)), dataset=(data.data, data.target))
    assert scores(batch, "r2") == search.cv_results_["mean_test_score"].tolist()
    assert batch.tasks["type"].to_list() == ["regression"]
    assert procedures(batch) == {"3-fold-cv"}


@pytest.mark.parametrize("kind", [HalvingGridSearchCV, HalvingRandomSearchCV])
def test_only_the_iteration_on_all_rows_is_under_the_procedure_of_all_rows(kind):
    search = kind(TREE, {"max_depth": [1, 2, 3, 4]}, random_state=0, factor=3).fit(X, y)
    rows = search.cv_results_["n_resources"]
    assert len(set(rows)) > 1
    batch = batch_of(search, dataset=(X, y))
    assert batch.runs["training_size"].to_list() == rows.tolist()
    tasks = batch.runs.join(batch.tasks, on="task", maintain_order="left")["procedure"].to_list()
    whole, part = iris.procedure("5-fold-cv"), iris.procedure("5-fold-cv-of-a-sample")
    assert tasks == [whole if count >= 0.95 * len(X) else part for count in rows]
    assert dict(batch.tags.filter(pl.col("name") == "iteration").select("run", "text").iter_rows()) == {
        run: str(number) for run, number in zip(batch.runs["run"], search.cv_results_["iter"], strict=True)
    }


def test_of_a_halving_search_that_was_given_few_rows_nothing_is_of_all_rows():
    search = HalvingGridSearchCV(TREE, {"max_depth": [1, 2]}, max_resources=75, random_state=0).fit(X, y)
    assert procedures(batch_of(search, dataset="iris")) == {"5-fold-cv-of-a-sample"}
    assert procedures(batch_of(search, dataset=(X, y))) == {"5-fold-cv-of-a-sample"}


def test_what_a_halving_search_gives_more_of_may_be_a_parameter():
    search = HalvingGridSearchCV(
        RandomForestClassifier(random_state=0),
        {"max_depth": [1, 3]},
        resource="n_estimators",
        max_resources=4,
        min_resources=2,
        factor=2,
        cv=2,
    ).fit(X, y)
    batch = batch_of(search, dataset="iris")
    assert batch.runs["training_size"].null_count() == batch.runs.height == 3
    assert procedures(batch) == {"2-fold-cv"}
    assert all("n_estimators" in text for text in batch.pipelines["canonical"])


def test_candidates_that_cannot_be_fitted_are_failed_runs():
    search = GridSearchCV(SVC(), {"C": [1.0, -1.0]}).fit(X, y)
    source = source_for(search, dataset="iris")
    (batch,) = source.batches()
    assert batch.runs["status"].to_list() == ["finished", "failed"]
    assert batch.runs["error"].to_list() == [None, "could not be fitted in 5 of 5 folds"]
    assert set(batch.evaluations["run"]) == {batch.runs["run"][0]}
    assert source.tally.rejected == []


@pytest.mark.parametrize("value", [np.nan, np.inf, "high", None])
def test_scores_that_are_no_numbers_are_rejected_by_their_candidate(grid, value):
    results = copy.deepcopy(grid.cv_results_)
    results["mean_test_accuracy"] = results["mean_test_accuracy"].astype(object)
    results["mean_test_accuracy"][1] = value
    options = {"dataset": "iris", "estimator": TREE, "scoring": ["accuracy", "neg_log_loss"]}
    with pytest.raises(RejectedError, match=f"candidate 1: accuracy is '?{value}'?, which is not a"):
        batch_of(results, **options)
    source = source_for(results, **options)
    source.keep_going = True
    (batch,) = source.batches()
    assert (batch.runs.height, batch.evaluations.height) == (2, 7)


def test_a_fold_that_is_no_number_and_a_parameter_that_is_none_are_rejected(grid):
    results = copy.deepcopy(grid.cv_results_)
    results["split2_test_accuracy"] = ["much", 0.5]
    results["params"][1] = {"depth": 3}
    source = source_for(results, dataset="iris", estimator=TREE)
    source.keep_going = True
    (batch,) = source.batches()
    assert batch.runs.height == 1
    (fold, parameter) = source.tally.rejected
    assert (fold.place, fold.why) == ("candidate 0", "accuracy of fold 2 is 'much', which is not a number")
    assert (parameter.place, "Invalid parameter 'depth'" in parameter.why) == ("candidate 1", True)


def test_undefined_scores_are_no_failures():
    def undefined(estimator, X, y):
        return np.nan if estimator.max_depth == 2 else 0.5

    search = GridSearchCV(TREE, {"max_depth": [1, 2]}, scoring=undefined, refit=False).fit(X, y)
    with pytest.raises(RejectedError, match=r"candidate 1: score is nan|candidate 1: accuracy is nan"):
        batch_of(search, dataset="iris", measures={"score": "accuracy"})


# --- what is returned without a search ---


def test_cross_validate_and_cross_val_score():
    outputs = cross_validate(TREE, X, y, scoring=("accuracy", "f1_macro"), cv=4)
    batch = batch_of(outputs, estimator=TREE, dataset="iris", scoring=("accuracy", "f1_macro"), cv=4)
    assert scores(batch, "f1_macro") == pytest.approx([outputs["test_f1_macro"].mean()])
    assert scores(batch, "training_seconds") == pytest.approx([outputs["fit_time"].mean()])
    assert procedures(batch) == {"4-fold-cv"}
    values = cross_val_score(TREE, X, y)
    alone = batch_of(values, estimator=TREE, dataset="iris")
    assert scores(alone) == pytest.approx([values.mean()])
    assert alone.evaluations.height == 1
    table = batch_of(pd.DataFrame(outputs), estimator=TREE, dataset="iris", cv=4)
    assert scores(table, "f1_macro") == scores(batch, "f1_macro")
    assert scores(
        batch_of(pl.DataFrame(outputs), estimator=TREE, dataset="iris", cv=4), "f1_macro"
    ) == scores(batch, "f1_macro")


def test_results_of_a_search_by_themselves_are_the_runs_of_the_search(grid):
    whole = batch_of(grid, dataset="iris", name="one")
    table = batch_of(pd.DataFrame(grid.cv_results_), dataset="iris", estimator=TREE, name="one")
    assert table.evaluations.equals(whole.evaluations)
    assert table.runs.equals(whole.runs)
    assert table.series.equals(whole.series)


def test_a_fold_that_could_not_be_fitted_fails_the_whole():
    first, cv = slice(0, 60), KFold(6)  # without the last ten rows there is one class only
    outputs = cross_validate(SVC(), X[first], y[first], cv=cv)
    assert np.isnan(outputs["test_score"]).tolist() == [False] * 5 + [True]
    batch = batch_of(outputs, estimator=SVC(), dataset="iris", cv=cv)
    assert batch.runs["error"].to_list() == ["could not be fitted in 1 of 6 folds"]
    assert (batch.evaluations.height, batch.series.height) == (0, 5)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"test_score": [0.5]}, "not one for each fold"),
        ({"score_time": [0.1] * 7}, "not one for each fold"),
        ({"test_score": []}, "not one for each fold"),
        ({"test_score": 3}, "a column that is no list"),
        ({"test_score": np.array(0.5)}, "a column that is no list"),
    ],
)
def test_outputs_that_are_not_one_for_each_fold_are_refused(changes, why):
    outputs = {**cross_validate(TREE, X, y), **changes}
    with pytest.raises(SourceError, match=why):
        batch_of(outputs, estimator=TREE, dataset="iris")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda results: results.update(mean_test_accuracy=[0.5]),
            "mean_test_accuracy has 1 values, params 2",
        ),
        (lambda results: results.pop("split3_test_accuracy"), "not every score has its folds"),
        (
            lambda results: results.update(params=["{'max_depth': 1}"] * 2),
            "params of candidate 0 is \"{'max_depth': 1}\"",
        ),
        (lambda results: results.update(mean_fit_time=3), "a column that is no list"),
    ],
)
def test_results_that_are_not_as_fit_left_them_are_refused(grid, change, why):
    results = dict(grid.cv_results_)
    change(results)
    with pytest.raises(SourceError, match=re.escape(why)):
        batch_of(results, estimator=TREE, dataset="iris", scoring=["accuracy", "neg_log_loss"])


# --- measures ---


def own(truth, predicted):
    return (truth == predicted).mean()


@pytest.mark.parametrize(
    ("scoring", "estimator", "name"),
    [
        (None, TREE, "accuracy"),
        (None, make_pipeline(StandardScaler(), Ridge()), "r2"),
        (None, GridSearchCV(TREE, {}, scoring="roc_auc"), "roc_auc"),
        (None, GridSearchCV(TREE, {}, scoring={"a": "f1", "b": "recall"}, refit="b"), "recall"),
        (None, GridSearchCV(TREE, {}), "accuracy"),
        ("neg_log_loss", TREE, "neg_log_loss"),
        (make_scorer(accuracy_score), TREE, "accuracy"),
        (make_scorer(f1_score, average="weighted"), TREE, "f1_weighted"),
        (make_scorer(f1_score, pos_label=0), TREE, None),
        (
            make_scorer(log_loss, greater_is_better=False, response_method="predict_proba"),
            TREE,
            "neg_log_loss",
        ),
        (make_scorer(own), TREE, None),
        (lambda estimator, X, y: 0.5, TREE, None),
    ],
)
def test_a_single_score_goes_by_the_name_of_its_scorer(scoring, estimator, name):
    assert names_of_scores(["score"], scoring, estimator) == {"score": name}


def test_of_several_scores_the_persons_own_go_by_their_keys():
    scoring = {
        "acc": "balanced_accuracy",
        "f1": make_scorer(f1_score, average="macro"),
        "precision": make_scorer(f1_score, pos_label=0),
        "mae": make_scorer(own, greater_is_better=False),
        "accuracy": make_scorer(own),
    }
    assert names_of_scores(scoring, scoring, TREE) == {
        "acc": "balanced_accuracy",
        "f1": "f1_macro",
        "precision": None,
        "mae": "neg_mae",
        "accuracy": "accuracy",
    }


def test_a_scorer_without_a_name_is_not_read_by_its_key():
    scoring = {"precision": make_scorer(f1_score, pos_label=0), "recall": "recall_macro"}
    data = load_breast_cancer()
    search = GridSearchCV(TREE, {"max_depth": [1]}, scoring=scoring, refit=False, cv=3)
    source = source_for(search.fit(data.data, data.target), dataset="breast cancer")
    (batch,) = source.batches()
    assert {iri.removeprefix(iris.measure("")) for iri in batch.evaluations["measure"]} == {
        "balanced_accuracy",
        "training_seconds",
        "prediction_seconds",
    }
    assert (
        "measure 'scorer of precision' is not known: declare it, as in --measure 'scorer of precision=higher:0:1'"
        in {each.why for each in source.tally.left_out}
    )


def test_measures_of_ones_own_are_declared():
    search = GridSearchCV(TREE, {"max_depth": [1]}, scoring=make_scorer(own), cv=3).fit(X, y)
    with pytest.raises(
        SourceError, match="are of no measure that is known: say what they are of, as in measures="
    ):
        batch_of(search, dataset="iris")
    profit = declared("profit", "higher")
    assert scores(batch_of(search, dataset="iris", measures={"score": profit}), "profit") == [
        search.cv_results_["mean_test_score"][0]
    ]
    assert scores(batch_of(search, dataset="iris", measures={"score": "accuracy"}))
    with pytest.raises(SourceError, match="measures names 'profit', which is no score: there are score"):
        batch_of(search, dataset="iris", measures={"profit": profit})


# --- procedures ---


@pytest.mark.parametrize(
    ("cv", "folds", "task", "key"),
    [
        (None, 5, "classification", "5-fold-cv"),
        (3, 3, "regression", "3-fold-cv"),
        (StratifiedKFold(4), 4, "classification", "4-fold-cv"),
        (KFold(4), 4, "regression", "4-fold-cv"),
        (KFold(4), 4, "classification", "4-fold-cv-unstratified"),
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=5), 10, "classification", "5x2-fold-cv"),
        (RepeatedKFold(n_splits=2, n_repeats=5), 10, "regression", "5x2-fold-cv"),
        (RepeatedKFold(n_splits=2, n_repeats=3), 6, "classification", "3x2-fold-cv-unstratified"),
        (ShuffleSplit(1, test_size=0.33), 1, "classification", "33-percent-holdout"),
        (ShuffleSplit(8), 8, "classification", "8x10-percent-holdout"),
        (StratifiedShuffleSplit(2, train_size=0.7), 2, "classification", "2x30-percent-holdout"),
        (ShuffleSplit(1, test_size=30), 1, "classification", "holdout"),
        (ShuffleSplit(2, train_size=30), 2, "classification", "unspecified"),
        (GroupKFold(3), 3, "classification", "3-fold-group-cv"),
        (TimeSeriesSplit(3), 3, "regression", "3-fold-time-series-cv"),
        (LeaveOneOut(), 150, "classification", "leave-one-out"),
        (PredefinedSplit([-1, 0]), 1, "classification", "holdout"),
        ([([0, 1], [2, 3]), ([2, 3], [0, 1])], 2, "classification", "unspecified"),
        (iter([]), 2, "classification", "unspecified"),
    ],
)
def test_splitters_are_procedures(cv, folds, task, key):
    assert procedure_of(cv, folds, task) == key


def test_scores_of_another_number_of_folds_than_the_splitter_makes_are_refused():
    values = cross_val_score(TREE, X, y, cv=10)
    with pytest.raises(SourceError, match="scores of 10 folds, where cv=None makes 5: give cv="):
        batch_of(values, estimator=TREE, dataset="iris")
    assert procedures(batch_of(values, estimator=TREE, dataset="iris", cv=10)) == {"10-fold-cv"}


# --- data ---


def test_a_table_has_the_iri_that_a_recommendation_gives_it():
    table = X.assign(species=IRIS.target)
    expected = iris.table_dataset(prepare(table, "species").fingerprint)
    for given in (given_data(table, "species"), given_data((X, y.rename("species")))):
        assert given.ref.iri == expected
        assert (given.task, given.rows, given.features) == ("classification", 150, 4)
        assert given.ref.qualities["NumberOfInstances"] == 150
    assert given_data(prepare(table, "species")).ref.iri == expected
    assert (
        given_data((X.to_numpy(), y.to_numpy())).ref.iri
        == given_data((X.to_numpy(), y.to_numpy()[:, None])).ref.iri
    )


def test_the_estimator_says_whether_a_target_of_few_numbers_is_of_classes():
    batch = batch_of(GridSearchCV(Ridge(), {"alpha": [1.0]}).fit(X, y), dataset=(X, y))
    assert batch.tasks["type"].to_list() == ["regression"]
    assert batch.qualities.filter(pl.col("name") == "NumberOfClasses")["value"].to_list() == [0.0]
    assert batch.datasets["dataset"].item() == given_data((X, y)).ref.iri


def test_datasets_by_number_and_name(tmp_path):
    for given in (61, np.int64(61), "61", "OpenML:61"):
        assert given_data(given).ref.iri == iris.openml_dataset(61)
    assert given_data("Iris (all)", "species").target == "species"
    X.assign(species=y).to_csv(tmp_path / "iris.csv", index=False)
    assert (
        given_data(tmp_path / "iris.csv", "species").ref.iri
        == given_data(X.assign(species=y), "species").ref.iri
    )


@pytest.mark.parametrize(
    ("dataset", "options", "error", "why"),
    [
        (X, {}, SourceError, "a table without its target"),
        (X, {"target": "species"}, TableError, "no column 'species'"),
        ((X, y[:9]), {}, SourceError, r"a pair of shapes \(150, 4\) and \(9,\)"),
        ((y, X), {}, SourceError, "a pair of shapes"),
        (0, {}, SourceError, "no OpenML id"),
        (True, {}, SourceError, "an object of builtins.bool: give a table"),
        ("https://www.openml.org/d/31", {}, SourceError, "is an address"),
        ("...", {}, QueryError, "no letter or digit"),
        (1.5, {}, SourceError, "an object of builtins.float"),
        ("iris", {"task": "guessing"}, SourceError, "task 'guessing' is unknown"),
    ],
)
def test_data_that_cannot_be_named_is_refused(dataset, options, error, why):
    with pytest.raises(error, match=why):
        given_data(dataset, **options)


# --- through the knowledge graph ---


def test_what_is_missing_is_said_and_leaves_no_store_behind(tmp_path, grid):
    outputs = cross_val_score(TREE, X, y)
    wide = X.assign(more=1.0, species=y)
    with metakg.open(tmp_path / "kg") as kg:
        for subject, options, why in (
            (
                grid,
                {},
                r"GridSearchCV does not know the name of its data \(of 4 features\): say dataset=, a table",
            ),
            (grid, {"dataset": "iris", "cv": 3}, "GridSearchCV knows its cv: leave cv= out"),
            (grid, {"dataset": wide, "target": "species"}, "fitted on 4 features, the dataset has 5"),
            (grid, {"data": "iris"}, "source 'search' takes no data"),
            (GridSearchCV(TREE, {}), {"dataset": "iris"}, "GridSearchCV is not fitted: call its fit"),
            (outputs, {"dataset": "iris"}, "do not know which estimator they are of: give it"),
            (outputs, {"dataset": "iris", "estimator": 3}, "int"),
            ("search", {"dataset": "iris"}, "no search of scikit-learn and no result of one"),
            ({"a": 1}, {}, "an object of type builtins.dict is nothing that can be ingested"),
        ):
            with pytest.raises(SourceError, match=why):
                kg.ingest(subject, **options)
        assert not kg.location.exists()


def test_a_search_again_is_the_same_graph_and_another_one_another(tmp_path, grid):
    other = GridSearchCV(TREE, {"max_depth": [2]}).fit(X, y)
    with metakg.open(tmp_path / "kg") as kg:
        first = kg.ingest(grid, dataset=(X, y), validate=True)
        assert first.changed
        assert not kg.ingest(grid, dataset=(X, y)).changed
        assert kg.ingest(other, dataset=(X, y)).graph != first.graph
        assert kg.ingest(other, dataset=(X, y), name="My trees!").graph == iris.graph("search", "My-trees")
        points = kg.store.series([iris.own("run", "search/My-trees/0")])
    assert points["value"].to_list() == [other.cv_results_[f"split{fold}_test_score"][0] for fold in range(5)]


def test_a_candidate_is_the_same_node_as_oboes(tmp_path):
    for name in ("oboe-results.parquet", "oboe-datasets.parquet"):
        pl.read_parquet(DATA / name).filter(pl.col("openml_id") == 61).write_parquet(tmp_path / name)
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
            make_column_selector(dtype_exclude="number"),
        ),
    )
    search = GridSearchCV(
        make_pipeline(columns, RandomForestClassifier(random_state=0, n_jobs=1)),
        {
            "randomforestclassifier__criterion": ["gini", "entropy"],
            "randomforestclassifier__min_samples_split": [0.01, 0.3],
        },
        scoring="balanced_accuracy",
        cv=2,
    ).fit(X, y)
    with MemoryStore() as store:
        ingest(store, OboeSource(tmp_path))
        ingest(store, source_for(search, dataset=61))
        executes = "?run <http://www.w3.org/ns/mls#executes> ?pipeline"
        graphs: dict[str, set[str]] = {}
        for pipeline, graph in store.query(
            f"SELECT ?pipeline ?graph {{ GRAPH ?graph {{ {executes} }} }}"
        ).rows():
            graphs.setdefault(pipeline, set()).add(graph)
    both = [pipeline for pipeline, found in graphs.items() if len(found) == 2]
    assert len(both) == 2, "OBOE has min_samples_split of .01 under either criterion, and not .3"
    assert len(graphs) == 219 + 2
