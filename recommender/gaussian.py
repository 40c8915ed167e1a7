"""Gaussian-process regression of many correlated targets, with exact leave-one-out predictions.

Targets are rotated to principal components; each component takes, from a small grid, the kernel and noise
with the least leave-one-out error, which is closed-form (Rasmussen and Williams 2006, section 5.4.2). So
every training dataset gets a prediction that has not seen its own scores, at no further fit: what stacking,
intervals and portfolios are built from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Blocks = tuple[Floats, Floats]

NOISES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
#: (share of the first block in the squared distance, length scale) of each kernel in the grid
KERNELS = tuple((share, length) for share in (0.3, 0.6, 1.0) for length in (0.5, 1.0, 2.0))
LINEAR = 0.05


def _squared(rows: Floats, others: Floats) -> Floats:
    product = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None] - 2 * rows @ others.T
    return np.maximum(product, 0.0) / max(rows.shape[1], 1)


def kernels(rows: Blocks, others: Blocks) -> Floats:
    """All kernels of the grid between two sets of rows: (n_kernels, m, n).

    Radial basis function of the blocks' weighted mean squared difference, a weak linear part (so that
    predictions keep their direction outside the training data) and a constant.
    """
    first, second = (_squared(a, b) for a, b in zip(rows, others, strict=True))
    parts = (a @ b.T / max(a.shape[1], 1) for a, b in zip(rows, others, strict=True))
    linear = next(parts) + 0.5 * next(parts)
    return np.stack(
        [
            np.exp(-(share * first + (1 - share) * second) / (2 * length**2)) + LINEAR * linear + 1.0
            for share, length in KERNELS
        ]
    )


@dataclass(frozen=True)
class GaussianProcess:
    """A fitted regression.

    Attributes
    ----------
    centre : (p,) mean target
    rotation : (r, p) principal components
    choice : (r,) the kernel of each component, an index into :data:`KERNELS`
    alpha : (n, r) dual coefficients
    left_out : (n, r) leave-one-out predictions of the training rows' components
    """

    centre: Floats
    rotation: Floats
    choice: NDArray[np.int64]
    alpha: Floats
    left_out: Floats

    @classmethod
    def fit(
        cls, grid: Sequence[tuple[Floats, Floats]], targets: Floats, *, components: int = 40
    ) -> "GaussianProcess":
        """Fit targets (n, p), given the eigen-decompositions of the training kernels (:func:`decompose`)."""
        centre = targets.mean(axis=0)
        u, d, rotation = np.linalg.svd(targets - centre, full_matrices=False)
        r = min(components, len(d))
        scores = u[:, :r] * d[:r]
        best = np.full(r, np.inf)
        choice = np.zeros(r, dtype=np.int64)
        alpha, left_out = np.zeros(scores.shape), np.zeros(scores.shape)
        for k, (eigenvalues, vectors) in enumerate(grid):
            rotated, level = vectors.T @ scores, eigenvalues.mean()
            for noise in NOISES:
                inverse = 1 / (eigenvalues + noise * level)
                dual = vectors @ (inverse[:, None] * rotated)
                residual = dual / ((vectors**2) @ inverse)[:, None]
                error = (residual**2).sum(axis=0)
                better = error < best
                best[better], choice[better] = error[better], k
                alpha[:, better] = dual[:, better]
                left_out[:, better] = (scores - residual)[:, better]
        return cls(centre, rotation[:r], choice, alpha, left_out)

    def components(self, kernel: Floats) -> Floats:
        """Predicted components (m, r) from all kernels between queries and training rows, (n_kernels, m,
        n)."""
        return np.stack([kernel[k] @ self.alpha[:, c] for c, k in enumerate(self.choice)], axis=1)

    def predict(self, kernel: Floats) -> Floats:
        """Predicted targets (m, p) from all kernels between queries and training rows, (n_kernels, m, n)."""
        return self.targets(self.components(kernel))

    def targets(self, components: Floats) -> Floats:
        """Components (m, r) rotated back to targets (m, p)."""
        return self.centre + components @ self.rotation

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by name, for saving."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "GaussianProcess":
        """Rebuild; raises KeyError for a missing array and ValueError for arrays that do not fit together."""
        process = cls(**{field.name: arrays[field.name] for field in fields(cls)})  # type: ignore[arg-type]
        r = len(process.rotation)
        if (
            process.choice.shape != (r,)
            or process.alpha.shape[1:] != (r,)
            or process.left_out.shape[1:] != (r,)
        ):
            raise ValueError("a Gaussian process's components do not belong together")
        if (
            process.rotation.shape[1:] != process.centre.shape
            or not ((process.choice >= 0) & (process.choice < len(KERNELS))).all()
        ):
            raise ValueError("a Gaussian process's targets or kernels do not belong together")
        return process


def decompose(grid: Floats) -> list[tuple[Floats, Floats]]:
    """Eigenvalues (n,), none negative, and eigenvectors (n, n) of each training kernel."""
    pairs = (np.linalg.eigh(kernel) for kernel in grid)
    return [(np.maximum(eigenvalues, 0.0), vectors) for eigenvalues, vectors in pairs]
