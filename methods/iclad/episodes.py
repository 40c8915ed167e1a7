"""Training tasks: synthetic tables cut into a support and queries, in one of three regimes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.iclad.prior import tables
from methods.iclad.scm import uniform

__all__ = ["REGIMES", "UNLABELLED", "Episodes", "episodes"]

REGIMES = ("one_class", "unsupervised", "semi")
SHARES = (0.4, 0.35, 0.25)
UNLABELLED = -1


@dataclass(frozen=True)
class Episodes:
    """A batch of tasks.

    Attributes
    ----------
    support, queries : (tasks, rows, columns)
    labels : (tasks, support rows)
        What the model is told: 0 normal, 1 anomalous, -1 nothing.
    truth : (tasks, support rows + query rows), bool
        What the loss is told.
    regime : (tasks,)
        Index into ``REGIMES``.
    """

    support: Tensor
    queries: Tensor
    labels: Tensor
    truth: Tensor
    regime: Tensor


def episodes(
    tasks: int, support: int, queries: int, generator: torch.Generator, *, regime: int | None = None
) -> Episodes:
    """Random tasks, of one regime or of all mixed.

    One class: the support holds normal rows, all labelled 0. Unsupervised: 1 to 40 % of it are anomalies and nothing is
    labelled. Semi-supervised: the same, and 2 to 100 % of the rows, or of the anomalies only, are labelled.
    """
    if regime is None:
        drawn = torch.multinomial(torch.tensor(SHARES), tasks, replacement=True, generator=generator)
    else:
        drawn = torch.full((tasks,), regime)
    one_class, semi = (drawn == 0)[:, None], (drawn == 2)[:, None]
    rate = torch.exp(uniform(-4.6, -0.92, tasks, 1, generator=generator))
    spoilt = torch.rand(tasks, support, generator=generator) < torch.where(one_class, 0.0, rate)
    asked = torch.rand(tasks, queries, generator=generator) < uniform(0.2, 0.6, tasks, 1, generator=generator)
    y = torch.cat([spoilt, asked], 1)
    X = tables(y, generator).X

    share = torch.exp(uniform(-4.0, 0.0, tasks, 1, generator=generator))
    told = torch.rand(tasks, support, generator=generator) < share
    only_anomalies = torch.rand(tasks, 1, generator=generator) < 0.4
    told = told & (spoilt | ~only_anomalies)
    labels = torch.where(one_class | (semi & told), spoilt.long(), UNLABELLED)
    return Episodes(X[:, :support], X[:, support:], labels, y, drawn)
