"""Costs of reference solutions: those of the project's instances are kept in ``references.json``.

They take minutes, so the costs of the fixed instances were computed once, by ``python -m methods.moh.references``. The
key holds a digest of the instance, so that a cost is never taken for that of another one; instances that are not there,
such as those that a person brings, are solved when they are needed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np

__all__ = ["digest", "known_cost", "route_cost", "tour_cost"]

FILE = Path(__file__).with_name("references.json")
TOUR_SCALE, ROUTE_SCALE = 65_000, 10_000
"""Solvers take whole numbers: the largest distance becomes this, for fast-tsp and for PyVRP. Both
have bounds: 16 bits, and the largest penalty for too much load, which must outweigh a detour."""

LONGEST_SECONDS = 120.0


@lru_cache(maxsize=1)
def _known() -> dict[str, float]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def digest(*arrays: np.ndarray) -> str:
    """Eight letters that stand for numbers, rounded to six decimals so that the last bit does not matter."""
    text = b"".join(np.round(np.asarray(array, dtype=float), 6).astype("<f8").tobytes() for array in arrays)
    return hashlib.sha256(text).hexdigest()[:8]


def known_cost(key: str) -> float | None:
    """Cost of an instance by name and digest; None if it was never solved."""
    return _known().get(key)


def tour_cost(distances: np.ndarray) -> float:
    """Length of the tour that fast-tsp finds until it converges: 500 n perturbations, and 100,000 at least, in vain.

    It is stopped after two minutes, which thousands of cities may need; only then does the cost depend on the machine.
    """
    import fast_tsp

    scaled = np.rint(distances * (TOUR_SCALE / distances.max())).astype(int)
    tour = np.array(
        fast_tsp.find_tour(scaled.tolist(), duration_seconds=LONGEST_SECONDS, stop_when_converged=True)
    )
    return float(distances[tour, np.roll(tour, 1)].sum())


def route_cost(distances: np.ndarray, demands: np.ndarray, capacity: int, iterations: int) -> float:
    """Length of the routes that PyVRP finds in so many iterations with seed 0; the same on every machine.

    Parameters
    ----------
    distances
        Shape (n + 1, n + 1); the depot is first.
    demands
        Whole numbers, shape (n + 1,); the depot's is 0.
    """
    from pyvrp import Model
    from pyvrp.stop import MaxIterations

    model, n = Model(), len(demands)
    scaled = np.rint(distances * (ROUTE_SCALE / distances.max())).astype(int)
    places = [model.add_location(0, 0) for _ in range(n)]
    model.add_depot(places[0])
    for place in range(1, n):
        model.add_client(places[place], delivery=[int(demands[place])])
    model.add_vehicle_type(n, capacity=[capacity])
    for start in range(n):
        for end in range(n):
            model.add_edge(places[start], places[end], distance=int(scaled[start, end]))
    found = model.solve(stop=MaxIterations(iterations), seed=0, display=False)
    return float(found.cost() * distances.max() / ROUTE_SCALE)


def main() -> None:
    """Solve every fixed instance that has no cost yet, and write the file."""
    from methods.moh.problems import fixed_instances

    costs = dict(_known())
    for key, solve in fixed_instances():
        if key not in costs:
            costs[key] = round(solve(), 9)
            FILE.write_text(json.dumps(costs, indent=0, sort_keys=True) + "\n")
            sys.stdout.write(f"{key} {costs[key]}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
