"""A source with ten thousands of pipelines beside OBOE: advice is still given, and from pipelines known well enough."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import metakg
from ingest import TensorOboeSource
from ingest.oboe_matrices import PACKAGE
from kg import Batch
from kg.experience import Experience
from metakg.training import MEASURE, PROCEDURE
from metakg.training_runs import MOST_PIPELINES, only_learnable

DATASETS = (5, 31, 187, 388, 1510)


@pytest.fixture(scope="module")
def batch():
    wheel = Path(os.environ.get("METAKG_OBOE_PACKAGE") or Path(sys.prefix) / "packages" / PACKAGE.filename)
    if not wheel.exists():
        pytest.skip(
            f"{wheel} is not there: pip download --no-deps --dest {wheel.parent} {PACKAGE.requirement}"
        )
    (only,) = TensorOboeSource(wheel, datasets=DATASETS).batches()
    return only


@pytest.fixture(scope="module")
def experience(batch):
    """What the graph's projection is of these runs."""
    rows = (
        batch.runs.join(batch.tasks.select("task", "procedure", "type"), on="task")
        .join(batch.evaluations, on="run")
        .with_columns(graph=pl.lit(batch.manifest.graph), runtime_seconds=pl.lit(None, dtype=pl.Float64))
        .with_columns(pl.col("dataset", "pipeline", "task", "procedure", "measure").cast(pl.Categorical))
    )
    datasets = batch.datasets.select("dataset", "title", "openml_id")
    return Experience("1", rows.lazy(), datasets, batch.qualities, batch.pipelines)


def scores(experience):
    frame = experience.rows.with_columns(
        pl.col("dataset", "pipeline", "procedure", "measure").cast(pl.String)
    )
    of_kind = (pl.col("measure") == MEASURE) & (pl.col("procedure") == PROCEDURE)
    return frame.filter(of_kind).select("run", "dataset", "pipeline", "value").sort("run").collect()


def test_few_pipelines_are_all_learned(experience):
    few = experience.pipelines["pipeline"].head(400).implode()
    rows = experience.rows.filter(pl.col("pipeline").cast(pl.String).is_in(few))
    small = replace(experience, rows=rows)
    assert only_learnable(small, MEASURE, PROCEDURE) is small


def test_each_dataset_keeps_its_best_pipelines_in_turn(experience):
    every, learned = scores(experience), scores(only_learnable(experience, MEASURE, PROCEDURE))
    kept = set(learned["pipeline"])
    assert len(kept) == MOST_PIPELINES
    # what is left of a pipeline are all of its runs
    assert learned.equals(every.filter(pl.col("pipeline").is_in(list(kept))))
    for _, of_dataset in every.group_by("dataset"):
        ranked = of_dataset.sort("value", "pipeline", descending=[True, False])["pipeline"].to_list()
        # each of five datasets has a hundred turns, so its hundred best are among those kept
        assert set(ranked[:100]) <= kept
    again = replace(experience, rows=experience.rows.reverse())
    assert scores(only_learnable(again, MEASURE, PROCEDURE)).equals(learned)


def test_pipelines_that_few_datasets_know_are_not_learned(experience):
    rare = experience.pipelines["pipeline"].head(23_000).implode()
    first_two = experience.datasets["dataset"].sort().head(2).implode()
    rows = experience.rows.filter(
        ~pl.col("pipeline").cast(pl.String).is_in(rare) | pl.col("dataset").cast(pl.String).is_in(first_two)
    )
    learned = scores(only_learnable(replace(experience, rows=rows), MEASURE, PROCEDURE))
    assert set(learned["pipeline"]) == set(experience.pipelines["pipeline"][23_000:])


def test_advice_beside_a_bulk_source_is_the_same_as_before(batch, own_store, wdbc):
    runs = batch.runs.join(batch.pipelines.head(2_000), on="pipeline", how="semi")
    part = Batch(
        batch.manifest,
        datasets=batch.datasets,
        tasks=batch.tasks,
        pipelines=batch.pipelines.head(2_000),
        runs=runs,
        evaluations=batch.evaluations.join(runs, on="run", how="semi"),
    )
    with metakg.open(own_store) as kg:
        before = kg.recommend(wdbc, "diagnosis", top=3)
        (old,) = [card for card in kg.models.cards() if not card.excluded]
        kg.store.commit(part)
        after = kg.recommend(wdbc, "diagnosis", top=3)
        new = next(card for card in kg.models.cards() if not card.excluded)
    assert new.key != old.key
    assert (new.datasets, new.pipelines, new.features) == (old.datasets, old.pipelines, old.features)
    assert [item.pipeline for item in after.items] == [item.pipeline for item in before.items]
    assert [item.predicted for item in after.items] == [item.predicted for item in before.items]
