"""How far our meta-features are from OpenML's published qualities, and what they cost.

``python -m benchmarks.metafeatures`` compares every dataset whose data ships with scikit-learn: qualities come from
scikit-learn's copies of OpenML's replies; the timings are of made tables. Dataset 3 declares categories that never
occur, which OpenML counts; landmarkers are another implementation on other folds.
"""

from __future__ import annotations

from time import perf_counter, process_time

import numpy as np
import pandas as pd

from benchmarks import openml_tables
from embeddings.metafeatures import GROUPS, compute
from embeddings.table import Table, prepare

EXACT, CLOSE = 1e-9, 0.01


def compare() -> None:
    """Print, per group, how many values are exact, within 1 %, or further off, and each of the latter."""
    counts = {group: np.zeros(3, dtype=int) for group in GROUPS}
    far = []
    for dataset in openml_tables.WHOLE:
        published = openml_tables.qualities(dataset)
        values = compute(openml_tables.table(dataset), budget_seconds=60).values
        for group, names in GROUPS.items():
            for name in names:
                if name not in published or (np.isnan(published[name]) and np.isnan(values[name])):
                    continue
                size = max(abs(published[name]), EXACT)
                off = abs(values[name] - published[name]) / size if name in values else np.inf
                place = 0 if off <= EXACT else 1 if off <= CLOSE else 2
                counts[group][place] += 1
                if place == 2:
                    far.append((dataset, name, published[name], values[name]))
    print(f"{'group':<24}{'exact':>7}{'≤ 1 %':>7}{'more':>7}")
    for group, row in counts.items():
        print(f"{group:<24}" + "".join(f"{count:>7}" for count in row))
    print("\nmore than 1 % off (OpenML's value, ours):")
    for dataset, name, theirs, ours in far:
        print(f"  {dataset:>6} {name:<32}{theirs:>12.4f}{ours:>12.4f}")


def made(rows: int, columns: int, classes: int) -> Table:
    """A table of which every fourth column is categorical and 5 % of the numbers are missing."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, classes, rows)
    data = {
        f"c{j}": generator.integers(0, 6, rows).astype(str)
        if j % 4 == 3
        else np.where(generator.random(rows) < 0.05, np.nan, generator.normal(size=rows) + y)
        for j in range(columns)
    }
    return prepare(pd.DataFrame({**data, "y": y}), "y")


def time() -> None:
    """Print wall-clock and processor seconds for tables of several shapes, with a budget of 3 seconds."""
    compute(made(100, 4, 2))
    print(f"\n{'rows × columns, classes':<28}{'wall s':>8}{'CPU s':>8}  notes")
    for rows, columns, classes in (
        (1000, 20, 2),
        (1000, 20, 20),
        (100_000, 50, 2),
        (500, 5000, 2),
        (300_000, 100, 5),
    ):
        table = made(rows, columns, classes)
        wall, cpu = perf_counter(), process_time()
        notes = compute(table, budget_seconds=3).notes
        shape = f"{rows:,} × {columns:,}, {classes}"
        print(f"{shape:<28}{perf_counter() - wall:>8.2f}{process_time() - cpu:>8.2f}  {'; '.join(notes)}")


if __name__ == "__main__":
    compare()
    time()
