"""Real tables to evaluate on, and how they are split; the model is never trained on any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from methods.errors import MethodError

__all__ = ["AnomalySet", "Split", "adbench", "builtin", "split"]

MOST_ROWS = 1000  # of each part of a split
RATE = 0.1  # of anomalies in the sets that are made of classification tables


@dataclass(frozen=True)
class AnomalySet:
    """A table with known anomalies: ``X`` (rows, columns), ``y`` (rows,) 1 for anomalies."""

    name: str
    X: NDArray[np.float64]
    y: NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """A training and a test part; ``known`` (training rows,) are those whose labels a semi-supervised run is told."""

    X: NDArray[np.float64]
    y: NDArray[np.int64]
    known: NDArray[np.bool_]
    asked: NDArray[np.float64]
    truth: NDArray[np.int64]


def split(data: AnomalySet, seed: int, *, labelled: float = 0.05, most: int = MOST_ROWS) -> Split:
    """70 % to train and 30 % to test, stratified, at most ``most`` rows each.

    A share ``labelled`` of the training rows is known, of the anomalies one at least and of the normal rows.
    """
    random = np.random.default_rng([seed, len(data.y), data.X.shape[1]])
    train, test = [], []
    share = min(1.0, most / (0.7 * len(data.y)))
    for label in (0, 1):
        rows = random.permutation(np.flatnonzero(data.y == label))
        cut = round(0.7 * len(rows))
        train.append(rows[: max(round(cut * share), 1)])
        test.append(rows[cut : cut + max(round((len(rows) - cut) * min(1.0, most / (0.3 * len(data.y)))), 1)])
    known = np.concatenate([np.arange(len(rows)) < max(round(labelled * len(rows)), 1) for rows in train])
    order = random.permutation(len(known))
    first, last = np.concatenate(train)[order], np.concatenate(test)
    return Split(data.X[first], data.y[first], known[order], data.X[last], data.y[last])


def _made(name: str, X: NDArray[np.float64], anomalous: NDArray[np.bool_]) -> AnomalySet:
    """A set whose anomalies are thinned out, by order of the table, to ``RATE`` of its rows."""
    normal = np.flatnonzero(~anomalous)
    wanted = round(len(normal) * RATE / (1 - RATE))
    rare = np.flatnonzero(anomalous)
    rare = rare[np.linspace(0, len(rare) - 1, min(wanted, len(rare))).astype(int)]
    rows = np.sort(np.concatenate([normal, rare]))
    return AnomalySet(name, X[rows], anomalous[rows].astype(np.int64))


def builtin() -> Iterator[AnomalySet]:
    """Ten sets made of scikit-learn's packaged tables: a class, or the top tenth of a target, is the anomaly."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

    X, y = load_breast_cancer(return_X_y=True)
    yield _made("breast_cancer_malignant", X, y == 0)
    X, y = load_wine(return_X_y=True)
    for label in (0, 1, 2):
        yield _made(f"wine_class_{label}", X, y == label)
    X, y = load_iris(return_X_y=True)
    yield _made("iris_versicolor", X, y == 1)
    yield _made("iris_virginica_in_versicolor", X[y > 0], y[y > 0] == 2)
    X, y = load_digits(return_X_y=True)
    for label in (1, 4, 8):
        yield _made(f"digits_{label}", X, y == label)
    X, y = load_diabetes(return_X_y=True)
    yield _made("diabetes_top_tenth", X, y >= np.quantile(y, 0.9))


def adbench(folder: Path) -> Iterator[AnomalySet]:
    """The ADBench files (.npz with X and y) of a folder, by name.

    Raises
    ------
    MethodError
        If there are none or one cannot be read.
    """
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    if not files:
        raise MethodError(
            f"no .npz files in {folder}; give the folder of ADBench's Classical sets with --data"
        )
    for file in files:
        try:
            with np.load(file, allow_pickle=False) as data:
                X, y = data["X"].astype(np.float64), data["y"].astype(np.int64).ravel()
        except (OSError, ValueError, KeyError) as error:
            raise MethodError(f"{file} is not an ADBench file with arrays X and y") from error
        yield AnomalySet(file.stem, X, y)
