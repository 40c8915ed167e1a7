"""Synthetic tables with anomalies, on which the model is pretrained: the only data that it ever learns from.

A table comes from a random structural causal model (``scm``). Its anomalies are, task by task, one of two kinds: rows
of an anomalous class (other weights, an intervention, another cluster, a wider spread of causes, or a region of the
table, as when a rare class of a larger table is the anomaly), or corrupted normal rows (``corruption``). Columns
are then made to look like real ones: discretised, binary, skewed, zero-inflated, irrelevant.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.iclad.corruption import CORRUPTIONS, corrupted
from methods.iclad.scm import Mechanism, Roots, noise, uniform

__all__ = ["COLUMNS", "Tables", "tables"]

COLUMNS = 32
CLASSES = ("weights", "intervention", "cluster", "scale", "region")
POOL = 2.5  # normal candidates per row, of which those of a "region" are taken out


@dataclass(frozen=True)
class Tables:
    """A batch of tables.

    Attributes
    ----------
    X : (tasks, rows, COLUMNS)
        The columns of a table with fewer than COLUMNS are repeated in random places until all are filled.
    y : (tasks, rows), bool
        Anomalous rows.
    """

    X: Tensor
    y: Tensor


def tables(y: Tensor, generator: torch.Generator) -> Tables:
    """Tables whose anomalous rows are those of ``y`` (tasks, rows)."""
    tasks, rows = y.shape
    classed = torch.rand(tasks, generator=generator) < 0.65
    kind = torch.randint(len(CLASSES), (tasks,), generator=generator)
    kind = torch.where(torch.rand(tasks, generator=generator) < 0.15, CLASSES.index("region"), kind)
    strength = uniform(0.0, 1.0, tasks, generator=generator).pow(0.5).clamp_min(0.02)

    roots, mechanism = Roots.draw(tasks, generator), Mechanism.draw(tasks, generator)
    pool = mechanism.nodes(roots.normal(int(POOL * rows), generator), generator)
    region = classed & (kind == CLASSES.index("region"))
    chosen = torch.rand(tasks, pool.shape[2], generator=generator).argsort(-1)[:, :COLUMNS]
    count = torch.exp(uniform(0.8, 3.7, tasks, 1, generator=generator)).long().clamp(2, COLUMNS)
    normal, banned = _split(pool, chosen, count, region, rows, generator)
    anomalous = torch.where(
        region.view(-1, 1, 1), banned, _class(roots, mechanism, kind, strength, rows, generator)
    )

    index = chosen.unsqueeze(1).expand(-1, rows, -1)
    normal, anomalous = normal.gather(2, index), anomalous.gather(2, index)
    mean, std = normal.mean(1, keepdim=True), normal.std(1, keepdim=True).clamp_min(1e-4)
    normal, anomalous = (normal - mean) / std, (anomalous - mean) / std
    way = torch.randint(len(CORRUPTIONS), (tasks,), generator=generator)
    spoilt = corrupted(normal, way, strength, generator)
    anomalous = torch.where(classed.view(-1, 1, 1), anomalous, spoilt)
    X = _dressed(torch.where(y[..., None], anomalous, normal), generator)

    place = torch.rand(tasks, COLUMNS, generator=generator).argsort(-1) % count
    return Tables(X.gather(2, place.unsqueeze(1).expand(-1, rows, -1)).clamp(-1e4, 1e4), y)


def _class(
    roots: Roots, mechanism: Mechanism, kind: Tensor, strength: Tensor, rows: int, generator: torch.Generator
) -> Tensor:
    """Nodes of rows of each task's anomalous class; those of a "region" are not told apart here."""
    none = torch.zeros_like(strength)
    changed = mechanism.changed(
        weights=torch.where(kind == CLASSES.index("weights"), 0.1 + 0.9 * strength, none),
        shift=torch.where(kind == CLASSES.index("intervention"), 0.5 + 3.5 * strength, none),
        generator=generator,
    )
    start = roots.normal(rows, generator)
    near = (0.3 + strength).view(-1, 1, 1)
    other = (kind == CLASSES.index("cluster")).view(-1, 1, 1)
    start = torch.where(other, torch.lerp(start, roots.other(rows, generator), near), start)
    wide = (kind == CLASSES.index("scale")).view(-1, 1, 1)
    start = torch.where(wide, start * (1.2 + 3.0 * strength.view(-1, 1, 1)), start)
    return changed.nodes(start, generator)


def _split(
    pool: Tensor, chosen: Tensor, count: Tensor, region: Tensor, rows: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Normal rows of the pool, and rows of a region that no normal row lies in.

    The region is the 5 to 35 % of the pool that lie nearest to a random row in many of the table's columns (``chosen``,
    the first ``count`` of them), as a class does; tasks without one take all of the pool as normal.
    """
    tasks, size, nodes = pool.shape
    few = (count * uniform(0.3, 1.0, tasks, 1, generator=generator)).ceil()
    sharp = torch.exp(0.5 * torch.randn(tasks, chosen.shape[1], generator=generator))
    weight = torch.where(torch.arange(chosen.shape[1]) < few, sharp, 0.0).unsqueeze(1)
    seen = pool.gather(2, chosen.unsqueeze(1).expand(-1, size, -1))
    seen = weight * seen / seen.std(1, keepdim=True).clamp_min(1e-3)
    nearness = -(seen - seen[:, :1]).square().sum(-1)
    order = torch.where(region[:, None], nearness, torch.rand(tasks, size, generator=generator)).argsort(-1)
    share = uniform(0.05, 0.35, tasks, 1, generator=generator)
    inside = (share * size).long()
    free = size - inside
    any_order = torch.rand(tasks, size, generator=generator)
    first = torch.where(torch.arange(size) < free, any_order, 2.0).argsort(-1)[:, :rows]
    last = torch.where(torch.arange(size) >= free, any_order, 2.0).argsort(-1)[:, :rows]
    last = last.gather(1, torch.arange(rows).expand(tasks, -1) % inside)

    def taken(ranks: Tensor) -> Tensor:
        return pool.gather(1, order.gather(1, ranks)[..., None].expand(-1, -1, nodes))

    return taken(first), taken(last)


def _dressed(X: Tensor, generator: torch.Generator) -> Tensor:
    """Columns transformed as those of real tables are, each in a way of its own that ignores the labels."""
    tasks, rows, columns = X.shape
    plain = uniform(0.3, 1.0, tasks, 1, 1, generator=generator)  # share of columns left as they are
    dice = torch.rand(tasks, 1, columns, generator=generator)
    way = torch.rand(tasks, 1, columns, generator=generator)
    levels = torch.exp(uniform(0.0, 3.0, tasks, 1, columns, generator=generator))
    offset = torch.randn(tasks, 1, columns, generator=generator)
    slope = offset.sign() * (0.4 + levels / 10)
    discrete = (X * levels).round() / levels
    binary = X.gt(offset).to(X.dtype)
    skewed = torch.exp((slope * X).clamp(-8, 8))
    inflated = torch.maximum(X, 0.5 * offset)
    peaked = X.sign() * X.abs().pow(2.0)
    changed = torch.where(way < 0.4, discrete, torch.where(way < 0.5, binary, inflated))
    changed = torch.where(way > 0.65, skewed, changed)
    changed = torch.where(way > 0.9, peaked, changed)
    X = torch.where(dice < plain, X, changed)
    irrelevant = uniform(-0.4, 0.5, tasks, 1, 1, generator=generator)
    drawn = noise(int(torch.randint(4, (1,), generator=generator)), tasks, rows, columns, generator=generator)
    return torch.where(torch.rand(tasks, 1, columns, generator=generator) < irrelevant, drawn, X)
