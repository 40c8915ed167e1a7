"""TensorOboe: 23,424 scikit-learn pipelines cross-validated on 551 OpenML classification datasets.

C. Yang, J. Fan, Z. Wu, M. Udell: *AutoML Pipeline Selection: Efficiently Navigating the Combinatorial Space*,
KDD 2020; package ``oboe`` 0.2.0 (BSD-3-Clause). What its numbers mean:

- Errors: mean over 5 stratified, shuffled folds of OBOE's balanced error (``kfold_fit_validate`` in
  ``oboe/pipeline.py``, ``error`` in ``oboe/util.py``; see :mod:`ingest.oboe`). That the folds were 5 the
  numbers confirm: on datasets whose class sizes 5 does not divide, the smallest errors are those of one, two,
  three mistakes in folds of these sizes, and of no other number of folds. So measure and procedure are OBOE's.
  What differs: each run drew its own folds, and imputer, encoder and scaler were fitted within the folds.
- Runtimes: wall-clock seconds of all folds, fit and prediction.
- Both are float16, about three significant digits, and given as the shortest decimal of that precision.
- A runtime of NaN marks a cell that was not measured: the error beside it was imputed by the authors with a
  low-rank model. It is left out, always.
- Error and runtime of -1 mark a run without a score. The package gives no reason for any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ingest import tables
from ingest.oboe_matrices import PACKAGE
from ingest.sklearn_names import tensoroboe_pipeline
from ingest.source import Source, Tally
from ingest.tensoroboe_tensor import FAILED, Tensors, decimals, read_tensors
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import SourceError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["DATASETS_PER_BATCH", "FAILURE", "NOT_MEASURED", "TensorOboeSource"]

PROCEDURE = "5-fold-cv"

DATASETS_PER_BATCH = 16
"""A batch has up to 374,784 runs."""

NOT_MEASURED = "never measured: the source's error there is imputed"
FAILURE = "the source gives no reason"
NO_SCORE = "a failed run has no score and no runtime"


class TensorOboeSource(Source):
    """Cross-validated scores and runtimes of TensorOboe, streamed.

    A batch holds the runs of the next :data:`DATASETS_PER_BATCH` datasets by OpenML id, with these datasets
    and their tasks; the first holds the pipelines too. What a batch holds depends on nothing but the data.

    Parameters
    ----------
    path
        The wheel of ``oboe`` 0.2.0, or the folder it was unpacked into; None to look for the wheel in the
        current folder and the cache folder when it is read.
    datasets
        OpenML ids of the datasets to read; None for all.
    """

    name: ClassVar[str] = "tensoroboe"
    title: ClassVar[str] = "TensorOboe: 23,424 scikit-learn pipelines cross-validated on 551 OpenML datasets"

    def __init__(self, path: str | Path | None = None, datasets: Sequence[int] | None = None) -> None:
        super().__init__()
        self.path = None if path is None else Path(path)
        self.datasets = None if datasets is None else tuple(datasets)

    @property
    def manifest(self) -> Manifest:
        """The tensors of OBOE 0.2.0, BSD-3-Clause; too many runs to link each to its hyperparameter settings."""
        return Manifest(
            source=self.name,
            version="0.2.0",
            title=self.title,
            licence="BSD-3-Clause",
            derived_from="https://github.com/udellgroup/oboe",
            bulk=True,
        )

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield the batches: 35 with all datasets, with 12,047,988 runs in all, of which 258,020 failed."""
        import numpy as np

        tensors = read_tensors(PACKAGE.locate() if self.path is None else self.path)
        rows = self._rows(tensors)
        pipelines = _pipelines(tensors, tally)
        columns = pipelines["column"].to_numpy()
        measured = ~np.isnan(tensors.runtimes[rows])
        tally.read("runs", measured.size)
        tally.leave_out("runs", NOT_MEASURED, measured.size - int(measured.sum()))
        tally.leave_out("runs", tables.SAME_PIPELINE, int(np.delete(measured, columns, axis=1).sum()))
        for start in range(0, len(rows), DATASETS_PER_BATCH):
            group = rows[start : start + DATASETS_PER_BATCH]
            yield self._batch(tensors, group, pipelines, tally, first=start == 0)

    def _rows(self, tensors: Tensors) -> np.ndarray:
        """Rows of the wanted datasets, by OpenML id."""
        import numpy as np

        wanted = tensors.datasets if self.datasets is None else sorted(set(self.datasets))
        unknown = [number for number in wanted if number not in set(tensors.datasets)]
        if unknown:
            raise SourceError(
                f"source {self.name!r} has no OpenML dataset {unknown[0]}; it has {len(tensors.datasets)}, "
                f"such as {', '.join(map(str, sorted(tensors.datasets)[:5]))}"
            )
        return np.array([tensors.datasets.index(number) for number in sorted(wanted)], dtype=np.int64)

    def _batch(
        self, tensors: Tensors, group: np.ndarray, pipelines: pl.DataFrame, tally: Tally, *, first: bool
    ) -> Batch:

        once = pipelines.select("pipeline", "title", "canonical")
        datasets = tables.openml_datasets([tensors.datasets[row] for row in group], tally)
        tasks = tables.openml_tasks(datasets, PROCEDURE, tally)
        runs, evaluations = _runs(tensors, group, datasets.join(tasks, on="dataset"), pipelines, tally)
        return Batch(
            self.manifest,
            datasets=datasets,
            tasks=tasks,
            pipelines=once if first else once.clear(),
            runs=runs,
            evaluations=evaluations,
        )


def _pipelines(tensors: Tensors, tally: Tally) -> pl.DataFrame:
    """Distinct pipelines, by column: column, key, pipeline, title, canonical."""
    import polars as pl

    places = pl.Series([f"{column:05}" for column in range(len(tensors.pipelines))], dtype=pl.String)
    found = tables.pipelines(places, lambda place: tensoroboe_pipeline(tensors.pipelines[int(place)]), tally)
    return found.with_columns(pl.col("name").cast(pl.Int64).alias("column"))


def _runs(
    tensors: Tensors, group: np.ndarray, described: pl.DataFrame, pipelines: pl.DataFrame, tally: Tally
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Run and evaluation tables of the rows ``group``, which ``described`` has in the same order."""
    import numpy as np
    import polars as pl

    cells = np.ix_(group, pipelines["column"].to_numpy())
    errors, runtimes = tensors.errors[cells], tensors.runtimes[cells]
    rows, columns = np.nonzero(~np.isnan(runtimes))
    errors, runtimes = errors[rows, columns], runtimes[rows, columns]
    failed = errors == FAILED
    runs = (
        described.select("openml_id", "dataset", "task")[rows]
        .hstack(pipelines.select("pipeline", "key")[columns])
        .with_columns(
            pl.format("{}{}/{}", pl.lit(iris.own("run", "tensoroboe/")), "openml_id", "key").alias("run"),
            pl.Series("failed", failed),
        )
        .with_columns(
            pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("finished")).alias("status"),
            pl.when("failed").then(pl.lit(FAILURE)).alias("error"),
        )
    )
    scored = runs.filter(~pl.col("failed")).select(
        "run",
        pl.Series("one_vs_rest_balanced_accuracy", decimals(errors[~failed], complement=True)),
        pl.Series("runtime_seconds", decimals(runtimes[~failed])),
    )
    measures = scored.columns[1:]
    tally.read("evaluations", len(measures) * int(failed.sum()))
    tally.leave_out("evaluations", NO_SCORE, len(measures) * int(failed.sum()))
    evaluations = tables.evaluations(scored, {key: key for key in measures}, tally)
    return runs.select("run", "task", "dataset", "pipeline", "status", "error"), evaluations
