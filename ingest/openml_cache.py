"""What OpenML does not change once it is there (descriptions, tasks, flows, setups), in one file on this machine."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from kg.errors import SourceError

__all__ = ["Cache", "cache_path"]


def cache_path(folder: Path | None, server: str) -> Path:
    """File of a server's documents: below a store's folder, or below the user's cache where there is none."""
    name = re.sub(r"[^\w.]+", "-", server.partition("://")[2]).strip("-")
    if folder is None:
        base = os.environ.get("XDG_CACHE_HOME")
        folder = (Path(base) if base else Path.home() / ".cache") / "metakg"
    return folder / "openml" / f"{name}.sqlite"


class Cache:
    """Texts by kind (``task``, ``flow``, ...) and id, in SQLite: whole or not there, whoever is killed.

    Parameters
    ----------
    path
        Made if it is not there.

    Raises
    ------
    SourceError
        If the file cannot be written, or is no cache.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=60.0)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS documents (kind TEXT, id INTEGER, body BLOB, PRIMARY KEY (kind, id))"
            )
        except (OSError, sqlite3.Error) as error:
            raise SourceError(_unusable(path, error)) from error

    def get(self, kind: str, ids: Iterable[int]) -> dict[int, str]:
        """Those of the documents that are there."""
        try:
            rows = self._file.execute(
                "SELECT id, body FROM documents WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
                (kind, json.dumps(sorted(set(ids)))),
            )
            return {number: zlib.decompress(body).decode() for number, body in rows}
        except (sqlite3.Error, zlib.error, UnicodeDecodeError) as error:
            raise SourceError(_unusable(self.path, error)) from error

    def put(self, kind: str, documents: Mapping[int, str]) -> None:
        """Keep documents."""
        rows = [(kind, number, zlib.compress(body.encode(), 1)) for number, body in documents.items()]
        try:
            with self._file:
                self._file.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise SourceError(_unusable(self.path, error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unusable(path: Path, error: Exception) -> str:
    return (
        f"OpenML's documents cannot be kept in {path} ({error}): remove the file, or free some space and check its "
        "permissions"
    )
