"""A real slice of OBOE as the graph gives it: 80 datasets, 32 pipelines."""

from collections.abc import Iterator

import polars as pl
import pytest

from ingest.oboe import OboeSource
from kg import experience
from kg.batch import Batch
from kg.experience import Experience
from kg.memory import MemoryStore


@pytest.fixture(scope="session")
def oboe_experience() -> Experience:
    batches: Iterator[Batch] = OboeSource().batches()
    (batch,) = batches
    datasets = batch.datasets["dataset"].sort().gather_every(5)[:80].to_list()
    pipelines = batch.pipelines["pipeline"].sort().gather_every(7)[:32].to_list()
    of_datasets, of_pipelines = pl.col("dataset").is_in(datasets), pl.col("pipeline").is_in(pipelines)
    runs = batch.runs.filter(of_datasets & of_pipelines)
    part = Batch(
        batch.manifest,
        datasets=batch.datasets.filter(of_datasets),
        qualities=batch.qualities.filter(of_datasets),
        tasks=batch.tasks.filter(of_datasets),
        pipelines=batch.pipelines.filter(of_pipelines),
        runs=runs,
        evaluations=batch.evaluations.filter(pl.col("run").is_in(runs["run"].to_list())),
    )
    with MemoryStore() as store:
        store.commit(part)
        return experience.load(store)
