"""Landmarks: the graph's own protocol, the graph's own pipelines, within a budget."""

import dataclasses
from time import perf_counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import balanced_accuracy_score

from benchmarks import openml_tables
from embeddings.landmarks import (
    LANDMARKS,
    NAMES,
    compute,
    one_vs_rest_balanced_accuracy,
    values_from_experience,
)
from embeddings.table import prepare
from ingest.oboe import OboeSource
from ingest.sklearn_names import oboe_pipeline
from ingest.tables import DATA
from kg.experience import load
from kg.memory import MemoryStore

# Datasets that are in OBOE and ship with scikit-learn, and how far a value may be off: a fold of iris and wine
# has 30 rows, where one row more or less is .02.
SHARED = {3: 0.02, 61: 0.04, 187: 0.04, 1510: 0.02}


@pytest.fixture(scope="session")
def oboe_scores():
    """OBOE's scores by (OpenML id, landmark name)."""
    results = pl.read_parquet(DATA / "oboe-results.parquet").filter(pl.col("openml_id").is_in(list(SHARED)))
    keys = {text: oboe_pipeline(text).key for text in results["configuration"].unique()}
    return {
        (row["openml_id"], f"landmark:{keys[row['configuration']]}"): 1 - row["error"]
        for row in results.iter_rows(named=True)
    }


@pytest.fixture(scope="session")
def experience():
    """A store of OBOE's runs of the landmark pipelines and two others."""
    (batch,) = OboeSource().batches()
    others = batch.pipelines["pipeline"].sort()[:2].to_list()
    kept = batch.runs.filter(pl.col("pipeline").is_in([*(pipeline.iri for pipeline in LANDMARKS), *others]))
    part = dataclasses.replace(
        batch, runs=kept, evaluations=batch.evaluations.join(kept.select("run"), on="run", how="semi")
    )
    with MemoryStore() as store:
        store.commit(part)
        return load(store)


def made(rows, columns, classes=2, text=0, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, rows)
    data = {f"n{j}": generator.normal(size=rows) + 0.4 * y * (j < 6) for j in range(columns - columns // 4)}
    data |= {f"c{j}": generator.integers(0, 5, rows).astype(str) for j in range(columns // 4)}
    data |= {f"t{j}": [f"word {i}" for i in generator.permutation(rows)] for j in range(text)}
    return prepare(pd.DataFrame({**data, "y": y}), "y")


def test_names_and_keys_are_distinct():
    assert 6 <= len(LANDMARKS) <= 10
    assert len(set(NAMES)) == len(LANDMARKS)
    assert NAMES[0] == f"landmark:{LANDMARKS[0].key}"


def test_landmarks_are_pipelines_of_the_graph(experience):
    datasets, names, values = values_from_experience(experience)
    assert names == list(NAMES)
    assert values.shape == (418, len(NAMES))
    assert len(set(datasets)) == 418
    assert not np.isnan(values).any()
    assert ((values >= 0) & (values <= 1)).all()


@pytest.mark.parametrize("dataset", SHARED)
def test_values_agree_with_oboe(dataset, oboe_scores):
    values = compute(openml_tables.table(dataset), budget_seconds=120).values
    off = {name: values[name] - oboe_scores[dataset, name] for name in NAMES}
    assert max(map(abs, off.values())) < SHARED[dataset], off
    assert np.mean(np.abs(list(off.values()))) < SHARED[dataset] / 2


def test_measure_for_two_classes_is_balanced_accuracy():
    generator = np.random.default_rng(0)
    truth, predicted = generator.integers(0, 2, 200), generator.integers(0, 2, 200)
    expected = balanced_accuracy_score(truth, predicted)
    assert one_vs_rest_balanced_accuracy(truth, predicted) == pytest.approx(expected)


def test_measure_of_a_constant_prediction_is_one_half():
    truth = np.repeat([0, 1, 2, 3], 5)
    assert one_vs_rest_balanced_accuracy(truth, np.zeros(20)) == 0.5


def test_thousand_rows_take_less_than_a_second_and_a_half():
    table = made(1000, 20)
    compute(table, budget_seconds=60)
    start = perf_counter()
    result = compute(table, budget_seconds=60)
    assert perf_counter() - start < 1.5
    assert not np.isnan(list(result.values.values())).any()
    assert not result.notes


@pytest.mark.parametrize(("rows", "columns", "classes", "text"), [(60_000, 40, 3, 0), (1500, 30, 2, 6)])
def test_large_tables_are_sampled_to_the_budget(rows, columns, classes, text):
    table = made(rows, columns, classes, text)
    start = perf_counter()
    result = compute(table, budget_seconds=1.5)
    assert perf_counter() - start < 2.5
    assert any("sample" in note for note in result.notes)
    assert not np.isnan(result.values[NAMES[0]])


def test_same_seed_same_values():
    table = made(300, 8, classes=3)
    first, again = compute(table, budget_seconds=60), compute(table, budget_seconds=60)
    assert first.values == again.values
    assert first.values != compute(table, budget_seconds=60, seed=1).values


def test_missing_values_text_and_rare_classes():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"n": generator.normal(size=80), "c": generator.choice(["a", "b"], 80)})
    frame.loc[::3, "n"] = np.nan
    frame.loc[::4, "c"] = None
    frame["y"] = ["x", "y"] * 39 + ["rare", "x"]
    result = compute(prepare(frame, "y"), budget_seconds=60)
    assert not np.isnan(list(result.values.values())).any()


def test_a_failing_landmark_is_missing_and_said():
    table = made(100, 8)
    broken = table.X.copy()
    broken["n0"] = 1e308 * np.sign(broken["n0"])  # finite, but its variance is not
    result = compute(dataclasses.replace(table, X=broken), budget_seconds=60)
    missing = [name for name, value in result.values.items() if np.isnan(value)]
    assert len([note for note in result.notes if "it failed" in note]) == len(missing) > 0


def test_spent_budget_is_said():
    result = compute(made(300, 8), budget_seconds=1e-9)
    assert np.isnan(list(result.values.values())).all()
    assert len([note for note in result.notes if "is missing" in note]) == len(LANDMARKS)


def test_regression_is_refused():
    with pytest.raises(ValueError, match="landmarks are classifiers"):
        compute(openml_tables.table(561))
