"""From experience to a fitted recommender: features, the PyKEEN model, then all that answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embeddings.landmarks import MEASURE, PROCEDURE
from kg.errors import ModelError
from kg.selection import Selection
from metakg.training_runs import LEAST_DATASETS, only_learnable, only_recommendable

if TYPE_CHECKING:
    from kg.experience import Experience
    from recommender.model import RecommenderModel

__all__ = ["MEASURE", "PROCEDURE", "Progress", "Recipe", "train"]

Progress = Callable[[str, float], None]

REVISION = 1
"""Raised when the same experience would give another model, so that saved ones are not taken for it."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what a model is; its key names the model's folder.

    Attributes
    ----------
    experience
        Version of the experience, of what is selected of it.
    selection
        What is kept out, and what is left.
    seed
        Of the fit.
    """

    experience: str
    selection: Selection = field(default_factory=Selection)
    seed: int = 0

    @property
    def excluded(self) -> tuple[str, ...]:
        """IRIs of the datasets that are kept out, sorted."""
        return self.selection.exclude_datasets

    @property
    def key(self) -> str:
        """First 16 hexadecimal digits of a hash over everything.

        Graphs are in it by the experience's version: a selection that leaves nothing out, or leaves what an earlier
        graph held, has the model that is there already.
        """
        parts = [REVISION, self.experience, list(self.excluded), self.seed, MEASURE, PROCEDURE]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def train(
    experience: Experience,
    *,
    excluded: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
    begun: Callable[[], None] | None = None,
) -> RecommenderModel:
    """Fit a recommender on all runs of the graph's main measure and procedure but those of excluded datasets.

    Pipelines that cannot be built, or were run on fewer than 10 datasets, are left out; where the graph holds very
    many, :func:`metakg.training_runs.only_learnable` says which are learned.

    Parameters
    ----------
    experience
        Projection of the graph.
    excluded
        IRIs of datasets that the model must not see.
    seed
        The same seed, experience and machine give the same model.
    progress
        Called as ``progress(stage, share done)``.
    begun
        Called once when there is enough to learn from and the fit begins.

    Raises
    ------
    ModelError
        If the graph holds too few runs to learn from.
    """
    from embeddings.performance import PerformanceModel
    from kg.pipeline import Pipeline
    from metakg.features import of_experience
    from recommender.model import RecommenderModel

    known = experience.without_datasets(list(excluded)) if excluded else experience
    learned = only_learnable(only_recommendable(known, MEASURE, PROCEDURE), MEASURE, PROCEDURE)
    datasets, columns, values = learned.matrix(MEASURE, PROCEDURE)
    if len(datasets) < LEAST_DATASETS:
        raise ModelError(
            f"the graph holds {len(datasets)} datasets with cross-validated runs of pipelines that can be built and "
            f"were run on {LEAST_DATASETS} datasets at least, {LEAST_DATASETS} are needed to learn from: run "
            "`metakg ingest oboe`, or add experiments of your own"
        )
    if begun is not None:
        begun()
    runtime_datasets, runtime_columns, runtimes = learned.runtimes(MEASURE, PROCEDURE)
    if (list(runtime_datasets), list(runtime_columns)) != (list(datasets), list(columns)):
        raise ModelError("the experience's runtimes and scores disagree in their rows; delete its folder")
    canonical = dict(known.pipelines.select("pipeline", "canonical").iter_rows())
    pipelines = [Pipeline.from_canonical(canonical[iri]) for iri in columns]
    features = of_experience(known, datasets)

    def epochs(done: int, total: int) -> None:
        if progress is not None:
            progress("PyKEEN embedding", done / total)

    embedding = PerformanceModel.fit(
        features.values,
        values,
        pipelines,
        datasets=datasets,
        feature_names=features.names,
        measure=MEASURE,
        procedure=PROCEDURE,
        store_version=known.version,
        seed=seed,
        progress=epochs,
    )
    return RecommenderModel.fit(
        features.values,
        features.names,
        datasets,
        values,
        pipelines,
        runtimes,
        embedding=embedding,
        seed=seed,
        progress=progress,
    )
