"""Landmarkers: how well very simple learners do, under OpenML's names and by OpenML's protocol.

OpenML runs Weka; these are its learners' nearest relatives, so values agree closely, not exactly
(``benchmarks/metafeatures.py`` prints by how much). The protocol is OpenML's: stratified **2-fold**
cross-validation, one pooled error rate, Cohen's kappa, and area under the ROC curve (each class against the
rest, weighted by size).

============= ========================================= ================================================
name          Weka                                      here
============= ========================================= ================================================
kNN1N         IBk: 1 neighbour, range-normalised        the same distance, ties counted alike
NaiveBayes    NaiveBayes: normal and Laplace estimates  the same estimates, vectorised
DecisionStump DecisionStump: one binary entropy split   DecisionTreeClassifier, entropy, depth 1
============= ========================================= ================================================

Missing values are replaced by the mean or the most frequent category (Weka treats them learner by learner).
Free text is left out, as Weka's learners refuse it. Not computed, since nothing at hand is close: J48 with
confidence pruning, REPTree with reduced-error pruning, RandomTree (one random tree is mostly noise),
CfsSubsetEval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.table import Table

__all__ = ["FOLDS", "LANDMARKERS", "landmarkers"]

FOLDS = 2
_LEARNERS = ("NaiveBayes", "DecisionStump", "kNN1N")
LANDMARKERS = tuple(f"{learner}{measure}" for learner in _LEARNERS for measure in ("AUC", "ErrRate", "Kappa"))
"""The landmarkers of OpenML that are computed here."""

Array = NDArray[Any]
_SMALLEST = 1e-75
_TIE = 1e-9


@dataclass(frozen=True)
class _Encoded:
    """Range-normalised numbers (n × q), category codes (n × r), number of categories per column (r)."""

    numbers: Array
    codes: Array
    sizes: list[int]

    def one_hot(self, weight: float) -> Array:
        """Numbers beside indicator columns, n × (q + Σ sizes), a mismatch being ``weight`` in two."""
        indicators = [np.eye(size)[self.codes[:, j]] * weight for j, size in enumerate(self.sizes)]
        return np.hstack([self.numbers, *indicators])


def landmarkers(table: Table, seed: int) -> Iterator[dict[str, float]]:
    """Yield one learner's three values at a time, so that the caller can stop when its budget is spent.

    Parameters
    ----------
    table
        A classification table, already cut to a size that its cross-validation can afford.
    seed
        Seed of the folds.
    """
    from sklearn.model_selection import StratifiedKFold

    labels, classes = table.y.factorize(sort=True)
    data = _encode(table)
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels))
    learners: tuple[Callable[[_Encoded, Array, Array, int], Array], ...] = (_naive_bayes, _stump, _nearest)
    for name, learner in zip(_LEARNERS, learners, strict=True):
        scores = np.zeros((len(labels), len(classes)))
        for train, test in folds:
            scores[test] = learner(data, np.where(_mask(train, len(labels)), labels, -1), test, len(classes))
        yield {name + measure: value for measure, value in _measures(labels, scores).items()}


def _mask(rows: Array, n: int) -> Array:
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask


def _encode(table: Table) -> _Encoded:
    columns, codes, sizes = [], [], []
    for name in table.numeric:
        column = table.X[name].to_numpy(dtype=float)
        column = np.where(np.isnan(column), np.nanmean(column), column)
        span = column.max() - column.min()
        columns.append((column - column.min()) / span if span > 0 else np.zeros(len(column)))
    for name in table.categorical:
        if name in table.text:
            continue
        code, categories = table.X[name].factorize()
        codes.append(np.where(code < 0, np.bincount(code[code >= 0]).argmax(), code))
        sizes.append(len(categories))
    n = len(table.X)
    return _Encoded(
        np.column_stack(columns) if columns else np.empty((n, 0)),
        np.column_stack(codes) if codes else np.empty((n, 0), dtype=np.int64),
        sizes,
    )


def _naive_bayes(data: _Encoded, labels: Array, test: Array, k: int) -> Array:
    """Class probabilities of the test rows (labels of other rows: -1 = not for training).

    Weka's estimates: numbers are rounded to the column's precision (mean gap between distinct values) and
    have a normal density, integrated over that width, whose deviation is at least a sixth of it; categories
    and classes are counted with Laplace's +1.
    """
    from scipy.special import ndtr

    train = labels >= 0
    counts = np.bincount(labels[train], minlength=k)
    log = np.tile(np.log((counts + 1) / (counts.sum() + k)), (len(test), 1))
    for j in range(data.numbers.shape[1]):
        column = data.numbers[:, j]
        gaps = np.diff(np.unique(column[train]))
        precision = float(gaps.mean()) if len(gaps) else 0.01
        column = np.round(column / precision) * precision
        for c in np.flatnonzero(counts):
            members = column[labels == c]
            deviation = max(precision / 6, float(members.std()))
            z = (column[test] - members.mean()) / deviation
            half = precision / 2 / deviation
            log[:, c] += np.log(np.maximum(ndtr(z + half) - ndtr(z - half), _SMALLEST))
    for j, size in enumerate(data.sizes):
        joint = np.bincount(labels[train] * size + data.codes[train, j], minlength=k * size).reshape(k, size)
        log += np.log((joint + 1) / (counts[:, None] + size)).T[data.codes[test, j]]
    probability = np.exp(log - log.max(axis=1, keepdims=True))
    return probability / probability.sum(axis=1, keepdims=True)


def _stump(data: _Encoded, labels: Array, test: Array, k: int) -> Array:
    from sklearn.tree import DecisionTreeClassifier

    X, train = data.one_hot(1.0), labels >= 0
    model = DecisionTreeClassifier(criterion="entropy", max_depth=1, random_state=0).fit(
        X[train], labels[train]
    )
    scores = np.zeros((len(test), k))
    scores[:, model.classes_] = model.predict_proba(X[test])
    return scores


def _nearest(data: _Encoded, labels: Array, test: Array, k: int) -> Array:
    """Class shares among the nearest training rows; all rows at the smallest distance count, as in Weka."""
    from sklearn.metrics.pairwise import euclidean_distances

    X, train = data.one_hot(np.sqrt(0.5)), labels >= 0
    distances = euclidean_distances(X[test], X[train], squared=True)
    nearest = distances <= distances.min(axis=1, keepdims=True) + _TIE
    votes = nearest @ np.eye(k)[labels[train]]
    return votes / votes.sum(axis=1, keepdims=True)


def _measures(labels: Array, scores: Array) -> dict[str, float]:
    """Pooled over all folds: weighted one-against-rest AUC, error rate, Cohen's kappa."""
    from scipy.stats import rankdata

    n, k = scores.shape
    counts = np.bincount(labels, minlength=k)
    predicted = scores.argmax(axis=1)
    areas = np.zeros(k)
    for c in range(k):
        ranks = rankdata(scores[:, c])[labels == c]
        areas[c] = (ranks.sum() - counts[c] * (counts[c] + 1) / 2) / (counts[c] * (n - counts[c]))
    agreement = float((predicted == labels).mean())
    chance = float((np.bincount(predicted, minlength=k) * counts).sum() / n**2)
    return {
        "AUC": float((areas * counts).sum() / n),
        "ErrRate": 1 - agreement,
        "Kappa": (agreement - chance) / (1 - chance) if chance < 1 else np.nan,
    }
