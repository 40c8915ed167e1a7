"""What the sources of trackers have in common: a path, a name in the graph, and what somebody says beside it."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ingest.declarations import declarations
from ingest.graph_names import slug
from ingest.records import Records
from ingest.run_words import dataset_named
from ingest.source import Source, Tally
from ingest.tracked import TrackedRun, add
from kg.batch import Batch, Manifest
from kg.errors import SourceError

__all__ = ["TrackerSource"]

T = TypeVar("T")
R = TypeVar("R")


class TrackerSource(Source):
    """Runs that a tracker wrote to a file or folder.

    Parameters
    ----------
    path
        File or folder; where the tracker itself would write, in the current folder, if left out.
    name
        By which it is known in the graph, the path's name if left out: another path of that name replaces it.
    dataset
        Of the runs that name none: a name, or OpenML's number (``31``, ``openml:31``).
    measures
        Measures that are not known, declared; see :func:`ingest.declarations.declarations`.
    licence
        SPDX expression, if there is one.

    Raises
    ------
    QueryError
        If a measure is declared in contradiction to what is known of it.
    SourceError
        If the dataset cannot be named so, or a declaration is not understood.
    """

    usual: ClassVar[str]
    """Where the tracker writes if nobody tells it otherwise."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        name: str | None = None,
        dataset: str | int | None = None,
        measures: Mapping[str, Any] | Sequence[str] = (),
        licence: str = "not stated",
    ) -> None:
        super().__init__()
        self.path = Path(self.usual if path is None else path)
        self._name = slug(name or self.path.resolve().name, self.name)
        self._dataset = None if dataset is None else dataset_named(dataset)
        if dataset is not None and self._dataset is None:
            raise SourceError(f"dataset {dataset!r} is no name: give one with a letter, or OpenML's number")
        self._measures = declarations(measures)
        self._licence = licence

    @property
    def manifest(self) -> Manifest:
        """Where the runs come from."""
        return Manifest(
            self.name,
            self._name,
            f"{self.title}: {self.path.name}",
            self._licence,
            self.path.resolve().as_uri(),
        )

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch of all runs."""
        if not self.path.exists():
            raise SourceError(
                f"{self.path}: no such file or folder: say with --path (path=) where the runs are"
            )
        records = Records(self.manifest, tally, declared=self._measures)
        for run in self.runs(tally):
            add(run, records, self._dataset)
        yield records.batch()

    @staticmethod
    def readable(
        found: Iterable[T], read: Callable[[T], R], place: Callable[[T], str], tally: Tally
    ) -> Iterator[R]:
        """What is read of each thing that was found; what cannot be read is rejected by its place."""
        for each in found:
            try:
                yield read(each)
            except SourceError as error:
                tally.read("runs", 1)
                tally.reject("runs", place(each), str(error))

    @abstractmethod
    def runs(self, tally: Tally) -> Iterator[TrackedRun]:
        """Yield the runs, in an order that is the same each time; what is wrong is rejected by its place.

        Raises
        ------
        SourceError
            If nothing can be read.
        """
