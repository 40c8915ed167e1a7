"""Writers, readers and a killer on one embedded store: nothing that was acknowledged may be lost or doubled.

Eight writers log runs, append what waits, and load a large source again and again (each time it is compacted);
four readers check at each version that the counts of the manifest are those of the graph. All the while processes
are killed with SIGKILL and started anew. At the end every run whose ``log`` had returned must be there exactly once,
with its value, and the large source must be whole::

    metakg bench torture --kills 200
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import kg
from kg import iris
from kg.testing import one_run

RUNS = "SELECT ?run ?value WHERE { ?run a <http://www.w3.org/ns/mls#Run> ; $measure ?value }"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"
LARGE = 4_000
PROJECT = iris.graph("project", "local")


@dataclass(frozen=True)
class Outcome:
    """What the torture ended with; ``faults`` is empty if the store stood it."""

    kills: int
    acknowledged: int
    found: int
    versions: int
    reads: int
    seconds: float
    faults: list[str]


def value_of(key: str) -> float:
    """Score that the run of that key is logged with, so that a wrong one is noticed."""
    return sum(key.encode()) % 97 / 97


def large_batch(edition: int) -> kg.Batch:
    """A source of 4,000 runs whose values tell its edition."""
    import polars as pl

    one = one_run("0", source="large")
    names = [iris.own("run", f"large/{number}") for number in range(LARGE)]
    return kg.Batch(
        kg.Manifest("large", "1", "a large source", "CC0-1.0", "https://example.org/large"),
        datasets=one.datasets,
        tasks=one.tasks,
        pipelines=one.pipelines,
        runs=pl.concat([one.runs] * LARGE).with_columns(run=pl.Series(names)),
        evaluations=pl.concat([one.evaluations] * LARGE).with_columns(
            run=pl.Series(names), value=pl.lit(edition % 2 / 2)
        ),
    )


def log_runs(folder: Path, notes: Path) -> None:
    """Log runs for ever, and note each once it is acknowledged."""
    with notes.open("a", buffering=1) as stream:
        while True:
            with kg.open_store(folder) as store:
                for _ in range(random.randint(1, 60)):
                    key = f"{os.getpid()}-{time.monotonic_ns()}"
                    store.log(one_run(key, value_of(key)))
                    stream.write(f"{key}\n")


def drain(folder: Path, _: Path) -> None:
    """Append what waits, for ever."""
    while True:
        with kg.open_store(folder) as store:
            store.refresh()
        time.sleep(0.02)


def load_large(folder: Path, _: Path) -> None:
    """Write the large source again and again, each time with other values."""
    edition = random.randint(0, 1)
    while True:
        with kg.open_store(folder) as store:
            store.commit(large_batch(edition))
        edition += 1
        time.sleep(0.3)


def read(folder: Path, notes: Path) -> None:
    """Check at each version that the graphs hold what the manifest says."""
    newest = 0
    with notes.open("a", buffering=1) as stream:
        while True:
            with kg.open_store(folder, read_only=True) as store:
                assert store.version >= newest, f"version {store.version} after {newest}"
                newest = store.version
                for info in store.graphs():
                    ((runs,),) = store.query(COUNT, default_graph=info.iri).rows()
                    assert runs == info.counts["runs"], f"{info.iri}: {runs} runs, {info.counts} stated"
                stream.write("read\n")
            time.sleep(0.05)


ROLES: dict[str, Callable[[Path, Path], None]] = {
    **{f"writer{number}": log_runs for number in range(6)},
    "drainer": drain,
    "loader": load_large,
    **{f"reader{number}": read for number in range(4)},
}


def play(role: str, folder: Path, notes: Path) -> None:
    """Do a role until killed; a fault is written down."""
    try:
        ROLES[role](folder, notes / f"{role}.txt")
    except Exception:
        with (notes / "faults").open("a") as stream:
            stream.write(f"{role}: {traceback.format_exc()}\n")
        raise


def torture(folder: Path, kills: int, *, seed: int = 0, pause: tuple[float, float] = (0.05, 0.4)) -> Outcome:
    """Torture a new store in a folder; ``pause`` are the least and the most seconds between two kills."""
    started, chance = time.perf_counter(), random.Random(seed)
    store_folder, notes = folder / "store", folder / "notes"
    notes.mkdir(parents=True)
    with kg.open_store(store_folder, create=True) as store:
        store.commit(large_batch(0))
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["kg.testing", "polars", "pyoxigraph"])  # a new process starts at once

    def start(role: str) -> multiprocessing.process.BaseProcess:
        process = processes.Process(target=play, args=(role, store_folder, notes), daemon=True)
        process.start()
        return process

    running = {role: start(role) for role in ROLES}
    done = 0
    try:
        time.sleep(1.0)  # until each has begun
        while done < kills:
            time.sleep(chance.uniform(*pause))
            role = chance.choice(list(ROLES))
            process = running[role]
            if process.is_alive() and process.pid:
                os.kill(process.pid, signal.SIGKILL)
                done += 1
            process.join()
            running[role] = start(role)
        time.sleep(pause[1])
    finally:
        for process in running.values():
            process.kill()
            process.join()
    return judged(store_folder, notes, done, started)


def judged(folder: Path, notes: Path, kills: int, started: float) -> Outcome:
    """Reconcile what was acknowledged with what is in the store."""
    faults = (notes / "faults").read_text().splitlines() if (notes / "faults").exists() else []
    lines = {path.stem: path.read_text().splitlines() for path in notes.glob("*.txt")}
    keys = [key for role, noted in lines.items() if role.startswith("writer") for key in noted]
    measure = {"measure": kg.IRI(iris.measure("balanced_accuracy"))}
    with kg.open_store(folder) as store:
        assert store.inbox is not None
        if store.inbox.waiting():
            faults.append(f"{len(store.inbox.waiting())} runs still wait")
        if store.inbox.refused():
            faults.append(f"refused: {store.inbox.refused()}")
        rows = list(store.query(RUNS, bindings=measure, default_graph=PROJECT).rows())
        counts = {info.source: info.counts["runs"] for info in store.graphs()}
        large = list(store.query(RUNS, bindings=measure, default_graph=iris.graph("large", "1")).rows())
        versions = store.version
        recorded = [entry.version for entry in store.history()]
    found = {str(run).rpartition("/")[2]: value for run, value in rows}
    lost = [key for key in keys if key not in found]
    faults += [f"{len(lost)} acknowledged runs are lost, such as {lost[0]}"] if lost else []
    wrong = [key for key in found if found[key] != value_of(key)]
    faults += [f"{len(wrong)} runs have another value, such as {wrong[0]}"] if wrong else []
    if not len(rows) == len(found) == counts["project"]:
        faults.append(f"{len(rows)} values of {len(found)} runs, {counts['project']} stated")
    if len(large) != LARGE or len({value for _, value in large}) != 1:
        faults.append(f"the large source has {len(large)} runs with values { ({v for _, v in large}) }")
    if recorded != list(range(1, versions + 1)):
        faults.append(f"the history has {len(recorded)} commits, the store is at version {versions}")
    reads = sum(len(noted) for role, noted in lines.items() if role.startswith("reader"))
    seconds = time.perf_counter() - started
    return Outcome(kills, len(keys), len(found), versions, reads, seconds, faults)


def main() -> int:
    """Torture a store in a temporary folder and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = torture(Path(folder), options.kills, seed=options.seed)
    print(
        f"{outcome.kills} kills in {outcome.seconds:.0f} s, 8 writers, 4 readers: {outcome.acknowledged:,} runs "
        f"acknowledged, {outcome.found:,} found, {outcome.versions:,} versions, {outcome.reads:,} reads checked"
    )
    for fault in outcome.faults:
        print(f"fault: {fault}")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    from benchmarks.torture import main as run  # children find what they do under the module's name

    sys.exit(run())
