"""Which datasets behave like a table or a dataset of the graph."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import iris
from kg.errors import QueryError, TableError
from kg.identity import aliases
from metakg.neighbours import Neighbours, name_of, titles_of

if TYPE_CHECKING:
    import pandas as pd

    from kg.store import Store
    from metakg.recommending import Advice

__all__ = ["guess_target", "similar"]

_USUAL_NAMES = ("target", "class", "y", "label")


def similar(
    subject: Any, target: str | None, *, top: int, store: Store, advice: Callable[[], Advice]
) -> Neighbours:
    """Neighbours of a dataset's IRI or OpenML id, of a table's path, or of a data frame; see the public API."""
    if top < 1:
        raise QueryError(f"top is {top}: ask for at least one neighbour")
    if isinstance(subject, str | int) and _names_dataset(subject):
        named = iris.dataset_iri(subject)
        answer = advice()
        return _of_dataset(aliases(store, answer.selection).get(named, named), top, store, answer)
    notes = []
    if target is None:
        target = guess_target(subject)
        notes.append(f"target column guessed: {target!r}; give --target (target=...) if it is another")
    from metakg.recommending import prepared

    ready = prepared(subject, target, task=None, store=store)
    items, described = advice().similar(ready, top=top)
    return Neighbours(ready.name, tuple(items), (*notes, *described))


def _names_dataset(subject: str | int) -> bool:
    """Whether a word names a dataset: a number, ``openml:number`` or an IRI, and not a file that is there."""
    text = str(subject)
    return (
        bool(re.fullmatch(r"(openml:(dataset/)?)?\d+|metakg:dataset/\S+|https?://\S+", text, re.IGNORECASE))
        and not Path(text).is_file()
    )


def _of_dataset(dataset: str, top: int, store: Store, advice: Advice) -> Neighbours:
    if dataset not in advice.model.datasets:
        raise QueryError(
            f"the graph has no cross-validated runs on dataset {dataset}, or they are excluded: give the table "
            "itself, or another dataset (`metakg ask` lists questions about datasets)"
        )
    name = name_of(dataset, titles_of(store, advice.selection))
    return Neighbours(name, tuple(advice.similar_to_known(dataset, top=top)), advice.selection.notes)


def guess_target(subject: str | pd.DataFrame) -> str:
    """Name of the column that is probably the target: one with a usual name, else the last.

    Raises
    ------
    TableError
        If the table cannot be read or has no columns.
    """
    from embeddings.table import read_table

    frame = read_table(subject) if isinstance(subject, str) else subject
    columns = [str(column) for column in frame.columns]
    if not columns:
        raise TableError("the table has no columns; at least a feature and a target are needed")
    usual = {column.lower(): column for column in reversed(columns)}
    return next((usual[name] for name in _USUAL_NAMES if name in usual), columns[-1])
