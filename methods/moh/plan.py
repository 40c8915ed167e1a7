"""An optimizer as data: how heuristics are selected, varied and kept.

The same plan is read at two levels: the inner loop follows it when it evolves heuristics (`evolution`), and the outer
loop follows it when it proposes the next plans (`proposing`).

>>> Plan.from_json('{"tournament": 99}')
Traceback (most recent call last):
methods.errors.MethodError: plan: tournament is 99, but has to lie between 2 and 8
>>> Plan.from_json(Plan(crossover=0.5).to_json()).crossover
0.5
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from methods.errors import MethodError

__all__ = ["OPERATORS", "RANGES", "SELECTIONS", "Plan"]

SELECTIONS = ("rank", "tournament", "uniform")
OPERATORS = ("crossover", "subtree", "point", "constant", "hoist", "fresh")
RANGES: dict[str, tuple[float, float]] = {
    "rank_offset": (1, 20),
    "tournament": (2, 8),
    **dict.fromkeys(OPERATORS, (0.0, 1.0)),
    "population": (4, 40),
    "initial_depth": (1, 5),
    "mutation_depth": (1, 4),
    "size_limit": (7, 61),
    "constant_step": (0.01, 2.0),
    "parsimony": (0.0, 0.1),
    "temperature": (0.0, 2.0),
    "restart_after": (0, 2000),
    "screening": (0, 4),
}
"""Lowest and highest value of each number in a plan."""

Ranked = TypeVar("Ranked")


@dataclass(frozen=True)
class Plan:
    """How an optimizer works.

    Attributes
    ----------
    selection
        ``rank``: in proportion to 1 / (rank + rank_offset); ``tournament``: the best of so many; ``uniform``.
    crossover, subtree, point, constant, hoist, fresh
        Weights of the variation operators: exchange with a second parent, replace a part by a random one, exchange one
        symbol, shift the constants, replace the whole by a part, ignore the parent.
    population
        Survivors of a generation, and children.
    initial_depth, mutation_depth
        Greatest depth of random trees and of random parts.
    size_limit
        Most nodes of a tree.
    constant_step
        Standard deviation of a shift, relative to the constant.
    parsimony
        Points of the gap that a node costs.
    temperature
        Mean of the exponential noise, in points of the gap, by which worse ones may survive; the best always does.
    restart_after
        Heuristics without a better one after which all but the best are made anew; 0 for never.
    screening
        Instances on which a child must be as good as the worst survivor before the others are spent on it; 0 for none.
    """

    selection: str = "rank"
    rank_offset: int = 5
    tournament: int = 3
    crossover: float = 0.5
    subtree: float = 0.3
    point: float = 0.1
    constant: float = 0.1
    hoist: float = 0.0
    fresh: float = 0.0
    population: int = 10
    initial_depth: int = 3
    mutation_depth: int = 2
    size_limit: int = 31
    constant_step: float = 0.3
    parsimony: float = 0.0
    temperature: float = 0.0
    restart_after: int = 0
    screening: int = 0

    def __post_init__(self) -> None:
        if self.selection not in SELECTIONS:
            raise MethodError(
                f"plan: selection is {self.selection!r}, but has to be {' or '.join(SELECTIONS)}"
            )
        for field in fields(self):
            if field.name == "selection":
                continue
            value = getattr(self, field.name)
            whole = field.type == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                kind = "a whole number" if whole else "a number"
                raise MethodError(f"plan: {field.name} is {value!r}, but has to be {kind}")
            low, high = RANGES[field.name]
            if not low <= value <= high:
                raise MethodError(
                    f"plan: {field.name} is {value}, but has to lie between {low:g} and {high:g}"
                )
        if not sum(getattr(self, operator) for operator in OPERATORS):
            raise MethodError(f"plan: one of {', '.join(OPERATORS)} has to be above 0")

    def to_json(self) -> str:
        """The plan as a JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Plan of a JSON object; what it leaves out is as by default.

        Raises
        ------
        MethodError
            If it is no JSON object, names something that a plan does not have, or a value is out of its range.
        """
        try:
            found = json.loads(text)
        except ValueError as error:
            raise MethodError(f"plan: not JSON ({error})") from None
        return cls.from_object(found)

    @classmethod
    def from_object(cls, found: Any) -> Plan:
        """Plan of a parsed JSON object; as :meth:`from_json`."""
        if not isinstance(found, dict):
            raise MethodError(f"plan: an object is needed, not {type(found).__name__}")
        known = {field.name for field in fields(cls)}
        for name in found:
            if name not in known:
                raise MethodError(f"plan: {name!r} is not known; known: {', '.join(sorted(known))}")
        return cls(**found)

    def operator(self, chance: random.Random) -> str:
        """One of the operators, by weight."""
        return chance.choices(OPERATORS, [getattr(self, operator) for operator in OPERATORS])[0]

    def select(self, ranked: Sequence[Ranked], chance: random.Random) -> Ranked:
        """One of several that stand in order, the best first."""
        if self.selection == "rank":
            weights = [1 / (rank + self.rank_offset) for rank in range(1, len(ranked) + 1)]
            return chance.choices(ranked, weights)[0]
        if self.selection == "tournament":
            return ranked[min(chance.randrange(len(ranked)) for _ in range(self.tournament))]
        return chance.choice(ranked)
