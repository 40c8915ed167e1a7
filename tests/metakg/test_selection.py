"""Answers without some sources, or as of a date: what is left out reaches no feature, model, evidence or name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import metakg
from embeddings.landmarks import MEASURE, PROCEDURE
from ingest import find_source
from kg import Batch, Manifest, iris
from kg.errors import QueryError
from kg.experience import Experience
from kg.selection import Selection
from metakg.neighbours import titles_of
from metakg.recommending import best_known

WDBC = iris.openml_dataset(1510)
EARLY, LATE = datetime(2020, 1, 2, tzinfo=UTC), datetime(2090, 1, 2, tzinfo=UTC)


def measured_again(known: Experience, manifest: Manifest) -> Batch:
    """Real runs of OBOE under other names: all of the store's, each with the value of another one, and new datasets."""
    (oboe,) = find_source("oboe").batches()
    datasets, pipelines = known.runs["dataset"].unique().sort(), known.runs["pipeline"].unique()
    others = oboe.datasets.filter(~pl.col("dataset").is_in(datasets.to_list()))["dataset"].sort()[:15]
    chosen = pl.col("dataset").is_in([*datasets, *others])
    runs = oboe.runs.filter(chosen & pl.col("pipeline").is_in(pipelines.to_list())).sort("run")
    scores = oboe.evaluations.filter(measure=MEASURE).join(runs, on="run", how="semi").sort("run")
    renamed = pl.col("run").str.replace("/run/oboe/", f"/run/{manifest.source}/")
    return Batch(
        manifest,
        datasets=oboe.datasets.filter(chosen).with_columns(title=pl.lit("renamed")),
        qualities=oboe.qualities.filter(chosen).with_columns(pl.col("value") * 7),
        tasks=oboe.tasks.filter(chosen),
        pipelines=oboe.pipelines.filter(pl.col("pipeline").is_in(pipelines.to_list())),
        runs=runs.with_columns(renamed),
        evaluations=scores.with_columns(renamed, value=pl.col("value").shuffle(seed=1)),
    )


@pytest.fixture
def kg(own_store: Path) -> Iterator[metakg.KnowledgeGraph]:
    with metakg.open(own_store) as graph:
        yield graph


@pytest.fixture
def crowded(kg: metakg.KnowledgeGraph) -> metakg.KnowledgeGraph:
    """The small store without its models, and with two more sources and a link that contradict or add to it."""
    shutil.rmtree(kg.location / "models")
    again = Manifest("again", "2", "measured again", "CC0-1.0", "https://example.org/again")
    kg.store.commit(measured_again(kg.experience(), again))
    kg.ingest("lcdb")
    link = f"<{WDBC}> <http://www.w3.org/2002/07/owl#sameAs> <{iris.openml_dataset(2)}> .\n"
    kg.store.add(link.encode(), Manifest("links", "1", "links", "CC0-1.0", iris.BASE, kind="project"))
    return kg


OTHERS = ["again", "lcdb 0.1.0", iris.graph("links", "1")]


def test_nothing_of_an_excluded_source_reaches_an_answer(
    small_store: Path, crowded: metakg.KnowledgeGraph, wdbc: Path
) -> None:
    with metakg.open(small_store, read_only=True) as before:
        expected = before.recommend(wdbc, "diagnosis", top=5, exclude_datasets=[1510], store_evidence=False)
        known = before.experience()
        alike = before.similar(1510, top=5)
    found = crowded.recommend(
        wdbc, "diagnosis", top=5, exclude_datasets=[1510], exclude_sources=OTHERS, store_evidence=False
    )
    assert json.loads(found.to_json()) == json.loads(expected.to_json())
    assert found.items == expected.items
    assert found.neighbours == expected.neighbours
    assert found.provenance.excluded == (WDBC,)
    assert found.provenance.graphs == expected.provenance.graphs
    # The query that it carries asks the same graphs, whoever asks it.
    runs = {str(row[2]) for row in crowded.sparql(found.provenance.query).rows()}
    assert runs == {
        str(row[2]) for row in crowded.sparql(expected.provenance.query).rows() if "/oboe/" in row[2]
    }
    assert {run.run for item in found for run in item.support} <= runs

    left = crowded.experience(exclude_sources=OTHERS)
    for name in ("runs", "datasets", "qualities", "pipelines"):
        assert getattr(left, name).equals(getattr(known, name)), name
    assert left.version == known.version
    assert crowded.similar(1510, top=5, exclude_sources=OTHERS) == alike


def test_each_of_the_ways_would_have_let_it_in(crowded: metakg.KnowledgeGraph) -> None:
    """What the test above holds back is there to get in: names, best scores, twins, runs and qualities."""
    store, chosen = crowded.store, crowded.selection(exclude_sources=OTHERS)
    assert "renamed" in titles_of(store).values()
    assert "renamed" not in titles_of(store, chosen).values()
    assert best_known(store, WDBC)[0] != best_known(store, WDBC, chosen)[0]
    assert crowded.selection([1510]).exclude_datasets == (WDBC, iris.openml_dataset(2))
    every, left = crowded.experience(), crowded.experience(exclude_sources=OTHERS)
    assert len(every.matrix(MEASURE, PROCEDURE)[0]) == len(left.matrix(MEASURE, PROCEDURE)[0]) + 15
    assert every.qualities.height > left.qualities.height
    assert every.pipelines.height > left.pipelines.height


def test_a_model_is_of_its_selection_and_saved_ones_stay(kg: metakg.KnowledgeGraph) -> None:
    before = kg.recipe()
    assert kg.models.has(before)
    again = Manifest("again", "2", "measured again", "CC0-1.0", "https://example.org/again")
    kg.store.commit(measured_again(kg.experience(), again))
    keys = {
        kg.recipe().key,
        kg.recipe(exclude_sources=["oboe"]).key,
        kg.recipe(exclude_sources=["again"]).key,
        kg.recipe([1510], exclude_sources=["again"]).key,
    }
    assert len(keys) == 4
    # What is left is what the graph was when the saved model was trained.
    assert kg.recipe(exclude_sources=["again"]).key == before.key
    assert kg.recipe(as_of="2999-01-01").key == kg.recipe().key
    card = kg.embed(exclude_sources=["oboe"])
    assert card.excluded_sources == (kg.store.graphs()[0].iri,)
    assert kg.models.cards()[0] == card


@pytest.fixture
def project(kg: metakg.KnowledgeGraph) -> tuple[metakg.KnowledgeGraph, str]:
    """A project that grew after the rest came in, with early, late and undated runs; and the time of the rest."""
    until = kg.store.graphs()[0].generated_at
    about = Manifest("project", "1", "tracked", "CC0-1.0", iris.BASE, kind="project")
    whole = measured_again(kg.experience(), about)
    old = pl.col("dataset").is_in(kg.experience().runs["dataset"].unique().to_list())
    when = pl.when(~old).then(pl.lit(LATE)).when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit(EARLY))
    dated = whole.runs.with_columns(started=when.otherwise(None).cast(pl.Datetime("us", "UTC")))
    kg.store.commit(Batch(about, **{**whole.tables(), "runs": dated}))
    return kg, until


def test_of_a_project_the_runs_count_that_had_started(
    project: tuple[metakg.KnowledgeGraph, str], wdbc: Path
) -> None:
    kg, until = project
    graph = iris.graph("project", "1")
    every, then = kg.experience(), kg.experience(as_of=until)
    began = kg.sparql("SELECT ?run ?time WHERE { ?run <http://www.w3.org/ns/prov#startedAtTime> ?time }")
    early = {str(run) for run, time in began.rows() if str(time).startswith("2020")}
    assert early
    assert set(then.runs.filter(graph=graph)["run"]) == early
    assert then.runs.filter(pl.col("graph") != graph).equals(every.runs.filter(pl.col("graph") != graph))
    assert set(then.datasets["dataset"]) == set(then.runs["dataset"]) < set(every.datasets["dataset"])
    assert set(then.qualities["dataset"]) < set(every.qualities["dataset"])

    answer = kg.recommend(wdbc, "diagnosis", top=5, as_of=until, store_evidence=False)
    assert any("only with its runs" in note and "project 1" in note for note in answer.notes)
    found = {str(row[2]) for row in kg.sparql(answer.provenance.query).rows()}
    tracked = {run for run in found if "/run/project/" in run}
    assert tracked
    assert tracked <= early
    for dataset in {neighbour.dataset for neighbour in answer.neighbours}:
        scores = then.runs.filter(dataset=dataset, measure=MEASURE, procedure=PROCEDURE)["value"]
        assert best_known(kg.store, dataset, kg.selection(as_of=until)) == (scores.max(), len(scores))


def test_what_came_in_later_is_left_out_and_said(project: tuple[metakg.KnowledgeGraph, str]) -> None:
    kg, until = project
    kg.store.commit(measured_again(kg.experience(), Manifest("late", "1", "late", "CC0-1.0", iris.BASE)))
    chosen = kg.selection(as_of=until)
    assert chosen.graphs == (kg.store.graphs()[0].iri, iris.graph("project", "1"))
    assert any("came in later: late 1" in note for note in chosen.notes)
    assert kg.selection(as_of=until, exclude_sources=["project"]).graphs == chosen.graphs[:1]
    assert kg.selection() == Selection()


def test_the_recommendation_states_what_was_left_out(crowded: metakg.KnowledgeGraph, wdbc: Path) -> None:
    import rdflib

    import ontology

    answer = crowded.recommend(
        wdbc, "diagnosis", top=2, exclude_sources=OTHERS, as_of="2999-01-01", exclude_datasets=[1510]
    )
    own = rdflib.Namespace(ontology.NAMESPACE)
    stated = rdflib.Graph().parse(data=answer.to_turtle(), format="turtle")
    it = rdflib.URIRef(answer.iri)
    others = {iris.graph("again", "2"), iris.graph("lcdb", "0.1.0"), iris.graph("links", "1")}
    assert {str(graph) for graph in stated.objects(it, own.excludedSource)} == others
    (until,) = stated.objects(it, own.asOf)
    assert until.toPython() == datetime(2999, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)
    told = crowded.explain(answer.iri).to_dict()
    assert told["asOf"].startswith("2999-01-01T23:59:59")
    assert {row["excluded"] for row in told["kept out"]} == {WDBC, *others}
    assert {row["title"] for row in told["kept out"]} >= {"measured again", "links"}


def test_the_command_line_selects(shell, own_store: Path) -> None:  # type: ignore[no-untyped-def]
    words = ("--store", own_store, "similar", 1510, "--top", 1)
    status, out, err = shell(*words, "--as-of", "2999-01-01", "--format", "json")
    assert status == 0, err
    assert json.loads(out) == json.loads(shell(*words, "--format", "json")[1])
    for option, value, said in (
        ("--exclude-source", "obeo", "there is no source 'obeo': the graph holds oboe 0.2.0"),
        ("--exclude-source", "oboe", "nothing is left without oboe"),
        ("--as-of", "soon", "'soon' is not a date: write 2026-11-01"),
        ("--as-of", "1999-01-01", "nothing was known at 1999-01-01T23:59:59.999999Z"),
    ):
        for command in (words, ("--store", own_store, "embed")):
            status, out, err = shell(*command, option, value)
            assert (status, out) == (2, "")
            assert said in err
            assert "oboe 0.2.0 (since 20" in err
            assert err.count("\n") == 1


def test_a_date_is_a_day_and_a_time_has_a_zone(kg: metakg.KnowledgeGraph) -> None:
    for given, expected in (
        ("2999-11-01", "2999-11-01T23:59:59.999999Z"),
        (datetime(2999, 11, 1).date(), "2999-11-01T23:59:59.999999Z"),
        ("2999-11-01T12:00", "2999-11-01T12:00:00Z"),
        ("2999-11-01T12:00:00Z", "2999-11-01T12:00:00Z"),
        ("2999-11-01T12:00+02:00", "2999-11-01T10:00:00Z"),
        (datetime(2999, 11, 1, 12, tzinfo=UTC), "2999-11-01T12:00:00Z"),
    ):
        assert kg.selection(as_of=given).as_of == expected
    with pytest.raises(QueryError, match="is not a date"):
        kg.selection(as_of="2999-13-01")
