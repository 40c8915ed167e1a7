"""What a recommendation is: ranked pipelines, what is expected of each, and what speaks for it.

Everything here is plain data; it can be printed, written as JSON, CSV, Turtle or a script, and stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kg.errors import PipelineError
from kg.pipeline import Pipeline
from metakg.neighbours import NeighbourDataset

if TYPE_CHECKING:
    from embeddings.table import Table

__all__ = ["COVERAGE", "Provenance", "RankedPipeline", "Recommendation", "SupportRun", "Target"]

COVERAGE = 0.9
"""Share of true scores that the intervals are made to hold."""


@dataclass(frozen=True)
class SupportRun:
    """A run of a recommended pipeline on a dataset like the target.

    Attributes
    ----------
    run, dataset
        IRIs.
    title
        Name of the dataset.
    similarity
        Of the dataset to the target, within [0, 1].
    value, best
        The run's score, and the best that is known of the dataset by the same measure and procedure.
    """

    run: str
    dataset: str
    title: str
    similarity: float
    value: float
    best: float


@dataclass(frozen=True)
class RankedPipeline:
    """One pipeline of a recommendation.

    Attributes
    ----------
    rank
        1 is to be tried first. Ranks are those of a portfolio: each adds most to the ones before it.
    predicted, low, high
        Expected score and its prediction interval.
    expected_runtime_seconds
        For five-fold cross-validation, on the machines that the graph's runs come from; None if unknown.
    support
        Runs of this pipeline on the most similar datasets, the most similar first.
    code
        Python source that constructs it for the table.
    """

    rank: int
    pipeline: Pipeline
    predicted: float
    low: float
    high: float
    expected_runtime_seconds: float | None
    support: tuple[SupportRun, ...]
    code: str


@dataclass(frozen=True)
class Target:
    """The table that a recommendation is for: its IRI, and how scripts read it.

    Attributes
    ----------
    dataset
        IRI, from the table's content.
    name, target
        Of the table and its target column.
    path
        File that it was read from, None for a data frame.
    table
        The prepared table.
    """

    dataset: str
    name: str
    target: str
    path: str | None
    table: Table


@dataclass(frozen=True)
class Provenance:
    """What a recommendation was made from.

    Attributes
    ----------
    model
        Key of the model.
    experience
        Version of the experience that the model was trained on.
    graphs
        IRIs of the named graphs in the evidence, each with its version in it.
    excluded
        IRIs of datasets that were kept out.
    query
        SPARQL that gives the supporting runs.
    excluded_sources
        IRIs of the named graphs that were kept out.
    as_of
        Time in UTC after which nothing counted, in ISO form; "" for none.
    """

    model: str
    experience: str
    graphs: tuple[str, ...]
    excluded: tuple[str, ...]
    query: str
    excluded_sources: tuple[str, ...] = ()
    as_of: str = ""


@dataclass(frozen=True)
class Recommendation:
    """Ranked pipelines for a table, with the evidence.

    Attributes
    ----------
    iri
        Names its content: the same answer has the same IRI.
    target
        What it is for.
    measure
        Key of the measure that scores are in.
    procedure
        IRI of the estimation procedure.
    items, neighbours
        Pipelines by rank, datasets by similarity.
    provenance
        What it was made from.
    notes
        What a person should know about the table and the answer.
    seconds
        Time spent, by part.
    """

    iri: str
    target: Target
    measure: str
    procedure: str
    items: tuple[RankedPipeline, ...]
    neighbours: tuple[NeighbourDataset, ...]
    provenance: Provenance
    notes: tuple[str, ...]
    seconds: dict[str, float]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[RankedPipeline]:
        return iter(self.items)

    def __getitem__(self, index: int) -> RankedPipeline:
        return self.items[index]

    @cached_property
    def _neighbour_dicts(self) -> list[dict[str, Any]]:
        return [neighbour.to_dict() for neighbour in self.neighbours]

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dictionary per pipeline, best first: what :meth:`to_json` writes."""
        return [
            {
                "rank": item.rank,
                "title": item.pipeline.title,
                "pipeline": {
                    "steps": [
                        {"slot": step.slot, "component": step.component, "parameters": dict(step.parameters)}
                        for step in item.pipeline.steps
                    ]
                },
                "pipeline_iri": item.pipeline.iri,
                "predicted": item.predicted,
                "interval": [item.low, item.high],
                "measure": self.measure,
                "expected_runtime_seconds": item.expected_runtime_seconds,
                "support": [support.run for support in item.support],
                "neighbours": self._neighbour_dicts,
                "code": item.code,
            }
            for item in self.items
        ]

    def to_json(self) -> str:
        """JSON list of the pipelines, best first."""
        return json.dumps(self.to_dicts(), ensure_ascii=False, indent=2)

    def to_csv(self) -> str:
        """CSV with one row per pipeline (RFC 4180)."""
        from metakg.recommendation_text import csv_text

        return csv_text(self)

    def to_table(self) -> str:
        """Text for a terminal of 100 columns: scores drawn with their intervals, and what speaks for each."""
        from metakg.recommendation_text import table_text

        return table_text(self)

    def to_turtle(self) -> str:
        """Turtle of the recommendation and its provenance."""
        from metakg.evidence import turtle

        return turtle(self)

    def to_python(self, rank: int = 1, *, path: str | None = None) -> str:
        """Script that reads the table's file, cross-validates a pipeline on it, fits it and predicts.

        Parameters
        ----------
        rank
            Of the pipeline.
        path
            File that the script reads; the one that the table was read from if left out. A file that is not
            here is written as given, for a script that will run elsewhere on a copy of the table.

        Raises
        ------
        PipelineError
            If there is no such rank, or no file is known.
        """
        from pathlib import Path

        from embeddings.estimators import adaptations
        from embeddings.table_file import separator_of
        from recommender.source_code import script

        if not 1 <= rank <= len(self.items):
            raise PipelineError(f"there is no pipeline of rank {rank}; ranks are 1 to {len(self.items)}")
        read_from = self.target.path or path
        if read_from is None:
            raise PipelineError(
                "the recommendation is for a data frame, and a script reads a file: save the frame as CSV "
                "and give to_python(path=...)"
            )
        path = path or read_from
        table = self.target.table
        adapted = adaptations(table.X, numeric=table.numeric, categorical=table.categorical)
        return script(
            self.items[rank - 1].pipeline,
            path=str(Path(path).resolve()) if Path(path).exists() else path,
            target=self.target.target,
            numeric=table.numeric,
            categorical=table.categorical,
            n_classes=int(table.y.nunique()),
            separator=separator_of(read_from) if Path(read_from).is_file() else ",",
            sparse=adapted["sparse"],
            negative=adapted["negative"],
        )
