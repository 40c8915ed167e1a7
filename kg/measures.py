"""Measures of performance and cost: name, direction, range, and what others call them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from kg import iris
from kg.errors import QueryError

__all__ = ["MEASURES", "Measure", "measure_of"]


@dataclass(frozen=True)
class Measure:
    """A measure: ``key`` names it, ``low`` and ``high`` bound its values (None = unbounded)."""

    key: str
    label: str
    direction: Literal["higher", "lower"]
    low: float | None
    high: float | None
    unit: str = ""

    @property
    def iri(self) -> str:
        """IRI of the measure, which is also the property from a run to its value."""
        return iris.measure(self.key)


MEASURES = {
    measure.key: measure
    for measure in (
        Measure("balanced_accuracy", "balanced accuracy", "higher", 0.0, 1.0),
        # Mean over classes of (recall + specificity) / 2; for two classes the same as balanced accuracy.
        Measure("one_vs_rest_balanced_accuracy", "one-vs-rest balanced accuracy", "higher", 0.0, 1.0),
        Measure("accuracy", "accuracy", "higher", 0.0, 1.0),
        Measure("roc_auc", "area under the ROC curve", "higher", 0.0, 1.0),
        Measure("f1", "F1 score", "higher", 0.0, 1.0),
        Measure("log_loss", "log loss", "lower", 0.0, None),
        Measure("runtime_seconds", "runtime", "lower", 0.0, None, unit="s"),
    )
}
"""Known measures by key."""


def measure_of(name: str) -> Measure:
    """Measure by key or IRI.

    Raises
    ------
    QueryError
        If it is unknown.
    """
    key = name.removeprefix(iris.measure(""))
    if key in MEASURES:
        return MEASURES[key]
    close = difflib.get_close_matches(key, MEASURES, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise QueryError(f"measure {name!r} is unknown: {hint}known: {', '.join(MEASURES)}")
