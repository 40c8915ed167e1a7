"""Runs that W&B recorded: offline runs, run folders, and exports of a project; W&B itself is not needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from ingest.source import Tally
from ingest.tracked import TrackedRun
from ingest.tracker import TrackerSource
from ingest.wandb_exports import is_export, runs_of_export
from ingest.wandb_folder import is_run_folder, run_of_folder
from ingest.wandb_log import is_log
from ingest.wandb_records import run_of_log
from ingest.wandb_run import WandbRun, tracked
from kg.errors import SourceError
from kg.measure_names import normalise

__all__ = ["WandbSource"]


class WandbSource(TrackerSource):
    """W&B's runs; see :class:`ingest.tracker.TrackerSource` for the options.

    The path is W&B's folder ``wandb``, the folder of one run, a file ``run-ID.wandb``, or an export: see
    :mod:`ingest.wandb_folder` and :mod:`ingest.wandb_exports`. Runs that crashed or were killed failed.
    """

    name = "wandb"
    title = "Runs recorded by Weights & Biases"
    usual = "wandb"

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a folder with runs of W&B's, a run, or an export that looks like one."""
        if not isinstance(subject, str | os.PathLike):
            return False
        path = Path(subject)
        if path.is_dir():
            return bool(_folders(path))
        return is_export(path) or (path.is_file() and is_log(path))

    def runs(self, tally: Tally) -> Iterator[TrackedRun]:
        """Yield the runs."""
        found = self._in_folder(tally) if self.path.is_dir() else self._in_file(tally)
        return self.readable(found, tracked, attrgetter("place"), tally)

    def _in_folder(self, tally: Tally) -> Iterator[WandbRun]:
        if not (folders := _folders(self.path)):
            raise SourceError(
                f"{self.path}: has no folder of a run (such as offline-run-20260101_120000-ab12cd34)"
            )
        return self.readable(folders, lambda folder: run_of_folder(folder, self.path, tally), str, tally)

    def _in_file(self, tally: Tally) -> Iterator[WandbRun]:
        if self.path.suffix == ".wandb":
            yield run_of_log(self.path, self.path.parent)
        elif is_export(self.path):
            yield from runs_of_export(
                self.path, tally, lambda name: name in self._measures or normalise(name) is not None
            )
        else:
            raise SourceError(f"{self.path}: is neither a run of W&B's nor an export of runs as CSV or JSON")


def _folders(path: Path) -> list[Path]:
    if is_run_folder(path):
        return [path]
    # latest-run is a link to one of the others
    found = [each for each in path.iterdir() if not each.is_symlink()]
    return sorted(each for each in found if is_run_folder(each))
