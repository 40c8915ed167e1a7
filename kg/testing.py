"""Conformance suite of stores: subclass :class:`StoreTestCase`, give it a fixture ``store``, and run pytest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kg import iris
from kg.batch import Batch, Manifest, content_hash, hash_sum
from kg.changes import Restored
from kg.errors import QueryError, SchemaError, StoreError
from kg.experience import load
from kg.history import state_at
from kg.manifest import describe
from kg.pipeline import Pipeline, Step
from kg.store import Store
from kg.terms import IRI
from kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    import polars as pl

__all__ = ["StoreTestCase", "full_run", "one_run", "small_batch"]

ANNEAL, KR_VS_KP = iris.openml_dataset(2), iris.openml_dataset(3)


def one_run(key: str, value: float = 0.5, *, source: str = "project") -> Batch:
    """A tracked run of GaussianNB on anneal, as a project logs it: everything that it refers to is with it."""
    import polars as pl

    pipeline = Pipeline((Step("estimator", "sklearn.naive_bayes.GaussianNB"),))
    task, run = iris.task("openml-2", "5-fold-cv"), iris.own("run", f"{source}/{key}")
    return Batch(
        Manifest(source, "local", "tracked runs", "CC0-1.0", "https://example.org/project", kind="project"),
        datasets=pl.DataFrame({"dataset": [ANNEAL], "title": ["anneal"], "openml_id": [2]}),
        tasks=pl.DataFrame(
            {
                "task": [task],
                "dataset": [ANNEAL],
                "type": ["classification"],
                "procedure": [iris.procedure("5-fold-cv")],
            }
        ),
        pipelines=pl.DataFrame(
            [{"pipeline": pipeline.iri, "title": pipeline.title, "canonical": pipeline.canonical()}]
        ),
        runs=pl.DataFrame(
            {
                "run": [run],
                "task": [task],
                "dataset": [ANNEAL],
                "pipeline": [pipeline.iri],
                "status": ["finished"],
                "seed": [7],
                "started": [datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)],
            }
        ),
        evaluations=pl.DataFrame(
            {"run": [run], "measure": [iris.measure("balanced_accuracy")], "value": [value]}
        ),
    )


def full_run(key: str, loss: float = 0.5) -> Batch:
    """A tracked run of which everything is known that a batch can say."""
    import polars as pl

    plain = one_run(key)
    run = plain.runs["run"][0]
    own = iris.measure("own_score")
    return replace(
        plain,
        evaluations=pl.concat(
            [plain.evaluations, pl.DataFrame({"run": [run], "measure": [own], "value": [2.0]})]
        ),
        measures=pl.DataFrame(
            {"measure": [own], "label": ["own score"], "direction": ["higher"], "minimum": [1.0]}
        ),
        contexts=pl.DataFrame(
            {
                "run": [run],
                "name": ['the "best"'],
                "parent": [iris.own("run", "parent")],
                "role": ["support"],
                "ended": [datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)],
                "packages": ["numpy==2.4.1\nscipy==1.17.0"],
            }
        ),
        tags=pl.DataFrame({"run": [run], "name": ["note/é"], "text": ["a\nb"]}),
        artefacts=pl.DataFrame({"run": [run], "name": ["model.skops"], "sha256": ["ab" * 32], "bytes": [12]}),
        usages=pl.DataFrame({"run": [run], "dataset": [ANNEAL], "role": ["query"]}),
        links=pl.DataFrame(
            {"dataset": [ANNEAL], "other": [KR_VS_KP], "relation": ["alternate"], "reason": ["a trial"]}
        ),
        methods=pl.DataFrame(
            {
                "method": [iris.own("method", "trial")],
                "name": ["trial"],
                "title": ["A trial"],
                "fidelity": ["reconstruction"],
                "publication": ["https://example.org/paper"],
                "year": [2026],
            }
        ),
        trials=pl.DataFrame(
            {
                "run": [run],
                "method": [iris.own("method", "trial")],
                "arm": ["full"],
                "arm_kind": ["method"],
                "benchmark": ["small"],
                "version": ["1"],
                "configuration": ["effort=1"],
            }
        ),
        products=pl.DataFrame(
            {"run": [run], "name": ["skill-1"], "kind": ["skill"], "title": ["impute"], "generation": [1]}
        ),
        derivations=pl.DataFrame({"run": [run], "name": ["skill-1"], "origin": [iris.own("run", "parent")]}),
        properties=pl.DataFrame({"run": [run], "name": ["skill-1"], "property": ["uses"], "value": [3.0]}),
        series=pl.DataFrame({"position": [1.0, 2.0], "value": [1.0, loss]}).with_columns(
            run=pl.lit(run), name=pl.lit("loss"), axis=pl.lit("epoch")
        ),
    )


def small_batch(source: str = "trial", version: str = "1", *, shift: float = 0.0) -> Batch:
    """Two datasets, two pipelines, four runs (one failed), with text that needs escaping."""
    import polars as pl

    pipelines = [
        Pipeline((Step("estimator", "sklearn.svm.SVC", {"C": 2.0, "kernel": "poly"}),)),
        Pipeline((Step("estimator", "sklearn.naive_bayes.GaussianNB"),)),
    ]
    datasets = {ANNEAL: 2, KR_VS_KP: 3}
    runs = [
        {
            "run": iris.own("run", f"{source}/{number}/{pipeline.key}"),
            "dataset": dataset,
            "pipeline": pipeline.iri,
        }
        for dataset, number in datasets.items()
        for pipeline in pipelines
    ]
    procedure = iris.procedure("5-fold-cv")
    tasks = {dataset: iris.task(f"openml-{number}", "5-fold-cv") for dataset, number in datasets.items()}
    return Batch(
        Manifest(source, version, 'A "trial"\nin two lines', "CC0-1.0", "https://example.org/trial"),
        datasets=pl.DataFrame(
            {
                "dataset": list(datasets),
                "openml_id": list(datasets.values()),
                "title": ['a "b" \\ c\n\té', "kr-vs-kp"],
            }
        ),
        qualities=pl.DataFrame({"dataset": [KR_VS_KP], "name": ["NumberOfInstances"], "value": [3196.0]}),
        tasks=pl.DataFrame({"task": list(tasks.values()), "dataset": list(tasks)}).with_columns(
            type=pl.lit("classification"), procedure=pl.lit(procedure)
        ),
        pipelines=pl.DataFrame(
            [{"pipeline": p.iri, "title": p.title, "canonical": p.canonical()} for p in pipelines]
        ),
        runs=pl.DataFrame(runs).with_columns(
            task=pl.col("dataset").replace_strict(tasks),
            status=pl.Series(["finished", "finished", "finished", "failed"]),
            error=pl.Series([None, None, None, "ValueError: nothing to fit"]),
        ),
        evaluations=_evaluations([run["run"] for run in runs[:3]], shift),
    )


def _evaluations(runs: list[str], shift: float) -> pl.DataFrame:
    import polars as pl

    accuracy, runtime = iris.measure("balanced_accuracy"), iris.measure("runtime_seconds")
    return pl.DataFrame(
        {
            "run": runs * 2,
            "measure": [accuracy] * 3 + [runtime] * 3,
            "value": [0.5 + shift, 0.75, 0.9, 1e-5, 2.0, 3.5],
        }
    )


_BEST = """PREFIX mls: <http://www.w3.org/ns/mls#>
SELECT ?pipeline ?value WHERE { ?run mls:hasInput $dataset ; mls:executes ?pipeline ; $measure ?value }
ORDER BY DESC(?value)"""


class StoreTestCase:
    """What every store must do; a subclass overrides the fixture ``store`` to yield an empty store."""

    @pytest.fixture
    def store(self) -> Store:
        """Give an empty store that can be written."""
        raise AssertionError("a subclass of StoreTestCase must override the fixture 'store'")

    def test_commit_is_there_and_counted(self, store: Store) -> None:
        """A commit raises the version, and the manifest tells what came in."""
        commit = store.commit(small_batch())
        assert (commit.changed, commit.version, store.version) == (True, 1, 1)
        (info,) = store.graphs()
        assert info.iri == commit.graph == iris.graph("trial", "1")
        assert info.counts == small_batch().counts()
        assert info.title == 'A "trial"\nin two lines'
        total = store.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", default_graph=commit.graph)
        assert next(total.rows()) == (commit.quads,)

    def test_same_content_changes_nothing(self, store: Store) -> None:
        """Committing the same again, rows in another order, writes nothing."""
        store.commit(small_batch())
        batch = small_batch()
        again = store.commit(Batch(batch.manifest, **{n: t.reverse() for n, t in batch.tables().items()}))
        assert not again.changed
        assert store.version == 1

    def test_new_content_replaces_the_graph(self, store: Store) -> None:
        """Other content in the same graph takes the place of what was there."""
        store.commit(small_batch())
        assert store.commit(small_batch(shift=0.125)).changed
        measure = iris.measure("balanced_accuracy")
        rows = store.query(_BEST, bindings={"dataset": IRI(ANNEAL), "measure": IRI(measure)})
        assert {value for _, value in rows.rows()} == {0.625, 0.75}
        assert store.version == 2

    def test_graphs_are_kept_apart_and_removed(self, store: Store) -> None:
        """Removing one source leaves the other whole."""
        store.commit(small_batch("one"))
        kept = store.commit(small_batch("two"))
        store.remove(iris.graph("one", "1"))
        assert [info.iri for info in store.graphs()] == [kept.graph]
        total = store.query(
            "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } FILTER(?g = $g) }",
            bindings={"g": IRI(kept.graph)},
        )
        assert next(total.rows()) == (kept.quads,)
        with pytest.raises(StoreError, match="has no graph"):
            store.remove(iris.graph("one", "1"))

    def test_values_are_bound_not_pasted(self, store: Store) -> None:
        """A value with SPARQL in it stays a value."""
        store.commit(small_batch())
        text = "SELECT ?s WHERE { ?s <http://purl.org/dc/terms/title> $title }"
        hostile = 'x" . ?s ?p ?o } #'
        assert len(store.query(text, bindings={"title": hostile})) == 0
        assert len(store.query(text, bindings={"title": 'a "b" \\ c\n\té'})) == 1
        with pytest.raises(QueryError, match="not an IRI"):
            store.query(text, bindings={"title": IRI("http://x> <http://y")})
        with pytest.raises(QueryError, match="no variable"):
            store.query(text, bindings={"titel": "x"})

    @pytest.mark.parametrize(
        "text",
        [
            "INSERT DATA { <http://a> <http://b> 1 }",
            "SELECT * WHERE { SERVICE <http://127.0.0.1:9> { ?s ?p ?o } }",
            "SELECT * WHERE { S\\u0045RVICE SILENT <http://127.0.0.1:9> { ?s ?p ?o } }",
            "LOAD <http://127.0.0.1:9>",
            "SELECT * WHERE {",
        ],
    )
    def test_queries_only_read(self, store: Store, text: str) -> None:
        """Queries that write, reach the network or do not parse are refused in one line."""
        with pytest.raises(QueryError) as caught:
            store.query(text)
        assert "\n" not in str(caught.value)

    def test_union_of_graphs_is_the_default(self, store: Store) -> None:
        """Without a graph named, a query sees all of them."""
        store.commit(small_batch("one"))
        store.commit(small_batch("two"))
        count = "SELECT (COUNT(?run) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"
        assert next(store.query(count).rows()) == (8,)
        assert next(store.query(count, default_graph=iris.graph("one", "1")).rows()) == (4,)
        from_one = count.replace("WHERE", f"FROM <{iris.graph('one', '1')}> WHERE")
        assert next(store.query(from_one).rows()) == (4,)

    @pytest.mark.parametrize(
        "text", ["SELECT ?s WHERE { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"]
    )
    def test_a_limit_is_kept_and_told(self, store: Store, text: str) -> None:
        """No more rows are read than asked for, and the result says whether there were more."""
        store.commit(small_batch())
        every = store.query(text)
        assert not every.truncated
        few = store.query(text, limit=3)
        assert (len(few), few.truncated) == (3, True)
        assert not store.query(text, limit=len(every)).truncated

    def test_small_rdf_is_added(self, store: Store) -> None:
        """N-Triples are added to what is there; broken ones change nothing."""
        about = Manifest(
            "recommendations",
            "1",
            "Recommendations",
            "CC0-1.0",
            "https://example.org",
            kind="recommendations",
        )
        store.add(b'<http://a> <http://b> "c" .\n', about)
        store.add(b'<http://a> <http://b> "d" .\n', about)
        assert len(store.query("SELECT ?o WHERE { <http://a> <http://b> ?o }")) == 2
        version = store.version
        with pytest.raises(StoreError, match="N-Triples"):
            store.add(b"<http://a> oops", about)
        assert store.version == version

    def test_all_that_is_known_of_a_run_is_kept(self, store: Store) -> None:
        """Context, tags, files and links are in the graph; points of series beside it."""
        for key in ("1", "2"):
            store.log(full_run(key))
        store.refresh()
        (info,) = store.graphs()
        counts = {
            "contexts": 2,
            "tags": 2,
            "artefacts": 2,
            "usages": 2,
            "series": 4,
            "measures": 1,
            "methods": 1,
            "trials": 2,
            "products": 2,
            "derivations": 2,
            "properties": 2,
            "runs": 2,
        }
        assert {table: info.counts[table] for table in counts} == counts
        text = """SELECT ?name ?role ?packages ?note ?hash ?points ?used ?fidelity ?uses WHERE {
            ?run rdfs:label ?name ; mkg:role ?role ;
            mkg:packages ?packages ; mkg:tag/rdf:value ?note ; ^prov:wasGeneratedBy/mkg:sha256 ?hash ;
            mkg:method/mkg:fidelity ?fidelity ; ^prov:wasGeneratedBy ?skill . ?skill prov:wasDerivedFrom ?origin ;
            mls:hasQuality/mls:hasValue ?uses . ?run
            mkg:hasSeries/mkg:seriesPointCount ?points ; prov:used ?dataset .
            ?run prov:qualifiedUsage [ prov:entity ?dataset ; mkg:role ?used ] } LIMIT 1"""
        prefixes = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
        (row,) = store.query(prefixes + text, default_graph=info.iri).rows()
        assert list(row) == [
            'the "best"',
            "support",
            "numpy==2.4.1\nscipy==1.17.0",
            "a\nb",
            "ab" * 32,
            2,
            "query",
            "reconstruction",
            3.0,
        ]
        run = iris.own("run", "project/1")
        assert store.series([run])["value"].to_list() == [1.0, 0.5]
        assert store.series().height == 4

    def test_series_go_with_their_graph(self, store: Store) -> None:
        """What replaces a graph replaces its points, and removing it removes them."""
        store.commit(full_run("1"))
        assert store.commit(full_run("1", 0.25)).changed
        assert not store.commit(full_run("1", 0.25)).changed
        assert store.series()["value"].to_list() == [1.0, 0.25]
        store.remove(full_run("1").manifest.graph)
        assert store.series().is_empty()

    def test_batches_are_appended_once(self, store: Store) -> None:
        """Runs add up, what batches repeat is counted once, and a batch that is there is not written again."""
        first = store.append([one_run("1", 0.25), one_run("2", 0.5)])
        assert store.append(one_run("3", 0.75)).changed
        version = store.version
        again = store.append([one_run("2", 0.5), one_run("3", 0.75)])
        assert (again.changed, store.version) == (False, version)
        (info,) = store.graphs()
        assert {table: count for table, count in info.counts.items() if count} == {
            "datasets": 1,
            "tasks": 1,
            "pipelines": 1,
            "runs": 3,
            "evaluations": 3,
        }
        assert info.content_hash == hash_sum(content_hash([one_run(str(key), key / 4)]) for key in (1, 2, 3))
        experience = load(store)
        assert sorted(experience.runs["value"]) == [0.25, 0.5, 0.75]
        assert store.query(
            "SELECT ?s WHERE { ?s a <http://www.w3.org/ns/mls#Run> }", default_graph=first.graph
        )
        with pytest.raises(SchemaError, match="already, with other content"):
            store.append(one_run("3", 0.125))
        assert store.version == version

    def test_an_unfinished_graph_says_so_until_it_is_finished(self, store: Store) -> None:
        """A source that was interrupted appends everything again, and nothing is there twice."""
        store.append(small_batch(), unfinished=True)
        assert [info.unfinished for info in store.graphs()] == [True]
        assert store.append(small_batch()).changed
        (info,) = store.graphs()
        assert (info.unfinished, info.counts) == (False, small_batch().counts())
        assert not store.append(small_batch()).changed

    def test_what_was_appended_can_be_written_anew(self, store: Store) -> None:
        """Replacing or removing a graph forgets which batches it had."""
        store.append(small_batch())
        assert not store.commit(small_batch()).changed
        assert store.commit(small_batch(shift=0.125)).changed
        store.remove(iris.graph("trial", "1"))
        assert store.append(small_batch()).changed
        assert [info.counts for info in store.graphs()] == [small_batch().counts()]

    def test_a_logged_run_is_there_after_a_refresh(self, store: Store) -> None:
        """Logging twice keeps one; numbers and times are unchanged."""
        for _ in range(2):
            store.log(one_run("1", 0.1))
        store.refresh()
        text = """SELECT ?value ?started WHERE { ?run a <http://www.w3.org/ns/mls#Run> ;
            <https://w3id.org/metakg/measure/balanced_accuracy> ?value ;
            <http://www.w3.org/ns/prov#startedAtTime> ?started }"""
        assert list(store.query(text).rows()) == [(0.1, "2026-01-02T03:04:05.678Z")]
        assert [info.counts["runs"] for info in store.graphs()] == [1]

    def test_history_tells_every_change(self, store: Store) -> None:
        """Versions, actions and counts, also of graphs that are gone."""
        store.commit(small_batch())
        store.append(one_run("1"))
        store.append(one_run("2"))
        store.remove(iris.graph("trial", "1"))
        history = store.history()
        assert [(entry.version, entry.action, entry.source) for entry in history] == [
            (1, "write", "trial"),
            (2, "append", "project"),
            (3, "append", "project"),
            (4, "remove", "trial"),
        ]
        assert [entry.counts["runs"] for entry in history] == [4, 1, 2, 0]
        assert sorted(entry.source for entry in state_at(history, 3).values()) == ["project", "trial"]
        assert [entry.counts["runs"] for entry in state_at(history, 4).values()] == [2]

    def test_rdf_becomes_a_graph(self, store: Store) -> None:
        """The same triples in another order change nothing, others replace them, and broken ones neither."""
        about = Manifest("rdf", "1", "Foreign RDF", "CC0-1.0", "https://example.org")
        lines = [f'<http://a/{i}> <http://b> "{i}" .\n'.encode() for i in range(3)]
        assert store.commit_rdf(lines, about, counts={"runs": 3}).changed
        assert not store.commit_rdf([b"".join(reversed(lines))], about).changed
        assert [info.counts["runs"] for info in store.graphs()] == [3]
        assert store.commit_rdf(lines[:1], about).quads == 1
        for broken in (b"<http://a> oops", b"<http://a> <http://b> _:c .\n"):
            with pytest.raises(StoreError, match=r"N-Triples|blank node"):
                store.commit_rdf([lines[0], broken], about)
        found = store.query("SELECT ?o WHERE { ?s <http://b> ?o }", default_graph=about.graph)
        assert list(found.rows()) == [("0",)]
        assert store.version == 2

    def test_what_is_put_back_is_described_as_it_was(self, store: Store) -> None:
        """RDF from an export keeps its manifest entry word for word, and is known by it."""
        about = Manifest("rdf", "1", "Foreign RDF", "CC0-1.0", "https://example.org")
        entry = describe(about, {"runs": 1}, "abc", 1, since="2020-02-02T00:00:00Z")
        line = b'<http://a> <http://b> "c" .\n'
        assert store.commit_rdf([line], about, restored=Restored(entry, "abc", ("one",))).changed
        assert not store.commit_rdf([line], about, restored=Restored(entry, "abc")).changed
        (info,) = store.graphs()
        assert (info.generated_at, info.content_hash, info.counts["runs"]) == (
            "2020-02-02T00:00:00Z",
            "abc",
            1,
        )

    def test_nothing_or_mixed_batches_are_refused(self, store: Store) -> None:
        """One commit writes one graph."""
        with pytest.raises(SchemaError):
            store.commit([])
        with pytest.raises(SchemaError, match="one named graph"):
            store.commit([small_batch("one"), small_batch("two")])
        assert store.version == 0

    def test_rdflib_sees_the_same(self, store: Store) -> None:
        """The rdflib dataset holds what was committed, text unchanged."""
        from rdflib import DCTERMS, RDF, URIRef

        store.commit(small_batch())
        dataset = store.dataset()
        assert str(dataset.value(URIRef(ANNEAL), DCTERMS.title)) == 'a "b" \\ c\n\té'
        runs = set(dataset.subjects(RDF.type, URIRef("http://www.w3.org/ns/mls#Run")))
        assert len(runs) == 4

    def test_a_dump_fills_another_store(self, store: Store) -> None:
        """The N-Quads of all graphs are all that the store holds, each in its graph, numbers to the last digit."""
        import pyoxigraph as ox

        store.commit(small_batch("one", shift=1 / 3))
        store.commit(small_batch("two"))
        copy = ox.Store()
        for graph in (*iris.BOOKKEEPING_GRAPHS, *(info.iri for info in store.graphs())):
            for lines in store.dump(graph):
                copy.load(lines, ox.RdfFormat.N_QUADS)
        stored = ox.Store()  # engines write a number in different ways: 1e-05 and 0.00001
        for g, s, p, o in store.query("SELECT ?g ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } }").terms:
            stored.add(ox.Quad(s, p, o, g))
        assert set(copy) == set(stored)
        assert len(copy) > 100
        assert list(store.dump("https://example.org/no-such-graph")) == []

    def test_projection_gives_back_the_tables(self, store: Store) -> None:
        """The experience holds every run, value, quality and pipeline, unchanged."""
        batch = small_batch()
        store.commit(batch)
        experience = load(store)
        assert experience.runs["run"].n_unique() == 4
        assert experience.runs.filter(status="failed").height == 1
        datasets, pipelines, values = experience.matrix("balanced_accuracy", "5-fold-cv")
        assert datasets == [ANNEAL, KR_VS_KP]
        found = {(d, p): values[i, j] for i, d in enumerate(datasets) for j, p in enumerate(pipelines)}
        assert sorted(value for value in found.values() if value == value) == [0.5, 0.75, 0.9]
        assert sorted(experience.pipelines["canonical"]) == sorted(batch.pipelines["canonical"])
        assert experience.datasets.filter(dataset=ANNEAL)["title"][0] == 'a "b" \\ c\n\té'
        assert experience.quality_table()[1] == ["NumberOfInstances"]
        assert experience.without_datasets([ANNEAL]).matrix("balanced_accuracy", "5-fold-cv")[0] == [KR_VS_KP]
