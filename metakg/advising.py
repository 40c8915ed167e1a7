"""What a knowledge graph learns and recommends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from kg import iris
from kg.errors import ModelError
from kg.terms import IRI

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from embeddings.table import Task
    from kg.experience import Experience
    from kg.selection import Selection
    from metakg.models import ModelCard, Models
    from metakg.neighbours import Neighbours
    from metakg.recommendation import Recommendation
    from metakg.recommending import Advice
    from metakg.training import Progress, Recipe
    from recommender.model import RecommenderModel

from metakg.opened import OpenedGraph, plain_path

__all__ = ["Advising"]


class Advising(OpenedGraph):
    """The experience, trained models, and their answers."""

    def experience(
        self, *, as_of: str | date | None = None, exclude_sources: Sequence[str] = ()
    ) -> Experience:
        """Columnar projection of all runs, cached beside the store, or of those that :meth:`selection` leaves.

        Raises
        ------
        QueryError
            If a source or the date is not known, or nothing is left.
        """
        from kg import experience

        if as_of is not None or exclude_sources:
            selection = self.selection(as_of=as_of, exclude_sources=exclude_sources)
            return experience.load(self.store, selection=selection)
        if self._kept_experience is None or self._kept_experience[0] != self.store.version:
            self._kept_experience = (self.store.version, experience.load(self.store))
        return self._kept_experience[1]

    def leaderboard(
        self,
        dataset: str | int | None = None,
        *,
        measure: str = "one_vs_rest_balanced_accuracy",
        procedure: str = "5-fold-cv",
        top: int = 10,
    ) -> pl.DataFrame:
        """Pipelines that did best on a dataset, or on the mean over all datasets.

        Parameters
        ----------
        dataset
            ``31``, ``openml:31`` or an IRI; all datasets if left out.
        measure, procedure
            Keys or IRIs.
        top
            Number of rows.

        Returns
        -------
        Columns of :meth:`kg.experience.Experience.best`, or of :meth:`kg.experience.Experience.leaderboard`.

        Raises
        ------
        QueryError
            If the measure is unknown, or the dataset is not in the graph.
        """
        from kg.questions import KINDS

        if dataset is None:
            return self.experience().leaderboard(measure, procedure, top)
        found = KINDS["dataset"](self.store, str(dataset))
        return self.experience().best(str(found), measure, procedure, top)

    @property
    def models(self) -> Models:
        """Trained models of this store."""
        from metakg.models import Models

        if self._kept_models is None:
            folder = self.store.folder
            self._kept_models = Models(folder / "models" if folder is not None else None, self._say)
        return self._kept_models

    def selection(
        self,
        exclude_datasets: Sequence[str | int] = (),
        *,
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
    ) -> Selection:
        """What is left of the graph.

        Parameters
        ----------
        exclude_datasets
            Datasets that are left out, with all that the graphs that are left state to be the same.
        as_of
            Time after which nothing counts: a date (its end, in UTC) or an ISO time. Named graphs that came in later
            are left out, and of projects the runs that started later.
        exclude_sources
            Sources whose named graphs are left out: ``lcdb``, ``lcdb 0.1.0``, or the IRI of a graph.

        Raises
        ------
        QueryError
            If a dataset, source or date is not known, or nothing is left.
        """
        from kg.selection import select

        graphs = select(self.store, as_of=as_of, exclude_sources=exclude_sources)
        return replace(graphs, exclude_datasets=self.same_datasets(exclude_datasets, graphs))

    def recipe(
        self,
        exclude_datasets: Sequence[str | int] = (),
        *,
        seed: int = 0,
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
    ) -> Recipe:
        """What decides the model that answers on what :meth:`selection` leaves of this version of the graph."""
        from kg import experience
        from metakg.training import Recipe

        chosen = self.selection(exclude_datasets, as_of=as_of, exclude_sources=exclude_sources)
        return Recipe(experience.experience_version(self.store, chosen), chosen, seed)

    def same_datasets(
        self, names: Sequence[str | int], selection: Selection | None = None
    ) -> tuple[str, ...]:
        """IRIs of datasets (``31``, ``openml:31`` or an IRI) and of all that are stated to be the same, sorted.

        Raises
        ------
        QueryError
            If a name is neither an OpenML id nor an IRI.
        """
        from metakg import queries

        found = {
            str(other)
            for name in names
            for (other,) in queries.run(
                self.store, "same_as", selection, dataset=IRI(iris.dataset_iri(name))
            ).rows()
        }
        return tuple(sorted(found | {iris.dataset_iri(name) for name in names}))

    def embed(
        self,
        exclude_datasets: Sequence[str | int] = (),
        *,
        seed: int = 0,
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> ModelCard:
        """Train the PyKEEN model and the recommender on this version of the graph, unless that is done.

        Parameters
        ----------
        exclude_datasets, as_of, exclude_sources
            What the model must not see; see :meth:`selection`.
        seed
            Of the fit.
        progress
            Called as ``progress(stage, share of the stage that is done)``.

        Raises
        ------
        QueryError
            If a dataset, source or date is not known, or nothing is left.
        ModelError
            If the graph holds too little to learn from.
        """
        recipe = self.recipe(exclude_datasets, seed=seed, as_of=as_of, exclude_sources=exclude_sources)
        for note in recipe.selection.notes:
            self._say(f"note: {note}")
        return self._trained(recipe, progress)[0]

    def _trained(self, recipe: Recipe, progress: Progress | None) -> tuple[ModelCard, RecommenderModel]:
        from kg import experience

        def selected() -> Experience:
            return experience.load(self.store, selection=recipe.selection)

        return self.models.get(recipe, selected, progress=progress)

    def _advice(self, recipe: Recipe, progress: Progress | None) -> Advice:
        from metakg.recommending import Advice

        card, model = self._trained(recipe, progress)
        return Advice(self.store, card, model, recipe.selection)

    def recommend(
        self,
        table: str | os.PathLike[str] | pd.DataFrame,
        target: str,
        *,
        top: int = 10,
        task: Task | None = None,
        exclude_datasets: Sequence[str | int] = (),
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
        budget_seconds: float | None = None,
        store_evidence: bool = True,
        progress: Progress | None = None,
    ) -> Recommendation:
        """Pipelines to try on a table, ranked, with the evidence.

        Parameters
        ----------
        table
            Path of a CSV or Parquet file, or a data frame; the target is one of its columns.
        target
            Name of the target column.
        top
            Number of pipelines, chosen together.
        task
            ``classification`` or ``regression``; found out from the target if left out.
        exclude_datasets, as_of, exclude_sources
            What may be neither trained on nor used as evidence; see :meth:`selection`.
        budget_seconds
            Time in which all recommended pipelines together are expected to be cross-validated.
        store_evidence
            Keep the recommendation in the graph, so that it can be explained later.
        progress
            Called as ``progress(stage, share done)`` if a model has to be trained.

        Raises
        ------
        TableError
            If the table cannot be used, or asks for regression.
        QueryError
            If a dataset, source or date is not known, or nothing is left.
        ModelError
            If the graph holds too little to learn from.
        """
        from metakg.evidence import keep
        from metakg.recommending import prepared

        if top < 1:
            raise ModelError(f"top is {top}: ask for at least one pipeline")
        recipe = self.recipe(exclude_datasets, as_of=as_of, exclude_sources=exclude_sources)
        subject = prepared(plain_path(table), target, task=task, store=self.store)
        advice = self._advice(recipe, progress)
        answer = advice.recommend(subject, top=top, budget_seconds=budget_seconds)
        if store_evidence and answer.items:
            reason = keep(answer, self.store)
            if reason:
                self._say(f"the recommendation was not kept in the graph: {reason}")
        return answer

    def similar(
        self,
        subject: str | int | os.PathLike[str] | pd.DataFrame,
        target: str | None = None,
        *,
        top: int = 10,
        exclude_datasets: Sequence[str | int] = (),
        as_of: str | date | None = None,
        exclude_sources: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Neighbours:
        """Datasets on which pipelines are expected to rank as on this one.

        Parameters
        ----------
        subject
            A dataset of the graph (``31``, ``openml:31`` or an IRI), the path of a table, or a data frame.
        target
            Target column of a table; guessed, with a note, if left out.
        top
            Number of neighbours.
        exclude_datasets, as_of, exclude_sources
            What may not be used; see :meth:`selection`.
        progress
            Called as ``progress(stage, share done)`` if a model has to be trained.

        Raises
        ------
        TableError
            If a table cannot be used.
        QueryError
            If the graph has no runs on a dataset, a source or date is not known, or nothing is left.
        """
        from metakg.similar import similar

        recipe = self.recipe(exclude_datasets, as_of=as_of, exclude_sources=exclude_sources)

        def advice() -> Advice:
            return self._advice(recipe, progress)

        return similar(plain_path(subject), target, top=top, store=self.store, advice=advice)
