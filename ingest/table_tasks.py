"""Tasks that the runs of a table achieve: how the scores were estimated, as far as the folds tell, and of what type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ingest.records import UNKNOWN_PROCEDURE
from kg import iris

if TYPE_CHECKING:
    import polars as pl

    from ingest.table_faults import Faults
    from ingest.table_runs import Runs

__all__ = ["check_splits", "splits_of", "tasks_of"]

_OF = ["file", "dataset", "openml_task"]

_MEASURES = {
    "classification": """accuracy balanced_accuracy one_vs_rest_balanced_accuracy roc_auc roc_auc_ovr_macro
        roc_auc_ovr_weighted roc_auc_ovo_macro roc_auc_ovo_weighted average_precision f1 f1_macro f1_micro f1_weighted
        precision precision_macro precision_micro precision_weighted recall recall_micro recall_weighted jaccard
        matthews_correlation cohen_kappa log_loss brier_score""",
    "regression": """r2 explained_variance mean_squared_error root_mean_squared_error mean_absolute_error
        median_absolute_error max_error mean_absolute_percentage_error mean_squared_log_error
        root_mean_squared_log_error""",
    "survival_analysis": "concordance_index",
    "clustering": "adjusted_rand_index normalized_mutual_information silhouette",
}
_TYPE_OF = {measure: kind for kind, measures in _MEASURES.items() for measure in measures.split()}
"""Type of the task by a measure that only such tasks have; where they disagree, the table has to say it."""


def splits_of(procedure: str) -> int | None:
    """Number of splits that the key of a procedure speaks of, or None.

    >>> splits_of("10-fold-cv"), splits_of("5x2-fold-cv"), splits_of("3-of-10-fold-cv"), splits_of("holdout")
    (10, 10, 3, None)
    """
    if match := re.fullmatch(r"(?:(\d+)x)?(\d+)-fold-cv", procedure):
        return int(match[1] or 1) * int(match[2])
    match = re.fullmatch(r"(\d+)-of-\d+-fold-cv", procedure)
    return int(match[1]) if match else None


def check_splits(found: Runs, procedure: str, faults: Faults) -> Runs:
    """The runs that have all the folds of the procedure that is stated; the others are faults of their first row.

    A run of one row states what was put together before, and no folds.
    """
    import polars as pl

    wanted = splits_of(procedure)
    if wanted is None:
        return found
    short = found.runs.filter((pl.col("splits") != wanted) & (pl.col("splits") > 1) & ~pl.col("failed"))
    faults.rows += [
        (
            row,
            f"its run has {splits} of the {wanted} folds of {procedure}: add the others, or state what was done",
        )
        for row, splits in short.select("first", "splits").iter_rows()
    ]
    runs = found.runs.join(short.select("run"), on="run", how="anti", maintain_order="left")
    values = found.values.join(runs.select("run"), on="run", how="semi", maintain_order="left")
    return type(found)(runs, values, found.keys)


def tasks_of(
    found: Runs, stated: str | None, known: Mapping[int, str] | None, *, folds: bool
) -> tuple[pl.DataFrame, list[str]]:
    """Task of each dataset (columns file, dataset, openml_task, task, type, procedure), and what is to be said.

    Parameters
    ----------
    stated
        Procedure of all scores.
    known
        Of the project that the table is of: procedure by the number of splits.
    folds
        Whether a column names the fold.
    """
    import polars as pl

    measures = found.values.group_by("run").agg(pl.col("measure").unique())
    every = (
        found.runs.join(measures, on="run", how="left", maintain_order="left")
        .with_columns(
            pl.col("type").drop_nulls().first().over("dataset", "openml_task"),
            pl.concat_str("splits", "repeats", separator=" ").alias("layout"),
        )
        .group_by(_OF, maintain_order=True)
        .agg(
            pl.col("type").first(),
            pl.col("measure").explode().drop_nulls().unique(),
            pl.col("layout").filter(~pl.col("failed")).unique(),
            pl.col("layout").sort_by("splits").last().alias("longest"),
        )
    )
    several = _several(every, "dataset", "openml_task")
    ambiguous = _several(every, "openml_task", "dataset") | _several(every, "openml_task", "file")
    rows, uneven = [], []
    for file, dataset, number, type_, keys, layouts, longest in every.iter_rows():
        kind = type_ or _type(keys)
        procedure = stated
        if procedure is None:
            procedure = _procedure(layouts or [longest], known) if folds else UNKNOWN_PROCEDURE
            if folds and procedure == UNKNOWN_PROCEDURE:
                uneven.append(dataset)
        own = number is not None and number not in ambiguous and iris.openml_id(dataset) is not None
        if own and procedure == "10-fold-cv":
            task = iris.openml_task(int(number))
        else:
            parts = [] if kind == "classification" else [kind]
            parts += [f"openml-{number}"] if number is not None and dataset in several else []
            task = iris.task(iris.dataset_key(dataset), procedure, *parts)
        rows.append((file, dataset, number, task, kind, procedure))
    told = []
    if uneven:
        told.append(
            f"{len(uneven):,} of {every.height:,} datasets: the number of folds does not tell the procedure, such as "
            f"of {uneven[0]}: their scores are of an unspecified one; state it with --procedure 10-fold-cv"
        )
    if not folds and stated is None:
        told.append(
            "no column tells folds: the scores are of an unspecified procedure; state it with --procedure"
        )
    columns = (*_OF, "task", "type", "procedure")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row"), told


def _several(every: pl.DataFrame, column: str, other: str) -> set[str]:
    """Values of a column that stand beside several of another."""
    import polars as pl

    counted = every.group_by(column).agg(pl.col(other).n_unique().alias("count"))
    return set(counted.filter(pl.col("count") > 1)[column].drop_nulls())


def _type(measures: list[str]) -> str:
    found = {_TYPE_OF[key] for key in measures if key in _TYPE_OF}
    return found.pop() if len(found) == 1 else "other"


def _procedure(layouts: list[str], known: Mapping[int, str] | None) -> str:
    """Key of the procedure if all runs have the same number of splits, and of repeats (``"10 1"``)."""
    if len(layouts) != 1:
        return UNKNOWN_PROCEDURE
    count, repeats = map(int, layouts[0].split())
    if count < 2:
        return UNKNOWN_PROCEDURE
    if known is not None:
        return known.get(count, UNKNOWN_PROCEDURE)
    if repeats > 1:
        return f"{repeats}x{count // repeats}-fold-cv" if count % repeats == 0 else UNKNOWN_PROCEDURE
    return f"{count}-fold-cv"
