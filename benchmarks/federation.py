"""What it costs to join two servers: the query of docs/federation.md, against the same join within one store.

``python -m benchmarks.federation`` prints medians of three, on all of OBOE and LCDB.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path

import metakg
from kg import snapshots
from kg.gateway import Gateway

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "federation.md"


def documented() -> str:
    """The query that the documentation shows."""
    (query,) = (
        found
        for found in re.findall(r"```sparql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        if "SERVICE" in found
    )
    return query


def seconds(graph: metakg.KnowledgeGraph, query: str, services: tuple[str, ...] = ()) -> tuple[float, int]:
    """Median of three, and the number of rows."""
    taken, rows = [], 0
    for _ in range(3):
        started = time.perf_counter()
        rows = len(graph.sparql(query, allow_services=services))
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), rows


def main() -> None:
    """Print the table."""
    query = documented()
    alone = re.sub(r"SERVICE <[^>]*>", "", query)
    with tempfile.TemporaryDirectory() as folder:
        stores = {name: Path(folder) / name for name in ("oboe", "lcdb", "both")}
        for name, store in stores.items():
            with metakg.open(store) as graph:
                for source in ("oboe", "lcdb") if name == "both" else (name,):
                    graph.ingest(source)
        hold = snapshots.hold_current(stores["lcdb"])
        assert hold is not None
        with Gateway(hold.path, pass_fds=(hold.handle,)) as server:
            there = re.sub(r"SERVICE <[^>]*>", f"SERVICE <{server.url}/query>", query)
            with metakg.open(stores["oboe"]) as graph:
                joined = seconds(graph, there, ("127.0.0.1",))
        hold.release()
        with metakg.open(stores["both"]) as graph:
            local = seconds(graph, alone)
    print(f"{'join':<24}{'seconds':>9}{'rows':>7}")
    print(f"{'of two servers':<24}{joined[0]:>9.2f}{joined[1]:>7}")
    print(f"{'within one store':<24}{local[0]:>9.2f}{local[1]:>7}")


if __name__ == "__main__":
    main()
