"""Anomalies that are corrupted normal rows: eight ways, each for a batch of tasks at once.

Rows are (tasks, rows, columns) in units of the columns' standard deviations; ``strength`` (tasks, 1, 1) lies in
(0, 1], from hard to easy.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from methods.iclad.scm import uniform

__all__ = ["CORRUPTIONS", "corrupted"]

Corruption = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def _some(rows: Tensor, generator: torch.Generator, *, per_row: bool) -> Tensor:
    """Which columns are hit: a random fraction, and one of the first two at least, which every table has."""
    tasks, count, columns = rows.shape
    fraction = uniform(0.05, 0.8, tasks, 1, 1, generator=generator)
    order = torch.rand(tasks, count if per_row else 1, columns, generator=generator)
    return order <= torch.maximum(fraction, order[..., :2].amin(-1, keepdim=True))


def _shuffled(rows: Tensor, generator: torch.Generator) -> Tensor:
    """Each column permuted among the rows by itself: the marginals stay, the dependence goes."""
    return rows.gather(1, torch.rand(rows.shape, generator=generator).argsort(1))


def local(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Noise in all columns around a normal row."""
    return rows + 1.5 * strength * torch.randn(rows.shape, generator=generator)


def everywhere(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform in the box of the normal rows, or a part of it."""
    low, high = rows.amin(1, keepdim=True), rows.amax(1, keepdim=True)
    drawn = low + (high - low) * torch.rand(rows.shape, generator=generator)
    return torch.lerp(rows, drawn, 0.3 + 0.7 * strength)


def dependency(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """All columns shuffled independently."""
    return torch.lerp(rows, _shuffled(rows, generator), 0.5 + 0.5 * strength)


def swapped(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Some columns of each row come from other rows."""
    hit = _some(rows, generator, per_row=bool(strength.mean() > 0.5))
    return torch.where(hit, _shuffled(rows, generator), rows)


def noisy(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Large noise in some columns of each row."""
    hit = _some(rows, generator, per_row=True)
    return rows + hit * (0.5 + 4.0 * strength) * torch.randn(rows.shape, generator=generator)


def shifted(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """All rows moved the same way in some columns: a cluster of anomalies."""
    hit = _some(rows, generator, per_row=False)
    way = torch.randn(len(rows), 1, rows.shape[2], generator=generator)
    return rows + hit * (0.5 + 2.5 * strength) * way


def stretched(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Away from the mean in all columns, by a factor of its own per row."""
    factor = 1.0 + 2.5 * strength * torch.rand(len(rows), rows.shape[1], 1, generator=generator)
    return rows.mean(1, keepdim=True) * (1 - factor) + rows * factor


def concentrated(rows: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Drawn together around one row: a small dense group that lies apart from none in particular."""
    at = rows[:, :1] + strength * torch.randn(len(rows), 1, rows.shape[2], generator=generator)
    return torch.lerp(rows, at, 0.5 + 0.45 * strength)


CORRUPTIONS: tuple[Corruption, ...] = (
    local,
    everywhere,
    dependency,
    swapped,
    noisy,
    shifted,
    stretched,
    concentrated,
)


def corrupted(rows: Tensor, kind: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Rows of each task corrupted in the task's way.

    Parameters
    ----------
    rows : (tasks, rows, columns)
    kind : (tasks,)
        Index into ``CORRUPTIONS``.
    strength : (tasks,)
        In (0, 1].
    """
    out = torch.empty_like(rows)
    for index in kind.unique().tolist():
        of = (kind == index).nonzero()[:, 0]
        out[of] = CORRUPTIONS[index](rows[of], strength[of].view(-1, 1, 1), generator)
    return out
