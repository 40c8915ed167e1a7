"""Runs that people write themselves: a JSON object on each line, flat or nested; docs/trackers.md lists the keys."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.json_run import KNOWN, run_of_line
from ingest.json_values import parse
from ingest.local_files import lines_of
from ingest.source import Tally
from ingest.tracked import TrackedRun
from ingest.tracker import TrackerSource
from kg.errors import PipelineError, SourceError
from kg.measure_names import normalise

__all__ = ["JsonlSource"]


class JsonlSource(TrackerSource):
    """Runs in a file of JSON lines; see :class:`ingest.tracker.TrackerSource` for the options.

    A line that names no dataset and no experiment, while the source
    has none either, is rejected.
    """

    name = "jsonl"
    title = "Runs in JSON lines"
    usual = "runs.jsonl"

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a file of JSON lines whose first one, if it can be read, has a key that runs have."""
        if not isinstance(subject, str | os.PathLike) or Path(subject).suffix.lower() not in (
            ".jsonl",
            ".ndjson",
        ):
            return False
        path = Path(subject)
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            start = stream.readline(2**16)
        try:
            first = json.loads(start)
        except (ValueError, RecursionError):
            return True  # so that the error is told by its line
        return isinstance(first, dict) and any(
            name.partition(".")[0].partition("/")[0] in KNOWN for name in first
        )

    def runs(self, tally: Tally) -> Iterator[TrackedRun]:
        """Yield the runs in the order of the lines."""
        for line, text in lines_of(self.path, self.path.parent):
            place = f"{self.path}:{line}"
            try:
                found = parse(text)
                if not isinstance(found, dict):
                    raise SourceError(f"{text[:40]!r} is no JSON object")
                run = run_of_line(found, f"line-{line}", place, self._is_measure)
            except (ValueError, RecursionError, SourceError, PipelineError) as error:
                tally.read("runs", 1)
                tally.reject("runs", place, f"no run: {error}")
            else:
                yield run

    def _is_measure(self, name: str) -> bool:
        return name in self._measures or normalise(name) is not None
