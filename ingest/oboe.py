"""OBOE: 219 scikit-learn configurations cross-validated on 418 OpenML classification datasets.

C. Yang, Y. Akimoto, D. W. Kim, M. Udell: *OBOE: Collaborative Filtering for AutoML Model Selection*, KDD
2019; package ``oboe`` 0.2.0 (BSD-3-Clause). What its numbers mean, read from its code:

- ``error_matrix.csv``: mean over 5 stratified, shuffled folds of a balanced error rate (``oboe/util.py``,
  ``error``): the mean over classes of the error of class against rest, (1 - TPR)/2 + (1 - TNR)/2.
  ``one_vs_rest_balanced_accuracy`` is 1 minus it. For two classes that is scikit-learn's
  ``balanced_accuracy_score``; for K > 2 classes it is higher (a constant prediction has 1/2, not 1/K), with
  nearly the same order of pipelines within a dataset. So it is a measure of its own.
- ``runtime_matrix.csv``: wall-clock seconds of all 5 folds, fit and prediction (``oboe/generate_vector.py``).
- ``dataset_sizes.csv``: rows, and columns *after* one-hot encoding with the target among them. Of 96 datasets
  that LCDB describes too, the columns less one equal its NumberOfFeaturesAfterBinarization on 94 and OpenML's
  NumberOfFeatures on none of the 16 where those two differ; they are given under the former name. (The other
  two count categories that a dataset declares and never uses.)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ingest import tables
from ingest.oboe_matrices import read_package
from ingest.sklearn_names import oboe_pipeline
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest

__all__ = ["RESULTS", "SIZES", "OboeSource"]

RESULTS, SIZES = "oboe-results.parquet", "oboe-datasets.parquet"
RESULT_COLUMNS = ("openml_id", "configuration", "error", "runtime_seconds")
SIZE_COLUMNS = ("openml_id", "rows", "columns")
PROCEDURE = "5-fold-cv"


class OboeSource(Source):
    """Cross-validated scores and runtimes of OBOE.

    Parameters
    ----------
    path
        None for the packaged data; else the original wheel, the folder it was unpacked into, or a folder that
        ``python -m ingest.convert`` wrote.
    """

    name: ClassVar[str] = "oboe"
    title: ClassVar[str] = "OBOE: 219 scikit-learn configurations cross-validated on 418 OpenML datasets"

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__()
        self.path = tables.DATA if path is None else Path(path)

    @property
    def manifest(self) -> Manifest:
        """OBOE 0.2.0, BSD-3-Clause."""
        return Manifest(
            source=self.name,
            version="0.2.0",
            title=self.title,
            licence="BSD-3-Clause",
            derived_from="https://github.com/udellgroup/oboe",
        )

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch: 418 datasets, 219 pipelines, 91,542 runs with two evaluations each."""
        with tables.reading(str(self.path)):
            batch = self._batch(tally)
        yield batch

    def _batch(self, tally: Tally) -> Batch:
        import polars as pl

        if (self.path / RESULTS).exists():
            results = tables.read_parquet(self.path / RESULTS, RESULT_COLUMNS)
            sizes = tables.read_parquet(self.path / SIZES, SIZE_COLUMNS)
        else:
            results, sizes = read_package(self.path)
        datasets = tables.openml_datasets([*results["openml_id"].unique(), *sizes["openml_id"]], tally)
        tasks = tables.openml_tasks(datasets, PROCEDURE, tally)
        pipelines = tables.pipelines(results["configuration"].unique(), oboe_pipeline, tally)
        runs = (
            results.join(pipelines, left_on="configuration", right_on="name", maintain_order="left")
            .join(datasets.join(tasks, on="dataset"), on="openml_id", maintain_order="left")
            .with_columns(
                pl.format("{}{}/{}", pl.lit(iris.own("run", "oboe/")), "openml_id", "key").alias("run"),
                pl.lit("finished").alias("status"),
                (1 - pl.col("error")).alias("one_vs_rest_balanced_accuracy"),
            )
        )
        tally.read("runs", results.height)
        tally.leave_out("runs", tables.SAME_PIPELINE, results.height - runs.height)
        return Batch(
            self.manifest,
            datasets=datasets,
            qualities=tables.qualities(
                sizes.select(
                    "openml_id",
                    pl.col("rows").alias("NumberOfInstances"),
                    (pl.col("columns") - 1).alias("NumberOfFeaturesAfterBinarization"),
                ),
                tally,
            ),
            tasks=tasks,
            pipelines=pipelines.select("pipeline", "title", "canonical"),
            runs=runs.select("run", "task", "dataset", "pipeline", "status"),
            evaluations=tables.evaluations(
                runs, {key: key for key in ("one_vs_rest_balanced_accuracy", "runtime_seconds")}, tally
            ),
        )
