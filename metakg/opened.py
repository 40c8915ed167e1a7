"""A store that is opened when it is first needed, and what is kept of it meanwhile."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kg import open_store
from kg.remote_settings import cache_folder, is_url
from kg.store import Store

if TYPE_CHECKING:
    from kg.experience import Experience
    from kg.measures import Measure
    from kg.query_process import QueryProcesses
    from metakg.models import Models

__all__ = ["DEFAULT_LOCATION", "OpenedGraph", "default_location", "plain_path"]

DEFAULT_LOCATION = "metakg-store"


def default_location() -> str:
    """Store that is used when none is named: ``METAKG_STORE``, or ``metakg-store`` in the current folder."""
    return os.environ.get("METAKG_STORE") or DEFAULT_LOCATION


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


class OpenedGraph:
    """The store of a knowledge graph; :class:`metakg.graph.KnowledgeGraph` says what its parameters are."""

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        *,
        read_only: bool = False,
        say: Callable[[str], None] = _to_stderr,
    ) -> None:
        place = default_location() if location is None else location
        self.remote = is_url(place)
        self.location = cache_folder(str(place)) if self.remote else Path(place)
        self.name = str(place) if self.remote else str(self.location)
        self.read_only = read_only
        self._say = say
        self._opened: Store | None = None
        self._kept_models: Models | None = None
        self._kept_experience: tuple[int, Experience] | None = None
        self._kept_processes: QueryProcesses | None = None
        self._measures: dict[str, Measure] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """For worker processes: where the store is, and nothing of what was opened."""
        place = self.name if self.remote else str(self.location.absolute())
        return {"location": place, "read_only": self.read_only, "measures": self._measures}

    def __setstate__(self, state: dict[str, Any]) -> None:
        OpenedGraph.__init__(self, state["location"], read_only=state["read_only"])
        self._measures = state["measures"]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def exists(self) -> bool:
        """Whether there is anything at the location; an endpoint is taken to be there."""
        return self.remote or self.location.exists()

    @property
    def store(self) -> Store:
        """The store, opened when first used.

        Raises
        ------
        StoreError
            If there is none at the location, or it cannot be used.
        """
        if self._opened is None:
            self._opened = open_store(self.name, read_only=self.read_only)
        return self._opened

    def create(self) -> bool:
        """Make an empty store if there is none; returns whether one was made.

        Raises
        ------
        StoreError
            If the place is taken or cannot be written.
        """
        made = not self.remote and not (self.location / "store.json").exists()
        if self._opened is None:
            self._opened = open_store(self.name, create=not self.read_only, read_only=self.read_only)
        return made

    def close(self) -> None:
        """Let go of the store; the object opens it again when it is used again."""
        if self._kept_processes is not None:
            self._kept_processes.close()
            self._kept_processes = None
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        self._kept_models = None
        self._kept_experience = None

    def refresh(self) -> None:
        """Read the newest version of the graph from now on."""
        self.store.refresh()


def plain_path(subject: Any) -> Any:
    """The subject, with text for a path."""
    return os.fspath(subject) if isinstance(subject, os.PathLike) else subject
