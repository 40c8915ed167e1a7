"""Tunes the plan that the baseline keeps and that the method begins with: ``python -m methods.moh.tuning TASK``.

Random search over plans by successive halving: each plan is followed by genetic programming with the usual budget on
development seeds from 100 upward, judged on their own test instances, which no reported seed has. Prints one line per
plan and round, the best last.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

from methods.moh.optimization import Search
from methods.moh.plan import Plan
from methods.moh.problem import Problem
from methods.moh.problems import problem_of
from methods.moh.proposing import random_plan

__all__ = ["development_gap", "tuned"]

FIRST_SEED = 100
ROUNDS = {"bin-packing": ((20, 2), (7, 3), (3, 5))}
FEW_ROUNDS = ((8, 1), (2, 2))
"""Plans and seeds of each round; a plan keeps the results of the earlier ones. One run of the method tries 11 plans."""


def development_gap(problem: Problem, plan: Plan, seed: int) -> float:
    """Mean gap in percent, over test sizes, of what the plan evolves with a development seed."""
    best = Search(problem, seed, plan, problem.evaluations, proposals=0).run().best
    gaps = []
    for size in problem.test_sizes:
        instances = problem.instances("test", size, seed)
        gaps.append(sum(problem.gaps(best.expression, instances)) / len(instances))
    return sum(gaps) / len(gaps)


def tuned(problem: Problem) -> Iterator[tuple[float, int, Plan]]:
    """Mean gap, number of seeds and plan of everything that is tried; the plan by default is among the first."""
    chance = random.Random(f"tuning {problem.name}")
    rounds = ROUNDS.get(problem.name, FEW_ROUNDS)
    plans = [Plan(), *(random_plan(chance) for _ in range(rounds[0][0] - 1))]
    gaps: dict[Plan, list[float]] = {plan: [] for plan in plans}
    seed = FIRST_SEED
    for count, seeds in rounds:
        plans = sorted(plans, key=lambda plan: sum(gaps[plan]))[:count]
        for plan in plans:
            gaps[plan] += [development_gap(problem, plan, seed + number) for number in range(seeds)]
            yield sum(gaps[plan]) / len(gaps[plan]), len(gaps[plan]), plan
        seed += seeds
    best = min(plans, key=lambda plan: sum(gaps[plan]))
    yield sum(gaps[best]) / len(gaps[best]), len(gaps[best]), best


def main() -> None:
    """Tune the plan of the task that is named on the command line."""
    for gap, seeds, plan in tuned(problem_of(sys.argv[1])):
        sys.stdout.write(f"{gap:.3f} {seeds} {plan.to_json()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
