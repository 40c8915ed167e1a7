"""What is said to people who bring a regression table: what the graph knows, and what they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from kg.errors import TableError
from metakg import queries

if TYPE_CHECKING:
    from embeddings.table import Table
    from kg.store import Store

__all__ = ["refuse_regression"]


def refuse_regression(table: Table, store: Store | None, *, asked: bool) -> NoReturn:
    """Say what the graph knows of regression, counted by query, rather than guess from classification.

    Raises
    ------
    TableError
        Always.
    """
    why = "regression was asked for" if asked else f"target {table.target!r} is continuous, a regression task"
    known = "no store was opened to look for runs on regression tasks"
    if store is not None:
        tasks, datasets, runs = next(queries.run(store, "tasks_of_type", type="regression").rows())
        others = next(queries.run(store, "tasks_of_type", type="classification").rows())[2]
        known = (
            f"the graph holds {runs:,} runs on {tasks:,} regression tasks of {datasets:,} datasets "
            f"(and {others:,} runs on classification tasks), too few to rank regressors by"
        )
    raise TableError(
        f"{why}: {known}; nothing is recommended rather than guessed. Bin the target into classes, or give "
        f"--task classification (task='classification') if its {table.y.nunique():,} distinct values are labels"
    )
