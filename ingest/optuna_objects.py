"""Studies of Optuna in memory; Optuna is not imported, as whoever has such a study has done so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingest.optuna_studies import DIRECTIONS, Study, Trial

__all__ = ["is_study", "study_of"]


def is_study(subject: Any) -> bool:
    """Whether it is an ``optuna.Study``, told by its type's name."""
    return any(
        kind.__name__ == "Study" and kind.__module__.startswith("optuna.") for kind in type(subject).__mro__
    )


def study_of(study: Any) -> Study:
    """An ``optuna.Study``; times are read as of this machine's time zone, as Optuna gives them."""
    return Study(
        study.study_name,
        [DIRECTIONS.get(direction.name, "") for direction in study.directions],
        getattr(study, "metric_names", None),
        dict(study.user_attrs),
        [
            Trial(
                trial.number,
                trial.state.name,
                dict(trial.params),
                (trial.values or ()) if trial.state.name == "COMPLETE" else (),
                dict(trial.intermediate_values),
                dict(trial.user_attrs),
                _utc(trial.datetime_start),
                _utc(trial.datetime_complete),
            )
            for trial in study.get_trials(deepcopy=False)
        ],
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
