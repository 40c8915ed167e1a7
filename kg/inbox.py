"""The inbox of an embedded store: small batches that are safe on disk and wait to be appended to the graph.

Each is a JSON file that appears under its name whole (an atomic rename), named by its content, so that the same
batch twice is one file. Whoever next holds the writer's lock appends them and then deletes the files; killed
between the two, it leaves files whose batches the ledger of the graph knows, and the next one deletes those.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kg import schema
from kg.batch import Batch, Manifest, content_hash, merged
from kg.errors import MetakgError, SchemaError, StoreError

__all__ = ["Inbox", "Waiting", "batches_of"]

_FORMAT = 1


@dataclass(frozen=True)
class Waiting:
    """A batch that waits: its file, its content hash, and its rows by table, unchecked."""

    path: Path
    digest: str
    tables: Mapping[str, list[dict[str, Any]]]


def batches_of(manifest: Manifest, waiting: Iterable[Waiting]) -> list[Batch]:
    """The rows of all in as few batches as can hold them.

    Raises
    ------
    SchemaError
        If a row is not as the tables are declared.
    """
    import polars as pl

    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in schema.TABLES}
    for one in waiting:
        for table, listed in one.tables.items():
            rows[table] += listed
    try:
        frames = {
            table: pl.DataFrame(listed, schema=schema.empty(table).schema) for table, listed in rows.items()
        }
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise SchemaError(
            f"a batch does not have the declared types: {' '.join(str(error).split())}"
        ) from error
    return merged(manifest, frames)


class Inbox:
    """Batches that wait, in a folder that is made when the first comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def refused_folder(self) -> Path:
        """Where batches are kept that could not be appended, each with its reason beside it."""
        return self.folder / "refused"

    def put(self, batch: Batch) -> None:
        """Keep a batch; when this returns it is on disk, whole.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        tables = {table: frame.to_dicts() for table, frame in batch.tables().items() if frame.height}
        self._put(batch.manifest, content_hash([batch]), tables)

    def put_rows(self, manifest: Manifest, rows: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
        """Keep rows of tables, whose values are in the order of the columns; they are checked when they are appended.

        Nothing large is loaded for it, and it works in a process that was forked from one with threads, in which
        polars would wait for ever.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        names = {table: [column.name for column in schema.TABLES[table]] for table in rows}
        tables = {table: [dict(zip(names[table], row, strict=True)) for row in rows[table]] for table in rows}
        text = json.dumps(tables, default=datetime.isoformat, sort_keys=True)
        self._put(manifest, hashlib.sha256(text.encode()).hexdigest(), tables)

    def _put(self, manifest: Manifest, digest: str, tables: Mapping[str, list[dict[str, Any]]]) -> None:
        document = {
            "format": _FORMAT,
            "digest": digest,
            "manifest": manifest.to_dict(),
            "tables": tables,
        }
        name = hashlib.sha256(f"{manifest.graph} {digest}".encode()).hexdigest()[:32]
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(exist_ok=True)
            with draft.open("w", encoding="utf-8") as stream:
                json.dump(document, stream, default=datetime.isoformat, ensure_ascii=False)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self.folder / f"{name}.json")
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise StoreError(
                f"a run cannot be kept in {self.folder} ({error.strerror}): free some space or check its permissions"
            ) from error

    def waiting(self) -> list[Path]:
        """Files of the batches that wait, oldest first."""
        try:
            found = [
                (entry.stat().st_mtime_ns, entry.path)
                for entry in os.scandir(self.folder)
                if _is_batch(entry)
            ]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [Path(path) for _, path in sorted(found)]

    def read(self, paths: Sequence[Path]) -> dict[Manifest, list[Waiting]]:
        """What waits, by manifest; a file that holds no batch is refused, and one that is gone left out."""
        found: dict[Manifest, list[Waiting]] = {}
        for path in paths:
            try:
                manifest, waiting = _read(path)
            except FileNotFoundError:
                continue
            except (MetakgError, ValueError, KeyError, TypeError, AttributeError) as error:
                self.refuse(path, f"it is no batch: {error}")
                continue
            found.setdefault(manifest, []).append(waiting)
        return found

    def refuse(self, path: Path, reason: str) -> None:
        """Put a file aside for somebody to look at, with the reason beside it."""
        self.refused_folder.mkdir(exist_ok=True)
        (self.refused_folder / f"{path.stem}.txt").write_text(f"{reason}\n", encoding="utf-8")
        path.replace(self.refused_folder / path.name)

    def refused(self) -> dict[Path, str]:
        """Files that were put aside, with the reasons."""
        return {
            path: path.with_suffix(".txt").read_text(encoding="utf-8").strip()
            for path in sorted(self.refused_folder.glob("*.json"))
        }


def _is_batch(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".json") and not entry.name.startswith(".")


def _read(path: Path) -> tuple[Manifest, Waiting]:
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["format"] != _FORMAT:
        raise StoreError(f"format {document['format']} is not known: update metakg")
    tables = {table: list(rows) for table, rows in document["tables"].items() if table in schema.TABLES}
    for table, column in (("runs", "started"), ("contexts", "ended")):
        for row in tables.get(table, ()):
            if row[column] is not None:
                row[column] = datetime.fromisoformat(row[column])
    int(document["digest"], 16)
    return Manifest(**document["manifest"]), Waiting(path, document["digest"], tables)
