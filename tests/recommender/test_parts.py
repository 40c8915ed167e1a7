"""Gaussian processes, completion, intervals and portfolios, each against what defines it."""

from statistics import NormalDist

import numpy as np
import pytest

from recommender.completion import complete
from recommender.features import FeatureSpace, dense_columns, normal_quantile
from recommender.gaussian import KERNELS, GaussianProcess, decompose, kernels
from recommender.intervals import Intervals
from recommender.portfolio import choose, relative_to_best
from recommender.similarity import ranks


def test_normal_quantile_agrees_with_the_standard_library() -> None:
    probabilities = np.linspace(0.001, 0.999, 97)
    expected = [NormalDist().inv_cdf(p) for p in probabilities]
    np.testing.assert_allclose(normal_quantile(probabilities), expected, rtol=1e-7, atol=1e-9)


def test_a_feature_that_most_datasets_lack_does_not_move_a_dataset() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((40, 3))
    features[:30, 1] = np.nan
    space = FeatureSpace.fit(features, ["a", "rare", "Landmark1NN"])
    assert dense_columns(features) == space.used == [0, 2]
    with_it, without = features[35].copy(), features[35].copy()
    without[1] = np.nan
    for view in (space.inputs, space.normal, lambda row: np.hstack(space.blocks(row))):
        np.testing.assert_array_equal(view(with_it), view(without))


def test_left_out_predictions_are_those_of_a_fit_without_the_row() -> None:
    rng = np.random.default_rng(1)
    blocks = (rng.standard_normal((30, 3)), rng.standard_normal((30, 4)))
    targets = np.outer(np.sin(blocks[0][:, 0]) + blocks[1][:, 1], [1.0, 0.5])
    grid = kernels(blocks, blocks)
    process = GaussianProcess.fit(decompose(grid), targets, components=1)
    kernel = grid[process.choice[0]]
    scores = (targets - process.centre) @ process.rotation.T
    # the noise is what makes the dual coefficients solve their own equations
    noise = np.median((scores - kernel @ process.alpha) / process.alpha)
    for i in (0, 11, 29):
        rest = np.arange(30) != i
        solved = np.linalg.solve(kernel[np.ix_(rest, rest)] + noise * np.eye(29), scores[rest])
        np.testing.assert_allclose(process.left_out[i], kernel[i, rest] @ solved, rtol=1e-6, atol=1e-9)
    assert process.choice[0] in range(len(KERNELS))


def test_completion_keeps_what_was_measured_and_predicts_the_rest() -> None:
    rng = np.random.default_rng(2)
    truth = 0.7 + 0.1 * rng.standard_normal((60, 2)) @ rng.standard_normal((2, 25))
    values = np.where(rng.random(truth.shape) < 0.4, np.nan, truth)
    filled = complete(values, np.eye(25))
    known = ~np.isnan(values)
    np.testing.assert_array_equal(filled[known], values[known])
    columns = np.broadcast_to(np.nanmean(values, axis=0), truth.shape)
    assert np.square(filled - truth)[~known].mean() < 0.1 * np.square(columns - truth)[~known].mean()


def test_intervals_cover_new_datasets_of_unequal_difficulty() -> None:
    rng = np.random.default_rng(3)
    level = np.repeat([0.05, 0.2], 200)
    residuals = rng.standard_normal((400, 30)) * level[:, None]
    alike = level[:, None] == level[None]
    weights = np.where(np.eye(400, dtype=bool), 0, alike) / 199.0
    intervals = Intervals.fit(residuals, weights)
    half = intervals.half_widths(weights[[0, -1]])
    fresh = rng.standard_normal((2000, 30))
    for width, scale in zip(half, (0.05, 0.2), strict=True):
        assert (np.abs(fresh * scale) <= width).mean() == pytest.approx(0.9, abs=0.03)


def test_a_portfolio_prefers_what_the_others_lack() -> None:
    scores = np.array([[0.9, 0.89, 0.1], [0.9, 0.89, 0.1], [0.2, 0.2, 0.8]])
    regrets, weights = relative_to_best(scores), np.full(3, 1 / 3)
    assert choose(regrets, weights, 2) == [0, 2]
    assert choose(regrets, weights, 9) == [0, 2, 1]


def test_a_portfolio_keeps_to_its_budget() -> None:
    rng = np.random.default_rng(4)
    regrets, seconds = relative_to_best(rng.random((50, 20))), rng.random(20)
    weights = np.full(50, 0.02)
    chosen = choose(regrets, weights, 20, seconds=seconds, budget_seconds=1.5)
    assert 0 < seconds[chosen].sum() <= 1.5
    assert choose(regrets, weights, 5, seconds=seconds, budget_seconds=0.0) == []


def test_ranks_multiply_to_spearman_correlations() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    rows = rng.integers(0, 6, (2, 40)).astype(float)
    assert (ranks(rows) @ ranks(rows).T)[0, 1] == pytest.approx(spearmanr(rows[0], rows[1]).statistic)
