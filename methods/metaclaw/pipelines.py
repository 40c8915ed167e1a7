"""Scikit-learn pipelines from choices: nothing but names of the allow-list comes in, and no code is run for them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
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

__all__ = ["assemble", "is_number"]

_DATE = re.compile(r"\d{4}-\d\d-\d\d$")
_AMOUNT = re.compile(r"-?[\d,]+(\.\d+)? [a-z]+$")


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers and not text."""
    return bool(column.dtype.kind in "fiub")


def numbers(table: pd.DataFrame) -> list[str]:
    """Names of the columns of numbers."""
    return [str(name) for name, kind in table.dtypes.items() if kind.kind in "fiub"]


def texts(table: pd.DataFrame) -> list[str]:
    """Names of the columns of text."""
    return [str(name) for name, kind in table.dtypes.items() if kind.kind not in "fiub"]


def finite(table: pd.DataFrame) -> pd.DataFrame:
    """Table with NaN in place of infinite numbers."""
    columns = numbers(table)
    values = table[columns].to_numpy(dtype=float)
    changed = pd.DataFrame(np.where(np.isfinite(values), values, np.nan), table.index, columns)
    return pd.concat([changed, table[texts(table)]], axis=1)


def dates(table: pd.DataFrame) -> pd.DataFrame:
    """Table with days since 1970 in place of dates."""
    found = [name for name in texts(table) if table[name].map(lambda cell: bool(_DATE.match(str(cell)))).all()]
    return table.assign(
        **{name: table[name].to_numpy(dtype="datetime64[D]").astype(float) for name in found}
    )


def amounts(table: pd.DataFrame) -> pd.DataFrame:
    """Table with numbers in place of strings such as ``1,204.5 mg``."""
    found = [name for name in texts(table) if table[name].map(lambda cell: bool(_AMOUNT.match(str(cell)))).all()]
    return table.assign(
        **{name: [float(cell.split()[0].replace(",", "")) for cell in table[name]] for name in found}
    )


class Changing(FunctionTransformer):
    """Columns that are not constant in the data it was fitted to."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Changing:  # noqa: ARG002 - scikit-learn's signature
        """Note which columns change."""
        self.kept_ = [name for name in X if X[name].nunique() > 1] or list(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Keep these."""
        return X[self.kept_]


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
        "discriminant": LinearDiscriminantAnalysis(),
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
