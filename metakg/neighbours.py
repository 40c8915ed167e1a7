"""Datasets that behave like a dataset, with the reasons in words."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from embeddings.landmarks import LANDMARKS
from embeddings.landmarks import NAMES as LANDMARK_NAMES
from kg import iris
from kg.identity import aliases
from metakg import queries

if TYPE_CHECKING:
    from kg.selection import Selection
    from kg.store import Store
    from recommender.similarity import Agreement, Neighbour

__all__ = ["NeighbourDataset", "Neighbours", "in_words", "name_of", "titles_of"]

SHOWN_REASONS = 3
SHOWN_WINNERS = 2

_PLACEHOLDER = re.compile(r"OpenML dataset \d+$")
_LANDMARK_TITLES = dict(
    zip(LANDMARK_NAMES, (landmark.estimator.title for landmark in LANDMARKS), strict=True)
)


@dataclass(frozen=True)
class NeighbourDataset:
    """A dataset of the graph that behaves like the one asked about.

    Attributes
    ----------
    dataset
        IRI.
    title
        Its name where the graph knows one, else what its IRI says.
    openml_id
        None if it is not OpenML's.
    similarity
        Predicted rank correlation of pipelines' scores, within [0, 1].
    why
        The reasons, in words.
    """

    dataset: str
    title: str
    openml_id: int | None
    similarity: float
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Attributes by name."""
        return asdict(self)


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of a dataset or table, the most similar first.

    Attributes
    ----------
    subject
        Name of what they are neighbours of.
    items
        The neighbours.
    notes
        What a person should know about the answer.
    """

    subject: str
    items: tuple[NeighbourDataset, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[NeighbourDataset]:
        return iter(self.items)

    def __getitem__(self, index: int) -> NeighbourDataset:
        return self.items[index]

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dictionary per neighbour."""
        return [item.to_dict() for item in self.items]

    def to_json(self) -> str:
        """JSON list of the neighbours."""
        return json.dumps(self.to_dicts(), ensure_ascii=False, indent=2)

    def to_csv(self) -> str:
        """CSV with one row per neighbour."""
        out = io.StringIO()
        writer = csv.DictWriter(out, ["dataset", "title", "openml_id", "similarity", "why"])
        writer.writeheader()
        writer.writerows(self.to_dicts())
        return out.getvalue()


def name_of(dataset: str, titles: Mapping[str, str]) -> str:
    """Name of a dataset for people: its title, its OpenML id, or the end of its IRI."""
    number = iris.openml_id(dataset)
    title = titles.get(dataset)
    if title and number is not None:
        return f"{title} (openml:{number})"
    if title:
        return title
    return f"openml:{number}" if number is not None else dataset.rpartition("/")[2]


def titles_of(store: Store, selection: Selection | None = None) -> dict[str, str]:
    """Names of the graph's datasets by IRI; those that only repeat an OpenML id are left out."""
    rows = queries.run(store, "titles", selection).rows()
    titles = {str(dataset): str(title) for dataset, title in rows if not _PLACEHOLDER.match(str(title))}
    for name, first in aliases(store, selection).items():
        if name in titles:
            titles.setdefault(first, titles[name])
    return titles


def in_words(
    found: Neighbour, titles: Mapping[str, str], pipeline_titles: Mapping[str, str]
) -> NeighbourDataset:
    """A neighbour as the recommender found it, told to people."""
    reasons = [_agreement(agreement) for agreement in found.agreeing[:SHOWN_REASONS]]
    if found.shared_winners:
        winners = ", ".join(pipeline_titles.get(iri, iri) for iri in found.shared_winners[:SHOWN_WINNERS])
        reasons.append(f"among the best on both: {winners}")
    return NeighbourDataset(
        dataset=found.dataset,
        title=titles.get(found.dataset) or name_of(found.dataset, {}),
        openml_id=iris.openml_id(found.dataset),
        similarity=round(found.similarity, 4),
        why="; ".join(reasons) or "its pipelines are expected to rank alike",
    )


def _agreement(agreement: Agreement) -> str:
    name = _LANDMARK_TITLES.get(agreement.feature)
    label = f"{name} scores" if name else agreement.feature
    return f"{label} {agreement.value:.3g} here, {agreement.neighbour_value:.3g} there"
