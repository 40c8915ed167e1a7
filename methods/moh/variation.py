"""Variation of trees: what a plan's operators do to a heuristic.

The operators of deap draw from Python's global generator; these draw from the one that they are given, so that a seed
says everything.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from deap import gp

from methods.moh.grammar import Grammar, Tree
from methods.moh.plan import Plan

__all__ = ["vary"]


def vary(plan: Plan, grammar: Grammar, select: Callable[[], Tree], chance: random.Random) -> Tree:
    """A child by one of the plan's operators; within the plan's limit of size, or else a copy of its parent.

    Parameters
    ----------
    select
        Gives a parent.
    """
    operator = plan.operator(chance)
    if operator == "fresh":
        child = grammar.random_tree(plan.initial_depth, chance)
    else:
        parent = select()
        if operator == "crossover":
            child = _crossed(parent, select(), chance)
        elif operator == "subtree":
            place = chance.randrange(len(parent))
            part = grammar.random_tree(plan.mutation_depth, chance, parent[place].ret)
            child = _replaced(parent, place, part)
        elif operator == "point":
            child = _pointed(parent, grammar, chance)
        elif operator == "constant":
            child = _shifted(parent, grammar, plan.constant_step, chance)
        else:
            child = _hoisted(parent, chance)
        if len(child) > plan.size_limit:
            return Tree(parent)
    return child


def _replaced(tree: Tree, place: int, part: list[gp.Primitive]) -> Tree:
    child = Tree(tree)
    child[child.searchSubtree(place)] = list(part)
    return child


def _crossed(first: Tree, second: Tree, chance: random.Random) -> Tree:
    place = chance.randrange(len(first))
    places = [index for index, node in enumerate(second) if node.ret is first[place].ret]
    if not places:
        return Tree(first)
    return _replaced(first, place, second[second.searchSubtree(chance.choice(places))])


def _pointed(tree: Tree, grammar: Grammar, chance: random.Random) -> Tree:
    child = Tree(tree)
    place = chance.randrange(len(child))
    node = child[place]
    if node.arity:
        alike = [other for other in grammar.symbols.primitives[node.ret] if other.args == node.args]
        child[place] = chance.choice(alike)
    else:
        child[place] = grammar.leaf(chance)
    return child


def _shifted(tree: Tree, grammar: Grammar, step: float, chance: random.Random) -> Tree:
    child = Tree(tree)
    places = [index for index, node in enumerate(child) if not node.arity and isinstance(node.value, float)]
    if not places:
        # A tree without constants gets one: a factor near 1 at a random number of the tree.
        place = chance.choice([index for index, node in enumerate(child) if node.ret is float])
        factor = grammar.constant(1 + chance.gauss(0, step))
        multiply = grammar.symbols.mapping["mul"]
        return _replaced(child, place, [multiply, factor, *child[child.searchSubtree(place)]])
    for place in places:
        value = child[place].value
        child[place] = grammar.constant(value + chance.gauss(0, step) * (abs(value) + 0.01))
    return child


def _hoisted(tree: Tree, chance: random.Random) -> Tree:
    places = [index for index, node in enumerate(tree) if node.ret is float]
    return Tree(tree[tree.searchSubtree(chance.choice(places))])
