"""How far the reading of OpenML's listings has come, kept beside the graph so that whoever is killed goes on there."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.source import LeftOut, Tally
from kg.errors import SourceError

__all__ = ["Checkpoint", "Part", "Position", "Saved"]


@dataclass
class Part:
    """One listing: of a function (per fold or not), over all that is selected, some tasks, or some runs.

    Attributes
    ----------
    pages
        Digests of the full pages that were read, one after the other.
    done
        Whether it has been read to its end.
    checked
        Whether the pages, if they are of an earlier time, have been found to be as they were.
    """

    function: str
    per_fold: bool = False
    tasks: list[int] | None = None
    runs: list[int] | None = None
    pages: list[str] = field(default_factory=list)
    done: bool = False
    checked: bool = True


@dataclass
class Position:
    """State of one pass over a selection's listings.

    Attributes
    ----------
    reads
        What is being read in which way; a position of something else is of no use.
    parts
        Of the listings that were begun.
    opened
        Functions that were begun; with ``*`` per fold.
    tally
        What was read, and left out.
    refused
        Runs that were left out, so that each is counted once.
    passed, base
        Rows by table that the pass has given to the graph, and that were there before it.
    finished
        Whether the pass is over.
    """

    reads: str
    parts: list[Part] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    refused: set[int] = field(default_factory=set)
    passed: Counter[str] = field(default_factory=Counter)
    base: dict[str, int] = field(default_factory=dict)
    finished: bool = False

    def again(self, base: dict[str, int]) -> Position:
        """Position at the start of another pass: it goes on where the listings ended, once those were checked."""
        whole = [part for part in self.parts if part.runs is None]
        parts = [
            Part(each.function, each.per_fold, each.tasks, None, each.pages, checked=False) for each in whole
        ]
        return Position(self.reads, parts, base=base)

    def to_json(self) -> str:
        """As text."""
        return json.dumps(
            {
                "reads": self.reads,
                "parts": [asdict(part) for part in self.parts],
                "opened": self.opened,
                "read": self.tally.counts,
                "left_out": [[item.what, item.why, item.count] for item in self.tally.left_out],
                "refused": sorted(self.refused),
                "passed": self.passed,
                "base": self.base,
                "finished": self.finished,
            }
        )

    @classmethod
    def from_dict(cls, stated: dict[str, Any]) -> Position:
        """Position from what :meth:`to_json` wrote."""
        left_out = [LeftOut(*item) for item in stated["left_out"]]
        return cls(
            stated["reads"],
            [Part(**part) for part in stated["parts"]],
            stated["opened"],
            Tally(Counter(stated["read"]), left_out),
            set(stated["refused"]),
            Counter(stated["passed"]),
            stated["base"],
            stated["finished"],
        )


@dataclass(frozen=True)
class Saved:
    """Positions before and after a batch was added, of which the graph tells whether it was, by its content hash."""

    before: Position
    after: Position
    digest: str


class Checkpoint:
    """File with the position; without a folder it is forgotten.

    It is written before a batch is added, with what the position will then be: so whoever is killed in between goes on
    rightly either way.
    """

    def __init__(self, folder: Path | None, graph: str) -> None:
        name = hashlib.sha256(graph.encode()).hexdigest()[:16]
        self.path = folder / "openml" / f"{name}.json" if folder is not None else None

    def load(self) -> Saved | None:
        """What was last saved; None if there is nothing.

        Raises
        ------
        SourceError
            If the file cannot be read.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            stated = json.loads(self.path.read_text(encoding="utf-8"))
            before, after = (Position.from_dict(stated[name]) for name in ("before", "after"))
            return Saved(before, after, stated["digest"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"{self.path} is damaged ({error}): remove it and ingest again; what the graph has is kept"
            ) from error

    def save(self, before: str, after: str, digest: str) -> None:
        """Replace what was saved; when this returns it is on disk.

        Raises
        ------
        SourceError
            If it cannot be written.
        """
        if self.path is None:
            return
        draft = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as stream:
                stream.write(f'{{"digest": {json.dumps(digest)}, "before": {before}, "after": {after}}}')
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self.path)
        except OSError as error:
            raise SourceError(
                f"{self.path} cannot be written ({error.strerror}): free some space or check its permissions"
            ) from error
