"""Arms on anomaly sets: the AUC-ROC of each regime, per set and on average."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from methods.iclad import baselines
from methods.iclad.checkpoint import SHIPPED, load, untrained
from methods.iclad.detector import ICLAD
from methods.iclad.sets import AnomalySet, Split, adbench, builtin, split
from methods.method import Trial

__all__ = ["areas", "evaluated"]


@lru_cache(maxsize=2)
def _sets(folder: Path | None) -> tuple[AnomalySet, ...]:
    return tuple(builtin() if folder is None else adbench(folder))


def areas(arm: str, part: Split, *, seed: int, members: int, support: int) -> dict[str, float]:
    """AUC-ROC of an arm on one split, by measure.

    One class: the normal training rows only, all labelled so. Unsupervised: all training rows, none labelled. Semi:
    all, with the labels of the known ones.
    """
    clean = part.X[part.y == 0]
    if arm in ("isolation_forest", "knn"):
        scores = {
            "one_class": _baseline(arm, clean, part.asked, seed),
            "unsupervised": _baseline(arm, part.X, part.asked, seed),
        }
    else:
        model = untrained(seed) if arm == "untrained" else load()
        detector = ICLAD(members=members, support=support, random_state=seed, model=model)
        blind = -detector.fit(part.X).score_samples(part.asked)
        if arm == "labels_hidden":
            scores = {"one_class": -detector.fit(clean).score_samples(part.asked), "semi": blind}
        else:
            told = np.where(part.known, part.y, -1)
            scores = {
                "one_class": -detector.fit(clean, np.zeros(len(clean))).score_samples(part.asked),
                "semi": -detector.fit(part.X, told).score_samples(part.asked),
            }
        scores["unsupervised"] = blind
    return {f"roc_auc_{regime}": float(roc_auc_score(part.truth, found)) for regime, found in scores.items()}


def _baseline(arm: str, X: NDArray[np.float64], asked: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    return baselines.knn(X, asked) if arm == "knn" else baselines.isolation_forest(X, asked, seed)


def evaluated(trial: Trial) -> Mapping[str, float]:
    """Mean scores of the trial's arm over its task's sets, each of which is a part of the run."""
    torch.set_num_threads(1)
    values = trial.hyperparameters
    sets = _sets(trial.data)
    if trial.arm in ("iclad", "labels_hidden"):
        trial.run.artefact(SHIPPED)
    found = []
    for number, data in enumerate(sets):
        part = split(data, trial.seed, labelled=float(values["labelled"]), most=int(values["rows"]))
        members, support = trial.amount(int(values["members"])), int(values["support"])
        with trial.run.child(f"iclad.{trial.arm}", dataset=data.name) as run:
            scores = areas(trial.arm, part, seed=trial.seed, members=members, support=support)
            for measure, value in scores.items():
                run[measure] = value
        found.append(scores)
        trial.progress(number + 1, len(sets))
    return {measure: float(np.mean([scores[measure] for scores in found])) for measure in found[0]}
