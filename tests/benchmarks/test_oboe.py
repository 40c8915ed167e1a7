"""What protocol O and D report, checked on answers that are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.oboe import Report, _scores, as_text, parse_seeds
from benchmarks.oboe_data import Experiments, load
from benchmarks.oboe_methods import BASELINES, Outcome
from benchmarks.similarity import judge
from kg.errors import TableError


@pytest.fixture(scope="module")
def oboe() -> Experiments:
    return load("shipped", Path())


def test_reads_every_run_of_the_packaged_source(oboe: Experiments) -> None:
    assert oboe.values.shape == oboe.runtimes.shape == (418, 219)
    assert not np.isnan(oboe.values).any()
    assert ((oboe.values >= 0) & (oboe.values <= 1)).all()
    for name, column in zip(oboe.feature_names[-len(oboe.landmarks) :], oboe.landmarks, strict=True):
        assert name == f"landmark:{oboe.pipelines[column].key}"


def test_knowing_all_is_perfect_and_landmarks_do_not_count(oboe: Experiments) -> None:
    test = np.arange(30)
    picks = np.argsort(-oboe.values[test], axis=1)[:, :10]
    scores = _scores(oboe, [(test, Outcome(oboe.values[test], picks))])
    assert scores == {"regret@1": 0, "regret@5": 0, "regret@10": 0, "MSE": 0, "R2": 1}
    wrong = oboe.values[test].copy()
    wrong[:, oboe.landmarks] = 0
    assert _scores(oboe, [(test, Outcome(wrong, picks))])["MSE"] == 0
    assert _scores(replace(oboe, landmarks=()), [(test, Outcome(wrong, picks))])["MSE"] > 0


def test_regret_is_the_best_less_the_best_among_the_first_picks(oboe: Experiments) -> None:
    test = np.array([7])
    order = np.argsort(-oboe.values[7])
    picks = order[[50, 40, 30, 3, 20, 19, 18, 17, 16, 15]][None]
    scores = _scores(oboe, [(test, Outcome(None, picks))])
    best = oboe.values[7, order]
    assert scores == {
        k: pytest.approx(best[0] - best[r]) for k, r in (("regret@1", 50), ("regret@5", 3), ("regret@10", 3))
    }


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_baselines_do_not_see_the_held_out_scores(oboe: Experiments, name: str) -> None:
    if name.startswith("ExtraTrees"):
        train = np.arange(40)
    else:
        train = np.arange(200)
    test = np.arange(400, 404)
    hidden = oboe.values.copy()
    hidden[test] = np.nan
    told, blind = (
        BASELINES[name](oboe, train, test),
        BASELINES[name](replace(oboe, values=hidden), train, test),
    )
    np.testing.assert_array_equal(told.picks, blind.picks)


def test_a_missing_table_of_features_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.csv.*--metafeatures"):
        load("pmf", tmp_path / "none.csv")


def test_seeds() -> None:
    assert parse_seeds("100-102,7") == [100, 101, 102, 7]


def test_the_report_shows_paired_differences() -> None:
    seeds = {
        s: {"ours": {"R2": 0.9, "regret@1": 0.02 + s / 1e3}, "other": {"R2": 0.8, "regret@1": 0.03 + s / 1e3}}
        for s in (1, 2, 3)
    }
    text = as_text(Report({"datasets": 4, "pipelines": 5, "features": "pmf"}, seeds))
    assert "0.900 ± 0.000" in text
    assert "R2 -0.10000 ± 0.00000 [-0.10000, -0.10000]  regret@1 +0.01000" in text


def test_true_neighbours_have_the_best_ndcg() -> None:
    truth = np.random.default_rng(0).random((5, 30))
    assert judge(truth, truth) == {"NDCG@5": 1, "NDCG@10": 1, "Hit@1": 1, "first in 5": 1}
    assert judge(-truth, truth)["NDCG@10"] < 0.3
