"""Which runs a recommender is trained on: of pipelines that can be built, and of no more than are learned at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from kg.experience import Experience

__all__ = ["LEAST_DATASETS", "LEAST_SHARE", "MOST_PIPELINES", "only_learnable", "only_recommendable"]

LEAST_DATASETS = 10
"""Fewer datasets than this say nothing about another one."""

MOST_PIPELINES = 500
"""More pipelines than this are not learned at once: time and memory of a fit grow with their square."""

LEAST_SHARE = 0.5
"""Share of the datasets that a pipeline must have been run on, where there are too many pipelines."""


def only_recommendable(
    experience: Experience, measure: str, procedure: str, *, least: int = LEAST_DATASETS
) -> Experience:
    """Experience without the runs of pipelines that could not be recommended with reason.

    Trackers and tables bring pipelines of which they know a name and some text, and classes that are not on the
    allow-list: nobody could build them. And they bring pipelines that were run on a table or two, of which nothing can
    be said on another. Their runs stay in the graph and in leaderboards, and are not learned from.

    Parameters
    ----------
    measure, procedure
        IRIs; pipelines without a run by them are not looked at.
    least
        Datasets that a pipeline must have been run on.
    """
    import polars as pl

    from embeddings.estimators import refusal
    from kg.pipeline import Pipeline

    runs = experience.rows.filter(
        pl.col("measure").cast(pl.String) == measure, pl.col("procedure").cast(pl.String) == procedure
    )
    known = runs.group_by("pipeline").agg(pl.col("dataset").n_unique()).collect()
    known = known.with_columns(pl.col("pipeline").cast(pl.String))
    refused = set(known.filter(pl.col("dataset") < least)["pipeline"])
    written = experience.pipelines.filter(pl.col("pipeline").is_in(known["pipeline"].implode()))
    for iri, canonical in written.select("pipeline", "canonical").iter_rows():
        if iri not in refused and refusal(Pipeline.from_canonical(canonical)) is not None:
            refused.add(iri)
    if not refused:
        return experience
    return replace(experience, rows=experience.rows.filter(~_among(pl.Series(sorted(refused)))))


def only_learnable(
    experience: Experience, measure: str, procedure: str, *, most: int = MOST_PIPELINES
) -> Experience:
    """Experience with at most ``most`` pipelines that have runs of a measure and procedure.

    Up to ``most`` pipelines all are kept. Of more, those are kept that were run on at least half of the
    datasets: bulk sources bring ten thousands of pipelines, and of a pipeline that few datasets know nothing
    can be said on another one. Where these are still too many, the datasets take turns, in order of their
    IRIs, and each keeps its best pipeline that is not kept yet, until there are ``most``.

    Parameters
    ----------
    measure, procedure
        IRIs; of the measure, higher must be better.
    """
    import polars as pl

    runs = experience.rows.filter(
        pl.col("measure").cast(pl.String) == measure, pl.col("procedure").cast(pl.String) == procedure
    ).select("dataset", "pipeline", "value")
    known = runs.group_by("pipeline").agg(pl.col("dataset").n_unique()).collect()
    if known.height <= most:
        return experience
    datasets = runs.select(pl.col("dataset").n_unique()).collect().item()
    kept = known.filter(pl.col("dataset") >= LEAST_SHARE * datasets)["pipeline"].cast(pl.String)
    if len(kept) > most:
        kept = _best_in_turn(runs.filter(_among(kept)), most)
    return replace(experience, rows=experience.rows.filter(_among(kept)))


def _among(pipelines: pl.Series) -> pl.Expr:
    import polars as pl

    return pl.col("pipeline").cast(pl.String).is_in(pipelines.implode())


def _best_in_turn(runs: pl.LazyFrame, most: int) -> pl.Series:
    """Pipelines in the order in which the datasets, taking turns, choose them."""
    import polars as pl

    # No dataset gets to choose further down than its ``most`` best: by then all places are taken. Text, which is
    # large, is made of these only.
    ranked = (
        runs.group_by("dataset", "pipeline")
        .agg(pl.col("value").mean())
        .filter(pl.col("value") >= pl.col("value").top_k(most).min().over("dataset"))
        .with_columns(pl.col("dataset", "pipeline").cast(pl.String))
        .sort("dataset", "value", "pipeline", descending=[False, True, False])
        .group_by("dataset", maintain_order=True)
        .head(most)
        .collect()
    )
    wishes = [frame["pipeline"].to_list() for frame in ranked.partition_by("dataset", maintain_order=True)]
    chosen: dict[str, None] = {}
    places = [0] * len(wishes)
    while len(chosen) < most:
        for dataset, wished in enumerate(wishes):
            while places[dataset] < len(wished) and wished[places[dataset]] in chosen:
                places[dataset] += 1
            if places[dataset] < len(wished) and len(chosen) < most:
                chosen[wished[places[dataset]]] = None
    return pl.Series("pipeline", list(chosen), dtype=pl.String)
