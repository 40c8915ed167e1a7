"""LCDB's original package, read and reduced: learning curves as means over splits, and qualities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingest import tables
from ingest.archive import Package

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CURVE_COLUMNS", "KEY", "MEASURES", "PACKAGE", "read_package"]

PACKAGE = Package(
    "lcdb==0.1.0",
    "450ea69b249866298653f718d66a825e3d19a4024dd4ff140b89f2e04d4777ae",
    "lcdb-0.1.0.tar.gz",
)

KEY = ["openmlid", "learner", "size_train"]
"""Columns that name a point of a curve."""

_SCORES = {"accuracy": "accuracy", "auc": "roc_auc", "f1": "f1", "logloss": "log_loss"}
MEASURES = [*_SCORES.values(), "runtime_seconds"]
"""Measure keys, each a column of means beside a column of standard deviations."""

CURVE_COLUMNS = [*KEY, "size_test", "splits", *MEASURES, *(f"{measure}_std" for measure in MEASURES)]


def read_package(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the original package (source distribution or unpacked folder) and reduce its curves.

    Returns
    -------
    curves
        One row per dataset, learner and training size: test size, number of splits, mean and standard
        deviation over them of each measure (null: not measured; the deviation of a single split is null).
    datasets
        One row per dataset: openmlid, Name, 64 qualities (null: unknown).

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    import polars as pl

    measures = {f"lcdb/database-{score}.csv": measure for score, measure in _SCORES.items()}
    columns = [*KEY, "size_test", "traintime", "score_test"]
    reduced: dict[str, pl.DataFrame] = {}
    datasets = pl.DataFrame()
    for name, content in PACKAGE.members(path, [*measures, "lcdb/datasets.csv"]):
        where = f"{path}: {name}"
        if name in measures:
            reduced[measures[name]] = _reduce(tables.read_csv(content, where, columns), measures[name])
        else:
            datasets = tables.read_csv(content, where)
    curves = reduced.pop("accuracy")
    for measure, frame in reduced.items():
        curves = curves.join(frame.select(*KEY, measure, f"{measure}_std"), on=KEY, how="left")
    return curves.select(CURVE_COLUMNS).sort(KEY), datasets.sort("openmlid")


def _reduce(rows: pl.DataFrame, measure: str) -> pl.DataFrame:
    import polars as pl

    return rows.group_by(KEY).agg(
        pl.col("size_test").first(),
        pl.len().cast(pl.Int64).alias("splits"),
        *_mean_and_deviation("score_test", measure),
        *_mean_and_deviation("traintime", "runtime_seconds"),
    )


def _mean_and_deviation(column: str, name: str) -> tuple[pl.Expr, pl.Expr]:
    """Both rounded to 6 decimals; the source has 4.

    Sums of integers are exact, so that the result does not depend on the order in which rows are added up.
    """
    import polars as pl

    value = (pl.col(column).cast(pl.Float64) * 1e4).round().cast(pl.Int128)
    count, total, squares = value.count().cast(pl.Int128), value.sum(), (value * value).sum()
    mean = pl.when(count > 0).then(total / count / 1e4)
    variance = (count * squares - total * total) / (count * (count - 1))
    deviation = pl.when(count > 1).then(variance.sqrt() / 1e4)
    return mean.round(6).alias(name), deviation.round(6).alias(f"{name}_std")
