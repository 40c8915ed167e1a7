"""auto-sklearn's metadata: for each of 261 OpenML datasets and 26 measures, the best pipeline that a long search found.

M. Feurer et al.: *Efficient and Robust Automated Machine Learning*, NeurIPS 2015; shipped with ``auto-sklearn`` 0.15.0
(BSD-3-Clause) as ASlib scenarios, one for each measure, kind of task and kind of table
(``autosklearn/metalearning/files/accuracy_binary.classification_dense``, ...). Read from these files:

- an instance is a dataset by OpenML's name in lower case, without its version: a name, not an OpenML id;
- a value is auto-sklearn's loss: the best value of the measure minus the score (``autosklearn/metrics``), whatever
  ``maximize`` says; the graph has the measure itself;
- the features are auto-sklearn's, of the rows that it was trained on and without the target: they are not OpenML's
  qualities of the same names, and are called ``autosklearn.NumberOfInstances`` and so on;
- binary and multi-class tasks have the same files, and dense and sparse ones share many runs: each is taken once;
- ``not_applicable`` marks datasets for which the measure has no meaning.

Scores are those of rows held out once. How pipelines are read: :mod:`ingest.autosklearn_pipelines`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ingest.archive import Package
from ingest.aslib import NOT_APPLICABLE
from ingest.aslib_scenario import FILES, OPTIONAL, RUNS, Scenario, files_of, read_scenario
from ingest.autosklearn_pipelines import pipeline_of_configuration
from ingest.records import DatasetRef, Record, Records
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import SourceError
from kg.pipeline import Pipeline

__all__ = ["PACKAGE", "AutoSklearnSource"]

PACKAGE = Package(
    "auto-sklearn==0.15.0",
    "082941a56acfc93a83e221e08ef5d5b2083b1ff58d18be7c27d003a11e4a41d0",
    "auto-sklearn-0.15.0.tar.gz",
)

_ROUNDING = 1e-9
"""What a loss may be below 0: where the score is 1, the subtraction leaves some -2e-16."""

_AVERAGED = ("f1", "precision", "recall")
_CLASSIFICATION = (
    *("accuracy", "average_precision", "balanced_accuracy", "log_loss", "roc_auc"),
    *(name + average for name in _AVERAGED for average in ("", "_macro", "_micro", "_samples", "_weighted")),
)
_REGRESSION = (
    *("mean_absolute_error", "mean_squared_error", "mean_squared_log_error"),
    *("median_absolute_error", "r2", "root_mean_squared_error"),
)
_TASKS = {
    **dict.fromkeys(("binary.classification", "multiclass.classification"), _CLASSIFICATION),
    "regression": _REGRESSION,
}
_FOLDERS = tuple(
    f"{measure}_{task}_{kind}"
    for task, measures in _TASKS.items()
    for measure in measures
    for kind in ("dense", "sparse")
)
_PLACE = "autosklearn/metalearning/files"


@dataclass
class _Best:
    """What is known of one pipeline on one dataset."""

    place: str
    type: str
    features: Mapping[str, float]
    pipeline: Pipeline
    scores: dict[str, float]


class AutoSklearnSource(Source):
    """The best pipelines that auto-sklearn found on OpenML datasets.

    Parameters
    ----------
    path
        The source distribution (found in the current or the cache folder if left out), a folder that it was unpacked
        into, its folder of scenarios, or one of these.
    """

    name: ClassVar[str] = "autosklearn"
    title: ClassVar[str] = "auto-sklearn: the best pipelines of long searches on OpenML datasets"

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__()
        self.path = None if path is None else Path(path)

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is the source distribution, or a folder with its scenarios."""
        if not isinstance(subject, str | Path):
            return False
        path = Path(subject)
        if path.is_dir():
            return bool(_scenarios(path))
        return re.fullmatch(r"auto[-_]sklearn-[\w.]+\.tar\.gz", path.name) is not None

    @property
    def manifest(self) -> Manifest:
        """auto-sklearn, BSD-3-Clause; the version is that of the package, or a folder's name."""
        version = "0.15.0"
        if self.path is not None and self.path.is_dir():
            name = self.path.resolve().name
            found = re.fullmatch(r"auto[-_]sklearn-([\d.]+)", name)
            version = found.group(1) if found else re.sub(r"[^\w.-]+", "-", name)
        return Manifest(
            source=self.name,
            version=version,
            title=self.title,
            licence="BSD-3-Clause",
            derived_from="https://github.com/automl/auto-sklearn",
        )

    def _folders(self) -> Iterator[tuple[str, Mapping[str, bytes]]]:
        """Paths of scenarios, for messages, and their files."""
        if self.path is not None and self.path.is_dir():
            folders = _scenarios(self.path)
            if not folders:
                raise SourceError(
                    f"{self.path}: holds no scenario of auto-sklearn, such as {_PLACE}/{_FOLDERS[0]}"
                )
            for folder in folders:
                yield str(folder), files_of(folder)
            return
        names = [f"{_PLACE}/{folder}/{file}" for folder in _FOLDERS for file in (*FILES, *OPTIONAL)]
        found: dict[str, dict[str, bytes]] = {folder: {} for folder in _FOLDERS}
        for name, content in PACKAGE.members(self.path or PACKAGE.locate(), names):
            scenario, _, file = name.removeprefix(f"{_PLACE}/").partition("/")
            found[scenario][file] = content
        for scenario, files in sorted(found.items()):
            yield f"{self.path or PACKAGE.filename}/{scenario}", files

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch: datasets with features, and a run for each pipeline on a dataset."""
        records = Records(self.manifest, tally, vocabulary="tabrepo")  # best value minus score, there as here
        gathered: dict[tuple[str, str], _Best] = {}
        seen: dict[tuple[bytes, ...], Scenario] = {}
        for where, files in self._folders():
            content = tuple(files.get(name, b"") for name in (*FILES, *OPTIONAL))
            same = content in seen
            scenario = seen[content] if same else read_scenario(files, where)
            seen[content] = scenario
            if same:
                tally.read("evaluations", len(scenario.runs))
                tally.leave_out("evaluations", "the same file for another kind of task", len(scenario.runs))
            else:
                _gather(scenario, where, gathered, tally)
        for (instance, key), best in gathered.items():
            records.add(
                Record(
                    key=f"{iris.named_dataset(instance).rpartition('/')[2]}/{key}",
                    dataset=DatasetRef(
                        name=instance,
                        qualities={f"autosklearn.{name}": value for name, value in best.features.items()},
                    ),
                    pipeline=best.pipeline,
                    scores=best.scores,
                    place=best.place,
                    procedure="holdout",
                    type=best.type,
                )
            )
        yield records.batch()


def _scenarios(path: Path) -> list[Path]:
    """Folders of auto-sklearn's scenarios in a folder, or the folder itself."""
    if path.name in _FOLDERS:
        return [path] if all((path / name).is_file() for name in FILES) else []
    for base in (path, path / _PLACE, *path.glob(f"*/{_PLACE}")):
        found = [base / folder for folder in _FOLDERS if (base / folder / RUNS).is_file()]
        if found:
            return sorted(found)
    return []


def _gather(scenario: Scenario, where: str, gathered: dict[tuple[str, str], _Best], tally: Tally) -> None:
    """Add the runs of one scenario to what is known."""
    task = "regression" if "_regression_" in Path(where).name else "classification"
    pipelines: dict[str, Pipeline] = {}
    for run in scenario.runs:
        place = f"{where}/{RUNS}: line {run.line}"
        if run.status == "not_applicable":
            tally.read("evaluations", 1)
            tally.leave_out("evaluations", NOT_APPLICABLE, 1)
            continue
        if run.algorithm not in scenario.configurations:
            tally.read("evaluations", 1)
            tally.reject("evaluations", place, f"algorithm {run.algorithm!r} is not in configurations.csv")
            continue
        if run.algorithm not in pipelines:
            pipelines[run.algorithm] = pipeline_of_configuration(scenario.configurations[run.algorithm])
        pipeline = pipelines[run.algorithm]
        features = scenario.features.get(run.instance, {})
        best = gathered.setdefault(
            (run.instance, f"{task}/{pipeline.key}"), _Best(place, task, features, pipeline, {})
        )
        for measure, loss in run.values.items():
            if measure in best.scores:
                tally.read("evaluations", 1)
                tally.leave_out("evaluations", "the same pipeline for tables of another kind", 1)
            else:
                best.scores[measure] = 0.0 if -_ROUNDING < loss < 0.0 else loss
