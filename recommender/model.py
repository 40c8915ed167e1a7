"""The recommender: everything that is fitted once on the graph's experience and then answers for any dataset.

Fitting sees only the datasets it is given, so a dataset is kept out of the evidence by leaving its row out.
Loading and answering need numpy and safetensors alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.performance import PerformanceModel
from kg.errors import ModelError
from kg.pipeline import Pipeline
from recommender.completion import complete, pipeline_kernel
from recommender.gaussian import GaussianProcess, decompose
from recommender.intervals import Intervals
from recommender.performance import PerformanceEstimator, View, held_out_scores
from recommender.portfolio import choose, nearness, scenarios
from recommender.similarity import (
    Neighbour,
    SimilarityModel,
    agreements,
    pair_signals,
    shared_winners,
)

Floats = NDArray[np.float64]

LEAST_DATASETS = 10
#: seconds below which runtimes are not told apart
LEAST_SECONDS = 1e-3


@dataclass(frozen=True)
class Prediction:
    """What is expected of every pipeline on one dataset.

    Attributes
    ----------
    mean : (p,) predicted scores, within the measure's range
    low, high : (p,) ends of the prediction interval
    runtime : (p,) expected seconds, NaN where the model knows no runtimes
    """

    mean: Floats
    low: Floats
    high: Floats
    runtime: Floats


@dataclass(frozen=True)
class Choice:
    """A pipeline of a portfolio: its column, itself, and what is expected of it (as in
    :class:`Prediction`)."""

    position: int
    pipeline: Pipeline
    mean: float
    low: float
    high: float
    runtime: float


@dataclass(frozen=True)
class RecommenderModel:
    """A fitted recommender.

    Attributes
    ----------
    datasets : IRIs of the training datasets
    pipelines : that it chooses from
    bounds : the measure's range
    estimator : scores and resemblance from features
    runtimes : Gaussian process of log seconds, or None
    intervals : calibrated on predictions of the training datasets that had not seen them
    similarity : of behaviour
    """

    datasets: tuple[str, ...]
    pipelines: tuple[Pipeline, ...]
    bounds: tuple[float, float]
    estimator: PerformanceEstimator
    runtimes: GaussianProcess | None
    intervals: Intervals
    similarity: SimilarityModel

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        feature_names: Sequence[str],
        datasets: Sequence[str],
        values: NDArray[np.floating],
        pipelines: Sequence[Pipeline],
        runtimes: NDArray[np.floating] | None = None,
        *,
        embedding: PerformanceModel | None = None,
        embedded: NDArray[np.floating] | None = None,
        bounds: tuple[float, float] = (0.0, 1.0),
        trees: int = 300,
        seed: int = 0,
        progress: Callable[[str, float], None] | None = None,
    ) -> "RecommenderModel":
        """Fit on what was measured.

        Parameters
        ----------
        features : (n, f) rows with NaN for missing
        feature_names, datasets : labels of their columns and rows
        values : (n, p) scores, higher is better, NaN where nothing was measured
        pipelines : the columns of `values`
        runtimes : (n, p) seconds, NaN where unknown; left out, no runtime is predicted
        embedding : PyKEEN model fitted on the same rows, on these features or some of them (best those that
            :func:`recommender.features.dense_columns` names)
        embedded : (n, p) held-out scores of the embedding, if known; computed by refits otherwise
        bounds : of the measure
        trees : per forest
        seed : the same seed, data and machine give the same model
        progress : called as ``progress(stage, share of the stage done)``

        Raises
        ------
        ModelError
            if shapes disagree, or there are fewer than ten datasets or two pipelines with scores
        """
        inputs = np.asarray(features, dtype=np.float64)
        scores = np.asarray(values, dtype=np.float64)
        seconds = None if runtimes is None else np.asarray(runtimes, dtype=np.float64)
        _check_shapes(inputs, feature_names, datasets, scores, pipelines, seconds)
        if embedding is not None:
            _check_embedding(embedding, feature_names, pipelines)
        vectors = embedding.pipeline_vectors if embedding is not None else None
        kernel = pipeline_kernel(pipelines, vectors)
        full = complete(scores, kernel)
        if embedding is not None and embedded is None:
            embedded = held_out_scores(
                embedding, inputs, feature_names, scores, pipelines, seed=seed, progress=progress
            )
        estimator, held_out = PerformanceEstimator.fit(
            inputs,
            feature_names,
            full,
            embedding=embedding,
            embedded=None if embedding is None else np.asarray(embedded, dtype=float),
            trees=trees,
            seed=seed,
            progress=progress,
        )
        normal = estimator.space.normal(inputs)
        signals = pair_signals(held_out.weights, held_out.mean, full, normal, normal)
        return cls(
            datasets=tuple(datasets),
            pipelines=tuple(pipelines),
            bounds=bounds,
            estimator=estimator,
            runtimes=None if seconds is None else _fit_runtimes(estimator, inputs, seconds, kernel),
            intervals=Intervals.fit(scores - held_out.mean, held_out.weights),
            similarity=SimilarityModel.fit(signals, full),
        )

    def predict(self, features: NDArray[np.floating]) -> Prediction:
        """Scores, intervals and runtimes of all pipelines on the dataset with these features (f,)."""
        row = self._row(features)
        return self._prediction(row, self.estimator.view(row))

    def portfolio(
        self, features: NDArray[np.floating], k: int, budget_seconds: float | None = None
    ) -> list[Choice]:
        """At most `k` pipelines chosen together for the dataset with these features (f,), in order of choice.

        With a budget, their expected runtimes sum to at most `budget_seconds`.

        Raises
        ------
        ModelError
            if a budget is given and the model knows no runtimes
        """
        row = self._row(features)
        view = self.estimator.view(row)
        prediction = self._prediction(row, view)
        if budget_seconds is not None and self.runtimes is None:
            raise ModelError(
                "this model knows no runtimes; leave the time budget out or train it with runtimes"
            )
        residuals = nearness(self.estimator.values) - self.estimator.held_out_nearness()
        rows, weights = scenarios(view.nearness[:, 0], residuals, view.weights[0])
        chosen = choose(rows, weights, k, seconds=prediction.runtime, budget_seconds=budget_seconds)
        columns = (prediction.mean, prediction.low, prediction.high, prediction.runtime)
        return [Choice(j, self.pipelines[j], *(float(column[j]) for column in columns)) for j in chosen]

    def neighbours(self, features: NDArray[np.floating], k: int) -> list[Neighbour]:
        """The `k` training datasets that the dataset with these features (f,) most behaves like, nearest
        first."""
        row = self._row(features)
        view, estimator = self.estimator.view(row), self.estimator
        normal, others = estimator.space.normal(row), estimator.space.normal(estimator.features)
        signals = pair_signals(view.weights, view.mean, estimator.values, normal, others)
        similarity = self.similarity.predict(signals)[0]
        importance, used = estimator.importance(), estimator.space.used
        names = [estimator.space.names[j] for j in used]
        iris = [pipeline.iri for pipeline in self.pipelines]
        return [
            Neighbour(
                self.datasets[i],
                float(similarity[i]),
                agreements(
                    names, row[0, used], estimator.features[i, used], normal[0], others[i], importance
                ),
                shared_winners(iris, view.mean[0], estimator.values[i]),
            )
            # forest weights break ties among clipped similarities
            for i in np.lexsort((-view.weights[0], -similarity))[:k]
        ]

    def weights(self, features: NDArray[np.floating]) -> Floats:
        """How much each training dataset speaks for the dataset with these features (f,): (n,), sums to
        one."""
        return self.estimator.view(self._row(features)).weights[0]

    def save(self, folder: str | Path) -> None:
        """Write the model into `folder`; see :mod:`recommender.storage`."""
        from recommender.storage import save

        save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> "RecommenderModel":
        """Read a saved model; raises ModelError if it is missing, of another format, or damaged."""
        from recommender.storage import load

        return load(Path(folder))

    def _row(self, features: NDArray[np.floating]) -> Floats:
        row = np.atleast_2d(np.asarray(features, dtype=float))
        if row.shape != (1, len(self.estimator.space.names)):
            raise ModelError(
                f"the model expects {len(self.estimator.space.names)} features of one dataset, got an array of "
                f"shape {np.shape(features)}; give them in the order of its feature names"
            )
        return row

    def _prediction(self, row: Floats, view: View) -> Prediction:
        lower, upper = self.bounds
        mean = view.mean[0]
        half = self.intervals.half_widths(view.weights)[0]
        runtime = np.full(len(mean), np.nan)
        if self.runtimes is not None:
            runtime = np.exp(self.runtimes.predict(self.estimator.kernel(row))[0])
        low, high = (mean - half).clip(lower, upper), (mean + half).clip(lower, upper)
        return Prediction(mean.clip(lower, upper), low, high, runtime)


def _fit_runtimes(
    estimator: PerformanceEstimator, features: Floats, seconds: Floats, kernel: Floats
) -> GaussianProcess | None:
    if np.isnan(seconds).all():
        return None
    logs = complete(np.log(np.maximum(seconds, LEAST_SECONDS)), kernel)
    return GaussianProcess.fit(decompose(estimator.kernel(features)), logs)


def _check_shapes(
    features: Floats,
    names: Sequence[str],
    datasets: Sequence[str],
    values: Floats,
    pipelines: Sequence[Pipeline],
    seconds: Floats | None,
) -> None:
    expected = (len(datasets), len(pipelines))
    if values.shape != expected or features.shape != (len(datasets), len(names)):
        raise ModelError(
            f"{len(datasets)} datasets, {len(pipelines)} pipelines and {len(names)} features are named, but "
            f"the scores have shape {values.shape} and the features {features.shape}"
        )
    if seconds is not None and seconds.shape != expected:
        raise ModelError(f"the scores have shape {values.shape} but the runtimes {seconds.shape}")
    with_scores = int((~np.isnan(values)).any(axis=1).sum())
    if min(len(datasets), with_scores) < LEAST_DATASETS or with_scores < len(datasets) or len(pipelines) < 2:
        raise ModelError(
            f"a recommender needs at least {LEAST_DATASETS} datasets, each with a score, and 2 pipelines; "
            f"got {len(datasets)} datasets, {with_scores} of them with scores, and {len(pipelines)} pipelines: "
            f"ingest more experiments"
        )


def _check_embedding(
    embedding: PerformanceModel, names: Sequence[str], pipelines: Sequence[Pipeline]
) -> None:
    given = embedding.provenance
    if given.pipelines != tuple(pipeline.iri for pipeline in pipelines):
        raise ModelError("the embedding was trained for other pipelines; train both on the same experience")
    unknown = sorted(set(given.feature_names) - set(names))
    if unknown:
        raise ModelError(
            f"the embedding was trained on other features ({unknown[0]}); train both on the same"
        )
