"""Routes of vehicles from and to a depot, compiled by numba: joined pair by pair, then improved."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["improved", "joined"]

LEAST = 1e-9


@njit(cache=True)
def joined(order: np.ndarray, pairs: np.ndarray, demands: np.ndarray, capacity: int) -> np.ndarray:
    """Routes out of one route per customer: in order, the pairs are joined that can be.

    A pair can be joined if its customers stand at the ends of two routes that together do not exceed the capacity.

    Parameters
    ----------
    order
        Numbers of pairs, the first to be joined first.
    pairs
        Shape (pairs, 2): customers, counted from 1.
    demands
        Shape (n + 1,); the depot's is 0.

    Returns
    -------
    routes
        Shape (n, n): the customers of each route, then zeros; empty routes last.
    """
    n = len(demands) - 1
    route = np.arange(n + 1)
    load = demands.copy()
    beside = np.zeros((n + 1, 2), dtype=np.int64)
    for number in order:
        first, second = pairs[number]
        one, other = route[first], route[second]
        if one == other or load[one] + load[other] > capacity or beside[first, 1] or beside[second, 1]:
            continue
        beside[first, 1 if beside[first, 0] else 0] = second
        beside[second, 1 if beside[second, 0] else 0] = first
        load[one] += load[other]
        for customer in range(1, n + 1):
            if route[customer] == other:
                route[customer] = one
    routes = np.zeros((n, n), dtype=np.int64)
    done = np.zeros(n + 1, dtype=np.bool_)
    count = 0
    for start in range(1, n + 1):
        if done[start] or beside[start, 1]:
            continue
        previous, customer, place = 0, start, 0
        while customer:
            routes[count, place] = customer
            done[customer] = True
            following = beside[customer, 0] if beside[customer, 0] != previous else beside[customer, 1]
            previous, customer = customer, following
            place += 1
        count += 1
    return routes


@njit(cache=True)
def improved(routes: np.ndarray, distances: np.ndarray, demands: np.ndarray, capacity: int) -> float:
    """Length of the routes after 2-opt within and relocation between them, first improvement, until none is left.

    The routes are changed in place.
    """
    n = len(demands) - 1
    count, load = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for r in range(n):
        for customer in routes[r]:
            if customer:
                count[r] += 1
                load[r] += demands[customer]
    better = True
    while better:
        better = False
        for r in range(n):
            if count[r] > 2 and _untangled(routes[r], count[r], distances):
                better = True
        for r in range(n):
            place = 0
            while place < count[r]:
                if _relocated(r, place, routes, count, load, distances, demands, capacity):
                    better = True
                place += 1
    total = 0.0
    for r in range(n):
        previous = 0
        for place in range(count[r]):
            total += distances[previous, routes[r, place]]
            previous = routes[r, place]
        total += distances[previous, 0]
    return total


@njit(cache=True)
def _untangled(route: np.ndarray, count: int, distances: np.ndarray) -> bool:
    better = False
    for first in range(count - 1):
        for last in range(first + 1, count):
            before = route[first - 1] if first else 0
            behind = route[last + 1] if last + 1 < count else 0
            gain = (
                distances[before, route[first]]
                + distances[route[last], behind]
                - distances[before, route[last]]
                - distances[route[first], behind]
            )
            if gain > LEAST:
                route[first : last + 1] = route[first : last + 1][::-1].copy()
                better = True
    return better


@njit(cache=True)
def _relocated(
    r: int,
    place: int,
    routes: np.ndarray,
    count: np.ndarray,
    load: np.ndarray,
    distances: np.ndarray,
    demands: np.ndarray,
    capacity: int,
) -> bool:
    # Moves one customer to the best place of any route, if that is better than where it is.
    customer = routes[r, place]
    before = routes[r, place - 1] if place else 0
    behind = routes[r, place + 1] if place + 1 < count[r] else 0
    saved = distances[before, customer] + distances[customer, behind] - distances[before, behind]
    best, to, at = saved - LEAST, -1, -1
    for s in range(len(count)):
        if count[s] == 0 or (s != r and load[s] + demands[customer] > capacity):
            continue
        for gap in range(count[s] + 1):
            if s == r and (gap == place or gap == place + 1):
                continue
            left = routes[s, gap - 1] if gap else 0
            right = routes[s, gap] if gap < count[s] else 0
            added = distances[left, customer] + distances[customer, right] - distances[left, right]
            if added < best:
                best, to, at = added, s, gap
    if to < 0:
        return False
    for i in range(place, count[r] - 1):
        routes[r, i] = routes[r, i + 1]
    count[r] -= 1
    routes[r, count[r]] = 0
    load[r] -= demands[customer]
    if to == r and at > place:
        at -= 1
    for i in range(count[to], at, -1):
        routes[to, i] = routes[to, i - 1]
    routes[to, at] = customer
    count[to] += 1
    load[to] += demands[customer]
    return True
