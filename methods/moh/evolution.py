"""The inner loop: a plan evolves heuristics for one size of a problem."""

from __future__ import annotations

import random
from collections.abc import Sequence

from methods.moh.grammar import Tree
from methods.moh.plan import Plan
from methods.moh.problem import Heuristic, Judge
from methods.moh.variation import vary

__all__ = ["best_of", "evolve", "merged"]

POOL = 40
"""Most heuristics that are handed on: as many as the largest population of a plan."""

PATIENCE = 30
"""Attempts at a child that is not there yet, before a random tree is taken instead."""


def merged(*pools: Sequence[Heuristic]) -> list[Heuristic]:
    """The best of several pools, each text once, the best first."""
    every = {heuristic.text: heuristic for pool in pools for heuristic in pool}
    return best_of(list(every.values()), POOL)


def best_of(heuristics: Sequence[Heuristic], count: int) -> list[Heuristic]:
    """The first ones in order; equal results count once, for the shorter one (they do the same)."""
    found: dict[tuple[float, ...], Heuristic] = {}
    for heuristic in sorted(heuristics, key=lambda one: one.rank):
        found.setdefault(heuristic.gaps, heuristic)
    return list(found.values())[:count]


def evolve(
    pool: Sequence[Heuristic], plan: Plan, judge: Judge, evaluations: int, chance: random.Random
) -> list[Heuristic]:
    """Follow a plan until the evaluations are spent.

    Parameters
    ----------
    pool
        Heuristics to begin with, of the same judge; the best of them where the plan wants fewer, and random ones are
        added where it wants more.
    judge
        Of the instances for evolution.
    evaluations
        That may be spent; the last heuristic may go beyond by less than the number of instances.

    Returns
    -------
    pool
        The best ones of the given and of the new ones, at most :data:`POOL`. It is these that go on, not the
        population, which a plan with a temperature leaves worse: that found the better heuristics.
    """
    end = judge.ledger.spent + evaluations
    kept = list(pool)
    population = best_of(pool, plan.population)
    seen = {heuristic.text for heuristic in pool}
    since_better, best = 0, min((one.gap for one in population), default=float("inf"))
    while judge.ledger.spent < end:
        children: list[Heuristic] = []
        while len(children) < plan.population and judge.ledger.spent < end:
            tree, text = _new_tree(population, plan, judge, seen, chance)
            seen.add(text)
            child = _judged(tree, text, population, plan, judge)
            since_better += 1
            if child is not None:
                children.append(child)
                if child.gap < best:
                    since_better, best = 0, child.gap
            elif since_better % PATIENCE == 0:
                break
        kept = merged(kept, children)
        population = _survivors(population + children, plan, chance)
        if plan.restart_after and since_better >= plan.restart_after:
            population, since_better = population[:1], 0
    return kept


def _new_tree(
    population: Sequence[Heuristic], plan: Plan, judge: Judge, seen: set[str], chance: random.Random
) -> tuple[Tree, str]:
    # While the population is not full (at the beginning, after a restart) trees are random.
    grammar = judge.problem.grammar
    if len(population) >= plan.population:
        for _ in range(PATIENCE):
            tree = vary(plan, grammar, lambda: plan.select(population, chance).tree, chance)
            text = str(tree)
            if text not in seen:
                return tree, text
    for _ in range(PATIENCE):
        tree = grammar.random_tree(plan.initial_depth, chance)
        text = str(tree)
        if text not in seen:
            break
    return tree, text


def _judged(
    tree: Tree, text: str, population: Sequence[Heuristic], plan: Plan, judge: Judge
) -> Heuristic | None:
    # None if it was worse than every survivor on the first instances.
    whole, first = len(judge.instances), min(plan.screening, len(judge.instances))
    if 0 < first < whole and len(population) >= plan.population:
        begun = judge.gaps(tree, text, range(first))
        worst = max(sum(other.gaps[:first]) for other in population)
        if sum(begun) > worst:
            return None
        return Heuristic(tree, text, begun + judge.gaps(tree, text, range(first, whole)))
    return Heuristic(tree, text, judge.gaps(tree, text))


def _survivors(candidates: Sequence[Heuristic], plan: Plan, chance: random.Random) -> list[Heuristic]:
    ranked = best_of(candidates, len(candidates))
    if not ranked:
        return []

    def worth(heuristic: Heuristic) -> float:
        luck = chance.expovariate(1 / plan.temperature) if plan.temperature else 0.0
        return heuristic.gap + plan.parsimony * len(heuristic.tree) - luck

    others = sorted(((worth(one), one.rank, one) for one in ranked[1:]), key=lambda item: item[:2])
    return [ranked[0], *(one for _, _, one in others[: plan.population - 1])]
