"""Measures of performance and cost: key, direction, range and unit, and those that somebody declares.

A key says how classes are averaged where that is open: ``f1`` is of the positive class, ``f1_macro`` is the mean over
classes, ``f1_weighted`` the mean weighted by the classes' sizes, ``f1_micro`` of all rows' decisions together. What
others call the measures is in :mod:`kg.measure_names`, what they mean in ``ontology/measures.ttl``.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kg import iris
from kg.errors import QueryError

__all__ = ["ALIASES", "MEASURES", "Measure", "declared", "measure_of"]


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


def _share(key: str, label: str) -> Measure:
    return Measure(key, label, "higher", 0.0, 1.0)


def _error(key: str, label: str, high: float | None = None, unit: str = "") -> Measure:
    return Measure(key, label, "lower", 0.0, high, unit)


MEASURES = {
    measure.key: measure
    for measure in (
        _share("balanced_accuracy", "balanced accuracy"),
        # Mean over classes of (recall + specificity) / 2; for two classes the same as balanced accuracy.
        _share("one_vs_rest_balanced_accuracy", "one-vs-rest balanced accuracy"),
        _share("accuracy", "accuracy"),
        _share("roc_auc", "area under the ROC curve"),
        _share("roc_auc_ovr_macro", "area under the ROC curve, each class against the others, mean"),
        _share(
            "roc_auc_ovr_weighted", "area under the ROC curve, each class against the others, weighted mean"
        ),
        _share("roc_auc_ovo_macro", "area under the ROC curve, pairs of classes, mean"),
        _share("roc_auc_ovo_weighted", "area under the ROC curve, pairs of classes, weighted mean"),
        _share("average_precision", "average precision"),
        _share("f1", "F1 score"),
        _share("f1_macro", "F1 score, mean over classes"),
        _share("f1_micro", "F1 score, over all classes together"),
        _share("f1_weighted", "F1 score, weighted mean over classes"),
        _share("precision", "precision"),
        _share("precision_macro", "precision, mean over classes"),
        _share("precision_micro", "precision, over all classes together"),
        _share("precision_weighted", "precision, weighted mean over classes"),
        _share("recall", "recall"),
        _share("recall_micro", "recall, over all classes together"),
        _share("recall_weighted", "recall, weighted mean over classes"),
        _share("jaccard", "Jaccard index"),
        Measure("matthews_correlation", "Matthews correlation coefficient", "higher", -1.0, 1.0),
        Measure("cohen_kappa", "Cohen's kappa", "higher", -1.0, 1.0),
        _error("log_loss", "log loss"),
        _error("brier_score", "Brier score", 1.0),
        Measure("r2", "coefficient of determination", "higher", None, 1.0),
        Measure("explained_variance", "explained variance", "higher", None, 1.0),
        _error("mean_squared_error", "mean squared error"),
        _error("root_mean_squared_error", "root mean squared error"),
        _error("mean_absolute_error", "mean absolute error"),
        _error("median_absolute_error", "median absolute error"),
        _error("max_error", "largest error"),
        _error("mean_absolute_percentage_error", "mean absolute percentage error"),
        _error("symmetric_mean_absolute_percentage_error", "symmetric mean absolute percentage error", 2.0),
        _error("mean_squared_log_error", "mean squared logarithmic error"),
        _error("root_mean_squared_log_error", "root mean squared logarithmic error"),
        _error("relative_absolute_error", "relative absolute error"),
        _error("root_relative_squared_error", "root relative squared error"),
        Measure("pearson_correlation", "Pearson correlation", "higher", -1.0, 1.0),
        Measure("spearman_correlation", "Spearman correlation", "higher", -1.0, 1.0),
        _share("concordance_index", "concordance index"),
        Measure("adjusted_rand_index", "adjusted Rand index", "higher", -0.5, 1.0),
        _share("normalized_mutual_information", "normalized mutual information"),
        Measure("silhouette", "silhouette", "higher", -1.0, 1.0),
        _error("runtime_seconds", "runtime", unit="s"),
        _error("training_seconds", "training time", unit="s"),
        _error("prediction_seconds", "prediction time", unit="s"),
        _error("peak_memory_bytes", "peak memory", unit="B"),
    )
}
"""Known measures by key."""

ALIASES = {"recall_macro": "balanced_accuracy"}
"""Keys that a measure would have if another did not say the same."""


def measure_of(name: str, declared: Mapping[str, Measure] | None = None) -> Measure:
    """Measure by key or IRI, among the known ones and those that were declared (by key).

    Raises
    ------
    QueryError
        If it is unknown.
    """
    known = {**(declared or {}), **MEASURES}
    key = name.removeprefix(iris.measure(""))
    key = ALIASES.get(key, key)
    if key in known:
        return known[key]
    close = difflib.get_close_matches(key, known, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise QueryError(f"measure {name!r} is unknown: {hint}known: {', '.join(known)}")


def declared(
    name: str, direction: str, low: float | None = None, high: float | None = None, unit: str = ""
) -> Measure:
    """Measure that somebody declares, for what is not among the known ones.

    Its key is the name in lower case, with ``_`` for all but letters and digits. A name that is a known measure's
    stands for that measure, if what is said of it agrees; a bound or unit that is not given agrees with any.

    Raises
    ------
    QueryError
        If the name has no letter, the direction or the range is none, or a known measure is declared otherwise.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not re.search("[a-z]", key):
        raise QueryError(f"measure {name!r} has no letter from a to z: give it a name such as 'gini'")
    if direction not in ("higher", "lower"):
        raise QueryError(
            f"measure {name!r}: direction {direction!r} is unknown: say 'higher' if more is better, else 'lower'"
        )
    for bound in (low, high):
        if bound is not None and not math.isfinite(bound):
            raise QueryError(f"measure {name!r}: bound {bound} is no finite number: leave an open side out")
    if low is not None and high is not None and low >= high:
        raise QueryError(f"measure {name!r}: low {low:g} is not below high {high:g}: correct the range")
    known = MEASURES.get(ALIASES.get(key, key))
    if known is None:
        side: Literal["higher", "lower"] = "higher" if direction == "higher" else "lower"
        return Measure(key, " ".join(name.split()), side, _number(low), _number(high), unit)
    given = (("direction", direction, known.direction), ("low", low, known.low), ("high", high, known.high))
    for what, said, holds in (*given, ("unit", unit or None, known.unit)):
        if said is not None and said != holds:
            raise QueryError(
                f"measure {name!r} is known as {known.key!r}, whose {what} is {_told(holds)}, not {said}: "
                "leave the declaration out, or give the measure another name"
            )
    return known


def _number(bound: float | None) -> float | None:
    return None if bound is None else float(bound)


def _told(value: object) -> str:
    return "open" if value is None else str(value) or "none"
