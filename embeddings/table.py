"""A person's table, made ready: checked, typed, and identified by its content.

>>> import pandas as pd
>>> frame = pd.DataFrame({"size": [1.0, 2.5, 3.0, None] * 5, "kind": ["a", "b", "a", "b"] * 5})
>>> table = prepare(frame, "kind")
>>> table.numeric, table.categorical, table.task
(['size'], [], 'classification')
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from embeddings.table_file import read_table
from kg.errors import TableError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["COLUMN_LIMIT", "FOLDS", "Table", "Task", "prepare", "read_table"]

Task = Literal["classification", "regression"]

COLUMN_LIMIT = 5_000
"""Most feature columns that a table may have: beyond it, meta-features and landmarks break their budgets."""

FOLDS = 5
"""Folds of the cross-validation that every table must be able to go through."""

HIGH_CARDINALITY = 50
"""A categorical column with more distinct values than this is mentioned in the notes."""

_FEW_VALUES = 10
_MANY_CLASSES = 100


@dataclass(frozen=True)
class Table:
    """A table whose target is set apart and whose columns are typed.

    Attributes
    ----------
    X
        Features, n rows × p columns. Numeric columns are float64, categorical ones text; missing is NaN.
    y
        Target, n values, none missing: whole numbers, booleans or text for classification, float64 for
        regression.
    numeric, categorical
        Names of the columns of ``X``, in the table's order.
    text
        Those of ``categorical`` that read like free text or names (over ``HIGH_CARDINALITY`` distinct values,
        and more than one in ten rows): what OpenML calls a string, not a nominal, attribute.
    task
        ``classification`` or ``regression``.
    target, name
        Name of the target column; a name for the whole table (may be empty).
    fingerprint
        64 hexadecimal digits: SHA-256 over names, types and values of all columns. Whole numbers hash like
        equal floats, so that a table read from CSV and the same one read from Parquet are one dataset.
    notes
        What was left out or looks unusual, in sentences for a person.
    """

    X: pd.DataFrame
    y: pd.Series
    numeric: list[str]
    categorical: list[str]
    task: Task
    target: str
    name: str
    fingerprint: str
    notes: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def prepare(table: pd.DataFrame, target: str, task: Task | None = None, *, name: str = "") -> Table:
    """Set the target apart, type the columns, and refuse what no pipeline could learn from.

    Numbers stay numbers; text, dates, booleans, categories and mixed columns become categorical. Rows without
    a target and columns without any value are dropped, with a note. A target is taken as regression if it
    holds fractions with many distinct values, or so many whole numbers that they cannot be classes (over 100
    distinct ones, or over 10 with fewer than 5 rows each); ``task`` overrides this. Classes with fewer than 5
    rows stay, with a note, as long as stratified 5-fold cross-validation is possible: a class of 5 rows and
    another of 2 are the least.

    Parameters
    ----------
    table
        n rows × columns, target included. Not changed.
    target
        Name of the target column.
    task
        ``classification`` or ``regression``; found out if left away.
    name
        Name of the table, for messages and titles.

    Raises
    ------
    TableError
        If the target is not there or constant, a column name occurs twice, a value is infinite, there are no
        rows or features, or more than ``COLUMN_LIMIT`` features.
    """
    place = f"table {name!r}" if name else "the table"
    table = table.set_axis([str(column) for column in table.columns], axis=1)
    target = str(target)
    _check_columns(table, target, place)
    notes: list[str] = []

    labels = table[target]
    missing = labels.isna()
    if missing.all():
        raise TableError(f"{place}: target column {target!r} holds no value at all; name another target")
    if missing.any():
        table, labels = table[~missing], labels[~missing]
        notes.append(f"{int(missing.sum())} rows without a value in the target {target!r} were left out")
    y, task = _typed_target(labels, task, place)
    if task == "classification":
        notes += _check_classes(y, place)

    columns: dict[str, pd.Series] = {}
    numeric: list[str] = []
    categorical: list[str] = []
    empty: list[str] = []
    for column in table.columns.drop(target):
        values, is_number = _typed_feature(table[column])
        if values.isna().all():
            empty.append(column)
            continue
        if is_number:
            _check_finite(values, place)
        (numeric if is_number else categorical).append(column)
        columns[column] = values
    if not columns:
        raise TableError(f"{place}: every column but the target {target!r} is empty; nothing to learn from")
    if empty:
        notes.append(f"{_listed(empty, 'column')} without any value left out")

    import pandas as pd

    X = pd.DataFrame({column: values.reset_index(drop=True) for column, values in columns.items()})
    wide = {column: n for column in categorical if (n := X[column].nunique()) > HIGH_CARDINALITY}
    text = [column for column, n in wide.items() if n > len(X) / 10]
    if wide:
        notes.append(
            f"{_listed(list(wide), 'categorical column')} with over {HIGH_CARDINALITY} distinct values"
        )
    y = y.reset_index(drop=True)
    fingerprint = _fingerprint(X, y, set(numeric))
    return Table(X, y, numeric, categorical, task, target, name, fingerprint, notes, text)


def _listed(columns: list[str], noun: str) -> str:
    shown = ", ".join(map(repr, columns[:5])) + (", ..." if len(columns) > 5 else "")
    return f"{len(columns)} {noun}{'s' if len(columns) > 1 else ''} ({shown})"


def _check_columns(table: pd.DataFrame, target: str, place: str) -> None:
    columns = list(table.columns)
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise TableError(f"{place}: column name {twice!r} occurs more than once; rename one of them")
    if target not in columns:
        known = ", ".join(map(repr, columns[:8])) + (", ..." if len(columns) > 8 else "")
        folded = {column.casefold(): column for column in reversed(columns)}
        close = difflib.get_close_matches(target.casefold(), folded, n=1, cutoff=0.5)
        hint = f"did you mean {folded[close[0]]!r}? " if close else ""
        raise TableError(f"{place}: no column {target!r}; {hint}columns are: {known or 'none'}")
    if len(columns) == 1:
        raise TableError(f"{place}: {target!r} is the only column; at least one feature column is needed")
    if len(columns) - 1 > COLUMN_LIMIT:
        raise TableError(
            f"{place}: {len(columns) - 1:,} feature columns, at most {COLUMN_LIMIT:,} are supported; "
            "select or aggregate columns first"
        )
    if not len(table):
        raise TableError(f"{place}: only a header, no rows; add rows")
    if len(table) == 1:
        raise TableError(f"{place}: only one row; at least {FOLDS + 2} rows are needed to learn and to check")


def _typed_feature(values: pd.Series) -> tuple[pd.Series, bool]:
    """Float64 and True for numbers; text with NaN and False for everything else."""
    import numpy as np
    import pandas as pd
    from pandas.api import types

    if types.is_object_dtype(values.dtype) and pd.api.types.infer_dtype(values, skipna=True) in _NUMBER_KINDS:
        values = pd.to_numeric(values, errors="coerce")
    if types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype):
        if types.is_complex_dtype(values.dtype):
            raise TableError(f"column {values.name!r} holds complex numbers; split it into two real columns")
        return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan), name=values.name), True
    present = values.notna().to_numpy()
    text = np.full(len(values), np.nan, dtype=object)
    text[present] = values[present].astype(str).to_numpy(dtype=object)
    return pd.Series(text, name=values.name, dtype=object), False


_NUMBER_KINDS = {"integer", "floating", "mixed-integer-float", "decimal"}


def _typed_target(labels: pd.Series, task: Task | None, place: str) -> tuple[pd.Series, Task]:
    import numpy as np
    from pandas.api import types

    if labels.nunique() < 2:
        raise TableError(
            f"{place}: target {labels.name!r} has the same value {labels.iloc[0]!r} in every row; "
            "there is nothing to predict"
        )
    if types.is_bool_dtype(labels.dtype):
        if task == "regression":
            raise TableError(f"{place}: target {labels.name!r} is true or false; use task classification")
        return labels.astype(bool), "classification"
    values, is_number = _typed_feature(labels)
    if not is_number:
        if task == "regression":
            raise TableError(f"{place}: target {labels.name!r} holds text; regression needs numbers")
        return values, "classification"
    _check_finite(values, place)
    whole = bool((values == np.floor(values)).all())
    if task is None:
        distinct, rows = values.nunique(), len(values)
        if whole:
            many = distinct > _MANY_CLASSES or (distinct > _FEW_VALUES and rows < FOLDS * distinct)
        else:
            many = distinct > max(2, min(_FEW_VALUES, rows / FOLDS))
        task = "regression" if many else "classification"
    if task == "classification" and whole and values.abs().max() < 2**53:
        return values.astype(np.int64), task
    # Fractions as class labels would be taken for a regression target by scikit-learn.
    return (values.astype(str).astype(object) if task == "classification" else values), task


def _check_classes(y: pd.Series, place: str) -> list[str]:
    counts = y.value_counts()
    if counts.iloc[0] < FOLDS or counts.iloc[1] < 2:
        raise TableError(
            f"{place}: {len(y)} rows in {len(counts)} classes, the largest two with {counts.iloc[0]} and "
            f"{counts.iloc[1]} rows; {FOLDS}-fold cross-validation needs {FOLDS} and 2: add rows"
        )
    rare = counts[counts < FOLDS]
    if not len(rare):
        return []
    shown = ", ".join(repr(label) for label in rare.index[:5]) + (", ..." if len(rare) > 5 else "")
    return [f"{len(rare)} of {len(counts)} classes have under {FOLDS} rows ({shown}); some folds miss them"]


def _check_finite(values: pd.Series, place: str) -> None:
    import numpy as np

    infinite = np.flatnonzero(np.isinf(values.to_numpy()))
    if len(infinite):
        raise TableError(
            f"{place}: column {values.name!r} holds an infinite value in row {infinite[0] + 1} "
            f"({len(infinite)} in all); replace it by a number, or leave it empty"
        )


def _fingerprint(X: pd.DataFrame, y: pd.Series, numeric: set[str]) -> str:
    """Hash what the table says, not how it is stored (see `Table.fingerprint`)."""
    digest = hashlib.sha256()
    for column in X.columns:
        digest.update(f"{len(column)}:{column}:{'number' if column in numeric else 'text'}\n".encode())
        digest.update(_canonical_bytes(X[column].to_numpy()))
    digest.update(f"{len(str(y.name))}:{y.name}:target\n".encode())
    digest.update(_canonical_bytes(y.to_numpy()))
    return digest.hexdigest()


def _canonical_bytes(values: np.ndarray[Any, Any]) -> bytes:
    import numpy as np
    import pandas as pd

    if values.dtype.kind in "iufb":
        numbers = values.astype("<f8")
        numbers[np.isnan(numbers)] = np.nan
        return (numbers + 0.0).tobytes()
    codes, distinct = pd.factorize(values)
    words = "".join(f"{len(word)}:{word}" for word in map(str, distinct))
    return codes.astype("<i8").tobytes() + words.encode()
