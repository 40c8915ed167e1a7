"""MLflow's file store: ``mlruns/EXPERIMENT/RUN/{meta.yaml,params,tags,metrics,inputs,artifacts}``.

A ``/`` in a name is a folder; a line of a metric's file is ``milliseconds value step``, and what may follow is the
dataset. Deleted runs say so in their ``meta.yaml``; deleted experiments lie in ``.trash``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.local_artefacts import artefacts_of
from ingest.local_files import files_below, lines_of, text_of
from ingest.mlflow_run import Input, MlflowRun
from ingest.source import Tally
from ingest.yaml_documents import yaml_of
from kg.errors import SourceError

__all__ = ["is_file_store", "runs_of_files"]


def is_file_store(path: Path) -> bool:
    """Whether the folder is MLflow's."""
    return path.is_dir() and next(path.glob("[!.]*/meta.yaml"), None) is not None


def runs_of_files(root: Path, tally: Tally) -> Iterator[MlflowRun]:
    """Yield the runs of all experiments, in the order of their identifiers.

    Raises
    ------
    SourceError
        If the folder is none of MLflow's.
    """
    if not is_file_store(root):
        raise SourceError(
            f"{root}: no folder in it has a meta.yaml: give MLflow's folder, which it calls mlruns"
        )
    for folder in sorted(root.iterdir()):
        if not (folder / "meta.yaml").is_file() or folder.name.startswith("."):
            continue
        listed = sorted(
            each for each in folder.iterdir() if each.name != "models" and (each / "meta.yaml").exists()
        )
        try:
            experiment = yaml_of(folder / "meta.yaml", root)
        except SourceError as error:
            _reject(tally, folder / "meta.yaml", error)
            continue
        if experiment.get("lifecycle_stage") == "deleted":
            tally.read("runs", len(listed))
            tally.leave_out("runs", "deleted in MLflow", len(listed))
            continue
        for place in listed:
            try:
                run = _run(place, root, str(experiment.get("name") or folder.name), tally)
            except SourceError as error:
                _reject(tally, place, error)
                continue
            if run is not None:
                yield run


def _reject(tally: Tally, place: Path, error: SourceError) -> None:
    tally.read("runs", 1)
    tally.reject("runs", str(place), str(error))


def _run(place: Path, root: Path, experiment: str, tally: Tally) -> MlflowRun | None:
    about = yaml_of(place / "meta.yaml", root)
    if about.get("lifecycle_stage") == "deleted":
        tally.read("runs", 1)
        tally.leave_out("runs", "deleted in MLflow", 1)
        return None
    return MlflowRun(
        key=place.name,
        place=str(place),
        experiment=experiment,
        status=about.get("status"),
        name=about.get("run_name"),
        user=about.get("user_id"),
        started=about.get("start_time"),
        ended=about.get("end_time"),
        parameters=_texts(place / "params", root),
        tags=_texts(place / "tags", root),
        points={name: list(_points(path, root, tally)) for name, path in files_below(place / "metrics")},
        inputs=list(_inputs(place, root)),
        artefacts=artefacts_of(place / "artifacts", root, tally),
    )


def _texts(folder: Path, root: Path) -> dict[str, str]:
    return {name: text_of(path, root, 2**20) for name, path in files_below(folder)}


def _points(path: Path, root: Path, tally: Tally) -> Iterator[tuple[int, int, float]]:
    for number, line in lines_of(path, root):
        words = line.split()
        try:
            time, value, step = int(words[0]), float(words[1]), int(words[2]) if len(words) > 2 else 0
        except (ValueError, IndexError):
            tally.read("evaluations", 1)
            shown = line if len(line) < 100 else f"{line[:100]}..."
            tally.reject("evaluations", f"{path}:{number}", f"{shown!r} is not `milliseconds value step`")
            continue
        yield step, time, value


def _inputs(place: Path, root: Path) -> Iterator[Input]:
    for about in sorted(place.glob("inputs/*/meta.yaml")):
        link: dict[str, Any] = yaml_of(about, root)
        where = place.parent / "datasets" / Path(str(link.get("source_id"))).name / "meta.yaml"
        if link.get("source_type") == "DATASET" and where.exists():
            data, tags = yaml_of(where, root), link.get("tags")
            use = tags.get("mlflow.data.context") if isinstance(tags, dict) else None
            yield Input(
                str(data.get("name") or ""),
                str(data.get("digest") or ""),
                str(data.get("source") or ""),
                str(use),
            )
