"""What datasets are described by: the same columns for the graph's datasets and for a person's table.

Landmark scores are known of every dataset that the landmarks were run on, sizes of nearly all, OpenML's other
qualities of some; what is unknown of a dataset stays missing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings import landmarks, metafeatures

if TYPE_CHECKING:
    from embeddings.table import Table
    from kg.experience import Experience

__all__ = ["LEAST_SHARE", "DatasetFeatures", "TableFeatures", "of_experience", "of_table"]

LEAST_SHARE = 0.1
"""A quality known of a smaller share of the datasets says too little to be learned from."""

LANDMARK_SHARE = 0.6
"""Share of the time for features that landmarks may take."""


@dataclass(frozen=True)
class DatasetFeatures:
    """Features of the graph's datasets: ``values`` is (n datasets, n names), NaN where unknown."""

    datasets: tuple[str, ...]
    names: tuple[str, ...]
    values: NDArray[np.float64]

    def row(self, dataset: str) -> NDArray[np.float64] | None:
        """Features (f,) of a dataset, or None if it is not among them."""
        return self.values[self.datasets.index(dataset)] if dataset in self.datasets else None


@dataclass(frozen=True)
class TableFeatures:
    """Features of a person's table: values by name, seconds by part, and notes for the person."""

    values: dict[str, float]
    seconds: dict[str, float]
    notes: list[str] = field(default_factory=list)

    def row(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Values (f,) in the order of ``names``, NaN for what was not computed."""
        return np.array([self.values.get(name, np.nan) for name in names])


def of_experience(experience: Experience, datasets: Sequence[str]) -> DatasetFeatures:
    """Features of the named datasets, from their landmark runs and their qualities in the graph."""
    landmark_datasets, landmark_names, landmark_values = landmarks.values_from_experience(experience)
    quality_datasets, quality_names, quality_values = experience.quality_table()
    scores = _aligned(datasets, landmark_datasets, landmark_values)
    qualities = _aligned(datasets, quality_datasets, quality_values)
    computable = [j for j, name in enumerate(quality_names) if name in metafeatures.NAMES]
    share = np.mean(~np.isnan(qualities), axis=0) if len(datasets) else np.zeros(len(quality_names))
    kept = [j for j in computable if share[j] >= LEAST_SHARE]
    names = (*landmark_names, *(quality_names[j] for j in kept))
    return DatasetFeatures(tuple(datasets), names, np.hstack([scores, qualities[:, kept]]))


def _aligned(wanted: Sequence[str], given: Sequence[str], values: NDArray[np.float64]) -> NDArray[np.float64]:
    place = {dataset: i for i, dataset in enumerate(given)}
    rows = np.full((len(wanted), values.shape[1]), np.nan)
    for i, dataset in enumerate(wanted):
        if dataset in place:
            rows[i] = values[place[dataset]]
    return rows


def of_table(
    table: Table, names: Collection[str], *, budget_seconds: float = 3.5, seed: int = 0
) -> TableFeatures:
    """Landmark scores of a table, and the groups of meta-features that any of ``names`` belongs to.

    Both are sampled so that they stay within the budget.
    """
    _load_learners()
    groups = [group for group, members in metafeatures.GROUPS.items() if not set(members).isdisjoint(names)]
    described = metafeatures.compute(
        table, budget_seconds=budget_seconds * (1 - LANDMARK_SHARE), seed=seed, groups=groups
    )
    runs = landmarks.compute(table, budget_seconds=budget_seconds * LANDMARK_SHARE, seed=seed)
    notes = list(dict.fromkeys([*described.notes, *runs.notes]))
    seconds = {**described.seconds, "landmarks": sum(runs.seconds.values())}
    return TableFeatures({**described.values, **runs.values}, seconds, notes)


def _load_learners() -> None:
    """Load what landmarks are made of, before their clock starts: it takes a second, and is no run's time."""
    from importlib import import_module

    for landmark in landmarks.LANDMARKS:
        for step in landmark.steps:
            import_module(step.component.rpartition(".")[0])
    import_module("sklearn.compose")
    import_module("sklearn.model_selection")
