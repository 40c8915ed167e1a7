"""The public Python API and the command line: what people, methods and the app use.

`graph` holds :class:`KnowledgeGraph`, which joins the store, the sources, the embeddings and the recommender;
`recommendation`, `evidence` and `explanation` are what it answers with; `cli` is the command line. May import
everything below (`recommender`, `embeddings`, `ingest`, `kg`, `ontology`); only `methods` and `ui` import it.
Importing it loads nothing heavy: each part comes when it is first used.

>>> import metakg
>>> metakg.open  # doctest: +ELLIPSIS
<function open at ...>
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from os import PathLike

    from embeddings.table_file import read_table
    from kg.errors import MetakgError, TrackingWarning
    from kg.measures import measure_of
    from kg.questions import Question
    from kg.result import Result
    from kg.terms import IRI
    from metakg.autologging import autolog
    from metakg.croissant import croissant_of_table
    from metakg.graph import KnowledgeGraph
    from metakg.neighbours import Neighbours
    from metakg.recommendation import Recommendation
    from metakg.tracked_run import Run, current_run
    from metakg.tracking import run, track

__all__ = [
    "IRI",
    "KnowledgeGraph",
    "MetakgError",
    "Neighbours",
    "Question",
    "Recommendation",
    "Result",
    "Run",
    "TrackingWarning",
    "__version__",
    "autolog",
    "croissant_of_table",
    "current_run",
    "measure_of",
    "open",
    "read_table",
    "run",
    "track",
]

__version__ = "0.1.0"

_LAZY = {
    "IRI": "kg.terms",
    "KnowledgeGraph": "metakg.graph",
    "MetakgError": "kg.errors",
    "Neighbours": "metakg.neighbours",
    "Question": "kg.questions",
    "Recommendation": "metakg.recommendation",
    "Result": "kg.result",
    "Run": "metakg.tracked_run",
    "TrackingWarning": "kg.errors",
    "autolog": "metakg.autologging",
    "croissant_of_table": "metakg.croissant",
    "current_run": "metakg.tracked_run",
    "measure_of": "kg.measures",
    "read_table": "embeddings.table_file",
    "run": "metakg.tracking",
    "track": "metakg.tracking",
}


def open(location: str | PathLike[str] | None = None, *, read_only: bool = False) -> KnowledgeGraph:
    """Open a knowledge graph.

    Parameters
    ----------
    location
        Folder of an embedded store, or URL of an endpoint; left out, ``METAKG_STORE`` or ``./metakg-store``.
        A folder that does not exist is made by the first ingest.
    read_only
        Refuse everything that writes.

    Raises
    ------
    kg.errors.StoreError
        If there is something at that place that is not a store.
    """
    from metakg.graph import KnowledgeGraph

    return KnowledgeGraph(location, read_only=read_only)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'metakg' has no attribute {name!r}")
