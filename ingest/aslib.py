"""ASlib scenarios: benchmarks of algorithm selection, in which algorithms were run on instances.

An instance is a dataset that is known by its name, its features are qualities; an algorithm is a pipeline of one step,
named by its scenario, since two scenarios may call different programs alike. A run that ended by a timeout, for want of
memory or with a crash is a failed run: the time that it has in the table is the cut-off, not a score.

Measures that metakg knows are read by their names, ``runtime`` as seconds; the others are declared, with the direction
that the scenario states.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ingest.aslib_scenario import FILES, Measured, Run, Scenario, files_of, read_scenario
from ingest.graph_names import slug
from ingest.records import DatasetRef, Record, Records
from ingest.sklearn_objects import opaque_pipeline
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import QueryError, SourceError
from kg.measure_names import normalise
from kg.measures import MEASURES, Measure, declared
from kg.pipeline import Pipeline

__all__ = ["NOT_APPLICABLE", "AslibSource"]

NOT_APPLICABLE = "not applicable: the algorithm was not run"


class AslibSource(Source):
    """Runs of an ASlib scenario.

    Parameters
    ----------
    path
        Folder of the scenario.
    name
        By which it is known in the store, if not by its folder's name.
    title, licence
        For the manifest.
    """

    name: ClassVar[str] = "aslib"
    title: ClassVar[str] = "ASlib: algorithms run on instances, with features of the instances"

    def __init__(
        self,
        path: str | Path,
        *,
        name: str | None = None,
        title: str | None = None,
        licence: str = "not stated",
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self._version = name or slug(self.path.resolve().name, "scenario")
        self._title = title or f"ASlib scenario {self._version}"
        self._licence = licence

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a folder with a description and runs."""
        return isinstance(subject, str | Path) and all((Path(subject) / name).is_file() for name in FILES)

    @property
    def manifest(self) -> Manifest:
        """Named by the folder."""
        return Manifest(self.name, self._version, self._title, self._licence, "https://www.aslib.net/")

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch: instances with their features, algorithms, and runs."""
        scenario = read_scenario(files_of(self.path), str(self.path))
        measures = {each.name: _measure(each, f"{self.path}/{FILES[0]}") for each in scenario.measures}
        records = Records(self.manifest, tally, declared=measures)
        names = _Names()
        for run in scenario.runs:
            place = f"{self.path}/{FILES[1]}: line {run.line}"
            if run.status == "not_applicable":
                tally.read("runs", 1)
                tally.leave_out("runs", NOT_APPLICABLE, 1)
            elif other := names.other(run.instance):
                tally.read("runs", 1)
                tally.reject(
                    "runs",
                    place,
                    f"instances {run.instance!r} and {other!r} differ in punctuation only: rename one",
                )
            else:
                records.add(_record(scenario, run, place))
        yield records.batch()


class _Names:
    """Instances by the IRI that their name makes."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def other(self, instance: str) -> str | None:
        """Another instance whose name makes the same IRI; of those, the first one is taken."""
        first = self._first.setdefault(iris.named_dataset(instance), instance)
        return None if first == instance else first


def _measure(measured: Measured, where: str) -> Measure:
    direction = "higher" if measured.maximise else "lower"
    if measured.type == "runtime" and measured.name.lower() in ("runtime", "time"):
        return MEASURES["runtime_seconds"]
    known = normalise(measured.name)
    if (
        known is not None
        and (known.factor, known.offset) == (1.0, 0.0)
        and known.measure.direction == direction
    ):
        return known.measure
    try:
        return declared(measured.name, direction)
    except QueryError as error:
        raise SourceError(f"{where}: {error}") from error


def _record(scenario: Scenario, run: Run, place: str) -> Record:
    finished = run.status == "ok"
    return Record(
        key=f"{run.instance}/{run.algorithm}/{run.repetition}",
        dataset=DatasetRef(name=run.instance, qualities=scenario.features.get(run.instance, {})),
        pipeline=_pipeline(scenario, run.algorithm),
        scores=run.values if finished else {},
        place=place,
        status="finished" if finished else "failed",
        error=None if finished else run.status,
        tags={} if run.repetition == 1 else {"repetition": str(run.repetition)},
    )


def _pipeline(scenario: Scenario, algorithm: str) -> Pipeline:
    if parameters := scenario.configurations.get(algorithm):
        return opaque_pipeline(scenario.id, parameters)
    described = scenario.described.get(algorithm)
    return opaque_pipeline(f"{scenario.id}/{algorithm}", {"configuration": described} if described else {})
