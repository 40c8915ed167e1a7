"""Runs that Sacred's FileStorageObserver recorded: ``N/{config,run,metrics}.json``; Sacred itself is not needed.

A result that is a number is a metric of that name, one that is a mapping has several. Times are UTC.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingest.local_artefacts import artefacts_of
from ingest.local_files import json_of
from ingest.moments import moment
from ingest.source import Tally
from ingest.tracked import TrackedRun, flat
from ingest.tracker import TrackerSource
from ingest.wandb_run import number
from kg.errors import SourceError

__all__ = ["SacredSource"]

_STATUS = {
    "COMPLETED": "finished",
    **dict.fromkeys(("FAILED", "INTERRUPTED", "TIMEOUT", "DIED"), "failed"),
}
_OWN = ("config.json", "run.json", "metrics.json", "info.json", "cout.txt")


class SacredSource(TrackerSource):
    """Sacred's runs; see :class:`ingest.tracker.TrackerSource` for the options.

    The path is the folder that the observer was given, or that of one run. Failed, interrupted and timed out runs
    failed, with the exception's name and message.
    """

    name = "sacred"
    title = "Runs recorded by Sacred"
    usual = "runs"

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a folder with numbered runs of Sacred's."""
        return (
            isinstance(subject, str | os.PathLike)
            and Path(subject).is_dir()
            and bool(_folders(Path(subject)))
        )

    def runs(self, tally: Tally) -> Iterator[TrackedRun]:
        """Yield the runs by their numbers."""
        if not (folders := _folders(self.path)):
            raise SourceError(
                f"{self.path}: has no folder with run.json and config.json, as Sacred's observer writes"
            )
        return self.readable(folders, lambda folder: _run(folder, self.path, tally), str, tally)


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    places = [path, *path.iterdir()]
    found = [each for each in places if (each / "run.json").is_file() and (each / "config.json").is_file()]
    return sorted(found, key=lambda each: (not each.name.isdecimal(), each.name.zfill(20)))


def _run(folder: Path, root: Path, tally: Tally) -> TrackedRun:
    about, config = (
        _mapping(json_of(folder / name, root), folder / name) for name in ("run.json", "config.json")
    )
    experiment, host, meta = (_inner(about, name) for name in ("experiment", "host", "meta"))
    history = dict(_history(folder / "metrics.json", root)) if (folder / "metrics.json").is_file() else {}
    metrics: dict[str, Any] = {name: pairs[-1][1] for name, pairs in history.items() if pairs}
    result = about.get("result")
    for name, value in (flat(result) if isinstance(result, Mapping) else {"result": result}).items():
        if (found := number(value)) is not None:
            metrics[name] = found
    status = _STATUS.get(str(about.get("status")), "running")
    error_type, error = _error(about)
    options = _inner(meta, "options")
    system = host.get("os")
    repositories = experiment.get("repositories")
    first = repositories[0] if isinstance(repositories, list) and repositories else {}
    comment = meta.get("comment") or options.get("--comment")
    return TrackedRun(
        key=folder.name,
        place=str(folder),
        experiment=str(experiment.get("name") or ""),
        parameters=flat(config),
        metrics=metrics,
        history=history,
        tags={"comment": comment} if isinstance(comment, str) else {},
        status=status,
        error=error if status == "failed" else None,
        error_type=error_type if status == "failed" else None,
        started=moment(about.get("start_time")),
        ended=moment(about.get("stop_time")),
        context={
            "name": f"{experiment.get('name')} {folder.name}",
            "script": _text(experiment.get("mainfile")),
            "commit": _text(first.get("commit")) if isinstance(first, dict) else None,
            "host": _text(host.get("hostname")),
            "python": _text(host.get("python_version")),
            "platform": _text(system[-1]) if isinstance(system, list) and system else None,
            "packages": "\n".join(str(each) for each in experiment.get("dependencies") or ()) or None,
        },
        artefacts=[file for file in artefacts_of(folder, root, tally) if file.name not in _OWN],
    )


def _history(path: Path, root: Path) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    for name, said in _mapping(json_of(path, root), path).items():
        steps, values = (said.get(each) if isinstance(said, dict) else None for each in ("steps", "values"))
        if not isinstance(steps, list) or not isinstance(values, list) or len(steps) != len(values):
            raise SourceError(f"{path}: metric {name!r} has not as many steps as values")
        pairs = [(number(step), number(value)) for step, value in zip(steps, values, strict=True)]
        wrong = next((place for place, pair in enumerate(pairs) if None in pair), None)
        if wrong is not None:
            raise SourceError(f"{path}: metric {name!r}, value {wrong + 1}: {values[wrong]!r} is no number")
        yield name, sorted((step, value) for step, value in pairs if step is not None and value is not None)


def _error(about: Mapping[str, Any]) -> tuple[str | None, str]:
    trace = about.get("fail_trace")
    last = str(trace[-1]).strip() if isinstance(trace, list) and trace else ""
    name, colon, message = last.partition(": ")
    if not last or " " in name:
        return None, last or f"Sacred says no more than {about.get('status')}"
    return name, message if colon else name


def _mapping(found: Any, path: Path) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise SourceError(f"{path}: holds no names with values")
    return found


def _inner(about: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = about.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
