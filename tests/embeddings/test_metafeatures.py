"""Meta-features against OpenML's published qualities, and within their budget."""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import polars as pl
import pytest

from benchmarks import openml_tables
from embeddings.metafeatures import GROUPS, NAMES, compute
from embeddings.metafeatures.statistical import moments
from embeddings.sampling import subsample
from embeddings.table import prepare
from ingest.tables import DATA

KGMETASP = Path(__file__).parents[2] / "../shared/data/kgmetasp/metafeatures.csv"

# Where OpenML's value rests on what its ARFF header declares and the rows do not show.
DECLARED_ONLY = {3: {"NumberOfBinaryFeatures", "PercentageOfBinaryFeatures"}}

EXACT = [*GROUPS["simple"], *GROUPS["statistical"], *GROUPS["information-theoretic"]]


def mixed(rows, columns, classes=2, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, rows)
    data = {}
    for j in range(columns):
        if j % 4 == 3:
            data[f"c{j}"] = generator.integers(0, 6, rows).astype(str)
        else:
            values = generator.normal(size=rows) + 0.5 * y * (j < 6)
            data[f"n{j}"] = np.where(generator.random(rows) < 0.05, np.nan, values)
    return pd.DataFrame({**data, "y": y})


@pytest.mark.parametrize("dataset", openml_tables.WHOLE)
def test_openml_qualities_are_met(dataset):
    table = openml_tables.table(dataset)
    published = openml_tables.qualities(dataset)
    values = compute(table, groups=["simple", "statistical", "information-theoretic"]).values
    compared = [name for name in EXACT if name in published and name not in DECLARED_ONLY.get(dataset, set())]
    assert len(compared) >= (19 if dataset == 42585 else 47)
    wrong = {
        name: (values[name], published[name])
        for name in compared
        if not np.isclose(values[name], published[name], rtol=1e-9, atol=1e-9, equal_nan=True)
    }
    assert not wrong


def test_declared_categories_are_the_only_exception():
    values, published = compute(openml_tables.table(3)).values, openml_tables.qualities(3)
    assert values["NumberOfBinaryFeatures"] == published["NumberOfBinaryFeatures"] + 1


@pytest.mark.parametrize("dataset", [61, 187])
def test_kgmetasp_qualities_are_met(dataset):
    if not KGMETASP.exists():
        pytest.skip("../shared/data/kgmetasp is not there")
    published = pd.read_csv(KGMETASP, index_col=0).loc[dataset].to_dict()
    values = compute(openml_tables.table(dataset)).values
    compared = [name for name in EXACT if name in published]
    assert len(compared) == 62
    # That file has 0 where OpenML has no value.
    wrong = {
        name: (values[name], published[name])
        for name in compared
        if not np.isclose(np.nan_to_num(values[name]), published[name], rtol=1e-9, atol=1e-9)
    }
    assert not wrong


def test_lcdb_qualities_are_met():
    rows = pl.read_parquet(DATA / "lcdb-datasets.parquet").filter(pl.col("openmlid") == 3).to_dicts()
    published = rows[0]
    values = compute(openml_tables.table(3)).values
    compared = [name for name in EXACT if published.get(name) is not None and name not in DECLARED_ONLY[3]]
    assert len(compared) > 30
    for name in compared:
        # One category is declared and never used, which widens OpenML's one-hot encoding by one.
        expected = published[name] - (name == "NumberOfFeaturesAfterBinarization")
        assert values[name] == pytest.approx(expected, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("dataset", [3, 61])
def test_landmarkers_are_near_wekas(dataset):
    values = compute(openml_tables.table(dataset), groups=["landmarkers"], budget_seconds=60).values
    published = openml_tables.qualities(dataset)
    for name in GROUPS["landmarkers"]:
        tolerance = 0.05 if name.endswith("Kappa") else 0.03
        assert values[name] == pytest.approx(published[name], abs=tolerance), name


def test_moments_agree_with_pandas():
    X = np.random.default_rng(0).normal(size=(60, 4)) ** 3
    X[::7, 1] = np.nan
    frame = pd.DataFrame(X)
    expected = [frame.mean(), frame.std(), frame.skew(), frame.kurt()]
    np.testing.assert_allclose(moments(X), np.array(expected), rtol=1e-10)


def test_moments_of_short_and_flat_columns():
    X = np.array([[1.0, 5.0], [2.0, 5.0], [np.nan, 5.0], [np.nan, 5.0], [np.nan, 5.0]])
    mean, deviation, skewness, kurtosis = moments(X)
    assert mean.tolist() == [1.5, 5.0]
    assert deviation[1] == 0
    assert np.isnan(skewness[0])
    assert skewness[1] == 0
    assert np.isnan(kurtosis).all()


def test_missing_stays_missing():
    values = compute(openml_tables.table(61), groups=["information-theoretic"]).values
    assert values["ClassEntropy"] == pytest.approx(np.log2(3))
    assert np.isnan(values["MeanMutualInformation"])
    regression = compute(openml_tables.table(561)).values
    assert np.isnan([regression[name] for name in GROUPS["landmarkers"]]).all()
    assert regression["NumberOfClasses"] == 0


def test_same_seed_same_values():
    table = prepare(mixed(5000, 12, classes=4), "y")
    first, again, other = (compute(table, seed=seed, budget_seconds=1).values for seed in (3, 3, 4))
    np.testing.assert_array_equal(list(first.values()), list(again.values()))
    assert first["kNN1NErrRate"] != other["kNN1NErrRate"]


def test_frame_and_table_give_the_same():
    frame = mixed(200, 8)
    from_frame = compute(frame, "y", groups=["simple"]).values
    assert from_frame == compute(prepare(frame, "y"), groups=["simple"]).values
    assert list(from_frame) == list(GROUPS["simple"])


def test_thousand_rows_take_less_than_two_seconds():
    table = prepare(mixed(1000, 20), "y")
    compute(table)
    start = perf_counter()
    result = compute(table)
    assert perf_counter() - start < 2
    assert list(result.values) == list(NAMES)
    assert not np.isnan(list(result.values.values())).any()
    assert not result.notes
    assert set(result.seconds) == set(GROUPS)


def test_large_table_keeps_to_the_budget():
    table = prepare(mixed(100_000, 50, classes=3), "y")
    start = perf_counter()
    result = compute(table, budget_seconds=3)
    assert perf_counter() - start < 3.6
    assert any("sample" in note for note in result.notes)
    assert result.values["NumberOfInstances"] == 100_000


def test_spent_budget_is_said():
    result = compute(prepare(mixed(400, 6), "y"), budget_seconds=1e-9)
    assert np.isnan(result.values["NaiveBayesAUC"])
    assert result.values["NumberOfInstances"] == 400
    assert any(note.startswith("landmarkers meta-features are missing") for note in result.notes)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"target": None}, "give the target"),
        ({"groups": ["simple", "simpler"]}, "unknown group 'simpler'; known: simple, statistical"),
        ({"budget_seconds": 0}, "budget_seconds is 0"),
    ],
)
def test_wrong_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        compute(mixed(50, 3), **{"target": "y", **arguments})


def test_subsample_keeps_classes_and_order():
    frame = mixed(3000, 8)
    frame["y"] = np.where(np.arange(3000) < 12, "rare", np.where(frame["y"] == 0, "a", "b"))
    frame["row"] = np.arange(3000.0)
    table = prepare(frame, "y")
    part = subsample(table, rows=300, seed=1)
    assert len(part.X) == pytest.approx(300, abs=5)
    assert part.y.value_counts()["rare"] == 5
    assert part.X["row"].is_monotonic_increasing
    assert subsample(table, rows=300, seed=1).X.equals(part.X)
    narrow = subsample(table, rows=10_000, columns=4, seed=1)
    assert sorted([*narrow.numeric, *narrow.categorical]) == sorted(narrow.X.columns)
    assert narrow.X.shape == (3000, 4)
    assert subsample(table, rows=3000, columns=9) is table


def test_import_is_light():
    code = "import sys, embeddings.metafeatures; print({'torch', 'pykeen', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
