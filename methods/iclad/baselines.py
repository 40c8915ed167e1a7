"""Detectors that the model is compared with: each takes training rows and gives scores of anomaly for test rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["isolation_forest", "knn"]

NEIGHBOURS = 5


def isolation_forest(X: NDArray[np.float64], asked: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Isolation Forest with scikit-learn's defaults (100 trees of 256 rows), as in ADBench."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, random_state=seed).fit(X)
    return -np.asarray(forest.score_samples(asked))


def knn(X: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance to the fifth nearest training row, as in ADBench, in standardised columns."""
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X)
    index = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(X))).fit(scaler.transform(X))
    distance = index.kneighbors(scaler.transform(asked))[0]
    return np.asarray(distance[:, -1])
