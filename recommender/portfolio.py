"""Pipelines chosen together: each next one is what most raises the expected best of those already chosen.

What may happen on the dataset is a set of weighted scenarios, each a whole row of scores, so pipelines that
fail together are not chosen together. The greedy choice is within 1 - 1/e of the best set (Nemhauser et al.
1978); with a time budget, the better of the greedy choices by gain and by gain per second is taken (Leskovec
et al. 2007).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: how much of the predicted scenarios' weight, beside what really happened on similar datasets
PREDICTED_SHARE = 0.4
#: residuals are shrunk by this: part of them is the measurement's noise, which real rows already carry
RESIDUAL_SHARE = 0.6
#: below any regret: a scenario's state before the first choice
_NOTHING = -10.0


def relative_to_best(scores: Floats) -> Floats:
    """Each row's scores minus its best: negative regrets."""
    return scores - scores.max(axis=1, keepdims=True)


def scenarios(
    values: Floats, residuals: Floats, levels: Floats, mean: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Negative regrets (2 n, p) that may happen on a dataset, and their weights (2 n,).

    Half are the training datasets' own scores; half are the predicted scores plus each training dataset's
    residuals, brought to the dataset's predicted difficulty.

    Parameters
    ----------
    values : (n, p) scores of the training datasets
    residuals : (n, p) their residuals from predictions that had not seen them
    levels : (n,) logarithm of the typical residual of each
    mean : (p,) predicted scores
    weights : (n,) of the training datasets for this dataset
    """
    scale = np.exp(float(weights @ levels) - levels)[:, None]
    predicted = mean + RESIDUAL_SHARE * scale * residuals
    rows = np.vstack([relative_to_best(values), relative_to_best(predicted)])
    return rows, np.concatenate([(1 - PREDICTED_SHARE) * weights, PREDICTED_SHARE * weights])


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
