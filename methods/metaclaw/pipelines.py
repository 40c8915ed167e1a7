"""Scikit-learn pipelines from choices: nothing but names of the allow-list comes in, and no code is run for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from methods.metaclaw.choices import STAGES, Choices

__all__ = ["Cells", "assemble"]

Cells = NDArray[np.object_]
"""A table as pipelines get it: numbers and text, shape (rows, columns). Arrays take half the time of data frames."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d$")
_AMOUNT = re.compile(r"-?[\d,]+(\.\d+)? [a-z]+$")


def numbers(cells: Cells) -> list[int]:
    """Places of the columns of numbers."""
    return [i for i, cell in enumerate(cells[0]) if not isinstance(cell, str)]


def texts(cells: Cells) -> list[int]:
    """Places of the columns of text."""
    return [i for i, cell in enumerate(cells[0]) if isinstance(cell, str)]


def finite(cells: Cells) -> Cells:
    """Table with NaN in place of infinite numbers."""
    changed, columns = cells.copy(), numbers(cells)
    values = cells[:, columns].astype(float)
    changed[:, columns] = np.where(np.isfinite(values), values, np.nan)
    return changed


def _rewritten(cells: Cells, pattern: re.Pattern[str], number: Callable[[str], float]) -> Cells:
    changed = cells.copy()
    for i in texts(cells):
        if all(pattern.match(cell) for cell in cells[:, i]):
            changed[:, i] = [number(cell) for cell in cells[:, i]]
    return changed


def dates(cells: Cells) -> Cells:
    """Table with days since 1970 in place of dates."""
    return _rewritten(cells, _DATE, lambda cell: float(np.datetime64(cell, "D").astype(int)))


def amounts(cells: Cells) -> Cells:
    """Table with numbers in place of strings such as ``1,204.5 mg``."""
    return _rewritten(cells, _AMOUNT, lambda cell: float(cell.split()[0].replace(",", "")))


class Changing(FunctionTransformer):
    """Columns that are not constant in the data it was fitted to."""

    def fit(self, X: Cells, y: Any = None) -> Changing:  # noqa: ARG002 - scikit-learn's signature
        """Note which columns change."""
        changing = [i for i in range(X.shape[1]) if any(cell != X[0, i] for cell in X[:, i])]
        self.kept_ = changing or list(range(X.shape[1]))
        return self

    def transform(self, X: Cells) -> Cells:
        """Keep these."""
        return X[:, self.kept_]


_CLEANERS = {"finite": finite, "dates": dates, "amounts": amounts}


def assemble(choices: Choices) -> Pipeline:
    """Make the pipeline that was chosen, not yet fitted.

    Raises
    ------
    KeyError
        If a stage is missing or a choice is not on the list.
    ValueError
        By scikit-learn, if the model does not take class weights.
    """
    for stage, names in STAGES.items():
        if choices[stage] not in names:
            raise KeyError(f"{stage} {choices[stage]}")
    imputer = {
        "mean": SimpleImputer(),
        "median": SimpleImputer(strategy="median"),
        "indicator": SimpleImputer(add_indicator=True),
        "frequent": SimpleImputer(strategy="most_frequent"),
    }.get(choices["imputer"])
    scaler = {
        "standard": StandardScaler(),
        "minmax": MinMaxScaler(clip=True),
        "robust": RobustScaler(),
        "quantile": QuantileTransformer(n_quantiles=40),
    }.get(choices["scaler"])
    encoder = {
        "none": "passthrough",
        "drop": "drop",
        "ordinal": OrdinalEncoder(),
        "ordinal_unknown": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        "onehot": OneHotEncoder(sparse_output=False),
        "onehot_unknown": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        "onehot_sparse": OneHotEncoder(handle_unknown="ignore"),
    }[choices["encoder"]]
    model = {
        "logistic": LogisticRegression(max_iter=60),
        "knn": KNeighborsClassifier(),
        "bayes": GaussianNB(),
        "tree": DecisionTreeClassifier(min_samples_leaf=3, random_state=0),
        "svm": SVC(),
        "counts": MultinomialNB(),
    }[choices["model"]]
    if choices["weight"] == "balanced":
        model.set_params(class_weight="balanced")
    parts = [part for part in (imputer, scaler) if part is not None]
    columns = ColumnTransformer(
        [("numbers", make_pipeline(*parts) if parts else "passthrough", numbers), ("texts", encoder, texts)],
        sparse_threshold=1.0 if choices["encoder"] == "onehot_sparse" else 0.0,
    )
    cleaner = Changing() if choices["cleaner"] == "changing" else None
    if choices["cleaner"] in _CLEANERS:
        cleaner = FunctionTransformer(_CLEANERS[choices["cleaner"]])
    return Pipeline([*([("cleaner", cleaner)] if cleaner else []), ("columns", columns), ("model", model)])
