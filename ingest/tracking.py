"""A run that is going on, noted down as it goes, and made into a batch when it has ended.

>>> from ingest.records import DatasetRef
>>> recording = Recording("demo", "train.py", DatasetRef("flowers"))
>>> recording.score("acc", 0.9)
>>> recording.score("accuracy", 1.5)
Traceback (most recent call last):
kg.errors.QueryError: accuracy is 1.5, but accuracy must be from 0 to 1: check the number, or give another measure
>>> recording.end()
>>> recording.batch().evaluations["value"].to_list()[0]
0.9

This part is strict: what is wrong raises. :mod:`metakg.tracking`, which stands between it and a training that must not
fail, makes warnings of that.
"""

from __future__ import annotations

import difflib
import math
import operator
import os
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.graph_names import slug
from ingest.records import UNKNOWN_PROCEDURE, Artefact, DatasetRef, Points, Record, Records
from ingest.sklearn_objects import opaque_pipeline
from ingest.source import Tally
from ingest.tracking_data import plain_text
from ingest.tracking_files import artefact_of
from ingest.trials import Products, Trial
from kg import iris, schema
from kg.batch import Batch, Manifest
from kg.errors import QueryError, SourceError
from kg.measure_names import Reading, normalise
from kg.measures import MEASURES, Measure, declared
from kg.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Recording", "Subject", "manifest_of", "project_name", "task_type_of"]

_LONGEST_ERROR = 2_000
_LIMIT = 2**63
_RUNTIME = "runtime_seconds"


def project_name(name: str | None = None) -> str:
    """Name of a project as it stands in the graph's IRIs: as given, else ``METAKG_PROJECT``, else the folder's.

    >>> project_name("My project (2)")
    'My-project-2'
    """
    given = name or os.environ.get("METAKG_PROJECT") or Path.cwd().name
    return slug(given, "project")


def manifest_of(project: str) -> Manifest:
    """What the graph of a project's runs is written with."""
    return Manifest(
        project,
        "local",
        f"Runs of the project {project}",
        "not stated",
        iris.own("project", project),
        kind="project",
    )


def task_type_of(keys: Iterable[str]) -> str:
    """Type of the task that has been measured by these measures; ``other`` where they do not agree on one."""
    types = {kind for kind, measures in _MEASURES_OF.items() if not measures.isdisjoint(keys)}
    return types.pop() if len(types) == 1 else "other"


_MEASURES_OF = {
    "classification": frozenset(MEASURES)
    & frozenset(
        [
            "balanced_accuracy",
            "accuracy",
            "log_loss",
            "brier_score",
            "matthews_correlation",
            "cohen_kappa",
            "jaccard",
        ]
    )
    | {
        key
        for key in MEASURES
        if key.startswith(("roc_auc", "f1", "precision", "recall", "average_precision"))
    },
    "regression": {key for key in MEASURES if re.search(r"squared|absolute|max_error|^r2$|explained", key)},
    "clustering": {"adjusted_rand_index", "normalized_mutual_information", "silhouette"},
    "survival_analysis": {"concordance_index"},
}


@dataclass(frozen=True)
class Subject:
    """What a run is about: the part that runs within it take over unless they say otherwise.

    Attributes
    ----------
    pipeline
        A pipeline, or the name of one whose parameters come with the run.
    type
        Of the task; found out from the measures if it is None.
    """

    pipeline: Pipeline | str
    dataset: DatasetRef
    target: str | None = None
    type: str | None = None
    procedure: str = UNKNOWN_PROCEDURE


class Recording:
    """One run of a project, from its beginning to its batch; several threads may write to it.

    Attributes
    ----------
    products
        What it made that no file holds.
    trial
        Which arm of a method it is, if it is one.

    Parameters
    ----------
    project
        As :func:`project_name` gives it.
    pipeline, dataset, target, type, procedure
        See :class:`Subject`.
    parameters
        Of a pipeline that is given by name; noted as tags (``param.NAME``) of any other.
    parent
        IRI of the run that this one is a part of.
    context
        Columns of the table ``contexts``.
    measures
        That somebody declared, by name.

    Raises
    ------
    QueryError
        If the type of the task, the role or the procedure is none.
    """

    def __init__(
        self,
        project: str,
        pipeline: Pipeline | str,
        dataset: DatasetRef,
        *,
        target: str | None = None,
        type: str | None = None,
        procedure: str = UNKNOWN_PROCEDURE,
        parameters: Mapping[str, Any] | None = None,
        name: str | None = None,
        seed: int | None = None,
        role: str | None = None,
        training_size: int | None = None,
        parent: str | None = None,
        context: Mapping[str, str | None] | None = None,
        measures: Mapping[str, Measure] | None = None,
    ) -> None:
        for column, value in (("type", type), ("role", role)):
            if value is not None and value not in schema.ALLOWED[column]:
                what = "task" if column == "type" else column
                raise QueryError(f"{what} {value!r} is unknown; known: {', '.join(schema.ALLOWED[column])}")
        if not procedure.strip():
            raise QueryError("the procedure is empty: say 5-fold-cv, holdout or the like, or leave it out")
        target = None if target is None else plain_text(target)
        self.subject = Subject(pipeline, dataset, target, type, plain_text(procedure).strip())
        self.manifest = manifest_of(project)
        self.started, self.clock = datetime.now(UTC), time.perf_counter()
        self.key = f"{self.started:%Y%m%dT%H%M%S}-{secrets.token_hex(6)}"
        self._seed, self._parent = _whole("seed", seed, -_LIMIT), parent
        self._training_size = _whole("training_size", training_size, 1)
        about = {**(context or {}), "name": name, "role": role}
        self._context = {key: None if text is None else plain_text(text) for key, text in about.items()}
        self._measures = dict(measures or {})
        self._scores: dict[str, float] = {}
        self._parameters: dict[str, Any] = {}
        self._tags: dict[str, str] = {}
        self._series: dict[tuple[str, str], dict[float, float]] = {}
        self._artefacts: dict[str, Artefact] = {}
        self._uses: list[tuple[DatasetRef, str]] = []
        self.products = Products(self.iri)
        self.trial: Trial | None = None
        self._ended: datetime | None = None
        self._timed = True
        self._status = "finished"
        self._error: str | None = None
        self._error_type: str | None = None
        self._lock = threading.RLock()
        self.parameters(parameters or {})

    @property
    def iri(self) -> str:
        """IRI of the run."""
        return iris.own("run", f"{self.manifest.source}/{self.manifest.version}/{self.key}")

    @property
    def tags(self) -> dict[str, str]:
        """What was noted so far."""
        return dict(self._tags)

    def revise(self, **changes: Any) -> None:
        """Say what the run is about (attributes of :class:`Subject`), where that was not known at the beginning."""
        self.subject = replace(self.subject, **changes)

    def measure(
        self, name: str, direction: str, low: float | None = None, high: float | None = None, unit: str = ""
    ) -> None:
        """Declare a measure that is not among the known ones; see :func:`kg.measures.declared`.

        Raises
        ------
        QueryError
            As there.
        """
        own = declared(name, direction, low, high, unit)
        with self._lock:
            self._measures[name] = own

    def score(self, name: str, value: Any, vocabulary: str = "") -> None:
        """Note the value of a measure; a second value for it replaces the first.

        Parameters
        ----------
        vocabulary
            Whose name it is; see :func:`kg.measure_names.normalise`.

        Raises
        ------
        QueryError
            If the measure is not known, or the value is no number within its range.
        """
        reading = self._reading(name, vocabulary)
        if reading is None:
            close = difflib.get_close_matches(name.lower(), MEASURES, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise QueryError(
                f"measure {name!r} is not known: {hint}declare it, with run.measure({name!r}, 'higher', 0, 1) or "
                f"--measure {name}=higher:0:1"
            )
        measure, number = reading.measure, reading.value(_number(name, value))
        low = -math.inf if measure.low is None else measure.low
        high = math.inf if measure.high is None else measure.high
        if not low <= number <= high:
            bounds = "".join(
                f" {word} {bound:g}" for word, bound in (("from", low), ("to", high)) if math.isfinite(bound)
            )
            raise QueryError(
                f"{name} is {value}, but {measure.key} must be{bounds}: check the number, or give another measure"
            )
        with self._lock:
            self._scores[measure.key] = number

    def _reading(self, name: str, vocabulary: str) -> Reading | None:
        own = self._measures.get(name)
        return Reading(own) if own else normalise(name, vocabulary)

    def point(self, axis: str, position: float, name: str, value: Any, vocabulary: str = "") -> None:
        """Note a point of a series; a second one at the same place replaces the first.

        Raises
        ------
        QueryError
            If it is no finite number.
        """
        number = _number(name, value)
        reading = self._reading(name, vocabulary)
        same = reading is not None and (reading.factor, reading.offset) == (1.0, 0.0)
        own = reading.measure.key if reading is not None and same else plain_text(name)
        with self._lock:
            self._series.setdefault((own, axis), {})[_number(axis, position)] = number

    def next_position(self, axis: str) -> float:
        """One more than the furthest position along an axis so far; 0 at first."""
        with self._lock:
            furthest = [max(points) for (_, at), points in self._series.items() if at == axis]
        return max(furthest, default=-1.0) + 1.0

    def artefact(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Note a file; see :func:`ingest.tracking_files.artefact_of`."""
        found = artefact_of(path, None if name is None else plain_text(name))
        with self._lock:
            self._artefacts[found.name] = found

    def tag(self, tags: Mapping[str, Any]) -> None:
        """Note something as text."""
        cleaned = {plain_text(name): plain_text(value) for name, value in tags.items()}
        with self._lock:
            self._tags.update(cleaned)

    def parameters(self, parameters: Mapping[str, Any]) -> None:
        """Note parameters: the pipeline's if that is known by name, else as tags.

        Raises
        ------
        SourceError
            If one holds itself.
        """
        opaque_pipeline("any", parameters)
        with self._lock:
            self._parameters.update(parameters)

    def uses(self, dataset: DatasetRef, role: str) -> None:
        """Note a further dataset.

        Raises
        ------
        QueryError
            If the role is none.
        """
        if role not in schema.ALLOWED["role"]:
            raise QueryError(f"role {role!r} is unknown; known: {', '.join(schema.ALLOWED['role'])}")
        with self._lock:
            if (dataset.iri, role) not in {(each.iri, part) for each, part in self._uses}:
                self._uses.append((dataset, role))

    def end(
        self,
        error: BaseException | None = None,
        *,
        status: str | None = None,
        reason: tuple[str, str] | None = None,
        timed: bool = True,
    ) -> None:
        """Say that it is over, and how.

        Parameters
        ----------
        error
            What ended it, if it failed.
        status
            ``pruned``, if it was stopped because it did not promise enough.
        reason
            Type and message, where it was no exception that ended it.
        timed
            Whether it ran while it was recorded, so that times and duration are its own.
        """
        with self._lock:
            self._timed = timed
            if timed:
                self._ended = datetime.now(UTC)
                self._scores.setdefault(_RUNTIME, max(time.perf_counter() - self.clock, 0.0))
            if error is not None:
                self._status = "failed"
                self._error_type, self._error = type(error).__qualname__, _message(error)
            if reason is not None:
                self._status = "failed"
                self._error_type, self._error = reason
            self._status = status or self._status

    def record(self) -> Record:
        """The run as it is now."""
        with self._lock:
            about, tags = self.subject, dict(self._tags)
            scores = dict(self._scores)
            if isinstance(about.pipeline, Pipeline):
                pipeline = about.pipeline
                tags |= {
                    plain_text(f"param.{name}"): plain_text(value) for name, value in self._parameters.items()
                }
            else:
                pipeline = opaque_pipeline(about.pipeline, self._parameters)
            if self._status != "finished":  # such a run has no evaluation: nothing that was noted is lost
                tags |= {key: repr(value) for key, value in scores.items()}
            return Record(
                self.key,
                about.dataset,
                pipeline,
                scores,
                f"run {self.key}",
                about.procedure,
                about.type or task_type_of(scores),
                about.target,
                self._status,
                self._error,
                self._error_type,
                self._seed,
                self._training_size,
                self.started if self._timed else None,
                self._ended,
                self._parent,
                self._context,
                tags,
                [Points(name, axis, list(points.items())) for (name, axis), points in self._series.items()],
                list(self._artefacts.values()),
                list(self._uses),
                self.trial,
                self.products.listed(),
            )

    def records(self) -> Records:
        """This one run, on its way to rows or a batch.

        Raises
        ------
        SourceError
            If something of it cannot go into the graph.
        """
        tally = Tally()
        own = {measure.key: measure for measure in self._measures.values()}
        records = Records(self.manifest, tally, declared=own)
        records.add(self.record())
        for wrong in tally.rejected:
            raise SourceError(f"{wrong.place}: {wrong.why}")
        return records

    def batch(self) -> Batch:
        """Batch of this one run.

        Raises
        ------
        SourceError
            As :meth:`records`.
        SchemaError
            If a name cannot stand in the graph.
        """
        return self.records().batch()


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise QueryError(f"{name} is {value!r}, which is not a number: give a number") from error
    if not math.isfinite(number):
        raise QueryError(f"{name} is {value}, which is not a finite number: leave it out, or find out why")
    return number


def _whole(name: str, value: Any, low: int) -> int | None:
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError as error:
        raise QueryError(
            f"{name} is {value!r}, which is no whole number: give one, or leave it out"
        ) from error
    if not low <= number < _LIMIT:
        raise QueryError(f"{name} is {number}: give a whole number from {low} to 2**63 - 1, or leave it out")
    return number


def _message(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "interrupted"
    try:
        text = plain_text(error)
    except Exception:  # noqa: BLE001 - a person's own exception, whose text fails
        text = ""
    text = text or type(error).__qualname__
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]} ..."
