"""Reads symmetric instances of the travelling salesman problem in the format of TSPLIB.

Distances are rounded as the documentation of TSPLIB 95 (Reinelt, section 2) says, so that lengths of tours are those
that are published.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from methods.errors import MethodError

__all__ = ["read_distances", "tsplib_files"]

LARGEST = 3000
"""Cities; the matrix of distances is kept whole."""

EARTH_RADIUS_KM = 6378.388
"""Of TSPLIB."""


def tsplib_files(path: Path) -> list[Path]:
    """The file itself, or the files of a folder whose names end in ``.tsp``.

    Raises
    ------
    MethodError
        If a folder holds none.
    """
    if path.is_dir():
        files = sorted(path.glob("*.tsp"))
        if not files:
            raise MethodError(f"{path}: no file in this folder ends in .tsp")
        return files
    return [path]


def read_distances(path: Path) -> np.ndarray:
    """Distances of an instance, shape (n, n).

    Raises
    ------
    MethodError
        If it is not symmetric, too large, of a kind that is not known, or broken.
    """
    try:
        header, sections = _parsed(path.read_text(encoding="utf-8", errors="replace"))
        size = int(header["DIMENSION"])
        if header.get("TYPE", "TSP").split()[0] != "TSP":
            raise MethodError(f"{path}: its type is {header['TYPE']}; only TSP can be read")
        if not 5 <= size <= LARGEST:
            raise MethodError(f"{path}: it has {size} cities; from 5 to {LARGEST} can be read")
        return _distances(path, header, sections, size)
    except (KeyError, ValueError, IndexError, OSError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise MethodError(f"{path}: not an instance in the format of TSPLIB ({said})") from None


def _parsed(text: str) -> tuple[dict[str, str], dict[str, list[float]]]:
    header: dict[str, str] = {}
    sections: dict[str, list[float]] = {}
    section = None
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] == "EOF":
            continue
        if words[0].rstrip(":").endswith("_SECTION"):
            section = sections.setdefault(words[0].rstrip(":"), [])
        elif ":" in line and words[0][0].isalpha():
            name, _, value = line.partition(":")
            header[name.strip()] = value.strip()
        elif section is not None:
            section += [float(word) for word in words]
    return header, sections


def _distances(path: Path, header: dict[str, str], sections: dict[str, list[float]], size: int) -> np.ndarray:
    kind = header["EDGE_WEIGHT_TYPE"]
    if kind == "EXPLICIT":
        return _explicit(header["EDGE_WEIGHT_FORMAT"], sections["EDGE_WEIGHT_SECTION"], size)
    if kind not in KINDS:
        raise MethodError(
            f"{path}: distances of type {kind} are not known; known: EXPLICIT, {', '.join(KINDS)}"
        )
    places = np.array(sections["NODE_COORD_SECTION"]).reshape(size, -1)[:, 1:3]
    apart = np.abs(places[:, None] - places[None])
    found = _geographical(places) if kind == "GEO" else KINDS[kind](apart)
    np.fill_diagonal(found, 0.0)
    return found


def _explicit(layout: str, weights: list[float], size: int) -> np.ndarray:
    if layout == "FULL_MATRIX":
        found = np.array(weights).reshape(size, size)
        if (found != found.T).any():
            raise ValueError("the matrix is not symmetric")
        return found
    offset = 1 if layout.endswith("_ROW") and "DIAG" not in layout else 0
    if layout not in ("UPPER_ROW", "LOWER_ROW", "UPPER_DIAG_ROW", "LOWER_DIAG_ROW"):
        raise ValueError(f"matrices as {layout} are not known")
    found = np.zeros((size, size))
    places = np.triu_indices(size, offset) if layout.startswith("UPPER") else np.tril_indices(size, -offset)
    found[places] = np.array(weights)
    return np.maximum(found, found.T)


def _pseudo_euclidean(apart: np.ndarray) -> np.ndarray:
    exact = np.sqrt((apart**2).sum(-1) / 10.0)
    rounded = np.rint(exact)
    return np.where(rounded < exact, rounded + 1, rounded)


def _geographical(places: np.ndarray) -> np.ndarray:
    # Degrees and minutes as DDD.MM; TSPLIB's own value of pi.
    degrees = np.trunc(places)
    latitude, longitude = (math.pi * (degrees + 5.0 * (places - degrees) / 3.0) / 180.0).T
    first = np.cos(longitude[:, None] - longitude[None])
    second = np.cos(latitude[:, None] - latitude[None])
    third = np.cos(latitude[:, None] + latitude[None])
    angle = np.arccos(np.clip(0.5 * ((1.0 + first) * second - (1.0 - first) * third), -1.0, 1.0))
    return np.floor(EARTH_RADIUS_KM * angle + 1.0)


KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "EUC_2D": lambda apart: np.floor(np.sqrt((apart**2).sum(-1)) + 0.5),
    "CEIL_2D": lambda apart: np.ceil(np.sqrt((apart**2).sum(-1))),
    "MAN_2D": lambda apart: np.floor(apart.sum(-1) + 0.5),
    "MAX_2D": lambda apart: np.floor(apart + 0.5).max(-1),
    "ATT": _pseudo_euclidean,
    "GEO": _geographical,
}
