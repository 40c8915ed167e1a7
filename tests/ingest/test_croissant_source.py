"""Croissant's descriptions become datasets with their files, and our own are read back as they were."""

import json
from pathlib import Path

import pytest

import metakg
from ingest import CroissantSource, source_for
from ingest.testing import SourceTestCase
from kg import iris
from kg.errors import SourceError
from metakg.croissant import croissant_of_table

DIGEST = "ab" * 32
DOCUMENT = {
    "@context": {
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
    },
    "@type": "sc:Dataset",
    "name": "Titanic (train)",
    "conformsTo": "http://mlcommons.org/croissant/1.0",
    "url": "https://example.org/titanic",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "variableMeasured": [
        {"@type": "PropertyValue", "name": "NumberOfInstances", "value": 891},
        {"@type": "PropertyValue", "name": "collected by", "value": "hand"},
    ],
    "distribution": [
        {
            "@type": "cr:FileObject",
            "@id": "titanic.csv",
            "name": "titanic.csv",
            "contentUrl": "https://example.org/titanic.csv",
            "contentSize": "61194 B",
            "encodingFormat": "text/csv",
            "sha256": DIGEST,
        },
        {"@type": "cr:FileSet", "@id": "images", "name": "images", "includes": "*.png"},
    ],
}


def written(folder, document, name="titanic.croissant.json"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


WRONG = {
    "no JSON": ("{", "line 1"),
    "no object": ([], "@type"),
    "no dataset": ({**DOCUMENT, "@type": "Person"}, "@type"),
    "no name": ({**DOCUMENT, "name": " "}, "name"),
    "name without a letter": ({**DOCUMENT, "name": "--"}, "name"),
    "digest": ({**DOCUMENT, "distribution": {"contentUrl": "a", "sha256": "12"}}, "distribution[0]: sha256"),
    "file": ({**DOCUMENT, "distribution": ["a.csv"]}, "distribution[0]"),
    "doubled": ({**DOCUMENT, "distribution": [DOCUMENT["distribution"][0]] * 2}, "distribution[1]: name"),
    "two numbers": ({**DOCUMENT, "url": "https://www.openml.org/d/31", "sameAs": "openml:37"}, "[31, 37]"),
    "deep": ("[" * 10_000 + "]" * 10_000, "deep"),
}


class TestCroissant(SourceTestCase):
    has_runs = False
    folder = None

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def place(cls, tmp_path_factory):
        cls.folder = tmp_path_factory.mktemp("croissant")
        written(cls.folder, DOCUMENT)
        yield
        cls.folder = None

    def make(self):
        return CroissantSource((self.folder or Path()) / "titanic.croissant.json")

    def damaged(self, folder):
        for number, (document, _) in enumerate(WRONG.values()):
            path = written(folder / str(number), document)
            yield CroissantSource(path), path
        yield CroissantSource(folder / "nowhere.json"), folder / "nowhere.json"
        huge = folder / "huge.json"
        with huge.open("wb") as stream:
            stream.truncate(2**31)  # takes no room on the disk
        yield CroissantSource(huge), huge
        binary = folder / "binary.json"
        binary.write_bytes(b'{"a": "\xff"}')
        yield CroissantSource(binary), binary


@pytest.mark.parametrize("what", WRONG)
def test_the_error_names_the_place(what, tmp_path):
    document, place = WRONG[what]
    with pytest.raises(SourceError) as caught:
        list(CroissantSource(written(tmp_path, document)).batches())
    assert place in str(caught.value)


def test_what_a_description_says_is_in_the_graph(tmp_path):
    path = written(tmp_path, DOCUMENT)
    with metakg.open(tmp_path / "store") as kg:
        report = kg.ingest(path)
        assert report.graph == iris.graph("croissant", "titanic")
        assert not kg.ingest(path).changed
        assert kg.validate().conforms
        assert {item.what: item.count for item in report.left_out} == {"distributions": 1}
        back = kg.croissant(iris.named_dataset("Titanic (train)")).document
    for key in ("name", "url", "license"):
        assert back[key] == DOCUMENT[key] or back[key] == [DOCUMENT[key]]
    (measured,) = back["variableMeasured"]
    assert (measured["name"], measured["value"]) == ("NumberOfInstances", 891)
    assert [file["contentUrl"] for file in back["distribution"]] == ["https://example.org/titanic.csv"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "https://www.openml.org/d/31"),
        ("url", "https://www.openml.org/search?type=data&sort=runs&id=31&status=active"),
        ("sameAs", "http://w3id.org/mlsea/openml/dataset/31"),
        ("sameAs", ["https://example.org/x", {"@id": "https://openml.org/d/31"}]),
        ("identifier", "openml:31"),
    ],
)
def test_openmls_datasets_are_known_by_their_number(key, value, tmp_path):
    (batch,) = CroissantSource(written(tmp_path, {**DOCUMENT, key: value})).batches()
    assert batch.datasets.select("dataset", "openml_id").rows() == [(iris.openml_dataset(31), 31)]


@pytest.mark.parametrize("value", ["https://www.openml.org/t/31", "https://example.org/d/31", "31"])
def test_what_only_looks_like_openmls_is_not(value, tmp_path):
    (batch,) = CroissantSource(written(tmp_path, {**DOCUMENT, "identifier": value})).batches()
    assert batch.datasets["dataset"].to_list() == [iris.named_dataset("Titanic (train)")]


def test_our_own_description_of_a_dataset_is_read_back_as_it_was(tmp_path):
    with metakg.open(tmp_path / "first") as kg:
        kg.ingest("lcdb")
        document = kg.croissant(31)
    path = written(tmp_path, document.document, "credit-g.json")
    assert isinstance(source_for(path), CroissantSource)
    with metakg.open(tmp_path / "second") as kg:
        kg.ingest(path)
        assert kg.croissant(31).document == document.document


def test_our_own_description_of_a_table_is_read(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("a,b\n1,2\n3,4\n")
    described = croissant_of_table(table)
    (batch,) = CroissantSource(written(tmp_path, described.document, "croissant.json")).batches()
    (file,) = batch.distributions.rows(named=True)
    (said,) = described.document["distribution"]
    assert (file["name"], file["sha256"], file["bytes"]) == ("mine.csv", said["sha256"], table.stat().st_size)


def test_what_mlcroissant_writes_is_read(tmp_path):
    mlc = pytest.importorskip("mlcroissant")
    file = mlc.FileObject(
        id="t.csv",
        name="t.csv",
        content_url="https://example.org/t.csv",
        encoding_formats=["text/csv"],
        sha256=DIGEST,
    )
    metadata = mlc.Metadata(
        name="their-table",
        description="A table.",
        url="https://example.org/their-table",
        license="https://creativecommons.org/publicdomain/zero/1.0/",
        distribution=[file],
    )
    path = written(tmp_path, json.loads(json.dumps(metadata.to_json(), default=str)), "their.json")
    (batch,) = source_for(path).batches()
    assert batch.datasets["title"].to_list() == ["their-table"]
    assert batch.distributions.select("sha256", "licence").rows() == [
        (DIGEST, "https://creativecommons.org/publicdomain/zero/1.0/")
    ]


def test_other_json_is_not_taken_for_croissant(tmp_path):
    assert not CroissantSource.accepts(written(tmp_path, {"@type": "Person"}, "person.json"))
    assert not CroissantSource.accepts(tmp_path / "nowhere.json")
