"""Rows of a table of results put together to runs: those that differ in nothing but the fold are one.

A run's value is the mean over its folds, and the folds' values are a series. A run of which a fold failed, failed; one
of which a row is wrong or stands for something else is left out whole, for a mean of what is left is another number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ingest.source import Tally
    from ingest.table_faults import Faults

__all__ = ["Runs", "runs_of"]

_SAME = ["file", "dataset", "openml_task", "pipeline", "training_size"]


@dataclass(frozen=True)
class Runs:
    """Runs of a table, by number.

    Attributes
    ----------
    runs
        Columns run, first (its first row), splits, repeats, seed, started, type, failed, error, and those that tell
        runs apart (``keys``).
    values
        Columns run, split, measure, value: of every split, failed runs included.
    keys
        Columns of ``runs`` whose values name a run.
    """

    runs: pl.DataFrame
    values: pl.DataFrame
    keys: list[str]


def runs_of(
    rows: pl.DataFrame,
    values: pl.DataFrame,
    unknown: list[int],
    tally: Tally,
    faults: Faults,
    *,
    folds: bool,
    may_fail: bool,
) -> Runs:
    """Put rows together.

    Parameters
    ----------
    rows, values, unknown
        As :mod:`ingest.table_rows` and :mod:`ingest.table_values` give them.
    folds
        Whether a column names the fold; without one each row, or each repeat, is a run of its own.
    may_fail
        Whether a column says what failed: then no score is a failure, else it is a fault of the row.
    """
    import polars as pl

    rows = rows.filter(pl.col("dataset").is_not_null() & pl.col("pipeline").is_not_null())
    keys = list(_SAME)
    if folds:
        empty = rows.filter(pl.col("fold").is_null() & ~pl.col("row").is_in(_rows(faults).implode()))
        faults.rows += [(row, "fold is empty: fill it, or leave the column out") for row in empty["row"]]
        size = pl.col("fold").max().fill_null(0) + 1
        split = pl.col("repeat").fill_null(0) * size + pl.col("fold").fill_null(0)
    else:
        keys.append("repeat")
        split = pl.lit(0, dtype=pl.Int64)
    rows = rows.with_columns(split.alias("split"))
    if rows["seed"].null_count() < rows.height and _doubled(rows, values, keys).height:
        keys.append("seed")
    for row, before in _doubled(rows, values, keys).iter_rows():
        faults.rows.append((row, before))
    numbered = rows.select(keys).unique(maintain_order=True).with_row_index("run")
    rows = rows.join(numbered, on=keys, nulls_equal=True, maintain_order="left")
    primary = values.filter(~pl.col("cost")) if not values["cost"].all() else values
    rows = rows.with_columns(
        pl.col("row").is_in(primary["row"].implode()).alias("scored"),
        pl.col("row").is_in(pl.Series(unknown, dtype=pl.UInt32).implode()).alias("unknown"),
        pl.col("row").is_in(_rows(faults).implode()).alias("wrong"),
    ).with_columns(pl.col("scored").any().over("run", "split").alias("split_scored"))
    unscored = rows.filter(~pl.col("split_scored") & ~pl.col("unknown") & ~pl.col("wrong"))
    unscored = unscored.filter(~pl.col("unknown").any().over("run", "split"))
    if not may_fail:
        first = unscored.unique(["run", "split"], keep="first", maintain_order=True)
        faults.rows += [(row, "has no score, and no column says why") for row in first["row"]]
        rows = rows.with_columns(pl.col("row").is_in(_rows(faults).implode()).alias("wrong"))
    failed = pl.col("bad_status").fill_null(value=False) | pl.col("row").is_in(unscored["row"].implode())
    rows = rows.with_columns((failed & pl.lit(may_fail)).alias("failed"))
    return _grouped(rows, values, keys, tally, folds=folds)


def _rows(faults: Faults) -> pl.Series:
    import polars as pl

    return pl.Series([row for row, _ in (*faults.rows, *faults.values)], dtype=pl.UInt32)


def _doubled(rows: pl.DataFrame, values: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Rows that give a value for a split and a measure that a row before has given: row, and why."""
    import polars as pl

    where = [*keys, "split", "measure"]
    told = values.select("row", "measure").join(rows.select("row", "line", *keys, "split"), on="row")
    told = told.sort("row")
    later = told.filter(~pl.struct(where).is_first_distinct()).unique("row", maintain_order=True)
    if later.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "why": pl.String})
    first = told.unique(where, keep="first", maintain_order=True).select(
        *where, pl.col("line").alias("before")
    )
    return later.join(first, on=where, nulls_equal=True, maintain_order="left").select(
        "row",
        pl.format(
            "is of the same dataset, pipeline and fold as {}: map what tells them apart, such as repeat=COLUMN",
            "before",
        ).alias("why"),
    )


def _grouped(rows: pl.DataFrame, values: pl.DataFrame, keys: list[str], tally: Tally, *, folds: bool) -> Runs:
    import polars as pl

    error = pl.col("error").fill_null("no score, and no message")
    told = pl.format("fold {}: {}", pl.col("fold"), error) if folds else error
    runs = rows.group_by("run", maintain_order=True).agg(
        pl.col(keys).first(),
        pl.col("row").first().alias("first"),
        pl.col("split").n_unique().alias("splits"),
        pl.col("repeat").n_unique().alias("repeats"),
        *(
            [pl.when(pl.col("seed").n_unique() == 1).then(pl.col("seed").first()).alias("seed")]
            if "seed" not in keys
            else []
        ),
        pl.col("started").min(),
        pl.col("type").drop_nulls().first(),
        pl.col("failed").any(),
        told.filter(pl.col("failed")).first().alias("error"),
        pl.col("imputed").any(),
        pl.col("wrong").any(),
        (~pl.col("wrong")).any().alias("partly_right"),
        (pl.col("unknown") & ~pl.col("split_scored")).any().alias("unknown"),
    )
    # A row that is wrong counts as a run by itself, where it is rejected; so a run of none but such rows does not.
    spoiled = pl.col("wrong") & pl.col("partly_right")
    tally.read("runs", runs.filter(~pl.col("wrong") | pl.col("partly_right")).height)
    joined = values.join(rows.select("row", "run", "split"), on="row", maintain_order="left")
    tally.leave_out("evaluations", "their row is wrong", values.height - joined.height)
    for bad, why, of_value in (
        (pl.col("wrong"), "a row of theirs is wrong", "a row of their run is wrong"),
        (pl.col("imputed"), "imputed: another run's result", "imputed: another run's result"),
        (pl.col("unknown"), "finished without a score by a measure that is known", "their run is left out"),
    ):
        out = runs.filter(bad)
        tally.leave_out("runs", why, out.filter(spoiled | ~pl.col("wrong")).height)
        gone = joined.join(out.select("run"), on="run", how="semi").height
        tally.leave_out("evaluations", of_value, gone)
        runs = runs.filter(~bad)
        joined = joined.join(runs.select("run"), on="run", how="semi", maintain_order="left")
    return Runs(runs, joined.select("run", "split", "measure", "value"), keys)
