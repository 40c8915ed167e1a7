"""Pages of OpenML's listings as batches: what is new in them, and what is left out and why."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from ingest.openml_catalogue import Catalogue
from ingest.openml_known import Known
from ingest.openml_listings import Row
from ingest.openml_position import Part, Position
from ingest.openml_selection import OF_REGRESSION, Selection
from ingest.openml_things import TaskInfo
from kg import iris, schema
from kg.batch import Batch, Manifest
from kg.measure_names import Reading, normalise
from kg.measures import Measure
from kg.pipeline import Pipeline

__all__ = ["Assembly"]


class Assembly:
    """Makes a batch of each page; see :class:`Walk` for the order that they come in.

    A value that is no number, or outside its measure's range, is left out and counted: it is OpenML's, and nobody who
    ingests can mend it.
    """

    def __init__(self, manifest: Manifest, selection: Selection, catalogue: Catalogue, known: Known) -> None:
        self._manifest, self._selection = manifest, selection
        self._catalogue, self._known = catalogue, known
        self._readings = {name: normalise(name, "openml") for name in selection.measures}

    def batch(self, part: Part, rows: Sequence[Row], position: Position) -> Batch:
        """What of a page the graph does not have; the position's tally takes note of the rest.

        Raises
        ------
        SourceError
            If the server does not answer when it is asked about a run's task, dataset or setup.
        """
        reading = self._readings[part.function]
        if part.per_fold:
            tables = {"series": self._folds(part.function, reading, rows, position)}
        else:
            tables = self._tables(part.function, reading, rows, position)
        import polars as pl

        frames = {
            table: pl.DataFrame(listed, schema=schema.empty(table).schema, orient="row")
            for table, listed in tables.items()
            if listed
        }
        return Batch(self._manifest, **frames)

    def _tables(
        self, function: str, reading: Reading | None, rows: Sequence[Row], position: Position
    ) -> dict[str, list[tuple[Any, ...]]]:
        tally = position.tally
        tally.read("evaluations", len(rows))
        if reading is None:
            tally.leave_out("evaluations", f"measure {function!r} is not known", len(rows))
            return {}
        measure = reading.measure
        there = self._known.runs({row.run for row in rows})
        measured = self._known.measured(there, measure)
        again = self._why_again(function, measure)
        values: dict[int, float] = {}
        fresh: dict[int, Row] = {}
        room = math.inf if self._selection.limit is None else self._selection.limit - self._known.count()
        for row in rows:
            value = _value(reading, row.value)
            if row.run in measured:
                why = again
            elif row.run in values:
                why = f"{measure.key} of the same run by a second evaluation engine"
            elif isinstance(value, str):
                why = value
            elif why := self._unfit(function, row):
                pass
            elif row.run not in there and len(fresh) >= room:
                why = "of runs beyond the limit"
            else:
                values[row.run] = value
                if row.run not in there:
                    fresh[row.run] = row
                continue
            tally.leave_out("evaluations", why, 1)
        tables = self._described(fresh, values, position)
        tables["evaluations"] = [(iris.openml_run(run), measure.iri, value) for run, value in values.items()]
        return tables

    def _why_again(self, function: str, measure: Measure) -> str:
        """Why a value of a run that has one is left out."""
        for other in self._selection.measures:
            if other == function:
                return "in the graph already"
            reading = self._readings[other]
            if reading is not None and reading.measure == measure:
                return f"{measure.key} is there already, by this or another name"
        return "in the graph already"

    def _unfit(self, function: str, row: Row) -> str:
        if function not in OF_REGRESSION or self._selection.functions:
            return ""
        task = self._catalogue.task(row.task)
        of_values = isinstance(task, str) or task.type == "regression"
        return "" if of_values else f"{function} of a task that is no regression: name it to have it"

    def _described(
        self, fresh: dict[int, Row], values: dict[int, float], position: Position
    ) -> dict[str, list[tuple[Any, ...]]]:
        """Rows that describe new runs and what they refer to; those that cannot be described lose their values."""
        tally, found = position.tally, dict[str, dict[Any, tuple[Any, ...]]]()
        pipelines = self._catalogue.pipelines(row.setup for row in fresh.values())
        for run, row in fresh.items():
            task, pipeline = self._catalogue.task(row.task), pipelines[row.setup]
            if run not in position.refused:
                tally.read("runs", 1)
            if isinstance(task, str) or isinstance(pipeline, str):
                why = task if isinstance(task, str) else str(pipeline)
                if run not in position.refused:
                    position.refused.add(run)
                    tally.leave_out("runs", why, 1)
                tally.leave_out("evaluations", f"their run is left out: {why}", 1)
                del values[run]
                continue
            self._describe(found, row, task, pipeline)
        return {table: list(rows.values()) for table, rows in found.items()}

    def _describe(
        self, found: dict[str, dict[Any, tuple[Any, ...]]], row: Row, task: TaskInfo, pipeline: Pipeline
    ) -> None:
        run, dataset, task_iri = (
            iris.openml_run(row.run),
            iris.openml_dataset(task.dataset),
            iris.openml_task(row.task),
        )
        add = found.setdefault
        if dataset not in add("datasets", {}):
            about = self._catalogue.dataset(task.dataset)
            title = about.title or row.dataset_name or f"OpenML dataset {task.dataset}"
            page = f"https://www.openml.org/d/{task.dataset}"
            found["datasets"][dataset] = (dataset, title, page, task.dataset, None)
            for name, value in about.qualities.items():
                add("qualities", {})[dataset, name] = (dataset, name, value)
        add("tasks", {})[task_iri] = (
            task_iri,
            dataset,
            task.type,
            iris.procedure(task.procedure),
            task.target,
        )
        if pipeline.iri not in add("pipelines", {}):
            found["pipelines"][pipeline.iri] = (pipeline.iri, pipeline.title, pipeline.canonical())
        add("runs", {})[run] = (run, task_iri, dataset, pipeline.iri, "finished", None, None, None, None)
        add("tags", {})[run, "flow"] = (run, "flow", str(row.flow))
        found["tags"][run, "setup"] = (run, "setup", str(row.setup))
        if row.uploader:
            context = {"run": run, "user": row.uploader}
            columns = schema.TABLES["contexts"]
            add("contexts", {})[run] = tuple(context.get(column.name) for column in columns)

    def _folds(
        self, function: str, reading: Reading | None, rows: Sequence[Row], position: Position
    ) -> list[tuple[Any, ...]]:
        tally, found = position.tally, list[tuple[Any, ...]]()
        there = self._known.runs({row.run for row in rows})
        done = self._known.with_folds(there, reading.measure) if reading else set[int]()
        for row in rows:
            points = _points(row.folds)
            tally.read("series", len(points))
            task = self._catalogue.task(row.task)
            expected = task.folds if isinstance(task, TaskInfo) else None
            if reading is None:
                why = f"measure {function!r} is not known"
            elif row.run not in there:
                why = "of runs without a value over all folds"
            elif row.run in done:
                why = f"{reading.measure.key} by fold is there already"
            elif expected is not None and len(points) != expected:
                why = "the server lists more or fewer values than there are folds"
            else:
                run, name = iris.openml_run(row.run), reading.measure.key
                values = [(fold, _value(reading, point)) for fold, point in enumerate(points)]
                kept = [(fold, value) for fold, value in values if isinstance(value, float)]
                found += [(run, name, "fold", float(fold), value) for fold, value in kept]
                tally.leave_out("series", "no value of the measure", len(points) - len(kept))
                done.add(row.run)
                continue
            tally.leave_out("series", why, len(points))
        return found


def _value(reading: Reading, stated: Any) -> float | str:
    """Value of the measure, or why there is none."""
    if stated in ("", None):
        return "no value is listed"
    try:
        value = reading.value(float(stated))
    except (TypeError, ValueError):
        return "not a number"
    measure = reading.measure
    if not math.isfinite(value):
        return "not a finite number"
    low = -math.inf if measure.low is None else measure.low
    high = math.inf if measure.high is None else measure.high
    return value if low <= value <= high else f"outside the range of {measure.key}"


def _points(stated: str) -> list[Any]:
    """Values by fold, which the server writes as JSON."""
    try:
        listed = json.loads(stated or "[]")
    except (ValueError, RecursionError):
        return []
    return listed if isinstance(listed, list) else []
