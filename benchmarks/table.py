"""How fast tables of results are read: a CSV of 100,000 rows, in folds and one run a row, into an empty store.

Prints for each the seconds of reading and of the whole with the commit, and rows per second::

    metakg bench table
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import kg
from ingest import TableSource, ingest


def write_table(path: Path, rows: int, folds: int) -> None:
    """Write made-up results of classifiers: datasets x configurations x folds, two measures and a time."""
    draw = random.Random(7)
    header = "dataset,model,param_C,param_gamma,fold,accuracy,log_loss,fit_time_s"
    with path.open("w", encoding="utf-8") as stream:
        stream.write((header if folds > 1 else header.replace("fold,", "")) + "\n")
        for number in range(rows):
            run, fold = divmod(number, folds)
            configuration, dataset = divmod(run, 100)
            cells = [
                f"dataset {dataset}",
                "sklearn.svm.SVC",
                2 ** (configuration % 40 - 20),
                configuration // 40 + 1,
            ]
            cells += [fold] if folds > 1 else []
            cells += [f"{draw.random():.6f}", f"{draw.random():.6f}", f"{draw.random():.3f}"]
            stream.write(",".join(map(str, cells)) + "\n")


def measure(path: Path, store: Path) -> tuple[float, float, int]:
    """Seconds of reading, seconds in all with the commit, runs."""
    started = time.perf_counter()
    list(TableSource(path).batches())
    reading = time.perf_counter() - started
    started = time.perf_counter()
    with kg.open_store(store, create=True) as opened:
        report = ingest(opened, TableSource(path))
    return reading, time.perf_counter() - started, report.written["runs"]


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="How fast tables of results are read.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="2,000 rows")
    options = parser.parse_args()
    rows = 2_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory() as work:
        for folds in (10, 1):
            path = Path(work) / f"{folds}.csv"
            write_table(path, rows, folds)
            reading, whole, runs = measure(path, Path(work) / f"store-{folds}")
            print(
                f"{rows:,} rows, {runs:,} runs of {folds} fold{'s' if folds > 1 else ''}: "
                f"read in {reading:.1f} s, with the commit {whole:.1f} s, {rows / whole:,.0f} rows/s"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
