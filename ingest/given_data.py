"""The data of runs that do not know it themselves, as a person says which it was.

>>> given_data("Titanic (train)").ref.iri
'https://w3id.org/metakg/dataset/name/titanic-train'
>>> given_data("openml:31").ref.iri
'http://w3id.org/mlsea/openml/dataset/31'
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.records import DatasetRef
from kg import schema
from kg.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd

    from embeddings.table import Table

__all__ = ["WAYS", "GivenData", "given_data"]

WAYS = "a table with target=, a pair (X, y), the path of a table with target=, an OpenML id such as 31, or a name"
"""How a person says which data it was."""


@dataclass(frozen=True)
class GivenData:
    """A dataset, and what is known of it if it was given as a table.

    Attributes
    ----------
    target
        Name of the target, where the dataset's IRI does not tell it.
    task
        Type of the task.
    rows, features
        As given, before anything is dropped.
    """

    ref: DatasetRef
    target: str | None = None
    task: str | None = None
    rows: int | None = None
    features: int | None = None


def given_data(dataset: Any, target: str | None = None, task: str | None = None) -> GivenData:
    """Read what a person says of the data: a table gets the IRI that a recommendation for it has.

    Parameters
    ----------
    dataset
        One of :data:`WAYS`, or a table that ``embeddings.table`` has prepared.
    target
        Name of the target column.
    task
        Type of the task, if it is known; one of ``kg.schema.ALLOWED["type"]``.

    Raises
    ------
    QueryError
        If a name has no letter or digit.
    SourceError
        If it is none of these, or a table comes without its target.
    TableError
        If the table cannot be used.
    """
    if task is not None and task not in schema.ALLOWED["type"]:
        raise SourceError(f"task {task!r} is unknown; known: {', '.join(schema.ALLOWED['type'])}")
    number = _openml_id(dataset)
    if number is not None:
        return GivenData(DatasetRef(openml_id=number), target, task)
    if isinstance(dataset, str):
        if "://" in dataset:
            raise SourceError(f"dataset {dataset!r} is an address: give {WAYS}")
        named = DatasetRef(name=dataset.strip())
        named.iri  # noqa: B018 - raises if it is no name
        return GivenData(named, target, task)
    from embeddings.table import Table, read_table

    if isinstance(dataset, Table):
        return _table(dataset, len(dataset.X), dataset.X.shape[1])
    name = ""
    if isinstance(dataset, Path):
        dataset, name = read_table(dataset), dataset.name
    elif isinstance(dataset, tuple | list) and len(dataset) == 2:
        dataset, target = _joined(*dataset)
    if not (hasattr(dataset, "columns") and hasattr(dataset, "iloc")):
        kind = type(dataset)
        raise SourceError(f"dataset is an object of {kind.__module__}.{kind.__qualname__}: give {WAYS}")
    if target is None:
        raise SourceError("dataset is a table without its target: name the column, as in target='class'")
    from embeddings.table import prepare

    asked: Any = task if task in ("classification", "regression") else None
    return _table(prepare(dataset, target, asked, name=name), len(dataset), dataset.shape[1] - 1, task)


def _openml_id(dataset: Any) -> int | None:
    if isinstance(dataset, str):
        match = re.fullmatch(r"\s*(?:openml:)?(\d+)\s*", dataset, re.IGNORECASE)
        return int(match.group(1)) if match else None
    if isinstance(dataset, bool):
        return None
    try:
        number = operator.index(dataset)
    except TypeError:
        return None
    if number < 1:
        raise SourceError(f"dataset {number} is no OpenML id: those are whole numbers from 1")
    return number


def _table(table: Table, rows: int, features: int, task: str | None = None) -> GivenData:
    from embeddings.metafeatures import compute

    described = compute(table, groups=["simple"]).values
    ref = DatasetRef(name=table.name or None, fingerprint=table.fingerprint, qualities=described)
    return GivenData(ref, None, task or table.task, rows, features)


def _joined(X: Any, y: Any) -> tuple[pd.DataFrame, str]:
    """One table of features and target; columns of an array are named as scikit-learn does (x0, x1, ...)."""
    import numpy as np
    import pandas as pd

    if hasattr(X, "toarray"):
        raise SourceError("dataset is a sparse matrix: give a name for it, or X.toarray()")
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if np.ndim(X) != 2 or values.ndim != 1 or len(X) != len(values):
        raise SourceError(
            f"dataset is a pair of shapes {np.shape(X)} and {np.shape(y)}: give (X, y) with X of n rows x p columns "
            "and y of n values"
        )
    named = isinstance(X, pd.DataFrame)
    frame = (
        X.reset_index(drop=True) if named else pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    )
    target = str(getattr(y, "name", None) or "target")
    labels = y.reset_index(drop=True) if isinstance(y, pd.Series) else pd.Series(values)
    return pd.concat([frame, labels.rename(target)], axis=1), target
