"""Travelling salesman by construction: a heuristic gives the priority of each city that is left to be the next one."""

from __future__ import annotations

import numpy as np
from numba import njit

from methods.moh.problem import Instance, Score
from methods.moh.tours import length, nearest_neighbour
from methods.moh.travelling import Map, Travelling

__all__ = ["Construction"]


@njit(cache=True)
def _candidates(
    current: int,
    left: np.ndarray,
    distances: np.ndarray,
    order: np.ndarray,
    is_left: np.ndarray,
    sums: np.ndarray,
    short: float,
    long: float,
) -> np.ndarray:
    # Quantities of the cities that are left.
    count = len(left)
    found = np.empty((6, count))
    for i in range(count):
        city = left[i]
        found[0, i] = distances[current, city] / short
        found[2, i] = distances[city, 0] / long
        found[3, i] = sums[city] / count / long
        found[4, i] = count / len(distances)
        found[1, i] = 0.0
        for other in order[city]:
            if is_left[other]:
                found[1, i] = distances[city, other] / short
                break
        found[5, i] = distances[current, 0] / long
    return found


class Construction(Travelling):
    """Step by step from city 0; of equal priorities the city with the lowest number is taken.

    A heuristic knows the distance to a city and from there to the next one that is left, both in units of the mean
    distance of nearest neighbours; and the way back from it, its mean distance to all that are left, and the way back
    from the current city, in units of the mean distance; and the share of cities that are left.
    """

    name = "tsp-constructive"
    quantities = ("distance", "onward", "home", "mean", "left", "back")
    training_count = 4
    test_count = {200: 8, 500: 4}  # noqa: RUF012 - a constant
    evaluations = 4000

    def cost(self, instance: Instance, score: Score) -> float:  # noqa: D102
        cities: Map = instance.data
        distances, n = cities.distances, len(cities.distances)
        short = float(distances[np.arange(n), cities.neighbours[:, 0]].mean())
        long = float(distances.mean())
        order = np.argsort(distances, axis=1, kind="stable")[:, 1:]
        left, is_left = np.arange(1, n), np.ones(n, dtype=np.bool_)
        is_left[0] = False
        sums = distances.sum(axis=1) - distances[0]
        current, total = 0, 0.0
        while len(left):
            values = score(_candidates(current, left, distances, order, is_left, sums, short, long))
            at = int(np.argmax(values))
            following = int(left[at])
            left = np.delete(left, at)
            is_left[following] = False
            sums -= distances[following]
            total += distances[current, following]
            current = following
        return total + float(distances[current, 0])

    def by_hand(self, arm: str, instance: Instance) -> float:  # noqa: D102, ARG002
        distances = instance.data.distances
        return float(length(nearest_neighbour(distances), distances))
