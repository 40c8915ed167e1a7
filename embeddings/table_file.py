"""Reading a table from a file, with one clear line for everything that can be wrong with it."""

from __future__ import annotations

import codecs
import csv
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_table", "separator_of"]

_SEPARATORS = ",;\t|"
_READABLE = {".csv", ".tsv", ".tab", ".txt", ".data", "", ".parquet", ".pq"}
_SAMPLE_BYTES = 1 << 20


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV, TSV or Parquet file; the separator of text is found out (comma, semicolon, tab or bar).

    Empty fields, the usual spellings of 'not available' and ``?`` are missing values. Text is UTF-8, with or
    without a byte order mark.

    Raises
    ------
    TableError
        If there is no such file, or it is a folder, empty, not UTF-8, not a table, or names a column twice.
    """
    import pandas as pd

    path = Path(path)
    if path.is_dir():
        raise TableError(f"{path}: is a folder, not a table; name a CSV or Parquet file inside it")
    if not path.exists():
        raise TableError(f"{path}: no such file; check the spelling or give the full path")
    suffix = path.suffix.lower()
    if suffix not in _READABLE:
        raise TableError(f"{path}: {suffix} files are not read; save the table as CSV (UTF-8) or Parquet")
    try:
        if suffix in {".parquet", ".pq"}:
            frame = pd.read_parquet(path)
        elif path.stat().st_size == 0:
            raise TableError(f"{path}: the file is empty; it needs a header line and rows")
        else:
            frame = _read_text(path)
    except UnicodeDecodeError:
        raise TableError(f"{path}: {_encoding_fault(path)}") from None
    except pd.errors.EmptyDataError:
        raise TableError(f"{path}: the file holds no columns; it needs a header line and rows") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise TableError(
            f"{path}: lines differ in their number of fields ({reason}); mend or quote them"
        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(
            f"{path}: cannot be read as a table ({' '.join(str(error).split())}); check the file"
        ) from error
    if not len(frame):
        raise TableError(f"{path}: only a header, no rows; add rows below it")
    return frame


def _read_text(path: Path) -> pd.DataFrame:
    import pandas as pd

    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE_BYTES)
    if b"\0" in sample:
        raise TableError(f"{path}: a binary file, not text; save the table as CSV (UTF-8) or Parquet")
    first = _first_line(sample)
    separator = _separator(path, first)
    header = next(csv.reader([first], delimiter=separator), [])
    seen: set[str] = set()
    for column in header:
        if column and column in seen:
            raise TableError(
                f"{path}: column name {column!r} occurs more than once in the header; rename one"
            )
        seen.add(column)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # index_col=False: a surplus field is an error to report, never a silent row index.
        return pd.read_csv(
            path, sep=separator, encoding="utf-8-sig", index_col=False, na_values=["?"], low_memory=False
        )


def separator_of(path: str | Path) -> str:
    """Return the separator by which :func:`read_table` splits the fields of a text file."""
    path = Path(path)
    with path.open("rb") as stream:
        return _separator(path, _first_line(stream.read(_SAMPLE_BYTES)))


def _first_line(sample: bytes) -> str:
    lines = sample.decode("utf-8-sig", errors="replace").splitlines()
    return next((line for line in lines if line.strip()), "")


def _separator(path: Path, header: str) -> str:
    if path.suffix.lower() in {".tsv", ".tab"}:
        return "\t"
    fields = {
        separator: len(next(csv.reader([header], delimiter=separator), [])) for separator in _SEPARATORS
    }
    return max(_SEPARATORS, key=lambda separator: fields[separator])


def _encoding_fault(path: Path) -> str:
    """Say where the first byte is that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, line = 0, 1
    with path.open("rb") as stream:
        while chunk := stream.read(_SAMPLE_BYTES):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                at = error.start - pending
                place = f"byte {offset + at} (line {line + chunk[: max(at, 0)].count(10)})"
                return f"not UTF-8 at {place}; convert it: iconv -f latin1 -t utf-8 {path.name} > utf8.csv"
            offset += len(chunk)
            line += chunk.count(b"\n")
    return "not UTF-8 at its end; convert it: iconv -f latin1 -t utf-8"
