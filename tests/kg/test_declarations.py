"""Measures that a source declares: known wherever a known one is, ranked the right way round, and declared one way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import kg
from ingest.rdf import ingest_rdf
from kg import iris
from kg.batch_check import check_batches
from kg.communities import communities
from kg.declarations import declared_by, declared_measures
from kg.errors import QueryError, SchemaError
from kg.experience import load
from kg.measures import Measure
from kg.questions import ask
from kg.testing import ANNEAL, small_batch


def declaring(
    source: str,
    direction: str = "lower",
    *,
    name: str = "gini_impurity",
    low: float | None = 0.0,
    high: float | None = 1.0,
    worst: float = 0.9,
) -> kg.Batch:
    """Four runs (synthetic), three of them judged by a measure of the source's own as well."""
    plain = small_batch(source)
    runs = plain.evaluations["run"].unique(maintain_order=True)
    values = pl.DataFrame(
        {"run": runs, "measure": [iris.measure(name)] * len(runs), "value": [0.1, worst, 0.5][: len(runs)]}
    )
    return kg.Batch(
        plain.manifest,
        **{
            table: frame
            for table, frame in plain.tables().items()
            if table not in ("evaluations", "measures")
        },
        evaluations=pl.concat([plain.evaluations, values]),
        measures=pl.DataFrame(
            [(iris.measure(name), "Gini impurity", direction, low, high, None)],
            schema=["measure", "label", "direction", "minimum", "maximum", "unit"],
            orient="row",
        ),
    )


@pytest.fixture
def store() -> Iterator[kg.Store]:
    with kg.MemoryStore() as store:
        store.commit(declaring("first"))
        yield store


def test_a_declared_measure_is_known_and_its_best_comes_first(store: kg.Store) -> None:
    assert declared_measures(store) == {
        "gini_impurity": Measure("gini_impurity", "Gini impurity", "lower", 0.0, 1.0)
    }
    found = load(store)
    best = found.best(ANNEAL, "gini_impurity", "5-fold-cv")["value"].to_list()
    assert best == [0.1, 0.9]
    board = found.leaderboard("gini_impurity", "5-fold-cv")["mean"].to_list()
    assert board == sorted(board)
    rows = list(ask(store, "best-pipelines", dataset="2", measure="gini_impurity").rows())
    assert [float(str(row[2])) for row in rows] == [0.1, 0.9]
    listed = {str(row[0]) for row in ask(store, "measures").rows()}
    assert iris.measure("gini_impurity") in listed
    with pytest.raises(QueryError, match="did you mean 'gini_impurity'"):
        ask(store, "best-pipelines", dataset="2", measure="gini_impurty")


def test_what_is_declared_is_read_again_once_the_store_changes(store: kg.Store) -> None:
    assert declared_measures(store) == declared_measures(store)
    assert declared_by(store) is declared_by(store)
    store.commit(declaring("second", name="hinge"))
    assert set(declared_measures(store)) == {"gini_impurity", "hinge"}
    for info in store.graphs():
        store.remove(info.iri)
    assert declared_measures(store) == {}


def test_two_sources_that_agree_share_a_measure_in_the_wider_range(store: kg.Store) -> None:
    store.commit(declaring("second", low=-1.0, high=None))
    assert declared_measures(store)["gini_impurity"] == Measure(
        "gini_impurity", "Gini impurity", "lower", -1.0, None
    )


def test_a_second_source_that_says_otherwise_is_refused(store: kg.Store) -> None:
    before = store.version
    for write in (store.commit, store.append, store.log):
        with pytest.raises(
            SchemaError, match=r"second 1 declares that higher .*'gini_impurity'.*first 1 that"
        ):
            write(declaring("second", "higher"))
    with pytest.raises(SchemaError, match=r"'accuracy' are better, and metakg that higher"):
        store.commit(declaring("second", "lower", name="accuracy"))
    assert store.version == before
    store.commit(declaring("first", "higher"))  # a source may change its mind
    assert declared_measures(store)["gini_impurity"].direction == "higher"
    with pytest.raises(SchemaError, match="first 1 declares that lower"):
        store.append(declaring("first", "lower", worst=0.8))


def test_rdf_that_says_otherwise_is_refused(store: kg.Store, tmp_path: Path) -> None:
    path = tmp_path / "other.ttl"
    path.write_text(
        "@prefix mkg: <https://w3id.org/metakg/ontology#> . @prefix mls: <http://www.w3.org/ns/mls#> .\n"
        '<https://w3id.org/metakg/measure/gini_impurity> a mls:EvaluationMeasure ; mkg:direction "higher" .\n'
    )
    before = store.version
    with pytest.raises(SchemaError, match=r"rdf other declares that higher .*first 1 that lower"):
        ingest_rdf(store, path)
    assert store.version == before
    path.write_text(path.read_text().replace("higher", "lower"))
    ingest_rdf(store, path)
    assert len(declared_by(store)) == 2


def test_values_are_held_to_the_range_that_their_batch_declares() -> None:
    assert check_batches(declaring("first")).conforms
    report = check_batches(declaring("first", worst=1.5))
    assert [(each.rule, each.value) for each in report.violations] == [("maxInclusive", "1.5")]
    assert "gini_impurity must be at most 1" in report.violations[0].message
    assert check_batches(declaring("first", worst=1.5, high=None)).conforms


def test_the_fastest_pipelines_are_a_communitys_best(experiments: kg.Store) -> None:
    found = load(experiments)
    times = communities(found, "runtime_seconds", "5-fold-cv")
    datasets, pipelines, seconds = found.matrix("runtime_seconds", "5-fold-cv")
    for item in times.items:
        rows = seconds[[datasets.index(dataset) for dataset in item.members]]
        winner = rows[:, pipelines.index(item.winners[0][0])]
        assert np.nanmean(winner) < np.nanmean(rows)
