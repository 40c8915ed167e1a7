"""The records of W&B's own file of a run, by the numbers of fields in ``wandb_internal.proto``, as one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.json_values import parse
from ingest.moments import moment
from ingest.wandb_log import Message, messages, parsed
from ingest.wandb_run import WandbRun
from kg.errors import SourceError

__all__ = ["run_of_log"]


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
                at[path[-1]] = parse(said[-1])
            elif field == 2:
                at.pop(path[-1], None)
