"""Heuristics as typed expression trees of deap, their text, and the programs that they are compiled to.

A heuristic gives a number for each candidate (a bin, a city, an edge) from named quantities of it. Operators are total:
a division by nothing gives 1, and what is no number counts as 0 (`interpreter`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from deap import gp

from methods.moh.interpreter import CONSTANT, OPCODES, QUANTITY

__all__ = ["Grammar", "Tree"]

Tree: TypeAlias = gp.PrimitiveTree


class Grammar:
    """Symbols of the heuristics of a problem.

    Parameters
    ----------
    quantities
        Names of what is known of a candidate.
    """

    def __init__(self, quantities: Sequence[str]) -> None:
        self.quantities = tuple(quantities)

    @cached_property
    def symbols(self) -> gp.PrimitiveSetTyped:
        """The primitive set: numbers and truth values."""
        made = gp.PrimitiveSetTyped("heuristic", [float] * len(self.quantities), float)
        made.renameArguments(**{f"ARG{index}": name for index, name in enumerate(self.quantities)})
        for name in ("add", "sub", "mul", "div", "min", "max"):
            made.addPrimitive(_stand_in, [float, float], float, name=name)
        for name in ("neg", "abs", "sqrt", "exp", "log"):
            made.addPrimitive(_stand_in, [float], float, name=name)
        made.addPrimitive(_stand_in, [float, float], bool, name="less")
        made.addPrimitive(_stand_in, [bool, float, float], float, name="where")
        return made

    def constant(self, value: float) -> gp.Terminal:
        """A number as a leaf; three digits, so that the text says what is computed."""
        return gp.Terminal(float(f"{value:.3g}"), False, float)

    def random_tree(self, depth: int, chance: random.Random, kind: type = float) -> Tree:
        """A random tree of a type that is at most so deep (a truth value needs one level more)."""
        return Tree(self._grow(depth, chance, kind, least=min(depth, 1)))

    def leaf(self, chance: random.Random) -> gp.Terminal:
        """A quantity, or with a chance of one in four a constant."""
        if chance.random() < 0.25:
            return self.constant(chance.uniform(-1, 1) * 10 ** chance.uniform(-1, 1))
        return chance.choice(
            [term for term in self.symbols.terminals[float] if isinstance(term, gp.Terminal)]
        )

    def _grow(self, depth: int, chance: random.Random, kind: type, least: int = 0) -> list[gp.Primitive]:
        if kind is float and (depth <= 0 or (least <= 0 and chance.random() < 0.2)):
            return [self.leaf(chance)]
        symbol = chance.choice(self.symbols.primitives[kind])
        grown = [symbol]
        for argument in symbol.args:
            grown += self._grow(depth - 1, chance, argument, least - 1)
        return grown

    def program(self, tree: Tree) -> tuple[np.ndarray, np.ndarray]:
        """Codes and constants of a tree, last symbol first, as :func:`methods.moh.interpreter.run` takes them."""
        codes = np.zeros(len(tree), dtype=np.int64)
        constants = np.zeros(len(tree))
        for place, node in enumerate(reversed(tree)):
            if isinstance(node, gp.Primitive):
                codes[place] = OPCODES[node.name]
            elif node.value in self.quantities:
                codes[place] = QUANTITY + self.quantities.index(node.value)
            else:
                codes[place] = CONSTANT
                constants[place] = node.value
        return codes, constants


def _stand_in(*arguments: float) -> float:
    raise NotImplementedError("trees are compiled, see methods.moh.interpreter")
