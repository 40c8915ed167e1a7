"""Estimators as trackers write them down: a class's name, and parameters as text, with estimators within estimators.

scikit-learn tells an estimator as the call that makes it. Such text is parsed, never evaluated, so that what MLflow's
autologging keeps of a pipeline is the same node as the pipeline itself:

>>> steps = "[('scale', StandardScaler()), ('svc', SVC(C=2.0))]"
>>> said = {"steps": steps, "svc__C": "2.0", "verbose": "False", "note": "first"}
>>> pipeline, rest = pipeline_of_text("sklearn.pipeline.Pipeline", said)
>>> pipeline.title, rest
('StandardScaler > SVC(C=2)', {'note': 'first'})
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from typing import Any

from ingest.arrangement import arrange
from ingest.components import Component
from ingest.json_values import restore
from ingest.python_values import defaults_of_path
from ingest.sklearn_objects import opaque_pipeline
from ingest.sklearn_paths import CLASSES, class_of, public_path
from kg.errors import SourceError
from kg.pipeline import Pipeline

__all__ = ["pipeline_of_text"]

_LONGEST = 10_000
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_NUMBERS = {"nan": float("nan"), "inf": float("inf")}
_UNREADABLE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)


def pipeline_of_text(name: str, parameters: Mapping[str, Any]) -> tuple[Pipeline, dict[str, Any]]:
    """Pipeline of a named model, and the parameters that are none of its own.

    Of a class of scikit-learn all but its constructor's parameters are somebody else's; of any other model, all
    parameters are taken for its own.

    Raises
    ------
    SourceError
        If the name is empty.
    """
    plain = {
        key: _ADDRESS.sub("", value) if isinstance(value, str) else value for key, value in parameters.items()
    }
    called = _component(name)
    if called is not None:
        return arrange(called), plain
    kind = class_of(public_path(name.strip()))
    if kind is None:
        return opaque_pipeline(name, plain), {}
    own = set(inspect.signature(kind.__init__).parameters)  # type: ignore[misc]
    path = public_path(name.strip())
    values = {key: _value(value) for key, value in plain.items() if key in own}
    inner = _names_within(list(values.values())) | own
    rest = {
        key: value for key, value in plain.items() if key not in own and key.partition("__")[0] not in inner
    }
    try:
        return arrange(Component(path, values, defaults_of_path(path))), rest
    except SourceError:  # such as steps that were cut off
        return opaque_pipeline(name, {key: value for key, value in plain.items() if key not in rest}), rest


def _names_within(tree: Any) -> set[str]:
    """Names of steps: what stands before a component in a pair."""
    if not isinstance(tree, list):
        return set()
    found = set().union(*(_names_within(item) for item in tree))
    return found | {tree[0]} if tree and isinstance(tree[0], str) else found


def _component(text: str) -> Component | None:
    try:
        found = _parsed(text)
    except _UNREADABLE:
        return None
    return found if isinstance(found, Component) else None


def _value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return _parsed(value)
    except _UNREADABLE:
        return restore(value)


def _parsed(text: str) -> Any:
    if len(text) > _LONGEST:
        raise ValueError("too long")
    return _tree(ast.parse(text.strip(), mode="eval").body)


def _tree(node: ast.expr) -> Any:
    """Value that an expression of literals and calls of scikit-learn's classes stands for."""
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=inner) if isinstance(number := _tree(inner), int | float):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_tree(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {str(_tree(key)): _tree(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.Name(id=name) if name in _NUMBERS:
            return _NUMBERS[name]
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords) if name in CLASSES:
            path = public_path(name)
            stated = {word.arg: _tree(word.value) for word in keywords if word.arg is not None}
            return Component(path, stated, defaults_of_path(path))
    raise ValueError(f"{type(node).__name__} is no value")
