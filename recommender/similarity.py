"""Dataset performance similarity estimation: which known datasets a dataset behaves like, and why.

Two datasets behave alike when pipelines rank alike on them. The similarity shown is the predicted rank
correlation of their pipelines' scores, learned over pairs of training datasets from forest weights, predicted
scores and features, each computed without the first dataset's scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: features named as the reason, at most
MAX_AGREEING = 5
#: pipelines among the best of both datasets, at most
MAX_WINNERS = 3
#: largest difference, in normal scores, at which a feature counts as agreeing
AGREEMENT = 0.35


@dataclass(frozen=True)
class Agreement:
    """A feature on which two datasets agree: its name and both values."""

    feature: str
    value: float
    neighbour_value: float


@dataclass(frozen=True)
class Neighbour:
    """A known dataset like the one asked about.

    Attributes
    ----------
    dataset : IRI
    similarity : predicted rank correlation of pipelines' scores, within [0, 1]
    agreeing : features that agree, the most telling first
    shared_winners : IRIs of pipelines predicted to be among the best here that are among the best there
    """

    dataset: str
    similarity: float
    agreeing: tuple[Agreement, ...]
    shared_winners: tuple[str, ...]


def ranks(rows: Floats) -> Floats:
    """Ranks within each row, ties averaged, centred and of unit length: their products are Spearman
    correlations."""
    order = np.argsort(rows, axis=1, kind="stable")
    result = np.empty(rows.shape)
    for i, row in enumerate(rows):
        ordered = row[order[i]]
        first = np.searchsorted(ordered, row, "left")
        last = np.searchsorted(ordered, row, "right")
        result[i] = (first + last - 1) / 2
    result -= result.mean(axis=1, keepdims=True)
    length = np.linalg.norm(result, axis=1, keepdims=True)
    return result / np.where(length > 0, length, 1.0)


def pair_signals(weights: Floats, mean: Floats, values: Floats, normal: Floats, others: Floats) -> Floats:
    """Signals (m, n, 4) of resemblance between queries and training datasets.

    Parameters
    ----------
    weights : (m, n) forest weights
    mean : (m, p) predicted scores of the queries
    values : (n, p) scores of the training datasets
    normal, others : features as normal scores, (m, f) and (n, f)
    """
    spearman = ranks(mean) @ ranks(values).T
    here, there = (rows - rows.mean(axis=1, keepdims=True) for rows in (mean, values))
    distance = np.sqrt(_squared_distances(here, there) / mean.shape[1])
    gap = np.sqrt(_squared_distances(normal, others) / max(normal.shape[1], 1))
    return np.stack([np.sqrt(weights), spearman, np.log(distance + 0.005), gap], axis=2)


def _squared_distances(rows: Floats, others: Floats) -> Floats:
    product = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None] - 2 * rows @ others.T
    return np.maximum(product, 0.0)


@dataclass(frozen=True)
class SimilarityModel:
    """A linear map from :func:`pair_signals` to the rank correlation of scores.

    Attributes
    ----------
    coefficients : (5,) of the four signals and the constant
    """

    coefficients: Floats

    @classmethod
    def fit(cls, signals: Floats, values: Floats) -> "SimilarityModel":
        """Fit on held-out signals (n, n, 4) between training datasets and their scores (n, p)."""
        truth = ranks(values) @ ranks(values).T
        pairs = ~np.eye(len(values), dtype=bool)
        design = np.column_stack([signals[pairs], np.ones(pairs.sum())])
        gram = design.T @ design
        ridge = 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram))
        return cls(np.linalg.solve(gram + ridge, design.T @ truth[pairs]))

    def predict(self, signals: Floats) -> Floats:
        """Similarities (m, n) within [0, 1]."""
        return (signals @ self.coefficients[:-1] + self.coefficients[-1]).clip(0.0, 1.0)


def agreements(
    names: Sequence[str], row: Floats, other: Floats, normal: Floats, other_normal: Floats, importance: Floats
) -> tuple[Agreement, ...]:
    """The features on which two datasets agree, the least ordinary and most used by the forests first.

    Parameters
    ----------
    names : of the features
    row, other : (f,) raw values
    normal, other_normal : (f,) normal scores
    importance : (f,) how often forests split on the feature
    """
    known = ~(np.isnan(row) | np.isnan(other))
    close = known & (np.abs(normal - other_normal) <= AGREEMENT)
    telling = np.where(close, importance * (0.25 + np.minimum(np.abs(normal), np.abs(other_normal))), 0.0)
    order = np.argsort(-telling, kind="stable")[:MAX_AGREEING]
    return tuple(Agreement(names[j], float(row[j]), float(other[j])) for j in order if telling[j] > 0)


def shared_winners(
    pipelines: Sequence[str], mean: Floats, values: Floats, *, top: int = 20
) -> tuple[str, ...]:
    """Pipelines among the `top` of both the predicted scores (p,) and the other dataset's scores (p,)."""
    here = np.argsort(-mean, kind="stable")[:top]
    there = set(np.argsort(-values, kind="stable")[:top].tolist())
    return tuple(pipelines[j] for j in here if j in there)[:MAX_WINNERS]
