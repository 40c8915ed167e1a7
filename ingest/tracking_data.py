"""Datasets as people have them at hand, named as the graph names them.

>>> dataset_ref("openml:31").iri
'http://w3id.org/mlsea/openml/dataset/31'
>>> dataset_ref("my flowers").iri
'https://w3id.org/metakg/dataset/name/my-flowers'

A table (a data frame, a file, a pair of features and target) is named by its content: the IRI is the one that
``metakg recommend`` gives it, whatever the way in which it came.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.records import DatasetRef
from kg import iris
from kg.errors import QueryError, TableError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["dataset_ref", "plain_text"]

_TABLES = {".csv", ".tsv", ".tab", ".txt", ".data", ".parquet", ".pq"}
_KEPT = 32

_known: OrderedDict[str, DatasetRef] = OrderedDict()
_lock = threading.Lock()


def plain_text(value: Any) -> str:
    """Text that can stand in the graph: without null characters and halves of characters."""
    return str(value).replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def dataset_ref(
    dataset: Any, target: str | None = None, *, name: str | None = None, metafeatures: bool = False
) -> DatasetRef:
    """What the graph calls a dataset.

    Parameters
    ----------
    dataset
        A data frame with its target, the path of one (``.csv``, ``.parquet``, ...), a pair ``(X, y)`` (``y`` may be
        None), the number of a dataset at OpenML (``31``, ``openml:31``), an IRI, a name, or a
        :class:`~ingest.records.DatasetRef`.
    target
        Name of the target column.
    name
        For people, of a table.
    metafeatures
        Whether to describe a table by OpenML's simple meta-features.

    Raises
    ------
    QueryError
        If it is none of these.
    TableError
        If a table cannot be read, or its target column is not there.
    """
    name = None if name is None else plain_text(name)
    if isinstance(dataset, DatasetRef):
        return dataset
    if isinstance(dataset, int) and not isinstance(dataset, bool):
        return DatasetRef(name, openml_id=dataset)
    if isinstance(dataset, Path) or (isinstance(dataset, str) and _is_table(dataset)):
        from embeddings.table_file import read_table

        return _of_table(read_table(dataset), target, name or Path(dataset).name, metafeatures)
    if isinstance(dataset, str):
        return _of_word(plain_text(dataset).strip(), name)
    if isinstance(dataset, tuple) and len(dataset) == 2:
        features, labels = dataset
        return _of_pair(features, labels, target, name, metafeatures)
    if hasattr(dataset, "to_pandas"):  # polars, pyarrow
        dataset = dataset.to_pandas()
    if hasattr(dataset, "columns") and hasattr(dataset, "set_axis"):
        return _of_table(dataset, target, name, metafeatures)
    kind = type(dataset)
    raise QueryError(
        f"dataset of type {kind.__module__}.{kind.__qualname__} is not known: give a data frame with its target, a "
        "pair (X, y), the path of a table, openml:NUMBER, an IRI or a name"
    )


def _is_table(text: str) -> bool:
    return Path(text).suffix.lower() in _TABLES and "://" not in text


def _of_word(text: str, name: str | None) -> DatasetRef:
    if re.fullmatch(r"(openml:)?\d+|https?://\S+", text, re.IGNORECASE):
        known = iris.dataset_iri(text)
        number = iris.openml_id(known)
        return DatasetRef(name, openml_id=number) if number is not None else DatasetRef(name, known=known)
    found = DatasetRef(text)
    iris.named_dataset(text)  # raises if that is no name
    return found


def _of_table(frame: pd.DataFrame, target: str | None, name: str | None, metafeatures: bool) -> DatasetRef:
    if target is None:
        known = ", ".join(map(repr, map(str, frame.columns[:8]))) + (", ..." if frame.shape[1] > 8 else "")
        raise TableError(f"the table's target is not named: give target=... (--target); columns are: {known}")
    return _content(frame, str(target), name, metafeatures)


def _of_pair(
    features: Any, labels: Any, target: str | None, name: str | None, metafeatures: bool
) -> DatasetRef:
    import pandas as pd

    if hasattr(features, "tocsr"):  # a sparse matrix, which no table is made of
        return DatasetRef(name or "a sparse matrix", fingerprint=_of_sparse(features.tocsr(), labels))
    if hasattr(features, "to_pandas"):
        features = features.to_pandas()
    if not isinstance(features, pd.DataFrame):
        values = _features(features)
        features = pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])])
    frame = features
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    if labels is None:
        return _content(frame, None, name, metafeatures)
    own = getattr(labels, "name", None)
    column = target or (str(own) if own is not None else "target")
    while column in frame.columns:
        column += "_"
    values = _labels(labels)
    if values.ndim != 1 or len(values) != len(frame):
        return DatasetRef(name or "a table", fingerprint=_of_arrays(frame, values))
    return _content(frame.assign(**{column: values}), column, name, metafeatures)


def _features(values: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    found = np.asarray(values)
    return found if found.ndim == 2 else found.reshape(len(found), -1)


def _labels(values: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    found = np.asarray(values)
    return found.ravel() if found.shape[1:] == (1,) else found


def _content(frame: pd.DataFrame, target: str | None, name: str | None, metafeatures: bool) -> DatasetRef:
    """A table by its content, of which what was found out is kept for as long as it is among the last few."""
    seen = f"{_quick(frame)} {target} {metafeatures}"
    with _lock:
        found = _known.get(seen)
    if found is None:
        found = _described(frame, target, metafeatures)
        with _lock:
            _known[seen] = found
            while len(_known) > _KEPT:
                _known.popitem(last=False)
    return replace(found, name=name or "a data frame")


def _described(frame: pd.DataFrame, target: str | None, metafeatures: bool) -> DatasetRef:
    from embeddings.metafeatures import compute
    from embeddings.table import prepare

    if target is not None and target not in map(str, frame.columns):
        prepare(frame, target)  # says which column it may have been
    try:
        if target is None:
            raise TableError("a table without a target")
        table = prepare(frame, target)
    except (
        TableError,
        ValueError,
        TypeError,
    ):  # no table that could be learned from, but one that somebody used
        return DatasetRef(fingerprint=_of_arrays(frame, None))
    qualities = compute(table, groups=["simple"]).values if metafeatures else {}
    return DatasetRef(fingerprint=table.fingerprint, qualities=qualities)


def _quick(frame: pd.DataFrame) -> str:
    """A fast hash of the whole content, so that a table that was changed in place is another one."""
    digest = hashlib.blake2b(digest_size=16)
    for column, values in frame.items():
        digest.update(f"{column}:{values.dtype}:{len(values)}\n".encode("utf-8", "replace"))
        digest.update(_bytes(values))
    return digest.hexdigest()


def _bytes(values: pd.Series) -> Any:
    import numpy as np
    from pandas.util import hash_array

    array = values.to_numpy()
    if array.dtype.kind in "iufbmM":
        return np.ascontiguousarray(array).view(np.uint8)
    try:
        return hash_array(array.astype(object), categorize=True)
    except (TypeError, ValueError):  # cells that hold lists and the like
        return "\x1f".join(map(str, array)).encode("utf-8", "replace")


def _of_arrays(frame: pd.DataFrame, labels: Any) -> str:
    digest = hashlib.sha256(f"table {frame.shape} {_quick(frame)}".encode())
    if labels is not None:
        digest.update(_as_bytes(labels))
    return digest.hexdigest()


def _of_sparse(matrix: Any, labels: Any) -> str:
    digest = hashlib.sha256(f"sparse {matrix.shape} {matrix.dtype}".encode())
    for part in (matrix.indptr, matrix.indices, matrix.data, _labels(labels) if labels is not None else None):
        digest.update(b"" if part is None else _as_bytes(part))
    return digest.hexdigest()


def _as_bytes(values: Any) -> bytes:
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return array.tobytes()
    return "\x1f".join(map(str, array.ravel())).encode("utf-8", "replace")
