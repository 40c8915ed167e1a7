"""Parquet files and DataFrames as text, so that one reading of cells serves them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.table_files import FILE, LINE, too_large
from ingest.table_text import check_header
from kg.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["frame_of", "read_parquet"]


def read_parquet(path: Path, max_bytes: int) -> pl.DataFrame:
    """Columns of a Parquet file as text.

    Raises
    ------
    SourceError
        If it is damaged, or larger than the limit when unpacked.
    """
    import polars as pl
    import pyarrow
    import pyarrow.parquet

    try:
        about = pyarrow.parquet.read_metadata(path)
        unpacked = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
        if unpacked > max_bytes:
            raise too_large(path, unpacked, max_bytes)
        frame = pl.read_parquet(path)
    except (OSError, pyarrow.ArrowException, pl.exceptions.PolarsError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SourceError(
            f"{path}: cannot be read ({first}): it is damaged or not what its name says"
        ) from error
    return _text(frame, str(path))


def frame_of(table: Any, where: str) -> pl.DataFrame:
    """Columns of a DataFrame of pandas or polars as text.

    Raises
    ------
    SourceError
        If it has no rows, or columns that cannot be told as text.
    """
    import polars as pl

    if not isinstance(table, pl.DataFrame):
        named = [name for name in table.index.names if name is not None]
        plain = table.reset_index() if named else table.reset_index(drop=True)
        try:
            table = pl.DataFrame(
                {
                    str(name): pl.Series(
                        _told(plain.iloc[:, place])
                        if plain.iloc[:, place].dtype == object
                        else plain.iloc[:, place]
                    )
                    for place, name in enumerate(check_header([str(each) for each in plain.columns], where))
                }
            )
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise SourceError(
                f"{where}: cannot be read ({error}): make its columns text or numbers"
            ) from error
    if table.is_empty():
        raise SourceError(f"{where}: has no row: nothing to read")
    return _text(table, where)


def _told(column: Any) -> list[str | None]:
    """Cells of a column of Python objects; dictionaries and lists as JSON."""
    return [
        None
        if cell is None or cell != cell
        else json.dumps(cell, default=str)
        if isinstance(cell, dict | list)
        else str(cell)
        for cell in column
    ]


def _text(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    import polars as pl

    check_header(frame.columns, where)
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Struct):
            column = pl.when(column.is_not_null()).then(column.struct.json_encode())
        elif isinstance(dtype, pl.List | pl.Array):
            column = column.map_elements(
                lambda cell: json.dumps(cell.to_list(), default=str), return_dtype=pl.String
            )
        elif isinstance(dtype, pl.Decimal):
            column = column.cast(pl.Float64).cast(pl.String)
        else:
            column = column.cast(pl.String)
        text = column.str.strip_chars()
        columns.append(pl.when(text.str.len_bytes() > 0).then(text).alias(name.strip()))
    try:
        told = frame.select(columns)
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise SourceError(
            f"{where}: a column cannot be told as text ({first}): make it text or numbers"
        ) from error
    return told.with_columns(
        pl.int_range(2, told.height + 2, dtype=pl.Int64).alias(LINE), pl.lit("").alias(FILE)
    )
