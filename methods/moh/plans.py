"""The plan of each task that genetic programming follows throughout, and that the first meta-optimizer has.

Each is what ``python -m methods.moh.tuning TASK`` printed last, on development seeds from 100 upward; that of bin
packing with 24,000 evaluations, before the budget of all arms was raised to 36,000. The same plan is given to the
baseline and to the method, so that the outer loop is all that differs.
"""

from __future__ import annotations

from methods.moh.plan import Plan

__all__ = ["TUNED"]

TUNED = {
    "bin-packing": Plan(
        selection="rank",
        rank_offset=17,
        tournament=2,
        crossover=0.0,
        subtree=0.7,
        point=0.5,
        constant=0.14,
        hoist=0.11,
        population=30,
        mutation_depth=3,
        size_limit=39,
        constant_step=2.0,
        temperature=1.4,
    ),
    "tsp": Plan(
        selection="uniform",
        crossover=0.85,
        subtree=0.6,
        point=0.52,
        constant=0.0,
        population=27,
        initial_depth=4,
        mutation_depth=1,
        size_limit=18,
        constant_step=0.018,
        temperature=0.15,
        restart_after=473,
    ),
    "tsp-constructive": Plan(
        rank_offset=11,
        tournament=4,
        crossover=0.85,
        subtree=0.0,
        point=0.0,
        constant=0.32,
        hoist=0.96,
        fresh=0.76,
        population=17,
        initial_depth=4,
        mutation_depth=1,
        size_limit=26,
        constant_step=0.21,
        parsimony=0.00044,
        screening=1,
    ),
    "cvrp": Plan(
        selection="uniform",
        rank_offset=18,
        tournament=5,
        crossover=0.99,
        subtree=0.47,
        point=0.19,
        constant=0.0,
        hoist=0.81,
        population=15,
        initial_depth=2,
        mutation_depth=4,
        size_limit=25,
        constant_step=1.3,
        screening=2,
    ),
}
