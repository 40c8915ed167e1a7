"""The plan of each task that genetic programming follows throughout, and that the first meta-optimizer has.

Each is what ``python -m methods.moh.tuning TASK`` printed last. A seed of the tuning spends what an arm may spend on
development seeds; the same plan is given to the baseline and to the method, so that the outer loop is all that differs.
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
    "tsp": Plan(),
    "tsp-constructive": Plan(),
    "cvrp": Plan(),
}
