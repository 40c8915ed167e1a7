"""What goes wrong with tables on their way to the one who is to model them.

Each damage takes a table, its labels, a generator of random numbers and a strength from 0 to 1, and returns a table
and labels, of as many rows or fewer. They are applied in the order of `DAMAGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from methods.metaclaw.tables import Labels

__all__ = ["DAMAGES", "damage", "numbers"]

Damaged = tuple[pd.DataFrame, Labels]
Damage = Callable[[pd.DataFrame, Labels, np.random.Generator, float], Damaged]

_COLOURS = ("amber", "blue", "coral", "dark", "ebony", "fawn", "green")


def numbers(table: pd.DataFrame) -> list[str]:
    """Names of the columns of numbers."""
    return [str(name) for name, kind in table.dtypes.items() if kind.kind in "fiub"]


def telling(table: pd.DataFrame, labels: Labels) -> list[str]:
    """Columns of numbers, those whose means differ most between the classes first."""
    columns = numbers(table)
    values = table[columns].to_numpy()
    means = np.array([values[labels == c].mean(axis=0) for c in np.unique(labels)])
    told = means.std(axis=0) / (values.std(axis=0) + 1e-12)
    return [columns[i] for i in np.argsort(-told, kind="stable")]


def rare(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Most rows of one class are lost."""
    lost = rng.integers(len(np.unique(labels)))
    members = rng.permutation(np.flatnonzero(labels == lost))
    kept = max(9, round((0.14 - 0.05 * strength) * (len(labels) - len(members))))
    rows = np.sort(np.concatenate([np.flatnonzero(labels != lost), members[:kept]]))
    return table.iloc[rows].reset_index(drop=True), labels[rows]


def scales(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Columns come in units of their own, the least telling ones in the smallest unit, with the largest numbers."""
    columns = telling(table, labels)[::-1]
    powers = np.sort(rng.uniform(-2, 3 + 2 * strength, len(columns)))[::-1]
    return table.assign(
        **{name: table[name] * 10**power for name, power in zip(columns, powers, strict=True)}
    ), labels


def outliers(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Cells with a slipped decimal point: values far outside."""
    columns = numbers(table)
    slipped = rng.choice([-300.0, 300.0], (len(table), len(columns)))
    slipped[rng.random(slipped.shape) >= 0.01 + 0.02 * strength] = 1.0
    return table.assign(**{name: table[name] * slipped[:, i] for i, name in enumerate(columns)}), labels


def junk(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Columns that say nothing: noise, constants, a copy."""
    noise = {f"n{i}": rng.normal(size=len(table)) for i in range(2 + round(4 * strength))}
    copies: dict[str, Any] = {"k0": np.full(len(table), 7.0), "d0": table.iloc[:, 0]}
    return table.assign(**noise, **copies), labels


def amounts(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """The most telling columns are written as strings with a unit."""
    unit = rng.choice(["mg", "eur", "kg", "ml"])
    chosen = telling(table, labels)[: 2 + round(2 * strength)]
    scaled = {name: table[name] * 1000 / (table[name].abs().mean() + 1e-9) for name in chosen}
    return table.assign(**{name: [f"{cell:,.1f} {unit}" for cell in scaled[name]] for name in chosen}), labels


def dates(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """The most telling columns are kept as the day on which something was seen."""
    first = np.datetime64("2019-01-01") + rng.integers(1000)
    chosen = telling(table, labels)[: 2 + round(2 * strength)]
    days = {name: (table[name].rank() * 9).astype(int) for name in chosen}
    return table.assign(**{name: [str(first + day) for day in days[name]] for name in chosen}), labels


def categories(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """The most telling columns are binned and the bins have names."""
    chosen = telling(table, labels)[: 2 + round(2 * strength)]
    named = {}
    for name in chosen:
        bins = pd.qcut(table[name].rank(method="first"), len(_COLOURS), labels=False)
        names = rng.permutation(_COLOURS)
        named[name] = [str(names[i]) for i in bins]
    return table.assign(**named), labels


def places(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Two telling columns are known by a place only, of which there are many, some with one row."""
    chosen = telling(table, labels)[:2]
    named = {}
    for name in chosen:
        count = 16 + round(10 * strength)
        bins = np.minimum((table[name].rank(pct=True) ** 0.6 * count).astype(int), count - 1)
        codes = rng.permutation(900)[:count] + 100
        named[name] = [f"p{codes[i]}" for i in bins]
        for row in rng.integers(len(table), size=3):
            named[name][row] = f"p{rng.integers(1000, 9999)}"
    return table.assign(**named), labels


def missing(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Cells of numbers are empty."""
    return _emptied(table, rng.random((len(table), len(numbers(table)))) < 0.06 + 0.12 * strength), labels


def unmeasured(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Cells are empty where somebody saw no need to measure, which depends on the class."""
    chance = np.where(labels == labels.max(), 0.45 + 0.2 * strength, 0.08)[:, None]
    return _emptied(table, rng.random((len(table), len(numbers(table)))) < chance), labels


def _emptied(table: pd.DataFrame, hit: np.ndarray) -> pd.DataFrame:
    return table.assign(**{name: table[name].mask(hit[:, i]) for i, name in enumerate(numbers(table))})


def infinite(table: pd.DataFrame, labels: Labels, rng: np.random.Generator, strength: float) -> Damaged:
    """Ratios with a denominator of zero."""
    columns = numbers(table)[:4]
    hit = rng.random((len(table), len(columns))) < 0.02 + 0.03 * strength
    return table.assign(
        **{name: table[name].mask(hit[:, i], np.inf) for i, name in enumerate(columns)}
    ), labels


DAMAGES: Mapping[str, Damage] = {
    "rare": rare,
    "junk": junk,
    "amounts": amounts,
    "dates": dates,
    "categories": categories,
    "places": places,
    "scales": scales,
    "outliers": outliers,
    "missing": missing,
    "unmeasured": unmeasured,
    "infinite": infinite,
}
"""Damages by name, in the order in which they happen."""


def damage(
    table: pd.DataFrame, labels: Labels, names: Iterable[str], rng: np.random.Generator, strength: float
) -> Damaged:
    """Let the named things go wrong, one after the other."""
    chosen = set(names)
    for name, happen in DAMAGES.items():
        if name in chosen:
            table, labels = happen(table, labels, rng, strength)
    return table, labels
