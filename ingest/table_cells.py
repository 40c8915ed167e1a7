"""Cells of one column of a table of results, read as what the column's role asks for; what cannot be is a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.table_faults import Faults
from ingest.table_files import ROW
from ingest.table_names import FAILED, TYPES

if TYPE_CHECKING:
    import polars as pl

__all__ = ["bad_status", "started", "task_type", "text_of", "whole"]


def text_of(column: str | None) -> pl.Expr:
    """Cells as they are; null where no column has the role."""
    import polars as pl

    return pl.col(column) if column else pl.lit(None, dtype=pl.String)


def whole(frame: pl.DataFrame, column: str | None, role: str, faults: Faults) -> pl.Series:
    """Whole numbers; of a fold the number at its end (``fold_3``)."""
    import polars as pl

    text = (
        frame.select(text_of(column).str.replace(r"\.0+$", "")).to_series()
        if column
        else pl.Series([None] * frame.height, dtype=pl.String)
    )
    numbers = text.str.extract(r"^(?:[A-Za-z]+[ _-]?)?(\d+)$") if role in ("fold", "repeat") else text
    found = numbers.cast(pl.Int64, strict=False)
    wrong = frame.filter(text.is_not_null() & found.is_null())
    faults.rows += [
        (row, f"{role} is {cell!r}, which is not a whole number")
        for row, cell in (wrong.select(ROW, column).rows() if column else ())
    ]
    return found.alias(role)


def task_type(frame: pl.DataFrame, column: str | None, faults: Faults) -> pl.Expr:
    """Type of the task, as ``kg.schema`` names it."""
    import polars as pl

    if column is None:
        return pl.lit(None, dtype=pl.String).alias("type")
    plain = pl.col(column).str.to_lowercase().str.replace_all(r"[^a-z]+", "_")
    found = plain.replace_strict(TYPES, default=None, return_dtype=pl.String)
    wrong = frame.filter(pl.col(column).is_not_null() & found.is_null())
    faults.rows += [
        (row, f"type of task {cell!r} is unknown; known: {', '.join(sorted(TYPES))}")
        for row, cell in wrong.select(ROW, column).rows()
    ]
    return found.alias("type")


def started(frame: pl.DataFrame, column: str | None, faults: Faults) -> pl.Series:
    """Time in UTC."""
    import polars as pl

    dtype = pl.Datetime("us", "UTC")
    if column is None:
        return pl.Series("started", [None] * frame.height, dtype=dtype)
    text = frame[column].str.replace(" ", "T").str.replace(r"(Z|[+-]00:?00)$", "")
    found = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us").dt.replace_time_zone(
        "UTC"
    )
    wrong = frame.filter(text.is_not_null() & found.is_null())
    faults.rows += [
        (row, f"{column} is {cell!r}, which is not a time in UTC such as 2026-11-01T12:00:00")
        for row, cell in wrong.select(ROW, column).rows()
    ]
    return found.alias("started")


def bad_status(column: str | None) -> pl.Expr:
    """Whether the status says that the run failed; null where no column says."""
    import polars as pl

    if column is None:
        return pl.lit(None, dtype=pl.Boolean).alias("bad_status")
    return pl.col(column).str.to_lowercase().is_in(list(FAILED)).alias("bad_status")
