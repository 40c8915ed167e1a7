"""What 12 million runs cost: TensorOboe into a new store, and then the questions that people ask of it.

    python -m benchmarks.tensoroboe --path oboe-0.2.0-py3-none-any.whl [--quick]

Prints, for the whole ingest, runs, quads, seconds, runs per second, peak memory and disk; seconds per run, and those of
the first million by themselves; what reading and mapping cost beside loading, against Oxigraph's own loader on the
N-Quads of the first batch; then what loading the experience takes, and medians of questions. Each part runs in a
process of its own, so that its memory is its own. ``--quick`` takes 20 datasets.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import kg
import metakg
from ingest import TensorOboeSource
from kg import iris
from kg.quads import nquads

QUICK = (2, 3, 5, 7, 9, 13, 15, 24, 27, 29, 31, 35, 37, 38, 40, 42, 44, 50, 53, 59)
LIMIT_SECONDS = 120.0
EARLY_BATCHES = 3
LEADERBOARD = """# The ten pipelines with the best mean score over the datasets that they were run on
PREFIX mls: <http://www.w3.org/ns/mls#>
PREFIX measure: <https://w3id.org/metakg/measure/>
SELECT ?pipeline (AVG(?value) AS ?mean) (COUNT(?run) AS ?runs) WHERE {
  ?run mls:executes ?pipeline ; measure:one_vs_rest_balanced_accuracy ?value
} GROUP BY ?pipeline ORDER BY DESC(?mean) LIMIT 10"""

Datasets = tuple[int, ...] | None


def ingested(store: Path, path: Path | None, datasets: Datasets) -> dict[str, Any]:
    """Ingest into a new store."""
    started = time.perf_counter()
    with metakg.open(store) as graph:
        report = graph.ingest(TensorOboeSource(path, datasets))
    return {
        "runs": report.written["runs"],
        "quads": report.quads,
        "seconds": time.perf_counter() - started,
        "left_out": [f"{item.count:,} {item.what} ({item.why})" for item in report.left_out],
    }


def begun(store: Path, path: Path | None, datasets: Datasets) -> dict[str, Any]:
    """The first million runs by themselves, from reading to indexing, in a new store."""
    started = time.perf_counter()
    with kg.open_store(store, create=True) as opened:
        first = list(islice(TensorOboeSource(path, datasets).batches(), EARLY_BATCHES))
        opened.append(first)
    return {
        "runs": sum(batch.runs.height for batch in first),
        "seconds": time.perf_counter() - started,
    }


def mapped(file: Path, path: Path | None, datasets: Datasets) -> dict[str, Any]:
    """Write the N-Quads of the first batch to a file."""
    batches = TensorOboeSource(path, datasets).batches()
    started = time.perf_counter()
    batch = next(batches)
    read = time.perf_counter()
    quads = 0
    with file.open("wb") as stream:
        for lines in nquads(batch):
            quads += lines.count(b"\n")
            stream.write(lines)
    return {
        "runs": batch.runs.height,
        "quads": quads,
        "read": read - started,
        "map": time.perf_counter() - read,
    }


def asked(store: Path, name: str, given: dict[str, Any], repeat: int) -> dict[str, Any]:
    """Ask a shipped question, or a text, of an open store."""
    with metakg.open(store, read_only=True) as graph:
        seconds, rows = [], 0
        for _ in range(repeat):
            started = time.perf_counter()
            rows = len(graph.sparql(name) if " " in name else graph.ask(name, **given))
            seconds.append(time.perf_counter() - started)
    return {"median": statistics.median(seconds), "rows": rows}


def ranked(store: Path, dataset: int | None, repeat: int) -> dict[str, Any]:
    """Ask for a leaderboard: from the columns, which are loaded before."""
    with metakg.open(store, read_only=True) as graph:
        graph.experience()
        seconds, rows = [], 0
        for _ in range(repeat):
            started = time.perf_counter()
            rows = graph.leaderboard(dataset, top=10).height
            seconds.append(time.perf_counter() - started)
    return {"median": statistics.median(seconds), "rows": rows}


def projected(store: Path) -> dict[str, Any]:
    """Load the experience, of which a first load makes the projection, and draw its matrix."""
    from metakg.training import MEASURE, PROCEDURE
    from metakg.training_runs import only_learnable

    with metakg.open(store) as graph:
        started = time.perf_counter()
        experience = graph.experience()
        loaded = time.perf_counter()
        datasets, pipelines, _ = only_learnable(experience, MEASURE, PROCEDURE).matrix(MEASURE, PROCEDURE)
    return {
        "seconds": loaded - started,
        "matrix": time.perf_counter() - loaded,
        "shape": f"{len(datasets)} x {len(pipelines)}",
    }


def _answer(work: Callable[..., dict[str, Any]], words: tuple[Any, ...], end: Connection) -> None:
    found = work(*words)
    # kilobytes on Linux, bytes on macOS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    end.send({**found, "peak": peak})


def apart(
    work: Callable[..., dict[str, Any]], *words: Any, limit: float | None = None
) -> dict[str, Any] | None:
    """Run in a process of its own, which reports its peak memory in GB; None if it took longer than the limit."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(work, words, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(limit):
            process.kill()
            return None
        return ours.recv()
    except EOFError:
        raise SystemExit(f"benchmarks.tensoroboe: {work.__name__} ended without an answer") from None
    finally:
        process.join()


def loaded(file: Path, folder: Path) -> float:
    """Seconds that the packaged ``oxigraph load`` takes for a file."""
    program = shutil.which("oxigraph", path=sysconfig.get_path("scripts")) or shutil.which("oxigraph")
    if program is None:
        raise SystemExit("benchmarks.tensoroboe: oxigraph is not installed; pip install oxigraph")
    started = time.perf_counter()
    words = [program, "load", "--location", str(folder), "--file", str(file)]
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - started


def disk(folder: Path) -> int:
    """Bytes on disk below a folder; a file with several names counts once."""
    held = {
        (status.st_dev, status.st_ino): status.st_blocks * 512
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
        for status in (path.stat(),)
    }
    return sum(held.values())


def print_ingest(whole: dict[str, Any], early: dict[str, Any], store: Path) -> None:
    """The ingest, and what its first million runs cost by themselves."""
    runs, seconds = whole["runs"], whole["seconds"]
    print(f"runs            {runs:>14,}\nquads           {whole['quads']:>14,}")
    print(f"seconds         {seconds:>14,.1f}   {runs / seconds:,.0f} runs/s")
    print(f"peak memory     {whole['peak']:>11.2f} GB\ndisk            {disk(store) / 2**30:>11.2f} GB")
    each, alone = 1e6 * seconds / runs, 1e6 * early["seconds"] / early["runs"]
    print(f"per run         {each:>11.1f} us   {early['runs']:,} runs by themselves {alone:.1f} us")
    for line in whole["left_out"]:
        print(f"left out        {line}")


def print_mapping(part: dict[str, Any], loading: float, whole: dict[str, Any]) -> None:
    """Reading and mapping beside loading, per million quads."""
    scale = 1e6 / part["quads"]
    print(f"\nof the first batch ({part['runs']:,} runs, {part['quads']:,} quads), seconds per million quads")
    print(
        f"read the tensors     {scale * part['read']:>7.2f}\nmap to N-Quads       {scale * part['map']:>7.2f}"
    )
    print(f"oxigraph load        {scale * loading:>7.2f}")
    print(f"whole ingest         {1e6 * whole['seconds'] / whole['quads']:>7.2f}")
    share = (part["read"] + part["map"]) / loading
    print(f"reading and mapping are {share:.2f} of what Oxigraph's own loader takes")


def print_questions(store: Path, run: str, dataset: int, pipeline: str, repeat: int) -> None:
    """Questions, each in a process of its own: the first answer is from a cold store."""
    print(f"\n{'question':34} {'seconds':>9} {'rows':>7} {'peak GB':>8}")

    def show(title: str, found: dict[str, Any] | None) -> None:
        if found is None:
            print(f"{title:34} {f'> {LIMIT_SECONDS:.0f}':>9}")
        else:
            print(f"{title:34} {found['median']:>9.3f} {found['rows']:>7,} {found['peak']:>8.2f}")

    for title in ("experience, first time", "experience, again"):
        found = apart(projected, store)
        assert found is not None
        print(f"{title:34} {found['seconds']:>9.3f} {'':7} {found['peak']:>8.2f}")
        print(f"  and the matrix to learn from     {found['matrix']:>9.1f}  {found['shape']}")
    show(f"ten best of {dataset}, by columns", apart(ranked, store, dataset, repeat))
    show("whole-graph leaderboard, by columns", apart(ranked, store, None, repeat))
    for title, name, given, times in (
        ("one run", "run", {"run": run}, repeat),
        ("one pipeline across datasets", "pipeline-across-datasets", {"pipeline": pipeline}, repeat),
        (f"ten best of {dataset}, by SPARQL", "best-pipelines", {"dataset": dataset, "limit": 10}, repeat),
        ("mean of every pipeline, by SPARQL", LEADERBOARD, {}, 1),
    ):
        show(title, apart(asked, store, name, given, times, limit=LIMIT_SECONDS))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What 12 million runs cost.")
    parser.add_argument("--path", type=Path, help="the wheel of oboe 0.2.0 (looked for if left out)")
    parser.add_argument("--folder", type=Path, help="where to work (a temporary folder if left out)")
    parser.add_argument("--repeat", type=int, default=5, help="times that a question is asked")
    parser.add_argument("--quick", action="store_true", help=f"{len(QUICK)} datasets only")
    options = parser.parse_args()
    datasets: Datasets = QUICK if options.quick else None
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        store, file = Path(work) / "store", Path(work) / "part.nq"
        part = apart(mapped, file, options.path, datasets)
        loading = loaded(file, Path(work) / "loaded")
        file.unlink()
        shutil.rmtree(Path(work) / "loaded")
        early = apart(begun, Path(work) / "early", options.path, datasets)
        shutil.rmtree(Path(work) / "early")
        whole = apart(ingested, store, options.path, datasets)
        assert part is not None
        assert early is not None
        assert whole is not None
        print_ingest(whole, early, store)
        print_mapping(part, loading, whole)
        with metakg.open(store, read_only=True) as graph:
            (row,) = graph.ask("best-pipelines", dataset=QUICK[0], limit=1).rows()
        pipeline, *_, run = map(str, row)
        print_questions(store, run, QUICK[0], pipeline.removeprefix(iris.own("pipeline", "")), options.repeat)


if __name__ == "__main__":
    main()
