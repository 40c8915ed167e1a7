"""Searches and cross-validations of scikit-learn, as they are in memory: one run for each candidate.

A fitted search knows its estimator, splitter and scoring; what ``cross_validate`` and ``cross_val_score`` return, or
``cv_results_`` by itself, knows none of them, so they are given as they were to scikit-learn. None knows its data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ingest.graph_names import slug
from ingest.records import Points, Record, Records
from ingest.search_candidates import Candidate
from ingest.search_procedures import of_a_sample, procedure_of, splitter_text
from ingest.search_scoring import names_of_scores, with_declared
from ingest.search_setting import Setting, is_outputs, is_search, setting_of
from ingest.sklearn_objects import pipeline_of, seed_of
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import SourceError

if TYPE_CHECKING:
    from kg.measures import Measure

__all__ = ["SearchSource"]


class SearchSource(Source):
    """Candidates of a search, or one estimator that was cross-validated.

    Parameters
    ----------
    search
        ``GridSearchCV`` and the like after ``fit``; ``cv_results_``, as a dictionary or a table; or what
        ``cross_validate`` or ``cross_val_score`` returned.
    dataset, target
        Which data it was; see :func:`ingest.given_data.given_data`.
    task
        Type of the task, if the estimator does not say it.
    estimator, cv, scoring
        As they were given to scikit-learn; not with a search, which knows them.
    measures
        What scores are of, by their names (``score`` if there is one): a name or a declared measure.
    name
        Of the search in the graph; if left out, made of the data, the candidates and their scores.
    licence
        An SPDX expression.
    """

    name: ClassVar[str] = "search"
    title: ClassVar[str] = "a search or cross-validation of scikit-learn"

    def __init__(
        self,
        search: Any = None,
        *,
        dataset: Any = None,
        target: str | None = None,
        task: str | None = None,
        estimator: Any = None,
        cv: Any = None,
        scoring: Any = None,
        measures: Mapping[str, str | Measure] | None = None,
        name: str | None = None,
        licence: str = "not stated",
    ) -> None:
        super().__init__()
        self._given = (search, dataset, target, task, estimator, cv, scoring)
        self._measures, self._name, self._licence = measures, name, licence

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Objects of scikit-learn, and what looks like its results."""
        return is_search(subject) or is_outputs(subject)

    @cached_property
    def _setting(self) -> Setting:
        return setting_of(*self._given)

    @property
    def manifest(self) -> Manifest:
        """One graph for each search; the same search again is the same graph."""
        version = slug(self._name) if self._name else self._digest()
        return Manifest(self.name, version, self.title, self._licence, "https://scikit-learn.org/")

    def _digest(self) -> str:
        """Name made of the data, the candidates and their scores, not of times: the same search again is the same."""
        from ingest.python_values import read

        setting = self._setting
        dataset = setting.data.ref.iri
        tried = [[each.parameters, each.means, each.rows] for each in setting.candidates]
        text = repr(read([dataset, setting.kind, splitter_text(setting.cv), setting.estimator, tried]))
        return f"{slug(iris.dataset_key(dataset))}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch with a run for each candidate."""
        setting = self._setting
        names = names_of_scores(setting.candidates[0].means, setting.scoring, setting.estimator)
        readable, declared = with_declared(names, self._measures)
        records = Records(self.manifest, tally, vocabulary="sklearn", declared=declared)
        for candidate in setting.candidates:
            try:
                tried = candidate.estimator(setting.estimator)
                pipeline, seed = pipeline_of(tried), seed_of(tried)
            except (
                SourceError,
                ValueError,
                TypeError,
            ) as error:  # a parameter that the estimator does not have
                tally.read("runs", 1)
                tally.reject("runs", candidate.place, " ".join(str(error).split()))
                continue
            folds = candidate.series(readable, tally)
            records.add(_record(setting, candidate, readable, folds, pipeline=pipeline, seed=seed))
        yield records.batch()


def _record(
    setting: Setting, candidate: Candidate, readable: Mapping[str, str], folds: list[Points], **more: Any
) -> Record:
    failed, count = candidate.failed_folds, candidate.fold_count
    times = {"mean_fit_time": candidate.fit_seconds, "mean_score_time": candidate.score_seconds}
    scores = {readable[name]: value for name, value in candidate.means.items()}
    scores |= {name: seconds for name, seconds in times.items() if seconds is not None}
    tags = {"search": setting.kind, "cv": splitter_text(setting.cv), "folds": str(count)}
    if candidate.iteration is not None:
        tags["iteration"] = str(candidate.iteration)
    procedure = procedure_of(setting.cv, count, setting.task)
    return Record(
        key=str(candidate.number),
        dataset=setting.data.ref,
        scores={} if failed else scores,
        place=candidate.place,
        procedure=of_a_sample(procedure, candidate.rows, setting.rows),
        type=setting.task,
        target=setting.data.target,
        status="failed" if failed else "finished",
        error=f"could not be fitted in {failed} of {count} folds" if failed else None,
        training_size=candidate.rows,
        tags=tags,
        series=folds,
        **more,
    )
