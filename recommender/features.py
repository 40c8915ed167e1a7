"""Dataset features as the recommender's learners want them, fitted on training datasets only and replayed
with numpy.

Features have OpenML's names; landmark scores are those whose name starts with ``Landmark`` or ``landmark:``.
Two views are made: *inputs* for forests (raw values, NaN kept, with landmark scores also relative to chance),
and two *blocks* for Gaussian processes (landmarks on the score and logit scale; every feature mapped to a
normal distribution).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LANDMARK_PREFIXES = ("Landmark", "landmark:")
CLASSES = "NumberOfClasses"
INSTANCES = "NumberOfInstances"
CLIP = 3.0
LEAST_KNOWN = 0.5
#: scores nearer to 0 or 1 than this are not told apart on the logit scale
EDGE = 0.02


def cleaned(features: NDArray[np.floating]) -> Floats:
    """A float64 copy of the rows in which infinite values count as missing."""
    values = np.array(features, dtype=np.float64, ndmin=2)
    values[~np.isfinite(values)] = np.nan
    return values


def normal_quantile(probability: Floats) -> Floats:
    """The standard normal's quantile function (Acklam's rational approximation, relative error below
    1.2e-9)."""
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    a = (
        -39.69683028665376,
        220.9460984245205,
        -275.9285104469687,
        138.357751867269,
        -30.66479806614716,
        2.506628277459239,
    )
    b = (
        -54.47609879822406,
        161.5858368580409,
        -155.6989798598866,
        66.80131188771972,
        -13.28068155288572,
        1.0,
    )
    c = (
        -0.007784894002430293,
        -0.3223964580411365,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    )
    d = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0)
    centre = p - 0.5
    square = centre**2
    middle = centre * np.polyval(a, square) / np.polyval(b, square)
    tail = np.sqrt(-2 * np.log(np.minimum(p, 1 - p)))
    outer = np.sign(-centre) * np.polyval(c, tail) / np.polyval(d, tail)
    return np.where(np.abs(centre) <= 0.47575, middle, outer)


def dense_columns(features: NDArray[np.floating]) -> list[int]:
    """Columns that at least half of the rows (n, f) have.

    A new table has every feature. Where training datasets mostly lack one, its presence alone would set the
    table apart from all of them; so learners are fitted on these columns only.
    """
    known = (~np.isnan(cleaned(features))).mean(axis=0)
    return np.flatnonzero(known >= LEAST_KNOWN).tolist()


@dataclass(frozen=True)
class FeatureSpace:
    """What training datasets say about the features.

    Attributes
    ----------
    names : the feature columns, in order
    training : (n, f) the training rows, each column sorted, NaN at the end
    centre, scale : (2 l + 2,) of the landmark block, for l landmarks
    """

    names: tuple[str, ...]
    training: Floats
    centre: Floats
    scale: Floats

    @classmethod
    def fit(cls, features: NDArray[np.floating], names: Sequence[str]) -> "FeatureSpace":
        """Fit on rows (n, f)."""
        rows = cleaned(features)
        space = cls(tuple(names), np.sort(rows, axis=0), np.zeros(0), np.ones(0))
        block = space._landmark_block(rows)
        known = ~np.isnan(block)
        count = np.maximum(known.sum(axis=0), 1)
        centre = np.where(known, block, 0).sum(axis=0) / count
        scale = np.sqrt((np.where(known, block - centre, 0) ** 2).sum(axis=0) / count)
        return cls(space.names, space.training, centre, np.where(scale > 1e-9, scale, 1.0))

    @property
    def landmarks(self) -> list[int]:
        """Columns in use that hold landmark scores."""
        return [j for j in self.used if self.names[j].startswith(LANDMARK_PREFIXES)]

    @property
    def used(self) -> list[int]:
        """Columns in use: see :func:`dense_columns`."""
        return dense_columns(self.training)

    def _column(self, rows: Floats, name: str) -> Floats:
        if name in self.names and self.names.index(name) in self.used:
            return rows[:, [self.names.index(name)]]
        return np.full((len(rows), 1), np.nan)

    def inputs(self, features: NDArray[np.floating]) -> Floats:
        """Rows (m, u + l + 2) for forests: those in use raw, then landmarks above chance, chance, and
        instances per class."""
        rows = cleaned(features)
        classes = np.maximum(self._column(rows, CLASSES), 2.0)
        per_class = self._column(rows, INSTANCES) / classes
        return np.hstack([rows[:, self.used], rows[:, self.landmarks] - 1 / classes, 1 / classes, per_class])

    def normal(self, features: NDArray[np.floating]) -> Floats:
        """Columns in use, (m, u), mapped to normal scores by training ranks, clipped to ±3; missing is 0, the
        training median."""
        rows = cleaned(features)[:, self.used]
        scores = np.zeros(rows.shape)
        for j, column in enumerate(self.used):
            ordered = self.training[:, column]
            ordered = ordered[~np.isnan(ordered)]
            known = ~np.isnan(rows[:, j])
            if len(ordered):
                below = np.searchsorted(ordered, rows[known, j], "left")
                upto = np.searchsorted(ordered, rows[known, j], "right")
                scores[known, j] = normal_quantile(((below + upto) / 2 + 0.5) / (len(ordered) + 1))
        return scores.clip(-CLIP, CLIP)

    def blocks(self, features: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """The landmark block (m, 2 l + 2), standardised with missing at 0, and the normal scores (m, u)."""
        block = (self._landmark_block(cleaned(features)) - self.centre) / self.scale
        return np.nan_to_num(block).clip(-2 * CLIP, 2 * CLIP), self.normal(features)

    def _landmark_block(self, rows: Floats) -> Floats:
        scores = rows[:, self.landmarks]
        inside = scores.clip(EDGE, 1 - EDGE)
        classes = np.maximum(self._column(rows, CLASSES), 2.0)
        return np.hstack([scores, np.log(inside / (1 - inside)), 1 / classes, np.log(classes)])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by name, for saving; the names go with the model's record."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "names"}

    @classmethod
    def from_arrays(cls, names: Sequence[str], arrays: Mapping[str, NDArray[np.generic]]) -> "FeatureSpace":
        """Rebuild; raises KeyError for a missing array and ValueError for shapes that do not fit the
        names."""
        space = cls(tuple(names), *(arrays[name] for name in ("training", "centre", "scale")))  # type: ignore[arg-type]
        width = 2 * len(space.landmarks) + 2
        if (
            space.training.shape[1:] != (len(names),)
            or space.centre.shape != (width,)
            or space.scale.shape != (width,)
        ):
            raise ValueError("the feature arrays do not fit the feature names")
        return space
