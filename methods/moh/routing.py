"""Capacitated vehicle routing: a heuristic gives the priority of two customers to be joined in one route.

Customers are uniform in the unit square with the depot at a random place, demands from 1 to 9. Pairs are joined in the
order of their priorities while capacity allows, then 2-opt and relocation descend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from methods.moh.problem import Instance, Problem, Role, Score
from methods.moh.references import digest, known_cost, route_cost
from methods.moh.routes import improved, joined
from methods.moh.tours import neighbours_of
from methods.moh.travelling import POOL, drawn

__all__ = ["Routing", "fixed_routes"]

CAPACITIES = {20: 30, 50: 40, 100: 50, 200: 70}
ITERATIONS = 2000
"""Of the reference solver."""


@dataclass(frozen=True)
class Customers:
    """Customers to be served.

    Attributes
    ----------
    distances
        Shape (n + 1, n + 1); the depot is first.
    demands
        Whole numbers, shape (n + 1,); the depot's is 0.
    pairs
        Of customers, shape (n (n - 1) / 2, 2).
    quantities
        Of the pairs, shape (5, pairs): the distance between the two, the distances of the nearer and of the farther
        one from the depot, both demands together by capacity, and the mean distance of both to their five nearest
        neighbours; distances in units of the mean distance from the depot.
    """

    distances: np.ndarray
    demands: np.ndarray
    capacity: int
    pairs: np.ndarray
    quantities: np.ndarray


def _customers(distances: np.ndarray, demands: np.ndarray, capacity: int) -> Customers:
    n = len(demands) - 1
    first, second = (corner + 1 for corner in np.triu_indices(n, 1))
    unit = distances[0, 1:].mean()
    near = np.take_along_axis(distances, neighbours_of(distances, 5), axis=1).mean(axis=1)
    quantities = np.array(
        [
            distances[first, second] / unit,
            np.minimum(distances[0, first], distances[0, second]) / unit,
            np.maximum(distances[0, first], distances[0, second]) / unit,
            (demands[first] + demands[second]) / capacity,
            (near[first] + near[second]) / 2 / unit,
        ]
    )
    return Customers(distances, demands, capacity, np.stack([first, second], axis=1), quantities)


def _drawn(part: str, size: int, number: int) -> tuple[np.ndarray, np.ndarray, str]:
    index = ("training", "test", "development").index(part)
    chance = np.random.default_rng([2505, 20881, index, size, number])
    places = chance.random((size + 1, 2))
    demands = chance.integers(1, 10, size + 1)
    demands[0] = 0
    distances = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))
    return distances, demands, f"cvrp uniform {size} {part} {number} {digest(places, demands)}"


class Routing(Problem):
    """Routes by joining pairs of customers, and local search."""

    name = "cvrp"
    quantities = ("between", "near", "far", "load", "crowd")
    reference = f"PyVRP, {ITERATIONS} iterations"
    training_sizes = (20, 50)
    test_sizes = (100, 200)
    training_count = 6
    test_count = {100: 8, 200: 4}  # noqa: RUF012 - a constant
    evaluations = 12000

    def dataset(self, size: int) -> str:  # noqa: D102
        return f"CVRP uniform n={size}"

    def instances(self, role: Role, size: int, seed: int) -> list[Instance]:  # noqa: D102
        count = self.test_count[size] if role == "test" else self.training_count
        found = []
        for part, number in drawn(role, size, count, seed):
            distances, demands, key = _drawn(part, size, number)
            cost = known_cost(key)
            if cost is None:
                cost = route_cost(distances, demands, CAPACITIES[size], ITERATIONS)
            found.append(Instance(f"{part} {number}", _customers(distances, demands, CAPACITIES[size]), cost))
        return found

    def cost(self, instance: Instance, score: Score) -> float:  # noqa: D102
        data: Customers = instance.data
        order = np.argsort(-score(data.quantities), kind="stable")
        routes = joined(order, data.pairs, data.demands, data.capacity)
        return float(improved(routes, data.distances, data.demands, data.capacity))

    def packed(self, instance: Instance) -> dict[str, Any]:  # noqa: D102
        data: Customers = instance.data
        return {
            "distances": data.distances.tolist(),
            "demands": data.demands.tolist(),
            "capacity": data.capacity,
        }

    def unpacked(self, packed: Mapping[str, Any]) -> Instance:  # noqa: D102
        distances = np.array(packed["distances"], dtype=float)
        demands = np.array(packed["demands"], dtype=np.int64)
        return Instance("", _customers(distances, demands, packed["capacity"]), math.nan)

    def by_hand(self, arm: str, instance: Instance) -> float:  # noqa: D102, ARG002
        return self.cost(instance, lambda quantities: quantities[1] + quantities[2] - quantities[0])


def fixed_routes() -> Iterator[tuple[str, Callable[[], float]]]:
    """Keys of all fixed instances, with what solves them."""

    def task(distances: np.ndarray, demands: np.ndarray, capacity: int) -> Callable[[], float]:
        return lambda: route_cost(distances, demands, capacity, ITERATIONS)

    plan = [("training", size, POOL) for size in Routing.training_sizes]
    plan += [
        (part, size, count) for part in ("development", "test") for size, count in Routing.test_count.items()
    ]
    for part, size, count in plan:
        for number in range(count):
            distances, demands, key = _drawn(part, size, number)
            yield key, task(distances, demands, CAPACITIES[size])
