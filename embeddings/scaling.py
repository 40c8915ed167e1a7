"""Meta-features to a bounded, complete matrix, fitted on the training datasets only and replayed with numpy alone.

Meta-features have heavy tails and holes. Each column is imputed with its training median (a missing indicator is
added where training data has holes), mapped to a normal distribution through its training quantiles and clipped;
a second copy keeps its own scale, since the score of a landmark says more than its rank among datasets.
Kernel-PCA scores (Schölkopf et al. 1998, radial basis function) of the result tell the encoder where in the space
of known datasets a dataset lies.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLIP = 3.0
N_QUANTILES = 60
#: the normal distribution's quantile function on the grid of training quantiles, within the clipping range
_PROBABILITIES = np.linspace(0.0, 1.0, N_QUANTILES)
_NORMAL = np.array([NormalDist().inv_cdf(min(max(p, 1e-4), 1 - 1e-4)) for p in _PROBABILITIES]).clip(
    -CLIP, CLIP
)


def finite_or_nan(features: NDArray[np.floating]) -> Floats:
    """A float64 copy in which infinite values count as missing."""
    values = np.array(features, dtype=np.float64, ndmin=2)
    values[~np.isfinite(values)] = np.nan
    return values


@dataclass(frozen=True)
class FeatureScaler:
    """Training medians, quantiles and kernel-PCA basis of a feature matrix.

    Attributes
    ----------
    medians : (n_features,)
    holes : (n_holes,) columns that have missing values in training: each gets an indicator
    quantiles : (N_QUANTILES, n_features) training quantiles
    anchors : (n_training, n_scaled) scaled training rows: the kernel's reference points
    projection : (n_training, n_components) from kernel values to standardised scores
    centre : (n_components,) subtracted from the scores
    width : (1,) the kernel's length scale
    """

    medians: Floats
    holes: NDArray[np.int64]
    quantiles: Floats
    anchors: Floats
    projection: Floats
    centre: Floats
    width: Floats

    @classmethod
    def fit(cls, features: NDArray[np.floating], *, n_components: int = 20) -> "FeatureScaler":
        """Fit on training rows, shape (n_training, n_features); a column without any value becomes constant."""
        values = finite_or_nan(features)
        missing = np.isnan(values)
        known = ~missing.all(axis=0)
        medians = np.zeros(values.shape[1])
        medians[known] = np.nanmedian(values[:, known], axis=0)
        values = np.where(missing, medians, values)
        quantiles = np.quantile(values, _PROBABILITIES, axis=0)
        holes = np.flatnonzero(missing.any(axis=0) & known)
        empty = np.zeros((0, 0))
        plain = cls(medians, holes, quantiles, empty, empty, np.zeros(0), np.ones(1))
        anchors = plain._scale(features)
        n_components = min(n_components, len(anchors) - 1)
        if n_components < 1:
            return plain
        width = np.sqrt(np.array([anchors.shape[1]], dtype=np.float64))
        kernel = _kernel(anchors, anchors, float(width[0]))
        eigenvalues, vectors = np.linalg.eigh(kernel)
        order = np.argsort(eigenvalues)[::-1][:n_components]
        order = order[eigenvalues[order] > 1e-9 * eigenvalues[order[0]]]
        projection = vectors[:, order] / np.sqrt(eigenvalues[order])
        # an eigenvector's sign is arbitrary: fix it so that machines agree
        projection *= np.sign(projection[np.abs(projection).argmax(axis=0), np.arange(len(order))])
        scores = kernel @ projection
        largest = scores.std(axis=0).max() or 1.0
        # one memory layout, or a saved model would sum in another order and differ in the last digit
        projection = np.ascontiguousarray(projection / largest)
        return cls(medians, holes, quantiles, anchors, projection, scores.mean(axis=0) / largest, width)

    @property
    def n_features(self) -> int:
        """Number of columns that :meth:`transform` expects."""
        return len(self.medians)

    def transform(self, features: NDArray[np.floating]) -> Floats:
        """Scale rows, shape (m, n_features) with NaN for missing, to (m, n_scaled + n_components)."""
        scaled = self._scale(features)
        if not self.projection.size:
            return scaled
        kernel = _kernel(scaled, self.anchors, float(self.width[0]))
        return np.hstack([scaled, kernel @ self.projection - self.centre])

    def _scale(self, features: NDArray[np.floating]) -> Floats:
        values = finite_or_nan(features)
        missing = np.isnan(values)
        values = np.where(missing, self.medians, values)
        normal = np.empty_like(values)
        for j in range(values.shape[1]):
            # from both sides, so that a value with many ties falls in the middle of its quantiles
            upper = np.interp(values[:, j], self.quantiles[:, j], _NORMAL)
            lower = -np.interp(-values[:, j], -self.quantiles[::-1, j], -_NORMAL[::-1])
            normal[:, j] = (upper + lower) / 2
        low, high = np.quantile(self.quantiles, [0.1, 0.9], axis=0)
        # 2.56 standard deviations lie between a normal distribution's first and last tenth
        spread = np.where(high > low, (high - low) / 2.56, 1.0)
        linear = np.clip((values - self.medians) / spread, -CLIP, CLIP)
        return np.hstack([normal, linear, missing[:, self.holes].astype(np.float64)])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The fitted arrays by name, for saving."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _kernel(rows: Floats, anchors: Floats, width: float) -> Floats:
    squared = (rows**2).sum(axis=1)[:, None] + (anchors**2).sum(axis=1)[None] - 2 * rows @ anchors.T
    return np.exp(-np.maximum(squared, 0.0) / (2 * width**2))
