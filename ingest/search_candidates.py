"""One candidate of a search of scikit-learn, with its scores, fold by fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.records import Points

if TYPE_CHECKING:
    from ingest.source import Tally

__all__ = ["Candidate"]


@dataclass(frozen=True)
class Candidate:
    """One row of the results.

    Attributes
    ----------
    number
        From 0, in the order of the results.
    parameters
        That were set, by scikit-learn's names (``svc__C``).
    means, folds
        By the name of the score: the mean over the folds, and each fold's.
    fit_seconds, score_seconds
        Means over the folds, if they were taken.
    failed_folds
        Folds in which the pipeline could not be fitted.
    rows
        Rows that it was cross-validated on, in an iteration of a halving search; None for all of them.
    iteration
        Of a halving search.
    """

    number: int
    parameters: Mapping[str, Any]
    means: Mapping[str, Any]
    folds: Mapping[str, Sequence[Any]]
    fit_seconds: Any = None
    score_seconds: Any = None
    failed_folds: int = 0
    rows: int | None = None
    iteration: int | None = None

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"candidate {self.number}"

    @property
    def fold_count(self) -> int:
        """Number of folds."""
        return len(next(iter(self.folds.values())))

    def estimator(self, base: Any) -> Any:
        """The estimator that was tried: the search's with the candidate's parameters.

        Raises
        ------
        TypeError, ValueError
            If it has no such parameter, or is no estimator.
        """
        from sklearn.base import clone

        return clone(base).set_params(**self.parameters) if self.parameters else base

    def series(self, names: Mapping[str, str], tally: Tally) -> list[Points]:
        """Scores by fold, counted from 0, under the names by which they are read; what is no number is refused."""
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in self.folds}
        for name, values in self.folds.items():
            for fold, value in enumerate(values):
                if isinstance(value, int | float):
                    found[name].append((fold, value))
                else:
                    tally.read("series", 1)
                    why = f"{names[name]} of fold {fold} is {value!r}, which is not a number"
                    tally.reject("series", self.place, why)
        return [Points(names[name], "fold", points) for name, points in found.items()]
