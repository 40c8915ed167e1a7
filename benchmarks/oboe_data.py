"""What the benchmarks on OBOE read: the project's own packaged source, and one table of features per
setting."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kg import iris
from kg.errors import TableError
from kg.pipeline import Pipeline

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Experiments:
    """OBOE as matrices.

    Attributes
    ----------
    datasets : IRIs, n
    pipelines : p
    values, runtimes : (n, p) balanced accuracy and seconds
    features : (n, f), NaN where missing
    feature_names : f
    landmarks : columns of `values` that are features too
    """

    datasets: tuple[str, ...]
    pipelines: tuple[Pipeline, ...]
    values: Floats
    runtimes: Floats
    features: Floats
    feature_names: tuple[str, ...]
    landmarks: tuple[int, ...]


def load(features: str, metafeatures: Path) -> Experiments:
    """Read OBOE with features `pmf` (a table of meta-features, for the datasets it has) or `shipped` (all
    datasets)."""
    from ingest.oboe import OboeSource

    batches = list(OboeSource().batches())
    datasets = tuple(sorted({iri for batch in batches for iri in batch.runs["dataset"]}))
    pipelines = tuple(
        Pipeline.from_canonical(text)
        for text in sorted({text for batch in batches for text in batch.pipelines["canonical"]})
    )
    row = {iri: i for i, iri in enumerate(datasets)}
    column = {pipeline.iri: j for j, pipeline in enumerate(pipelines)}
    scores = {
        key: np.full((len(row), len(column)), np.nan)
        for key in ("one_vs_rest_balanced_accuracy", "runtime_seconds")
    }
    matrix_of = {iris.measure(key): matrix for key, matrix in scores.items()}
    for batch in batches:
        joined = batch.evaluations.join(batch.runs.select("run", "dataset", "pipeline"), on="run")
        for dataset, pipeline, measure, value in joined.select(
            "dataset", "pipeline", "measure", "value"
        ).iter_rows():
            matrix_of[measure][row[dataset], column[pipeline]] = value
    values, runtimes = scores["one_vs_rest_balanced_accuracy"], scores["runtime_seconds"]
    if features == "pmf":
        kept, names, table = _table_features(metafeatures, datasets)
        return Experiments(
            tuple(datasets[i] for i in kept), pipelines, values[kept], runtimes[kept], table, names, ()
        )
    from embeddings.landmarks import LANDMARKS, NAMES

    positions = tuple(column[pipeline.iri] for pipeline in LANDMARKS)
    names, table = _quality_features(datasets, (batch.qualities.iter_rows() for batch in batches))
    table = np.hstack([table, values[:, positions]])
    return Experiments(datasets, pipelines, values, runtimes, table, (*names, *NAMES), positions)


def _table_features(path: Path, datasets: tuple[str, ...]) -> tuple[list[int], tuple[str, ...], Floats]:
    """Rows of `datasets` that a CSV (OpenML id in the first column) has, its feature names, and their
    values."""
    import pandas as pd

    if not path.is_file():
        raise TableError(
            f"{path}: no such file; give the meta-features of pmf-automl with --metafeatures FILE, or use "
            f"--features shipped"
        )
    frame = pd.read_csv(path, index_col=0)
    known = {iris.openml_dataset(int(key)): key for key in frame.index}
    kept = [i for i, iri in enumerate(datasets) if iri in known]
    return kept, tuple(frame.columns), frame.loc[[known[datasets[i]] for i in kept]].to_numpy(dtype=float)


def _quality_features(
    datasets: tuple[str, ...], own: Iterable[Iterable[tuple[str, str, float]]]
) -> tuple[tuple[str, ...], Floats]:
    """Qualities that the packaged sources give: OBOE's sizes for all datasets, LCDB's OpenML qualities for
    some."""
    from ingest.lcdb import LcdbSource

    row = {iri: i for i, iri in enumerate(datasets)}
    cells: dict[tuple[int, str], float] = {}
    for rows in (*(batch.qualities.iter_rows() for batch in LcdbSource().batches()), *own):
        for dataset, name, value in rows:
            if dataset in row:
                cells[row[dataset], name] = value
    names = tuple(sorted({name for _, name in cells}))
    position = {name: j for j, name in enumerate(names)}
    table = np.full((len(datasets), len(names)), np.nan)
    for (i, name), value in cells.items():
        table[i, position[name]] = value
    return names, table
