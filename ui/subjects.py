"""What a person brings: an uploaded file or a sample, kept on disk for the session and looked at once."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import metakg
from metakg import samples
from metakg.similar import guess_target
from ui.knowledge import FOLDER_PREFIX

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUFFIXES", "Subject", "of_sample", "of_upload"]

SUFFIXES = ["csv", "tsv", "tab", "txt", "data", "parquet", "pq"]
SHOWN_ROWS, SHOWN_COLUMNS = 50, 60


@dataclass(frozen=True)
class Subject:
    """A table on disk, as the page shows it.

    Attributes
    ----------
    path
        Where it lies; its name is the one that the person gave.
    rows, columns, missing
        Number of rows, names of the columns, number of empty cells.
    head
        First rows and columns.
    target
        Column that is probably the target.
    openml_id
        The same table in the graph where that is known, else None.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    missing: int
    head: pd.DataFrame
    target: str
    openml_id: int | None = None


@st.cache_resource(show_spinner=False)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)


def of_upload(name: str, content: bytes) -> Subject:
    """Look at an uploaded file.

    Raises
    ------
    MetakgError
        If it cannot be read as a table.
    """
    folder = Path(_folder().name) / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    path = folder / (Path(name).name or "table.csv")
    path.write_bytes(content)
    return _looked_at(path)


def of_sample(name: str) -> Subject:
    """Write and look at a sample table."""
    sample = samples.SAMPLES[name]
    return _looked_at(samples.write(name, Path(_folder().name)), sample.target, sample.openml_id)


def _looked_at(path: Path, target: str | None = None, openml_id: int | None = None) -> Subject:
    frame = metakg.read_table(path)
    return Subject(
        path=path,
        rows=len(frame),
        columns=tuple(str(column) for column in frame.columns),
        missing=int(frame.isna().to_numpy().sum()),
        head=frame.iloc[:SHOWN_ROWS, :SHOWN_COLUMNS],
        target=target or guess_target(frame),
        openml_id=openml_id,
    )
