"""Real experiments for the tests of this package: a part of OBOE and LCDB in memory, built once."""

from __future__ import annotations

import dataclasses
import urllib.request
from collections.abc import Iterator

import polars as pl
import pyoxigraph as ox
import pytest

import kg
from ingest import Source, find_source
from kg import iris
from kg.server import Server
from kg.testing import full_run, small_batch

OPENML_IDS = (3, 11, 14, 16, 18, 22, 23, 28, 31, 36, 37, 44, 50, 54, 307, 389, 458, 797, 871, 1004)
"""OpenML datasets whose runs the tests use: 20 of the 418, small and large, easy and hard."""


RECOMMENDATION = """
PREFIX : <https://w3id.org/metakg/ontology#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
BASE <https://w3id.org/metakg/>
<recommendation/1> a :Recommendation ; dcterms:title "pipelines for credit-g, target class" ;
    :dataset <http://w3id.org/mlsea/openml/dataset/31> ; prov:generatedAtTime "2026-01-02T03:04:05Z"^^xsd:dateTime ;
    :recommends <recommendation/1/1> ; :hasNeighbour <recommendation/1/neighbour/1> .
<recommendation/1/1> :rank 1 ; :pipeline <pipeline/64d26ad793de83e3> ; rdfs:label "SVC" ;
    :predictedValue 0.7e0 ; :intervalLow 0.6e0 ; :intervalHigh 0.8e0 .
<recommendation/1/neighbour/1> :dataset <http://w3id.org/mlsea/openml/dataset/23> ;
    :similarity 0.9e0 ; :reason "alike" .
"""


@pytest.fixture(scope="session")
def batches() -> list[kg.Batch]:
    """Parts of OBOE and of LCDB, and a project that repeats a task of theirs and has a failed run."""
    return [part_of(find_source("oboe")), part_of(find_source("lcdb")), small_batch()]


@pytest.fixture(scope="session")
def experiments(batches: list[kg.Batch]) -> Iterator[kg.Store]:
    """Store in memory with all of them and one recommendation; not to be written to."""
    with kg.MemoryStore() as store:
        for batch in batches:
            store.commit(batch)
        about = kg.Manifest(
            "recommendations", "1", "Recommendations", "CC0-1.0", iris.BASE, kind="recommendations"
        )
        store.add(
            ox.serialize(ox.parse(RECOMMENDATION, ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES), about
        )
        yield store


@pytest.fixture(scope="session")
def trials() -> Iterator[kg.Store]:
    """Store in memory with trials of a method; not to be written to."""
    with kg.MemoryStore() as store:
        store.commit(trials_of_a_method())
        yield store


def trials_of_a_method() -> kg.Batch:
    """A method and a baseline with two seeds, a failed run, and what came from it."""
    whole = full_run("trial")
    run = whole.runs["run"][0]
    frames = []
    for arm, kind, value in (("full", "method", 0.75), ("plain", "baseline", 0.5)):
        for seed in (0, 1):
            own = f"{run}/{arm}/{seed}"
            frames.append((own, arm, kind, seed, value + seed / 10))
    failed = f"{run}/failed"
    first = frames[0][0]

    def runs(names: list[str], seeds: list[int], status: str, error: str | None) -> pl.DataFrame:
        one = whole.runs.select(pl.all().exclude("run", "seed", "status", "error"))
        return pl.concat([one] * len(names)).with_columns(
            run=pl.Series(names), seed=pl.Series(seeds), status=pl.lit(status), error=pl.lit(error, pl.String)
        )

    return dataclasses.replace(
        whole,
        runs=pl.concat(
            [
                runs([own for own, *_ in frames], [seed for *_, seed, _ in frames], "finished", None),
                runs([failed], [0], "failed", "ValueError: NaN"),
            ]
        ),
        evaluations=pl.DataFrame(
            [
                {"run": own, "measure": iris.measure("balanced_accuracy"), "value": value}
                for own, *_, value in frames
            ]
        ),
        trials=pl.DataFrame(
            [
                {**whole.trials.row(0, named=True), "run": own, "arm": arm, "arm_kind": kind}
                for own, arm, kind, *_ in frames
            ]
        ),
        products=pl.DataFrame(
            [
                {"run": first, "name": f"{kind}-{number}", "kind": kind, "title": f"{kind} {number}"}
                for kind in ("skill", "optimizer")
                for number in (1, 2)
            ]
        ).with_columns(generation=pl.lit(1)),
        derivations=pl.DataFrame(
            {
                "run": [first, first],
                "name": ["skill-1", "optimizer-2"],
                "origin": [failed, f"{first}/product/optimizer-1"],
            }
        ),
        properties=None,
        measures=None,
        contexts=None,
        tags=None,
        artefacts=None,
        usages=None,
        links=None,
        series=None,
    )


@pytest.fixture(scope="session")
def oxigraph_server() -> Iterator[Server]:
    """Oxigraph server in memory, on 127.0.0.1."""
    with Server(timeout_seconds=2) as server:
        yield server


@pytest.fixture
def empty_server(oxigraph_server: Server) -> Server:
    """The same with nothing in it."""
    clear = urllib.request.Request(
        f"{oxigraph_server.url}/update", b"DROP ALL", {"Content-Type": "application/sparql-update"}
    )
    urllib.request.urlopen(clear, timeout=10).close()
    return oxigraph_server


def part_of(source: Source) -> kg.Batch:
    (whole,) = source.batches()
    chosen = pl.col("dataset").is_in([iris.openml_dataset(number) for number in OPENML_IDS])
    runs = whole.runs.filter(chosen)
    return kg.Batch(
        whole.manifest,
        datasets=whole.datasets.filter(chosen),
        qualities=whole.qualities.filter(chosen),
        tasks=whole.tasks.filter(chosen),
        pipelines=whole.pipelines,
        runs=runs,
        evaluations=whole.evaluations.join(runs, on="run", how="semi"),
    )
