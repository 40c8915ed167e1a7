"""The knowledge graph as people use it: one object that joins store, sources, embeddings and recommender.

>>> import metakg, tempfile
>>> kg = metakg.open(tempfile.mkdtemp() + "/store")
>>> kg.exists
False
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metakg.contents import Contents
from metakg.linking import Linking
from metakg.opened import DEFAULT_LOCATION, default_location
from metakg.questioning import Questioning
from metakg.tracking import Tracking

if TYPE_CHECKING:
    from metakg.status import Status

__all__ = ["DEFAULT_LOCATION", "KnowledgeGraph", "default_location"]


class KnowledgeGraph(Contents, Linking, Questioning, Tracking):
    """A knowledge graph of machine-learning experiments; a context manager.

    The store is opened when it is first needed; :meth:`ingest` and :meth:`create` make it if it is not there.

    Parameters
    ----------
    location
        Folder of the store, or URL of an endpoint; :func:`default_location` if left out.
    read_only
        Refuse everything that writes to the graph.
    say
        Told in single lines what takes long or could not be kept; writes to stderr if left out.

    Attributes
    ----------
    name
        The store as it was named: a folder or a URL.
    location
        Folder of the store; for an endpoint the local one for what is derived from it.
    remote
        Whether the store is behind an endpoint.
    """

    def status(self) -> Status:
        """What the graph holds, where from, and whether there is a trained model of it."""
        from metakg.status import status_of

        return status_of(self)
