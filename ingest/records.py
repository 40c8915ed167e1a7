"""Runs one at a time, as trackers and searches know them, gathered into a batch.

A source that reads runs one by one makes a :class:`Record` of each and adds it to :class:`Records`, which names things,
reads measures by whatever name the source gives them, and takes note of what cannot go in: nothing is lost in silence.
"""

from __future__ import annotations

import math
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kg import iris, schema
from kg.batch import Batch, Manifest
from kg.measure_names import Reading, normalise
from kg.measures import MEASURES, Measure

if TYPE_CHECKING:
    from ingest.source import Tally
    from ingest.trials import Product, Trial
    from kg.pipeline import Pipeline

__all__ = ["UNKNOWN_PROCEDURE", "Artefact", "DatasetRef", "Points", "Record", "Records"]

UNKNOWN_PROCEDURE = "unspecified"
"""Procedure of scores of which nobody says how they were estimated: comparable with nothing else."""


@dataclass(frozen=True)
class DatasetRef:
    """What a source knows of a dataset.

    The first of ``known``, ``openml_id``, ``fingerprint``, ``name`` that is given names it.

    Attributes
    ----------
    name
        For people.
    openml_id
        Number of the dataset at OpenML.
    fingerprint
        SHA-256 of its table, as ``embeddings.table`` makes it.
    landing_page
        IRI of a page about it.
    qualities
        By OpenML's names; values that are not finite are left out.
    known
        Its IRI, where the source has one.
    """

    name: str | None = None
    openml_id: int | None = None
    fingerprint: str | None = None
    landing_page: str | None = None
    qualities: Mapping[str, float] = field(default_factory=dict)
    known: str | None = None

    @property
    def iri(self) -> str:
        """IRI of the dataset.

        Raises
        ------
        QueryError
            If nothing names it.
        """
        if self.known is not None:
            return self.known
        if self.openml_id is not None:
            return iris.openml_dataset(self.openml_id)
        if self.fingerprint is not None:
            return iris.table_dataset(self.fingerprint)
        return iris.named_dataset(self.name or "")

    @property
    def title(self) -> str:
        """Name for people."""
        if self.name:
            return self.name
        if self.openml_id is not None:
            return f"OpenML dataset {self.openml_id}"
        return self.known or "a table without a name"


@dataclass(frozen=True)
class Points:
    """A series of a run: its name as the source has it, the axis, and (position, value) pairs."""

    name: str
    axis: str
    values: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Artefact:
    """A file of a run, by its content."""

    name: str
    sha256: str
    bytes: int | None = None
    media_type: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class Record:
    """One run as a source knows it.

    Attributes
    ----------
    key
        Names the run within its source's version.
    place
        Where it stands, for messages: ``line 17``, ``trial 3``, a path.
    scores
        Values by the source's names of measures.
    procedure
        Key of the estimation procedure, such as ``5-fold-cv``.
    type
        Of the task; one of ``kg.schema.ALLOWED["type"]``.
    error, error_type
        Message and exception type of a run that failed.
    parent
        Key of the run that this one is a part of, or its IRI.
    uses
        Further datasets that the run used, each with its role; one of ``kg.schema.ALLOWED["role"]``.
    context
        Further columns of the table ``contexts``: name, role, script, commit, host, platform, python, packages, user.
    tags
        What else was noted, as text.
    trial
        Which arm of a method it is.
    products
        What it made that no file holds.
    iri, task
        IRIs of the run and its task, where the source's things have one already.
    """

    key: str
    dataset: DatasetRef
    pipeline: Pipeline
    scores: Mapping[str, Any]
    place: str
    procedure: str = UNKNOWN_PROCEDURE
    type: str = "other"
    target: str | None = None
    status: str = "finished"
    error: str | None = None
    error_type: str | None = None
    seed: int | None = None
    training_size: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    parent: str | None = None
    context: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    series: Sequence[Points] = ()
    artefacts: Sequence[Artefact] = ()
    uses: Sequence[tuple[DatasetRef, str]] = ()
    trial: Trial | None = None
    products: Sequence[Product] = ()
    iri: str | None = None
    task: str | None = None


class Records:
    """Records of one source, on their way to a batch.

    Parameters
    ----------
    manifest
        Of the source.
    tally
        Takes note of what was read, left out and refused.
    vocabulary
        Whose names of measures they are; see :func:`kg.measure_names.normalise`.
    declared
        Measures that somebody declared, by the source's names.
    """

    def __init__(
        self,
        manifest: Manifest,
        tally: Tally,
        *,
        vocabulary: str = "",
        declared: Mapping[str, Measure] | None = None,
    ) -> None:
        self.manifest, self.tally = manifest, tally
        self._vocabulary = vocabulary
        self._declared = dict(declared or {})
        self._readings: dict[str, Reading | None] = {}
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._described: dict[str, dict[Any, tuple[Any, ...]]] = defaultdict(dict)
        self._parents: dict[str, tuple[str, str]] = {}

    def reading(self, name: str) -> Reading | None:
        """What the source's name of a measure means; None if it is not known and nobody declared it."""
        if name not in self._readings:
            own = self._declared.get(name)
            self._readings[name] = Reading(own) if own else normalise(name, self._vocabulary)
        return self._readings[name]

    def add(self, record: Record) -> bool:
        """Take a run; returns whether it goes in. What is wrong with it is noted in the tally, by its place.

        A run that finished needs a score by a measure that is known.
        """
        tally = self.tally
        run = record.iri or self._run(record.key)
        tally.read("runs", 1)
        tally.read("evaluations", len(record.scores))
        if run in self._parents:
            return self._refuse(record, f"run {record.key!r} occurs twice: give each run a key of its own")
        values = self._values(record)
        if record.status == "finished" and not values:
            tally.leave_out("evaluations", "their run is left out", len(values))
            tally.leave_out("runs", "finished without a score by a measure that is known", 1)
            return False
        if record.status != "finished":
            tally.leave_out("evaluations", f"of a run that is {record.status}", len(values))
            values = {}
        self._parents[run] = (
            self._run(record.parent) if record.parent is not None else "",
            record.place,
        )
        self._describe(record, run)
        for measure, value in values.items():
            self._rows["evaluations"].append((run, measure.iri, value))
        return True

    def _run(self, key: str) -> str:
        about = self.manifest
        return key if key.startswith(iris.BASE) else iris.own("run", f"{about.source}/{about.version}/{key}")

    def _refuse(self, record: Record, why: str) -> bool:
        self.tally.reject("runs", record.place, why)
        self.tally.leave_out("evaluations", "their run is refused", len(record.scores))
        return False

    def _values(self, record: Record) -> dict[Measure, float]:
        """Values by measure; of two names for one measure the first counts."""
        tally, found = self.tally, dict[Measure, float]()
        for name, raw in record.scores.items():
            reading = self.reading(name)
            if reading is None:
                tally.leave_out(
                    "evaluations",
                    f"measure {name!r} is not known: declare it, as in --measure {shlex.quote(f'{name}=higher:0:1')}",
                    1,
                )
                continue
            measure = reading.measure
            try:
                if isinstance(raw, bool):
                    raise TypeError
                value = reading.value(float(raw))
            except (TypeError, ValueError, OverflowError):
                shown = repr(raw) if len(repr(raw)) < 100 else f"{repr(raw)[:100]}..."
                tally.reject("evaluations", record.place, f"{name} is {shown}, which is not a number")
                continue
            if not math.isfinite(value):
                tally.reject("evaluations", record.place, f"{name} is {raw}, which is not a finite number")
            elif (
                not (-math.inf if measure.low is None else measure.low)
                <= value
                <= (math.inf if measure.high is None else measure.high)
            ):
                low = "" if measure.low is None else f" from {measure.low:g}"
                high = "" if measure.high is None else f" to {measure.high:g}"
                tally.reject(
                    "evaluations", record.place, f"{name} is {raw}, {measure.key} must be{low}{high}"
                )
            elif measure in found:
                tally.leave_out("evaluations", f"{measure.key} by a second name", 1)
            else:
                found[measure] = value
        return found

    def _describe(self, record: Record, run: str) -> None:
        dataset, pipeline = self._describe_dataset(record.dataset), record.pipeline
        key = iris.dataset_key(dataset)
        parts = [] if record.type == "classification" else [record.type]
        parts += [] if record.target is None else [record.target]
        task = record.task or iris.task(key, record.procedure, *parts)
        self._described["tasks"].setdefault(
            task, (task, dataset, record.type, iris.procedure(record.procedure), record.target)
        )
        if pipeline.iri not in self._described["pipelines"]:
            row = (pipeline.iri, pipeline.title, pipeline.canonical())
            self._described["pipelines"][pipeline.iri] = row
        self._rows["runs"].append(
            (
                run,
                task,
                dataset,
                pipeline.iri,
                record.status,
                record.training_size,
                record.seed,
                record.started,
                record.error,
            )
        )
        for own, series in _named_series(self, record.series):
            finite = [(at, value) for at, value in dict(series.values).items() if math.isfinite(value)]
            self.tally.read("series", len(series.values))
            self.tally.leave_out(
                "series", "not a finite number, or a second value", len(series.values) - len(finite)
            )
            self._rows["series"] += [(run, own, series.axis, float(at), float(value)) for at, value in finite]
        for name, text in record.tags.items():
            self._rows["tags"].append((run, name, text))
        for other, role in record.uses:
            self._rows["usages"].append((run, self._describe_dataset(other), role))
        for file in record.artefacts:
            self._rows["artefacts"].append(
                (run, file.name, file.sha256, file.bytes, file.media_type, file.location)
            )
        if record.trial is not None:
            self._described["methods"].setdefault(record.trial.method.iri, record.trial.method.row())
            self._rows["trials"].append(record.trial.row(run))
        for product in record.products:
            for table, rows in product.rows(run).items():
                self._rows[table] += rows
        context = {name: text for name, text in record.context.items() if text is not None}
        if context or record.parent is not None or record.ended or record.error_type:
            known = {
                **context,
                "run": run,
                "parent": self._parents[run][0] or None,
                "ended": record.ended,
                "error_type": record.error_type,
            }
            self._rows["contexts"].append(
                tuple(known.get(column.name) for column in schema.TABLES["contexts"])
            )

    def _describe_dataset(self, about: DatasetRef) -> str:
        dataset = about.iri
        self._described["datasets"].setdefault(
            dataset,
            (dataset, about.title, about.landing_page or _page(about), about.openml_id, about.fingerprint),
        )
        for name, value in about.qualities.items():
            if math.isfinite(value):
                self._described["qualities"].setdefault((dataset, name), (dataset, name, float(value)))
        return dataset

    def _check_parents(self) -> None:
        """Refuse runs that are a part of themselves, directly or by way of others."""
        for run in list(self._parents):
            seen, at = set[str](), run
            while at and at not in seen:
                seen.add(at)
                at = self._parents.get(at, ("", ""))[0]
            if at == run:
                place = self._parents[run][1]
                self.tally.reject("runs", place, f"run {run} is nested in itself")
                for table in ("evaluations", "series"):
                    refused = [row for row in self._rows[table] if row[0] == run]
                    self.tally.leave_out(table, "their run is refused", len(refused))
                for table, rows in self._rows.items():
                    self._rows[table] = [row for row in rows if row[0] != run]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """What was gathered since the last time, as rows of each table; nothing large is loaded for it."""
        self._check_parents()
        used = {"measures": self._declared_used()}
        listed = {
            table: [
                *self._described.get(table, {}).values(),
                *self._rows.get(table, ()),
                *used.get(table, ()),
            ]
            for table in schema.TABLES
        }
        for table, rows in listed.items():
            if table not in ("runs", "evaluations", "series"):
                self.tally.read(table, len(rows))
        self._described.clear()
        self._rows.clear()
        return {table: rows for table, rows in listed.items() if rows}

    def batch(self) -> Batch:
        """What was gathered since the last time.

        Raises
        ------
        SchemaError
            If a name cannot stand in the graph.
        """
        import polars as pl

        frames = {
            table: pl.DataFrame(rows, schema=schema.empty(table).schema, orient="row")
            for table, rows in self.rows().items()
        }
        return Batch(self.manifest, **frames)

    def _declared_used(self) -> list[tuple[Any, ...]]:
        used = {row[1] for row in self._rows["evaluations"]}
        return [
            (measure.iri, measure.label, measure.direction, measure.low, measure.high, measure.unit or None)
            for measure in {each.key: each for each in self._declared.values()}.values()
            if measure.iri in used and measure.key not in MEASURES
        ]


def _page(dataset: DatasetRef) -> str | None:
    return f"https://www.openml.org/d/{dataset.openml_id}" if dataset.openml_id is not None else None


def _named_series(records: Records, listed: Sequence[Points]) -> Iterator[tuple[str, Points]]:
    """Series with the key of the measure, if the values are that measure's as they stand, else the source's own name.

    Of several series of a run by one measure, the one that the source calls so, else the first, has the key.
    """
    keys = [_series_name(records, each) for each in listed]
    order = sorted(range(len(listed)), key=lambda place: keys[place] != listed[place].name)
    taken = set[tuple[str, str]]()
    for place in order:
        each = listed[place]
        own = each.name if (keys[place], each.axis) in taken else keys[place]
        taken.add((own, each.axis))
        yield own, each


def _series_name(records: Records, points: Points) -> str:
    reading = records.reading(points.name)
    same = reading is not None and (reading.factor, reading.offset) == (1.0, 0.0)
    return reading.measure.key if reading is not None and same else points.name
