"""New plans out of old ones, as the current meta-optimizer says: its plan selects the parents and varies them.

A plan's operators mean for plans what they mean for trees: ``crossover`` takes each field from one of two parents,
``subtree`` draws a group of fields anew, ``point`` one field, ``constant`` shifts every number, ``hoist`` puts a group
back to the default (the simpler plan), ``fresh`` draws a whole plan.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from methods.moh.plan import OPERATORS, RANGES, SELECTIONS, Plan

__all__ = ["Optimizer", "propose", "random_plan"]

GROUPS = (
    ("selection", "rank_offset", "tournament"),
    OPERATORS,
    ("population", "temperature", "restart_after", "screening"),
    ("initial_depth", "mutation_depth", "size_limit", "constant_step", "parsimony"),
)
DEFAULTS = asdict(Plan())
ATTEMPTS = 50


@dataclass(frozen=True)
class Optimizer:
    """A plan that was tried.

    Attributes
    ----------
    number
        Order in which it was tried; names it.
    parents
        Numbers of those that it comes from; the meta-optimizer that proposed it is ``proposer``.
    generation
        Iteration of the outer loop in which it was proposed; 0 for the first.
    utility
        Mean gap in percent over the sizes, weighted by size, of what it evolved in its first iteration.
    rating
        Sum of the logarithms of the ratios of utilities that lead to it: of each meta-optimizer to its predecessor,
        and of this one to the meta-optimizer of its iteration. Utilities fall from iteration to iteration because
        everybody begins with what the last iteration left; ratings of different iterations can be compared.
    """

    plan: Plan
    number: int
    parents: tuple[int, ...] = ()
    proposer: int | None = None
    generation: int = 0
    utility: float = float("inf")
    rating: float = 0.0


def propose(
    meta: Plan, population: Sequence[Optimizer], known: set[str], chance: random.Random
) -> tuple[Plan, tuple[int, ...]]:
    """A plan that is not known yet, and the numbers of its parents.

    Parameters
    ----------
    meta
        Plan of the meta-optimizer.
    population
        In order, the best first.
    known
        Plans that were tried, as JSON.
    """
    for _ in range(ATTEMPTS):
        first = meta.select(population, chance)
        second = meta.select(population, chance)
        operator = meta.operator(chance)
        plan = _varied(operator, first.plan, second.plan, meta, chance)
        if plan.to_json() not in known:
            parents = {"fresh": (), "crossover": (first.number, second.number)}.get(operator, (first.number,))
            return plan, tuple(dict.fromkeys(parents))
    return random_plan(chance), ()


def random_plan(chance: random.Random) -> Plan:
    """A plan whose every field is drawn from its range."""
    return _with_weight({name: _drawn(name, chance) for name in DEFAULTS}, chance)


def _varied(operator: str, first: Plan, second: Plan, meta: Plan, chance: random.Random) -> Plan:
    values = asdict(first)
    if operator == "fresh":
        return random_plan(chance)
    if operator == "crossover":
        other = asdict(second)
        values = {name: chance.choice((value, other[name])) for name, value in values.items()}
    elif operator == "subtree":
        values |= {name: _drawn(name, chance) for name in chance.choice(GROUPS)}
    elif operator == "point":
        name = chance.choice(list(values))
        values[name] = _drawn(name, chance)
    elif operator == "constant":
        values |= {name: _shifted(name, values[name], meta.constant_step, chance) for name in RANGES}
    else:
        values |= {name: DEFAULTS[name] for name in chance.choice(GROUPS)}
    return _with_weight(values, chance)


def _with_weight(values: dict[str, Any], chance: random.Random) -> Plan:
    # Crossover of plans can leave no operator at all.
    if not any(values[operator] for operator in OPERATORS):
        values[chance.choice(OPERATORS)] = 1.0
    return Plan(**values)


def _drawn(name: str, chance: random.Random) -> Any:
    # Half of what can be switched off is off; numbers over decades are drawn by decade.
    if name == "selection":
        return chance.choice(SELECTIONS)
    low, high = RANGES[name]
    if name in OPERATORS:
        return round(chance.random(), 2) if chance.random() < 0.7 else 0.0
    if name in ("parsimony", "temperature", "restart_after", "screening") and chance.random() < 0.5:
        return type(DEFAULTS[name])(0)
    if name == "restart_after":
        return round(50 * 40 ** chance.random())
    if isinstance(DEFAULTS[name], int):
        return chance.randint(int(low), int(high))
    least = max(low, high / 1000)
    return float(f"{least * (high / least) ** chance.random():.2g}")


def _shifted(name: str, value: float, step: float, chance: random.Random) -> Any:
    low, high = RANGES[name]
    moved = value + chance.gauss(0, step) * 0.3 * (value if value else 0.0)
    moved = min(max(moved, low), high)
    return round(moved) if isinstance(DEFAULTS[name], int) else float(f"{moved:.3g}")
