"""Cells as the model sees them: where a value lies among the support's values of its column, in three channels.

Nothing but the support is looked at, so the cells of a row do not depend on the other rows that are scored with it.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["CHANNELS", "cells"]

CHANNELS = 3


def cells(support: Tensor, rows: Tensor) -> Tensor:
    """Channels of each cell of ``rows`` with respect to ``support``.

    Parameters
    ----------
    support : (tasks, support rows, columns)
    rows : (tasks, rows, columns)

    Returns
    -------
    (tasks, rows, columns, CHANNELS)
        The standardised value, its far tails compressed (asinh beyond three deviations); the quantile, scaled to unit
        variance, ties in the middle; the logarithm of the width of the interval that holds a tenth of the support
        around the value, in standard deviations.
    """
    mean = support.mean(1, keepdim=True)
    std = support.std(1, keepdim=True)
    std = torch.where(std > 1e-6 * (1 + mean.abs()), std, 1.0)
    known, value = (support - mean) / std, (rows - mean) / std
    ordered = known.transpose(1, 2).sort(-1).values.contiguous()
    asked = value.transpose(1, 2).contiguous()
    count = support.shape[1]
    below = torch.searchsorted(ordered, asked)
    upto = torch.searchsorted(ordered, asked, right=True)
    middle = (below + upto).to(value.dtype) / 2
    quantile = (middle / count * 2 - 1) * 3**0.5
    reach = max(count // 20, 1)
    low = ordered.gather(2, (middle.long() - reach).clamp(0, count - 1))
    high = ordered.gather(2, (middle.long() + reach).clamp(0, count - 1))
    # Beyond the support's range the interval is one-sided, so the distance to the value counts as well.
    width = torch.maximum(high, asked) - torch.minimum(low, asked)
    width = (width + 0.01).log() + 1.5
    size = asked.abs()
    far = asked.sign() * torch.where(size > 3, 3 + torch.asinh(size - 3), size)
    return torch.stack([far, quantile, width.clamp(-4, 6)], -1).transpose(1, 2)
