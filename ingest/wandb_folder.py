"""A run's folder as W&B writes it: ``run-ID.wandb``, and what else it has: ``files/`` with configuration and summary.

What is downloaded of a run (``config.yaml``, ``wandb-summary.json``, ``wandb-history.jsonl``) may also lie in the
folder itself; without W&B's own file these are what is known.
"""

from __future__ import annotations

from pathlib import Path

from ingest.json_values import parse
from ingest.local_artefacts import artefacts_of
from ingest.local_files import json_of, lines_of, text_of
from ingest.moments import moment
from ingest.source import Tally
from ingest.wandb_records import run_of_log
from ingest.wandb_run import WandbRun, about_machine
from ingest.yaml_documents import yaml_of
from kg.errors import SourceError

__all__ = ["is_run_folder", "run_of_folder"]

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
                row = parse(line)
            except (ValueError, RecursionError) as error:
                raise SourceError(f"{history}:{number}: is no JSON ({error})") from error
            if isinstance(row, dict):
                run.history.append(row)
    return run


def _found(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / "files" / name, folder / name) if path.is_file()), None)
