"""Maps from a table's columns to what they are: as people write them, and as a store remembers them.

>>> parse_map("dataset=task,accuracy=acc")
{'task': ('dataset', ''), 'acc': ('measure', 'accuracy')}
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.table_names import ROLES
from kg.errors import QueryError, SourceError

__all__ = ["Map", "parse_map", "remember", "remembered"]

Map = Mapping[str, tuple[str, str]]
"""Column → (role, detail); see :class:`ingest.table_roles.Role`."""

_FILE = "table-maps.json"


def parse_map(text: str) -> dict[str, tuple[str, str]]:
    """Column → (role, detail) of a text ``role=column,...``, where a role may be a measure's name.

    Raises
    ------
    QueryError
        If it is not of that form, or a column is named twice.
    """
    found: dict[str, tuple[str, str]] = {}
    for part in text.split(","):
        role, sign, column = (each.strip() for each in part.partition("="))
        if not sign or not role or not column:
            raise QueryError(
                f"map {text!r}: {part!r} is not role=column, such as dataset=task or accuracy=acc"
            )
        if column in found:
            raise QueryError(f"map {text!r}: the column {column!r} is named twice: give it one role")
        if role == "unused":
            found[column] = ("", "")
        elif role == "parameter":
            found[column] = (role, column)
        elif role in ROLES and role != "measure":
            found[column] = (role, "")
        else:
            found[column] = ("measure", role)
    return found


def remembered(folder: Path, columns: Sequence[str]) -> dict[str, tuple[str, str]] | None:
    """The map that was used for a table with this header, or None.

    Raises
    ------
    SourceError
        If what is remembered cannot be read.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8")).get(_signature(columns))
        return (
            None
            if held is None
            else {name: (str(role), str(detail)) for name, (role, detail) in held.items()}
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SourceError(f"{path}: the maps of tables cannot be read ({error}): delete the file") from error


def remember(folder: Path, columns: Sequence[str], used: Map) -> None:
    """Keep the map for the next table with this header.

    Raises
    ------
    SourceError
        If it cannot be written.
    """
    path = folder / _FILE
    draft = path.with_name(f"{_FILE}.{os.getpid()}")
    try:
        held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        held[_signature(columns)] = {name: list(role) for name, role in used.items()}
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(held, indent=1, ensure_ascii=False), encoding="utf-8")
        draft.replace(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: the map cannot be remembered ({error}): check its permissions") from error


def _signature(columns: Sequence[str]) -> str:
    """Names a header, by the columns' names in their order."""
    return hashlib.sha256(json.dumps(list(columns)).encode()).hexdigest()[:16]
