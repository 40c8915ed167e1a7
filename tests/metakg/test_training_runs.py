"""A source with ten thousands of pipelines beside OBOE: advice is still given, and from pipelines known well enough."""

import os
import sys
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
    runs = (
        batch.runs.join(batch.tasks.select("task", "procedure", "type"), on="task")
        .join(batch.evaluations, on="run")
        .with_columns(graph=pl.lit(batch.manifest.graph), runtime_seconds=pl.lit(None, dtype=pl.Float64))
        .select(
            *("run", "dataset", "pipeline", "task", "procedure", "type", "measure", "value"),
            *("runtime_seconds", "status", "training_size", "graph"),
        )
    )
    return Experience(
        "1", runs, batch.datasets.select("dataset", "title", "openml_id"), batch.qualities, batch.pipelines
    )


def _scores(experience):
    of_kind = (pl.col("measure") == MEASURE) & (pl.col("procedure") == PROCEDURE)
    return experience.runs.filter(of_kind)


def test_few_pipelines_are_all_learned(experience):
    few = experience.pipelines["pipeline"].head(400).implode()
    small = Experience(
        "1",
        *(
            experience.runs.filter(pl.col("pipeline").is_in(few)),
            experience.datasets,
            experience.qualities,
            experience.pipelines,
        ),
    )
    assert only_learnable(small, MEASURE, PROCEDURE) is small


def test_each_dataset_keeps_its_best_pipelines_in_turn(experience):
    learned = only_learnable(experience, MEASURE, PROCEDURE)
    kept = set(_scores(learned)["pipeline"])
    assert len(kept) == MOST_PIPELINES
    # what is left of a pipeline are all of its runs
    runs = _scores(experience).filter(pl.col("pipeline").is_in(list(kept)))
    assert _scores(learned).sort("run").equals(runs.sort("run"))
    for _, of_dataset in _scores(experience).group_by("dataset"):
        ranked = of_dataset.sort("value", "pipeline", descending=[True, False])["pipeline"].to_list()
        # each of five datasets has a hundred turns, so its hundred best are among those kept
        assert set(ranked[:100]) <= kept
    again = Experience(
        "1", experience.runs.reverse(), experience.datasets, experience.qualities, experience.pipelines
    )
    assert set(_scores(only_learnable(again, MEASURE, PROCEDURE))["pipeline"]) == kept


def test_pipelines_that_few_datasets_know_are_not_learned(experience):
    rare = set(experience.pipelines["pipeline"].head(23_000))
    first_two = experience.datasets["dataset"].sort().head(2).implode()
    runs = experience.runs.filter(~pl.col("pipeline").is_in(list(rare)) | pl.col("dataset").is_in(first_two))
    thin = Experience("1", runs, experience.datasets, experience.qualities, experience.pipelines)
    learned = _scores(only_learnable(thin, MEASURE, PROCEDURE))
    assert set(learned["pipeline"]) == set(experience.pipelines["pipeline"]) - rare


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
