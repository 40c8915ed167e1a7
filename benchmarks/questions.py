"""How long each shipped question takes on a store, in the median of repeated asking.

    python -m benchmarks.questions --store metakg-store [--repeat 5]

Bars: median of all questions at most 50 ms, slowest at most 1 s, on the packaged experiments (91,542 runs of OBOE
and the ends of LCDB's learning curves). Processor time is shown beside wall-clock time: on a busy machine the
former is what the question costs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import kg
from kg import questions

EXAMPLES = {
    "dataset": "31",
    "component": "sklearn.svm.SVC",
    "pipeline": "8ad1f1386e3da299",
    "pipeline_a": "8ad1f1386e3da299",
    "pipeline_b": "b907c90eb6bd3b2b",
    "run": "oboe/31/8ad1f1386e3da299",
    "text": "credit",
    "method": "moh",
}
"""A value for each parameter that must be given: credit-g, naive Bayes and a support vector machine of OBOE."""


def measure(store: kg.Store, name: str, repeat: int) -> tuple[float, float, int]:
    """Median wall-clock and processor milliseconds of a question, and the rows of its answer."""
    given = {p.name: EXAMPLES[p.name] for p in questions.load(name).params if p.default is None}
    wall, processor, rows = [], [], 0
    for _ in range(repeat):
        started, spent = time.perf_counter(), time.process_time()
        rows = len(questions.ask(store, name, **given))
        processor.append(1000 * (time.process_time() - spent))
        wall.append(1000 * (time.perf_counter() - started))
    return statistics.median(wall), statistics.median(processor), rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the shipped questions.")
    parser.add_argument(
        "--store", default=os.environ.get("METAKG_STORE", "metakg-store"), help="folder of the store"
    )
    parser.add_argument("--repeat", type=int, default=5, help="times to ask each question")
    options = parser.parse_args()
    started = time.perf_counter()
    with kg.open_store(options.store, read_only=True) as store:
        opened = time.perf_counter() - started
        runs = sum(info.counts.get("runs", 0) for info in store.graphs())
        print(
            f"{runs:,} runs, opened in {1000 * opened:.0f} ms, each question asked {options.repeat} times\n"
        )
        print(f"{'question':26} {'wall ms':>9} {'cpu ms':>9} {'rows':>6}")
        measured = {name: measure(store, name, options.repeat) for name in questions.names()}
    for name, (wall, processor, rows) in sorted(measured.items(), key=lambda item: item[1][0]):
        print(f"{name:26} {wall:9.1f} {processor:9.1f} {rows:6d}")
    walls = {name: wall for name, (wall, _, _) in measured.items()}
    worst = max(walls, key=lambda name: walls[name])
    print(f"\nmedian {statistics.median(walls.values()):.1f} ms (bar 50)")
    print(f"worst {walls[worst]:.1f} ms: {worst} (bar 1,000)")


if __name__ == "__main__":
    main()
