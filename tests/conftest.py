"""Stores that several test packages read: built once from the packaged experiments, and never written to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

DATASETS, PIPELINES = 60, 40


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """What ``metakg demo`` printed, and the store that it left: all of OBOE and LCDB, trained."""
    folder = tmp_path_factory.mktemp("trained") / "store"
    words = [sys.executable, "-m", "metakg", "--store", str(folder), "demo"]
    return folder, subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="session")
def trained_store(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """Folder of a store with all of OBOE and LCDB and a model trained on it; to be read only."""
    folder, done = demo
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a store with 60 datasets and 40 pipelines of OBOE, trained with wdbc among them and without."""
    import polars as pl

    import metakg
    from embeddings.landmarks import LANDMARKS
    from ingest import find_source
    from kg import Batch, iris

    folder = tmp_path_factory.mktemp("small") / "store"
    batches = list(find_source("oboe").batches())
    every = pl.concat([batch.pipelines for batch in batches])["pipeline"]
    pipelines = [*(landmark.iri for landmark in LANDMARKS), *every.sort()][: PIPELINES + len(LANDMARKS)]
    known = pl.concat([batch.datasets for batch in batches])["dataset"].sort()
    datasets = [iris.openml_dataset(1510), *known.gather_every(7)][:DATASETS]

    def part(batch: Batch) -> Batch:
        runs = batch.runs.filter(pl.col("pipeline").is_in(pipelines) & pl.col("dataset").is_in(datasets))
        return Batch(
            batch.manifest,
            datasets=batch.datasets.filter(pl.col("dataset").is_in(datasets)),
            qualities=batch.qualities.filter(pl.col("dataset").is_in(datasets)),
            tasks=batch.tasks.filter(pl.col("dataset").is_in(datasets)),
            pipelines=batch.pipelines.filter(pl.col("pipeline").is_in(pipelines)),
            runs=runs,
            evaluations=batch.evaluations.filter(pl.col("run").is_in(runs["run"].to_list())),
        )

    with metakg.open(folder) as kg:
        kg.create()
        kg.store.commit([part(batch) for batch in batches])
        kg.embed()
        kg.embed([1510])
    return folder


@pytest.fixture
def own_store(small_store: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the small store that a test may write to."""
    folder = tmp_path / "own-store"
    shutil.copytree(small_store, folder, symlinks=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def wdbc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Breast Cancer Wisconsin as a CSV; its target is ``diagnosis``."""
    from metakg import samples

    return samples.write("breast-cancer", tmp_path_factory.mktemp("samples"))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: exit status, stdout and stderr."""
    from metakg.__main__ import main

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(word) for word in words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run
