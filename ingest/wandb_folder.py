"""A run's folder as W&B writes it: ``run-ID.wandb``, and what else it has: ``files/`` with configuration and summary.

What is downloaded of a run (``config.yaml``, ``wandb-summary.json``, ``wandb-history.jsonl``) may also lie in the
folder itself; without W&B's own file these are what is known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ingest.local_artefacts import artefacts_of
from ingest.local_files import json_of, lines_of, text_of
from ingest.moments import moment
from ingest.source import Tally
from ingest.wandb_log import Message, messages, parsed
from ingest.wandb_run import WandbRun, about_machine
from ingest.yaml_documents import yaml_of
from kg.errors import SourceError

__all__ = ["is_run_folder", "run_of_folder", "run_of_log"]

_SUMMARY, _CONFIG, _HISTORY = "wandb-summary.json", "config.yaml", "wandb-history.jsonl"


def is_run_folder(path: Path) -> bool:
    """Whether the folder is that of one run."""
    if not path.is_dir():
        return False
    return any(path.glob("run-*.wandb")) or (_found(path, _SUMMARY) is not None)


def run_of_folder(folder: Path, root: Path, tally: Tally) -> WandbRun:
    """The run of a folder.

    Raises
    ------
    SourceError
        If its files cannot be read.
    """
    logs = sorted(folder.glob("run-*.wandb"))
    run = run_of_log(logs[0], root) if logs else _run_of_files(folder, root)
    if about := _found(folder, "wandb-metadata.json"):
        said = json_of(about, root)
        if isinstance(said, dict):
            run.context |= about_machine(said)
            run.started = run.started or moment(said.get("startedAt"))
    if packages := _found(folder, "requirements.txt"):
        run.context["packages"] = "\n".join(sorted(text_of(packages, root).split()))
    if (folder / "files").is_dir():
        own = (
            "wandb-",
            "config.yaml",
            "requirements.txt",
            "output.log",
            "conda-environment.yaml",
            "diff.patch",
        )
        run.artefacts = [
            file for file in artefacts_of(folder / "files", root, tally) if not file.name.startswith(own)
        ]
    return run


def run_of_log(path: Path, root: Path) -> WandbRun:
    """The run of a file ``run-ID.wandb``.

    Raises
    ------
    SourceError
        If it is damaged.
    """
    run = WandbRun(path.stem.removeprefix("run-"), str(path))
    try:
        for message in messages(path, root):
            _take(run, message)
    except (ValueError, IndexError, TypeError, RecursionError, OverflowError, AttributeError) as error:
        raise SourceError(f"{path}: a record is not understood ({error})") from error
    return run


def _run_of_files(folder: Path, root: Path) -> WandbRun:
    """A run by what was downloaded of it; that it has a summary is all there is to say that it finished."""
    run = WandbRun(folder.name, str(folder), state="finished")
    if (summary := _found(folder, _SUMMARY)) and isinstance(said := json_of(summary, root), dict):
        run.summary = said
    if config := _found(folder, _CONFIG):
        for name, value in yaml_of(config, root).items():
            wrapped = isinstance(value, dict) and "value" in value and set(value) <= {"value", "desc"}
            if name != "wandb_version":
                run.config[name] = value["value"] if wrapped else value
    if history := _found(folder, _HISTORY):
        for number, line in lines_of(history, root):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceError(f"{history}:{number}: is no JSON ({error})") from error
            if isinstance(row, dict):
                run.history.append(row)
    return run


def _found(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / "files" / name, folder / name) if path.is_file()), None)


def _take(run: WandbRun, message: Message) -> None:
    """Take what a record says; the numbers of fields are those of ``wandb_internal.proto``."""
    for content in _inner(message, 17):
        about = parsed(content)
        run.key, run.project = _text(about, 1) or run.key, _text(about, 3) or run.project
        run.name = _text(about, 8) or run.name
        for number, name in ((2, "entity"), (6, "group"), (7, "job_type"), (9, "notes"), (12, "sweep")):
            if said := _text(about, number):
                run.tags[name] = said
        if marks := [mark.decode() for mark in _inner(about, 10)]:
            run.tags["tags"] = ", ".join(marks)
        for inner in _inner(about, 4):
            _update(run.config, parsed(inner))
        for inner in _inner(about, 17):
            time = parsed(inner)
            seconds, nanoseconds = (int(time.get(field, [0])[-1]) for field in (1, 2))
            run.started = moment(seconds * 1_000 + nanoseconds / 1e6)
        run.context["host"] = _text(about, 13) or run.context.get("host")
        for inner in _inner(about, 21):
            run.context["commit"] = _text(parsed(inner), 2)
    for content in _inner(message, 5):
        _update(run.config, parsed(content))
    for content in _inner(message, 3):
        _update(run.summary, parsed(content))
    for content in _inner(message, 2):
        row: dict[str, Any] = {}
        _update(row, parsed(content))
        run.history.append(row)
        if isinstance(logged := row.get("_timestamp"), int | float):
            run.ended = moment(logged * 1_000)
    for content in _inner(message, 26):
        about = parsed(content)
        names = {1: "platform", 2: "python", 6: "script", 12: "host", 13: "user"}
        run.context |= {name: said for field, name in names.items() if (said := _text(about, field))}
    for content in _inner(message, 18):
        code = int(parsed(content).get(1, [0])[-1])
        run.state = "failed" if code else "finished"
        run.error = f"its process ended with exit status {code}" if code else None


def _inner(message: Message, field: int) -> list[bytes]:
    return [value for value in message.get(field, ()) if isinstance(value, bytes)]


def _text(message: Message, field: int) -> str | None:
    found = _inner(message, field)
    return found[-1].decode() if found and found[-1] else None


def _update(values: dict[str, Any], message: Message) -> None:
    """Apply items that are set (field 1) and removed (2): a key, or keys of mappings within each other."""
    for field in (1, 2):
        for content in _inner(message, field):
            item = parsed(content)
            path = [part.decode() for part in _inner(item, 2) or _inner(item, 1)]
            if not path or len(path) > 50:
                continue
            at: dict[str, Any] = values
            for part in path[:-1]:
                if not isinstance(at.get(part), dict):
                    at[part] = {}
                at = at[part]
            said = _inner(item, 16)
            if field == 1 and said:
                at[path[-1]] = json.loads(said[-1])
            elif field == 2:
                at.pop(path[-1], None)
