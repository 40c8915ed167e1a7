"""Prediction intervals calibrated over whole datasets.

The cells of one dataset share its difficulty, so it is datasets that are exchangeable, not cells: each
training dataset has the same weight in the conformal quantile, however many runs it has. Residuals are first
divided by how hard the dataset (from its neighbours' residuals) and the pipeline are to predict, so that easy
ones get narrow intervals.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: smallest difficulty of a dataset, in units of the score: measured scores are no finer than this
FLOOR = 0.002
#: cells' worth of the overall error that a dataset's or pipeline's own typical error leans on
PRIOR = 0.2


@dataclass(frozen=True)
class Intervals:
    """Calibrated half-widths.

    Attributes
    ----------
    dataset_level : (n,) logarithm of each training dataset's typical residual
    pipeline_factor : (p,) typical residual of each pipeline relative to its datasets
    multiplier : how many of their product the half-width is
    """

    dataset_level: Floats
    pipeline_factor: Floats
    multiplier: float

    @classmethod
    def fit(cls, residuals: Floats, own_weights: Floats, *, level: float = 0.9) -> "Intervals":
        """Calibrate on residuals of predictions that had not seen the dataset.

        Parameters
        ----------
        residuals : (n, p) measured minus predicted, NaN where not measured
        own_weights : (n, n) each training dataset's weights over the others, rows sum to one
        level : wanted coverage
        """
        observed = ~np.isnan(residuals)
        squares = np.where(observed, residuals, 0.0) ** 2
        total = squares.sum() / max(observed.sum(), 1)
        rms = np.sqrt((squares.sum(axis=1) + PRIOR * total) / (observed.sum(axis=1) + PRIOR))
        dataset_level = np.log(rms + FLOOR)
        scale = np.exp(own_weights @ dataset_level)
        relative = squares / (scale**2)[:, None]
        typical = relative.sum() / max(observed.sum(), 1)
        pipeline_factor = np.sqrt((relative.sum(axis=0) + PRIOR * typical) / (observed.sum(axis=0) + PRIOR))
        ratio = np.abs(np.where(observed, residuals, 0.0)) / (scale[:, None] * pipeline_factor)
        weight = observed / np.maximum(observed.sum(axis=1, keepdims=True), 1)
        order = np.argsort(ratio[observed])
        # the unseen dataset counts as one more, with an unbounded residual
        covered = np.cumsum(weight[observed][order]) / (len(residuals) + 1)
        at = min(int(np.searchsorted(covered, level)), len(order) - 1)
        return cls(dataset_level, pipeline_factor, float(ratio[observed][order][at]))

    def half_widths(self, weights: Floats) -> Floats:
        """Half-widths (m, p) for datasets with these weights (m, n) over the training datasets."""
        return self.multiplier * np.exp(weights @ self.dataset_level)[:, None] * self.pipeline_factor
