"""Tours on a matrix of distances, compiled by numba: 2-opt and relocation within lists of neighbours."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["improve", "length", "nearest_neighbour", "neighbours_of"]

KEEP = 1 - 1e-9
"""A move has to save more than this leaves of the weights that it removes: rounding must not lead in circles. A share,
because seeming lengths can be millions of kilometres."""


def neighbours_of(distances: np.ndarray, count: int) -> np.ndarray:
    """The nearest ones of each city in order, shape (n, count) with count < n."""
    apart = distances + np.diag(np.full(len(distances), np.inf))
    return np.argsort(apart, axis=1, kind="stable")[:, : min(count, len(distances) - 1)].astype(np.int64)


@njit(cache=True)
def length(tour: np.ndarray, distances: np.ndarray) -> float:
    """Length of the closed tour."""
    total = 0.0
    for i in range(len(tour)):
        total += distances[tour[i - 1], tour[i]]
    return total


@njit(cache=True)
def nearest_neighbour(distances: np.ndarray) -> np.ndarray:
    """Tour that begins in city 0 and always goes to the nearest city that is left."""
    n = len(distances)
    left = np.ones(n, dtype=np.bool_)
    tour = np.zeros(n, dtype=np.int64)
    left[0] = False
    for i in range(1, n):
        best, at = np.inf, -1
        for city in range(n):
            if left[city] and distances[tour[i - 1], city] < best:
                best, at = distances[tour[i - 1], city], city
        tour[i] = at
        left[at] = False
    return tour


@njit(cache=True)
def _reverse(tour: np.ndarray, place: np.ndarray, first: int, last: int) -> None:
    # Turns round the part between two places; the shorter of it and of the rest, which is the same tour.
    n = len(tour)
    inside = (last - first) % n + 1
    if 2 * inside > n:
        first, last = (last + 1) % n, (first - 1) % n
        inside = n - inside
    for _ in range(inside // 2):
        tour[first], tour[last] = tour[last], tour[first]
        place[tour[first]] = first
        place[tour[last]] = last
        first = (first + 1) % n
        last = (last - 1) % n


@njit(cache=True)
def _move(tour: np.ndarray, place: np.ndarray, city: int, after: int) -> None:
    # Takes a city out and puts it in behind another one; the cities between shift, on the shorter side.
    n = len(tour)
    at = place[city]
    forward = (place[after] - at) % n
    if 2 * forward <= n:
        for _ in range(forward):
            following = (at + 1) % n
            tour[at] = tour[following]
            place[tour[at]] = at
            at = following
    else:
        for _ in range(n - forward - 1):
            previous = (at - 1) % n
            tour[at] = tour[previous]
            place[tour[at]] = at
            at = previous
    tour[at] = city
    place[city] = at


@njit(cache=True)
def improve(
    tour: np.ndarray, place: np.ndarray, weights: np.ndarray, neighbours: np.ndarray, active: np.ndarray
) -> None:
    """Local search by 2-opt and relocation, first improvement, until no active city has a move.

    Parameters
    ----------
    tour, place
        The cities in order and where each one stands; changed in place.
    weights
        Shape (n, n); what is to become less.
    neighbours
        Shape (n, k): cities that a city may be joined with.
    active
        Shape (n,): cities whose moves are looked for; those that a move touches become active.
    """
    n = len(tour)
    again = True
    while again:
        again = False
        for city in range(n):
            while active[city]:
                active[city] = False
                before = tour[place[city] - 1]
                behind = tour[(place[city] + 1) % n]
                for other in neighbours[city]:
                    at = place[other]
                    following = tour[(at + 1) % n]
                    previous = tour[at - 1]
                    joined = weights[city, other]
                    forth = weights[city, behind] + weights[other, following]
                    back = weights[before, city] + weights[previous, other]
                    out = weights[before, city] + weights[city, behind]
                    after = out + weights[other, following]
                    ahead = out + weights[other, previous]
                    closed = weights[before, behind] + joined
                    if forth * KEEP > joined + weights[behind, following]:
                        _reverse(tour, place, (place[city] + 1) % n, at)
                        active[behind] = active[following] = active[other] = active[city] = True
                    elif back * KEEP > joined + weights[before, previous]:
                        _reverse(tour, place, place[city], (at - 1) % n)
                        active[before] = active[previous] = active[other] = active[city] = True
                    elif other != before and after * KEEP > closed + weights[city, following]:
                        _move(tour, place, city, other)
                        active[before] = active[behind] = active[other] = True
                        active[following] = active[city] = True
                    elif other != behind and ahead * KEEP > closed + weights[city, previous]:
                        _move(tour, place, city, previous)
                        active[before] = active[behind] = active[other] = True
                        active[previous] = active[city] = True
                    if active[city]:
                        again = True
                        break
