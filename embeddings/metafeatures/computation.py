"""All meta-features of a table within a time budget."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from embeddings.metafeatures.information import INFORMATION, information
from embeddings.metafeatures.landmarkers import LANDMARKERS, landmarkers
from embeddings.metafeatures.simple import SIMPLE, simple
from embeddings.metafeatures.statistical import STATISTICAL, statistical
from embeddings.sampling import subsample
from embeddings.table import Table, prepare

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROUPS", "NAMES", "MetaFeatures", "compute"]

GROUPS = {
    "simple": SIMPLE,
    "statistical": STATISTICAL,
    "information-theoretic": INFORMATION,
    "landmarkers": LANDMARKERS,
}
"""The names of each group, in the order of computation: cheapest first."""

NAMES = tuple(name for names in GROUPS.values() for name in names)
"""All names, in a fixed order."""

# Sizes, not times, decide what is sampled: the same table, budget and seed give the same values anywhere.
_CELLS_PER_SECOND = 4_000_000
_FEWEST_ROWS = 200
_LANDMARKER_ROWS_PER_SECOND = 1_000
_LANDMARKER_COLUMNS = 200
_LANDMARKER_DENSITIES_PER_SECOND = 10_000_000


@dataclass(frozen=True)
class MetaFeatures:
    """Values by OpenML name (NaN = missing), seconds spent by group, and notes for a person."""

    values: dict[str, float]
    seconds: dict[str, float]
    notes: list[str]


def compute(
    table: pd.DataFrame | Table,
    target: str | None = None,
    *,
    budget_seconds: float = 3.0,
    seed: int = 0,
    groups: Collection[str] | None = None,
) -> MetaFeatures:
    """Compute a table's meta-features under OpenML's names and definitions.

    Counts are always of the whole table. Moments and entropies of large tables, and landmarkers, are computed
    on a stratified sample of rows whose size follows from the budget; what the budget does not allow is NaN.

    Parameters
    ----------
    table
        A prepared table, or a data frame with its target column.
    target
        Name of the target column; only, and always, with a data frame.
    budget_seconds
        Seconds that the computation may take, preparing left aside.
    seed
        Seed of samples and folds.
    groups
        Names from ``GROUPS``; all of them if left away.

    Raises
    ------
    TableError
        If the data frame cannot be used (see `embeddings.table.prepare`).
    ValueError
        If a group is unknown, the budget is not positive, or the target is missing or superfluous.
    """
    if (target is None) != isinstance(table, Table):
        raise ValueError("give the target with a data frame, and no target with a prepared table")
    if not budget_seconds > 0:
        raise ValueError(f"budget_seconds is {budget_seconds}; it must be above 0")
    wanted = list(GROUPS) if groups is None else [group for group in GROUPS if group in groups]
    if groups is not None and (unknown := sorted(set(groups) - set(GROUPS))):
        raise ValueError(f"unknown group {unknown[0]!r}; known: {', '.join(GROUPS)}")
    prepared = table if isinstance(table, Table) else prepare(table, str(target))

    values = {name: np.nan for group in wanted for name in GROUPS[group]}
    seconds: dict[str, float] = {}
    notes = list(prepared.notes)
    start = perf_counter()
    part = _affordable(prepared, budget_seconds, seed)
    if part is not prepared and {"statistical", "information-theoretic"} & set(wanted):
        notes.append(f"moments and entropies are of a sample of {len(part.X):,} of {len(prepared.X):,} rows")
    for group in wanted:
        before = perf_counter()
        if group != "simple" and before - start > budget_seconds:
            notes.append(f"{group} meta-features are missing: the budget of {budget_seconds:g} s was spent")
            continue
        if group == "simple":
            values |= simple(prepared)
        elif group == "statistical":
            values |= statistical(part)
        elif group == "information-theoretic":
            values |= information(part)
        elif prepared.task == "classification":
            notes += _landmarkers(prepared, values, seed, budget_seconds, start)
        seconds[group] = perf_counter() - before
    return MetaFeatures(values, seconds, notes)


def _affordable(table: Table, budget_seconds: float, seed: int) -> Table:
    rows = int(_CELLS_PER_SECOND * budget_seconds / table.X.shape[1])
    return subsample(table, rows=max(rows, _FEWEST_ROWS), seed=seed)


def _landmarkers(
    table: Table, values: dict[str, float], seed: int, budget_seconds: float, start: float
) -> list[str]:
    """Add the landmarkers to ``values``; return notes on what was sampled or left out."""
    width = min(table.X.shape[1], _LANDMARKER_COLUMNS) * table.y.nunique()
    affordable = min(_LANDMARKER_ROWS_PER_SECOND, _LANDMARKER_DENSITIES_PER_SECOND / width) * budget_seconds
    sample = subsample(table, rows=max(int(affordable), _FEWEST_ROWS), columns=_LANDMARKER_COLUMNS, seed=seed)
    notes = []
    if sample is not table:
        notes.append(f"landmarkers ran on a sample of {len(sample.X):,} rows and {sample.X.shape[1]} columns")
    for part in landmarkers(sample, seed):
        values.update(part)
        if perf_counter() - start > budget_seconds:
            missing = [name for name in LANDMARKERS if np.isnan(values[name])]
            if missing:
                notes.append(
                    f"{len(missing)} landmarkers are missing: the budget of {budget_seconds:g} s was spent"
                )
            break
    return notes
