"""ICLAD: a detector of anomalies in tables that learns from the rows it is shown, without any training on them.

A transformer is pretrained once on synthetic tables (`prior`, `episodes`, `pretrain`) and shipped (`checkpoint`). Given
rows of a new table, known to be normal, with some labels or with none, it scores further rows in one forward pass
(`model`, `detector`). `sets`, `baselines` and `evaluation` compare it with others. Clean-room, from the paper's
description.

>>> from methods.iclad import Iclad
>>> Iclad().task().name
'builtin'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from methods.method import Arm, Claim, Method, Paper, Task, Trial

__all__ = ["Iclad"]

AUC = ("higher", 0.0, 1.0)
MEASURES = {f"roc_auc_{regime}": AUC for regime in ("one_class", "unsupervised", "semi")}


class Iclad(Method):
    """The in-context detector against Isolation Forest and nearest neighbours, and without its training or labels."""

    name = "iclad"
    paper = Paper(
        "ICLAD: in-context learning foundation model for tabular anomaly detection", "2603.19497", 2026
    )
    fidelity = "reconstruction"
    note = (
        "Prior, label modulation, query-to-support attention and the three regimes follow the paper's description; "
        "sizes, the attention by distance and the corruptions are ours, and the pretraining takes a core under an hour."
    )
    version = "1"
    tasks = (
        Task(
            "builtin",
            "Anomalies in ten sets made of scikit-learn's packaged tables",
            measure="roc_auc_one_class",
            dataset="scikit-learn anomaly sets",
            procedure="30-percent-holdout",
            measures=MEASURES,
        ),
        Task(
            "adbench",
            "Anomalies in the ADBench sets of a folder",
            measure="roc_auc_one_class",
            dataset="ADBench",
            procedure="30-percent-holdout",
            measures=MEASURES,
            data="a folder of ADBench's Classical sets (.npz files with X and y)",
            needs_data=True,
        ),
    )
    arms = (
        Arm("iclad", "method", "Pretrained model; in the semi-supervised regime with 5 % of the labels"),
        Arm("isolation_forest", "baseline", "Isolation Forest with its usual 100 trees"),
        Arm("knn", "baseline", "Distance to the fifth nearest neighbour in standardised columns"),
        Arm("labels_hidden", "ablation", "The same model, never told a label"),
        Arm("untrained", "ablation", "The same architecture with random weights"),
    )
    claims = (
        Claim("iclad", "isolation_forest", measure="roc_auc_one_class"),
        Claim("iclad", "isolation_forest", measure="roc_auc_unsupervised"),
        Claim("iclad", "labels_hidden", measure="roc_auc_semi"),
        Claim("iclad", "untrained", margin=0.15, measure="roc_auc_one_class"),
        Claim("iclad", "untrained", margin=0.15, measure="roc_auc_unsupervised"),
    )
    hyperparameters: ClassVar[Mapping[str, int | float]] = {
        "members": 4,
        "support": 256,
        "rows": 400,
        "labelled": 0.05,
    }
    nominal_seconds = 50.0

    def execute(self, trial: Trial) -> Mapping[str, float]:
        """Mean AUC-ROC over the sets in each regime; one part of the run per set.

        The baselines use no labels and have no semi-supervised score; that of ``labels_hidden`` is of the same rows
        with the labels left out.
        """
        from methods.iclad.evaluation import evaluated

        return evaluated(trial)
