"""The rows of protocol O: each method sees training datasets only, and says what it expects and picks on the
others."""

import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.oboe_data import Experiments
from embeddings.performance import PerformanceModel
from recommender.features import FeatureSpace, dense_columns
from recommender.model import RecommenderModel
from recommender.performance import held_out_scores
from recommender.portfolio import choose, relative_to_best

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

PICKS = 10
EPOCHS = 12
SIZES = ("NumberOfInstances", "NumberOfFeatures", "NumberOfFeaturesAfterBinarization", "NumberOfClasses")


@dataclass(frozen=True)
class Outcome:
    """What a method said about m held-out datasets.

    Attributes
    ----------
    mean : (m, p) predicted scores, or None
    picks : (m, 10) columns in order of choice
    low, high : (m, p) ends of its intervals, or None
    """

    mean: Floats | None
    picks: NDArray[np.int64]
    low: Floats | None = None
    high: Floats | None = None


def _ranked(mean: Floats) -> Outcome:
    return Outcome(mean, np.argsort(-mean, axis=1, kind="stable")[:, :PICKS])


def pipeline_mean(data: Experiments, train: Rows, test: Rows) -> Outcome:
    """The mean of each pipeline over training datasets."""
    return _ranked(np.tile(data.values[train].mean(axis=0), (len(test), 1)))


def greedy_portfolio(data: Experiments, train: Rows, test: Rows) -> Outcome:
    """One portfolio for all datasets, chosen greedily on the training datasets."""
    regrets = relative_to_best(data.values[train])
    picks = choose(regrets, np.full(len(train), 1 / len(train)), PICKS)
    return Outcome(None, np.tile(picks, (len(test), 1)))


def nearest(data: Experiments, train: Rows, test: Rows) -> Outcome:
    """Mean of the ten training datasets with the nearest meta-features (normal scores by training ranks)."""
    space = FeatureSpace.fit(data.features[train], data.feature_names)
    here, there = space.normal(data.features[test]), space.normal(data.features[train])
    distance = ((here[:, None] - there[None]) ** 2).sum(axis=2)
    ten = np.argsort(distance, axis=1, kind="stable")[:, :10]
    return _ranked(data.values[train][ten].mean(axis=1))


def extra_trees(data: Experiments, train: Rows, test: Rows) -> Outcome:
    """Multi-output extremely randomised trees on the features."""
    from sklearn.ensemble import ExtraTreesRegressor

    rows = data.features.clip(-1e30, 1e30)
    forest = ExtraTreesRegressor(300, min_samples_leaf=2, max_features=0.4, n_jobs=1, random_state=0)
    return _ranked(forest.fit(rows[train], data.values[train]).predict(rows[test]))


class NoiseModel(PerformanceModel):
    """An embedding of the same width and scale whose dataset vectors are noise, fixed by the features."""

    def encode(self, features: NDArray[np.floating]) -> Floats:
        """Random vectors with the deviation of the true ones."""
        true = super().encode(features)
        seeds = [zlib.crc32(row.tobytes()) for row in np.nan_to_num(np.atleast_2d(features))]
        noise = np.stack([np.random.default_rng(seed).standard_normal(true.shape[1]) for seed in seeds])
        return noise * self.dataset_vectors.std(axis=0)


def recommenders(data: Experiments, train: Rows, test: Rows) -> dict[str, Outcome]:
    """Ours, and ours with parts left out or replaced by noise."""
    features, values = data.features[train], data.values[train]
    dense = dense_columns(features)
    embedding = PerformanceModel.fit(
        features[:, dense],
        values,
        data.pipelines,
        feature_names=[data.feature_names[j] for j in dense],
        epochs=EPOCHS,
        members=1,
    )
    embedded = held_out_scores(embedding, features, data.feature_names, values, data.pipelines, folds=2)
    noise = NoiseModel(embedding.provenance, embedding.vocabulary, embedding.scaler, embedding.weights)
    sizes = tuple(j for j, name in enumerate(data.feature_names) if name in SIZES)
    only_sizes = replace(
        data, features=data.features[:, sizes], feature_names=tuple(data.feature_names[j] for j in sizes)
    )
    return {
        "ours": _ours(data, train, test, embedding, embedded),
        "ours without embeddings": _ours(data, train, test, None, None),
        "ours without meta-features (sizes only)": _ours(only_sizes, train, test, None, None),
        "ours with noise for embeddings": _ours(data, train, test, noise, noise.predict(features[:, dense])),
    }


def _ours(
    data: Experiments, train: Rows, test: Rows, embedding: PerformanceModel | None, embedded: Floats | None
) -> Outcome:
    model = RecommenderModel.fit(
        data.features[train],
        data.feature_names,
        [data.datasets[i] for i in train],
        data.values[train],
        data.pipelines,
        embedding=embedding,
        embedded=embedded,
    )
    predictions = [model.predict(data.features[i]) for i in test]
    picks = [[choice.position for choice in model.portfolio(data.features[i], PICKS)] for i in test]
    mean, low, high = (np.stack([getattr(p, name) for p in predictions]) for name in ("mean", "low", "high"))
    return Outcome(mean, np.array(picks), low, high)


BASELINES = {
    "mean per pipeline": pipeline_mean,
    "global greedy portfolio": greedy_portfolio,
    "kNN-10 on the features": nearest,
    "ExtraTrees on the features": extra_trees,
}
