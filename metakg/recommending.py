"""From a table to a recommendation: describe it, ask the model, and gather what speaks for the answer."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embeddings.estimators import adaptations
from embeddings.table import Task, prepare, read_table
from kg import iris
from kg.identity import all_names
from kg.measures import MEASURES
from kg.terms import IRI
from metakg import queries
from metakg.features import TableFeatures, of_table
from metakg.neighbours import NeighbourDataset, in_words, titles_of
from metakg.recommendation import Provenance, RankedPipeline, Recommendation, SupportRun, Target
from metakg.regression import refuse_regression
from metakg.training import MEASURE, PROCEDURE
from recommender.conversion import balanced_accuracy
from recommender.source_code import snippet

if TYPE_CHECKING:
    import pandas as pd

    from kg.selection import Selection
    from kg.store import Store
    from metakg.models import ModelCard
    from recommender.model import Choice, RecommenderModel

__all__ = ["Advice", "prepared"]

NEIGHBOURS = 10
SUPPORT_RUNS = 5


def prepared(
    table: str | Path | pd.DataFrame, target: str, *, task: Task | None, store: Store | None
) -> Target:
    """Read and check a person's table.

    Raises
    ------
    TableError
        If the table cannot be used, or is a regression table.
    """
    path = Path(table) if isinstance(table, str | Path) else None
    frame = read_table(path) if path is not None else table
    ready = prepare(frame, target, task, name=path.name if path is not None else "")  # type: ignore[arg-type]
    if ready.task == "regression":
        refuse_regression(ready, store, asked=task == "regression")
    name = path.name if path is not None else "data frame"
    return Target(iris.table_dataset(ready.fingerprint), name, target, str(path) if path else None, ready)


@dataclass(frozen=True)
class Advice:
    """All that an answer needs: the store for the evidence, the model, and what was left out of both.

    Attributes
    ----------
    store
        Where evidence is looked up.
    card, model
        The trained recommender.
    selection
        What both may use.
    """

    store: Store
    card: ModelCard
    model: RecommenderModel
    selection: Selection

    def recommend(
        self, target: Target, *, top: int, budget_seconds: float | None, seed: int = 0
    ) -> Recommendation:
        """Rank pipelines for a table."""
        clock = _Clock()
        described, row = self._described(target, seed)
        clock.lap("meta-features and landmarks")
        choices = self.model.portfolio(row, top, budget_seconds)
        neighbours = self._neighbours(row, NEIGHBOURS)
        clock.lap("model")
        names = all_names(self.store, [n.dataset for n in neighbours], self.selection)
        query = queries.with_values(
            "support",
            {"pipeline": [choice.pipeline.iri for choice in choices], "dataset": list(names)},
            {"procedure": PROCEDURE, "measure": MEASURE},
            self.selection,
        )
        support = self._support(query, neighbours, names)
        items = tuple(
            _item(rank, choice, support.get(choice.pipeline.iri, ()), target)
            for rank, choice in enumerate(choices, start=1)
        )
        graphs = tuple(
            graph.iri
            for graph in self.store.graphs()
            if graph.kind != "recommendations" and graph.iri in self.selection
        )
        clock.lap("evidence")
        answer = Recommendation(
            iri="",
            target=target,
            measure=MEASURES["balanced_accuracy"].key,
            procedure=PROCEDURE,
            items=items,
            neighbours=tuple(neighbours),
            provenance=Provenance(
                self.card.key,
                self.card.experience,
                graphs,
                self.selection.exclude_datasets,
                query,
                self.selection.exclude_sources,
                self.selection.as_of,
            ),
            notes=(
                *self.selection.notes,
                *described.notes,
                *_notes(choices, top, budget_seconds),
                *_measure_notes(target),
            ),
            seconds=clock.laps,
        )
        return replace(answer, iri=_content_iri(answer))

    def similar(self, target: Target, *, top: int, seed: int = 0) -> tuple[list[NeighbourDataset], list[str]]:
        """Neighbours of a table, and notes."""
        described, row = self._described(target, seed)
        return self._neighbours(row, top), [*self.selection.notes, *described.notes]

    def similar_to_known(self, dataset: str, *, top: int) -> list[NeighbourDataset]:
        """Neighbours of a dataset that the model was trained on, itself left out."""
        row = self.model.estimator.features[self.model.datasets.index(dataset)]
        found = self._neighbours(row, top + 1)
        return [neighbour for neighbour in found if neighbour.dataset != dataset][:top]

    def _described(self, target: Target, seed: int) -> tuple[TableFeatures, np.ndarray]:
        """Features of a table that the model looks at, and its row of all features, NaN for the others."""
        space = self.model.estimator.space
        described = of_table(target.table, [space.names[j] for j in space.used], seed=seed)
        return described, described.row(space.names)

    def _neighbours(self, row: np.ndarray, top: int) -> list[NeighbourDataset]:
        titles = titles_of(self.store, self.selection)
        pipelines = {pipeline.iri: pipeline.estimator.title for pipeline in self.model.pipelines}
        return [in_words(found, titles, pipelines) for found in self.model.neighbours(row, top)]

    def _support(
        self, query: str, neighbours: Sequence[NeighbourDataset], names: Mapping[str, str]
    ) -> Mapping[str, tuple[SupportRun, ...]]:
        by_dataset = {neighbour.dataset: neighbour for neighbour in neighbours}
        best: dict[str, float] = {}
        found: dict[str, list[SupportRun]] = {}
        for pipeline, name, run, value in self.store.query(query).rows():
            dataset = names[str(name)]
            neighbour = by_dataset[dataset]
            if dataset not in best:
                best[dataset] = best_known(self.store, dataset, self.selection)[0]
            found.setdefault(str(pipeline), []).append(
                SupportRun(
                    run=str(run),
                    dataset=dataset,
                    title=neighbour.title,
                    similarity=neighbour.similarity,
                    value=float(value),  # type: ignore[arg-type]
                    best=best[dataset],
                )
            )
        return {
            pipeline: tuple(sorted(runs, key=lambda run: (-run.similarity, run.run))[:SUPPORT_RUNS])
            for pipeline, runs in found.items()
        }


def best_known(store: Store, dataset: str, selection: Selection | None = None) -> tuple[float, int]:
    """Best score that the graph has of a dataset by the main measure and procedure, and over how many runs.

    Runs count by whichever name of the dataset they have.
    """
    total, scores = 0, []
    for name in all_names(store, [dataset], selection):
        answer = queries.run(
            store, "best", selection, dataset=IRI(name), procedure=IRI(PROCEDURE), measure=IRI(MEASURE)
        )
        best, runs = next(answer.rows())
        scores += [] if best is None else [float(best)]
        total += int(runs or 0)
    return max(scores, default=float("nan")), total


def _item(rank: int, choice: Choice, support: tuple[SupportRun, ...], target: Target) -> RankedPipeline:
    table = target.table
    classes = int(table.y.nunique())
    code = snippet(
        choice.pipeline,
        numeric=table.numeric,
        categorical=table.categorical,
        n_classes=classes,
        **adaptations(table.X, numeric=table.numeric, categorical=table.categorical),
    )
    runtime = None if np.isnan(choice.runtime) else round(choice.runtime, 3)
    low, mean, high = (balanced_accuracy(value, classes) for value in (choice.low, choice.mean, choice.high))
    numbers = (round(mean, 4), round(low, 4), round(high, 4))
    return RankedPipeline(rank, choice.pipeline, *numbers, runtime, support, code)


def _notes(choices: Sequence[Choice], top: int, budget_seconds: float | None) -> list[str]:
    if budget_seconds is None or len(choices) >= top:
        return []
    return [f"{len(choices)} pipelines fit the budget of {budget_seconds:g} s together"]


def _measure_notes(target: Target) -> list[str]:
    if target.table.y.nunique() <= 2:
        return []
    return [
        "the graph's runs are measured class against rest; predictions are converted to balanced accuracy, "
        "the scores of supporting runs are shown as they are"
    ]


def _content_iri(answer: Recommendation) -> str:
    content = {
        "dataset": answer.target.dataset,
        "model": answer.provenance.model,
        "graphs": answer.provenance.graphs,
        "excluded": answer.provenance.excluded,
        "items": [
            (
                item.rank,
                item.pipeline.iri,
                item.predicted,
                item.low,
                item.high,
                [run.run for run in item.support],
            )
            for item in answer.items
        ],
        "neighbours": [(neighbour.dataset, neighbour.similarity) for neighbour in answer.neighbours],
    }
    made_from = answer.provenance
    if made_from.excluded_sources or made_from.as_of:
        content["selection"] = [made_from.excluded_sources, made_from.as_of]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return iris.own("recommendation", hashlib.sha256(text.encode()).hexdigest()[:16])


class _Clock:
    """Seconds spent by part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Enter what has passed since the last lap under a name."""
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now
