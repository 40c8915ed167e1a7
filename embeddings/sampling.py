"""A seeded part of a large table, so that what is computed on it fits a time budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from embeddings.table import FOLDS, Table

__all__ = ["subsample"]


def subsample(table: Table, *, rows: int, columns: int | None = None, seed: int = 0) -> Table:
    """Keep about ``rows`` rows, stratified by class, and at most ``columns`` features, in their old order.

    Each class keeps its share, but no fewer than 5 rows if it has as many, so that 5-fold cross-validation
    stays possible. The same seed gives the same part; a table that is small enough comes back as it is.
    """
    generator = np.random.default_rng(seed)
    X, y = table.X, table.y
    numeric, categorical = table.numeric, table.categorical
    if columns is not None and X.shape[1] > columns:
        kept = X.columns[np.sort(generator.choice(X.shape[1], columns, replace=False))]
        chosen = set(kept)
        numeric = [column for column in numeric if column in chosen]
        categorical = [column for column in categorical if column in chosen]
        X = X[kept]
    if len(X) > rows:
        index = _stratified(table, rows, generator)
        X, y = X.iloc[index].reset_index(drop=True), y.iloc[index].reset_index(drop=True)
    if X is table.X:
        return table
    text = [column for column in table.text if column in categorical]
    return replace(table, X=X, y=y, numeric=numeric, categorical=categorical, text=text)


def _stratified(
    table: Table, rows: int, generator: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    n = len(table.X)
    if table.task == "regression":
        return np.sort(generator.choice(n, rows, replace=False))
    labels, classes = table.y.factorize(sort=True)
    order = generator.permutation(n)
    parts = []
    for c in range(len(classes)):
        members = order[labels[order] == c]
        wanted = max(round(rows * len(members) / n), min(FOLDS, len(members)))
        parts.append(members[:wanted])
    return np.sort(np.concatenate(parts))
