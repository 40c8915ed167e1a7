"""Which cheap pipelines tell most about all others, and how well our landmark scores agree with OBOE's.

``python -m benchmarks.landmarks`` prints the greedy choice that `embeddings.landmarks.LANDMARKS` came from (minutes),
the agreement on the datasets that are in OBOE and ship with scikit-learn, and the landmarks' time.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter, process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from benchmarks import metafeatures, openml_tables
from embeddings.landmarks import LANDMARKS, NAMES, compute
from ingest.oboe import RESULTS
from ingest.sklearn_names import oboe_pipeline
from ingest.tables import DATA
from kg.pipeline import Pipeline

Floats = NDArray[np.float64]

SHARED = (3, 61, 187, 1510)
SEEDS, FOLDS = range(10), 10
TREE_SPLITS = {2, 4, 8, 16, 32, 64, 128, 256, 0.01}


def matrix() -> tuple[list[int], list[Pipeline], Floats]:
    """OpenML ids, pipelines, and OBOE's scores (datasets × pipelines)."""
    wide = pl.read_parquet(DATA / RESULTS).pivot("configuration", index="openml_id", values="error")
    pipelines = [oboe_pipeline(text) for text in wide.columns[1:]]
    return wide["openml_id"].to_list(), pipelines, 1 - wide.drop("openml_id").to_numpy()


def cheap(pipeline: Pipeline) -> bool:
    """Whether a pipeline takes less than about 0.15 s on 1,000 × 20, and says something on small tables too."""
    name, parameters = pipeline.estimator.name, pipeline.estimator.parameters
    return (
        name in {"KNeighborsClassifier", "GaussianNB", "Perceptron"}
        or (name == "DecisionTreeClassifier" and parameters.get("min_samples_split", 2) in TREE_SPLITS)
        or (name == "LogisticRegression" and parameters.get("solver") == "liblinear")
        or (name == "LinearSVC" and float(parameters.get("C", 1) or 1) <= 0.25)
    )


def splits(
    rows: int, seeds: Sequence[int] | range = SEEDS
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Training and test rows of each fold of each seed."""
    parts = []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(rows)
        parts += [(np.setdiff1d(order, order[i::FOLDS]), order[i::FOLDS]) for i in range(FOLDS)]
    return parts


def ridge_r2(X: Floats, Y: Floats, seeds: Sequence[int] | range = SEEDS) -> float:
    """R² over all cells of held-out rows of Y, from a ridge regression (λ = 1) on standardised X."""
    error = total = 0.0
    for train, test in splits(len(X), seeds):
        mean, spread, level = X[train].mean(0), X[train].std(0), Y[train].mean(0)
        A, B = (X[train] - mean) / spread, (X[test] - mean) / spread
        weights = np.linalg.solve(A.T @ A + np.eye(X.shape[1]), A.T @ (Y[train] - level))
        error += float(((Y[test] - level - B @ weights) ** 2).sum())
        total += float(((Y[test] - Y[train].mean()) ** 2).sum())
    return 1 - error / total


def forest(X: Floats, Y: Floats, judged: list[int]) -> tuple[float, float]:
    """R² over the judged columns, and regret of the column predicted best, of ExtraTrees (two seeds)."""
    error = total = 0.0
    regrets: list[float] = []
    for train, test in splits(len(X), range(2)):
        model = ExtraTreesRegressor(100, min_samples_leaf=2, max_features=0.4, random_state=0)
        predicted = model.fit(X[train], Y[train]).predict(X[test])
        error += float(((Y[test] - predicted)[:, judged] ** 2).sum())
        total += float(((Y[test] - Y[train].mean())[:, judged] ** 2).sum())
        regrets += list(Y[test].max(axis=1) - Y[test, predicted.argmax(axis=1)])
    return 1 - error / total, float(np.mean(regrets))


def choose(steps: int = 10) -> None:
    """Print the greedy choice: the gain of each landmark, judged on pipelines that cannot be landmarks."""
    datasets, pipelines, Y = matrix()
    sizes = pl.read_parquet(DATA / "oboe-datasets.parquet")
    shape = dict(zip(sizes["openml_id"], sizes.select("rows", "columns").rows(), strict=True))
    size = np.log(np.array([shape[dataset] for dataset in datasets], dtype=float))
    candidates = [j for j, pipeline in enumerate(pipelines) if cheap(pipeline)]
    # 139 configurations: neither cheap nor close relatives of cheap ones.
    excluded = {"KNeighborsClassifier", "DecisionTreeClassifier", "ExtraTreesClassifier"}
    judged = [j for j, p in enumerate(pipelines) if j not in candidates and p.estimator.name not in excluded]
    print(f"{len(candidates)} candidates, judged on {len(judged)} others")
    print(f"{'sizes alone':<60}{ridge_r2(size, Y[:, judged]):>8.4f}")
    chosen: list[int] = []
    for step in range(steps):
        gains = {
            j: ridge_r2(np.column_stack([size, Y[:, [*chosen, j]]]), Y[:, judged], range(2))
            for j in candidates
            if j not in chosen
        }
        chosen.append(max(gains, key=lambda j: gains[j]))
        X = np.column_stack([size, Y[:, chosen]])
        added = pipelines[chosen[-1]]
        label = f"{step + 1:>2} {'*' if added in LANDMARKS else ' '} {added.estimator.title}"
        line = f"{label:<60}{ridge_r2(X, Y[:, judged]):>8.4f}"
        if step + 1 in {1, 3, 5, 7, 9, 10}:
            r2, regret = forest(X, Y, judged)
            line += f"   ExtraTrees R² {r2:.4f}, regret@1 {regret:.4f}"
        print(line, flush=True)


def agree() -> None:
    """Print our scores beside OBOE's."""
    datasets, pipelines, Y = matrix()
    column = {pipeline: j for j, pipeline in enumerate(pipelines)}
    print(f"\n{'ours / OBOE':<62}" + "".join(f"{dataset:>16}" for dataset in SHARED))
    ours = {dataset: compute(openml_tables.table(dataset), budget_seconds=600).values for dataset in SHARED}
    for name, pipeline in zip(NAMES, LANDMARKS, strict=True):
        theirs = {dataset: Y[datasets.index(dataset), column[pipeline]] for dataset in SHARED}
        cells = "".join(f"{ours[dataset][name]:>8.4f}/{theirs[dataset]:.4f} " for dataset in SHARED)
        print(f"{pipeline.estimator.title:<62}{cells}")


def time() -> None:
    """Print the time of all landmarks for tables of several shapes, with a budget of 1.5 seconds."""
    compute(metafeatures.made(100, 4, 2))
    print(f"\n{'rows × columns, classes':<28}{'wall s':>8}{'CPU s':>8}{'missing':>9}  notes")
    for rows, columns, classes in (
        (1000, 20, 2),
        (1000, 20, 10),
        (1000, 200, 2),
        (100_000, 50, 2),
        (20_000, 200, 50),
    ):
        table = metafeatures.made(rows, columns, classes)
        wall, cpu = perf_counter(), process_time()
        result = compute(table)
        missing = int(np.isnan(list(result.values.values())).sum())
        shape = f"{rows:,} × {columns:,}, {classes}"
        note = result.notes[0] if result.notes else ""
        print(f"{shape:<28}{perf_counter() - wall:>8.2f}{process_time() - cpu:>8.2f}{missing:>9}  {note}")


if __name__ == "__main__":
    agree()
    time()
    choose()
