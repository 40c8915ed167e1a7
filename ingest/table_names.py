"""Roles of a table's columns, and the names by which people call such columns."""

from __future__ import annotations

import re

__all__ = ["FAILED", "FIELD_NAMES", "PARAMETER", "ROLES", "TYPES"]

ROLES = {
    "dataset": False,
    "dataset_id": False,
    "task": False,
    "pipeline": False,
    "parameters": True,
    "parameter": True,
    "measure": True,
    "metric": False,
    "value": False,
    "fold": False,
    "repeat": False,
    "seed": False,
    "training_size": False,
    "type": False,
    "status": False,
    "error": False,
    "started": False,
    "imputed": False,
}
"""Roles of columns, and whether several columns may have it.

``parameters`` holds JSON, ``parameter`` one value; ``metric`` names the measure of which ``value`` has the value.
"""

_NAMES = {
    "dataset": "dataset dataset_name data_set data dataset_title data_name openml_name",
    "dataset_id": "did dataset_id openml_id openml_dataset_id openml_did data_id",
    "task": "tid task_id openml_task openml_task_id openml_tid task",
    "pipeline": "pipeline framework algorithm model method classifier regressor estimator learner model_name"
    " algorithm_name method_name pipeline_name flow clf algo system",
    "parameters": "hyperparameters params parameters hyperparams hyper_parameters config configuration hps",
    "metric": "metric measure metric_name measure_name eval_metric evaluation_measure",
    "value": "value score result metric_value",
    "fold": "fold fold_id cv_fold split fold_number split_id",
    "repeat": "repeat repetition repeat_id rep cv_repeat",
    "seed": "seed random_state random_seed",
    "training_size": "training_size train_size n_train training_rows anchor size_train n_training train_rows",
    "type": "problem_type task_type type ml_task",
    "status": "status state outcome run_status",
    "error": "error exception error_message info traceback failure failure_reason",
    "started": "started start_time started_at",
    "imputed": "imputed",
}

FIELD_NAMES = {
    name: (role, rank) for role, names in _NAMES.items() for rank, name in enumerate(names.split())
}
"""Role of a column by its name in lower case with ``_`` between its words, and the rank of that name for the role."""

PARAMETER = re.compile(r"(?i)^(?:params?|hyperparameters?|hyperparams?|hp|config)(?:[._/]|__)(?=.)")
"""Beginning of the name of a column that holds one parameter."""

FAILED = (
    "failed",
    "fail",
    "failure",
    "error",
    "crashed",
    "crash",
    "timeout",
    "memout",
    "killed",
    "aborted",
    "ko",
)
"""Statuses of runs that failed, in lower case."""

TYPES = {
    **dict.fromkeys(("classification", "binary", "multiclass", "binary_classification"), "classification"),
    **dict.fromkeys(("multiclass_classification", "supervised_classification"), "classification"),
    **dict.fromkeys(("regression", "quantile", "supervised_regression"), "regression"),
    **dict.fromkeys(("clustering", "cluster"), "clustering"),
    **dict.fromkeys(("forecasting", "timeseries", "time_series", "time_series_forecasting"), "forecasting"),
    **dict.fromkeys(("anomaly_detection", "outlier_detection"), "anomaly_detection"),
    **dict.fromkeys(("survival_analysis", "survival"), "survival_analysis"),
}
"""Types of tasks by what others call them, in lower case with ``_`` between the words."""
