"""RDF files come in through the gate: what is good whole, what is bad not at all or into quarantine, nothing twice."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyoxigraph as ox
import pytest

from ingest.quarantine import held, release
from ingest.rdf import ingest_rdf
from kg import MemoryStore, experience, iris, questions
from kg.errors import GateError, RdfError, StoreError
from kg.rdf_file import Limits
from kg.skolem import skolemise
from kg.testing import small_batch
from kg.validation import validate

SAMPLE = (Path(__file__).parents[1] / "ontology" / "sample.ttl").read_text(encoding="utf-8")
SAMPLE += "\nmeasure:one_vs_rest_balanced_accuracy a mls:EvaluationMeasure .\n"
RUN = "https://w3id.org/metakg/run/oboe/31/88d8fc3b9da9c5a1"
TASK = "https://w3id.org/metakg/task/openml-31/5-fold-cv"
DATASET = "http://w3id.org/mlsea/openml/dataset/31"
PIPELINE = "https://w3id.org/metakg/pipeline/88d8fc3b9da9c5a1"
SCORE = "0.6847619047619048e0 .\n"
RUNS = "SELECT ?run WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"


@pytest.fixture
def store():
    with MemoryStore() as opened:
        yield opened


def quads_of(store) -> set[str]:
    text = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } }"
    return {" ".join(str(term) for term in row) + " .\n" for row in store.query(text).terms}


def without_history(quads) -> set[str]:
    return {quad for quad in quads if f"<{iris.HISTORY_GRAPH}>" not in quad}


@pytest.mark.parametrize("suffix", [".ttl", ".nt", ".nq", ".trig", ".rdf", ".jsonld", ".ttl.gz"])
def test_every_format_says_the_same_and_again_changes_nothing(suffix, store, tmp_path) -> None:
    kinds = {".ttl": "TURTLE", ".nt": "N_TRIPLES", ".nq": "N_QUADS", ".trig": "TRIG", ".rdf": "RDF_XML"}
    kind = getattr(ox.RdfFormat, kinds.get(suffix.removesuffix(".gz"), "JSON_LD"))
    content = ox.serialize(ox.parse(SAMPLE, format=ox.RdfFormat.TURTLE), format=kind)
    path = tmp_path / f"runs{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    report = ingest_rdf(store, path, licence="CC0-1.0")
    assert report.graphs == (iris.graph("rdf", "runs"),)
    assert report.quads == 41
    (info,) = store.graphs()
    assert (
        info.counts
        == report.counts
        == dict.fromkeys(("datasets", "qualities", "tasks", "pipelines", "runs", "evaluations"), 1)
    )
    assert (info.licence, info.derived_from) == ("CC0-1.0", path.as_uri())
    before = quads_of(store)
    assert not ingest_rdf(store, path).changed
    assert quads_of(store) == before
    assert experience.load(store).runs["value"].to_list() == [0.6847619047619048]


def test_a_changed_file_replaces_what_it_held(store, tmp_path) -> None:
    path = tmp_path / "runs.ttl"
    for score in ("0.5e0", "0.75e0"):
        path.write_text(SAMPLE.replace("0.6847619047619048e0", score))
        assert ingest_rdf(store, path).changed
    assert experience.load(store).runs["value"].to_list() == [0.75]


def test_another_file_of_that_name_does_not_take_its_place(store, tmp_path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "runs.ttl").write_text(SAMPLE)
    ingest_rdf(store, tmp_path / "a" / "runs.ttl")
    assert not ingest_rdf(store, tmp_path / "b" / "runs.ttl").changed
    (tmp_path / "b" / "runs.ttl").write_text(SAMPLE.replace("credit-g", "other"))
    with pytest.raises(StoreError, match="--name"):
        ingest_rdf(store, tmp_path / "b" / "runs.ttl")


def test_blank_nodes_get_names_that_do_not_depend_on_their_labels(store, tmp_path) -> None:
    node = "<https://w3id.org/metakg/pipeline/88d8fc3b9da9c5a1/step/0>"
    path = tmp_path / "runs.ttl"
    path.write_text(SAMPLE.replace(node.replace("https://w3id.org/metakg/", ""), "_:one"))
    report = ingest_rdf(store, path)
    assert report.blank_nodes == 1
    assert "_:" not in "".join(quads_of(store))
    lines = SAMPLE.replace(node.replace("https://w3id.org/metakg/", ""), "_:another").split("\n\n")
    path.write_text("\n\n".join([lines[0], *reversed(lines[1:])]))
    assert not ingest_rdf(store, path).changed


def test_blank_nodes_that_cannot_be_told_apart_are_refused_in_time() -> None:
    raw = ox.Store()
    edges = (f"_:a{i} <http://e/p> _:a{j} .\n" for i in range(14) for j in range(14) if i != j)
    raw.load("".join(edges), ox.RdfFormat.N_TRIPLES)
    with pytest.raises(RdfError, match="cannot be told apart within 1 s"):
        skolemise(raw, "poison.nt", seconds=1)
    with pytest.raises(RdfError, match="more than 10"):
        skolemise(raw, "poison.nt", most=10)


BROKEN = {
    "score out of range": (SCORE, "67e0 .\n", {RUN}),
    "score that is no number": (SCORE, '"NaN"^^<http://www.w3.org/2001/XMLSchema#double> .\n', {RUN}),
    "score that is text": (SCORE, '"good" .\n', {RUN}),
    "missing task": ("mls:achieves <task/openml-31/5-fold-cv> ;", "", {RUN}),
    "evaluation without measure": (
        "a mls:ModelEvaluation ;\n    mls:specifiedBy measure:one_vs_rest_balanced_accuracy ;",
        "a mls:ModelEvaluation ;",
        {RUN},
    ),
    "task without procedure": ("mkg:procedure procedure:5-fold-cv ;", "", {TASK, RUN}),
    "dataset without title": ('dcterms:title "credit-g" ;', "", {DATASET, TASK, RUN}),
    "step in an unknown slot": ('mkg:slot "estimator"', 'mkg:slot "classifier"', {PIPELINE, RUN}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_a_rule_goes_to_quarantine_whole(what, store, tmp_path) -> None:
    good, bad, units = BROKEN[what]
    assert good in SAMPLE
    path = tmp_path / "runs.ttl"
    path.write_text(SAMPLE.replace(good, bad))
    with pytest.raises(GateError) as refused:
        ingest_rdf(store, path)
    assert "\n" not in str(refused.value)
    assert (store.version, store.graphs()) == (0, [])
    report = ingest_rdf(store, path, keep_going=True)
    assert {unit.head for unit in report.kept_back} == units
    # Nothing is lost, nothing is in both places, and nothing of it is answered with.
    kept = {line for unit in held(store) for line in unit.statements.splitlines(keepends=True)}
    content = _lines(path)
    inside = {quad.removesuffix(f" <{iris.graph('rdf', 'runs')}> .\n") + " .\n" for quad in quads_of(store)}
    assert content <= kept | inside
    assert not kept & inside
    assert list(store.query(RUNS).rows()) == []
    assert len(experience.load(store).runs) == 0
    if not {TASK, DATASET} & units:
        assert len(questions.ask(store, "best-pipelines", dataset="31")) == 0
    assert validate(store).conforms
    assert all(unit.reason for unit in held(store, "runs"))
    # Mended, it comes in, and the quarantine is gone.
    path.write_text(SAMPLE)
    assert ingest_rdf(store, path).kept_back == ()
    assert held(store) == []
    assert len(list(store.query(RUNS).rows())) == 1


def _lines(path: Path) -> set[str]:
    raw = ox.Store()
    raw.load(path=str(path), format=ox.RdfFormat.TURTLE)
    return {f"{quad.triple} .\n" for quad in raw}


def test_what_units_share_stays_with_the_good_one(store, tmp_path) -> None:
    other = SAMPLE[
        SAMPLE.index("<pipeline/88d8fc3b9da9c5a1> a") : SAMPLE.index("<pipeline/88d8fc3b9da9c5a1/step/0> a")
    ]
    other = other.replace("<pipeline/88d8fc3b9da9c5a1>", "<pipeline/other>").replace(
        "mkg:canonical", "mkg:form"
    )
    path = tmp_path / "runs.ttl"
    path.write_text(SAMPLE + other)
    report = ingest_rdf(store, path, keep_going=True)
    (unit,) = report.kept_back
    assert unit.head == "https://w3id.org/metakg/pipeline/other"
    assert any("step/0" in str(triple.subject) for triple in unit.triples)
    assert report.counts["pipelines"] == report.counts["runs"] == 1
    assert validate(store).conforms


def test_a_run_counts_once_though_two_files_tell_of_it(store, tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.ttl").write_text(SAMPLE)
    ingest_rdf(store, tmp_path / "one.ttl")
    with pytest.raises(GateError, match="counts twice"):
        ingest_rdf(store, tmp_path / "two.ttl")
    report = ingest_rdf(store, tmp_path / "two.ttl", keep_going=True)
    assert [unit.head for unit in report.kept_back] == [RUN]
    assert len(experience.load(store).runs) == 1
    assert release(store, "two") == 1
    with pytest.raises(StoreError, match="no quarantine"):
        release(store, "two")


def test_each_named_graph_becomes_one(store, tmp_path) -> None:
    prefixes, data = SAMPLE.split("\n\n", 1)
    path = tmp_path / "two.trig"
    other = data.replace("run/oboe/31", "run/oboe/32").replace("67e0", "67")
    path.write_text(f"{prefixes}\nGRAPH <http://e/a> {{ {data} }} GRAPH <http://e/b> {{ {other} }}")
    report = ingest_rdf(store, path)
    assert len(report.graphs) == report.counts["runs"] == 2
    assert {info.derived_from for info in store.graphs()} == {"http://e/a", "http://e/b"}
    path.write_text(
        path.read_text().replace("GRAPH <http://e/b> {", "GRAPH <http://e/b> { <x:s> a mls:Run .")
    )
    report = ingest_rdf(store, path, keep_going=True)
    (unit,) = held(store)
    assert (unit.thing, unit.original_graph) == ("x:s", "http://e/b")
    assert unit.nquads().endswith("<http://e/b> .\n")


def test_an_export_is_put_back_as_it_was(store, tmp_path) -> None:
    store.commit(small_batch("one"))
    store.append(small_batch("two", "7"))
    store.commit(small_batch("one", shift=0.25))
    path = tmp_path / "all.nq"
    path.write_text("".join(sorted(quads_of(store))))
    with MemoryStore() as other:
        report = ingest_rdf(other, path)
        assert report.restored
        assert without_history(quads_of(other)) == without_history(quads_of(store))
        assert not ingest_rdf(other, path).changed
        assert not other.commit(small_batch("one", shift=0.25)).changed
        assert not other.append(small_batch("two", "7")).changed
        other.commit(small_batch("one"))
        with pytest.raises(StoreError, match="other content"):
            ingest_rdf(other, path)


def test_an_export_with_a_quarantine_keeps_it(store, tmp_path) -> None:
    (tmp_path / "runs.ttl").write_text(SAMPLE.replace(SCORE, "67e0 .\n"))
    ingest_rdf(store, tmp_path / "runs.ttl", keep_going=True)
    (tmp_path / "all.nq").write_text("".join(quads_of(store)))
    with MemoryStore() as other:
        ingest_rdf(other, tmp_path / "all.nq")
        assert held(other) == held(store) != []


def test_a_manifest_that_is_not_whole_is_refused(store, tmp_path) -> None:
    store.commit(small_batch())
    quads = [quad for quad in quads_of(store) if "#sourceVersion" not in quad]
    (tmp_path / "all.nq").write_text("".join(quads))
    with MemoryStore() as other, pytest.raises(RdfError, match="manifest graph is not whole"):
        ingest_rdf(other, tmp_path / "all.nq")


DEEP = 10_000
UNREADABLE = {
    "empty.ttl": (b"", "no triples"),
    "empty.jsonld": (b"", "line 1, column 1"),
    "table.csv": (b"a,b", "suffix '.csv'"),
    "words.ttl": (b"dear reader,\nthis is a letter", "line 1"),
    "binary.nt": (bytes(range(256)), "line 1"),
    "late.nt": (b"<http://a> <http://b> 'x' .\n", "line 1, column 23"),
    "late2.nt": (b'<http://a> <http://b> "x" .\n"l" <http://b> "x" .\n', "line 2, column 1"),
    "space.ttl": (b"<http://a> <http://b> <http://c d> .", "column 23"),
    "relative.ttl": (b"<a> <http://b> <http://c> .", "line 1"),
    "page.rdf": (b"<html><p>no</html>", "RDF-XML"),
    "turtle.rdf": (b"<http://a> <http://b> 1 .", "RDF-XML"),
    "deep.jsonld": (b'{"http://b": ' * DEEP + b"1" + b"}" * DEEP, "256 deep"),
    "deep.rdf": (b"<a>" * DEEP + b"</a>" * DEEP, "256 deep"),
    "terms.trig": (b"<x:a> <x:b> " + b"<<( <x:a> <x:b> " * 300_000, "256 deep"),
    "reified.ttl": (b"<x:a> <x:b> <<( <x:a> <x:b> <x:c> )>> .", "within triples"),
    "huge.nt": (b'<x:a> <x:b> "' + b"x" * (20 << 20) + b'" .', "longer than"),
    "remote.jsonld": (b'{"@context": "http://127.0.0.1:9/", "@id": "x:a", "name": 1}', "not fetched"),
    "cut.nt.gz": (gzip.compress(b"<x:a> <x:b> <x:c> .\n" * 100)[:-9], "cut off"),
    "outside.rdf": (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="x:"><e:a rdf:about="x:s"><e:p>&x;</e:p>'
        b"</e:a></rdf:RDF>",
        "ENTITY",
    ),
    "laughs.rdf": (
        b'<!DOCTYPE r [<!ENTITY a0 "lolololololololololol">'
        + b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 9))
        + b']><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&a8;</rdf:RDF>',
        "expand without end",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_told_in_one_line(name, store, tmp_path) -> None:
    content, word = UNREADABLE[name]
    (tmp_path / name).write_bytes(content)
    for refuse in (lambda path: ingest_rdf(store, path), validate):
        if name == "reified.ttl" and refuse is validate:
            continue
        with pytest.raises(RdfError, match=word) as caught:
            refuse(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)
        assert len(str(caught.value)) < 600
    assert store.version == 0


def test_deep_turtle_is_read(store, tmp_path) -> None:
    nested = "[ <x:b> " * DEEP + "1" + " ]" * DEEP
    (tmp_path / "deep.trig").write_text(f"GRAPH <x:g> {{ <x:a> <x:b> {nested} . }}")
    assert validate(tmp_path / "deep.trig").conforms


def test_a_packed_bomb_is_not_unpacked(store, tmp_path) -> None:
    path = tmp_path / "bomb.nt.gz"
    path.write_bytes(gzip.compress(b"# x\n" * 5_000_000))
    with pytest.raises(RdfError, match="unpack it yourself"):
        ingest_rdf(store, path, limits=Limits(ratio_from=2**20))
    with pytest.raises(RdfError, match="split it"):
        ingest_rdf(store, path, limits=Limits(size=2**20))
    assert store.version == 0
