"""How well, and how fast, the PyKEEN performance model alone predicts scores on OBOE.

``python -m benchmarks.embedding_fit --seeds 0-2`` prints R² (pooled over the cells of a seed's ten folds, mean ±
standard deviation over seeds) on unseen datasets, beside the mean per pipeline of the training datasets; the same
for a fifth of the pipelines that training never saw, beside the training mean; and the seconds of processor time
that a fit takes. Development seeds are 0-9, reported ones 100-109.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from benchmarks.oboe_data import Experiments, load
from embeddings.performance import PerformanceModel
from recommender.features import dense_columns

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

#: predicts the cells (test rows, predicted columns) from the training rows and columns
Predictor = Callable[[Experiments, Rows, Rows, Rows, Rows], Floats]


def embedded(members: int, epochs: int) -> Predictor:
    """The performance model; pipelines that it was not trained on are the sums of their nodes."""

    def predict(data: Experiments, train: Rows, test: Rows, fitted: Rows, predicted: Rows) -> Floats:
        used = dense_columns(data.features[train])
        features = data.features[:, used]
        model = PerformanceModel.fit(
            features[train],
            data.values[np.ix_(train, fitted)],
            [data.pipelines[j] for j in fitted],
            members=members,
            epochs=epochs,
        )
        if set(predicted) <= set(fitted):
            where = np.searchsorted(fitted, predicted)
            return model.predict(features[test])[:, where]
        return model.predict_pipelines(features[test], [data.pipelines[j] for j in predicted])

    return predict


def mean(data: Experiments, train: Rows, test: Rows, fitted: Rows, predicted: Rows) -> Floats:
    """Mean per pipeline over the training datasets; for unseen pipelines the mean over all seen ones."""
    if set(predicted) <= set(fitted):
        row = data.values[np.ix_(train, predicted)].mean(axis=0)
    else:
        row = np.full(len(predicted), data.values[np.ix_(train, fitted)].mean())
    return np.tile(row, (len(test), 1))


def r_squared(
    predict: Predictor, data: Experiments, seed: int, fitted: Rows, predicted: Rows
) -> tuple[float, float]:
    """R² pooled over ten folds of datasets, and mean seconds of processor time per fold."""
    scores = np.empty((len(data.datasets), len(predicted)))
    started = time.process_time()
    folds = KFold(10, shuffle=True, random_state=seed)
    for train, test in folds.split(scores):
        scores[test] = predict(data, train, test, fitted, predicted)
    seconds = (time.process_time() - started) / folds.n_splits
    measured = data.values[:, predicted]
    return float(1 - ((measured - scores) ** 2).sum() / ((measured - measured.mean()) ** 2).sum()), seconds


def table(data: Experiments, seeds: Sequence[int], epochs: int) -> list[str]:
    """The printed lines."""
    pipelines = np.setdiff1d(np.arange(len(data.pipelines)), data.landmarks)
    methods: dict[str, Predictor] = {
        "mean per pipeline": mean,
        "PyKEEN, 1 member": embedded(1, epochs),
        "PyKEEN, 2 members": embedded(2, epochs),
    }
    lines = [f"{'':20s} {'unseen datasets':>17s} {'and pipelines':>17s} {'seconds a fit':>14s}"]
    for name, predict in methods.items():
        seen, unseen = [], []
        for seed in seeds:
            held = np.random.default_rng(seed).permutation(pipelines)[: len(pipelines) // 5]
            seen.append(r_squared(predict, data, seed, pipelines, pipelines))
            unseen.append(r_squared(predict, data, seed, np.setdiff1d(pipelines, held), np.sort(held)))
        cells = [
            f"{np.mean(r):>9.4f} ± {np.std(r):.4f}" for r in ([r for r, _ in seen], [r for r, _ in unseen])
        ]
        lines.append(f"{name:20s} {cells[0]:>17s} {cells[1]:>17s} {np.mean([s for _, s in seen]):>14.2f}")
    return lines


def parse_seeds(text: str) -> list[int]:
    """``0-2`` or ``0,5`` to a list."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last) + 1)) if last else [int(part) for part in text.split(",")]


@click.command()
@click.option("--seeds", default="0-2", show_default=True, help="Range or list of seeds.")
@click.option("--features", type=click.Choice(["pmf", "shipped"]), default="pmf", show_default=True)
@click.option(
    "--metafeatures",
    type=click.Path(path_type=Path),
    default=Path("../shared/data/pmf-automl/metafeatures.csv"),
    show_default=True,
    help="CSV of meta-features for --features pmf.",
)
@click.option("--epochs", default=25, show_default=True)
def main(seeds: str, features: str, metafeatures: Path, epochs: int) -> None:
    """Print how well the PyKEEN performance model alone predicts OBOE's scores."""
    data = load(features, metafeatures)
    click.echo(f"{features}: {len(data.datasets)} datasets x {len(data.pipelines)} pipelines, seeds {seeds}")
    for line in table(data, parse_seeds(seeds), epochs):
        click.echo(line)


if __name__ == "__main__":
    main()
