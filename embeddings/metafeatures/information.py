"""Information-theoretic meta-features, in bits: entropies of class and categories, and what they share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embeddings.metafeatures.summary import QUARTILES, summarise
from embeddings.table import Table

__all__ = ["INFORMATION", "entropy", "information"]

_SUMMARIES = ("Mean", "Min", "Max", *QUARTILES)

INFORMATION = (
    "ClassEntropy",
    *(f"{summary}AttributeEntropy" for summary in _SUMMARIES),
    *(f"{summary}MutualInformation" for summary in _SUMMARIES),
    "EquivalentNumberOfAtts",
    "MeanNoiseToSignalRatio",
)
"""OpenML's `AttributeEntropy`."""


def entropy(counts: NDArray[np.int64]) -> float:
    """Shannon entropy in bits of a distribution given by counts."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def information(table: Table) -> dict[str, float]:
    """Entropy of each categorical column, its mutual information with the class, and their summaries.

    As in OpenML's engine, a missing value counts as the column's first category (here the first in sorted
    order, since a table declares none), ``EquivalentNumberOfAtts`` is class entropy over mean mutual
    information, and ``MeanNoiseToSignalRatio`` is (mean attribute entropy - mean mutual information) over
    mean mutual information. All are NaN for a regression target, all but the class entropy without
    categorical columns.
    """
    values = dict.fromkeys(INFORMATION, np.nan)
    if table.task != "classification":
        return values
    labels, classes = table.y.factorize()
    k = len(classes)
    class_entropy = entropy(np.bincount(labels, minlength=k))
    entropies, shared = [], []
    for column in table.categorical:
        if column in table.text:
            continue
        codes, categories = table.X[column].factorize(sort=True)
        codes = np.maximum(codes, 0)
        joint = np.bincount(codes * k + labels, minlength=len(categories) * k)
        own = entropy(joint.reshape(-1, k).sum(axis=1))
        entropies.append(own)
        shared.append(max(0.0, own + class_entropy - entropy(joint)))
    values["ClassEntropy"] = class_entropy
    for name, per_column in (("AttributeEntropy", entropies), ("MutualInformation", shared)):
        for summary, value in summarise(np.array(per_column, dtype=float)).items():
            values[summary + name] = value
    signal = values["MeanMutualInformation"]
    if signal > 0:
        values["EquivalentNumberOfAtts"] = class_entropy / signal
        values["MeanNoiseToSignalRatio"] = (values["MeanAttributeEntropy"] - signal) / signal
    return values
