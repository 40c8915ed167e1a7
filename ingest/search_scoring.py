"""Which measure the scores of scikit-learn are of: the scorers that made them, by the names that it gives them.

>>> from sklearn.metrics import f1_score, make_scorer
>>> from sklearn.svm import SVC
>>> names_of_scores(["score"], None, SVC())
{'score': 'accuracy'}
>>> names_of_scores(["score"], make_scorer(f1_score, average="macro"), SVC())
{'score': 'f1_macro'}
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kg.errors import SourceError
from kg.measure_names import normalise
from kg.measures import Measure

__all__ = ["DECLARE", "names_of_scores", "with_declared"]

DECLARE = (
    "say what they are of, as in measures={'score': 'roc_auc'} or, for a measure of your own, "
    "measures={'score': kg.measures.declared('profit', 'higher')}"
)
"""What to do about scores of no known measure."""


def names_of_scores(found: Iterable[str], scoring: Any, estimator: Any) -> dict[str, str | None]:
    """Name of the scorer that made each score, or None if it has no name that says what it measures.

    Parameters
    ----------
    found
        Names of the scores in the results: ``score`` if there is one scorer, else those that were given.
    scoring
        As scikit-learn takes it; None for the estimator's own ``score``.
    estimator
        That was scored.
    """
    given: Mapping[Any, Any] = scoring if isinstance(scoring, Mapping) else {}
    single = not given and (scoring is None or isinstance(scoring, str) or callable(scoring))
    names: dict[str, str | None] = {}
    for name in found:
        if name == "score" and single:
            names[name] = _of_estimator(estimator) if scoring is None else _of_scorer(scoring, "")
        else:
            names[name] = _of_scorer(given[name], name) if name in given else name
    return names


def with_declared(
    names: Mapping[str, str | None], measures: Mapping[str, str | Measure] | None
) -> tuple[dict[str, str], dict[str, Measure]]:
    """Names by which the scores are read, and the measures that were declared for some of them.

    Raises
    ------
    SourceError
        If something is said of a score that is not there, or no score is of a known measure.
    """
    said = dict(measures or {})
    for name in said:
        if name not in names:
            raise SourceError(f"measures names {name!r}, which is no score: there are {', '.join(names)}")
    readable, declared = dict[str, str](), dict[str, Measure]()
    for name, of_scorer in names.items():
        own = said.get(name, of_scorer)
        if isinstance(own, Measure):
            declared[name] = own
        # A scorer without a name must not be read by its key, which may be that of another measure.
        readable[name] = own if isinstance(own, str) else name if name in declared else f"scorer of {name}"
    if not declared and all(normalise(each, "sklearn") is None for each in readable.values()):
        listed = ", ".join(repr(readable[name]) for name in names)
        raise SourceError(f"the scores {listed} are of no measure that is known: {DECLARE}")
    return readable, declared


def _of_estimator(estimator: Any) -> str | None:
    """What ``estimator.score`` gives: that of a search or of an estimator with a ``scoring`` is made by it."""
    from sklearn.base import is_classifier, is_regressor

    steps = getattr(estimator, "steps", None)
    if isinstance(steps, list) and steps:
        return _of_estimator(steps[-1][1])
    own = getattr(estimator, "scoring", None)
    if own is not None:
        refit = getattr(estimator, "refit", None)
        if isinstance(own, str) or callable(own):
            return _of_scorer(own, "")
        return (
            _of_scorer(own[refit] if isinstance(own, Mapping) else refit, "")
            if isinstance(refit, str)
            else None
        )
    inner = getattr(estimator, "estimator", None) if hasattr(estimator, "refit") else None
    if inner is not None:
        return _of_estimator(inner)
    return "accuracy" if is_classifier(estimator) else "r2" if is_regressor(estimator) else None


def _of_scorer(scorer: Any, key: str) -> str | None:
    """Name of a scorer; one of a function of the person's own goes by the key that they gave it."""
    if isinstance(scorer, str):
        return scorer
    function = getattr(scorer, "_score_func", None)
    if function is None:
        return key or None
    from sklearn.metrics import get_scorer, get_scorer_names

    wanted = _made_of(scorer)
    for name in get_scorer_names():
        if _made_of(get_scorer(name)) == wanted:
            return name
    if not key or str(getattr(function, "__module__", "")).startswith("sklearn."):
        return None  # scikit-learn's function in a way that has no name: the key would say too much
    return f"neg_{key}" if getattr(scorer, "_sign", 1) < 0 else key


def _made_of(scorer: Any) -> tuple[Any, ...]:
    """What makes a scorer the one that it is, with the defaults of its function filled in."""
    function: Callable[..., Any] | None = getattr(scorer, "_score_func", None)
    if function is None:
        return (type(scorer),)
    arguments = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty
    } | dict(getattr(scorer, "_kwargs", {}))
    if arguments.get("average") not in (None, "binary"):
        arguments.pop("pos_label", None)  # which of two classes is the positive one does not matter then
    return (
        function,
        getattr(scorer, "_sign", 1),
        getattr(scorer, "_response_method", None),
        sorted((name, repr(value)) for name, value in arguments.items()),
    )
