"""Pipelines chosen together: each next one is what most raises the expected best of those already chosen.

What may happen on the dataset is a set of weighted scenarios, each a whole row of regrets, so pipelines that
fail together are not chosen together. The greedy choice is within 1 - 1/e of the best set (Nemhauser et al.
1978); with a time budget, the better of the greedy choices by gain and by gain per second is taken (Leskovec
et al. 2007).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: offsets of the logarithm of regret, (3,): near the best, differences of a thousandth matter; far from it, none do
OFFSETS = (0.005, 0.01, 0.02)
#: residuals are shrunk by this: part of them is what one more training dataset would have explained
RESIDUAL_SHARE = 0.8
#: below any regret: a scenario's state before the first choice
_NOTHING = -10.0


def relative_to_best(scores: Floats) -> Floats:
    """Each row's scores minus its best: negative regrets."""
    return scores - scores.max(axis=1, keepdims=True)


def nearness(scores: Floats) -> Floats:
    """Minus the logarithm of each row's regrets plus each of :data:`OFFSETS`: (n, p) to (3, n, p)."""
    regrets = -relative_to_best(scores)
    return np.stack([-np.log(offset + regrets) for offset in OFFSETS])


def scenarios(expected: Floats, residuals: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Negative regrets (3 n, p) that may happen on a dataset, and their weights (3 n,).

    Each is the expected nearness to the best plus what one training dataset's true nearness differed from its own
    expectation, for one of the offsets.

    Parameters
    ----------
    expected : (3, p) nearness predicted for the dataset
    residuals : (3, n, p) of the training datasets' nearness, from predictions that had not seen them
    weights : (n,) of the training datasets for this dataset
    """
    regrets = np.exp(-(expected[:, None] + RESIDUAL_SHARE * residuals))
    rows = relative_to_best(-regrets.reshape(-1, expected.shape[1]))
    return rows, np.tile(weights / len(OFFSETS), len(OFFSETS))


def choose(
    rows: Floats,
    weights: Floats,
    k: int,
    *,
    seconds: Floats | None = None,
    budget_seconds: float | None = None,
) -> list[int]:
    """Positions of at most `k` columns of `rows` in order of choice.

    Parameters
    ----------
    rows, weights : scenarios (s, p) and their weights (s,)
    seconds : (p,) expected runtimes; needed for a budget
    budget_seconds : the chosen pipelines' expected runtimes sum to at most this; none may be affordable
    """
    if budget_seconds is None:
        return _greedy(rows, weights, k, np.zeros(rows.shape[1]), np.inf, per_second=False)
    if seconds is None:
        raise ValueError("a time budget needs the expected runtimes")
    found = [_greedy(rows, weights, k, seconds, budget_seconds, per_second=flag) for flag in (False, True)]
    return max(found, key=lambda chosen: _expected_best(rows, weights, chosen))


def _expected_best(rows: Floats, weights: Floats, chosen: list[int]) -> float:
    return float(weights @ rows[:, chosen].max(axis=1)) if chosen else _NOTHING


def _greedy(
    rows: Floats, weights: Floats, k: int, seconds: Floats, budget: float, *, per_second: bool
) -> list[int]:
    best = np.full(len(rows), _NOTHING)
    chosen: list[int] = []
    allowed = np.ones(rows.shape[1], dtype=bool)
    while len(chosen) < k:
        allowed &= seconds <= budget
        if not allowed.any():
            break
        gain = weights @ np.maximum(best[:, None], rows) - weights @ best
        if per_second:
            gain = gain / np.maximum(seconds, 1e-3)
        pick = int(np.where(allowed, gain, -np.inf).argmax())
        chosen.append(pick)
        allowed[pick] = False
        budget -= seconds[pick]
        best = np.maximum(best, rows[:, pick])
    return chosen
