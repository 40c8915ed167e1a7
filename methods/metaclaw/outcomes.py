"""What comes of a pipeline on a task: cross-validated for real, and remembered for the other arms of the seed.

The baseline of a task is fixed before anybody chooses: three simple models are cross-validated on the table before
anything went wrong with it, the middle one of the three scores is taken, and a pipeline must come `SHARE` of the way
from chance to there.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from methods.metaclaw.choices import Choices
from methods.metaclaw.pipelines import assemble
from methods.metaclaw.stream import Round
from methods.metaclaw.tables import Labels

__all__ = ["FOLDS", "SHARE", "BelowBaseline", "Outcome", "Outcomes", "attempt"]

FOLDS = 2
_LISTED = re.compile(r"\[([^\[\]]*)\]")
SHARE = 0.75
"""Of the way from chance to the reference that a pipeline must come."""


class BelowBaseline(Exception):  # noqa: N818 - the agent reads the name in its errors
    """A pipeline runs, but its score is below the baseline of the task."""


@dataclass(frozen=True)
class Outcome:
    """Result of one attempt.

    Attributes
    ----------
    baseline
        Of the task.
    failure
        What went wrong; None for a success.
    """

    baseline: float
    failure: Exception | None

    @property
    def success(self) -> bool:
        """Whether nothing went wrong."""
        return self.failure is None

    @property
    def error(self) -> str:
        """Type and text of what went wrong; empty for a success.

        Values that scikit-learn lists are put in order: it takes them from sets, whose order differs by process.
        """
        if self.failure is None:
            return ""
        text = _LISTED.sub(lambda found: f"[{', '.join(sorted(found[1].split(', ')))}]", str(self.failure))
        return f"{type(self.failure).__name__}: {text}"


def _recall(truth: Labels, predicted: Labels) -> float:
    """Mean recall of the classes: scikit-learn's balanced accuracy, without its checks, which take longer."""
    return float(np.mean([(predicted[truth == c] == c).mean() for c in np.unique(truth)]))


def _folds(task: Round) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=task.number)
    return list(folds.split(task.labels, task.labels))


def _score(estimator: BaseEstimator, task: Round) -> float:
    table, labels, scores = task.cells, task.labels, []
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a pipeline that does badly says so by its score
        for train, test in _folds(task):
            model = clone(estimator).fit(table[train], labels[train])
            scores.append(_recall(labels[test], model.predict(table[test])))
    return float(np.mean(scores))


def baseline(task: Round) -> float:
    """Balanced accuracy that a pipeline must reach on a task."""
    table, labels = np.asarray(task.clean, dtype=float), task.labels
    scores: list[list[float]] = [[], [], []]
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True, assume_finite=True):
        warnings.simplefilter("ignore")
        for train, test in _folds(task):
            scaler = StandardScaler().fit(table[train])
            scaled = scaler.transform(table[train]), scaler.transform(table[test])
            plain = table[train], table[test]
            for found, model, (seen, asked) in zip(
                scores,
                (
                    LogisticRegression(class_weight="balanced", max_iter=100),
                    KNeighborsClassifier(5),
                    DecisionTreeClassifier(min_samples_leaf=3, class_weight="balanced", random_state=0),
                ),
                (scaled, scaled, plain),
                strict=True,
            ):
                found.append(_recall(labels[test], model.fit(seen, labels[train]).predict(asked)))
    middle = float(np.median([np.mean(found) for found in scores]))
    chance = 1 / len(np.unique(labels))
    return chance + SHARE * (middle - chance)


def attempt(task: Round, choices: Choices, needed: float) -> float:
    """Cross-validate a pipeline.

    Returns
    -------
    score
        Mean balanced accuracy over the folds.

    Raises
    ------
    BelowBaseline
        If the score is below what is needed.
    Exception
        Of whatever type scikit-learn raises.
    """
    score = _score(assemble(choices), task)
    if not score >= needed:
        raise BelowBaseline(
            f"balanced accuracy {score:.3f} is {needed - score:.3f} below the baseline {needed:.3f}"
        )
    return score


class Outcomes:
    """Outcomes of a stream's rounds, each computed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[str, ...]], Outcome] = {}
        self._baselines: dict[int, float] = {}

    def baseline(self, task: Round) -> float:
        """Baseline of a task."""
        if task.number not in self._baselines:
            self._baselines[task.number] = baseline(task)
        return self._baselines[task.number]

    def of(self, task: Round, choices: Choices) -> Outcome:
        """What comes of a pipeline on a task."""
        key = task.number, tuple(choices.values())
        if key not in self._known:
            needed = self.baseline(task)
            try:
                attempt(task, choices, needed)
                self._known[key] = Outcome(needed, None)
            except Exception as error:  # noqa: BLE001 - any failure of a pipeline is the outcome
                self._known[key] = Outcome(needed, error.with_traceback(None))
        return self._known[key]
