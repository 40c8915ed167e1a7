"""Parameter values as openml-python's extension for scikit-learn writes them: JSON with objects within."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ingest.components import Component
from ingest.python_values import MAX_DEPTH, defaults_of_path, drawn, made_with
from ingest.sklearn_paths import public_path
from kg.errors import SourceError

__all__ = ["Values"]

_MAX_LISTS = 4  # steps are one list of references; a reference far within others was made to do harm
_MARK = "oml-python:serialized_object"
_TYPES = {"np.float": "float", "np.int": "int"}


class Values:
    """Reads the values of one flow's parameters, whose references lead to its components.

    Parameters
    ----------
    label
        What messages call the flow.
    parts
        Components by identifier; ``drop`` and ``passthrough`` are text.

    Raises
    ------
    SourceError
        From :meth:`read`: if a reference leads nowhere or twice to the same component, or a value is nested too
        deeply.
    """

    def __init__(self, label: str, parts: Mapping[str, Component | str]) -> None:
        self._label = label
        self._parts = parts
        self._left = dict(parts)

    def read(self, text: str | None) -> Any:
        """Value of a parameter: JSON, or the text itself where it is none."""
        if text is None:
            return None
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return self._value(tree, 0)

    def unused(self) -> dict[str, Component | str]:
        """Components that no value referred to so far."""
        return dict(self._left)

    def _value(self, tree: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise SourceError(
                f"{self._label}: a parameter's value is nested more than {MAX_DEPTH} levels deep; leave it out"
            )
        if isinstance(tree, list):
            return [self._value(item, depth + 1) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if _MARK in tree:
            return self._marked(str(tree[_MARK]), tree.get("value"), depth + 1)
        return {name: self._value(item, depth + 1) for name, item in tree.items()}

    def _marked(self, kind: str, value: Any, depth: int) -> Any:
        if kind == "type" and isinstance(value, str):
            return _TYPES.get(value, value.replace("np.", "numpy.", 1))
        if kind == "function" and isinstance(value, str):
            return public_path(value)
        if isinstance(value, dict):
            if kind in ("component_reference", "composition_step_constant"):
                return self._referred(value, depth)
            if kind == "rv_frozen":
                arguments, keywords = (self._value(value.get(name), depth) for name in ("args", "kwds"))
                return drawn(public_path(str(value.get("dist"))), arguments, keywords)
            if kind == "cv_object" and isinstance(value.get("parameters"), dict):
                path = public_path(str(value.get("name")))
                stated = {name: self._json(item, depth) for name, item in value["parameters"].items()}
                return made_with(path, stated, defaults_of_path(path))
        return {"object": kind, "value": self._value(value, depth)}  # a kind of a later release

    def _json(self, item: Any, depth: int) -> Any:
        if isinstance(item, str):
            try:
                item = json.loads(item)
            except (ValueError, RecursionError):
                return item
        return self._value(item, depth)

    def _referred(self, value: Mapping[str, Any], depth: int) -> Any:
        if depth > _MAX_LISTS:
            raise SourceError(
                f"{self._label}: a reference to a component is {depth} levels within a value; leave the flow out"
            )
        key = value.get("key")
        if not isinstance(key, str) or key not in self._parts:
            known = ", ".join(self._parts) or "none"
            raise SourceError(
                f"{self._label}: a value refers to component {key!r}, which it lacks; it has {known}"
            )
        if key not in self._left:
            raise SourceError(
                f"{self._label}: values refer to component {key!r} twice; each is one step of one place"
            )
        part = self._left.pop(key)
        step = value.get("step_name")
        if step is None:
            return part
        rest = [self._value(value["argument_1"], depth)] if "argument_1" in value else []
        return [str(step), part, *rest]
