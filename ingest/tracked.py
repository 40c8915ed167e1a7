"""A run as a tracker keeps it, whatever the tracker, and the record that is made of it.

- **Scores** are the last values of metrics whose names are known measures (or declared ones). Of several names for one
  measure that of the test rows counts first, then a validation's, then one that does not say: beside ``val_accuracy``,
  ``accuracy`` may be of the training rows.
- **Metrics of the training rows** (``train_*``, ``training_*``, ``train/*``) are no scores: with several values they
  are series, with one a tag.
- **A run that names no dataset** gets the source's, else one by the name of its experiment, which a tag says.
- **A run that names no model** gets its script's name, else its experiment's.
- **The task's type** is the stated one, else that of the measures.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.json_values import text
from ingest.records import Artefact, DatasetRef, Points, Record, Records
from ingest.run_words import MODELS, Words, guessed_type
from ingest.sklearn_text import pipeline_of_text
from kg.errors import PipelineError, QueryError, SourceError
from kg.pipeline import Pipeline

__all__ = ["TrackedRun", "add", "flat"]

_TRAINING = re.compile(r"(?i)train(ing)?(?![a-z])")
_TESTED = re.compile(r"(?i)(^|[/_. -])test([/_. -]|$)")
_VALIDATED = re.compile(r"(?i)(^|[/_. -])(val|valid|validation|eval|cv|dev)([/_. -]|$)")
_COUNTS = frozenset({"epoch", "step", "global_step", "iteration", "trainer/global_step"})
"""Metrics that tell how far a run is, not how good."""

_DEEPEST = 20
_LONGEST_TAG = 10_000


@dataclass
class TrackedRun:
    """One run of a tracker.

    Attributes
    ----------
    key, place
        As of :class:`ingest.records.Record`.
    experiment
        Name of the experiment or project.
    parameters, tags
        As the tracker has them; inner mappings of parameters flattened (:func:`flat`).
    metrics
        Last value by name.
    history
        (Step, value) pairs by name, for what was logged more than once.
    axis
        What the steps count.
    dataset
        What the tracker itself says of the data.
    vague
        Whether that is no more than a name that the tracker made up.
    pipeline
        Where the source states one in the canonical form.
    status, error, error_type, started, ended, parent, context, artefacts
        As of a record; ``running`` runs are left out.
    """

    key: str
    place: str
    experiment: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    history: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    axis: str = "step"
    tags: Mapping[str, str] = field(default_factory=dict)
    dataset: DatasetRef | None = None
    vague: bool = False
    pipeline: Pipeline | None = None
    status: str = "finished"
    error: str | None = None
    error_type: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    parent: str | None = None
    context: Mapping[str, str | None] = field(default_factory=dict)
    artefacts: Sequence[Artefact] = ()


def add(run: TrackedRun, records: Records, dataset: DatasetRef | None) -> None:
    """Add a run to the records; ``dataset`` is the source's, for runs that name none. What is wrong is rejected."""
    if run.status == "running":
        records.tally.read("runs", 1)
        records.tally.leave_out("runs", "running, or ended without a word of it", 1)
        return
    try:
        record = _record(run, records, dataset)
    except (SourceError, PipelineError, QueryError) as error:
        records.tally.read("runs", 1)
        records.tally.reject("runs", run.place, str(error))
    else:
        records.add(record)


def flat(values: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Parameters of inner mappings with their names joined by dots; lists become JSON.

    Raises
    ------
    SourceError
        If mappings are nested more than 20 levels deep.
    """
    if depth > _DEEPEST:
        raise SourceError(
            f"parameters are nested more than {_DEEPEST} levels deep: log the leaves that matter"
        )
    found: dict[str, Any] = {}
    for name, value in values.items():
        own = f"{before}{name}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{own}.", depth + 1)
        elif isinstance(value, list | tuple):
            found[own] = json.dumps(value, sort_keys=True, default=str)
        else:
            found[own] = value
    return found


def _record(run: TrackedRun, records: Records, default: DatasetRef | None) -> Record:
    words = Words(run.parameters, run.tags)
    tags = dict(run.tags)
    named = words.dataset() or (None if run.vague else run.dataset) or default or run.dataset
    if named is None:
        if not re.search(r"[^\W_]", run.experiment):
            raise QueryError(
                "names no dataset, nor has its experiment a name: give one with --dataset (dataset=)"
            )
        named = DatasetRef(run.experiment)
        tags["dataset"] = "not named: it is called by its experiment"
    kind, procedure, seed, target = words.type(), words.procedure(), words.seed(), words.take("target")
    model = next(
        (said for name in MODELS if isinstance(said := words.take(name), str) and said.strip()), None
    )
    size = words.take("training_size")
    for name in ("fold", "repeat"):
        if (said := words.take(name)) is not None:
            words.odd[name] = said
    # of two names for the model, such as a class and its path, the second is no parameter
    for name in MODELS:
        if isinstance(said := words.take(name), str) and said != run.tags.get(name):
            words.odd[name] = said
    if model is None and run.pipeline is None:
        model = run.context.get("script") or run.experiment
        tags["pipeline"] = "not named: it is called by its script or experiment"
    if run.pipeline is not None:
        pipeline, others = run.pipeline, words.parameters
    else:
        pipeline, others = pipeline_of_text(model or "", words.parameters)
    scores, training = _split(run, records)
    for said in (others, words.odd, training):
        tags |= {name: str(value)[:_LONGEST_TAG] for name, value in said.items() if name not in tags}
    measures = [reading.measure.key for name in scores if (reading := records.reading(name))]
    return Record(
        key=text(run.key),
        dataset=named,
        pipeline=pipeline,
        scores=scores,
        place=run.place,
        procedure=procedure,
        type=kind or guessed_type(measures),
        target=target if isinstance(target, str) else None,
        status=run.status,
        error=None if run.error is None else text(run.error),
        error_type=run.error_type,
        seed=seed,
        training_size=size if isinstance(size, int) and size > 0 else None,
        started=run.started,
        ended=run.ended,
        parent=None if run.parent is None else text(run.parent),
        context={name: text(said) for name, said in run.context.items() if said},
        tags={text(name): text(said) for name, said in tags.items() if name.strip() and said.strip()},
        series=[
            Points(name, run.axis, pairs)
            for name, pairs in run.history.items()
            if len(pairs) > 1 and name.lower() not in _COUNTS
        ],
        artefacts=run.artefacts,
    )


def _split(run: TrackedRun, records: Records) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores, in the order in which they count; and what is of training rows and has one value."""
    scores, training = {}, {}
    for name in sorted(run.metrics, key=lambda each: (_rank(each), each)):
        if records.reading(name) is None and (_TRAINING.match(name) or name.lower() in _COUNTS):
            if (len(run.history.get(name, ())) < 2 or name.lower() in _COUNTS) and _finite(run.metrics[name]):
                training[name] = run.metrics[name]
        else:
            scores[name] = run.metrics[name]
    return scores, training


def _rank(name: str) -> int:
    return 0 if _TESTED.search(name) else 1 if _VALIDATED.search(name) else 2


def _finite(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
