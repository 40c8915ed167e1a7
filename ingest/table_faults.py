"""What is wrong with rows of a table of results, until it is told by their lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.source import Tally
    from ingest.table_files import Table

__all__ = ["Faults"]


@dataclass
class Faults:
    """Faults as (row, why).

    Attributes
    ----------
    rows
        Of whole rows; of several of one row the first is told.
    values
        Of single values: their runs are left out too.
    """

    rows: list[tuple[int, str]] = field(default_factory=list)
    values: list[tuple[int, str]] = field(default_factory=list)

    def reject(self, table: Table, tally: Tally) -> None:
        """Enter all of them, and the rows that could not be read, into the tally."""
        for file, line, why in table.faults:
            tally.read("runs", 1)
            tally.reject("runs", table.place(file, line), why)
        rows = sorted({row for row, _ in (*self.rows, *self.values)})
        lines = dict(zip(rows, table.frame.select("\x00file", "\x00line")[rows].rows(), strict=True))
        told: set[int] = set()
        for row, why in sorted(self.rows, key=lambda fault: fault[0]):
            if row not in told:
                told.add(row)
                tally.read("runs", 1)
                tally.reject("runs", table.place(*lines[row]), why)
        for row, why in sorted(self.values):
            tally.reject("evaluations", table.place(*lines[row]), why)
