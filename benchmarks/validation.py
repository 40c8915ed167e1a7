"""What holding data to the shapes costs: seconds per million triples of both engines, and the share of mapping tables.

``python -m benchmarks.validation`` checks the named graphs of the store (``METAKG_STORE``) with the shapes compiled to
SPARQL, a part of the first with pyshacl, and the tables of the packaged sources, against mapping them to RDF (bar: at
most 10 % for OBOE).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import pyoxigraph as ox

import metakg
from ingest import find_source
from kg.batch_check import check_batches
from kg.quads import nquads
from kg.store import Store
from kg.validation import check_part, parts_of, validate


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall-clock seconds of a call, and what it returned."""
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, value


def triples_of(store: Store, graph: str) -> int:
    """Number of triples in a named graph."""
    rows = store.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", default_graph=graph).rows()
    return int(next(rows)[0])  # type: ignore[arg-type]


def part_of_runs(store: Store, graph: str, runs: int) -> ox.Store:
    """Some runs of a graph with what they lead to, as a store of its own."""
    text = f"""PREFIX mls: <http://www.w3.org/ns/mls#>
    PREFIX mkg: <https://w3id.org/metakg/ontology#>
    CONSTRUCT {{ ?s ?p ?o }} WHERE {{
        {{ SELECT ?run WHERE {{ ?run a mls:Run }} LIMIT {runs} }}
        ?run (mls:hasOutput|mls:achieves|mls:executes|mls:hasInput|mkg:hasStep)* ?s . ?s ?p ?o }}"""
    raw = ox.Store()
    raw.bulk_extend(ox.Quad(*row) for row in store.query(text, default_graph=graph).terms)
    return raw


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="runs that pyshacl checks")
    options = parser.parse_args()
    with metakg.open(read_only=True) as kg:
        parts = list(parts_of(kg.store))
        for part in parts:
            count = triples_of(kg.store, part.name)
            seconds, report = timed(lambda: check_part(part, limit=1000))  # noqa: B023
            verdict = "conforms" if report.conforms else f"{len(report.violations)} violations"
            print(
                f"sparql   {part.name}: {count:,} triples, {seconds:.1f} s, "
                f"{seconds / count * 1e6:.1f} s per million, {verdict}"
            )
        small = part_of_runs(kg.store, parts[0].name, options.runs)
    validate(small, engine="pyshacl")
    for engine in ("sparql", "pyshacl"):
        seconds, report = timed(lambda: validate(small, engine=engine))  # type: ignore[arg-type]  # noqa: B023
        print(
            f"{engine:<8} {options.runs} runs: {len(small):,} triples, {seconds:.2f} s, "
            f"{seconds / len(small) * 1e6:.0f} s per million, {len(report.violations)} violations"
        )
    for source in ("oboe", "lcdb"):
        batches = list(find_source(source).batches())
        check_batches(batches)
        mapping, _ = timed(lambda: [sum(map(len, nquads(batch))) for batch in batches])  # noqa: B023
        checking, report = timed(lambda: check_batches(batches))  # noqa: B023
        print(
            f"tables   {source}: {report.checked['runs']:,} runs, mapping {mapping:.2f} s, "
            f"checking {checking:.3f} s, {checking / mapping:.1%}"
        )


if __name__ == "__main__":
    main()
