"""Simple meta-features: counts of rows, columns, classes and missing values, as OpenML counts them."""

from __future__ import annotations

import numpy as np

from embeddings.table import Table

__all__ = ["SIMPLE", "simple"]

SIMPLE = (
    "NumberOfInstances",
    "NumberOfFeatures",
    "NumberOfClasses",
    "Dimensionality",
    "NumberOfInstancesWithMissingValues",
    "NumberOfMissingValues",
    "PercentageOfInstancesWithMissingValues",
    "PercentageOfMissingValues",
    "NumberOfNumericFeatures",
    "NumberOfSymbolicFeatures",
    "NumberOfBinaryFeatures",
    "PercentageOfNumericFeatures",
    "PercentageOfSymbolicFeatures",
    "PercentageOfBinaryFeatures",
    "MajorityClassSize",
    "MinorityClassSize",
    "MajorityClassPercentage",
    "MinorityClassPercentage",
    "AutoCorrelation",
    "NumberOfFeaturesAfterBinarization",
)
"""OpenML's `SimpleMetaFeatures`, and LCDB's width after one-hot encoding."""


def simple(table: Table) -> dict[str, float]:
    """Compute the simple meta-features; all columns count, the target among them, as on OpenML.

    ``AutoCorrelation`` is 1 - (sum of changes between neighbouring rows) / (n - 1): a change of class counts
    1, a change of a numeric target its absolute size. ``NumberOfFeaturesAfterBinarization`` (LCDB's
    ``datasets.csv``) counts numeric features and one column per distinct category, without the target. Free
    text is neither numeric nor symbolic, as on OpenML. Unlike there, columns without any value do not count
    (`embeddings.table.prepare` has dropped them), nor do categories that are declared but never occur.

    Returns
    -------
    dict
        A value for each name in ``SIMPLE``; what is undefined for a regression target is NaN.
    """
    X, y = table.X, table.y
    n, p = len(X), X.shape[1] + 1
    distinct = {column: X[column].nunique() for column in table.categorical}
    nominal = [count for column, count in distinct.items() if column not in table.text]
    missing = X.isna().to_numpy()
    binary = sum(count == 2 for count in nominal)
    if table.task == "classification":
        classes = y.value_counts().to_numpy()
        labels, _ = y.factorize()
        changes = float((labels[1:] != labels[:-1]).sum())
        numeric, symbolic = len(table.numeric), len(nominal) + 1
        binary += len(classes) == 2
    else:
        classes = np.array([], dtype=np.int64)
        target = y.to_numpy(dtype=float)
        changes = float(np.abs(np.diff(target)).sum())
        numeric, symbolic = len(table.numeric) + 1, len(nominal)
    largest = float(classes.max()) if len(classes) else np.nan
    smallest = float(classes.min()) if len(classes) else np.nan
    rows_missing, cells_missing = int(missing.any(axis=1).sum()), int(missing.sum())
    return {
        "NumberOfInstances": float(n),
        "NumberOfFeatures": float(p),
        "NumberOfClasses": float(len(classes)),
        "Dimensionality": p / n,
        "NumberOfInstancesWithMissingValues": float(rows_missing),
        "NumberOfMissingValues": float(cells_missing),
        "PercentageOfInstancesWithMissingValues": 100 * rows_missing / n,
        "PercentageOfMissingValues": 100 * cells_missing / (n * p),
        "NumberOfNumericFeatures": float(numeric),
        "NumberOfSymbolicFeatures": float(symbolic),
        "NumberOfBinaryFeatures": float(binary),
        "PercentageOfNumericFeatures": 100 * numeric / p,
        "PercentageOfSymbolicFeatures": 100 * symbolic / p,
        "PercentageOfBinaryFeatures": 100 * binary / p,
        "MajorityClassSize": largest,
        "MinorityClassSize": smallest,
        "MajorityClassPercentage": 100 * largest / n,
        "MinorityClassPercentage": 100 * smallest / n,
        "AutoCorrelation": (n - 1 - changes) / (n - 1),
        "NumberOfFeaturesAfterBinarization": float(len(table.numeric) + sum(distinct.values())),
    }
