"""MLflow's database, where that is a file of SQLite, opened to be read only.

A metric that is not a number is kept as 0 with ``is_nan``, an infinite one as the largest number that there is.
"""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ingest.local_artefacts import artefacts_of
from ingest.mlflow_run import Input, MlflowRun
from ingest.source import Tally
from kg.errors import SourceError

__all__ = ["is_database", "runs_of_database"]

_RUNS = (
    "SELECT r.run_uuid, r.name, r.status, r.user_id, r.start_time, r.end_time, r.artifact_uri, r.lifecycle_stage, "
    "e.name, e.lifecycle_stage FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
    "ORDER BY r.run_uuid"
)
_PARAMETERS = "SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key"
_TAGS = "SELECT key, value FROM tags WHERE run_uuid = ? ORDER BY key"
_METRICS = (
    "SELECT key, step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? ORDER BY key, step, timestamp"
)
_INPUTS = (
    "SELECT d.name, d.digest, d.dataset_source, (SELECT t.value FROM input_tags t WHERE t.input_uuid = i.input_uuid "
    "AND t.name = 'mlflow.data.context') FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
    "WHERE i.destination_type = 'RUN' AND i.source_type = 'DATASET' AND i.destination_id = ?"
)
_TABLES = {"runs", "experiments", "params", "tags", "metrics"}


def is_database(path: Path) -> bool:
    """Whether the file is a database of MLflow's."""
    if not path.is_file() or not path.open("rb").read(16).startswith(b"SQLite format 3"):
        return False
    try:
        with closing(_opened(path)) as database:
            return _TABLES | {"latest_metrics"} <= _tables(database)
    except (sqlite3.Error, UnicodeDecodeError):  # its messages may be damaged too
        return "mlflow" in path.name or "mlruns" in path.name


def runs_of_database(path: Path, tally: Tally) -> Iterator[MlflowRun]:
    """Yield the runs of all experiments, in the order of their identifiers.

    Raises
    ------
    SourceError
        If the database cannot be read, or lacks a table of MLflow's.
    """
    try:
        with closing(_opened(path)) as database:
            tables = _tables(database)
            if lacking := _TABLES - tables:
                raise SourceError(f"{path}: has no table {min(lacking)!r}: that is no database of MLflow's")
            has_inputs = {"inputs", "input_tags", "datasets"} <= tables
            for row in database.execute(_RUNS):
                if "deleted" in (row[7], row[9]):
                    tally.read("runs", 1)
                    tally.leave_out("runs", "deleted in MLflow", 1)
                    continue
                try:
                    run = _run(database, row, path, tally, has_inputs=has_inputs)
                except (TypeError, ValueError, OverflowError) as error:
                    tally.read("runs", 1)
                    tally.reject(
                        "runs",
                        f"{path}, run {row[0]}",
                        f"a metric of it has no number for its step or time ({error})",
                    )
                else:
                    yield run
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path}: cannot be read as a database of MLflow's ({' '.join(str(error).split())}); is it whole?"
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    database.execute("PRAGMA trusted_schema = OFF")
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return database


def _tables(database: sqlite3.Connection) -> set[str]:
    # no view: it could stand for a query without an end
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _run(
    database: sqlite3.Connection, row: tuple[Any, ...], path: Path, tally: Tally, *, has_inputs: bool
) -> MlflowRun:
    key, name, status, user, started, ended, artefacts, _, experiment, _ = row
    points: dict[str, list[tuple[int, int, float]]] = {}
    for metric, step, time, value, is_nan in database.execute(_METRICS, (key,)):
        points.setdefault(str(metric), []).append((int(step), int(time), _value(value, is_nan)))
    folder = _local(str(artefacts or ""), path.resolve().parent)
    return MlflowRun(
        key=str(key),
        place=f"{path}, run {key}",
        experiment=str(experiment),
        status=status,
        name=name,
        user=user,
        started=started,
        ended=ended,
        parameters=_texts(database.execute(_PARAMETERS, (key,))),
        tags=_texts(database.execute(_TAGS, (key,))),
        points=points,
        inputs=[Input(*map(_text, data)) for data in database.execute(_INPUTS, (key,))] if has_inputs else [],
        artefacts=[] if folder is None else artefacts_of(folder, path.resolve().parent, tally),
    )


def _texts(rows: Iterator[tuple[Any, Any]]) -> Mapping[str, str]:
    return {_text(name): _text(value) for name, value in rows}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _value(value: Any, is_nan: Any) -> float:
    if is_nan or not isinstance(value, int | float):
        return math.nan
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else float(value)


def _local(uri: str, folder: Path) -> Path | None:
    """Folder of a run's artefacts, if it lies below the database's own folder."""
    parts = urlsplit(uri)
    if parts.scheme not in ("", "file") or parts.netloc or not parts.path:
        return None
    place = (folder / unquote(parts.path)).resolve()
    return place if place.is_relative_to(folder) and place != folder and place.is_dir() else None
