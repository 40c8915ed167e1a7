"""How well a model does on synthetic tasks that it was not trained on, which is what choices are made by."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from methods.iclad.episodes import REGIMES, episodes
from methods.iclad.model import InContextDetector

__all__ = ["synthetic_areas"]

SEED = 2**31  # apart from the seeds of all training steps, which are far smaller or far larger


def synthetic_areas(
    model: InContextDetector, *, batches: int = 10, tasks: int = 8, support: int = 256, queries: int = 128
) -> dict[str, float]:
    """Mean AUC-ROC of the queries over ``batches`` · ``tasks`` synthetic tasks, by regime."""
    found = {}
    for number, regime in enumerate(REGIMES):
        areas = []
        for batch in range(batches):
            generator = torch.Generator().manual_seed(SEED + batch)
            drawn = episodes(tasks, support, queries, generator, regime=number)
            with torch.inference_mode():
                logits = model(drawn.support, drawn.labels, drawn.queries)[1]
            truth = drawn.truth[:, support:]
            areas += [
                roc_auc_score(t, s) for t, s in zip(truth.numpy(), logits.numpy(), strict=True) if t.any()
            ]
        found[regime] = float(np.mean(areas))
    return found
