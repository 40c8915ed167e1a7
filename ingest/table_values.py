"""Values of a table of results: one row per row of the table and measure, as the measure reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ingest.table_files import ROW
from ingest.table_roles import reading_of
from kg.measure_vocabularies import COSTS

if TYPE_CHECKING:
    import polars as pl

    from ingest.source import Tally
    from ingest.table_faults import Faults
    from ingest.table_files import Table
    from ingest.table_roles import Columns
    from kg.measure_names import Reading
    from kg.measures import Measure

__all__ = ["values_of"]


def values_of(
    table: Table,
    columns: Columns,
    declared: Mapping[str, Measure],
    excused: pl.Series,
    tally: Tally,
    faults: Faults,
) -> tuple[pl.DataFrame, list[int]]:
    """Values by row and measure (its key), columns row, measure, value, cost; and rows of measures that nobody knows.

    Parameters
    ----------
    excused
        For each row whether it may have failed, as its status or error says: what is no number there is no fault.
    """
    import polars as pl

    frame = table.frame.with_row_index(ROW).with_columns(excused.alias("\x00excused"))
    parts = [
        _read(frame, each.column, found, each.column, tally, faults)
        for each in columns.of("measure")
        if (found := reading_of(each.detail, columns.vocabulary, declared)) is not None
    ]
    unknown: list[int] = []
    metric, value = columns.one("metric"), columns.one("value")
    if metric and value:
        told = frame.filter(pl.col(value).is_not_null())
        nameless = told.filter(pl.col(metric).is_null() & ~pl.col("\x00excused"))
        faults.rows += [(row, f"{metric} is empty: it names the measure") for row in nameless[ROW]]
        for (name,), part in told.filter(pl.col(metric).is_not_null()).group_by(metric, maintain_order=True):
            found = reading_of(str(name), columns.vocabulary, declared)
            if found is None:
                tally.read("evaluations", part.height)
                tally.leave_out("evaluations", f"measure {name!r} is not known: declare it", part.height)
                unknown += part[ROW].to_list()
            else:
                parts.append(_read(part, value, found, str(name), tally, faults))
    if not parts:
        none = {"row": pl.UInt32, "measure": pl.String, "value": pl.Float64, "cost": pl.Boolean}
        return pl.DataFrame(schema=none), unknown
    every = pl.concat(parts)
    first = every.unique(["row", "measure"], keep="first", maintain_order=True)
    tally.leave_out("evaluations", "the same measure by a second name", every.height - first.height)
    return first, unknown


def _read(
    frame: pl.DataFrame, column: str, found: Reading, name: str, tally: Tally, faults: Faults
) -> pl.DataFrame:
    import polars as pl

    measure = found.measure
    read = frame.filter(pl.col(column).is_not_null()).select(
        pl.col(ROW).alias("row"),
        pl.col(column).alias("cell"),
        pl.col("\x00excused").alias("excused"),
        pl.col(column).cast(pl.Float64, strict=False).alias("number"),
    )
    values = read.with_columns(
        pl.lit(measure.key).alias("measure"), (pl.col("number") * found.factor + found.offset).alias("value")
    )
    finite = pl.col("value").is_finite().fill_null(value=False)
    low = -math.inf if measure.low is None else measure.low
    high = math.inf if measure.high is None else measure.high
    # One minus a share that has been rounded may miss the bound by what rounding does.
    near = 1e-9 if found.offset else 0.0
    inside = pl.col("value").is_between(low - near, high + near)
    tally.read("evaluations", values.height)
    excused = values.filter(~finite & pl.col("excused"))
    tally.leave_out("evaluations", "of a run that failed", excused.height)
    for row, cell, number in (
        values.filter(~finite & ~pl.col("excused")).select("row", "cell", "number").iter_rows()
    ):
        what = "not a number" if number is None else "not a finite number"
        faults.values.append((row, f"{name} is {cell!r}, which is {what}"))
    bounds = (
        f"{'' if measure.low is None else f' from {low:g}'}{'' if measure.high is None else f' to {high:g}'}"
    )
    for row, cell in values.filter(finite & ~inside).select("row", "cell").iter_rows():
        faults.values.append((row, f"{name} is {cell}, {measure.key} must be{bounds}"))
    return values.filter(finite & inside).select(
        "row", "measure", pl.col("value").clip(low, high), pl.lit(measure.key in COSTS).alias("cost")
    )
