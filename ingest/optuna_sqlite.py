"""Optuna's SQLite file, read without Optuna: schema 12, which its releases since 3.2 keep."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ingest.optuna_studies import DIRECTIONS, STATES, Study, Trial, moment, parsed, restored
from kg.errors import SourceError

__all__ = ["is_database", "is_optuna_database", "studies_of_database"]

_SCHEMA = 12
_MAGIC = b"SQLite format 3\0"
_TABLES = {"studies", "study_directions", "trials", "trial_params", "trial_values"}
_FIRST_BYTES = 1 << 18
_TRACES = (b"CREATE TABLE study_directions", b'Distribution", "attributes"')
"""What Optuna's files hold, and what is left of it may tell."""

_SPECIAL = {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}


def is_database(path: Path) -> bool:
    """Whether it begins as SQLite files do."""
    return _start(path, len(_MAGIC)) == _MAGIC


def is_optuna_database(path: Path) -> bool:
    """Whether it is an SQLite file with Optuna's tables, or what is left of one."""
    start = _start(path, _FIRST_BYTES)
    if not start.startswith(_MAGIC):
        return False
    try:
        with closing(_opened(path)) as file:
            return {name for (name,) in file.execute("SELECT name FROM sqlite_master")} >= _TABLES
    except sqlite3.Error:
        return any(trace in start for trace in _TRACES)


def studies_of_database(path: Path) -> list[Study]:
    """All studies of a file, which is only read.

    Raises
    ------
    SourceError
        If it is damaged, or of another schema.
    """
    try:
        with closing(_opened(path)) as file:
            return list(_studies(path, file))
    except sqlite3.Error as error:
        raise SourceError(
            f"{path}: cannot be read as Optuna's SQLite file ({error}): is it whole?"
        ) from error
    except ValueError as error:
        raise SourceError(f"{path}: {error}: is the file whole?") from error


def _start(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(length)
    except OSError:  # no file, or not ours to read
        return b""


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)


def _studies(path: Path, file: sqlite3.Connection) -> Iterator[Study]:
    versions = list(file.execute("SELECT schema_version, library_version FROM version_info"))
    if not versions or versions[0][0] != _SCHEMA:
        found = versions[0][0] if versions else "none"
        raise SourceError(
            f"{path}: schema {found} of Optuna, {_SCHEMA} is read: bring it up to date by "
            f"`optuna storage upgrade --storage sqlite:///{path.name}` (a copy of it)"
        )
    # Before Optuna 5 times were of whatever time zone the machine was in.
    timed = int(str(versions[0][1]).partition(".")[0]) >= 5
    for number, name in list(file.execute("SELECT study_id, study_name FROM studies ORDER BY study_id")):
        mine = (number,)
        system = dict(
            file.execute("SELECT key, value_json FROM study_system_attributes WHERE study_id = ?", mine)
        )
        directions = file.execute(
            "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", mine
        )
        names = system.get("study:metric_names")
        yield Study(
            str(name),
            [DIRECTIONS.get(word, "") for (word,) in directions],
            None if names is None else parsed(names),
            {
                str(key): parsed(text)
                for key, text in file.execute(
                    "SELECT key, value_json FROM study_user_attributes WHERE study_id = ?", mine
                )
            },
            list(_trials(file, number, timed=timed)),
        )


def _trials(file: sqlite3.Connection, study: int, *, timed: bool) -> Iterator[Trial]:
    rows = file.execute(
        "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials "
        "WHERE study_id = ? ORDER BY number",
        (study,),
    )
    for identifier, number, state, *times in list(rows):
        if not isinstance(number, int):
            raise ValueError(f"the trial with trial_id {identifier} has the number {number!r}")
        trial = Trial(number, str(state))
        try:
            if state not in STATES:
                raise ValueError(f"its state is {state!r}; known: {', '.join(STATES)}")
            _fill(file, identifier, trial)
            if timed:
                trial.started, trial.ended = (moment(each and f"{each}+00:00") for each in times)
        except ValueError as error:
            trial.wrong = str(error)
        yield trial


def _fill(file: sqlite3.Connection, identifier: int, trial: Trial) -> None:
    mine = (identifier,)
    for name, stored, distribution in file.execute(
        "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ? ORDER BY param_id",
        mine,
    ):
        try:
            trial.parameters[str(name)] = restored(stored, distribution)
        except ValueError as error:
            raise ValueError(f"parameter {name!r}: {error}") from error
    for step, value, kind in file.execute(
        "SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values "
        "WHERE trial_id = ? ORDER BY step",
        mine,
    ):
        trial.steps[step] = _SPECIAL.get(kind, value)
    for key, text in file.execute(
        "SELECT key, value_json FROM trial_user_attributes WHERE trial_id = ?", mine
    ):
        trial.attributes[str(key)] = parsed(text)
    if trial.state == "COMPLETE":  # a trial that was pruned has values, too
        values = file.execute(
            "SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective", mine
        )
        trial.values = [_SPECIAL.get(kind, value) for value, kind in values]
