"""Pipelines of the graph as scikit-learn estimators.

A pipeline is first laid out as a :class:`Call`, a tree of allowed classes and their keyword arguments;
:func:`build` constructs that tree, and ``recommender.source_code`` writes the very same tree down as Python.
scikit-learn is imported only when a tree is laid out or constructed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from embeddings.components import COMPONENTS, closest, parameter_names, resolve, resolve_function
from embeddings.translation import translate
from kg.errors import PipelineError
from kg.pipeline import Step

if TYPE_CHECKING:
    import pandas as pd
    import sklearn.pipeline

    from kg.pipeline import Pipeline

__all__ = [
    "DENSE_CELLS",
    "Call",
    "Columns",
    "Function",
    "adaptations",
    "build",
    "construct",
    "layout",
    "refusal",
]

DENSE_CELLS = 25_000_000
"""Encoded tables of more cells than this (200 MB as float64) stay sparse."""

_ASSEMBLING = ("sklearn.compose.", "sklearn.pipeline.", "sklearn.multiclass.")

_NON_NEGATIVE = frozenset({"sklearn.naive_bayes.ComplementNB", "sklearn.naive_bayes.MultinomialNB"})


@dataclass(frozen=True)
class Function:
    """A reference to an allowed function, such as ``f_classif``."""

    path: str


@dataclass(frozen=True)
class Columns:
    """Names of columns of one kind; ``kind`` is ``numeric`` or ``categorical``."""

    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A class of the allow-list and the keyword arguments that it is constructed with.

    Argument values are JSON scalars, tuples and lists of values, and nested :class:`Call`,
    :class:`Function` and :class:`Columns`.
    """

    path: str
    arguments: Mapping[str, Any]


def build(
    pipeline: Pipeline,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    n_classes: int,
    seed: int = 0,
    sparse: bool = False,
    negative: bool = False,
) -> sklearn.pipeline.Pipeline:
    """Build the scikit-learn estimator of a pipeline for a table's columns.

    Columns are picked by name, so that the table may hold others; numeric ones are expected as numbers,
    categorical ones as text, missing values as NaN (as ``embeddings.table.prepare`` leaves them).

    Parameters
    ----------
    pipeline
        What to build.
    numeric, categorical
        Names of the feature columns. Steps for a kind of column that the table does not have are left out.
    n_classes
        Number of classes of the target: what scikit-learn no longer does for more than two is fitted one
        class against the rest.
    seed
        ``random_state`` of every step that takes one.
    sparse
        Keep encoded columns sparse; ``StandardScaler`` then does not centre.
    negative
        Whether features may be negative: a model that cannot take that gets a ``MinMaxScaler`` before it.

    Raises
    ------
    PipelineError
        If a component or parameter is not allowed or not known, there is no estimator, or there are no
        columns.
    """
    tree = layout(
        pipeline,
        numeric=numeric,
        categorical=categorical,
        n_classes=n_classes,
        seed=seed,
        sparse=sparse,
        negative=negative,
    )
    built: sklearn.pipeline.Pipeline = construct(tree)
    return built


def adaptations(X: pd.DataFrame, *, numeric: Sequence[str], categorical: Sequence[str]) -> dict[str, bool]:
    """Return what :func:`build` has to know about a table's values: ``sparse`` and ``negative``."""
    width = len(numeric) + sum(int(X[column].nunique()) for column in categorical)
    return {
        "sparse": len(X) * width > DENSE_CELLS,
        "negative": bool((X[list(numeric)] < 0).any(axis=None)) if len(numeric) else False,
    }


def layout(
    pipeline: Pipeline,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    n_classes: int,
    seed: int = 0,
    sparse: bool = False,
    negative: bool = False,
) -> Call:
    """Lay a pipeline out as a tree of calls; parameters and errors as in :func:`build`."""
    if not numeric and not categorical:
        raise PipelineError(
            "a pipeline needs at least one feature column; name numeric or categorical columns"
        )
    steps: dict[str, Call] = {}
    n_columns = len(numeric) + len(categorical)
    for step in pipeline.steps:
        steps[step.slot] = _step(step, n_classes=n_classes, n_columns=n_columns, seed=seed)
    if "estimator" not in steps:
        raise PipelineError("the pipeline has no step in slot 'estimator'; add the classifier")

    scaler = steps.get("scaler")
    if sparse and scaler is not None and scaler.path == "sklearn.preprocessing.StandardScaler":
        steps["scaler"] = Call(scaler.path, {**scaler.arguments, "with_mean": False})
    sequence = [("columns", _columns(steps, numeric, categorical, sparse=sparse))]
    sequence += [(slot, steps[slot]) for slot in ("scaler", "reducer") if slot in steps]
    estimator = steps["estimator"]
    below_zero = negative or (scaler is not None and scaler.path != "sklearn.preprocessing.MinMaxScaler")
    if estimator.path in _NON_NEGATIVE and (below_zero or "reducer" in steps):
        sequence.append(("non_negative", Call("sklearn.preprocessing.MinMaxScaler", {"clip": True})))
    sequence.append(("estimator", estimator))
    return Call("sklearn.pipeline.Pipeline", {"steps": sequence})


def construct(value: Any) -> Any:
    """Construct what a tree of calls describes.

    Raises
    ------
    PipelineError
        If the tree names a class or function that is not allowed.
    """
    if isinstance(value, Call):
        return resolve(value.path)(**{name: construct(item) for name, item in value.arguments.items()})
    if isinstance(value, Function):
        return resolve_function(value.path)
    if isinstance(value, Columns):
        return list(value.names)
    if isinstance(value, list):
        return [construct(item) for item in value]
    if isinstance(value, tuple):
        return tuple(construct(item) for item in value)
    return value


def refusal(pipeline: Pipeline) -> str | None:
    """Why a pipeline cannot be built by the allow-list, whatever the table; None if it can.

    What a source knows of a pipeline may be no more than a name and text: a class that is not allowed, a parameter that
    its class does not have, or a value that it does not take (``C="{...}"``).
    """
    if all(step.slot != "estimator" for step in pipeline.steps):
        return "the pipeline has no step in slot 'estimator'"
    return next(
        (why for step in pipeline.steps if (why := _refusal(step.slot, step.component, _text(step)))), None
    )


def _text(step: Step) -> str:
    # Steps that are equal to Python (True, 1) are not the same to scikit-learn.
    return json.dumps(dict(step.parameters))


@cache
def _refusal(slot: str, component: str, parameters: str) -> str | None:
    """The same of one step: bulk sources have ten thousands of pipelines, made of a few hundred steps."""
    step = Step(slot, component, json.loads(parameters))
    try:
        for call in _calls(_step(step, n_classes=3, n_columns=2, seed=0)):
            construct(call)._validate_params()
    except (PipelineError, TypeError, ValueError) as error:
        return str(error).splitlines()[0]
    return None


def _calls(value: Any) -> Iterator[Call]:
    """Calls of a tree that construct an estimator of their own: not what only puts others together."""
    if isinstance(value, Call):
        if not value.path.startswith(_ASSEMBLING):
            yield value
        yield from _calls(list(value.arguments.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _calls(item)


def _step(step: Step, *, n_classes: int, n_columns: int, seed: int) -> Call:
    allowed = COMPONENTS[step.slot]
    if step.component not in allowed:
        raise PipelineError(
            f"component {step.component!r} is not allowed in slot {step.slot!r}; "
            f"{closest(step.component, allowed)} (nothing outside the allow-list is ever imported)"
        )
    translation = translate(step.component, step.parameters, n_classes=n_classes, n_columns=n_columns)
    arguments: dict[str, Any] = dict(translation.parameters)
    if isinstance(arguments.get("score_func"), str):
        arguments["score_func"] = Function(f"sklearn.feature_selection.{arguments['score_func']}")
        resolve_function(arguments["score_func"].path)
    known = parameter_names(translation.component)
    if "random_state" in known:
        arguments["random_state"] = seed
    call = Call(translation.component, arguments)
    return (
        Call("sklearn.multiclass.OneVsRestClassifier", {"estimator": call})
        if translation.one_vs_rest
        else call
    )


def _columns(
    steps: Mapping[str, Call], numeric: Sequence[str], categorical: Sequence[str], *, sparse: bool
) -> Call:
    transformers: list[tuple[str, Any, Columns]] = []
    if numeric:
        imputer = steps.get("numeric_imputer")
        transformers.append(
            (
                "numeric",
                "passthrough" if imputer is None else _lasting(imputer),
                Columns("numeric", tuple(numeric)),
            )
        )
    if categorical:
        imputer = steps.get("categorical_imputer")
        encoder = _tolerant(steps.get("encoder"))
        transformer = encoder
        if imputer is not None:
            both = [("imputer", _for_text(_lasting(imputer))), ("encoder", encoder)]
            transformer = Call("sklearn.pipeline.Pipeline", {"steps": both})
        transformers.append(("categorical", transformer, Columns("categorical", tuple(categorical))))
    return Call(
        "sklearn.compose.ColumnTransformer",
        {"transformers": transformers, "sparse_threshold": 1.0 if sparse else 0},
    )


def _lasting(imputer: Call) -> Call:
    """Keep columns that a training fold happens to leave empty: a pipeline must not break on one fold."""
    return Call(imputer.path, {**imputer.arguments, "keep_empty_features": True})


def _for_text(imputer: Call) -> Call:
    """Text has no mean or median: sources that took one meant codes of categories."""
    if imputer.arguments.get("strategy", "mean") in ("most_frequent", "constant"):
        return imputer
    return Call(imputer.path, {**imputer.arguments, "strategy": "most_frequent"})


def _tolerant(encoder: Call | None) -> Call:
    """Let an encoder meet categories that it was not fitted on; without one, text becomes ordinal codes."""
    if encoder is None or encoder.path == "sklearn.preprocessing.OrdinalEncoder":
        given = {} if encoder is None else encoder.arguments
        unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1, "encoded_missing_value": -1}
        return Call("sklearn.preprocessing.OrdinalEncoder", {**given, **unknown})
    if encoder.arguments.get("handle_unknown", "error") == "error":
        return Call(encoder.path, {**encoder.arguments, "handle_unknown": "ignore"})
    return encoder
