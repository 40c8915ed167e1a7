"""Tables of scikit-learn, re-sampled: what a task is before something goes wrong with its data."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import datasets

__all__ = ["TABLES", "sample"]

TABLES = ("iris", "wine", "breast_cancer", "digits", "diabetes", "moons", "circles")
"""Names of the tables; the last two are drawn from scikit-learn's generators."""

Labels = NDArray[np.int64]


@cache
def _whole(name: str) -> tuple[NDArray[np.float64], Labels]:
    if name == "diabetes":
        X, y = datasets.load_diabetes(return_X_y=True, scaled=False)
        return X, (y > np.quantile(y, 0.6)).astype(np.int64)
    if name == "digits":
        X, y = datasets.load_digits(return_X_y=True)
        chosen = np.isin(y, (3, 5, 8))
        return X[chosen][:, 2:62:3], np.unique(y[chosen], return_inverse=True)[1].astype(np.int64)
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X[:, :14], y.astype(np.int64)


def sample(name: str, rows: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Labels]:
    """Rows of a table, drawn without replacement within each class.

    Parameters
    ----------
    name
        One of `TABLES`.
    rows
        How many, at most; as many of each class as its share, and no more than there are.
    rng
        Draws the rows, and the points of the generated tables.

    Returns
    -------
    table
        Numbers, shape (rows, columns).
    labels
        Classes from 0, shape (rows,).
    """
    if name in ("moons", "circles"):
        state = int(rng.integers(2**31))
        if name == "moons":
            X, y = datasets.make_moons(rows, noise=0.18, random_state=state)
        else:
            X, y = datasets.make_circles(rows, noise=0.12, factor=0.5, random_state=state)
        turn = rng.normal(size=(2, 4))
        X, y = np.hstack([X, X @ turn / 2 + rng.normal(size=(len(X), 4)) / 3]), y.astype(np.int64)
    else:
        X, y = _whole(name)
        share = min(1.0, rows / len(y))
        chosen = np.concatenate(
            [
                rng.permutation(np.flatnonzero(y == c))[: max(8, round(share * (y == c).sum()))]
                for c in np.unique(y)
            ]
        )
        rng.shuffle(chosen)
        X, y = X[chosen], y[chosen]
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])]).astype(float), y
