"""The inbox of an embedded store: small batches that are safe on disk and wait to be appended to the graph.

Each is a JSON file that appears under its name whole (an atomic rename), named by its content, so that the same
batch twice is one file. Whoever next holds the writer's lock appends them and then deletes the files; killed
between the two, it leaves files whose batches the ledger of the graph knows, and the next one deletes those.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import schema
from kg.batch import Batch, Manifest, content_hash
from kg.errors import MetakgError, StoreError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Inbox"]

_FORMAT = 1


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
        name = hashlib.sha256(f"{batch.manifest.graph} {content_hash([batch])}".encode()).hexdigest()[:32]
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(exist_ok=True)
            with draft.open("w", encoding="utf-8") as stream:
                json.dump(_document(batch), stream, default=datetime.isoformat, ensure_ascii=False)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self.folder / f"{name}.json")
        except OSError as error:
            draft.unlink(missing_ok=True)
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
        except FileNotFoundError:
            return []
        return [Path(path) for _, path in sorted(found)]

    def read(self, paths: Sequence[Path]) -> dict[Manifest, dict[Path, Batch]]:
        """Batches by manifest and file; a file that holds none is refused, and one that is gone left out."""
        found: dict[Manifest, dict[Path, Batch]] = {}
        for path in paths:
            try:
                batch = _batch(json.loads(path.read_text(encoding="utf-8")))
            except FileNotFoundError:
                continue
            except (MetakgError, ValueError, KeyError, TypeError, AttributeError) as error:
                self.refuse(path, f"it is no batch: {error}")
                continue
            found.setdefault(batch.manifest, {})[path] = batch
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


def _document(batch: Batch) -> dict[str, Any]:
    tables = {name: frame.to_dicts() for name, frame in batch.tables().items() if frame.height}
    return {"format": _FORMAT, "manifest": batch.manifest.to_dict(), "tables": tables}


def _batch(document: dict[str, Any]) -> Batch:
    if document["format"] != _FORMAT:
        raise StoreError(f"format {document['format']} is not known: update metakg")
    tables = {name: _frame(name, rows) for name, rows in document["tables"].items()}
    return Batch(Manifest(**document["manifest"]), **tables)


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    import polars as pl

    for row in rows if table == "runs" else ():
        if row["started"] is not None:
            row["started"] = datetime.fromisoformat(row["started"])
    return pl.DataFrame(rows, schema=schema.empty(table).schema)
