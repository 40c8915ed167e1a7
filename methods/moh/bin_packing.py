"""Online bin packing: items come one by one and stay where they are put.

Item sizes follow a Weibull distribution (scale 45, shape 3), rounded to whole numbers from 1 to the capacity of 100. A
heuristic gives the priority of a bin for an item. All it knows are the item's size and the room in the bin, so bins
with the same room are alike, and its values fit into one table that is made before packing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from methods.moh.problem import ROLES, Instance, Problem, Role, Score

__all__ = ["BinPacking"]

CAPACITY = 100
SCALE, SHAPE = 45.0, 3.0


@njit(cache=True)
def _pack(items: np.ndarray, table: np.ndarray) -> int:
    # Number of bins. Of equal priorities the emptiest bin wins, so that a heuristic that says nothing packs nothing
    # together; were it the fullest, such a heuristic would be Best-Fit.
    capacity = table.shape[0] - 1
    bins = np.zeros(capacity + 1, dtype=np.int64)
    used = 0
    for item in items:
        best, at = table[item, capacity], capacity
        for room in range(capacity - 1, item - 1, -1):
            if bins[room] > 0 and table[item, room] > best:
                best, at = table[item, room], room
        if at == capacity:
            used += 1
        else:
            bins[at] -= 1
        bins[at - item] += 1
    return used


@njit(cache=True)
def _first_fit(items: np.ndarray, capacity: int) -> int:
    rooms = np.empty(len(items), dtype=np.int64)
    used = 0
    for item in items:
        at = 0
        while at < used and rooms[at] < item:
            at += 1
        if at == used:
            rooms[used] = capacity
            used += 1
        rooms[at] -= item
    return used


class BinPacking(Problem):
    """Online bin packing with a priority for each bin; an empty bin is one of the candidates."""

    name = "bin-packing"
    quantities = ("item", "room")
    reference = "lower bound: sum of the items / capacity, rounded up"
    training_sizes = (1000, 2000)
    test_sizes = (2000, 5000, 10000)
    training_count = 4
    test_count = {2000: 5, 5000: 5, 10000: 5}  # noqa: RUF012 - a constant
    evaluations = 36000

    def __init__(self) -> None:
        super().__init__()
        items, rooms = np.meshgrid(np.arange(CAPACITY + 1), np.arange(CAPACITY + 1), indexing="ij")
        self._fits = (items >= 1) & (items <= rooms)
        self._quantities = np.array([items[self._fits], rooms[self._fits]]) / CAPACITY
        self._table: tuple[Score | None, np.ndarray] = (None, np.empty(0))

    def dataset(self, size: int) -> str:  # noqa: D102
        return f"Weibull({SCALE:g}, {SHAPE:g}) items n={size}"

    def instances(self, role: Role, size: int, seed: int) -> list[Instance]:  # noqa: D102
        count = self.test_count[size] if role == "test" else self.training_count
        made = []
        for number in range(count):
            chance = np.random.default_rng([seed, ROLES.index(role), size, number])
            items = np.clip(np.rint(SCALE * chance.weibull(SHAPE, size)), 1, CAPACITY).astype(np.int64)
            made.append(Instance(f"{role} {seed}.{number}", items, float(np.ceil(items.sum() / CAPACITY))))
        return made

    def cost(self, instance: Instance, score: Score) -> float:  # noqa: D102
        if self._table[0] is not score:
            table = np.zeros(self._fits.shape)
            table[self._fits] = score(self._quantities)
            self._table = (score, table)
        return float(_pack(instance.data, self._table[1]))

    def packed(self, instance: Instance) -> dict[str, Any]:  # noqa: D102
        return {"items": instance.data.tolist()}

    def unpacked(self, packed: Mapping[str, Any]) -> Instance:  # noqa: D102
        return Instance("", np.array(packed["items"], dtype=np.int64), math.nan)

    def by_hand(self, arm: str, instance: Instance) -> float:  # noqa: D102
        if arm == "first_fit":
            return float(_first_fit(instance.data, CAPACITY))
        items, rooms = np.indices((CAPACITY + 1, CAPACITY + 1))
        return float(_pack(instance.data, (items - rooms).astype(float)))
