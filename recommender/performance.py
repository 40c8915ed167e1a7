"""Pipeline performance estimation: a score for every pipeline on a dataset that has never been run.

Three learners see the dataset's features: Gaussian processes, a forest whose inputs include the Gaussian
processes' predictions, and (where one is given) a PyKEEN model whose score is the performance. All that one
learner tells another about a training dataset was predicted without that dataset's scores. Their mean is
weighted by what they explain of held-out datasets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.performance import PerformanceModel
from kg.pipeline import Pipeline
from recommender.features import FeatureSpace
from recommender.forest import Forest
from recommender.gaussian import GaussianProcess, decompose, kernels
from recommender.portfolio import OFFSETS, nearness

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

#: principal components of predicted scores, and of predicted nearness to the best, that the forests are
#: told
SCORE_COMPONENTS = 8
NEARNESS_COMPONENTS = 8
FOLDS = 4
#: targets and inputs of the forests that say which training datasets resemble a dataset: (target, told
#: predictions or not)
FORESTS = (("scores", True), ("scores", False), ("nearness", True), ("nearness", False))
#: of the offsets, the one whose nearness the forests are told and grown on
MIDDLE = len(OFFSETS) // 2


@dataclass(frozen=True)
class View:
    """What the learners say about m datasets.

    Attributes
    ----------
    mean : (m, p) predicted scores
    weights : (m, n) resemblance to each training dataset, rows sum to one
    nearness : (3, m, p) predicted nearness to the best (:func:`recommender.portfolio.nearness`)
    """

    mean: Floats
    weights: Floats
    nearness: Floats


@dataclass(frozen=True)
class PerformanceEstimator:
    """The fitted learners, their blend, and what they say about the training datasets themselves.

    Attributes
    ----------
    space : the features
    features : (n, f) training rows
    values : (n, p) training scores, completed
    scores : Gaussian process of the scores
    nearness : one Gaussian process for each offset of :func:`recommender.portfolio.nearness`
    forests : one for each of :data:`FORESTS`
    blend : (2 or 3,) weights of Gaussian process, forest and embedding in the mean
    embedding : PyKEEN model, or None
    """

    space: FeatureSpace
    features: Floats
    values: Floats
    scores: GaussianProcess
    nearness: tuple[GaussianProcess, ...]
    forests: tuple[Forest, ...]
    blend: Floats
    embedding: PerformanceModel | None

    @classmethod
    def fit(
        cls,
        features: Floats,
        names: Sequence[str],
        values: Floats,
        *,
        embedding: PerformanceModel | None = None,
        embedded: Floats | None = None,
        trees: int = 300,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> tuple["PerformanceEstimator", View]:
        """Fit on complete scores; also returns the view of each training dataset by learners that have not
        seen it.

        Parameters
        ----------
        features : (n, f) rows with NaN for missing
        names : of the features
        values : (n, p) without NaN
        embedding : model that scores these pipelines from these features
        embedded : (n, p) that model's scores for the training datasets, each from a fit without the dataset
        """
        report = progress or _silent
        space = FeatureSpace.fit(features, names)
        blocks = space.blocks(features)
        report("Gaussian processes", 0.0)
        grid = decompose(kernels(blocks, blocks))
        scores = GaussianProcess.fit(grid, values)
        near = nearness(values)
        processes = tuple(GaussianProcess.fit(grid, rows) for rows in near)
        told = [space.inputs(features), *_told(scores, scores.left_out, processes[MIDDLE].left_out, embedded)]
        views = {True: np.hstack(told), False: told[0]}
        targets = {"scores": values, "nearness": near[MIDDLE]}
        forests = []
        for i, (target, with_told) in enumerate(FORESTS):
            report("forests", i / len(FORESTS))
            forests.append(Forest.fit(views[with_told], targets[target], trees=trees, seed=seed + i))
        held_out_forest, held_out_weights = _cross_fitted(views, targets, trees // 3, seed, report)
        candidates = [scores.targets(scores.left_out), held_out_forest @ values]
        if embedded is not None:
            candidates.append(embedded)
        blend = _blend(candidates, values)
        estimator = cls(space, features, values, scores, processes, tuple(forests), blend, embedding)
        return estimator, View(_blended(blend, candidates), held_out_weights, estimator.held_out_nearness())

    def view(self, features: NDArray[np.floating]) -> View:
        """Predictions for datasets given by their features (m, f)."""
        rows = np.atleast_2d(np.asarray(features, dtype=float))
        kernel = self.kernel(rows)
        score_parts = self.scores.components(kernel)
        near_parts = [process.components(kernel) for process in self.nearness]
        embedded = None
        if self.embedding is not None:
            embedded = self.embedding.predict(rows[:, embedding_columns(self.embedding, self.space.names)])
        inputs = self.space.inputs(rows)
        told = np.hstack([inputs, *_told(self.scores, score_parts, near_parts[MIDDLE], embedded)])
        weights = [
            forest.weights(told if with_told else inputs)
            for forest, (_, with_told) in zip(self.forests, FORESTS, strict=True)
        ]
        candidates = [self.scores.targets(score_parts), weights[0] @ self.values]
        if embedded is not None:
            candidates.append(embedded)
        near = np.stack(
            [process.targets(parts) for process, parts in zip(self.nearness, near_parts, strict=True)]
        )
        return View(_blended(self.blend, candidates), np.mean(weights, axis=0), near)

    def held_out_nearness(self) -> Floats:
        """Nearness (3, n, p) of the training datasets, each predicted without its own scores."""
        return np.stack([process.targets(process.left_out) for process in self.nearness])

    def kernel(self, features: Floats) -> Floats:
        """All kernels between datasets with these features (m, f) and the training datasets: (n_kernels, m,
        n)."""
        return kernels(self.space.blocks(features), self.space.blocks(self.features))

    def importance(self) -> Floats:
        """How often the forests split on each feature in use, relative to the most split on: (u,)."""
        count = np.zeros(len(self.space.used))
        for forest in self.forests:
            used = forest.feature[(forest.feature >= 0) & (forest.feature < len(count))]
            count += np.bincount(used, minlength=len(count))
        return count / max(count.max(), 1.0)


def _silent(_stage: str, _share: float) -> None:
    """Report nothing."""


def _told(
    scores: GaussianProcess,
    score_parts: Floats,
    near_parts: Floats,
    embedded: Floats | None,
) -> list[Floats]:
    """What forests are told beside the inputs: the leading components of the other learners' predictions."""
    parts = [score_parts[:, :SCORE_COMPONENTS], near_parts[:, :NEARNESS_COMPONENTS]]
    if embedded is not None:
        parts.append((embedded - scores.centre) @ scores.rotation[:SCORE_COMPONENTS].T)
    return parts


def _blended(blend: Floats, candidates: Sequence[Floats]) -> Floats:
    return np.tensordot(blend, np.stack(candidates), axes=1)


def _folds(count: int, seed: int) -> list[NDArray[np.int64]]:
    order = np.random.default_rng(seed).permutation(count)
    return [np.sort(part) for part in np.array_split(order, min(FOLDS, count))]


def _cross_fitted(
    views: Mapping[bool, Floats], targets: Mapping[str, Floats], trees: int, seed: int, report: Progress
) -> tuple[Floats, Floats]:
    """Weights (n, n) of each training dataset over those of other folds: of the first forest, and the mean of
    all."""
    count = len(targets["scores"])
    first, mean = np.zeros((count, count)), np.zeros((count, count))
    for f, held in enumerate(_folds(count, seed)):
        report("held-out forests", f / FOLDS)
        rest = np.setdiff1d(np.arange(count), held)
        for i, (target, with_told) in enumerate(FORESTS):
            view = views[with_told]
            forest = Forest.fit(
                view[rest], targets[target][rest], trees=trees // (1 if i == 0 else 2), seed=seed + i
            )
            weights = forest.weights(view[held])
            if i == 0:
                first[np.ix_(held, rest)] = weights
            mean[np.ix_(held, rest)] += weights / len(FORESTS)
    return first, mean


def _blend(candidates: Sequence[Floats], values: Floats) -> Floats:
    """Non-negative weights with sum one that minimise the held-out squared error."""
    errors = np.stack([(values - candidate).ravel() for candidate in candidates])
    gram = errors @ errors.T / errors.shape[1]
    weights = np.full(len(candidates), 1 / len(candidates))
    step = 0.5 / max(float(np.trace(gram)), 1e-12)
    for _ in range(500):
        weights = _onto_simplex(weights - step * 2 * gram @ weights)
    return weights


def _onto_simplex(point: Floats) -> Floats:
    """The nearest point whose coordinates are non-negative and sum to one (Duchi et al. 2008)."""
    ordered = np.sort(point)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, len(point) + 1)
    return np.maximum(point - excess[ordered > excess][-1], 0.0)


def embedding_columns(embedding: PerformanceModel, names: Sequence[str]) -> NDArray[np.int64]:
    """Where the embedding's features are among `names`; raises ValueError for one that is not."""
    return np.array([list(names).index(name) for name in embedding.provenance.feature_names], dtype=np.int64)


def held_out_scores(
    embedding: PerformanceModel,
    features: Floats,
    names: Sequence[str],
    values: Floats,
    pipelines: Sequence[Pipeline],
    *,
    folds: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> Floats:
    """Scores (n, p) of the training datasets by refits of `embedding` that have not seen them."""
    report = progress or _silent
    columns = embedding_columns(embedding, names)
    scores = np.empty(values.shape)
    order = np.random.default_rng(seed).permutation(len(values))
    for f, held in enumerate(np.array_split(order, folds)):
        report("held-out embeddings", f / folds)
        rest = np.setdiff1d(np.arange(len(values)), held)
        refit = PerformanceModel.fit(
            features[np.ix_(rest, columns)],
            values[rest],
            pipelines,
            feature_names=embedding.provenance.feature_names,
            dim=embedding.provenance.dim,
            epochs=embedding.provenance.epochs,
            members=1,
            seed=seed,
        )
        scores[held] = refit.predict(features[np.ix_(held, columns)])
    return scores
