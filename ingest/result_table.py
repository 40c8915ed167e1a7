"""Tables of results: what somebody measured, one row per run or fold, in columns of whatever names.

A table is a file, a folder of files or a DataFrame. What its columns are is guessed (:mod:`ingest.table_roles`) or
said; whoever reads it by the command line is asked whether the guess is right.

>>> import polars as pl
>>> frame = pl.DataFrame({"dataset": ["iris"], "model": ["sklearn.svm.SVC"], "acc": [0.97]})
>>> [(each.column, each.role) for each in TableSource(frame, name="mine").columns().roles]
[('dataset', 'dataset'), ('model', 'pipeline'), ('acc', 'measure')]
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ingest.declarations import declarations
from ingest.graph_names import slug
from ingest.source import Source, Tally
from ingest.table_files import MAX_BYTES, SUFFIXES, is_frame, is_table_path
from ingest.table_maps import Map, parse_map
from ingest.table_preset import preset_of
from ingest.table_roles import Columns, guess
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import SourceError

if TYPE_CHECKING:
    from ingest.table_files import Table

__all__ = ["TableSource"]


class TableSource(Source):
    """Experiment results in a table.

    Parameters
    ----------
    path
        CSV, TSV (either packed with gzip), Parquet or Excel, a folder of them, or a DataFrame.
    map
        What columns are, as ``{"acc": ("measure", "accuracy")}`` or the text that
        :func:`ingest.table_maps.parse_map` reads; the others are guessed.
    measures
        Measures that are not known, as :func:`ingest.declarations.declarations` reads them.
    dataset
        Of all rows, where no column names one: a name, or the number of OpenML's.
    procedure
        Key of the estimation procedure of all scores, such as ``10-fold-cv``; otherwise the folds tell it.
    name, licence
        By which the table is known in the store (the file's name if left out; a DataFrame needs one), and an SPDX
        expression.
    max_bytes
        A larger table is refused.
    """

    name: ClassVar[str] = "table"
    title: ClassVar[str] = "Tables of experiment results"

    def __init__(
        self,
        path: Any = None,
        *,
        map: str | Map = "",
        measures: Mapping[str, Any] | Sequence[str] = (),
        dataset: str | None = None,
        procedure: str | None = None,
        name: str | None = None,
        licence: str = "not stated",
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__()
        if path is None:
            raise SourceError(f"a table is read from a path ({', '.join(SUFFIXES)}) or a DataFrame: give one")
        self.subject = path if is_frame(path) else Path(path)
        if is_frame(path) and name is None:
            raise SourceError("a DataFrame needs a name, such as name='my results': it is known by it")
        if procedure is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", procedure):
            raise SourceError(f"procedure {procedure!r} is no key: write one such as 10-fold-cv or holdout")
        self.map = parse_map(map) if isinstance(map, str) and map else dict(map or {})
        self.declared = declarations(measures)
        self.dataset, self.procedure, self.licence, self.max_bytes = dataset, procedure, licence, max_bytes
        self.version = _slug(name if name is not None else str(self.subject.name))
        self._read: Table | None = None
        self.notes: list[str] = []
        """What else a person should know of the last reading."""

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a table's path or a folder that holds tables, or a DataFrame."""
        return is_frame(subject) or is_table_path(subject)

    @property
    def manifest(self) -> Manifest:
        """The table's own file is what the graph is derived from."""
        if is_frame(self.subject):
            title, origin = "a DataFrame", iris.own("table", self.version)
        else:
            title, origin = self.subject.name or self.version, self.subject.resolve().as_uri()
        return Manifest(self.name, self.version, title, self.licence, origin)

    def columns(self) -> Columns:
        """What the columns are.

        Raises
        ------
        SourceError
            If the table cannot be read, or lacks a column that the map names.
        """
        return self._guess(self._table())

    def header(self) -> list[str]:
        """Names of the columns.

        Raises
        ------
        SourceError
            If the table cannot be read.
        """
        return self._table().columns

    def _table(self) -> Table:
        """The table; it is read once, as whoever asks what its columns are wants their content next."""
        from ingest.table_files import read

        if self._read is None:
            self._read = read(self.subject, self.max_bytes)
        return self._read

    def _guess(self, table: Table) -> Columns:
        try:
            return guess(table, preset_of(table.columns), self.map, self.declared)
        except SourceError as error:
            raise SourceError(f"{self._where}: {error}") from error

    @property
    def _where(self) -> str:
        return "the DataFrame" if is_frame(self.subject) else os.fspath(self.subject)

    def check(self, columns: Columns) -> None:
        """Check that the columns say enough.

        Raises
        ------
        SourceError
            If none says which pipeline, which dataset or which score.
        """
        scores = columns.of("measure") or (columns.one("metric") and columns.one("value"))
        named = any(columns.one(role) for role in ("dataset", "dataset_id", "task")) or self.dataset
        for there, what, remedy in (
            (columns.one("pipeline"), "pipeline", "--map pipeline=COLUMN"),
            (named, "dataset", "--map dataset=COLUMN, or name one for all rows with --dataset NAME"),
            (scores, "score", "--map accuracy=COLUMN, or a new one with --measure COLUMN=higher:0:1"),
        ):
            if not there:
                names = ", ".join(each.column for each in columns.roles)
                raise SourceError(
                    f"{self._where}: no column says which {what}: say it, {remedy}; columns: {names}"
                )

    def read(self, tally: Tally) -> Iterator[Batch]:
        """One batch: a table is read whole before any of it counts."""
        from ingest.table_batch import batch_of

        table, self._read = self._table(), None
        columns = self._guess(table)
        self.check(columns)
        batch, self.notes = batch_of(self, table, columns, tally)
        if batch.runs.height or not tally.rejected:
            yield batch


def _slug(text: str) -> str:
    stem = re.sub(rf"(?i)({'|'.join(map(re.escape, sorted(SUFFIXES, key=len, reverse=True)))})$", "", text)
    return slug(stem, "table")
