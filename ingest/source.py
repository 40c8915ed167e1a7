"""The contract of a source of experiments, and the tally that keeps it from dropping anything in silence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from kg import schema
from kg.batch import Batch, Manifest
from kg.errors import RejectedError, SourceError
from kg.store import Progress

if TYPE_CHECKING:
    from ingest.report import IngestReport
    from kg.store import Store

__all__ = ["WRONG", "Described", "LeftOut", "Rejected", "Source", "Tally"]


@dataclass(frozen=True)
class LeftOut:
    """``count`` rows of the table ``what`` that the source has and the graph does not get, and why."""

    what: str
    why: str
    count: int


@dataclass(frozen=True)
class Rejected:
    """One row of the table ``what`` that is wrong: where it stands (line, row, trial, path), and why."""

    what: str
    place: str
    why: str


WRONG = "wrong"
"""Reason that a row is left out for which :attr:`Tally.rejected` says more."""

_LISTED = 1_000
"""Rows that are wrong of which the place is kept."""


@dataclass
class Tally:
    """What a source has read and what it left out: per table, read = passed on + left out.

    >>> tally = Tally()
    >>> tally.read("evaluations", 10)
    >>> tally.leave_out("evaluations", "no finite value", 3)
    >>> tally.expected("evaluations")
    7
    """

    counts: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def read(self, what: str, count: int) -> None:
        """Add ``count`` rows of the table ``what`` to what has been read."""
        self.counts[what] += count

    def leave_out(self, what: str, why: str, count: int) -> None:
        """State that ``count`` of the rows read are not passed on; nothing is noted for a count of 0.

        Counts for the same reason are added up, so that many batches give one line.
        """
        for place, item in enumerate(self.left_out):
            if (item.what, item.why) == (what, why):
                self.left_out[place] = LeftOut(what, why, item.count + count)
                return
        if count:
            self.left_out.append(LeftOut(what, why, count))

    def reject(self, what: str, place: str, why: str) -> None:
        """Take note of a row that is wrong. It is left out if the source is to keep going, else nothing goes in."""
        if len(self.rejected) < _LISTED:
            self.rejected.append(Rejected(what, place, why))
        self.leave_out(what, WRONG, 1)

    @property
    def wrong(self) -> int:
        """Number of rows that are wrong."""
        return sum(item.count for item in self.left_out if item.why == WRONG)

    def expected(self, what: str) -> int:
        """Rows of the table ``what`` that the batches must hold."""
        return self.counts[what] - sum(item.count for item in self.left_out if item.what == what)


class Source(ABC):
    """Somewhere that experiments come from.

    What holds for every source (``ingest.testing.SourceTestCase`` proves it for an implementation):

    - constructing it reads nothing; :meth:`batches` may be called again and gives the same content each time;
    - all its batches carry :attr:`manifest`, which names the licence and the version of the data;
    - the rows of all batches, table by table, are what was read less what was left out with a reason
      (:attr:`tally`, complete once the batches are exhausted); :meth:`batches` raises if they are not;
    - each batch holds the pipelines of its runs, unless the manifest says that the source is ``bulk``: runs are
      linked to the hyperparameter settings of their pipelines only where both are together;
    - a run and a (run, measure) pair occur once over all batches; datasets, qualities, tasks, pipelines and measures
      once in a batch, and word for word the same where several batches of the source describe them;
    - what is wrong (a score that is no number or outside its measure's range, a run without a dataset) is rejected
      by its place; then nothing goes in, unless :attr:`keep_going` is set. A source of several batches finds out
      before it yields the first;
    - pipelines are given in the canonical form of :class:`kg.pipeline.Pipeline`, and scores of different
      measures or estimation procedures are never put under one name;
    - what cannot be read is a :class:`kg.errors.SourceError` that names the path.

    Third parties add a source by the entry point group ``metakg.sources``; its name is that of the class
    without ``Source``.
    """

    name: ClassVar[str]
    """Short name, part of the graph's IRI."""
    title: ClassVar[str]
    """One line for people."""

    keep_going: bool = False
    """Whether to go on without the rows that are wrong."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.passed: Counter[str] = Counter()
        """Rows that the batches held, by table; what several describe counts once."""

    @classmethod
    def accepts(cls, subject: Any) -> bool:  # noqa: ARG003
        """Whether the source can be made from ``subject``, as ``cls(subject)``: a path, or an object of a library.

        Asked of every source, so it looks at no more than a name, a type or the first bytes, and imports nothing
        large. Of several that accept, the first registered is taken.
        """
        return False

    @property
    @abstractmethod
    def manifest(self) -> Manifest:
        """Where the data comes from; known without reading it."""

    @abstractmethod
    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield the batches, and enter into ``tally`` what was read and what is left out.

        Raises
        ------
        SourceError
            If the data cannot be read.
        """

    def batches(self, progress: Progress | None = None) -> Iterator[Batch]:
        """Yield the batches of :meth:`read`, counted.

        Parameters
        ----------
        progress
            Told after each batch: what is read, the runs passed on, and the runs read so far that are to be.

        Raises
        ------
        RejectedError
            If rows are wrong and :attr:`keep_going` is not set.
        SourceError
            If the data cannot be read, or the counts do not add up.
        """
        self.tally, self.passed = Tally(), Counter()
        passed, described = self.passed, Described()
        for batch in self.read(self.tally):
            self._check_rejected()
            passed.update(described.counts(batch))
            if (
                not batch.manifest.bulk
                and not batch.runs["pipeline"].is_in(batch.pipelines["pipeline"].implode()).all()
            ):
                raise SourceError(
                    f"source {self.name!r}: a batch has runs without their pipelines: put them into the same batch, "
                    "or say in the manifest that the source is bulk; report it to its author"
                )
            yield batch
            if progress is not None:
                progress(f"reading {self.name}", passed["runs"], self.tally.expected("runs"))
        self._check_rejected()
        for table in passed | self.tally.counts:
            if passed[table] != self.tally.expected(table):
                raise SourceError(
                    f"source {self.name!r}: {self.tally.expected(table)} {table} were to be passed on, "
                    f"{passed[table]} were: the source loses or repeats data; report it to its author"
                )

    def _check_rejected(self) -> None:
        if self.tally.rejected and not self.keep_going:
            raise RejectedError(self.name, self.tally.rejected, self.tally.wrong)

    def write(self, store: Store, progress: Progress | None = None) -> IngestReport | None:  # noqa: ARG002
        """Fill the graph by itself, as a source does that adds to what is there; None leaves it to ``ingest``.

        Raises
        ------
        SourceError
            If the data cannot be read.
        StoreError
            If the store cannot be written.
        """
        return None

    def describe(self) -> str:
        """Say in one line what the source holds, which version, under which licence."""
        return f"{self.title} (version {self.manifest.version}, {self.manifest.licence})"


class Described:
    """Things that the batches so far have described."""

    def __init__(self) -> None:
        self._seen: dict[str, set[tuple[Any, ...]]] = {table: set() for table in schema.DESCRIBED}

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows of a batch by table, without descriptions that came before."""
        counts = batch.counts()
        for table, seen in self._seen.items():
            before = len(seen)
            seen.update(batch.tables()[table].select(schema.KEYS[table]).iter_rows())
            counts[table] = len(seen) - before
        return counts
