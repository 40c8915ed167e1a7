"""What scikit-learn leaves after a search or a cross-validation: candidates with their scores, fold by fold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.search_candidates import Candidate
from kg.errors import SourceError

__all__ = ["candidates_of", "of_cross_validation"]

_FOLD = re.compile(r"split(\d+)_test_(.+)", re.DOTALL)


def candidates_of(results: Any, resource: str | None = None) -> list[Candidate]:
    """Candidates of ``cv_results_``, as a dictionary or a table.

    Parameters
    ----------
    results
        As ``fit`` left it.
    resource
        What a halving search gave its candidates ever more of.

    Raises
    ------
    SourceError
        If a column is missing or shorter than others, or the parameters are not as ``fit`` left them.
    """
    columns = _columns(results)
    parameters = columns.get("params", [])
    names = [name.removeprefix("mean_test_") for name in columns if name.startswith("mean_test_")]
    if not parameters or not names:
        raise SourceError(
            "cv_results_ has no candidates: give it as fit left it, with params and mean_test_*"
        )
    for name, values in columns.items():
        if len(values) != len(parameters):
            raise SourceError(
                f"cv_results_: {name} has {len(values)} values, params {len(parameters)}: give it as fit left it"
            )
    for number, each in enumerate(parameters):
        if not isinstance(each, Mapping):
            raise SourceError(
                f"cv_results_: params of candidate {number} is {each!r}, which is no dictionary: "
                "give cv_results_ as fit left it, not as it is read back from text"
            )
    folds = {name: _fold_columns(columns, name) for name in names}
    numbers = {len(each) for each in folds.values()}
    if len(numbers) > 1 or 0 in numbers:
        raise SourceError(
            "cv_results_: not every score has its folds (split0_test_*, ...): give it as fit left it"
        )
    found = []
    for number, each in enumerate(parameters):
        scores = {name: [fold[number] for fold in of_score] for name, of_score in folds.items()}
        seconds = columns.get("mean_score_time", [None] * len(parameters))[number]
        found.append(
            Candidate(
                number,
                each,
                {name: columns[f"mean_test_{name}"][number] for name in names},
                scores,
                columns.get("mean_fit_time", [None] * len(parameters))[number],
                seconds,
                # A pipeline that could not be fitted was not asked to predict either, which takes some time.
                max(numbers)
                if seconds == 0 and all(_is_nan(value) for fold in scores.values() for value in fold)
                else 0,
                int(columns["n_resources"][number]) if resource == "n_samples" else None,
                int(columns["iter"][number]) if resource else None,
            )
        )
    return found


def of_cross_validation(outputs: Any) -> Candidate:
    """What ``cross_validate`` (a dictionary) or ``cross_val_score`` (an array) returned, as one candidate.

    Raises
    ------
    SourceError
        If there is no score, or not one for each fold.
    """
    single = getattr(outputs, "ndim", 2) == 1
    columns = {"test_score": outputs.tolist()} if single else _columns(outputs)
    folds = {name.removeprefix("test_"): columns[name] for name in columns if name.startswith("test_")}
    lengths = {len(columns[name]) for name in columns if name.startswith(("test_", "fit_time", "score_time"))}
    if not folds or len(lengths) != 1 or 0 in lengths:
        raise SourceError("the scores are not one for each fold: give them as cross_validate returned them")
    times = columns.get("score_time", [None] * max(lengths))
    failed = [
        seconds == 0 and all(_is_nan(each[i]) for each in folds.values()) for i, seconds in enumerate(times)
    ]
    return Candidate(
        0,
        {},
        {name: _mean(each) for name, each in folds.items()},
        folds,
        _mean(columns["fit_time"]) if "fit_time" in columns else None,
        _mean(times) if "score_time" in columns else None,
        sum(failed),
    )


def _columns(results: Any) -> dict[str, list[Any]]:
    """Columns of a dictionary or table as lists, without those that say nothing of scores, times and parameters."""
    found = {}
    names = [name for name in getattr(results, "columns", results) if isinstance(name, str)]
    try:
        for name in names:
            if not name.startswith("param_") and name not in ("estimator", "indices"):
                values = results[name]
                found[name] = list(values.tolist() if hasattr(values, "tolist") else values)
    except TypeError as error:
        raise SourceError(
            f"the results have a column that is no list ({error}): give them as fit left them"
        ) from None
    return found


def _fold_columns(columns: Mapping[str, list[Any]], score: str) -> list[list[Any]]:
    found = {
        int(match[1]): name for name in columns if (match := _FOLD.fullmatch(name)) and match[2] == score
    }
    return [columns[found[number]] for number in sorted(found)]


def _mean(values: Sequence[Any]) -> Any:
    """Mean; the first value that is no number if there is one, to be refused by name."""
    odd = [each for each in values if isinstance(each, bool) or not isinstance(each, int | float)]
    return (
        odd[0] if odd else math.fsum(values) / len(values) if all(map(math.isfinite, values)) else sum(values)
    )


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
