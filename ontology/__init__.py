"""The terms of the graph: our few own ones, the reused ones, measures, procedures and components as SKOS, SHACL shapes.

Everything is data (Turtle, one JSON-LD context); this module finds it and reads it. Imports nothing of the project;
every package may import it. rdflib is loaded when a graph is asked for.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from rdflib import Graph

__all__ = ["NAMESPACE", "TERM_FILES", "context", "load", "path", "shapes"]

NAMESPACE = "https://w3id.org/metakg/ontology#"

TERM_FILES = ("metakg.ttl", "reused.ttl", "measures.ttl", "procedures.ttl", "slots.ttl", "algorithms.ttl")
"""Files that :func:`load` reads: the terms, not the shapes."""


def path(name: str) -> Traversable:
    """Return the packaged file of that name, such as ``metakg.ttl``."""
    return files(__name__) / name


def _parse(*names: str) -> Graph:
    from rdflib import Graph

    graph = Graph()
    for name in names:
        graph.parse(data=path(name).read_text(encoding="utf-8"), format="turtle")
    return graph


def load() -> Graph:
    """All terms and concept schemes in one rdflib graph."""
    return _parse(*TERM_FILES)


def shapes() -> Graph:
    """Return the SHACL shapes of dataset, task, pipeline, run and evaluation."""
    return _parse("shapes.ttl")


def context(name: str = "context") -> dict[str, Any]:
    """Return a JSON-LD context document, ``{"@context": {...}}``: ours, or that of ``croissant``."""
    document: dict[str, Any] = json.loads(path(f"{name}.jsonld").read_text(encoding="utf-8"))
    return document
