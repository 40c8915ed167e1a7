"""How a member of the ensemble sees a table of any width in the model's 32 places: as columns, or turned.

A view is made from the support alone and applied to both the support and the queries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.iclad.prior import COLUMNS

__all__ = ["of_columns", "of_rotation"]

Views = tuple[NDArray[np.float64], NDArray[np.float64]]


def of_columns(support: NDArray[np.float64], rows: NDArray[np.float64], random: np.random.Generator) -> Views:
    """Columns in random places; a random 32 of those that vary if there are more, repeated if there are fewer."""
    known, asked = _standardised(support, rows)
    varied = np.flatnonzero(known.std(axis=0) > 0)
    if not len(varied) or support.shape[1] <= COLUMNS:
        varied = np.arange(support.shape[1])
    places = _places(random.permutation(varied), random)
    return known[:, places], asked[:, places]


def of_rotation(
    support: NDArray[np.float64], rows: NDArray[np.float64], random: np.random.Generator
) -> Views:
    """A random rotation of the standardised support, within its first 32 principal components if it has more.

    Standardised values beyond five are compressed, so that no single cell decides the components.
    """
    known, asked = (_compressed(part) for part in _standardised(support, rows))
    _, sizes, components = np.linalg.svd(known, full_matrices=False)
    count = int(np.clip((sizes > 1e-3 * sizes[0]).sum(), 1, COLUMNS))
    turn, _ = np.linalg.qr(random.normal(size=(count, count)))
    turn = (components[:count].T @ turn)[:, _places(np.arange(count), random)]
    return known @ turn, asked @ turn


def _standardised(support: NDArray[np.float64], rows: NDArray[np.float64]) -> Views:
    """In double precision, since the model's single precision would lose small differences of large values."""
    mean, std = support.mean(axis=0), support.std(axis=0)
    std = np.where(std > 1e-9 * (1 + np.abs(mean)), std, 1.0)
    return (support - mean) / std, (rows - mean) / std


def _compressed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.abs(values)
    return np.where(size > 5, np.sign(values) * (5 + np.arcsinh(size - 5)), values)


def _places(columns: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Which of the columns stands in each place."""
    return columns[random.permutation(COLUMNS) % min(len(columns), COLUMNS)]
