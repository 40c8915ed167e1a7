"""Landmarks: scores of a few cheap pipelines, which place any table among the graph's datasets.

The pipelines in `LANDMARKS` were run on all 418 datasets of OBOE, so that their scores are known there; on a
new table they are run here, by the same protocol. A landmark's score is thus a real run of the target.

How they were chosen (``benchmarks/landmarks.py`` prints it): among the 45 configurations of OBOE that take
less than about 0.15 s on 1,000 × 20, greedily, each time the one that best helps a ridge regression on
landmark scores and table sizes to predict the 139 configurations that are too slow for a landmark (forests,
boosting, kernel SVM, MLP, other linear models) on held-out datasets; 10-fold over datasets, seeds 0-9. R²
from sizes alone is .188; with each landmark added: .762 (logistic regression L1, C .25), .833 (tree, split
.01), .853 (9 neighbours), .860 (logistic regression L1, C 3), .865 (tree, split 256), .868 (perceptron),
.871 (tree, split 64), .873 (linear SVM), .874 (tree). A tenth adds less than .001. ExtraTrees instead of the
ridge regression: .746 with one, .874 with three, .878 with five, .883 with nine; regret of the pipeline
predicted best .0310, .0271, .0245, .0229.

What is measured is balanced accuracy of each class against the rest, as OBOE does: see
`one_vs_rest_balanced_accuracy`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embeddings.estimators import build
from embeddings.sampling import subsample
from embeddings.table import FOLDS, Table
from kg import iris
from kg.pipeline import Pipeline, Scalar, Step

if TYPE_CHECKING:
    from kg.experience import Experience

__all__ = [
    "LANDMARKS",
    "MEASURE",
    "NAMES",
    "PROCEDURE",
    "LandmarkValues",
    "compute",
    "one_vs_rest_balanced_accuracy",
    "values_from_experience",
]

Array = NDArray[Any]

_PREPARATION = (
    Step("numeric_imputer", "sklearn.impute.SimpleImputer"),
    Step("categorical_imputer", "sklearn.impute.SimpleImputer", {"strategy": "most_frequent"}),
    Step("encoder", "sklearn.preprocessing.OneHotEncoder", {"handle_unknown": "ignore"}),
    Step("scaler", "sklearn.preprocessing.StandardScaler"),
)


def _landmark(component: str, parameters: Mapping[str, Scalar]) -> Pipeline:
    return Pipeline((*_PREPARATION, Step("estimator", component, parameters)))


_TREE = "sklearn.tree.DecisionTreeClassifier"
_LOGISTIC = "sklearn.linear_model.LogisticRegression"

LANDMARKS: tuple[Pipeline, ...] = (
    _landmark(_TREE, {"min_samples_split": 0.01}),
    _landmark("sklearn.neighbors.KNeighborsClassifier", {"n_neighbors": 9}),
    _landmark(_TREE, {"min_samples_split": 256}),
    _landmark(_TREE, {"min_samples_split": 64}),
    _landmark(_TREE, {}),
    _landmark("sklearn.linear_model.Perceptron", {}),
    _landmark("sklearn.svm.LinearSVC", {"C": 0.25}),
    _landmark(_LOGISTIC, {"C": 0.25, "penalty": "l1", "solver": "liblinear"}),
    _landmark(_LOGISTIC, {"C": 3, "penalty": "l1", "solver": "liblinear"}),
)
"""The landmark pipelines, in the order in which they are run: those that many classes slow down come last."""

NAMES = tuple(f"landmark:{pipeline.key}" for pipeline in LANDMARKS)
"""Feature names, in the order of ``LANDMARKS``."""

MEASURE = iris.measure("one_vs_rest_balanced_accuracy")
PROCEDURE = iris.procedure("5-fold-cv")
"""Measure and estimation procedure of landmark scores, in the graph and here."""

_FEWEST_ROWS = 200
_GOOD_ROWS = 500
_FEWEST_COLUMNS = 20
_MOST_ROWS = 5_000
_SAFETY = 0.6

# Seconds of all landmarks and folds together, measured on one core: per row and encoded column for trees and
# preparation, the same per class of a linear model, per pair of rows and column for neighbours; to start.
_TREE_SECONDS = 3e-6
_LINEAR_SECONDS = 2e-6
_NEIGHBOUR_SECONDS = 2e-10
_START_SECONDS = 0.15


@dataclass(frozen=True)
class LandmarkValues:
    """Values by feature name (NaN = missing), seconds by feature name, and notes for a person."""

    values: dict[str, float]
    seconds: dict[str, float]
    notes: list[str]


def values_from_experience(experience: Experience) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Landmark scores of the graph's datasets.

    Returns
    -------
    datasets
        IRIs of the datasets with at least one landmark run, n of them.
    names
        ``NAMES``.
    values
        n × len(NAMES), NaN where there is no such run.
    """
    import polars as pl

    # The matrix of all pipelines would be large where a bulk source has ten thousands.
    of_landmarks = pl.col("pipeline").cast(pl.String).is_in([landmark.iri for landmark in LANDMARKS])
    runs = replace(experience, rows=experience.rows.filter(of_landmarks))
    datasets, pipelines, scores = runs.matrix(MEASURE, PROCEDURE)
    column = {pipeline: j for j, pipeline in enumerate(pipelines)}
    values = np.full((len(datasets), len(LANDMARKS)), np.nan)
    for j, pipeline in enumerate(LANDMARKS):
        if pipeline.iri in column:
            values[:, j] = scores[:, column[pipeline.iri]]
    return datasets, list(NAMES), values


def compute(table: Table, *, budget_seconds: float = 1.5, seed: int = 0) -> LandmarkValues:
    """Run the landmarks on a table by stratified, shuffled 5-fold cross-validation.

    A table that is too large for the budget is cut to a stratified sample, whose size follows from the
    budget and the table's shape alone. A landmark that fails, or that no time is left for, is NaN, and the
    notes say so.

    Parameters
    ----------
    table
        A classification table.
    budget_seconds
        Seconds for all landmarks together.
    seed
        Seed of sample, folds and pipelines; the graph's runs used 0.

    Raises
    ------
    ValueError
        If the table's task is regression: the graph holds no landmark scores to compare with.
    """
    if table.task != "classification":
        raise ValueError("landmarks are classifiers; the table's task is regression")
    deadline = perf_counter() + budget_seconds
    notes: list[str] = []
    sample = _affordable(table, budget_seconds, seed)
    if sample is not table:
        size = f"{len(sample.X):,} rows and {sample.X.shape[1]} columns"
        notes.append(f"landmarks ran on a sample of {size}: scores of the whole table may be higher")
    values = dict.fromkeys(NAMES, np.nan)
    seconds: dict[str, float] = {}
    folds: list[tuple[Array, Array, Array, Array]] | None = None
    for name, pipeline in zip(NAMES, LANDMARKS, strict=True):
        before = perf_counter()
        try:
            if folds is None:
                folds = list(_folds(sample, seed))
            values[name] = _score(pipeline, sample, folds, seed, deadline)
        except TimeoutError:
            notes.append(f"landmark {pipeline.estimator.title} is missing: {budget_seconds:g} s were spent")
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            reason = " ".join(str(error).split())[:200]
            notes.append(f"landmark {pipeline.estimator.title} is missing: it failed ({reason})")
        seconds[name] = perf_counter() - before
    return LandmarkValues(values, seconds, notes)


def _built(pipeline: Pipeline, table: Table, seed: int) -> Any:
    return build(
        pipeline, numeric=table.numeric, categorical=table.categorical, n_classes=table.y.nunique(), seed=seed
    )


def _folds(table: Table, seed: int) -> Iterator[tuple[Array, Array, Array, Array]]:
    """Prepared training and test parts; landmarks share their preparation, which is fitted once per fold."""
    from sklearn.model_selection import StratifiedKFold

    y = table.y.factorize(sort=True)[0]
    preparation = _built(LANDMARKS[0], table, seed)[:-1]
    with warnings.catch_warnings():
        # Rare classes are in the table's notes already; an overflow makes the landmarks fail, which is noted.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y):
            prepared = preparation.fit_transform(table.X.iloc[train])
            yield prepared, y[train], preparation.transform(table.X.iloc[test]), y[test]


def _score(
    pipeline: Pipeline,
    table: Table,
    folds: list[tuple[Array, Array, Array, Array]],
    seed: int,
    deadline: float,
) -> float:
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning

    estimator = _built(pipeline, table, seed)[-1]
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        for X, y, X_test, y_test in folds:
            if perf_counter() > deadline:
                raise TimeoutError
            predicted = clone(estimator).fit(X, y).predict(X_test)
            scores.append(one_vs_rest_balanced_accuracy(y_test, predicted))
    return float(np.mean(scores))


def one_vs_rest_balanced_accuracy(truth: Array, predicted: Array) -> float:
    """Balanced accuracy of each class against the rest, averaged over the classes that occur in ``truth``.

    One minus this is the 'balanced error rate' of OBOE (Yang et al., KDD 2019). For two classes it is the
    balanced accuracy; for more it is larger, since true negatives count too.
    """
    scores = []
    for label in np.unique(truth):
        positive = truth == label
        recall = float(np.mean(predicted[positive] == label))
        specificity = 0.0 if positive.all() else float(np.mean(predicted[~positive] != label))
        scores.append((recall + specificity) / 2)
    return float(np.mean(scores))


def _affordable(table: Table, budget_seconds: float, seed: int) -> Table:
    """Cut the table to what the landmarks can be run on within the budget.

    Free text goes first (one encoded column per value), then rows down to 500, then columns, then more rows.
    """
    budget = max(_SAFETY * budget_seconds - _START_SECONDS, 0.2 * budget_seconds)
    models = table.y.nunique() if table.y.nunique() > 2 else 1
    rows = len(table.X)
    sample = subsample(table, rows=_MOST_ROWS, seed=seed)
    if len(sample.X) == rows and _seconds(rows, _width(sample), models) <= budget:
        return table
    typed = [column for column in sample.X.columns if column not in sample.text]
    if sample.text and typed:
        categorical = [column for column in sample.categorical if column not in sample.text]
        sample = replace(sample, X=sample.X[typed], categorical=categorical, text=[])
    width = _width(sample)
    low, high = 0, len(sample.X)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _seconds(middle, width, models) <= budget else (low, middle - 1)
    least = min(_GOOD_ROWS, rows)
    if low >= least:
        return subsample(sample, rows=low, seed=seed)
    columns = budget / _seconds(least, width, models) * sample.X.shape[1]
    kept = max(int(columns), _FEWEST_COLUMNS)
    fewer = max(int(least * min(1, columns / kept)), _FEWEST_ROWS)
    return subsample(sample, rows=fewer, columns=kept, seed=seed)


def _width(table: Table) -> int:
    return len(table.numeric) + sum(table.X[column].nunique() for column in table.categorical)


def _seconds(rows: int, width: int, models: int) -> float:
    return rows * width * (_TREE_SECONDS + _LINEAR_SECONDS * models + _NEIGHBOUR_SECONDS * rows)
