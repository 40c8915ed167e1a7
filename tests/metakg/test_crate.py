"""A recommendation's evidence as RO-Crate: read with its own package, and with nothing but json, csv and rdflib."""

from __future__ import annotations

import csv
import getpass
import io
import json
import platform
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import metakg
from kg.errors import MetakgError, StoreError
from metakg.crate_text import FILES
from metakg.recommendation import Recommendation

Shell = Callable[..., tuple[int, str, str]]
NAME = 'cells <script>alert(1)</script> | "a".csv'


@pytest.fixture(scope="module")
def table(wdbc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Breast Cancer Wisconsin in a file whose name is markup."""
    path = tmp_path_factory.mktemp("tables") / NAME.replace("/", "_")
    path.write_bytes(wdbc.read_bytes())
    return path


@pytest.fixture(scope="module")
def store(small_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the small store that a recommendation may be kept in."""
    import shutil

    folder = tmp_path_factory.mktemp("crates") / "store"
    shutil.copytree(small_store, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def answer(store: Path, table: Path) -> Iterator[Recommendation]:
    with metakg.open(store) as kg:
        yield kg.recommend(table, target="diagnosis", top=3)


@pytest.fixture(scope="module")
def crate(store: Path, answer: Recommendation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the crate."""
    folder = tmp_path_factory.mktemp("crates") / "crate"
    with metakg.open(store, read_only=True) as kg:
        written = kg.export_crate(answer.iri, folder)
    assert written.runs == len(answer) * len(answer.neighbours)
    return folder


def table_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_the_query_gives_the_same_rows_on_the_crates_own_turtle(crate: Path) -> None:
    """With rdflib's engine, not with ours."""
    import rdflib

    graph = rdflib.Graph().parse(crate / "runs.ttl", format="turtle")
    found = graph.query((crate / "evidence.rq").read_text())
    assert found.vars is not None
    again = {(str(p), str(d), str(r), float(v)) for p, d, r, v in found}  # type: ignore[misc]
    rows = table_of(crate / "evidence.csv")
    kept = {(row["pipeline"], row["dataset"], row["run"], float(row["value"])) for row in rows}
    assert [str(variable) for variable in found.vars] == list(rows[0])
    assert again == kept
    assert len(kept) == len(rows) == len(list(found))


def test_the_files_say_what_the_recommendation_says(crate: Path, answer: Recommendation) -> None:
    import rdflib

    found = json.loads((crate / "recommendation.json").read_text())
    assert found["iri"] == answer.iri
    assert [row["pipeline"] for row in found["pipelines"]] == [item.pipeline.iri for item in answer]
    runs = table_of(crate / "runs.csv")
    assert {run.run for item in answer for run in item.support} <= {row["run"] for row in runs}
    support = {run.run: run for item in answer for run in item.support}
    scores = {row["run"]: row for row in runs if row["measure"].endswith("balanced_accuracy")}
    assert {run: float(scores[run]["value"]) for run in support} == {
        run: about.value for run, about in support.items()
    }
    assert {row["licence"] for row in runs} == {"BSD-3-Clause"}
    assert all(row["dataset_title"] and row["pipeline_title"] and row["source"] for row in runs)
    neighbours = table_of(crate / "neighbours.csv")
    assert [row["dataset"] for row in neighbours] == [near.dataset for near in answer.neighbours]
    (source,) = table_of(crate / "sources.csv")
    assert (source["source"], source["licence"], source["iri"]) == (
        "oboe",
        "BSD-3-Clause",
        answer.provenance.graphs[0],
    )
    graph = rdflib.Graph().parse(crate / "recommendation.ttl", format="turtle")
    derived = rdflib.URIRef("http://www.w3.org/ns/prov#wasDerivedFrom")
    assert (rdflib.URIRef(answer.iri), derived, rdflib.URIRef(source["iri"])) in graph
    assert (rdflib.URIRef(source["iri"]), rdflib.DCTERMS.license, rdflib.Literal("BSD-3-Clause")) in graph


def test_the_metadata_describes_every_file(crate: Path, answer: Recommendation) -> None:
    document = json.loads((crate / "ro-crate-metadata.json").read_text())
    nodes = {node["@id"]: node for node in document["@graph"]}
    assert nodes["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    parts = {part["@id"] for part in nodes["./"]["hasPart"]}
    assert parts == set(FILES)
    here = {path.name for path in crate.iterdir()}
    assert here == {*parts, "ro-crate-metadata.json", "ro-crate-preview.html"}
    for name in parts:
        assert int(nodes[name]["contentSize"]) == (crate / name).stat().st_size
        licences = {nodes[licence["@id"]]["name"] for licence in nodes[name]["license"]}
        data = name in ("runs.csv", "runs.ttl", "evidence.csv", "neighbours.csv", "sources.csv")
        assert licences == {"BSD-3-Clause" if data else "CC0-1.0"}, name
    action = nodes["#recommend"]
    assert action["@type"] == "CreateAction"
    assert nodes[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    assert nodes[action["instrument"]["@id"]]["name"] == "metakg"
    assert {"@id": answer.provenance.graphs[0]} in action["object"]
    assert {"@id": "recommendation.ttl"} in action["result"]
    referred = {value["@id"] for node in nodes.values() for value in _references(node)}
    assert {name for name in referred if name not in nodes and not name.startswith("http")} == set()


def _references(node: dict[str, object]) -> Iterator[dict[str, str]]:
    for value in node.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "@id" in item:
                yield item


def test_its_own_package_reads_it(crate: Path, answer: Recommendation, store: Path, tmp_path: Path) -> None:
    from rocrate.rocrate import ROCrate

    packed = tmp_path / "crate.zip"
    with metakg.open(store, read_only=True) as kg:
        kg.export_crate(answer.iri, packed)
    for place in (crate, packed):
        found = ROCrate(place)
        assert {entity.id for entity in found.data_entities} == set(FILES)
        assert found.root_dataset["identifier"] == answer.iri
        assert found.get("#recommend")["instrument"]["name"] == "metakg"
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        assert archive.read("runs.ttl") == (crate / "runs.ttl").read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["crate.zip"]


def test_a_recommendation_that_was_not_kept_is_exported_too(
    store: Path, table: Path, crate: Path, answer: Recommendation, tmp_path: Path
) -> None:
    with metakg.open(store, read_only=True) as kg:
        again = kg.recommend(table, target="diagnosis", top=2, store_evidence=False)
        assert again.iri != answer.iri
        kg.export_crate(again, tmp_path / "crate")
        with pytest.raises(MetakgError, match="knows no recommendation"):
            kg.export_crate(again.iri, tmp_path / "other")
    found = json.loads((tmp_path / "crate" / "recommendation.json").read_text())
    assert len(found["pipelines"]) == 2
    assert not (tmp_path / "other").exists()


def test_nothing_tells_whose_machine_it_was(crate: Path, store: Path, table: Path) -> None:
    places = {str(Path.home()), str(store.parent), str(table.parent), str(Path.cwd())}
    words = "|".join(map(re.escape, [platform.node(), getpass.getuser(), *places]))
    texts = {path.name: path.read_text(encoding="utf-8") for path in crate.iterdir()}
    assert [name for name, text in texts.items() if re.search(rf"(?<!\w)({words})(?!\w)", text)] == []
    assert set(json.loads(texts["environment.json"])) == {"written_by", "python", "platform", "packages"}


def test_a_name_that_is_markup_stays_text(crate: Path) -> None:
    page = (crate / "ro-crate-preview.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    readme = (crate / "README.md").read_text()
    assert "<script" not in readme.replace("\\<", "")
    assert "\\| " in readme.splitlines()[0]


def test_the_command_and_its_mistakes(
    store: Path, answer: Recommendation, crate: Path, tmp_path: Path, shell: Shell
) -> None:
    short = answer.iri.replace("https://w3id.org/metakg/", "metakg:")
    status, _, said = shell("--store", store, "export", tmp_path / "a.zip", "--recommendation", short)
    assert (status, said) == (0, f"wrote {tmp_path / 'a.zip'} with 10 files, 30 supporting runs\n")
    for words, complaint in (
        ([crate, "--recommendation", short], "is there already: name a new folder"),
        ([tmp_path / "no" / "b.zip", "--recommendation", short], "could not be written"),
        ([tmp_path / "c.zip", "--recommendation", "31"], "knows no recommendation"),
        (["-", "--recommendation", short], "not stdout"),
        ([tmp_path / "d.zip", "--recommendation", short, "--croissant", "31"], "two exports"),
    ):
        status, _, said = shell("--store", store, "export", *words)
        assert status == 2
        assert complaint in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zip"]


def test_a_missing_package_is_named(
    store: Path, answer: Recommendation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with (
        metakg.open(store, read_only=True) as kg,
        pytest.raises(MetakgError, match="pip install rocrate") as caught,
    ):
        kg.export_crate(answer.iri, tmp_path / "crate")
    assert not isinstance(caught.value, StoreError)
