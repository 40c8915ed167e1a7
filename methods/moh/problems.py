"""Problems by the name of their task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from methods.moh.bin_packing import BinPacking
from methods.moh.constructive import Construction
from methods.moh.guided import GuidedSearch
from methods.moh.problem import Problem
from methods.moh.routing import Routing, fixed_routes
from methods.moh.travelling import fixed_tours

__all__ = ["fixed_instances", "problem_of"]

PROBLEMS = {problem.name: problem for problem in (BinPacking, GuidedSearch, Construction, Routing)}


@lru_cache(maxsize=8)
def problem_of(task: str) -> Problem:
    """The problem of a task."""
    return PROBLEMS[task]()


def fixed_instances() -> Iterator[tuple[str, Callable[[], float]]]:
    """Keys of the instances whose reference costs are stored, with what solves them."""
    yield from fixed_tours(Construction.training_sizes, dict(Construction.test_count))
    yield from fixed_routes()
