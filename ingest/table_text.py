"""Comma- or tab-separated text, read so that each row keeps its line."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.table_files import FILE, LINE, Table, too_large
from kg.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["check_header", "read_text"]

_PIECE = 50_000
"""Rows that are turned into columns at once."""

_LONGEST = 1_000_000
"""Characters of one line; a file of which a line is longer is no table."""

_SEPARATORS = (",", ";", "\t", "|")


def read_text(path: Path, max_bytes: int) -> Table:
    """Read a CSV or TSV, perhaps packed with gzip, in UTF-8 or with a byte-order mark of UTF-16.

    Rows with another number of cells than the header are among the table's faults.

    Raises
    ------
    SourceError
        If it is in another encoding, damaged, too large when unpacked, has no header, or a name in it twice.
    """
    import polars as pl

    faults: list[tuple[str, int, str]] = []
    pieces: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    start = 1
    try:
        with _opened(path) as stream:
            encoding = _encoding(stream)
            with io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
                lines = _lines(text, path, max_bytes)
                first = next(lines, "")
                reader = csv.reader(_again(first, lines), delimiter=_separator(path, first), strict=True)
                header = check_header(next(reader, []), str(path))
                start = reader.line_num + 1
                for row in reader:
                    if not row:
                        start = reader.line_num + 1
                        continue
                    if len(row) == len(header):
                        rows.append(row)
                        numbers.append(start)
                    else:
                        faults.append(("", start, f"has {len(row)} cells, the header has {len(header)}"))
                    start = reader.line_num + 1
                    if len(rows) == _PIECE:
                        pieces.append(_frame(header, rows, numbers))
                        rows, numbers = [], []
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path}: line {_undecodable(path, encoding)}: is not {error.encoding.upper()} ({error.reason}): "
            "save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise SourceError(f"{path}: line {start}: {error}: mend it, or save it anew") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path}: cannot be read ({error}): it is damaged or not what its name says"
        ) from error
    pieces.append(_frame(header, rows, numbers))
    return Table(pl.concat(pieces), "line", tuple(faults))


def check_header(names: Sequence[str], where: str) -> list[str]:
    """Names of columns, without spaces around; a column without a name is called by its number.

    Raises
    ------
    SourceError
        If there is none, or a name occurs twice.
    """
    header = [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]
    if not header or not any(name.strip() for name in names):
        raise SourceError(f"{where}: has no header: write the columns' names into the first line")
    for name in header:
        if header.count(name) > 1:
            raise SourceError(f"{where}: line 1: has the column {name!r} twice: rename one of them")
        if "\x00" in name:
            raise SourceError(f"{where}: line 1: is not text: give a table")
    return header


def _frame(header: list[str], rows: list[list[str]], numbers: list[int]) -> pl.DataFrame:
    import polars as pl

    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    frame = pl.DataFrame(
        {name: pl.Series(values, dtype=pl.String) for name, values in zip(header, columns, strict=True)}
    )
    text = pl.col(header).str.strip_chars()
    return frame.select(pl.when(text.str.len_bytes() > 0).then(text).name.keep()).with_columns(
        pl.Series(LINE, numbers, dtype=pl.Int64), pl.lit("").alias(FILE)
    )


def _opened(path: Path) -> io.BufferedReader:
    plain = path.open("rb")
    if not path.name.lower().endswith(".gz"):
        return plain
    return io.BufferedReader(gzip.GzipFile(fileobj=plain))


def _encoding(stream: io.BufferedReader) -> str:
    mark = stream.peek(2)[:2]
    return "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _lines(text: io.TextIOWrapper, path: Path, max_bytes: int) -> Iterator[str]:
    """Lines, none of which fills the memory, and not more of them than the limit allows."""
    taken = number = 0
    while line := text.readline(_LONGEST):
        number += 1
        taken += len(line)
        if taken > max_bytes:
            raise too_large(path, taken, max_bytes)
        if len(line) == _LONGEST:
            raise SourceError(f"{path}: line {number}: is longer than {_LONGEST:,} characters: give a table")
        yield line


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _separator(path: Path, header: str) -> str:
    """Tab for ``.tsv``; else the one of which the header has the most outside quotes."""
    if ".tsv" in path.suffixes:
        return "\t"
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _undecodable(path: Path, encoding: str) -> int:
    """Number of the line at which decoding stops."""
    with _opened(path) as stream, io.TextIOWrapper(stream, encoding=encoding, errors="replace") as text:
        return next((number for number, line in enumerate(text, 1) if "\ufffd" in line), 1)
