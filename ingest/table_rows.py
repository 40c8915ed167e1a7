"""Rows of a table of results: what each is a run of, checked cell by cell.

Whole columns at a time: what is wrong is found by an expression, and only those rows are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.table_cells import bad_status, started, task_type, text_of, whole
from ingest.table_faults import Faults
from ingest.table_files import FILE, LINE, ROW
from ingest.table_naming import dataset_of, pipeline_of_cells
from kg.errors import MetakgError

if TYPE_CHECKING:
    import polars as pl

    from ingest.records import DatasetRef
    from ingest.table_files import Table
    from ingest.table_roles import Columns

__all__ = ["Named", "rows_of"]


@dataclass(frozen=True)
class Named:
    """Rows, and what they speak of.

    Attributes
    ----------
    rows
        Columns row, file, line, dataset, openml_task, pipeline, fold, repeat, seed, training_size, type, started,
        bad_status, error, imputed; the value of a role that no column has is null.
    datasets
        By IRI.
    pipelines
        IRI → (title, canonical form).
    """

    rows: pl.DataFrame
    datasets: dict[str, DatasetRef]
    pipelines: dict[str, tuple[str, str]]


def rows_of(table: Table, columns: Columns, dataset: str | None, faults: Faults) -> Named:
    """Read every column but those of values.

    Parameters
    ----------
    dataset
        Of all rows, where no column names one.
    """
    import polars as pl

    frame = table.frame.with_row_index(ROW)
    datasets: dict[str, DatasetRef] = {}
    pipelines: dict[str, tuple[str, str]] = {}

    def name_dataset(cells: dict[str, str | None]) -> dict[str, Any]:
        about, task = dataset_of(cells, dataset)
        datasets.setdefault(about.iri, about)
        return {"dataset": about.iri, "openml_task": task}

    def name_pipeline(cells: dict[str, str | None]) -> dict[str, Any]:
        found = pipeline_of_cells(cells, columns)
        pipelines[found.iri] = (found.title, found.canonical())
        return {"pipeline": found.iri}

    naming = [name for role in ("dataset", "dataset_id", "task") if (name := columns.one(role))]
    configured = [
        each.column for role in ("pipeline", "parameters", "parameter") for each in columns.of(role)
    ]
    roles = {role: columns.one(role) for role in ("dataset", "dataset_id", "task")}
    frame = _joined(frame, {role: name for role, name in roles.items() if name}, name_dataset, faults)
    if not naming:
        frame = frame.with_columns(
            *(pl.lit(value, dtype=pl.String).alias(f"\x00{key}") for key, value in name_dataset({}).items())
        )
    frame = _joined(frame, {name: name for name in configured}, name_pipeline, faults)
    fields = [
        pl.col(ROW).alias("row"),
        pl.col(FILE).alias("file"),
        pl.col(LINE).alias("line"),
        pl.col("\x00dataset").alias("dataset"),
        pl.col("\x00openml_task").alias("openml_task"),
        pl.col("\x00pipeline").alias("pipeline"),
        *(
            whole(frame, columns.one(role), role, faults)
            for role in ("fold", "repeat", "seed", "training_size")
        ),
        task_type(frame, columns.one("type"), faults),
        started(frame, columns.one("started"), faults),
        bad_status(columns.one("status")),
        text_of(columns.one("error")).alias("error"),
        text_of(columns.one("imputed"))
        .str.to_lowercase()
        .is_in(["true", "1", "1.0", "yes"])
        .fill_null(value=False)
        .alias("imputed"),
    ]
    return Named(frame.select(fields), datasets, pipelines)


def _joined(
    frame: pl.DataFrame,
    roles: dict[str, str],
    name: Callable[[dict[str, str | None]], dict[str, Any]],
    faults: Faults,
) -> pl.DataFrame:
    """The frame with what each combination of cells names, in columns that begin with NUL."""
    import polars as pl

    if not roles:
        return frame
    cells = list(roles.values())
    distinct = frame.group_by(cells, maintain_order=True).agg(pl.len().alias(ROW))
    found: list[dict[str, Any]] = []
    wrong: dict[int, str] = {}
    for number, values in enumerate(distinct.select(cells).iter_rows()):
        try:
            found.append(name(dict(zip(roles, values, strict=True))))
        except MetakgError as error:
            found.append({})
            wrong[number] = str(error)
    keys = sorted({key for each in found for key in each}) or ["dataset", "openml_task", "pipeline"]
    told = distinct.select(cells).with_columns(
        *(pl.Series(f"\x00{key}", [each.get(key) for each in found], dtype=pl.String) for key in keys),
        pl.Series("\x00wrong", [wrong.get(number) for number in range(len(found))], dtype=pl.String),
    )
    joined = frame.join(told, on=cells, how="left", nulls_equal=True, maintain_order="left")
    faults.rows += joined.filter(pl.col("\x00wrong").is_not_null()).select(ROW, "\x00wrong").rows()
    return joined.drop("\x00wrong")
