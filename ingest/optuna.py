"""Studies of Optuna: objects in memory, SQLite files and journals, one run for each trial that has ended.

A study says by attributes what options leave out (``study.set_user_attr("dataset", "titanic")``): ``dataset``,
``target``, ``task``, ``measure``, ``measures``, ``procedure``, ``model``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ingest.graph_names import slug
from ingest.optuna_journal import is_journal, studies_of_journal
from ingest.optuna_objectives import agreed, objectives_of
from ingest.optuna_objects import is_study, study_of
from ingest.optuna_setting import Setting
from ingest.optuna_sqlite import is_database, is_optuna_database, studies_of_database
from ingest.optuna_studies import Study
from ingest.records import Records
from ingest.source import Source, Tally
from kg.batch import Batch, Manifest
from kg.errors import SourceError

if TYPE_CHECKING:
    from kg.measures import Measure

__all__ = ["OptunaSource"]


class OptunaSource(Source):
    """Trials of one study, or of all studies of a file.

    Parameters
    ----------
    path
        An SQLite file or a journal of Optuna's; or an ``optuna.Study``.
    dataset, target, task
        Which data it was; see :func:`ingest.given_data.given_data`.
    measure, measures
        What the objective is, or each of several: names or declared measures.
    procedure
        How the values were estimated, such as ``5-fold-cv``; if nobody says it, they compare with nothing else.
    model
        What the parameters are of: an estimator that takes them, or a name (``sklearn.svm.SVC``); the study's name if
        left out.
    study
        Name of the only study to be read of a file.
    name
        In the graph; the file's or the study's if left out.
    licence
        An SPDX expression.
    """

    name: ClassVar[str] = "optuna"
    title: ClassVar[str] = "studies of Optuna"

    def __init__(
        self,
        path: Any = None,
        *,
        dataset: Any = None,
        target: str | None = None,
        task: str | None = None,
        measure: str | Measure | None = None,
        measures: Sequence[str | Measure] | None = None,
        procedure: str | None = None,
        model: Any = None,
        study: str | None = None,
        name: str | None = None,
        licence: str = "not stated",
    ) -> None:
        super().__init__()
        self._subject = Path(path) if isinstance(path, str) else path
        self._given = {
            "dataset": dataset,
            "target": target,
            "task": task,
            "measure": measure,
            "measures": measures,
            "procedure": procedure,
            "model": model,
        }
        self._study, self._name, self._licence = study, name, licence

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Studies, and files by their first bytes."""
        if isinstance(subject, Path):
            return subject.is_file() and (is_optuna_database(subject) or is_journal(subject))
        return is_study(subject)

    @property
    def manifest(self) -> Manifest:
        """One graph for each file or study, by its name."""
        subject = self._subject
        if isinstance(subject, Path):
            name, title, origin = subject.stem, f"{self.title} in {subject.name}", subject.resolve().as_uri()
        elif is_study(subject):
            name, title, origin = subject.study_name, f"study {subject.study_name}", "https://optuna.org/"
        else:
            raise SourceError(
                "this is no study of Optuna: give the path of an SQLite file or a journal, or a study"
            )
        return Manifest(self.name, slug(self._name or name), title, self._licence, origin)

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch with a run for each trial that has ended."""
        manifest, studies = self.manifest, self._studies()
        settings = [(study, Setting.of(study, self._given)) for study in studies]
        objectives = {study.name: objectives_of(study, setting.measures) for study, setting in settings}
        records = Records(manifest, tally, declared=agreed(objectives))
        for study, setting in settings:
            for trial in study.trials:
                place = f"study {study.name!r}, trial {trial.number}"
                if trial.state in ("RUNNING", "WAITING"):
                    tally.read("runs", 1)
                    tally.leave_out("runs", f"trials that are {trial.state.lower()}", 1)
                    continue
                try:
                    record = setting.record(study, trial, tuple(objectives[study.name]), place)
                except (SourceError, ValueError, TypeError) as error:
                    tally.read("runs", 1)
                    tally.reject("runs", place, " ".join(str(error).split()))
                else:
                    records.add(record)
        yield records.batch()

    def _studies(self) -> list[Study]:
        subject = self._subject
        if not isinstance(subject, Path):
            return [study_of(subject)]
        if not subject.is_file():
            raise SourceError(
                f"{subject}: there is no such file: give an SQLite file or a journal of Optuna's"
            )
        studies = studies_of_database(subject) if is_database(subject) else studies_of_journal(subject)
        names = ", ".join(repr(study.name) for study in studies)
        found = [study for study in studies if self._study in (None, study.name)]
        if not found:
            wanted = "study" if self._study is None else f"study {self._study!r}"
            raise SourceError(f"{subject}: has no {wanted}; there are: {names or 'none'}")
        return found
