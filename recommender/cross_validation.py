"""Running pipelines on a table by the graph's protocol: five stratified, shuffled folds.

Every pipeline ends in an :class:`Evaluation`, whatever happens: a model that cannot be fitted, runs out of
time or takes its process down is a failed run, and a failed run is experience too.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from embeddings.estimators import adaptations, build
from embeddings.landmarks import one_vs_rest_balanced_accuracy
from kg.errors import TableError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from embeddings.table import Table
    from kg.pipeline import Pipeline

__all__ = ["FOLDS", "Evaluation", "Problem", "cross_validate", "evaluate", "evaluate_many"]

FOLDS = 5


@dataclass(frozen=True)
class Evaluation:
    """What came of running a pipeline on a table.

    Attributes
    ----------
    balanced_accuracy
        Mean over folds of the classes' mean recall (``sklearn.metrics.balanced_accuracy_score``); NaN if the
        run failed.
    one_vs_rest_balanced_accuracy
        Mean over folds of :func:`embeddings.landmarks.one_vs_rest_balanced_accuracy`, which is what OBOE
        measures; NaN if the run failed. The same as ``balanced_accuracy`` for two classes, larger for more.
    fold_values
        Balanced accuracy of each fold that was finished.
    seconds
        Wall-clock time of fitting and predicting, all folds together.
    status
        ``finished`` or ``failed``.
    error
        Type and text of what stopped a failed run.
    notes
        What scikit-learn warned about, each message once.
    """

    balanced_accuracy: float
    one_vs_rest_balanced_accuracy: float
    fold_values: tuple[float, ...]
    seconds: float
    status: Literal["finished", "failed"]
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A classification table as numbers: features, class codes 0..K-1, and how columns are treated."""

    X: pd.DataFrame
    codes: np.ndarray[Any, np.dtype[np.int64]]
    numeric: list[str]
    categorical: list[str]

    @classmethod
    def from_table(cls, table: Table) -> Problem:
        """Take the classes of a table in their sorted order, as scikit-learn does.

        Raises
        ------
        TableError
            If it is no classification table.
        """
        import numpy as np

        if table.task != "classification":
            raise TableError(
                f"table {table.name!r}: target {table.target!r} is for regression, and the pipelines of the graph are "
                "classifiers; use task classification, or another target"
            )

        codes = np.unique(table.y.to_numpy(), return_inverse=True)[1]
        return cls(table.X, codes.astype(np.int64), list(table.numeric), list(table.categorical))


def evaluate(
    pipeline: Pipeline,
    table: Table,
    *,
    seed: int = 0,
    folds: int = FOLDS,
    time_limit_seconds: float | None = None,
) -> Evaluation:
    """Cross-validate a pipeline on a table; never raises for what the pipeline does.

    Parameters
    ----------
    pipeline
        What to run.
    table
        A classification table.
    seed
        Shuffles the folds and seeds every step.
    folds
        Number of folds.
    time_limit_seconds
        If given, the run takes place in a process of its own that is killed at this age (its start-up not
        counted). One process for many pipelines: :func:`evaluate_many`, or
        :class:`recommender.evaluation_process.EvaluationProcess` itself.

    Raises
    ------
    TableError
        If the table is not for classification.
    """
    if time_limit_seconds is None:
        return cross_validate(pipeline, Problem.from_table(table), seed=seed, folds=folds)
    from recommender.evaluation_process import EvaluationProcess

    with EvaluationProcess(table) as process:
        return process.evaluate(pipeline, seed=seed, folds=folds, time_limit_seconds=time_limit_seconds)


def evaluate_many(
    pipelines: Iterable[Pipeline],
    table: Table,
    *,
    seed: int = 0,
    folds: int = FOLDS,
    time_limit_seconds: float | None = None,
    progress: Callable[[int, Evaluation], None] | None = None,
) -> list[Evaluation]:
    """Evaluate pipelines one after the other, in their order.

    Parameters
    ----------
    pipelines, table, seed, folds
        As in :func:`evaluate`.
    time_limit_seconds
        Limit of each pipeline.
    progress
        Called after each pipeline with the number done and its evaluation.
    """
    evaluations: list[Evaluation] = []

    def note(evaluation: Evaluation) -> None:
        evaluations.append(evaluation)
        if progress is not None:
            progress(len(evaluations), evaluation)

    if time_limit_seconds is None:
        problem = Problem.from_table(table)
        for pipeline in pipelines:
            note(cross_validate(pipeline, problem, seed=seed, folds=folds))
        return evaluations
    from recommender.evaluation_process import EvaluationProcess

    with EvaluationProcess(table) as process:
        for pipeline in pipelines:
            note(process.evaluate(pipeline, seed=seed, folds=folds, time_limit_seconds=time_limit_seconds))
    return evaluations


def cross_validate(
    pipeline: Pipeline,
    problem: Problem,
    *,
    seed: int = 0,
    folds: int = FOLDS,
    on_fold: Callable[[float], None] | None = None,
) -> Evaluation:
    """Run a pipeline's folds in this process; ``on_fold`` is told the balanced accuracy of each at once."""
    import numpy as np
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold

    values: list[float] = []
    graph_values: list[float] = []
    seconds = 0.0
    error = None
    codes = problem.codes
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator = build(
                pipeline,
                numeric=problem.numeric,
                categorical=problem.categorical,
                n_classes=int(codes.max()) + 1,
                seed=seed,
                **adaptations(problem.X, numeric=problem.numeric, categorical=problem.categorical),
            )
            from sklearn.base import clone

            for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(
                problem.X, codes
            ):
                started = time.perf_counter()
                try:
                    model = clone(estimator).fit(problem.X.iloc[train], codes[train])
                    predicted = model.predict(problem.X.iloc[test])
                finally:
                    seconds += time.perf_counter() - started
                values.append(float(balanced_accuracy_score(codes[test], predicted)))
                graph_values.append(one_vs_rest_balanced_accuracy(codes[test], predicted))
                if on_fold is not None:
                    on_fold(values[-1])
        except Exception as reason:  # noqa: BLE001 - whatever a model raises is the run's outcome
            error = describe(reason)
    notes = dict.fromkeys(" ".join(str(warning.message).split())[:300] for warning in caught)
    return Evaluation(
        balanced_accuracy=math.nan if error else float(np.mean(values)),
        one_vs_rest_balanced_accuracy=math.nan if error else float(np.mean(graph_values)),
        fold_values=tuple(values),
        seconds=seconds,
        status="failed" if error else "finished",
        error=error,
        notes=tuple(notes),
    )


def describe(reason: BaseException) -> str:
    """Return type and text of an exception in one line."""
    return f"{type(reason).__name__}: {' '.join(str(reason).split())[:500]}".removesuffix(": ")
