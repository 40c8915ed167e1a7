"""Travelling salesman by guided local search: a heuristic says how long the edges of a local optimum shall seem.

At each local optimum the heuristic gives every edge of the tour a new seeming length. The edges that it raised most
count as used once more, and from their cities 2-opt and relocation descend on the seeming lengths, then everywhere on
the true ones. Lengths are in units of the mean edge of the first local optimum, so that sizes can be compared.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from methods.moh.problem import Instance, Score
from methods.moh.tours import improve, length, nearest_neighbour
from methods.moh.travelling import Map, Travelling

__all__ = ["GuidedSearch"]

DISTURBED = 3
"""Edges from which a search begins anew."""

ROUNDS_PER_CITY = 1
PENALTY = 1.5
LARGEST = 1e6


@njit(cache=True)
def _edges(
    tour: np.ndarray,
    distances: np.ndarray,
    seeming: np.ndarray,
    used: np.ndarray,
    near: np.ndarray,
    unit: float,
) -> np.ndarray:
    # Quantities of the edges from each city of the tour to the next one.
    n = len(tour)
    found = np.empty((4, n))
    for i in range(n):
        start, end = tour[i], tour[(i + 1) % n]
        found[0, i] = distances[start, end] / unit
        found[1, i] = seeming[start, end] / unit
        found[2, i] = used[start, end]
        found[3, i] = 0.5 * (near[start] + near[end]) / unit
    return found


@njit(cache=True)
def _disturb(
    values: np.ndarray,
    tour: np.ndarray,
    place: np.ndarray,
    distances: np.ndarray,
    seeming: np.ndarray,
    used: np.ndarray,
    neighbours: np.ndarray,
    unit: float,
) -> None:
    n = len(tour)
    raised = np.empty(n)
    for i in range(n):
        start, end = tour[i], tour[(i + 1) % n]
        value = min(max(values[i], 0.0), LARGEST) * unit
        raised[i] = value - seeming[start, end]
        seeming[start, end] = seeming[end, start] = value
    active = np.zeros(n, dtype=np.bool_)
    for _ in range(DISTURBED):
        at = np.argmax(raised)
        raised[at] = -np.inf
        start, end = tour[at], tour[(at + 1) % n]
        used[start, end] += 1
        used[end, start] += 1
        active[start] = active[end] = True
    improve(tour, place, seeming, neighbours, active)
    active[:] = True
    improve(tour, place, distances, neighbours, active)


def descend(cities: Map) -> tuple[np.ndarray, np.ndarray]:
    """The local optimum next to the nearest-neighbour tour: the tour, and where each city stands in it."""
    tour = nearest_neighbour(cities.distances)
    place = np.argsort(tour)
    improve(tour, place, cities.distances, cities.neighbours, np.ones(len(tour), dtype=np.bool_))
    return tour, place


def _penalized(quantities: np.ndarray) -> np.ndarray:
    # Voudouris and Tsang: the edges of greatest utility, length / (1 + penalties), get one more penalty. Lambda is
    # 1.5 edges, the best of eight values from 0.1 to 3 on three development instances of 200 cities.
    distance, seeming, used, _ = quantities
    utility = distance / (1.0 + used)
    raised = seeming.copy()
    raised[np.argsort(-utility, kind="stable")[:DISTURBED]] += PENALTY
    return raised


class GuidedSearch(Travelling):
    """Guided local search with as many rounds as there are cities."""

    name = "tsp"
    quantities = ("distance", "seeming", "used", "near")
    training_count = 3
    test_count = {200: 6, 500: 3}  # noqa: RUF012 - a constant
    evaluations = 1500

    def cost(self, instance: Instance, score: Score) -> float:  # noqa: D102
        cities: Map = instance.data
        distances = cities.distances
        tour, place = descend(cities)
        best = length(tour, distances)
        unit = best / len(tour)
        near = distances[np.arange(len(tour))[:, None], cities.neighbours[:, :3]].mean(axis=1)
        seeming, used = distances.copy(), np.zeros(distances.shape, dtype=np.int64)
        for _ in range(ROUNDS_PER_CITY * len(tour)):
            values = score(_edges(tour, distances, seeming, used, near, unit))
            _disturb(values, tour, place, distances, seeming, used, cities.neighbours, unit)
            best = min(best, length(tour, distances))
        return float(best)

    def by_hand(self, arm: str, instance: Instance) -> float:  # noqa: D102
        cities: Map = instance.data
        if arm == "guided_by_hand":
            return self.cost(instance, _penalized)
        if arm == "nearest_neighbour":
            return float(length(nearest_neighbour(cities.distances), cities.distances))
        return float(length(descend(cities)[0], cities.distances))
