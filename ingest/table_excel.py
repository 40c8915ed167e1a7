"""The first sheet of an Excel workbook (``.xlsx``), read with openpyxl once the archive is known to be harmless."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from ingest.table_files import FILE, LINE, too_large
from ingest.table_text import check_header
from kg.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["check_archive", "read_excel"]

_RATIO = 200
"""Times that a member of an archive may grow; a table's XML grows about twenty times."""


def read_excel(path: Path, max_bytes: int) -> pl.DataFrame:
    """First sheet of a workbook as text: the values of its formulas, and rows without any cell left out.

    Raises
    ------
    SourceError
        If openpyxl is not installed, or the file is damaged, too large when unpacked, or holds entities of XML.
    """
    import polars as pl

    check_archive(path, max_bytes)
    try:
        import openpyxl
    except ImportError as error:
        raise SourceError(
            f"{path}: Excel files are read with openpyxl, which is not installed: `pip install openpyxl`, "
            "or save the table as CSV"
        ) from error
    numbers: list[int] = []
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise SourceError(f"{path}: has no sheet with cells: nothing to read")
        rows = book.worksheets[0].iter_rows(values_only=True)
        first = next(rows, ())
        while first and first[-1] is None:
            first = first[:-1]
        header = check_header([_text(cell) or "" for cell in first], str(path))
        columns: list[list[str | None]] = [[] for _ in header]
        for number, row in enumerate(rows, 2):
            cells = [_text(cell) for cell in row]
            if any(cells[len(header) :]):
                raise SourceError(
                    f"{path}: row {number}: has more cells than the header: name each column in the first row"
                )
            if any(cells):
                numbers.append(number)
                for column, cell in zip(columns, [*cells, *[None] * len(header)], strict=False):
                    column.append(cell)
        book.close()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, ParseError) as error:
        # openpyxl raises whatever comes of a part that is missing or is not as it should be.
        raise SourceError(
            f"{path}: cannot be read ({error}): it is damaged or not what its name says"
        ) from error
    frame = pl.DataFrame(
        {name: pl.Series(cells, dtype=pl.String) for name, cells in zip(header, columns, strict=True)}
    )
    return frame.with_columns(pl.Series(LINE, numbers, dtype=pl.Int64), pl.lit("").alias(FILE))


def check_archive(path: Path, max_bytes: int) -> None:
    """Check that a workbook's archive can be unpacked, is not too large, and defines no entities.

    Raises
    ------
    SourceError
        If it is not so.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if unpacked > max_bytes:
                raise too_large(path, unpacked, max_bytes)
            for member in members:
                if member.file_size > _RATIO * max(member.compress_size, 5_000):
                    raise SourceError(
                        f"{path}: {member.filename} grows from {member.compress_size:,} bytes to "
                        f"{member.file_size:,} when it is unpacked, which no table does: save it anew, or as CSV"
                    )
                if _defines_entities(archive, member):
                    raise SourceError(
                        f"{path}: {member.filename} defines entities of XML, which are refused: save it anew, or as CSV"
                    )
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise SourceError(
            f"{path}: cannot be read ({error}): it is damaged or not what its name says"
        ) from error


def _defines_entities(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a document type stands anywhere: in a cell it would be written with ``&lt;``."""
    with archive.open(member) as stream:
        end = b""
        while piece := stream.read(1_000_000):
            seen = end + piece.replace(b"\x00", b"")  # without what UTF-16 puts between
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                return True
            end = seen[-10:]
    return False


def _text(cell: object) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell).strip() or None
