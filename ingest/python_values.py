"""Python objects in the terms of :class:`ingest.components.Component`.

Only what objects say of themselves is read (``get_params``, the constructor's signature, attributes); nothing
of a ``repr``, which may hold an address in memory.

>>> read((1, {"measure": len}))
[1, {'measure': 'len'}]
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from ingest.components import Component, is_neutral
from ingest.json_values import canonical, same, text
from ingest.sklearn_paths import FOREIGN_DEFAULTS, class_of, constructor_defaults, public_path
from kg.errors import SourceError

__all__ = ["MAX_DEPTH", "defaults_of_path", "drawn", "made_with", "qualified_name", "read", "read_estimator"]

MAX_DEPTH = 100
"""Levels of values within values; what is nested more deeply holds itself, or was made to do harm."""


def qualified_name(found: Any) -> str:
    """Public path of a class or a function; of a built-in one its name."""
    name = (
        getattr(found, "__qualname__", None) or getattr(found, "__name__", None) or type(found).__qualname__
    )
    module = getattr(found, "__module__", None)
    return text(name if module in (None, "builtins") else public_path(f"{module}.{name}"))


def read(value: Any, depth: int = 0) -> Any:
    """Value of a parameter: arrays become their SHA-256, functions and classes their path.

    Raises
    ------
    SourceError
        If values are nested more than :data:`MAX_DEPTH` levels deep.
    """
    if depth > MAX_DEPTH:
        raise SourceError(
            f"the parameters of an estimator are nested more than {MAX_DEPTH} levels deep; "
            "does one of them hold itself? Take it out"
        )
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, complex):
        return str(value)
    inner = depth + 1
    if isinstance(value, Mapping):
        pairs = [(read(name, inner), read(item, inner)) for name, item in value.items()]
        return {name if isinstance(name, str) else canonical(_bare(name)): item for name, item in pairs}
    if isinstance(value, list | tuple):
        return [read(item, inner) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((read(item, inner) for item in value), key=lambda item: canonical(_bare(item)))
    if isinstance(value, bytes | bytearray):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    return _read_object(value, inner)


def read_estimator(estimator: Any, depth: int = 0) -> Component:
    """What ``get_params(deep=False)`` says.

    Raises
    ------
    SourceError
        If ``get_params`` fails, or estimators are nested too deeply.
    """
    kind = type(estimator)
    path = qualified_name(kind)
    try:
        parameters = dict(estimator.get_params(deep=False))
    except Exception as error:  # what a stranger's class raises, it alone knows
        raise SourceError(
            f"the parameters of {path} cannot be read: its get_params(deep=False) raises {error!r}; "
            "its constructor has to keep each parameter under its own name, as scikit-learn asks for"
        ) from error
    return Component(
        path,
        {text(str(name)): read(value, depth + 1) for name, value in parameters.items()},
        defaults_of(kind),
    )


def defaults_of(kind: type) -> Mapping[str, tuple[Any, ...]]:
    """Defaults of a class in the form of :attr:`Component.defaults`."""
    return {name: (read(value),) for name, value in constructor_defaults(kind).items()}


@cache
def defaults_of_path(path: str) -> Mapping[str, tuple[Any, ...]]:
    """Defaults of a component that only its path is known of: of scikit-learn's classes, as installed."""
    kind = class_of(path)
    if kind is not None:
        return defaults_of(kind)
    return {name: (value,) for name, value in FOREIGN_DEFAULTS.get(path, {}).items()}


def drawn(path: str, arguments: Any, keywords: Any) -> dict[str, Any]:
    """A distribution that a search draws from."""
    return {"object": path, "arguments": list(arguments or []), "keywords": dict(keywords or {})}


def made_with(
    path: str, parameters: Mapping[str, Any], defaults: Mapping[str, tuple[Any, ...]]
) -> dict[str, Any]:
    """An object that is no estimator, such as a splitter, by what differs from its defaults."""
    return {
        "object": path,
        "parameters": {
            name: value
            for name, value in parameters.items()
            if not is_neutral(path, name)
            and not any(same(_bare(value), _bare(default)) for default in defaults.get(name, ()))
        },
    }


def _read_object(value: Any, depth: int) -> Any:
    if isinstance(value, type) or inspect.isroutine(value):
        return qualified_name(value)
    if isinstance(value, slice | range):
        return {
            "object": type(value).__name__,
            "arguments": read((value.start, value.stop, value.step), depth),
        }
    if isinstance(value, functools.partial):
        return {
            "object": "functools.partial",
            "function": read(value.func, depth),
            "arguments": read(value.args, depth),
            "keywords": read(value.keywords, depth),
        }
    if callable(getattr(value, "get_params", None)):
        return read_estimator(value, depth)
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        item = value.item()
        # a long double's item is a long double again
        return read(float(item) if type(item) is type(value) else item, depth)
    if hasattr(value, "toarray") or hasattr(value, "__array__"):
        return _hash_of_array(value, depth)
    if all(hasattr(value, name) for name in ("dist", "args", "kwds")):  # frozen, of scipy.stats
        return drawn(qualified_name(type(value.dist)), read(value.args, depth), read(value.kwds, depth))
    return _read_state(value, depth)


def _hash_of_array(value: Any, depth: int) -> str:
    import numpy as np

    array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
    if array.dtype.hasobject:
        content = canonical(_bare(read(array.tolist(), depth))).encode()
    else:
        content = np.ascontiguousarray(array).tobytes()
    return f"sha256:{hashlib.sha256(f'{array.dtype.str}{array.shape}'.encode() + content).hexdigest()}"


def _read_state(value: Any, depth: int) -> dict[str, Any]:
    """An object that is no estimator (a splitter, a scorer): its class and what it was made with."""
    kind = type(value)
    try:
        names = [name for name in inspect.signature(kind).parameters if hasattr(value, name)]
    except (TypeError, ValueError):  # a class without a signature
        names = []
    state = {name: getattr(value, name) for name in names} or dict(getattr(value, "__dict__", {}))
    return made_with(
        qualified_name(kind), {name: read(item, depth) for name, item in state.items()}, defaults_of(kind)
    )


def _bare(tree: Any) -> Any:
    """A tree without components, for comparing and sorting: each is named by its path and parameters."""
    if isinstance(tree, Component):
        return {"component": tree.path, "parameters": _bare(dict(tree.parameters))}
    if isinstance(tree, dict):
        return {name: _bare(item) for name, item in tree.items()}
    return [_bare(item) for item in tree] if isinstance(tree, list) else tree
