"""The graph: IRIs, pipelines, batches and their mapping to RDF, stores, shipped questions, and projections.

Everything else is built on this package; it imports nothing of ours but ``ontology``. Importing it loads
neither rdflib nor pandas nor any learning library: those are loaded where a function needs them.
"""

from __future__ import annotations

from pathlib import Path

from class_resolver import ClassResolver

from kg.batch import Batch, Manifest
from kg.embedded import EmbeddedStore
from kg.memory import MemoryStore
from kg.pipeline import Pipeline, Step
from kg.remote import RemoteStore
from kg.remote_settings import cache_folder, is_url, remote_options
from kg.result import Result
from kg.store import Commit, Store
from kg.terms import IRI

__all__ = [
    "IRI",
    "Batch",
    "Commit",
    "EmbeddedStore",
    "Manifest",
    "MemoryStore",
    "Pipeline",
    "RemoteStore",
    "Result",
    "Step",
    "Store",
    "open_store",
    "store_resolver",
]

store_resolver: ClassResolver[Store] = ClassResolver(
    [EmbeddedStore, MemoryStore, RemoteStore],
    base=Store,  # type: ignore[type-abstract]
)
"""Stores by name (``embedded``, ``memory``, ``remote``)."""


def open_store(location: str | Path, *, create: bool = False, read_only: bool = False) -> Store:
    """Open the store in a folder, or behind the URL of an endpoint (see :mod:`kg.remote_settings`).

    Raises
    ------
    StoreError
        If there is none (and ``create`` is not given), or it cannot be used.
    """
    if is_url(location):
        url = str(location)
        return RemoteStore(url, **remote_options(url), folder=cache_folder(url), read_only=read_only)
    return EmbeddedStore(location, create=create, read_only=read_only)
