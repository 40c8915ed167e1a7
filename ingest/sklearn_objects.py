"""scikit-learn estimators, and what trackers know of them, as pipelines of the graph.

>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from sklearn.svm import SVC
>>> pipeline_of(make_pipeline(StandardScaler(), SVC(C=2.0, gamma="scale", random_state=7))).title
'StandardScaler > SVC(C=2)'
>>> opaque_pipeline("RandomForestClassifier", {"n_estimators": "100", "max_depth": "3"}).title
'RandomForestClassifier(max_depth=3)'

What is left out, and what goes into which slot: :mod:`ingest.components` and :mod:`ingest.arrangement`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.arrangement import arrange, one_step
from ingest.components import Component
from ingest.json_values import restore
from ingest.python_values import defaults_of_path, read, read_estimator
from ingest.sklearn_paths import public_path
from kg.errors import SourceError
from kg.pipeline import Pipeline

__all__ = ["opaque_pipeline", "pipeline_of", "restore", "seed_of"]

_MAX_LITERAL = 10_000


def pipeline_of(estimator: Any) -> Pipeline:
    """Pipeline of any estimator: fitted or not, of scikit-learn or with its ``get_params``.

    Raises
    ------
    SourceError
        If it is no estimator, its ``get_params`` fails, or its parameters hold themselves.
    """
    return arrange(_component(estimator))


def seed_of(estimator: Any) -> int | None:
    """``random_state`` of an estimator and all within it; None if there is none, or there are several.

    Raises
    ------
    SourceError
        As :func:`pipeline_of`.
    """
    seeds = set(_seeds(_component(estimator)))
    return seeds.pop() if len(seeds) == 1 else None


def opaque_pipeline(name: str, parameters: Mapping[str, Any]) -> Pipeline:
    """Pipeline of one step, for a source that knows a model's name and its parameters as text.

    Parameters
    ----------
    name
        Name or path of a class, public or not, or whatever a tracker calls the model.
    parameters
        Name → value; text is restored (:func:`restore`), and text of a Python tuple, list or dictionary becomes
        JSON.

    Raises
    ------
    SourceError
        If the name is empty.
    """
    if not isinstance(name, str) or not name.strip():
        raise SourceError(f"a model's name is {name!r}: give its class or what it is called")
    path = public_path(name.strip())
    values = {str(key): _from_text(value) for key, value in parameters.items()}
    return one_step(Component(path, values, defaults_of_path(path)))


def _component(estimator: Any) -> Component:
    if isinstance(estimator, type):
        raise SourceError(
            f"{estimator.__module__}.{estimator.__qualname__} is a class: give an object, {estimator.__name__}(...)"
        )
    if not callable(getattr(estimator, "get_params", None)):
        kind = type(estimator)
        raise SourceError(
            f"an object of {kind.__module__}.{kind.__qualname__} is no estimator: it has no get_params; "
            "derive its class from sklearn.base.BaseEstimator, or give a model's name and parameters"
        )
    return read_estimator(estimator)


def _seeds(value: Any) -> Iterator[int]:
    if isinstance(value, Component):
        seed = value.parameters.get("random_state")
        if isinstance(seed, int) and not isinstance(seed, bool):
            yield seed
        yield from _seeds(list(value.parameters.values()))
    elif isinstance(value, dict):
        yield from _seeds(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _seeds(item)


def _from_text(value: Any) -> Any:
    if not isinstance(value, str):
        return read(value)
    if value[:1] in "([{" and 1 < len(value) <= _MAX_LITERAL:
        try:
            return read(ast.literal_eval(value))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, SourceError):
            return value  # text that merely begins like a list
    return restore(value)
