"""What a heuristic is for: the contract of a problem, and how a heuristic is judged on its instances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from methods.moh.code import Code
from methods.moh.grammar import Grammar, Tree
from methods.moh.interpreter import run

__all__ = ["Heuristic", "Instance", "Judge", "Ledger", "Problem", "Role", "Score"]

Score = Callable[[np.ndarray], np.ndarray]
"""Values of candidates, shape (candidates,), from their quantities, shape (quantities, candidates)."""

Role = Literal["evolution", "validation", "test"]
ROLES: tuple[Role, ...] = ("evolution", "validation", "test")


@dataclass(frozen=True)
class Instance:
    """One instance of a problem.

    Attributes
    ----------
    name
        For people.
    data
        As the problem needs it.
    reference
        Cost of the reference solution, or a lower bound.
    """

    name: str
    data: Any
    reference: float


class Problem(ABC):
    """A problem whose heuristics are evolved.

    Attributes
    ----------
    name
        Of the task.
    quantities
        What a heuristic knows of each candidate, in the order in which it gets them.
    reference
        What gaps are measured against.
    training_sizes, test_sizes
        Sizes of the instances.
    training_count, test_count
        Instances of each size: for evolution and again for validation; for testing.
    evaluations
        Usual number of evaluations of an arm: heuristics times instances.
    """

    name: ClassVar[str]
    quantities: ClassVar[tuple[str, ...]]
    reference: ClassVar[str]
    training_sizes: ClassVar[tuple[int, ...]]
    test_sizes: ClassVar[tuple[int, ...]]
    training_count: ClassVar[int]
    test_count: ClassVar[Mapping[int, int]]
    evaluations: ClassVar[int]

    def __init__(self) -> None:
        self.grammar = Grammar(self.quantities)

    @abstractmethod
    def instances(self, role: Role, size: int, seed: int) -> list[Instance]:
        """Instances of a size. Those of different roles have none in common."""

    @abstractmethod
    def cost(self, instance: Instance, score: Score) -> float:
        """Cost of the solution that a heuristic makes."""

    @abstractmethod
    def by_hand(self, arm: str, instance: Instance) -> float:
        """Cost of the solution that a heuristic made by people gives, by the name of the arm."""

    def dataset(self, size: int) -> str:
        """Name of the instances of a size in the graph."""
        return f"{self.name} n={size}"

    @abstractmethod
    def packed(self, instance: Instance) -> dict[str, Any]:
        """An instance as JSON can say it, without its reference."""

    @abstractmethod
    def unpacked(self, packed: Mapping[str, Any]) -> Instance:
        """What was packed, without its reference."""

    def gap(self, instance: Instance, cost: float) -> float:
        """How far a cost is above the reference, in percent."""
        return 100.0 * (cost / instance.reference - 1.0)

    def gaps(self, expression: Tree | Code, instances: Sequence[Instance]) -> list[float]:
        """Gaps of a heuristic on instances, in percent.

        Raises
        ------
        SandboxError
            If it is code, and fails or wants what it may not have.
        """
        if isinstance(expression, Code):
            costs = expression.costs(self.name, [self.packed(instance) for instance in instances])
        else:
            score = self.compiled(expression)
            costs = [self.cost(instance, score) for instance in instances]
        return [self.gap(instance, cost) for instance, cost in zip(instances, costs, strict=True)]

    def compiled(self, tree: Tree) -> Score:
        """A tree as a function of the quantities."""
        codes, constants = self.grammar.program(tree)
        return lambda quantities: run(codes, constants, quantities)


@dataclass(frozen=True)
class Heuristic:
    """A heuristic with what it reached on the instances for evolution.

    Attributes
    ----------
    gaps
        In percent, of each instance; of the first ones only if it was not worth more.
    """

    tree: Tree
    text: str
    gaps: tuple[float, ...]

    @property
    def gap(self) -> float:
        """Mean gap in percent."""
        return sum(self.gaps) / len(self.gaps)

    @property
    def rank(self) -> tuple[float, int, str]:
        """What it is sorted by: the gap, and of equal ones the shorter first."""
        return (self.gap, len(self.tree), self.text)


@dataclass
class Ledger:
    """Evaluations of an arm: one is one heuristic on one instance, wherever it is done."""

    spent: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def charge(self, kind: str, count: int) -> None:
        """Count some."""
        self.spent += count
        self.kinds[kind] = self.kinds.get(kind, 0) + count


class Judge:
    """Judges heuristics on a set of instances, and counts it.

    An evaluation that was made before is not made again, but it is counted again: nobody saves by having been there
    second.
    """

    def __init__(self, problem: Problem, instances: Sequence[Instance], ledger: Ledger, kind: str) -> None:
        self.problem = problem
        self.instances = tuple(instances)
        self.ledger = ledger
        self.kind = kind
        self._known: dict[tuple[str, int], float] = {}

    def gaps(self, expression: Tree | Code, text: str, places: range | None = None) -> tuple[float, ...]:
        """Gaps of a heuristic in percent on all instances, or on those at some places; as :meth:`Problem.gaps`."""
        wanted = range(len(self.instances)) if places is None else places
        self.ledger.charge(self.kind, len(wanted))
        missing = [place for place in wanted if (text, place) not in self._known]
        if missing:
            found = self.problem.gaps(expression, [self.instances[place] for place in missing])
            self._known.update(((text, place), gap) for place, gap in zip(missing, found, strict=True))
        return tuple(self._known[text, place] for place in wanted)
