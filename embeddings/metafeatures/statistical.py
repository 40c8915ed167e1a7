"""Statistical meta-features: moments of the numeric columns, category counts of the others, as on OpenML."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embeddings.metafeatures.summary import QUARTILES, summarise
from embeddings.table import Table

__all__ = ["STATISTICAL", "moments", "statistical"]

_MOMENTS = ("Means", "StdDev", "Skewness", "Kurtosis")
_SUMMARIES = ("Mean", "Min", "Max", *QUARTILES)

STATISTICAL = (
    *(f"{summary}{moment}OfNumericAtts" for moment in _MOMENTS for summary in _SUMMARIES),
    "MaxNominalAttDistinctValues",
    "MinNominalAttDistinctValues",
    "MeanNominalAttDistinctValues",
    "StdvNominalAttDistinctValues",
)
"""OpenML's `Statistical` and `NominalAttDistinctValues`."""

_NO_VARIANCE = 1e-19
_CHUNK_CELLS = 1_000_000


def statistical(table: Table) -> dict[str, float]:
    """Summaries over columns; the target counts among them, as a numeric or as a nominal column."""
    columns = [table.X[column].to_numpy(dtype=float) for column in table.numeric]
    distinct = [table.X[column].nunique() for column in table.categorical if column not in table.text]
    if table.task == "regression":
        columns.append(table.y.to_numpy(dtype=float))
    else:
        distinct.append(table.y.nunique())
    step = max(1, _CHUNK_CELLS // len(table.X))
    chunks = [moments(np.column_stack(columns[i : i + step])) for i in range(0, len(columns), step)]
    per_column = np.concatenate(chunks, axis=1) if chunks else np.empty((len(_MOMENTS), 0))
    values = {
        f"{summary}{moment}OfNumericAtts": value
        for moment, row in zip(_MOMENTS, per_column, strict=True)
        for summary, value in summarise(row).items()
    }
    counts = np.array(distinct, dtype=float)
    for summary, value in summarise(counts).items():
        if f"{summary}NominalAttDistinctValues" in STATISTICAL:
            values[f"{summary}NominalAttDistinctValues"] = value
    spread = 0.0 if len(counts) == 1 else float(counts.std(ddof=1)) if len(counts) else np.nan
    return {**values, "StdvNominalAttDistinctValues": spread}


def moments(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean, standard deviation, skewness and excess kurtosis of each column, missing values left out.

    The estimators are those of Apache Commons Math: sample standard deviation (n - 1), skewness G1 and excess
    kurtosis G2 (Joanes and Gill, 1998, 'Comparing measures of sample skewness and kurtosis').

    Parameters
    ----------
    X
        n rows × p columns, NaN = missing.

    Returns
    -------
    array
        4 × p; NaN where the number of values is too small (kurtosis: 4, skewness: 3) or, for kurtosis, where
        there is no variance. The skewness of a column without variance is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        present = ~np.isnan(X)
        n = present.sum(axis=0).astype(float)
        mean = np.where(present, X, 0.0).sum(axis=0) / n
        centred = np.where(present, X - mean, 0.0)
        square = centred**2
        s2, s3, s4 = square.sum(axis=0), (square * centred).sum(axis=0), (square**2).sum(axis=0)
        variance = np.where(n > 1, s2 / (n - 1), 0.0)
        deviation = np.sqrt(variance)
        skewness = n / ((n - 1) * (n - 2)) * s3 / deviation**3
        kurtosis = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * s4 / variance**2
        kurtosis -= 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
        flat = variance < _NO_VARIANCE
        skewness = np.where(n < 3, np.nan, np.where(flat, 0.0, skewness))
        kurtosis = np.where((n < 4) | (variance == 0), np.nan, kurtosis)
    return np.vstack([mean, np.where(n > 0, deviation, np.nan), skewness, kurtosis])
