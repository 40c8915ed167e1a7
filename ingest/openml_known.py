"""What a graph of OpenML's runs holds already, so that only what is new is added to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kg import iris
from kg.terms import IRI, to_term
from kg.vocabulary import MLS, RDF, own_term

if TYPE_CHECKING:
    from kg.batch import Batch
    from kg.measures import Measure
    from kg.store import Store

__all__ = ["GraphKnown", "Known", "MemoryKnown"]

_ASKED = 2_000


class Known(ABC):
    """Answers which of some runs are there, by OpenML's numbers."""

    @abstractmethod
    def runs(self, numbers: Iterable[int]) -> set[int]:
        """Those that are there."""

    @abstractmethod
    def measured(self, numbers: Iterable[int], measure: Measure) -> set[int]:
        """Those that have a value of a measure."""

    @abstractmethod
    def with_folds(self, numbers: Iterable[int], measure: Measure) -> set[int]:
        """Those that have a series of a measure by fold."""

    @abstractmethod
    def every_run(self) -> list[int]:
        """All that are there, in order."""

    @abstractmethod
    def count(self) -> int:
        """How many are there."""

    @abstractmethod
    def note(self, batch: Batch) -> None:
        """Take note of what is there from now on."""


class MemoryKnown(Known):
    """Remembers what it took note of: for reading without a graph."""

    def __init__(self) -> None:
        self._runs: set[int] = set()
        self._pairs: set[tuple[int, str]] = set()

    def runs(self, numbers: Iterable[int]) -> set[int]:
        """See :class:`Known`."""
        return self._runs.intersection(numbers)

    def measured(self, numbers: Iterable[int], measure: Measure) -> set[int]:
        """See :class:`Known`."""
        return {number for number in numbers if (number, measure.iri) in self._pairs}

    def with_folds(self, numbers: Iterable[int], measure: Measure) -> set[int]:
        """See :class:`Known`."""
        return {number for number in numbers if (number, measure.key) in self._pairs}

    def every_run(self) -> list[int]:
        """See :class:`Known`."""
        return sorted(self._runs)

    def count(self) -> int:
        """See :class:`Known`."""
        return len(self._runs)

    def note(self, batch: Batch) -> None:
        """See :class:`Known`."""
        self._runs.update(map(_number, batch.runs["run"]))
        for frame, column in ((batch.evaluations, "measure"), (batch.series, "name")):
            pairs = frame.select("run", column).unique().iter_rows()
            self._pairs.update((_number(run), name) for run, name in pairs)


class GraphKnown(Known):
    """Asks the graph, however it came about."""

    def __init__(self, store: Store, graph: str) -> None:
        self._store, self._graph = store, graph
        self._count = next((info.counts.get("runs", 0) for info in store.graphs() if info.iri == graph), 0)

    def runs(self, numbers: Iterable[int]) -> set[int]:
        """See :class:`Known`."""
        return self._those(numbers, f"?run <{RDF}type> <{MLS}Run>")

    def measured(self, numbers: Iterable[int], measure: Measure) -> set[int]:
        """See :class:`Known`."""
        return self._those(numbers, f"?run {to_term(IRI(measure.iri))} ?value")

    def with_folds(self, numbers: Iterable[int], measure: Measure) -> set[int]:
        """See :class:`Known`."""
        ends = to_term(f"/series/{iris.quote(measure.key, safe='')}")
        return self._those(
            numbers, f"?run <{own_term('hasSeries')}> ?series FILTER(STRENDS(STR(?series), {ends}))"
        )

    def every_run(self) -> list[int]:
        """See :class:`Known`."""
        rows = self._store.query(f"SELECT ?run {{ ?run a <{MLS}Run> }}", default_graph=self._graph).rows()
        return sorted(_number(str(run)) for (run,) in rows)

    def count(self) -> int:
        """See :class:`Known`."""
        return self._count

    def note(self, batch: Batch) -> None:
        """See :class:`Known`."""
        self._count += batch.runs.height

    def _those(self, numbers: Iterable[int], pattern: str) -> set[int]:
        if not self._count:
            return set()
        found: set[int] = set()
        for part in _parts(list(numbers)):
            values = " ".join(str(to_term(IRI(iris.openml_run(number)))) for number in part)
            # EXISTS is looked up run by run; a join would go through the graph for each.
            text = f"SELECT ?run WHERE {{ VALUES ?run {{ {values} }} FILTER EXISTS {{ {pattern} }} }}"
            rows = self._store.query(text, default_graph=self._graph).rows()
            found.update(_number(str(run)) for (run,) in rows)
        return found


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), _ASKED):
        yield numbers[start : start + _ASKED]


def _number(run: str) -> int:
    return int(run.rpartition("/")[2])
