"""How long people wait: opening, asking, recommending, from a new process each time; medians of several runs.

    python -m benchmarks.latency --store metakg-store [--repeats 5] [--exclude-source lcdb] [--as-of 2026-11-01]

The store needs a trained model (``metakg embed``, or ``make demo``), of what is selected where that is not all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import kg

ROWS, COLUMNS = 1_000, 20
SELECTING = ("--as-of", "--exclude-dataset", "--exclude-source")


def table(rows: int = ROWS, columns: int = COLUMNS, seed: int = 0) -> pd.DataFrame:
    """Mixed table with a target that depends on two columns: three quarters numbers, one quarter words."""
    rng = np.random.default_rng(seed)
    numeric = columns * 3 // 4
    frame = pd.DataFrame(rng.normal(size=(rows, numeric)), columns=[f"x{i}" for i in range(numeric)])
    for i in range(columns - numeric):
        frame[f"c{i}"] = rng.choice(list("abcd"), rows)
    noise = rng.normal(scale=0.5, size=rows)
    frame["y"] = np.where(frame["x0"] + frame["x1"] ** 2 + noise > 1, "yes", "no")
    return frame


def seconds(words: list[str], repeats: int) -> list[float]:
    """Wall-clock seconds of a command, each time in a new process."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--store", default=os.environ.get("METAKG_STORE", "metakg-store"))
    parser.add_argument("--repeats", type=int, default=5)
    for option in SELECTING:
        parser.add_argument(option, action="append", default=[], help="as of `metakg recommend`")
    arguments = parser.parse_args()
    selected = [
        word
        for option in SELECTING
        for value in getattr(arguments, option.strip("-").replace("-", "_"))
        for word in (option, value)
    ]
    opening = []
    for _ in range(arguments.repeats):
        started = time.perf_counter()
        kg.open_store(arguments.store).close()
        opening.append(time.perf_counter() - started)
    command = [sys.executable, "-m", "metakg", "--store", arguments.store]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        table().to_csv(path, index=False)
        rows = {
            "open the store": (opening, 0.3),
            "metakg ask best-pipelines --dataset 31": (
                seconds([*command, "ask", "best-pipelines", "--dataset", "31"], arguments.repeats),
                1.5,
            ),
            f"metakg recommend, {ROWS} x {COLUMNS}": (
                seconds([*command, "recommend", str(path), "--target", "y", *selected], arguments.repeats),
                5.0,
            ),
        }
    print(f"{'':<42}{'median':>10}{'worst':>10}{'bar':>8}")
    for name, (times, bar) in rows.items():
        print(f"{name:<42}{statistics.median(times):>8.2f} s{max(times):>8.2f} s{bar:>6.1f} s")


if __name__ == "__main__":
    main()
