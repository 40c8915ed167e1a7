"""Which runs a recommender is trained on, where the graph holds more pipelines than one can learn at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from kg.experience import Experience

__all__ = ["LEAST_SHARE", "MOST_PIPELINES", "only_learnable"]

MOST_PIPELINES = 500
"""More pipelines than this are not learned at once: time and memory of a fit grow with their square."""

LEAST_SHARE = 0.5
"""Share of the datasets that a pipeline must have been run on, where there are too many pipelines."""


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

    of_kind = (pl.col("measure") == measure) & (pl.col("procedure") == procedure)
    if experience.runs.filter(of_kind)["pipeline"].n_unique() <= most:
        return experience
    runs = experience.runs.filter(of_kind).select("dataset", "pipeline", "value")
    least = LEAST_SHARE * runs["dataset"].n_unique()
    known = runs.group_by("pipeline").agg(pl.col("dataset").n_unique())
    kept = known.filter(pl.col("dataset") >= least)["pipeline"]
    if len(kept) > most:
        kept = _best_in_turn(runs.join(kept.to_frame(), on="pipeline", how="semi"), most)
    return replace(experience, runs=experience.runs.join(kept.to_frame(), on="pipeline", how="semi"))


def _best_in_turn(runs: pl.DataFrame, most: int) -> pl.Series:
    """Pipelines in the order in which the datasets, taking turns, choose them."""
    import polars as pl

    # No dataset gets to choose further down than its ``most`` best: by then all places are taken.
    ranked = (
        runs.group_by("dataset", "pipeline")
        .agg(pl.col("value").mean())
        .sort("dataset", "value", "pipeline", descending=[False, True, False])
        .group_by("dataset", maintain_order=True)
        .head(most)
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
