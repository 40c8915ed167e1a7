"""Tables of results as text: every cell as its file has it, with the line it stands on.

Nothing is guessed here, not even that a column is of numbers: what is wrong with a cell is told by its line, so the
lines must outlast the reading. A file is read in pieces, and one that is larger than a limit, or becomes so when it is
unpacked, is refused before it fills the memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "FILE",
    "LINE",
    "MAX_BYTES",
    "ROW",
    "SUFFIXES",
    "Table",
    "files_of",
    "is_frame",
    "is_table_path",
    "read",
]

LINE, FILE, ROW = "\x00line", "\x00file", "\x00row"
"""Columns that say where a row stands, and its number; no header can hold these names."""

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".xlsx")

MAX_BYTES = 200_000_000
"""Bytes of a table that are read unless more is asked for: in memory its runs take about 30 times as much."""


@dataclass(frozen=True)
class Table:
    """A table, or several with the same rows one below the other.

    Attributes
    ----------
    frame
        Columns of text, and :data:`LINE` and :data:`FILE`; an empty cell is null.
    unit
        What a place is called: ``line`` of a text file, ``row`` of anything else (the header is number 1).
    faults
        (file, line, why) of the rows that could not be read.
    """

    frame: pl.DataFrame
    unit: str
    faults: tuple[tuple[str, int, str], ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns that the file has."""
        return [name for name in self.frame.columns if name not in (LINE, FILE)]

    def place(self, file: str, line: int) -> str:
        """Where a row stands, for people."""
        return f"{file + ', ' if file else ''}{self.unit} {line}"


def is_table_path(subject: Any) -> bool:
    """Whether it is the path of a table, or of a folder that has one in it."""
    if not isinstance(subject, str | os.PathLike):
        return False
    path = Path(subject)
    if path.is_dir():
        return bool(files_of(path))
    return path.name.lower().endswith(SUFFIXES)


def is_frame(subject: Any) -> bool:
    """Whether it is a DataFrame of pandas or polars; imports neither."""
    kind = type(subject)
    return kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] in ("pandas", "polars")


def files_of(path: Path) -> list[Path]:
    """The tables of a folder, in the order of their names; of a file, itself."""
    if not path.is_dir():
        return [path]
    return sorted(
        each for each in path.iterdir() if each.name.lower().endswith(SUFFIXES) and each.name[0] not in ".~"
    )


def read(subject: Any, max_bytes: int = MAX_BYTES) -> Table:
    """Read a table from a path, a folder or a DataFrame.

    Parameters
    ----------
    max_bytes
        More than these, packed or unpacked, are refused.

    Raises
    ------
    SourceError
        If it is missing, empty, too large, damaged, or in an encoding or of a kind that is not read.
    """
    from ingest.table_frames import frame_of, read_parquet
    from ingest.table_text import read_text

    if is_frame(subject):
        return Table(frame_of(subject, "the DataFrame"), "row")
    path = Path(subject)
    if not path.exists():
        raise SourceError(f"{path}: there is no such file: give the path of a table ({', '.join(SUFFIXES)})")
    tables = []
    left = max_bytes
    for file in files_of(path):
        size = _size(file, left)
        left -= size
        if file.name.lower().endswith(".parquet"):
            table = Table(read_parquet(file, max_bytes), "row")
        elif file.name.lower().endswith(".xlsx"):
            from ingest.table_excel import read_excel

            table = Table(read_excel(file, max_bytes), "row")
        else:
            table = read_text(file, max_bytes)
        if table.frame.is_empty() and not table.faults:
            raise SourceError(f"{file}: has no row below its header: nothing to read")
        tables.append((file.name if path.is_dir() else "", table))
    if not tables:
        raise SourceError(
            f"{path}: has no table in it ({', '.join(SUFFIXES)}): give a file or another folder"
        )
    return _together(tables, path)


def _size(file: Path, left: int) -> int:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror}): check its permissions") from error
    if size == 0:
        raise SourceError(f"{file}: is empty: nothing to read")
    if size > left:
        raise too_large(file, size, left)
    return size


def too_large(file: Path, size: int, limit: int) -> SourceError:
    """Error for a table that is larger than it may be."""
    return SourceError(
        f"{file}: {size:,} bytes are more than the {limit:,} that are read: split it, or allow more with --max-bytes"
    )


def _together(tables: list[tuple[str, Table]], path: Path) -> Table:
    """Tables of a folder, one below the other; a column that one lacks is empty there."""
    import polars as pl

    units = {table.unit for _, table in tables}
    frames = [table.frame.with_columns(pl.lit(name).alias(FILE)) for name, table in tables]
    faults = tuple((name, line, why) for name, table in tables for _, line, why in table.faults)
    unit = "line" if units == {"line"} else "row"
    try:
        return Table(pl.concat(frames, how="diagonal"), unit, faults)
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            f"{path}: its tables do not fit together ({error}): read them one by one"
        ) from error
