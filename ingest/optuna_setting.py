"""What was tried by the trials of a study, on which data and how, by options or else by the study's attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.given_data import WAYS, GivenData, given_data
from ingest.json_values import canonical
from ingest.optuna_studies import Study, Trial
from ingest.python_values import read
from ingest.records import UNKNOWN_PROCEDURE, Points, Record
from ingest.sklearn_objects import opaque_pipeline, pipeline_of, seed_of
from kg.errors import SourceError

if TYPE_CHECKING:
    from kg.measures import Measure
    from kg.pipeline import Pipeline

__all__ = ["Setting"]


@dataclass(frozen=True)
class Setting:
    """What all trials of a study have in common.

    Attributes
    ----------
    measures
        Names or measures of the objectives, if somebody says them.
    model
        An estimator that takes the trials' parameters, or a name.
    """

    data: GivenData
    measures: Sequence[str | Measure] | None
    procedure: str
    model: Any

    @classmethod
    def of(cls, study: Study, options: Mapping[str, Any]) -> Setting:
        """Setting of a study.

        Raises
        ------
        QueryError, SourceError, TableError
            If nobody says which data it was, or what is said cannot be used.
        """
        said = {
            name: study.attributes.get(name) if value is None else value for name, value in options.items()
        }
        if said["dataset"] is None:
            raise SourceError(
                f"study {study.name!r} does not know its data: say dataset=, {WAYS}, "
                "or let the study say it: study.set_user_attr('dataset', 'titanic')"
            )
        measures = said["measures"] if said["measure"] is None else [said["measure"]]
        procedure = said["procedure"] or UNKNOWN_PROCEDURE
        if not isinstance(procedure, str):
            raise SourceError(
                f"study {study.name!r}: procedure is {procedure!r}: give a name such as '5-fold-cv'"
            )
        data = given_data(said["dataset"], said["target"], said["task"])
        return cls(data, measures, procedure, said["model"] if said["model"] is not None else study.name)

    def record(self, study: Study, trial: Trial, objectives: Sequence[str], place: str) -> Record:
        """The run of a trial that has ended.

        Raises
        ------
        SourceError, TypeError, ValueError
            If it cannot be read, or the model does not take its parameters.
        """
        if trial.wrong:
            raise SourceError(trial.wrong)
        complete, failed = trial.state == "COMPLETE", trial.state == "FAIL"
        if complete and len(trial.values) != len(objectives):
            raise SourceError(f"it has {len(trial.values)} values for {len(objectives)} objectives")
        scores = dict(zip(objectives, trial.values, strict=True)) if complete else {}
        if complete and trial.started and trial.ended and trial.ended >= trial.started:
            scores.setdefault("duration", (trial.ended - trial.started).total_seconds())
        pipeline, seed = self._tried(trial.parameters)
        series = [(float(step), float(value)) for step, value in trial.steps.items()]
        return Record(
            key=f"{study.name}/{trial.number}",
            dataset=self.data.ref,
            pipeline=pipeline,
            scores=scores,
            place=place,
            procedure=self.procedure,
            type=self.data.task or "other",
            target=self.data.target,
            status="finished" if complete else "failed" if failed else "pruned",
            error="Optuna keeps no reason" if failed else None,
            seed=seed,
            started=trial.started,
            ended=trial.ended,
            tags={"study": study.name} | {name: _text(value) for name, value in trial.attributes.items()},
            series=[Points(objectives[0], "step", series)] if series else [],
        )

    def _tried(self, parameters: Mapping[str, Any]) -> tuple[Pipeline, int | None]:
        if isinstance(self.model, str):
            return opaque_pipeline(self.model, parameters), None
        from sklearn.base import clone

        tried = clone(self.model).set_params(**parameters)
        return pipeline_of(tried), seed_of(tried)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(read(value))
