"""The outer loop: the current meta-optimizer proposes optimizers, and the best of them takes its place.

In each iteration the meta-optimizer and its proposals all begin with the same heuristics and may spend the same
evaluations, so that their utilities can be compared; what all of them found is then merged for the next iteration. A
proposal takes the meta-optimizer's place if and only if its utility is better than the one that the meta-optimizer
reached in the same iteration; from then on it proposes, and it evolves heuristics itself.

With no proposals this is plain genetic programming with a fixed plan: the baseline runs the same code.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from methods.moh.code import Code
from methods.moh.evolution import evolve, merged
from methods.moh.grammar import Tree
from methods.moh.plan import Plan
from methods.moh.problem import Heuristic, Judge, Ledger, Problem
from methods.moh.proposing import Optimizer, propose

__all__ = ["Champion", "Outcome", "Proposer", "Search", "weighted"]

POPULATION = 10
FINALISTS = 5

Proposer = Callable[[Plan, Sequence[Optimizer], set[str], random.Random], tuple[Plan, tuple[int, ...]]]
Pools = dict[int, list[Heuristic]]


@dataclass(frozen=True)
class Champion:
    """A heuristic that was validated.

    Attributes
    ----------
    gaps
        Mean gap on the validation instances in percent, by size; at first only of the size that it was evolved for.
    optimizer
        Number of the optimizer that evolved it.
    """

    expression: Tree | Code
    text: str
    gaps: dict[int, float]
    optimizer: int

    @property
    def rank(self) -> tuple[float, int, str]:
        """What it is sorted by: utility, then length."""
        return (weighted(self.gaps), len(self.expression), self.text)


@dataclass
class Outcome:
    """What a search found.

    Attributes
    ----------
    best
        The heuristic that is best on the validation instances of all sizes.
    optimizers
        All that were tried, in order.
    metas
        Numbers of those that were meta-optimizer, in order.
    utilities
        Evaluations that were spent, and the best utility so far.
    champions
        The best heuristic that was validated of each optimizer, by its number.
    """

    best: Champion
    ledger: Ledger
    optimizers: list[Optimizer]
    metas: list[int]
    utilities: list[tuple[int, float]]
    champions: dict[int, Champion]


@dataclass(frozen=True)
class Evolved:
    """What an optimizer left in an iteration, the best heuristics by size, and its utility."""

    pools: Pools
    utility: float


def weighted(gaps: dict[int, float]) -> float:
    """Utility: the mean of the gaps, weighted by size; lower is better."""
    return sum(size * gap for size, gap in gaps.items()) / sum(gaps)


def _log_ratio(utility: float, other: float) -> float:
    # Gaps can be 0 or, against a reference that is not the optimum, below.
    return math.log(max(utility, 1e-3) / max(other, 1e-3))


@dataclass
class Search:
    """A search for a heuristic.

    Attributes
    ----------
    first
        Plan of the first meta-optimizer.
    evaluations
        Of heuristics on instances that may be spent, those for validation included.
    iterations
        Of the outer loop.
    proposals
        Optimizers that are proposed in each iteration; 0 keeps the first plan throughout.
    proposing
        Iterations with proposals; in those that are left the optimizer that came out evolves heuristics alone.
    reuse
        Whether the best optimizer becomes the next meta-optimizer; without, the first plan goes on proposing, always
        from itself.
    propose
        Makes proposals.
    invent
        Called at the end of each iteration; may :meth:`consider` a heuristic that it made otherwise.
    note
        Told of each optimizer that was tried, and whether it is the meta-optimizer from then on.
    report
        Told how many evaluations were spent, and of how many.
    """

    problem: Problem
    seed: int
    first: Plan
    evaluations: int
    iterations: int = 10
    proposals: int = 2
    proposing: int = 5
    reuse: bool = True
    propose: Proposer = propose
    note: Callable[[Optimizer, bool], None] = lambda _optimizer, _accepted: None
    report: Callable[[float, float], None] = lambda _done, _total: None
    invent: Callable[[Search, Optimizer], None] | None = None
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        sizes = self.problem.training_sizes
        self._evolving, self._validating = (
            {
                size: Judge(self.problem, self.problem.instances(role, size, self.seed), self.ledger, role)
                for size in sizes
            }
            for role in ("evolution", "validation")
        )
        final = FINALISTS * len(sizes) * sum(len(judge.instances) for judge in self._validating.values())
        invented = 0 if self.invent is None else 2 * self.iterations * final // (FINALISTS * len(sizes))
        self._share = max(0, self.evaluations - final - invented) // (self.iterations * (1 + self.proposals))
        # However many optimizers take part, as many heuristics are validated.
        self._validated = max(1, 12 // (1 + self.proposals))
        self._champions: dict[str, Champion] = {}

    def run(self) -> Outcome:
        """Search until the evaluations are spent."""
        chance = random.Random(f"plans {self.seed}")
        meta = Optimizer(self.first, 0)
        population, known = [meta], {meta.plan.to_json()}
        tried: list[Optimizer] = []
        metas, best = [0], math.inf
        utilities: list[tuple[int, float]] = []
        pools: Pools = {size: [] for size in self.problem.training_sizes}
        for iteration in range(self.iterations):
            own = self._evolved(meta, pools, iteration)
            if not tried:
                meta = replace(meta, utility=own.utility)
                tried, population = [meta], [meta]
                self.note(meta, True)
            best = min(best, own.utility)
            utilities.append((self.ledger.spent, best))
            candidates: list[tuple[Optimizer, Evolved]] = []
            for _ in range(self.proposals if iteration < self.proposing else 0):
                plan, parents = self.propose(meta.plan, population, known, chance)
                known.add(plan.to_json())
                candidate = Optimizer(plan, len(tried), parents, meta.number, iteration + 1)
                found = self._evolved(candidate, pools, iteration)
                candidate = replace(
                    candidate,
                    utility=found.utility,
                    rating=meta.rating + _log_ratio(found.utility, own.utility),
                )
                best = min(best, found.utility)
                utilities.append((self.ledger.spent, best))
                tried.append(candidate)
                candidates.append((candidate, found))
            following, _ = min([(meta, own), *candidates], key=lambda one: one[1].utility)
            every = [own, *(found for _, found in candidates)]
            pools = {size: merged(*(found.pools[size] for found in every)) for size in pools}
            for candidate, _ in candidates:
                self.note(candidate, self.reuse and candidate is following)
            if self.reuse:
                population = sorted(
                    [*population, *(one for one, _ in candidates)], key=lambda one: one.rating
                )
                population = population[:POPULATION]
                if following is not meta:
                    meta = following
                    metas.append(meta.number)
            if self.invent is not None:
                self.invent(self, meta)
            self.report(self.ledger.spent, self.evaluations)
        best_one = self._final()
        return Outcome(best_one, self.ledger, tried, metas, utilities, self._by_optimizer())

    def champions(self, count: int) -> list[Champion]:
        """The best heuristics that were validated on the largest size."""
        largest = max(self.problem.training_sizes)
        found = [one for one in self._champions.values() if largest in one.gaps]
        return sorted(found, key=lambda one: (one.gaps[largest], len(one.expression), one.text))[:count]

    def consider(self, code: Code, optimizer: Optimizer) -> float:
        """Judge code on the instances for evolution and on those for validation, at most once an iteration.

        Returns
        -------
        utility
            On the instances for evolution: what its author may know.

        Raises
        ------
        SandboxError
            If it fails, or wants what it may not have.
        """
        known, gaps = {}, {}
        for size in self.problem.training_sizes:
            found = self._evolving[size].gaps(code, code.source)
            known[size] = sum(found) / len(found)
        for size in self.problem.training_sizes:
            found = self._validating[size].gaps(code, code.source)
            gaps[size] = sum(found) / len(found)
        self._champions[code.source] = Champion(code, code.source, gaps, optimizer.number)
        return weighted(known)

    def _evolved(self, optimizer: Optimizer, pools: Pools, iteration: int) -> Evolved:
        sizes = self.problem.training_sizes
        found, gaps = {}, {}
        many = 1 if iteration < self.proposing else 1 + self.proposals
        for size in sizes:
            validation = self._validating[size]
            share = self._share * many // len(sizes)
            # At most a quarter of what may be spent goes into validation.
            count = max(1, min(self._validated * many, share // (4 * len(validation.instances))))
            share = max(1, share - count * len(validation.instances))
            chance = random.Random(f"{self.seed} {iteration} {optimizer.number} {size}")
            found[size] = evolve(pools[size], optimizer.plan, self._evolving[size], share, chance)
            gaps[size] = min(self._validate(heuristic, size, optimizer) for heuristic in found[size][:count])
        return Evolved(found, weighted(gaps))

    def _validate(self, heuristic: Heuristic, size: int, optimizer: Optimizer) -> float:
        gaps = self._validating[size].gaps(heuristic.tree, heuristic.text)
        champion = self._champions.setdefault(
            heuristic.text, Champion(heuristic.tree, heuristic.text, {}, optimizer.number)
        )
        champion.gaps[size] = sum(gaps) / len(gaps)
        return champion.gaps[size]

    def _by_optimizer(self) -> dict[int, Champion]:
        found: dict[int, Champion] = {}
        for champion in sorted(self._champions.values(), key=lambda one: one.rank):
            found.setdefault(champion.optimizer, champion)
        return found

    def _final(self) -> Champion:
        finalists = []
        for size in self.problem.training_sizes:
            of_size = [one for one in self._champions.values() if size in one.gaps]
            of_size.sort(key=lambda one: (one.gaps[size], len(one.expression), one.text))
            finalists += of_size[:FINALISTS]
        for champion in finalists:
            for size, judge in self._validating.items():
                if size not in champion.gaps:
                    gaps = judge.gaps(champion.expression, champion.text)
                    champion.gaps[size] = sum(gaps) / len(gaps)
        return min(finalists, key=lambda one: one.rank)
