"""The batch of a table of results, and the count of what does not get into it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ingest.table_faults import Faults
from ingest.table_preset import preset_of
from ingest.table_rows import Named, rows_of
from ingest.table_runs import Runs, runs_of
from ingest.table_tasks import check_splits, tasks_of
from ingest.table_values import values_of
from kg import iris
from kg.batch import Batch
from kg.errors import SourceError
from kg.measures import MEASURES

if TYPE_CHECKING:
    import polars as pl

    from ingest.result_table import TableSource
    from ingest.source import Tally
    from ingest.table_files import Table
    from ingest.table_roles import Columns

__all__ = ["batch_of"]


def batch_of(source: TableSource, table: Table, columns: Columns, tally: Tally) -> tuple[Batch, list[str]]:
    """The batch, and what else there is to say.

    Raises
    ------
    SourceError
        If no run of the table goes in.
    """
    import polars as pl

    faults = Faults()
    named = rows_of(table, columns, source.dataset, faults)
    may_fail = bool(columns.one("error") or columns.one("status"))
    # An error's column excuses all that is no number; without one, a score that is missing is somebody's mistake.
    excused = pl.Series([may_fail]).new_from_index(0, table.frame.height)
    values, unknown = values_of(table, columns, source.declared, excused, tally, faults)
    folds = columns.one("fold") is not None
    found = runs_of(named.rows, values, unknown, tally, faults, folds=folds, may_fail=may_fail)
    preset = preset_of(table.columns)
    if source.procedure is not None:
        found = _without_short(found, source.procedure, tally, faults)
    tasks, notes = tasks_of(found, source.procedure, preset.procedures if preset else None, folds=folds)
    faults.reject(table, tally)
    if found.runs.is_empty() and not tally.rejected:
        raise SourceError(f"{source._where}: none of its runs goes in: {_why(tally)}")
    return _batch(source, found, named, tasks, tally), notes


def _without_short(found: Runs, procedure: str, tally: Tally, faults: Faults) -> Runs:
    kept = check_splits(found, procedure, faults)
    tally.leave_out("evaluations", "their run lacks folds", found.values.height - kept.values.height)
    tally.read(
        "runs", kept.runs.height - found.runs.height
    )  # each is counted where its first row is rejected
    return kept


def _why(tally: Tally) -> str:
    return "; ".join(f"{item.count:,} {item.what}: {item.why}" for item in tally.left_out) or "it has none"


def _batch(source: TableSource, found: Runs, named: Named, tasks: pl.DataFrame, tally: Tally) -> Batch:
    import polars as pl

    runs = found.runs.join(
        tasks,
        on=["file", "dataset", "openml_task"],
        nulls_equal=True,
        suffix="_of_task",
        maintain_order="left",
    )
    base = f"{source.name}/{source.version}"
    keys = [
        hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        for key in runs.select(found.keys).iter_rows()
    ]
    runs = runs.with_columns(
        pl.Series("iri", [iris.own("run", f"{base}/{key}") for key in keys], dtype=pl.String)
    )
    values = found.values.join(runs.select("run", "iri", "splits", "failed"), on="run", maintain_order="left")
    frames = {
        "datasets": _datasets(runs, named),
        "tasks": tasks.filter(pl.col("task").is_in(runs["task"].implode()))
        .select(
            "task", "dataset", "type", pl.lit(iris.procedure("")).add(pl.col("procedure")).alias("procedure")
        )
        .unique(maintain_order=True),
        "pipelines": pl.DataFrame(
            [(iri, *named.pipelines[iri]) for iri in runs["pipeline"].unique(maintain_order=True)],
            schema=dict.fromkeys(("pipeline", "title", "canonical"), pl.String),
            orient="row",
        ),
        "runs": runs.select(
            pl.col("iri").alias("run"),
            "task",
            "dataset",
            "pipeline",
            pl.when(pl.col("failed")).then(pl.lit("failed")).otherwise(pl.lit("finished")).alias("status"),
            "training_size",
            "seed",
            "started",
            "error",
        ),
        "evaluations": _evaluations(values, tally),
        "series": values.filter(pl.col("splits") > 1).select(
            pl.col("iri").alias("run"),
            pl.col("measure").alias("name"),
            pl.lit("fold").alias("axis"),
            pl.col("split").cast(pl.Float64).alias("position"),
            "value",
        ),
    }
    declared = {each.key: each for each in source.declared.values() if each.key not in MEASURES}
    used = set(frames["evaluations"]["measure"].unique())
    frames["measures"] = pl.DataFrame(
        [
            (each.iri, each.label, each.direction, each.low, each.high, each.unit or None)
            for each in declared.values()
            if each.iri in used
        ],
        schema={
            **dict.fromkeys(("measure", "label", "direction"), pl.String),
            **dict.fromkeys(("minimum", "maximum"), pl.Float64),
            "unit": pl.String,
        },
        orient="row",
    )
    for name, frame in frames.items():
        if name not in ("runs", "evaluations"):
            tally.read(name, frame.height)
    return Batch(source.manifest, **{name: frame for name, frame in frames.items() if frame.height})


def _datasets(runs: pl.DataFrame, named: Named) -> pl.DataFrame:
    import polars as pl

    rows = []
    for iri in runs["dataset"].unique(maintain_order=True):
        about = named.datasets[iri]
        page = about.landing_page or (
            f"https://www.openml.org/d/{about.openml_id}" if about.openml_id else None
        )
        rows.append((iri, about.title, page, about.openml_id))
    schema = {**dict.fromkeys(("dataset", "title", "landing_page"), pl.String), "openml_id": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _evaluations(values: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Mean of each measure over a run's folds, if all of them have it."""
    import polars as pl

    means = values.group_by("iri", "measure", maintain_order=True).agg(
        pl.col("value").mean(), pl.len().alias("count"), pl.col("splits").first(), pl.col("failed").first()
    )
    whole = pl.col("count") == pl.col("splits")
    tally.leave_out("evaluations", "of a run that failed", int(means.filter(pl.col("failed"))["count"].sum()))
    for measure, count in (
        means.filter(~pl.col("failed") & ~whole)
        .group_by("measure", maintain_order=True)
        .agg(pl.col("count").sum())
        .rows()
    ):
        tally.leave_out("evaluations", f"{measure}: in some folds of its run only", count)
    kept = means.filter(~pl.col("failed") & whole)
    tally.leave_out(
        "evaluations",
        "a fold's: its run has the mean, and the series",
        int(kept["count"].sum()) - kept.height,
    )
    return kept.select(
        pl.col("iri").alias("run"),
        pl.lit(iris.measure("")).add(pl.col("measure")).alias("measure"),
        "value",
    )
