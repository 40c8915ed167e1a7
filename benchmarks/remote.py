"""How fast experiments go to a server: triples per second against a local Oxigraph server on disk.

``python -m benchmarks.remote`` prints medians of three for OBOE's first 10,000 runs: through the graph store protocol,
the same replacing what is there, through updates alone, and pushed from a local store (bar for each: 20,000
triples/s).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

import kg
from ingest import find_source
from kg.server import Server
from kg.transfer import push


def part(batch: kg.Batch, runs: int) -> kg.Batch:
    """The first runs of a batch with what they were measured at."""
    kept = batch.runs.head(runs)
    return kg.Batch(
        batch.manifest,
        datasets=batch.datasets,
        qualities=batch.qualities,
        tasks=batch.tasks,
        pipelines=batch.pipelines,
        runs=kept,
        evaluations=batch.evaluations.join(kept, on="run", how="semi"),
    )


def changed(batches: list[kg.Batch]) -> list[kg.Batch]:
    """The same with one value changed, so that it has to be written again."""
    first = batches[0]
    values = first.evaluations.with_columns(
        value=pl.when(pl.int_range(pl.len()) == 0).then(pl.col("value") / 2).otherwise("value")
    )
    return [kg.Batch(first.manifest, **{**first.tables(), "evaluations": values}), *batches[1:]]


def rate(store: kg.Store, batches: list[kg.Batch]) -> tuple[int, float]:
    """Triples written, and triples per second."""
    start = time.perf_counter()
    commit = store.commit(batches)
    return commit.quads, commit.quads / (time.perf_counter() - start)


def once(batches: list[kg.Batch]) -> dict[str, tuple[int, float]]:
    """All ways, each into a server of its own or over what is there."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), write=True) as server:
        urls = {"update_url": f"{server.url}/update", "graph_url": f"{server.url}/store?no_transaction"}
        with kg.RemoteStore(f"{server.url}/query", **urls, timeout=600) as store:
            found["uploads, new graph"] = rate(store, batches)
            found["uploads, graph replaced"] = rate(store, changed(batches))
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder), write=True) as server,
        kg.RemoteStore(f"{server.url}/query", update_url=f"{server.url}/update", timeout=600) as store,
    ):
        found["updates, new graph"] = rate(store, batches)
    found["push of a local store"] = pushed(batches)
    return found


def pushed(batches: list[kg.Batch]) -> tuple[int, float]:
    """Triples of a local store that ``metakg push`` carries to a server, and triples per second."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "server", write=True) as server:
        urls = {"update_url": f"{server.url}/update", "graph_url": f"{server.url}/store?no_transaction"}
        target = kg.RemoteStore(f"{server.url}/query", **urls, timeout=600)
        with kg.open_store(Path(folder) / "store", create=True) as source:
            source.commit(batches)
            start = time.perf_counter()
            quads = sum(graph.quads for graph in push(source, target))
            return quads, quads / (time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--runs", type=int, default=10_000)
    options = parser.parse_args()
    batches = [part(next(iter(find_source("oboe").batches())), options.runs)]
    rounds = [once(batches) for _ in range(options.repeats)]
    print(f"{'way':<28}{'triples':>10}{'triples/s':>12}")
    for way, (triples, _) in rounds[0].items():
        speed = statistics.median(found[way][1] for found in rounds)
        print(f"{way:<28}{triples:>10,}{speed:>12,.0f}")


if __name__ == "__main__":
    main()
