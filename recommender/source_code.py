"""Pipelines as Python source that needs nothing but pandas and scikit-learn.

The code is written from the same tree of calls that ``embeddings.estimators.build`` constructs, so that both
give the same model. Every text that comes from a table or a graph goes through :func:`literal`: a column name
stays a column name, whatever it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeddings.components import import_path
from embeddings.estimators import Call, Columns, Function, layout
from kg.errors import PipelineError

if TYPE_CHECKING:
    from kg.pipeline import Pipeline

__all__ = ["SCORINGS", "expression", "literal", "script", "snippet"]

SCORINGS = {"balanced_accuracy": "balanced accuracy", "accuracy": "accuracy"}
"""Measures that a script can print: scikit-learn's name of the scorer → words."""

_WIDTH = 88
_PARQUET = (".parquet", ".pq")


def expression(
    pipeline: Pipeline,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    n_classes: int,
    seed: int = 0,
    sparse: bool = False,
    negative: bool = False,
) -> str:
    """Return the Python expression that constructs the estimator, without imports.

    Parameters and errors as in :func:`embeddings.estimators.build`.
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
    return _Writer().write(tree)


def snippet(
    pipeline: Pipeline,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    n_classes: int,
    seed: int = 0,
    sparse: bool = False,
    negative: bool = False,
) -> str:
    """Return the imports and ``model = ...``, to be pasted into a notebook; parameters as for a build."""
    tree = layout(
        pipeline,
        numeric=numeric,
        categorical=categorical,
        n_classes=n_classes,
        seed=seed,
        sparse=sparse,
        negative=negative,
    )
    return "\n".join([*_imports(tree), "", "model = " + _Writer().write(tree, used=len("model = ")), ""])


def script(
    pipeline: Pipeline,
    *,
    path: str | Path,
    target: str,
    numeric: Sequence[str],
    categorical: Sequence[str],
    n_classes: int,
    seed: int = 0,
    separator: str = ",",
    measure: str = "balanced_accuracy",
    sparse: bool = False,
    negative: bool = False,
) -> str:
    """Return a script that reads a file, cross-validates the pipeline on it, fits it and predicts.

    It reads and types the columns as ``embeddings.table`` does and uses the graph's protocol (5 stratified,
    shuffled folds), so that it prints the score that ``recommender.cross_validation`` measures.

    Parameters
    ----------
    pipeline, numeric, categorical, n_classes, seed, sparse, negative
        As in :func:`embeddings.estimators.build`.
    path
        CSV or Parquet file, written into the script as given.
    target
        Name of the target column.
    separator
        Separator of a CSV file.
    measure
        One of ``SCORINGS``.

    Raises
    ------
    PipelineError
        As ``build``, and if the measure is unknown.
    """
    if measure not in SCORINGS:
        raise PipelineError(f"measure {measure!r} is unknown to scripts; known: {', '.join(SCORINGS)}")
    tree = layout(
        pipeline,
        numeric=numeric,
        categorical=categorical,
        n_classes=n_classes,
        seed=seed,
        sparse=sparse,
        negative=negative,
    )
    writer = _Writer(names={"numeric": "NUMERIC", "categorical": "CATEGORICAL"})
    lines = [
        f"# {_comment(pipeline.title)}",
        "# Needs pandas and scikit-learn (1.8 or later).",
        "",
        "import pandas as pd",
        *_imports(tree, "sklearn.model_selection.StratifiedKFold", "sklearn.model_selection.cross_validate"),
        "",
        f"PATH = {literal(str(path))}",
        f"TARGET = {literal(target)}",
    ]
    kinds = {"NUMERIC": list(numeric), "CATEGORICAL": list(categorical)}
    kinds = {name: columns for name, columns in kinds.items() if columns}
    lines += [f"{name} = " + _Writer().write(columns, used=len(name) + 3) for name, columns in kinds.items()]
    lines += ["", *_reading(str(path), separator), "frame = frame[frame[TARGET].notna()]"]
    lines.append(f"X = frame[{' + '.join(kinds)}].copy()")
    if numeric:
        lines.append("X[NUMERIC] = X[NUMERIC].astype(float)")
    if categorical:
        lines.append("X[CATEGORICAL] = X[CATEGORICAL].astype(str).where(X[CATEGORICAL].notna())")
    lines += [
        "y = frame[TARGET]",
        'if y.dtype.kind == "f" and (y == y.round()).all():',
        '    y = y.astype("int64")  # whole numbers, made floats by missing ones',
        'elif y.dtype.kind not in "iub":',
        "    y = y.astype(str)",
        "",
        "model = " + writer.write(tree, used=len("model = ")),
        "",
        f"folds = StratifiedKFold(n_splits=5, shuffle=True, random_state={literal(seed)})",
        f"result = cross_validate(model, X, y, cv=folds, scoring={literal(measure)})",
        'scores = result["test_score"]',
        f'print(f"{SCORINGS[measure]}: {{scores.mean():.17g}}, in 5 folds: {{scores.round(3)}}")',
        "",
        "model.fit(X, y)",
        'print("predictions for the first rows:", list(model.predict(X.head())))',
    ]
    return "\n".join(lines) + "\n"


def literal(value: object) -> str:
    """Return Python source of a scalar, which reads back as exactly that value.

    Raises
    ------
    PipelineError
        If the value is not None, a bool, a number or text.

    >>> print(literal('say "hi"'), literal("it's"), literal(1.0))
    'say "hi"' "it's" 1.0
    """
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    raise PipelineError(f"a {type(value).__name__} cannot be written into a script; use numbers and text")


def _quoted(text: str) -> str:
    # Double quotes unless that costs more escapes, as ruff and black write it.
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in text) + quote


def _escaped(character: str, quote: str) -> str:
    if character == quote:
        return "\\" + character
    if character in "'\"":
        return character
    return repr(character)[1:-1]  # escapes backslashes and all that is not printable


def _comment(text: str) -> str:
    """One line: a title is text from a graph, and a line break in it must not end the comment."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:200]


def _reading(path: str, separator: str) -> list[str]:
    if path.lower().endswith(_PARQUET):
        return ["frame = pd.read_parquet(PATH)"]
    options = {
        "sep": literal(separator),
        "encoding": '"utf-8-sig"',
        "index_col": "False",
        "na_values": '["?"]',
        "low_memory": "False",
    }
    arguments = ["PATH", *(f"{name}={value}" for name, value in options.items())]
    return ["frame = pd.read_csv(", *(f"    {argument}," for argument in arguments), ")"]


def _imports(tree: Call, *more: str) -> list[str]:
    modules: dict[str, set[str]] = {}
    for path in _paths(tree):
        module, name = import_path(path)
        modules.setdefault(module, set()).add(name)
    for path in more:
        module, _, name = path.rpartition(".")
        modules.setdefault(module, set()).add(name)
    return [
        # classes before functions, as isort orders them
        f"from {module} import {', '.join(sorted(names, key=lambda name: (name[0].islower(), name)))}"
        for module, names in sorted(modules.items())
    ]


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, Call):
        yield value.path
        for item in value.arguments.values():
            yield from _paths(item)
    elif isinstance(value, Function):
        yield value.path
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item)


class _Writer:
    """Writes a tree in the layout of ruff format: flat where it fits, else one item to a line."""

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self._names = names or {}

    def write(self, value: Any, *, indent: int = 0, used: int = 0) -> str:
        """Write a value that starts ``used`` characters after the indentation, and may be followed by one."""
        flat = self._flat(value)
        if indent + used + len(flat) <= _WIDTH:
            return flat
        if isinstance(value, Columns) and value.kind not in self._names:
            value = list(value.names)
        inner = indent + 4
        if isinstance(value, Call):
            items = [
                f"{name}=" + self.write(item, indent=inner, used=len(name) + 2)
                for name, item in value.arguments.items()
            ]
            together = ", ".join(f"{name}={self._flat(item)}" for name, item in value.arguments.items())
            if inner + len(together) <= _WIDTH:
                return f"{value.path.rpartition('.')[2]}(\n{' ' * inner}{together}\n{' ' * indent})"
            opening, closing = f"{value.path.rpartition('.')[2]}(", ")"
        elif isinstance(value, list | tuple):
            items = [self.write(item, indent=inner, used=1) for item in value]
            opening, closing = "[]" if isinstance(value, list) else "()"
        else:
            return flat
        body = "".join(f"{' ' * inner}{item},\n" for item in items)
        return f"{opening}\n{body}{' ' * indent}{closing}"

    def _flat(self, value: Any) -> str:
        if isinstance(value, Call):
            arguments = ", ".join(f"{name}={self._flat(item)}" for name, item in value.arguments.items())
            return f"{value.path.rpartition('.')[2]}({arguments})"
        if isinstance(value, Function):
            return import_path(value.path)[1]
        if isinstance(value, Columns):
            return self._names.get(value.kind) or self._flat(list(value.names))
        if isinstance(value, list):
            return f"[{', '.join(map(self._flat, value))}]"
        if isinstance(value, tuple):
            return f"({', '.join(map(self._flat, value))}{',' if len(value) == 1 else ''})"
        return literal(value)
