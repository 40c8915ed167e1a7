"""What MLflow keeps of a run, by its file store and its database alike, as a tracked run.

https://mlflow.org/docs/latest/ml/tracking/: tags that begin with ``mlflow.`` are MLflow's own. What it autologs of
scikit-learn names the class (``estimator_class``), and the parameters as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.moments import moment
from ingest.records import Artefact, DatasetRef
from ingest.run_words import dataset_named
from ingest.tracked import TrackedRun

__all__ = ["Input", "MlflowRun", "tracked"]

_STATUS = {
    **dict.fromkeys((1, 2, "RUNNING", "SCHEDULED"), "running"),
    **dict.fromkeys((3, "FINISHED"), "finished"),
    **dict.fromkeys((4, 5, "FAILED", "KILLED"), "failed"),
}
_KILLED = (5, "KILLED")
_TRAINING = ("training", "train")


@dataclass(frozen=True)
class Input:
    """A dataset that a run read: MLflow's name and digest of it, where it is from, and what for."""

    name: str
    digest: str
    source: str = ""
    use: str = ""


@dataclass
class MlflowRun:
    """Rows and files of one run. ``points`` are (step, time, value) by metric."""

    key: str
    place: str
    experiment: str
    status: Any
    name: str | None = None
    user: str | None = None
    started: Any = None
    ended: Any = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, Sequence[tuple[int, int, float]]] = field(default_factory=dict)
    inputs: Iterable[Input] = ()
    artefacts: Sequence[Artefact] = ()


def tracked(run: MlflowRun) -> TrackedRun:
    """The run in the terms of all trackers. The last value of a metric is that of the highest step, as for MLflow.

    Raises
    ------
    SourceError
        If a time is none.
    """
    dataset, vague = _dataset(run.inputs)
    tags, own = dict[str, str](), dict[str, str]()
    for name, text in run.tags.items():
        (own if name.startswith("mlflow.") else tags)[name] = text
    if note := own.get("mlflow.note.content"):
        tags["note"] = note
    status = _STATUS.get(run.status, "running")
    failed = (
        "MLflow says that it was killed"
        if run.status in _KILLED
        else "MLflow says no more than that it failed"
    )
    ordered = {name: sorted(points) for name, points in run.points.items() if points}
    return TrackedRun(
        key=run.key,
        place=run.place,
        experiment=run.experiment,
        parameters=run.parameters,
        metrics={name: points[-1][2] for name, points in ordered.items()},
        history={name: [(step, value) for step, _, value in points] for name, points in ordered.items()},
        tags=tags,
        dataset=dataset,
        vague=vague,
        status=status,
        error=failed if status == "failed" else None,
        started=moment(run.started),
        ended=moment(run.ended or None),
        parent=own.get("mlflow.parentRunId"),
        context={
            "name": run.name or own.get("mlflow.runName"),
            "user": run.user or own.get("mlflow.user"),
            "commit": own.get("mlflow.source.git.commit"),
            "script": own.get("mlflow.source.name"),
        },
        artefacts=run.artefacts,
    )


def _dataset(inputs: Iterable[Input]) -> tuple[DatasetRef | None, bool]:
    """Dataset that a run was trained on, and whether nobody gave it a name of its own."""
    found = sorted(inputs, key=lambda each: (each.use not in _TRAINING, each.name, each.digest))
    if not found:
        return None, False
    first = found[0]
    try:
        source = json.loads(first.source)
    except ValueError:
        source = None
    for said in source.values() if isinstance(source, dict) else ():
        there = dataset_named(said)
        if there is not None and there.openml_id is not None and "openml" in str(said):
            return DatasetRef(None if first.name == "dataset" else first.name, there.openml_id), False
    if first.name == "dataset":  # what MLflow calls all that is given no name
        return DatasetRef(f"dataset {first.digest}"), True
    return dataset_named(first.name), False
