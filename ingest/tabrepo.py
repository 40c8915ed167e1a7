"""Results of TabRepo and TabArena: one row per dataset, fold and configuration, with the error on the test rows.

``metric_error`` is the metric's best value minus the metric (``1 - roc_auc``), and the loss itself for losses
(``log_loss``, ``rmse``), as AutoGluon's ``convert_score_to_error`` makes it; ``metric_error_val``, on the rows for
validation, is not taken. A row that is ``imputed`` stands for a run that failed, with another method's result.
TabRepo runs the first 3 of the 10 folds of OpenML's tasks; TabArena 3 folds, repeated 3 or 10 times.
"""

from __future__ import annotations

from ingest.table_preset import Preset

__all__ = ["TABREPO"]

TABREPO = Preset(
    name="tabrepo",
    title="TabRepo and TabArena",
    vocabulary="tabrepo",
    header=(("dataset",), ("fold",), ("framework", "method"), ("metric_error",), ("metric", "eval_metric")),
    roles={
        "dataset": ("dataset", ""),
        "tid": ("task", ""),
        "fold": ("fold", ""),
        "framework": ("pipeline", ""),
        "method": ("pipeline", ""),
        "metric": ("metric", ""),
        "eval_metric": ("metric", ""),
        "metric_error": ("value", ""),
        "metric_error_val": ("", ""),
        "problem_type": ("type", ""),
        "seed": ("seed", ""),
        "imputed": ("imputed", ""),
    },
    procedures={3: "3-of-10-fold-cv", 9: "3x3-fold-cv", 30: "10x3-fold-cv"},
)
"""Tables of TabRepo and TabArena."""
