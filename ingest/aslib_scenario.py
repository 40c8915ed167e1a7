"""One ASlib scenario, read from its files: who ran what on which instance, and how it went.

Format: B. Bischl et al.: *ASlib: A Benchmark Library for Algorithm Selection*, Artificial Intelligence 237 (2016), and
aslib.net. ``description.txt`` is YAML (older scenarios write lists with commas), tables are ARFF; a scenario may have
``configurations.csv`` with a row of hyperparameters for each algorithm. Folds of the algorithm selection (``cv.arff``)
and costs of features say nothing about a run and are not read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.errors import SourceError

__all__ = [
    "DESCRIPTION",
    "FILES",
    "OPTIONAL",
    "RUNS",
    "Measured",
    "Run",
    "Scenario",
    "files_of",
    "read_scenario",
]

DESCRIPTION, RUNS = "description.txt", "algorithm_runs.arff"
_FEATURES, _CONFIGURATIONS = "feature_values.arff", "configurations.csv"
FILES = (DESCRIPTION, RUNS)
OPTIONAL = (_FEATURES, _CONFIGURATIONS)

_MOST_BYTES = 256 * 2**20
"""Bytes of a file; the largest scenario of ASlib has 60 MB."""
_MOST_TEXT = 2 * 2**20
"""Bytes of a description; that of the largest scenario has 60 kB."""

_KEYS = ("instance_id", "repetition")
_STATUSES = ("ok", "timeout", "memout", "not_applicable", "crash", "other")


@dataclass(frozen=True)
class Measured:
    """A measure of performance of the scenario: its name, whether more is better, and ``runtime`` or another type."""

    name: str
    maximise: bool
    type: str


@dataclass(frozen=True)
class Run:
    """A row of ``algorithm_runs.arff``; ``values`` by measure, without those that are missing."""

    line: int
    instance: str
    repetition: int
    algorithm: str
    values: Mapping[str, float]
    status: str


@dataclass(frozen=True)
class Scenario:
    """A scenario.

    Attributes
    ----------
    id
        Its own name.
    measures, runs
        In the order of the files.
    features
        By instance, without those that are missing; of several repetitions the first.
    configurations
        Hyperparameters as text by algorithm, without those that are not active.
    described
        What the description says of each algorithm beyond its name.
    """

    id: str
    measures: tuple[Measured, ...]
    runs: tuple[Run, ...]
    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    configurations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    described: Mapping[str, str] = field(default_factory=dict)


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of a scenario's files by name.

    Raises
    ------
    SourceError
        If one that must be there is missing, or one is larger than any scenario's.
    """
    found = {}
    for name in (*FILES, *OPTIONAL):
        path = folder / name
        try:
            if name in OPTIONAL and not path.exists():
                continue
            if path.stat().st_size > _MOST_BYTES:
                raise SourceError(
                    f"{path}: {path.stat().st_size:,} bytes are more than {_MOST_BYTES:,}: split it"
                )
            found[name] = path.read_bytes()
        except OSError as error:
            raise SourceError(
                f"{path}: cannot be read ({error.strerror}): an ASlib scenario has {name}"
            ) from error
    return found


def read_scenario(files: Mapping[str, bytes], where: str) -> Scenario:
    """Read a scenario; ``where`` names its folder in errors.

    Raises
    ------
    SourceError
        If a file is not what it should be; it names the file and, where there is one, the line.
    """
    about = _description(files[DESCRIPTION], f"{where}/{DESCRIPTION}")
    measures = _measures(about, f"{where}/{DESCRIPTION}")
    features: dict[str, Mapping[str, float]] = {}
    if _FEATURES in files:
        for _, row in _arff(files[_FEATURES], f"{where}/{_FEATURES}", _KEYS):
            values = {name: value for name, value in row.items() if isinstance(value, int | float)}
            features.setdefault(
                str(row["instance_id"]), {name: float(values[name]) for name in values if name not in _KEYS}
            )
    described = about.get("metainfo_algorithms")
    return Scenario(
        id=str(about.get("scenario_id") or Path(where).name),
        measures=measures,
        runs=tuple(_runs(files[RUNS], f"{where}/{RUNS}", measures)),
        features=features,
        configurations=_configurations(files.get(_CONFIGURATIONS, b""), f"{where}/{_CONFIGURATIONS}"),
        described={
            str(name): str(said["configuration"])
            for name, said in (described if isinstance(described, dict) else {}).items()
            if isinstance(said, dict) and said.get("configuration")
        },
    )


def _description(content: bytes, where: str) -> dict[str, Any]:
    import yaml

    if len(content) > _MOST_TEXT:
        raise SourceError(
            f"{where}: {len(content):,} bytes are more than {_MOST_TEXT:,}: it is no description"
        )
    try:
        # a question mark, which stands for an unknown value, is a key's mark in YAML
        text = re.sub(r"(?m):[ \t]*\?[ \t]*$", ":", content.decode())
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise SourceError(
                f"{where}: has YAML aliases, which may grow without bound: write the values out"
            )
        about = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise SourceError(f"{where}: byte {error.start} is not UTF-8: save it as UTF-8") from error
    except RecursionError as error:
        raise SourceError(f"{where}: is nested too deeply to be a description: mend it") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise SourceError(
            f"{where}: {line}is no YAML ({getattr(error, 'problem', error)}): mend it"
        ) from error
    if not isinstance(about, dict):
        raise SourceError(f"{where}: holds no names with values: it is no description of a scenario")
    return about


def _measures(about: Mapping[str, Any], where: str) -> tuple[Measured, ...]:
    names = _listed(about.get("performance_measures"))
    types, maximise = _listed(about.get("performance_type")), _listed(about.get("maximize"))
    if not names:
        raise SourceError(f"{where}: names no performance_measures: state them")
    for key, listed in (("maximize", maximise), ("performance_type", types)):
        if len(listed) != len(names):
            raise SourceError(
                f"{where}: {len(names)} performance_measures, but {len(listed)} of {key}: give each one"
            )
    wrong = [text for text in maximise if text.lower() not in ("true", "false")]
    if wrong:
        raise SourceError(f"{where}: maximize {wrong[0]!r} is neither true nor false")
    return tuple(
        Measured(name, more.lower() == "true", kind)
        for name, more, kind in zip(names, maximise, types, strict=True)
    )


def _listed(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return [part.strip() for part in str("" if value is None else value).split(",") if part.strip()]


def _runs(content: bytes, where: str, measures: tuple[Measured, ...]) -> Iterator[Run]:
    needed = (*_KEYS, "algorithm", *(measure.name for measure in measures), "runstatus")
    for line, row in _arff(content, where, needed):
        status, repetition = str(row["runstatus"]).lower(), row["repetition"]
        if status not in _STATUSES:
            raise SourceError(
                f"{where}: line {line}: runstatus {status!r} is unknown; known: {', '.join(_STATUSES)}"
            )
        values = {measure.name: row[measure.name] for measure in measures if row[measure.name] is not None}
        for name, value in {"repetition": repetition, **values}.items():
            if not isinstance(value, int | float):
                raise SourceError(f"{where}: line {line}: {name} is {value!r}, which is not a number")
        yield Run(line, str(row["instance_id"]), int(repetition), str(row["algorithm"]), values, status)


def _arff(content: bytes, where: str, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows by column, each with its line."""
    import arff

    try:
        text = content.decode()
        table = arff.loads(text)
    except UnicodeDecodeError as error:
        raise SourceError(f"{where}: byte {error.start} is not UTF-8: save it as UTF-8") from error
    except (arff.ArffException, ValueError, IndexError, RecursionError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SourceError(f"{where}: is no ARFF ({first}): it is damaged, get it again") from error
    names = [
        name.lower() if name.lower() in (*_KEYS, "algorithm", "runstatus") else name
        for name, _ in table["attributes"]
    ]
    for name in needed:
        if name not in names:
            raise SourceError(f"{where}: has no attribute {name!r}; it has {', '.join(names[:10])}")
    for line, values in zip(_data_lines(text), table["data"], strict=True):
        yield line, dict(zip(names, values, strict=True))


def _data_lines(text: str) -> Iterator[int]:
    lines = enumerate(text.splitlines(), start=1)
    for _, line in lines:
        if line.strip().lower().startswith("@data"):
            break
    return (number for number, line in lines if line.strip() and not line.lstrip().startswith("%"))


def _configurations(content: bytes, where: str) -> dict[str, dict[str, str]]:
    if not content:
        return {}
    found: dict[str, dict[str, str]] = {}
    rows = csv.reader(io.StringIO(_decoded(content, where)))
    try:
        header = next(rows, [])
        for row in rows:
            if len(row) != len(header):
                raise SourceError(
                    f"{where}: line {rows.line_num}: {len(row)} values for {len(header)} columns: mend it"
                )
            if row[0] in found:
                raise SourceError(f"{where}: line {rows.line_num}: algorithm {row[0]!r} is there already")
            found[row[0]] = {name: text for name, text in zip(header[1:], row[1:], strict=True) if text}
    except csv.Error as error:
        raise SourceError(f"{where}: line {rows.line_num}: is no CSV ({error}): mend it") from error
    return found


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"{where}: byte {error.start} is not UTF-8: save it as UTF-8") from error
