"""How long OBOE's 91,542 runs take into a new store, and whether mapping costs more than loading.

``python -m benchmarks.bulk_load`` prints medians of three: parsing and mapping the packaged data to N-Quads, loading
the finished N-Quads file with Oxigraph's own loader alone, their ratio (bar: at most 1), and everything together
through ``kg`` (bar: at most 60 s on two cores), with the store's size and the time to open it (bar: .3 s).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

import kg
from ingest import find_source, ingest
from kg.quads import nquads


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write_nquads(source: str, path: Path) -> None:
    """Parse the source's packaged data and write all of it as N-Quads."""
    with path.open("wb") as file:
        for batch in find_source(source).batches():
            file.writelines(nquads(batch))


def load_nquads(path: Path, folder: Path) -> None:
    """Load a finished file as Oxigraph does by itself."""
    store = ox.Store(str(folder))
    store.bulk_load(path=str(path), format=ox.RdfFormat.N_QUADS)
    store.flush()


def ingest_all(source: str, folder: Path) -> None:
    """Make a store and ingest the source into it."""
    with kg.open_store(folder, create=True) as store:
        ingest(store, find_source(source))


def size(folder: Path) -> int:
    """Bytes on disk below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="oboe")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    mapping, loading, whole, opening = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        for repeat in range(options.repeats):
            folder = Path(name) / str(repeat)
            folder.mkdir()
            file = folder / "all.nq"
            mapping.append(seconds(lambda: write_nquads(options.source, file)))  # noqa: B023
            loading.append(seconds(lambda: load_nquads(file, folder / "plain")))  # noqa: B023
            whole.append(seconds(lambda: ingest_all(options.source, folder / "store")))  # noqa: B023
            opening.append(seconds(lambda: kg.open_store(folder / "store").close()))  # noqa: B023
            print(
                f"{repeat + 1}: mapping {mapping[-1]:.1f} s, loading {loading[-1]:.1f} s, all {whole[-1]:.1f} s"
            )
        with kg.open_store(folder / "store") as store:
            (info,) = store.graphs()
        megabytes = size(folder / "store") / 1e6
    map_time, load_time = statistics.median(mapping), statistics.median(loading)
    print(
        f"{info.counts['runs']:,} runs, {info.counts['evaluations']:,} evaluations, {megabytes:.0f} MB on disk"
    )
    print(f"parse and map to N-Quads      {map_time:6.1f} s")
    print(f"Oxigraph's loader, N-Quads    {load_time:6.1f} s")
    print(f"ratio                         {map_time / load_time:6.2f}   (bar: 1)")
    print(f"parse, map, load, index       {statistics.median(whole):6.1f} s (bar: 60)")
    print(f"open the store                {statistics.median(opening):6.3f} s (bar: 0.3)")


if __name__ == "__main__":
    main()
