"""Scores that were never measured, filled in from the same dataset's other scores: hierarchical Bayes of low
rank.

Each dataset's scores are ``basis @ theta + noise`` with ``theta ~ N(mean, covariance)`` shared by all
datasets; the basis spans a kernel over pipelines, so pipelines with shared components and near
hyperparameters inform each other. The mean and the covariance (inverse-Wishart prior) are found by
expectation maximisation, as in probabilistic principal components (Tipping and Bishop 1999).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embeddings.nodes import NodeVocabulary
from kg.pipeline import Pipeline

Floats = NDArray[np.float64]

MAX_RANK = 80
#: weight, in datasets, of the prior on the covariance
PRIOR_STRENGTH = 20.0
LEAST_NOISE = 1e-6


def pipeline_kernel(pipelines: Sequence[Pipeline], vectors: Floats | None = None) -> Floats:
    """Cosine similarity of the pipelines' graph nodes, plus that of embedding `vectors` (p, d) if given: (p,
    p)."""
    encoded = NodeVocabulary.fit(pipelines).encode(pipelines)
    incidence = np.zeros((len(pipelines), 1 + max((max(ids, default=0) for ids in encoded), default=0)))
    for row, ids in zip(incidence, encoded, strict=True):
        row[ids] = 1.0
    kernel = _with_unit_trace(incidence @ incidence.T)
    if vectors is not None:
        kernel = kernel + _with_unit_trace(vectors @ vectors.T)
    return _with_unit_trace(kernel)


def _with_unit_trace(kernel: Floats) -> Floats:
    trace = np.trace(kernel)
    return kernel * (len(kernel) / trace) if trace > 0 else kernel


def complete(values: Floats, kernel: Floats, *, iterations: int = 6) -> Floats:
    """Fill the missing cells of `values`, (n, p) with NaN, given a kernel (p, p) over its columns.

    Measured cells keep their values; a column or a row without any measured cell takes what its kernel
    neighbours, or the other datasets, say.
    """
    observed = ~np.isnan(values)
    if observed.all():
        return values.copy()
    basis = _basis(kernel)
    count, rank = len(values), basis.shape[1]
    overall = values[observed].mean()
    centred = np.where(observed, values - overall, 0.0)
    variance = max(float((centred[observed] ** 2).mean()), 1e-6)
    mean, prior = np.zeros(rank), np.eye(rank) * variance / 2
    covariance, noise = prior.copy(), variance / 4
    thetas = np.zeros((count, rank))
    for _ in range(iterations):
        spread, squares = np.zeros((rank, rank)), 0.0
        for i in range(count):
            rows = basis[observed[i]]
            gain = covariance @ rows.T
            solved = np.linalg.solve(rows @ gain + noise * np.eye(len(rows)), gain.T).T
            thetas[i] = mean + solved @ (centred[i, observed[i]] - rows @ mean)
            posterior = covariance - solved @ gain.T
            spread += posterior
            squares += float(((centred[i, observed[i]] - rows @ thetas[i]) ** 2).sum())
            squares += float(np.einsum("ij,jk,ik->", rows, posterior, rows))
        mean = thetas.mean(axis=0)
        deviations = thetas - mean
        covariance = (deviations.T @ deviations + spread + PRIOR_STRENGTH * prior) / (count + PRIOR_STRENGTH)
        noise = max(squares / observed.sum(), LEAST_NOISE)
    return np.where(observed, values, overall + thetas @ basis.T)


def _basis(kernel: Floats) -> Floats:
    eigenvalues, vectors = np.linalg.eigh(kernel)
    order = np.argsort(eigenvalues)[::-1][: min(MAX_RANK, len(kernel))]
    order = order[eigenvalues[order] > 1e-9 * eigenvalues[order[0]]]
    return vectors[:, order] * np.sqrt(eigenvalues[order])
