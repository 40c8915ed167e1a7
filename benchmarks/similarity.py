"""Protocol D on OBOE: which known datasets does an unseen one behave like?

``python -m benchmarks.similarity --seeds 100-104`` prints how well each method ranks the training datasets
for each held-out dataset. Truth is the Spearman correlation of balanced accuracies over the 219 pipelines
(less the landmarks, whose scores are given); NDCG with gains ``2^relevance - 1``, relevance being that
correlation brought to [0, 1] per dataset.
"""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.oboe import parse_seeds
from benchmarks.oboe_data import Experiments, load
from recommender.features import FeatureSpace
from recommender.model import RecommenderModel
from recommender.similarity import ranks

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def similarities(data: Experiments, train: Rows, test: Rows, seed: int) -> dict[str, Floats]:
    """Similarity (m, n) of each held-out to each training dataset, by method."""
    model = RecommenderModel.fit(
        data.features[train],
        data.feature_names,
        [data.datasets[i] for i in train],
        data.values[train],
        data.pipelines,
    )
    column = {data.datasets[i]: c for c, i in enumerate(train)}
    ours = np.zeros((len(test), len(train)))
    for row, i in enumerate(test):
        for place, neighbour in enumerate(model.neighbours(data.features[i], len(train))):
            # the order, which also ranks those whose similarity was clipped to one
            ours[row, column[neighbour.dataset]] = -place
    space = FeatureSpace.fit(data.features[train], data.feature_names)
    here, there = space.normal(data.features[test]), space.normal(data.features[train])
    predicted = np.stack([model.predict(data.features[i]).mean for i in test])
    return {
        "random": np.random.default_rng(seed).random(ours.shape),
        "features (normal scores)": -((here[:, None] - there[None]) ** 2).sum(axis=2),
        "forest weights": np.stack([model.weights(data.features[i]) for i in test]),
        "predicted scores": ranks(predicted) @ ranks(data.values[train]).T,
        "ours": ours,
    }


def judge(similarity: Floats, truth: Floats) -> dict[str, float]:
    """NDCG@5 and @10, and how often the first is the truly nearest or among the five nearest."""
    spread = truth.max(axis=1, keepdims=True) - truth.min(axis=1, keepdims=True)
    gains = 2 ** ((truth - truth.min(axis=1, keepdims=True)) / spread) - 1
    found = np.take_along_axis(gains, np.argsort(-similarity, axis=1, kind="stable"), axis=1)
    best = -np.sort(-gains, axis=1)
    scores = {}
    for k in (5, 10):
        discount = 1 / np.log2(np.arange(2, k + 2))
        scores[f"NDCG@{k}"] = float(((found[:, :k] @ discount) / (best[:, :k] @ discount)).mean())
    first = gains[np.arange(len(gains)), similarity.argmax(axis=1)]
    scores["Hit@1"] = float((first >= best[:, 0]).mean())
    scores["first in 5"] = float((first >= best[:, 4]).mean())
    return scores


def run(
    seeds: Sequence[int], quick: bool, features: str, metafeatures: Path
) -> dict[str, list[dict[str, float]]]:
    """Scores by method, one per seed; `quick` runs two of the ten folds."""
    from sklearn.model_selection import KFold

    data = load(features, metafeatures)
    judged = np.setdiff1d(np.arange(len(data.pipelines)), data.landmarks)
    scores = ranks(data.values[:, judged])
    table: dict[str, list[dict[str, float]]] = {}
    for seed in seeds:
        parts: dict[str, list[tuple[float, dict[str, float]]]] = {}
        folds = list(KFold(10, shuffle=True, random_state=seed).split(data.features))
        for f, (train, test) in enumerate(folds[: 2 if quick else None]):
            click.echo(f"seed {seed}, fold {f + 1}", err=True)
            truth = scores[test] @ scores[train].T
            for name, similarity in similarities(data, train, test, seed).items():
                parts.setdefault(name, []).append((len(test), judge(similarity, truth)))
        for name, found in parts.items():
            sizes = [size for size, _ in found]
            means = {key: float(np.average([s[key] for _, s in found], weights=sizes)) for key in found[0][1]}
            table.setdefault(name, []).append(means)
    return table


@click.command(help="Protocol D: datasets that behave like one never seen, on OBOE.")
@click.option("--seeds", default="0-1", show_default=True)
@click.option("--quick", is_flag=True, help="Two folds per seed instead of ten.")
@click.option("--features", type=click.Choice(["pmf", "shipped"]), default="shipped", show_default=True)
@click.option(
    "--metafeatures",
    type=click.Path(path_type=Path),
    default=Path("../shared/data/pmf-automl/metafeatures.csv"),
    show_default=True,
)
def main(seeds: str, quick: bool, features: str, metafeatures: Path) -> None:
    from kg.errors import MetakgError

    try:
        table = run(parse_seeds(seeds), quick, features, metafeatures)
    except MetakgError as error:
        raise click.ClickException(str(error)) from error
    keys = list(next(iter(table.values()))[0])
    click.echo(f"{'':28s}" + "".join(f"{key:>16s}" for key in keys))
    for name, per_seed in table.items():
        cells = (
            f"{np.mean([s[key] for s in per_seed]):.3f} ± {np.std([s[key] for s in per_seed]):.3f}"
            for key in keys
        )
        click.echo(f"{name:28s}" + "".join(f"{cell:>16s}" for cell in cells))


if __name__ == "__main__":
    main()
