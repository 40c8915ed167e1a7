"""What searches and cross-validations of scikit-learn found, noted in the runs that they are logged as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingest.given_data import GivenData
from ingest.records import Records
from ingest.search import record_of
from ingest.search_procedures import procedure_of, splitter_text
from ingest.search_scoring import names_of_scores, with_declared
from ingest.search_setting import Setting, setting_of
from ingest.sklearn_objects import pipeline_of, seed_of
from ingest.source import Tally
from kg.errors import MetakgError

if TYPE_CHECKING:
    from ingest.tracking import Recording
    from metakg.tracked_run import Run

__all__ = ["note_cross_validation", "note_search"]


def note_cross_validation(run: Run, outputs: Any, given: Mapping[str, Any]) -> None:
    """Note the scores of ``cross_validate`` or ``cross_val_score``: their means, and each fold's as a series.

    Parameters
    ----------
    given
        Arguments of the call by name.
    """
    recording = run.recording
    if recording is None:
        return
    options = [given.get(name) for name in ("estimator", "cv", "scoring")]
    setting = _of_data(setting_of(outputs, "the data", None, recording.subject.type, *options), recording)
    (candidate,) = setting.candidates
    names = names_of_scores(candidate.means, setting.scoring, setting.estimator)
    tags: dict[str, Any] = {"cv": splitter_text(setting.cv)}
    for name, known in names.items():
        measure = known or f"scorer of {name}"
        try:
            recording.score(measure, candidate.means[name], "sklearn")
        except MetakgError:  # a scorer of a person's own, or a fold that failed: nobody did anything wrong
            tags[measure] = candidate.means[name]
        for fold, value in enumerate(candidate.folds[name]):
            if value == value:  # not of a fold that failed
                recording.point("fold", fold, measure, value, "sklearn")
    for name, seconds in (
        ("mean_fit_time", candidate.fit_seconds),
        ("mean_score_time", candidate.score_seconds),
    ):
        if seconds is not None:
            recording.score(name, seconds)
    recording.revise(
        type=setting.task, procedure=procedure_of(setting.cv, candidate.fold_count, setting.task)
    )
    recording.tag(tags)
    if candidate.failed_folds:
        run.fail(
            "FitFailed", f"could not be fitted in {candidate.failed_folds} of {candidate.fold_count} folds"
        )


def note_search(run: Run, search: Any) -> None:
    """Note a fitted search: its best parameters in its own run, and each candidate as a run that is a part of it."""
    recording = run.recording
    if recording is None:
        return
    setting = _of_data(
        setting_of(search, "the data", None, recording.subject.type, None, None, None), recording
    )
    recording.revise(type=setting.task)
    best = getattr(search, "best_params_", None) or {}
    recording.tag({f"best {name}": value for name, value in best.items()})
    recording.tag({"candidates": len(setting.candidates), "cv": splitter_text(setting.cv)})
    names = names_of_scores(setting.candidates[0].means, setting.scoring, setting.estimator)
    readable, declared = with_declared(names, None)
    tally = Tally()
    records = Records(recording.manifest, tally, vocabulary="sklearn", declared=declared)
    for candidate in setting.candidates:
        tried = candidate.estimator(setting.estimator)
        found = record_of(
            setting,
            candidate,
            readable,
            candidate.series(readable, tally),
            pipeline=pipeline_of(tried),
            seed=seed_of(tried),
        )
        key = f"{recording.key}-{candidate.number}"
        records.add(replace(found, key=key, parent=recording.iri, started=recording.started))
    run.keep(records)
    if tally.wrong:
        recording.tag({"candidates with scores that are wrong": tally.wrong})


def _of_data(setting: Setting, recording: Recording) -> Setting:
    """The setting with the data that the run knows."""
    about = recording.subject
    rows = about.dataset.qualities.get("NumberOfInstances")
    whole = setting.rows if rows is None else int(rows)
    return replace(setting, data=GivenData(about.dataset, about.target, setting.task), rows=whole)
