"""What others call the measures: a name as a column, a tracker or a library writes it, read as a known measure.

>>> normalise("neg_log_loss")
Reading(measure=Measure(key='log_loss', ...), factor=-1.0, offset=0.0)
>>> normalise("Balanced error rate").value(0.3)
0.7
>>> normalise("fit_time_ms").value(1500.0)
1.5

Case, spaces, dashes and camel case do not matter (``ROC-AUC``, ``LogLoss``, ``R^2``). Around a name may stand

- what says that it was measured on rows that were not trained on: ``test_``, ``val_``, ``valid_``, ``validation_``,
  ``eval_``, ``cv_``, ``mean_test_``, ``mean_cv_``, ``metrics/``, or ``_test``, ``_val``, ``_valid``, ``_validation``,
  ``_score``, ``_mean`` at the end;
- ``neg_`` or ``negative_`` before a loss (before a score it is of the negative class, which is no known measure);
- ``1 - `` or ``one_minus_`` before a measure whose best is 1;
- ``_percent``, ``_percentage``, ``_pct`` or ``%`` after a share;
- a unit after a time (``_us``, ``_ms``, ``_s``, ``_min``, ``_h`` and their longer forms; seconds without one) or after
  an amount of memory (``_bytes``, ``_kb``, ``_mb``, ``_gb``: powers of 1,000; ``_kib``, ``_mib``, ``_gib``: of 1,024).

What was measured on the training rows (``train_accuracy``) is something else, and None. So is what people use in more
than one sense: ``auc_pr`` (average precision or the trapezoids' area), ``mape`` (share or percent), ``f_measure``
(averaged how?), ``error``, ``loss``, ``l2``, ``score``, a correlation or a mean of recalls that does not say which.
What these names mean in one vocabulary is in :mod:`kg.measure_vocabularies`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kg import iris
from kg.errors import QueryError
from kg.measure_vocabularies import COSTS, ERRORS, NAMES, VOCABULARIES
from kg.measures import ALIASES, MEASURES, Measure

__all__ = ["Reading", "normalise"]


@dataclass(frozen=True)
class Reading:
    """How a number under some name is read: as ``raw * factor + offset`` of a known measure."""

    measure: Measure
    factor: float = 1.0
    offset: float = 0.0

    def value(self, raw: float) -> float:
        """Value of the measure."""
        return raw * self.factor + self.offset

    def after(self, factor: float, offset: float = 0.0) -> Reading:
        """Reading of a number that is first turned into ``raw * factor + offset``."""
        return replace(self, factor=self.factor * factor, offset=self.value(offset))


def normalise(name: str, vocabulary: str = "") -> Reading | None:
    """How a number under that name is read; None if the name is not known, or has more than one meaning.

    Parameters
    ----------
    name
        Key or IRI of a measure, or what others call it.
    vocabulary
        Who calls it so: one of ``VOCABULARIES``; empty for people and trackers in general. For ``tabrepo``, the name
        of the metric whose ``metric_error`` is read.

    Raises
    ------
    QueryError
        If the vocabulary is unknown.
    """
    if vocabulary not in VOCABULARIES:
        known = ", ".join(repr(each) for each in VOCABULARIES if each)
        raise QueryError(f"vocabulary {vocabulary!r} of measures is unknown: leave it out, or say {known}")
    key = name.removeprefix(iris.measure(""))
    if key != name:
        key = ALIASES.get(key, key)
        return Reading(MEASURES[key]) if key in MEASURES else None
    text = unicodedata.normalize("NFKC", name).replace("^", "").replace("%", " percent ").strip()
    complement = _COMPLEMENT.match(text)
    words = [word.lower() for word in _WORD.findall(text[complement.end() :] if complement else text)]
    if not text.isascii() or not words or text.startswith("-") or _VARIATION.search(text):
        return None
    if complement:
        words = ["one", "minus", *words]
    names = VOCABULARIES[vocabulary]
    if (compact := "".join(words)) in names:
        found = _entry(names[compact])
    else:
        found = _cost(words) or _quality(words, names)
    return _of_error(found) if vocabulary == "tabrepo" and found else found


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_COMPLEMENT = re.compile(r"1\s*-\s*(?=[A-Za-z])")

_VARIATION = re.compile(r"(?i)\bcv\s*[(\[]")
"""CV(RMSE) is the coefficient of variation, not a cross-validation."""

_BEFORE = (
    *(("mean", stage) for stage in ("test", "cv")),
    *((stage,) for stage in ("test", "val", "valid", "validation", "eval", "cv", "metrics", "metric")),
)

_AFTER = ("score", "mean", "test", "val", "valid", "validation")

_PERCENT = ("percent", "percentage", "pct")

_TIMES = {
    **dict.fromkeys(("us", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "millis", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
}
_SIZES = {
    **dict.fromkeys(("b", "byte", "bytes"), 1.0),
    **{f"{letter}b": 1e3**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024.0**power for power, letter in enumerate("kmgt", 1)},
}

_WITH_UNIT = {
    **dict.fromkeys(("train", "training", "fit"), "training_seconds"),
    **dict.fromkeys(("predict", "prediction", "inference", "infer"), "prediction_seconds"),
}
"""Names of times that are so only with a unit behind them."""

_RATIOS = {
    "mean_absolute_percentage_error",
    "symmetric_mean_absolute_percentage_error",
    "relative_absolute_error",
    "root_relative_squared_error",
}
"""Measures beyond those that reach to 1 at most that can be told in percent."""


def _index(names: Mapping[str, str]) -> dict[str, str]:
    return {name: ALIASES.get(key, key) for key, listed in names.items() for name in listed.split()}


_COST_NAMES = _index(COSTS)
_ERROR_NAMES = _index(ERRORS)
_QUALITY_NAMES = {
    **_index(NAMES),
    **_index({key: key.replace("_", "") for key in (*MEASURES, *ALIASES) if key not in COSTS}),
}


def _entry(entry: str | None) -> Reading | None:
    if entry is None:
        return None
    key, *numbers = entry.split()
    return Reading(MEASURES[key], *(float(number) for number in numbers))


def _cost(words: Sequence[str]) -> Reading | None:
    """Reading of a time or an amount of memory, whose unit may stand at the end."""
    stem = words[:-1] if len(words) > 1 and words[-1] == "mean" else words
    key = _COST_NAMES.get("".join(stem))
    if key and MEASURES[key].unit == "s":
        return Reading(MEASURES[key])
    for length in (1, 2):  # "MiB" is two words
        base, unit = "".join(stem[:-length]), "".join(stem[-length:])
        key = _COST_NAMES.get(base, _WITH_UNIT.get(base, ""))
        factors = _TIMES if key and MEASURES[key].unit == "s" else _SIZES
        if key and unit in factors:
            return Reading(MEASURES[key], factors[unit])
    return None


def _quality(words: Sequence[str], names: Mapping[str, str | None]) -> Reading | None:
    """Reading of a measure of performance, with what may stand around its name."""
    compact = "".join(words)
    if compact in names:
        return _entry(names[compact])
    if compact in _QUALITY_NAMES:
        return Reading(MEASURES[_QUALITY_NAMES[compact]])
    if compact in _ERROR_NAMES:
        return Reading(MEASURES[_ERROR_NAMES[compact]], -1.0, 1.0)
    if words[-1:] and words[-1] in _PERCENT:
        inner = _quality(words[:-1], names)
        share = inner and (inner.measure.high == 1.0 or inner.measure.key in _RATIOS)
        return inner.after(0.01) if inner and share else None
    if words[:2] == ["one", "minus"]:
        inner = _quality(words[2:], names)
        return inner.after(-1.0, 1.0) if inner and inner.measure.high == 1.0 else None
    if words[:1] in (["neg"], ["negative"]):
        inner = _quality(words[1:], names)
        return inner.after(-1.0) if inner and _is_loss(inner) else None
    for before in _BEFORE:
        if tuple(words[: len(before)]) == before:
            return _quality(words[len(before) :], names)
    return _quality(words[:-1], names) if words and words[-1] in _AFTER else None


def _is_loss(reading: Reading) -> bool:
    return (reading.measure.direction == "lower") == (reading.factor > 0)


def _of_error(reading: Reading) -> Reading | None:
    """Reading of the error that is made of a metric: its best value minus the metric, or the loss itself."""
    measure = reading.measure
    if measure.key in COSTS:
        return reading
    if (reading.factor, reading.offset) != (1.0, 0.0):
        return None
    if measure.direction == "lower":
        return reading
    return None if measure.high is None else Reading(measure, -1.0, measure.high)
