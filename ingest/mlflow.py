"""Runs that MLflow recorded, from its folder ``mlruns`` or its SQLite database; MLflow itself is not needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from ingest.mlflow_database import is_database, runs_of_database
from ingest.mlflow_files import is_file_store, runs_of_files
from ingest.mlflow_run import tracked
from ingest.source import Tally
from ingest.tracked import TrackedRun
from ingest.tracker import TrackerSource

__all__ = ["MlflowSource"]


class MlflowSource(TrackerSource):
    """MLflow's runs; see :class:`ingest.tracker.TrackerSource` for the options.

    Deleted runs and running ones are left out; killed ones failed. A run's parent is ``mlflow.parentRunId``.
    """

    name = "mlflow"
    title = "Runs recorded by MLflow"
    usual = "mlruns"

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a folder as MLflow writes it, or a database with MLflow's tables."""
        if not isinstance(subject, str | os.PathLike):
            return False
        path = Path(subject)
        return is_file_store(path) if path.is_dir() else is_database(path)

    def runs(self, tally: Tally) -> Iterator[TrackedRun]:
        """Yield the runs."""
        found = runs_of_files(self.path, tally) if self.path.is_dir() else runs_of_database(self.path, tally)
        return self.readable(found, tracked, attrgetter("place"), tally)
