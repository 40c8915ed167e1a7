"""What it costs to log a run: by one process, and by eight at a time, into a store with all of OBOE.

Prints the median and the slowest call of ``log``, the runs per second including appending them to the graph, and how
many of eight processes' runs are in the graph at the end::

    metakg bench logging
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

import kg
from ingest import find_source
from kg import iris
from kg.testing import one_run

COUNT = "SELECT (COUNT(DISTINCT ?run) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"


def log_runs(folder: Path, name: str, runs: int) -> list[float]:
    """Log runs and close the store, which appends them; seconds of each call."""
    seconds = []
    with kg.open_store(folder) as store:
        for number in range(runs):
            batch = one_run(f"{name}-{number}", number / runs)
            started = time.perf_counter()
            store.log(batch)
            seconds.append(time.perf_counter() - started)
    return seconds


def in_graph(folder: Path) -> int:
    """Logged runs that are in the graph."""
    with kg.open_store(folder) as store:
        ((count,),) = store.query(COUNT, default_graph=iris.graph("project", "local")).rows()
    assert isinstance(count, int)
    return count


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What it costs to log a run.")
    parser.add_argument("--runs", type=int, default=2_000, help="runs in all, by one process and by eight")
    parser.add_argument("--quick", action="store_true", help="an empty store and 400 runs")
    options = parser.parse_args()
    runs = 400 if options.quick else options.runs
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "store"
        with kg.open_store(folder, create=True) as store:
            if not options.quick:
                store.commit(list(find_source("oboe").batches()))
            one_run("warm")
        started = time.perf_counter()
        seconds = log_runs(folder, "one", runs)
        total = time.perf_counter() - started
        print(
            f"one process     median {1e3 * statistics.median(seconds):.1f} ms, slowest {1e3 * max(seconds):.0f} ms"
        )
        print(
            f"                {runs / total:.0f} runs/s, appending included; {in_graph(folder):,} in the graph"
        )
        processes = multiprocessing.get_context("spawn")
        started = time.perf_counter()
        writers = [
            processes.Process(target=log_runs, args=(folder, str(number), runs // 8)) for number in range(8)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        found = in_graph(folder)
        total = time.perf_counter() - started
        expected = runs + 8 * (runs // 8)
        print(f"eight processes {8 * (runs // 8) / total:.0f} runs/s, their start included")
        print(f"                {found:,} of {expected:,} in the graph")
    return 0 if found == expected and not any(writer.exitcode for writer in writers) else 1


if __name__ == "__main__":
    sys.exit(main())
