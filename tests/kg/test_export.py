"""What is exported can be read again, by us and by others, and is all that was in the store."""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg import iris
from kg.errors import MetakgError
from kg.export import FORMATS, export
from kg.server import Server
from kg.testing import small_batch

QUAD_FORMATS = {"nquads": ox.RdfFormat.N_QUADS, "trig": ox.RdfFormat.TRIG, "jsonld": ox.RdfFormat.JSON_LD}

AWKWARD = """
<http://a/whole> <http://www.w3.org/ns/mls#hasQuality> <http://a/part> .
<http://a/part> <http://www.w3.org/ns/mls#hasQuality> <http://a/whole> .
<http://a/part/of/it> <http://www.w3.org/ns/mls#hasQuality> <http://a/part> .
<http://a/part> <http://b/has> <http://a/part/of/it> .
<http://a/x> <http://b/own> <http://a/x> .
<http://a/x> <http://b/has> <http://a/x/y> .
<http://a/x/y> <http://b/back> <http://a/x> .
<http://a/x> <http://purl.org/dc/terms/title> "caf\\u00E9"@fr .
<http://a/x> <http://purl.org/dc/terms/title> "two\\nlines \\"\\\\" .
<http://a/x> <http://purl.org/dc/terms/title> <http://a/title> .
<http://a/x> <http://www.w3.org/ns/mls#hasValue> "0.30000000000000004"^^<http://www.w3.org/2001/XMLSchema#double> .
<http://a/x> <http://www.w3.org/ns/mls#hasValue> "NaN"^^<http://www.w3.org/2001/XMLSchema#double> .
<http://a/x> <http://www.w3.org/ns/mls#hasValue> "0.1"^^<http://www.w3.org/2001/XMLSchema#decimal> .
<http://a/x> <http://www.w3.org/ns/mls#hasValue> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> .
<http://a/x> <http://www.w3.org/ns/mls#hasValue> "-12"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://a/x> <http://www.w3.org/ns/mls#hasValue> "" .
<http://a/x> <http://www.w3.org/ns/mls#achieves> "no IRI" .
<http://a/x> <https://w3id.org/metakg/ontology#rank> "first" .
<http://a/x> <https://w3id.org/metakg/ontology#rank> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://a/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "text" .
<http://a/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/mls#Run> .
<http://a/x> <http://b/day> "2026-01-02"^^<http://www.w3.org/2001/XMLSchema#date> .
<https://w3id.org/metakg/> <http://b/has> <http://www.w3.org/ns/mls#> .
"""


@pytest.fixture
def awkward() -> Iterator[kg.Store]:
    """A store of other people's RDF: circles, text with quotes, numbers of 17 digits, values where IRIs are usual."""
    with kg.MemoryStore() as store:
        store.commit(small_batch(shift=1 / 3))
        store.add(AWKWARD.encode(), kg.Manifest("foreign", "1", "RDF", "CC0-1.0", "https://example.org"))
        yield store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a store with one graph."""
    path = tmp_path_factory.mktemp("small") / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


def quads_of(store: kg.Store) -> set[ox.Quad]:
    graphs = [*iris.BOOKKEEPING_GRAPHS, *(info.iri for info in store.graphs())]
    lines = b"".join(chunk for graph in graphs for chunk in store.dump(graph))
    return set(ox.parse(lines, format=ox.RdfFormat.N_QUADS))


@pytest.mark.parametrize("form", QUAD_FORMATS)
def test_a_real_store_is_all_there_again(experiments: kg.Store, tmp_path: Path, form: str) -> None:
    """Parts of OBOE and LCDB, a project, a recommendation and the manifest; without blank nodes, equal sets are
    isomorphic graphs."""
    path = tmp_path / f"all{FORMATS[form]}"
    done = export(experiments, path)
    copy = ox.Store()
    copy.bulk_load(path=str(path), format=QUAD_FORMATS[form])
    expected = quads_of(experiments)
    assert set(copy) == expected
    assert (done.form, done.quads) == (form, len(expected))
    assert len(expected) > 50_000
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("form", QUAD_FORMATS)
def test_awkward_rdf_loses_nothing(awkward: kg.Store, form: str) -> None:
    out = io.BytesIO()
    export(awkward, out, form)
    assert set(ox.parse(out.getvalue(), format=QUAD_FORMATS[form])) == quads_of(awkward)


@pytest.mark.parametrize(("form", "name"), [("nquads", "nquads"), ("trig", "trig"), ("jsonld", "json-ld")])
def test_rdflib_reads_the_same_without_network(awkward: kg.Store, form: str, name: str) -> None:
    import rdflib
    from rdflib.compare import isomorphic

    out = io.BytesIO()
    export(awkward, out, form)
    found = rdflib.Dataset()
    found.parse(data=out.getvalue(), format=name)
    for info in awkward.graphs():
        wanted = rdflib.Dataset()
        wanted.parse(data=b"".join(awkward.dump(info.iri)), format="nquads")
        graph = rdflib.URIRef(info.iri)
        assert isomorphic(found.graph(graph), wanted.graph(graph))
        assert len(wanted.graph(graph)) > 20


def test_json_ld_is_readable(experiments: kg.Store) -> None:
    """Short keys; a recommendation holds its pipelines, a run its scores, a dataset its qualities."""
    out = io.BytesIO()
    export(experiments, out, "jsonld")
    document = json.loads(out.getvalue())
    graphs = {graph["id"]: graph["@graph"] for graph in document["@graph"]}
    recommended = graphs["metakg:graph/recommendations/1"]
    (answer,) = [node for node in recommended if node.get("type") == "Recommendation"]
    assert answer["recommends"]["predicted"] == "0.7"
    assert answer["recommends"]["rank"] == 1
    assert answer["neighbours"]["dataset"] == "openml:dataset/23"
    nodes = {node["id"]: node for node in graphs["metakg:graph/lcdb/0.1.0"]}
    qualities = nodes["openml:dataset/31"]["distribution"]["quality"]
    sizes = [quality["number"] for quality in qualities if quality["label"] == "NumberOfInstances"]
    assert sizes == ["1000"]
    run = next(node for node in nodes.values() if node.get("type") == "Run" and "output" in node)
    assert {evaluation["type"] for evaluation in run["output"]} == {"Evaluation"}
    assert not any(node.get("type") in ("Evaluation", "Quality", "Step") for node in nodes.values())


def test_turtle_is_one_graph_or_the_union(awkward: kg.Store, tmp_path: Path) -> None:
    one = tmp_path / "one.ttl"
    export(awkward, one, graphs=["trial"])
    assert one.read_text().splitlines()[0] == f"# Graph {iris.graph('trial', '1')}"
    triples = {quad.triple for quad in ox.parse(path=str(one), format=ox.RdfFormat.TURTLE)}
    named = ox.NamedNode(iris.graph("trial", "1"))
    assert triples == {quad.triple for quad in quads_of(awkward) if quad.graph_name == named}
    union = tmp_path / "union.ttl"
    export(awkward, union)
    assert union.read_text().startswith(f"# Union of the graphs {iris.MANIFEST_GRAPH}, ")
    found = {quad.triple for quad in ox.parse(path=str(union), format=ox.RdfFormat.TURTLE)}
    assert found == {quad.triple for quad in quads_of(awkward)}


def test_a_chosen_graph_takes_its_manifest_entry_along(awkward: kg.Store, tmp_path: Path) -> None:
    path = tmp_path / "one.nq.gz"
    done = export(awkward, path, graphs=["trial 1"])
    found = set(ox.parse(gzip.decompress(path.read_bytes()), format=ox.RdfFormat.N_QUADS))
    graph = ox.NamedNode(iris.graph("trial", "1"))
    manifest = ox.NamedNode(iris.MANIFEST_GRAPH)
    assert found == {
        quad
        for quad in quads_of(awkward)
        if graph == quad.graph_name or (quad.subject == graph and quad.graph_name == manifest)
    }
    assert done.quads == len(found)
    export(awkward, tmp_path / "again.nq.gz", graphs=["trial"])
    assert (tmp_path / "again.nq.gz").read_bytes() == path.read_bytes()


def test_progress_reaches_all(awkward: kg.Store) -> None:
    told: list[tuple[str, int, int]] = []
    done = export(awkward, io.BytesIO(), "trig", progress=lambda *words: told.append(words))
    assert told[-1] == ("writing", done.quads, done.quads)


@pytest.mark.server
def test_a_server_is_exported_the_same(awkward: kg.Store, empty_server: Server) -> None:
    with kg.RemoteStore(f"{empty_server.url}/query", update_url=f"{empty_server.url}/update") as store:
        store.commit(small_batch(shift=1 / 3))
        out = io.BytesIO()
        export(store, out, "jsonld", graphs=["trial"])
    trial = ox.NamedNode(iris.graph("trial", "1"))
    found = {q for q in ox.parse(out.getvalue(), format=ox.RdfFormat.JSON_LD) if q.graph_name == trial}
    assert found == {quad for quad in quads_of(awkward) if quad.graph_name == trial}


@pytest.mark.parametrize(
    ("name", "graphs", "said"),
    [
        ("all.rdf", [], "cannot be told from its name"),
        ("all.nq", ["oboe"], "no source 'oboe': the graph holds trial 1"),
        ("missing/all.nq", [], "No such file or directory"),
        ("folder.nq", [], "directory"),
    ],
)
def test_mistakes_leave_nothing(
    awkward: kg.Store, tmp_path: Path, name: str, graphs: list[str], said: str
) -> None:
    (tmp_path / "folder.nq").mkdir()
    with pytest.raises(MetakgError, match=said) as caught:
        export(awkward, tmp_path / name, graphs=graphs)
    assert "\n" not in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.nq"]


@pytest.mark.parametrize("name", ["all.nq", "all.trig", "all.jsonld", "all.nq.gz"])
def test_a_full_disk_leaves_the_old_file(folder: Path, tmp_path: Path, name: str) -> None:
    """A process that may write no more than 1,000 bytes to a file is refused as by a full disk."""
    path = tmp_path / name
    path.write_text("what was there")
    done = subprocess.run(
        [sys.executable, "-m", "metakg", "--store", str(folder), "export", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000)),
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("metakg: ")
    assert "could not be written" in line
    assert path.read_text() == "what was there"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_the_command_writes_files_and_stdout(folder: Path, tmp_path: Path) -> None:
    def run(*words: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-u", "-m", "metakg", "--store", folder, "export", *words]
        return subprocess.run([str(word) for word in command], capture_output=True, timeout=60, check=False)

    path = tmp_path / "all.nq"
    done = run(path)
    assert done.returncode == 0, done.stderr
    assert b"quads of 3 graphs to" in done.stderr
    piped = run("-", "--format", "nquads")
    assert piped.stdout == path.read_bytes()
    assert run("-").returncode == 2
    with kg.open_store(folder, read_only=True) as store:
        assert set(ox.parse(piped.stdout, format=ox.RdfFormat.N_QUADS)) == quads_of(store)
