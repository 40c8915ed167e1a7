"""What a graph holds and where from, and whether a trained model of it is there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kg.manifest import GraphInfo

if TYPE_CHECKING:
    from metakg.graph import KnowledgeGraph
    from metakg.models import ModelCard

__all__ = ["Status", "status_of"]


@dataclass(frozen=True)
class Status:
    """State of a store.

    Attributes
    ----------
    location
        Its folder, or its URL.
    version
        Number of the last commit.
    graphs
        Its named graphs, oldest first.
    experience
        Version of the experience that models are trained on.
    models
        Trained models on disk.
    waiting, refused
        Logged runs that are not in the graph yet, and those that could not be appended.
    fresh
        Whether one of them was trained on this very experience, nothing excluded.
    """

    location: str
    version: int
    graphs: tuple[GraphInfo, ...]
    experience: str
    models: tuple[ModelCard, ...]
    fresh: bool
    waiting: int = 0
    refused: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def to_json(self) -> str:
        """JSON of :meth:`to_dict`."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def status_of(kg: KnowledgeGraph) -> Status:
    """Look at a knowledge graph without loading what it holds."""
    recipe = kg.recipe()
    cards = tuple(kg.models.cards())
    inbox = kg.store.inbox
    return Status(
        location=kg.name,
        version=kg.store.version,
        graphs=tuple(kg.store.graphs()),
        experience=recipe.experience,
        models=cards,
        fresh=kg.models.has(recipe),
        waiting=len(inbox.waiting()) if inbox else 0,
        refused=len(inbox.refused()) if inbox else 0,
    )
