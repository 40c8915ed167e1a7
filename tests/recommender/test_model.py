"""The recommender on OBOE's real runs: what it promises, what it saves, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.oboe_data import Experiments, load
from embeddings.performance import PerformanceModel
from kg.errors import ModelError
from recommender.features import dense_columns
from recommender.model import RecommenderModel

TEST = np.arange(0, 418, 10)
TRAIN = np.setdiff1d(np.arange(418), TEST)[::2]
COLUMNS = np.arange(0, 219, 4)


@pytest.fixture(scope="module")
def oboe() -> Experiments:
    return load("shipped", Path())


def fit(oboe: Experiments, values: np.ndarray | None = None, **options: object) -> RecommenderModel:
    chosen = oboe.values[np.ix_(TRAIN, COLUMNS)] if values is None else values
    return RecommenderModel.fit(
        oboe.features[TRAIN],
        oboe.feature_names,
        [oboe.datasets[i] for i in TRAIN],
        chosen,
        [oboe.pipelines[j] for j in COLUMNS],
        oboe.runtimes[np.ix_(TRAIN, COLUMNS)],
        trees=60,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def model(oboe: Experiments) -> RecommenderModel:
    return fit(oboe)


@pytest.fixture(scope="module")
def saved(model: RecommenderModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recommender")
    model.save(folder)
    return folder


def test_predicts_unseen_datasets(oboe: Experiments, model: RecommenderModel) -> None:
    truth = oboe.values[np.ix_(TEST, COLUMNS)]
    predictions = [model.predict(oboe.features[i]) for i in TEST]
    mean, low, high, runtime = (
        np.stack([getattr(p, name) for p in predictions]) for name in ("mean", "low", "high", "runtime")
    )
    constant = oboe.values[np.ix_(TRAIN, COLUMNS)].mean(axis=0)
    assert np.square(truth - mean).mean() < 0.25 * np.square(truth - constant).mean()
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert low.min() >= 0
    assert high.max() <= 1
    assert 0.8 < ((low <= truth) & (truth <= high)).mean() < 0.97
    seconds = np.log(oboe.runtimes[np.ix_(TEST, COLUMNS)])
    assert np.corrcoef(np.log(runtime).ravel(), seconds.ravel())[0, 1] > 0.9


def test_portfolio_beats_the_best_average_pipelines(oboe: Experiments, model: RecommenderModel) -> None:
    truth = oboe.values[np.ix_(TEST, COLUMNS)]
    usual = np.argsort(-oboe.values[np.ix_(TRAIN, COLUMNS)].mean(axis=0))[:5]
    chosen = [[choice.position for choice in model.portfolio(oboe.features[i], 5)] for i in TEST]
    assert all(len(set(five)) == 5 for five in chosen)
    reached = np.take_along_axis(truth, np.array(chosen), axis=1).max(axis=1)
    assert (truth.max(axis=1) - reached).mean() < 0.8 * (
        truth.max(axis=1) - truth[:, usual].max(axis=1)
    ).mean()


def test_portfolio_keeps_to_its_budget(oboe: Experiments, model: RecommenderModel) -> None:
    runtimes = model.predict(oboe.features[TEST[1]]).runtime
    budget = float(np.sort(runtimes)[:3].sum())
    chosen = model.portfolio(oboe.features[TEST[1]], 10, budget_seconds=budget)
    assert len(chosen) >= 1
    assert sum(choice.runtime for choice in chosen) <= budget


def test_neighbours_behave_alike_and_say_why(oboe: Experiments, model: RecommenderModel) -> None:
    from scipy.stats import spearmanr

    found, all_pairs = [], []
    for i in TEST:
        neighbours = model.neighbours(oboe.features[i], 5)
        similarities = [neighbour.similarity for neighbour in neighbours]
        assert similarities == sorted(similarities, reverse=True)
        assert all(0 <= value <= 1 for value in similarities)
        for group, rows in (
            (found, [oboe.datasets.index(neighbour.dataset) for neighbour in neighbours]),
            (all_pairs, TRAIN[::20]),
        ):
            group.extend(spearmanr(oboe.values[i, COLUMNS], oboe.values[j, COLUMNS]).statistic for j in rows)
    assert np.mean(found) > np.mean(all_pairs) + 0.1
    near = model.neighbours(oboe.features[TRAIN[0]], 1)[0]
    assert any(agreement.feature.startswith("landmark:") for agreement in near.agreeing)


def test_weights_are_shares_of_the_training_datasets(oboe: Experiments, model: RecommenderModel) -> None:
    weights = model.weights(oboe.features[TEST[0]])
    assert weights.shape == TRAIN.shape
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)


def test_loads_without_the_libraries_it_was_trained_with(
    saved: Path, oboe: Experiments, model: RecommenderModel
) -> None:
    row = [None if np.isnan(value) else value for value in oboe.features[TEST[0]]]
    script = (
        "import json, sys, numpy as np\n"
        "from recommender.model import RecommenderModel\n"
        "model = RecommenderModel.load(sys.argv[1])\n"
        "row = np.array(json.loads(sys.argv[2]), dtype=float)\n"
        "mean = model.predict(row).mean.tolist()\n"
        "picks = [choice.position for choice in model.portfolio(row, 5)]\n"
        "heavy = [m for m in ('torch', 'pykeen', 'sklearn', 'pandas', 'scipy') if m in sys.modules]\n"
        "print(json.dumps([mean, picks, heavy]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(saved), json.dumps(row)],
        capture_output=True,
        text=True,
        check=True,
    )
    mean, picks, heavy = json.loads(done.stdout)
    np.testing.assert_allclose(mean, model.predict(oboe.features[TEST[0]]).mean, atol=1e-12)
    assert picks == [choice.position for choice in model.portfolio(oboe.features[TEST[0]], 5)]
    assert heavy == []


@pytest.mark.parametrize("name", ["recommender.safetensors", "recommender.json"])
@pytest.mark.parametrize("how", ["missing", "cut", "changed"])
def test_refuses_damaged_files(saved: Path, tmp_path: Path, name: str, how: str) -> None:
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    content = (tmp_path / name).read_bytes()
    if how == "missing":
        (tmp_path / name).unlink()
    elif how == "cut":
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    else:
        (tmp_path / name).write_bytes(content.replace(b"1", b"2"))
    with pytest.raises(ModelError, match="metakg embed"):
        RecommenderModel.load(tmp_path)


def test_learns_from_few_cells(oboe: Experiments) -> None:
    values = oboe.values[np.ix_(TRAIN, COLUMNS)].copy()
    values[np.random.default_rng(0).random(values.shape) < 0.8] = np.nan
    values[np.isnan(values).all(axis=1), 0] = 0.5
    sparse = fit(oboe, values)
    truth = oboe.values[np.ix_(TEST, COLUMNS)]
    mean = np.stack([sparse.predict(oboe.features[i]).mean for i in TEST])
    assert np.square(truth - mean).mean() < 0.4 * np.square(truth - np.nanmean(values, axis=0)).mean()


def test_same_seed_same_model(oboe: Experiments, model: RecommenderModel) -> None:
    again, other = fit(oboe), fit(oboe, seed=1)
    row = oboe.features[TEST[3]]
    np.testing.assert_array_equal(again.predict(row).mean, model.predict(row).mean)
    assert (other.predict(row).mean != model.predict(row).mean).any()


def test_embedding_is_used_and_saved(oboe: Experiments, model: RecommenderModel, tmp_path: Path) -> None:
    dense = dense_columns(oboe.features[TRAIN])
    pipelines = [oboe.pipelines[j] for j in COLUMNS]
    embedding = PerformanceModel.fit(
        oboe.features[np.ix_(TRAIN, dense)],
        oboe.values[np.ix_(TRAIN, COLUMNS)],
        pipelines,
        feature_names=[oboe.feature_names[j] for j in dense],
        epochs=8,
        members=1,
    )
    with_it = fit(oboe, embedding=embedding)
    with_it.save(tmp_path)
    row = oboe.features[TEST[0]]
    assert (with_it.predict(row).mean != model.predict(row).mean).any()
    again = RecommenderModel.load(tmp_path)
    np.testing.assert_allclose(again.predict(row).mean, with_it.predict(row).mean, atol=1e-12)
    with pytest.raises(ModelError, match="other pipelines"):
        RecommenderModel.fit(
            oboe.features,
            oboe.feature_names,
            oboe.datasets,
            oboe.values,
            oboe.pipelines,
            embedding=embedding,
        )


def test_refuses_what_does_not_fit(oboe: Experiments, model: RecommenderModel) -> None:
    with pytest.raises(ModelError, match="features of one dataset"):
        model.predict(oboe.features[0][:-1])
    with pytest.raises(ModelError, match="at least 10 datasets"):
        RecommenderModel.fit(
            oboe.features[:3], oboe.feature_names, oboe.datasets[:3], oboe.values[:3], oboe.pipelines
        )
    with pytest.raises(ModelError, match="the scores have shape"):
        RecommenderModel.fit(
            oboe.features[:20], oboe.feature_names, oboe.datasets[:20], oboe.values[:20, 1:], oboe.pipelines
        )
