"""OpenML's listings from a local server into a new graph: how fast, and whether it stands being killed.

The server (``tests/ingest/openml_server.py``) replays OpenML's documents and lists evaluations that a generator drew.
Prints the seconds that 100,000 listed evaluations of 25,000 runs take, in pages of 10,000 as OpenML gives them, and the
seconds of another ingest, which finds nothing new. Then processes that ingest are killed with SIGKILL at random moments
and started anew until one comes to the end, again and again; each graph must be the same as that of an ingest that
nobody interrupted: by its counts, its content hash, its triples and its series::

    metakg bench openml_replay
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import kg
from ingest import IngestReport, OpenmlSource, ingest
from ingest.openml_client import Client
from tests.ingest.openml_server import Server, serving, synthetic_world

ROOT = Path(__file__).resolve().parents[1]
SUITE = 99


def read_in(
    folder: Path, url: str, page: int, *, per_fold: bool, functions: Sequence[str] = ()
) -> IngestReport:
    """Ingest the suite into a store, without waiting between requests."""
    client = Client(url, pause=0.0, first_wait=0.05)
    source = OpenmlSource(
        suite=SUITE, function=functions, server=url, client=client, page=page, per_fold=per_fold
    )
    with kg.open_store(folder, create=True) as store:
        return ingest(store, source)


def state(folder: Path) -> dict[str, object]:
    """What a store says of its one graph, and digests of what is in it."""
    with kg.open_store(folder) as store:
        (info,) = store.graphs()
        lines = sorted(line for chunk in store.dump(info.iri) for line in chunk.splitlines())
        series = store.series().write_csv()
    return {
        "counts": info.counts,
        "content hash": info.content_hash,
        "unfinished": info.unfinished,
        "triples": hashlib.sha256(b"\n".join(lines)).hexdigest(),
        "series": hashlib.sha256(series.encode()).hexdigest(),
    }


def child(folder: Path, server: Server, page: int) -> subprocess.Popen[str]:
    """Process that ingests, once it has begun."""
    words = [sys.executable, "-m", "benchmarks.openml_replay", "--child", str(folder), server.url, str(page)]
    words += ["--functions", ",".join(server.world.evaluations)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def killed_and_resumed(work: Path, server: Server, kills: int, *, page: int, seed: int = 0) -> list[str]:
    """Faults found while ``kills`` processes are killed; none if every graph is the same as the uninterrupted one."""
    draw, faults = random.Random(seed), list[str]()
    started = time.perf_counter()
    whole = read_in(work / "whole", server.url, page, per_fold=True, functions=list(server.world.evaluations))
    seconds = time.perf_counter() - started
    expected = state(work / "whole")
    delivered = rounds = 0
    while delivered < kills:
        rounds += 1
        folder = work / f"round-{rounds}"
        while True:
            process = child(folder, server, page)
            try:
                wait = draw.uniform(0.0, seconds / 4) if delivered < kills else None
                answer, error = process.communicate(timeout=wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                delivered += 1
                continue
            if process.returncode:
                return [*faults, f"round {rounds}: {error.strip()}"]
            break
        found = state(folder)
        faults += [
            f"round {rounds}: {name} is {found[name]}, not {value}"
            for name, value in expected.items()
            if found[name] != value
        ]
        report = json.loads(answer)
        if not report["changed"]:
            continue  # the one before was killed when it had written everything
        faults += [
            f"round {rounds}: the report says {name} {report[name]}, not {value}"
            for name, value in json.loads(json.dumps(whole.to_dict())).items()
            if name in ("read", "written", "left_out") and report[name] != value
        ]
    return faults


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a tenth of the evaluations and 4 kills")
    parser.add_argument("--child", nargs=3, metavar=("FOLDER", "URL", "PAGE"), help=argparse.SUPPRESS)
    parser.add_argument("--functions", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print("started", flush=True)
        folder, url, page = options.child
        print(
            json.dumps(
                read_in(
                    Path(folder), url, int(page), per_fold=True, functions=options.functions.split(",")
                ).to_dict()
            )
        )
        return 0
    runs, kills = (2_500, 4) if options.quick else (25_000, options.kills)
    with tempfile.TemporaryDirectory() as work:
        with serving(synthetic_world(runs, folds=False)) as server:
            for what in ("into a new graph", "again, nothing new"):
                started, before = time.perf_counter(), len(server.requests)
                report = read_in(Path(work) / "store", server.url, 10_000, per_fold=False)
                seconds, requests = time.perf_counter() - started, len(server.requests) - before
                count = report.read["evaluations"]
                print(f"{count:,} listed evaluations {what}: {seconds:.1f} s, {requests} requests")
        with serving(synthetic_world(1_200)) as server:
            started = time.perf_counter()
            faults = killed_and_resumed(Path(work), server, kills, page=300, seed=options.seed)
            seconds = time.perf_counter() - started
    print(f"{kills} kills and resumed in {seconds:.0f} s: {'not ' if faults else ''}the same graph each time")
    for fault in faults:
        print(f"fault: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
