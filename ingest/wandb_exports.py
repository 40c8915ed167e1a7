"""Runs as W&B exports them: a project's table as CSV, or a list of runs, as its Python API tells them.

- **The table** (columns ``Name``, ``State``, ``Created``, ...) does not say which columns are of the configuration and
  which of the summary. A column is a metric if its name is a known or declared measure, or has a word such as loss,
  score or error in it, or a ``/``; any other is a parameter.
- **The list**, as CSV or JSON, has ``config`` and ``summary`` of each run; without ``state`` a run has finished.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ingest.json_values import parse, restore, unicode_only
from ingest.local_files import STREAM, checked, json_of
from ingest.moments import moment
from ingest.source import Tally
from ingest.wandb_run import WandbRun, number
from kg.errors import SourceError

__all__ = ["is_export", "runs_of_export"]

_TABLE = {"Name", "State", "Created"}
_LIST = {"config", "summary", "name"}
_OWN = {"Notes": "notes", "Tags": "tags", "Sweep": "sweep", "Group": "group", "Job Type": "job_type"}
_DROPPED = _TABLE | set(_OWN) | {"User", "Runtime", "ID", "Project", "Updated", "Hostname", "GitHub"}
_METRIC = re.compile(r"(?i)(?<![a-z])(loss|acc|accuracy|error|score|epoch|metric)(?![a-z])|/")
_LONGEST = 2**20


def is_export(path: Path) -> bool:
    """Whether the beginning of the file is that of an export of W&B's."""
    if path.suffix.lower() not in (".csv", ".json") or not path.is_file():
        return False
    with path.open("rb") as stream:
        start = stream.read(2**16).decode("utf-8-sig", "replace")
    if path.suffix.lower() == ".json":
        return bool(re.match(r"\s*\[\s*\{", start)) and all(
            f'"{name}"' in start for name in ("config", "summary")
        )
    first = set(next(csv.reader(start.splitlines()[:1]), ()))
    return first >= _TABLE or first >= _LIST


def runs_of_export(path: Path, tally: Tally, is_measure: Callable[[str], bool]) -> Iterator[WandbRun]:
    """Yield the runs in the order of the file; what is wrong is rejected by its line.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    for place, row in _listed(path) if path.suffix.lower() == ".json" else _lines(path):
        try:
            yield _of_table(row, place, is_measure) if row.keys() >= _TABLE else _of_list(row, place)
        except SourceError as error:
            tally.read("runs", 1)
            tally.reject("runs", place, str(error))


def _listed(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    found = json_of(path, path.parent)
    if not isinstance(found, list):
        raise SourceError(f"{path}: is no list of runs")
    for place, row in enumerate(found, 1):
        yield f"{path}, run {place}", row if isinstance(row, dict) else {}


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    csv.field_size_limit(_LONGEST)
    try:
        with checked(path, path.parent, STREAM).open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if not {*(rows.fieldnames or ())} >= _TABLE and not {*(rows.fieldnames or ())} >= _LIST:
                raise SourceError(f"{path}: has neither the columns {sorted(_TABLE)} nor {sorted(_LIST)}")
            for row in rows:
                yield f"{path}:{rows.line_num}", row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: cannot be read as CSV ({error})") from error


def _of_table(row: Mapping[str, Any], place: str, is_measure: Callable[[str], bool]) -> WandbRun:
    if None in row or None in row.values():
        raise SourceError("has more or fewer fields than the table has columns")
    key = row.get("ID") or f"{row['Name']} {row['Created']}"
    run = WandbRun(key, place, row.get("Project") or "", row["Name"], row["State"] or "finished")
    run.started = moment(row["Created"])
    run.context = {"user": row.get("User"), "host": row.get("Hostname")}
    run.tags = {own: said for name, own in _OWN.items() if (said := row.get(name)) and said != "-"}
    for name, said in row.items():
        if name not in _DROPPED and said != "":
            value = restore(said)
            if is_measure(name) and number(value) is None:
                raise SourceError(f"{name} is {said!r:.60}, which is not a number")
            is_metric = is_measure(name) or _METRIC.search(name)
            (run.summary if is_metric else run.config)[name] = value
    return run


def _of_list(row: Mapping[str, Any], place: str) -> WandbRun:
    config, summary = (_mapping(row.get(name), name) for name in ("config", "summary"))
    name = str(row.get("name") or row.get("id") or "")
    if not name:
        raise SourceError("has neither a name nor an id")
    run = WandbRun(str(row.get("id") or name), place, str(row.get("project") or ""), name)
    run.state = str(row.get("state") or "finished")
    run.config, run.summary = config, summary
    run.started = moment(row.get("created_at") or row.get("createdAt"))
    run.context = {"commit": row.get("commit") if isinstance(row.get("commit"), str) else None}
    run.tags = {own: str(row[own]) for own in ("notes", "tags", "group", "job_type", "sweep") if row.get(own)}
    return run


def _mapping(said: Any, name: str) -> dict[str, Any]:
    """A mapping that may be written as JSON or as Python writes it."""
    for read in (parse, ast.literal_eval):
        if isinstance(said, str) and len(said) <= _LONGEST:
            try:
                said = unicode_only(read(said))
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
    if not isinstance(said, dict):
        raise SourceError(f"its {name} is no mapping of names to values")
    return {str(key): value for key, value in said.items()}
