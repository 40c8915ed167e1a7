"""In which setting candidates were tried: estimator, splitter, scoring and data, from whoever knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.given_data import WAYS, GivenData, given_data
from ingest.search_candidates import Candidate
from ingest.search_results import candidates_of, of_cross_validation
from kg.errors import SourceError

__all__ = ["Setting", "is_outputs", "is_search", "setting_of"]


@dataclass(frozen=True)
class Setting:
    """What all candidates of a search have in common.

    Attributes
    ----------
    kind
        What it was: the search's class, or ``cross-validation``.
    rows
        Of the whole data, if they are known.
    task
        Type of the task.
    """

    kind: str
    estimator: Any
    cv: Any
    scoring: Any
    candidates: list[Candidate]
    data: GivenData
    task: str
    rows: int | None


def is_search(subject: Any) -> bool:
    """Whether it is one of scikit-learn's searches, or of a class derived from them."""
    return any(
        kind.__name__ == "BaseSearchCV" and kind.__module__.startswith("sklearn.model_selection")
        for kind in type(subject).__mro__
    )


def is_outputs(subject: Any) -> bool:
    """Whether it looks like ``cv_results_``, or what ``cross_validate`` or ``cross_val_score`` returned."""
    if getattr(subject, "dtype", None) is not None and getattr(subject, "ndim", 0) == 1:
        return getattr(subject.dtype, "kind", "") == "f" and type(subject).__module__ == "numpy"
    if not isinstance(subject, Mapping) and not hasattr(subject, "columns"):
        return False
    names = {
        name
        for name in (subject.columns if hasattr(subject, "columns") else subject)
        if isinstance(name, str)
    }
    if {"fit_time", "score_time"} <= names:
        return any(name.startswith("test_") for name in names)
    return "params" in names and any(name.startswith("mean_test_") for name in names)


def setting_of(
    subject: Any, dataset: Any, target: str | None, task: str | None, estimator: Any, cv: Any, scoring: Any
) -> Setting:
    """Setting of a search or of results, and of what was said of it.

    Raises
    ------
    QueryError, SourceError, TableError
        If something is missing, not as scikit-learn left it, or contradicts the rest.
    """
    fitted = is_search(subject)
    kind = type(subject).__name__ if fitted else "cross-validation"
    columns, halving = None, None
    if fitted:
        said = {"estimator": estimator, "cv": cv, "scoring": scoring}
        if known := [name for name, value in said.items() if value is not None]:
            raise SourceError(f"{kind} knows its {known[0]}: leave {known[0]}= out")
        estimator, cv, scoring = subject.estimator, subject.cv, subject.scoring
        if not hasattr(subject, "cv_results_"):
            raise SourceError(f"{kind} is not fitted: call its fit(X, y) first, and ingest it then")
        halving = subject.resource if hasattr(subject, "max_resources_") else None
        candidates = candidates_of(subject.cv_results_, halving)
        columns = getattr(subject, "n_features_in_", None)
    elif not is_outputs(subject):
        raise SourceError(
            "this is no search of scikit-learn and no result of one: give GridSearchCV or the like after fit, its "
            "cv_results_, or what cross_validate or cross_val_score returned"
        )
    elif estimator is None:
        raise SourceError(
            "the scores do not know which estimator they are of: give it, as in estimator=SVC()"
        )
    elif getattr(subject, "ndim", 2) != 1 and "params" in getattr(subject, "columns", subject):
        kind, candidates = "cv_results_", candidates_of(subject)
    else:
        candidates = [of_cross_validation(subject)]
    data = _data(kind, columns, dataset, target, task or _task(estimator))
    rows = data.rows
    if rows is None and halving and subject.max_resources == "auto":
        rows = subject.max_resources_  # all that there are
    return Setting(kind, estimator, cv, scoring, candidates, data, data.task or "other", rows)


def _data(kind: str, columns: int | None, dataset: Any, target: str | None, task: str | None) -> GivenData:
    if dataset is None:
        fitted = "" if columns is None else f" (of {columns} features)"
        raise SourceError(f"{kind} does not know the name of its data{fitted}: say dataset=, {WAYS}")
    data = given_data(dataset, target, task)
    if None not in (data.features, columns) and data.features != columns:
        raise SourceError(
            f"{kind} was fitted on {columns} features, the dataset has {data.features}: give the data it was fitted on"
        )
    return data


def _task(estimator: Any) -> str | None:
    from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor

    kinds = {
        "classification": is_classifier,
        "regression": is_regressor,
        "clustering": is_clusterer,
        "anomaly_detection": is_outlier_detector,
    }
    try:
        return next((task for task, is_kind in kinds.items() if is_kind(estimator)), None)
    except (AttributeError, TypeError) as error:
        raise SourceError(
            f"estimator {type(estimator).__name__} is no estimator of scikit-learn: {error}"
        ) from error
