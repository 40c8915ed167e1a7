"""The gate for sources of tables: their batches are checked, on request, before any of them is written."""

from __future__ import annotations

from ingest.source import Source
from kg.batch_check import check_batches
from kg.errors import GateError
from kg.store import Progress
from kg.violations import Report

__all__ = ["check_source"]


def check_source(source: Source, progress: Progress | None = None) -> Report:
    """Check what a source would pass on.

    Raises
    ------
    GateError
        If something breaks a rule; its ``report`` says what.
    SourceError
        If the source cannot be read.
    """
    report = check_batches(list(source.batches(progress)))
    if not report.conforms:
        raise GateError(source.name, report)
    return report
