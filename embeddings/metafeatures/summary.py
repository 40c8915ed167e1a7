"""How OpenML sums up one number per column into numbers per dataset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUARTILES", "summarise"]

QUARTILES = {"Quartile1": 0.25, "Quartile2": 0.5, "Quartile3": 0.75}


def summarise(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean, Min, Max and quartiles of the finite values; NaN where there is none.

    Quartiles stand at rank q·(n + 1), as in Apache Commons Math, which OpenML uses (numpy's 'weibull').
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return dict.fromkeys(["Mean", "Min", "Max", *QUARTILES], np.nan)
    quartiles = np.quantile(values, list(QUARTILES.values()), method="weibull")
    return {
        "Mean": float(values.mean()),
        "Min": float(values.min()),
        "Max": float(values.max()),
        **dict(zip(QUARTILES, map(float, quartiles), strict=True)),
    }
