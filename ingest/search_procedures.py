"""What scikit-learn's splitters are called among the estimation procedures.

``5-fold-cv`` is stratified for a classification, as scikit-learn's own choice is; what makes its folds otherwise has
another name, and what is not known to make them in a known way is ``unspecified``, comparable with nothing else.

>>> procedure_of(None, 5, "classification"), procedure_of(10, 10, "regression")
('5-fold-cv', '10-fold-cv')
>>> from sklearn.model_selection import KFold, RepeatedStratifiedKFold, StratifiedShuffleSplit
>>> procedure_of(KFold(5, shuffle=True), 5, "classification")
'5-fold-cv-unstratified'
>>> procedure_of(RepeatedStratifiedKFold(n_splits=2, n_repeats=5), 10, "classification")
'5x2-fold-cv'
>>> procedure_of(StratifiedShuffleSplit(8, test_size=0.2), 8, "classification")
'8x20-percent-holdout'
"""

from __future__ import annotations

from typing import Any

from ingest.records import UNKNOWN_PROCEDURE
from kg.errors import SourceError

__all__ = ["of_a_sample", "procedure_of", "splitter_text"]

NEARLY_ALL = 0.95
"""Share of the rows from which on an iteration of a halving search counts as one on all of them: how many rows the last
one gets is what the factor leaves."""

_DEFAULT_FOLDS = 5
"""Folds that scikit-learn makes where ``cv`` is None (since 0.22)."""

_SPLITTERS = "sklearn.model_selection."


def procedure_of(cv: Any, folds: int, task: str) -> str:
    """Key of the procedure.

    Parameters
    ----------
    cv
        As scikit-learn takes it: None, a number, a splitter, or pairs of rows.
    folds
        Number of scores that there are of each candidate.
    task
        Type of the task.

    Raises
    ------
    SourceError
        If ``cv`` makes another number of folds.
    """
    expected = _folds_of(cv)
    if expected is not None and expected != folds:
        given = f"cv={splitter_text(cv)}"
        raise SourceError(
            f"there are scores of {folds} folds, where {given} makes {expected}: "
            "give cv= as it was given to scikit-learn"
        )
    stratified = "-unstratified" if task == "classification" else ""
    if cv is None or isinstance(cv, int):
        return f"{folds}-fold-cv"
    kind = _kind(cv)
    if kind in ("StratifiedKFold", "KFold"):
        return f"{folds}-fold-cv{stratified if kind == 'KFold' else ''}"
    if kind in ("RepeatedStratifiedKFold", "RepeatedKFold"):
        repeats = folds // cv.cvargs["n_splits"]
        return f"{repeats}x{cv.cvargs['n_splits']}-fold-cv{stratified if kind == 'RepeatedKFold' else ''}"
    if kind in ("GroupKFold", "StratifiedGroupKFold"):
        return f"{folds}-fold-group-cv"
    if kind in ("ShuffleSplit", "StratifiedShuffleSplit"):
        return _holdout(cv, folds)
    others = {
        "LeaveOneOut": "leave-one-out",
        "LeaveOneGroupOut": "leave-one-group-out",
        "TimeSeriesSplit": f"{folds}-fold-time-series-cv",
        "PredefinedSplit": "holdout" if folds == 1 else UNKNOWN_PROCEDURE,
    }
    return others.get(kind, UNKNOWN_PROCEDURE)


def of_a_sample(procedure: str, rows: int | None, whole: int | None) -> str:
    """Key of the procedure on some of the rows, which compares with runs on as many only.

    Parameters
    ----------
    rows
        None for all rows.
    whole
        Number of all rows, if it is known.
    """
    if rows is None or procedure == UNKNOWN_PROCEDURE:
        return procedure
    nearly = whole is not None and rows >= NEARLY_ALL * whole
    return procedure if nearly else f"{procedure}-of-a-sample"


def splitter_text(cv: Any) -> str:
    """How ``cv`` was given, for people; of what is not scikit-learn's only the class, whose text may change."""
    if cv is None or isinstance(cv, int):
        return str(cv)
    return " ".join(repr(cv).split()) if _kind(cv) else f"{type(cv).__module__}.{type(cv).__qualname__}"


def _kind(cv: Any) -> str:
    """Name of a splitter's class if it is scikit-learn's own, not derived from it."""
    return type(cv).__name__ if type(cv).__module__.startswith(_SPLITTERS) else ""


def _folds_of(cv: Any) -> int | None:
    """Number of folds, where it does not depend on the data."""
    if cv is None:
        return _DEFAULT_FOLDS
    if isinstance(cv, int):
        return int(cv)
    if isinstance(cv, list | tuple):
        return len(cv)
    if _kind(cv).startswith("Repeated"):
        return int(cv.n_repeats * cv.cvargs["n_splits"])
    return int(cv.n_splits) if _kind(cv) and isinstance(getattr(cv, "n_splits", None), int) else None


def _holdout(cv: Any, folds: int) -> str:
    """Of a share of the rows, drawn once or several times; of a number of rows the share is not known."""
    share = cv.test_size
    if share is None:
        # What is not trained on; if neither is given, a tenth.
        share = 0.1 if cv.train_size is None else 1 - cv.train_size if 0 < cv.train_size < 1 else 1
    if not isinstance(share, float) or not 0 < share < 1:
        return "holdout" if folds == 1 else UNKNOWN_PROCEDURE
    return f"{'' if folds == 1 else f'{folds}x'}{100 * share:.4g}-percent-holdout"
