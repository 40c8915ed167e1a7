"""LCDB: learning curves of 20 scikit-learn learners on OpenML datasets, and those datasets' OpenML qualities.

F. Mohr, T. J. Viering, M. Loog, J. N. van Rijn: *LCDB 1.0: An Extensive Learning Curves Database for
Classification Tasks*, ECML PKDD 2022; package ``lcdb`` 0.1.0 (MIT). What its numbers mean, read from its
code (``lcdb/lcdb.py``):

- a row is one learner trained on the first ``size_train`` rows of one of several random splits, scored on
  the split's test part (10 % of the rows, at most 5,000): a holdout, never to be mixed with cross-validation;
- accuracy and log loss (of hard predictions, where a learner has no probabilities) for all datasets, AUC and
  F1 (of the rarer class) for those with two classes; ``traintime`` is the wall-clock seconds of one fit.

Reduced to means over the splits, per dataset, learner and training size (:mod:`ingest.lcdb_curves`). The
graph gets one run per dataset and learner, at its largest size; that differs between the learners of a
dataset where some ran out of time, and ``training_size`` states it. The whole curve is the run's series, by
measure along the axis ``training_size``, kept beside the graph. With the standard deviations:
:meth:`LcdbSource.curves`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ingest import tables
from ingest.lcdb_curves import CURVE_COLUMNS, MEASURES, read_package
from ingest.sklearn_names import lcdb_pipeline
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CURVES", "DATASETS", "LcdbSource"]

CURVES, DATASETS = "lcdb-curves.parquet", tables.TITLES
_PROCEDURE = "learning-curve-holdout"
_AXIS = "training_size"


class LcdbSource(Source):
    """Qualities of OpenML datasets, the ends of LCDB's learning curves, and the curves as series.

    Parameters
    ----------
    path
        None for the packaged data; else the original source distribution, the folder it was unpacked into,
        or a folder that ``python -m ingest.convert`` wrote.
    """

    name: ClassVar[str] = "lcdb"
    title: ClassVar[str] = (
        "LCDB: learning curves of 20 scikit-learn learners and qualities of OpenML datasets"
    )

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__()
        self.path = tables.DATA if path is None else Path(path)

    @property
    def manifest(self) -> Manifest:
        """LCDB 0.1.0, MIT."""
        return Manifest(
            source=self.name,
            version="0.1.0",
            title=self.title,
            licence="MIT",
            derived_from="https://github.com/fmohr/lcdb",
        )

    def _load(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        if (self.path / CURVES).exists():
            return (
                tables.read_parquet(self.path / CURVES, CURVE_COLUMNS),
                tables.read_parquet(self.path / DATASETS, ["openmlid", "Name"]),
            )
        return read_package(self.path)

    def curves(self) -> pl.DataFrame:
        """Reduced learning curves, one row per dataset, learner and training size.

        Columns: openmlid, learner, size_train, size_test, splits, then mean and (``_std``) standard
        deviation over the splits of accuracy, roc_auc, f1, log_loss and runtime_seconds.
        """
        return self._load()[0]

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch: the datasets with their qualities, and each learning curve as a run."""
        with tables.reading(str(self.path)):
            batch = self._batch(tally)
        yield batch

    def _batch(self, tally: Tally) -> Batch:
        import polars as pl

        curves, described = self._load()
        datasets = tables.openml_datasets([*curves["openmlid"].unique(), *described["openmlid"]], tally)
        tasks = tables.openml_tasks(
            datasets.join(curves, left_on="openml_id", right_on="openmlid", how="semi"), _PROCEDURE, tally
        )
        pipelines = tables.pipelines(curves["learner"].unique(), lcdb_pipeline, tally)
        ends = curves.filter(pl.col("size_train") == pl.col("size_train").max().over("openmlid", "learner"))
        runs = (
            ends.join(pipelines, left_on="learner", right_on="name", maintain_order="left")
            .join(
                datasets.join(tasks, on="dataset"),
                left_on="openmlid",
                right_on="openml_id",
                maintain_order="left",
            )
            .with_columns(
                pl.format(
                    "{}{}/{}/{}", pl.lit(iris.own("run", "lcdb/")), "openmlid", "key", "size_train"
                ).alias("run"),
                pl.lit("finished").alias("status"),
                pl.col("size_train").alias("training_size"),
            )
        )
        tally.read("runs", ends.height)
        tally.leave_out("runs", tables.SAME_PIPELINE, ends.height - runs.height)
        return Batch(
            self.manifest,
            datasets=datasets,
            qualities=tables.qualities(described.drop("Name").rename({"openmlid": "openml_id"}), tally),
            tasks=tasks,
            pipelines=pipelines.select("pipeline", "title", "canonical"),
            runs=runs.select("run", "task", "dataset", "pipeline", "status", "training_size"),
            evaluations=tables.evaluations(runs, {measure: measure for measure in MEASURES}, tally),
            series=_series(curves, runs, tally),
        )


def _series(curves: pl.DataFrame, runs: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Points of the curves of runs, by measure; a measure that was not taken has none."""
    import polars as pl

    read = curves.unpivot(
        on=MEASURES, index=["openmlid", "learner", "size_train"], variable_name="name", value_name="value"
    )
    known = read.filter(pl.col("value").is_finite())
    of_runs = known.join(runs.select("run", "openmlid", "learner"), on=["openmlid", "learner"])
    tally.read("series", read.height)
    tally.leave_out("series", "no finite value in the source", read.height - known.height)
    tally.leave_out("series", tables.SAME_PIPELINE, known.height - of_runs.height)
    return of_runs.select(
        "run", "name", pl.lit(_AXIS).alias("axis"), pl.col("size_train").alias("position"), "value"
    )
