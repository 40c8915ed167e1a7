"""Columns of the graph: leaderboards from them, and the same columns whether a graph is small or large."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kg
import kg.projection
from kg import experience, iris
from kg.errors import QueryError
from kg.questions import ask
from kg.testing import one_run

MEASURE, PROCEDURE = "one_vs_rest_balanced_accuracy", "5-fold-cv"
CREDIT_G = iris.openml_dataset(31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, batches: list[kg.Batch]) -> Path:
    """An embedded store with parts of OBOE and LCDB, a small batch and a project."""
    path = tmp_path_factory.mktemp("experience") / "store"
    with kg.open_store(path, create=True) as store:
        for batch in batches:
            store.commit(batch)
        store.append([one_run(str(number), number / 9) for number in range(3)])
    return path


@pytest.fixture(scope="module")
def small(folder: Path) -> experience.Experience:
    with kg.open_store(folder) as store:
        return experience.load(store)


@pytest.fixture
def large(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, in which graphs of more than 2,000 runs count as large."""
    copy = tmp_path / "store"
    shutil.copytree(folder, copy, symlinks=True)
    shutil.rmtree(copy / "experience", ignore_errors=True)
    monkeypatch.setattr(kg.projection, "_CHUNK_RUNS", 1_000)
    monkeypatch.setattr(kg.projection, "_ROW_GROUP", 500)
    return copy


def ordered(found: experience.Experience) -> pl.DataFrame:
    return found.runs.sort("graph", "run", "measure")


def test_a_large_graph_gives_the_same_columns(small: experience.Experience, large: Path) -> None:
    with kg.open_store(large) as large_store:
        parted = experience.load(large_store)
        assert small.places is None
        assert parted.places is not None
        files = {Path(file).name for file in parted.places["file"]}
        assert len(files) > 2
        assert ordered(parted).equals(ordered(small))
        for kept in (small, parted):
            left = kept.without_datasets([CREDIT_G])
            assert CREDIT_G not in left.runs["dataset"]
            assert left.best(CREDIT_G, MEASURE, PROCEDURE).is_empty()
        again = experience.load(large_store)
        assert ordered(again).equals(ordered(small))
        assert again.best(CREDIT_G, MEASURE, PROCEDURE, 30).equals(
            small.best(CREDIT_G, MEASURE, PROCEDURE, 30)
        )
        # Sums of floats depend on their order, in the last digit.
        boards = [each.leaderboard(MEASURE, PROCEDURE, 1000).sort("pipeline") for each in (again, small)]
        assert_frame_equal(*boards, check_exact=False)


def test_the_best_are_those_that_the_question_finds(folder: Path) -> None:
    with kg.open_store(folder) as store:
        best = experience.load(store).best(CREDIT_G, MEASURE, PROCEDURE, 20)
        asked = ask(store, "best-pipelines", dataset=31, limit=20).to_polars()
        assert best["value"].to_list() == asked["value"].to_list()
        assert set(best["run"][:10]) == set(asked["run"][:10])
        assert best["title"].null_count() == 0


def test_lower_is_better_where_the_measure_says_so(folder: Path) -> None:
    with kg.open_store(folder) as store:
        best = experience.load(store).best(CREDIT_G, "runtime_seconds", PROCEDURE, 5)
        assert best["value"].is_sorted()
        board = experience.load(store).leaderboard("runtime_seconds", PROCEDURE, 5)
        assert board["mean"].is_sorted()


def test_a_leaderboard_is_the_mean_over_datasets(folder: Path) -> None:
    with kg.open_store(folder) as store:
        found = experience.load(store)
        datasets, pipelines, values = found.matrix(MEASURE, PROCEDURE)
        board = found.leaderboard(MEASURE, PROCEDURE, len(pipelines))
        means = dict(zip(pipelines, values.mean(axis=0), strict=True))
        assert board["pipeline"].to_list()[0] == max(means, key=lambda name: means[name])
        assert board["mean"].to_list() == pytest.approx([means[name] for name in board["pipeline"]])
        assert set(board["datasets"]) == {len(datasets)}


def test_an_unknown_measure_is_one_clear_error(folder: Path) -> None:
    with kg.open_store(folder) as store:
        found = experience.load(store)
        for look in (
            lambda: found.best(CREDIT_G, "acuracy", PROCEDURE),
            lambda: found.leaderboard("acuracy", "x"),
        ):
            with pytest.raises(QueryError, match="'acuracy' is unknown"):
                look()
        assert found.leaderboard(MEASURE, "12-fold-cv").is_empty()


@pytest.fixture
def bulk(tmp_path: Path, batches: list[kg.Batch]) -> Path:
    """A store with OBOE's part as a bulk source, appended in two batches of its own datasets."""
    oboe = batches[0]
    datasets = oboe.datasets["dataset"].to_list()
    about = dataclasses.replace(oboe.manifest, bulk=True)
    path = tmp_path / "bulk"
    with kg.open_store(path, create=True) as store:
        for number, some in enumerate((datasets[:8], datasets[8:])):
            chosen = pl.col("dataset").is_in(some)
            runs = oboe.runs.filter(chosen)
            part = kg.Batch(
                about,
                datasets=oboe.datasets.filter(chosen),
                tasks=oboe.tasks.filter(chosen),
                pipelines=oboe.pipelines if number == 0 else None,
                runs=runs,
                evaluations=oboe.evaluations.join(runs, on="run", how="semi"),
            )
            store.append(part, unfinished=number == 0)
    return path


def test_columns_kept_while_appending_are_those_of_the_graph(
    bulk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = list((bulk / "experience" / "appended").glob("*/*.parquet"))
    assert len(kept) == 2
    with kg.open_store(bulk) as store:
        found = experience.load(store)
        shutil.rmtree(bulk / "experience")
        assert experience.load(store).runs.sort("run", "measure").equals(found.runs.sort("run", "measure"))
        shutil.rmtree(bulk / "experience")
        monkeypatch.setattr(kg.projection, "_CHUNK_RUNS", 1_000)
        assert experience.load(store).runs.sort("run", "measure").equals(found.runs.sort("run", "measure"))
        assert found.runs.height == 2 * 20 * 219


def test_columns_of_what_went_are_cleared_away(bulk: Path) -> None:
    with kg.open_store(bulk) as store:
        (info,) = store.graphs()
        store.remove(info.iri)
        assert experience.load(store).runs.is_empty()
    assert not list((bulk / "experience" / "appended").glob("*"))
