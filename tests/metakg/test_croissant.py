"""Descriptions in Croissant: valid for its own reader, which finds the rows by them, and silent on what is unknown."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import metakg
from ingest import find_source
from metakg.croissant import CONFORMS_TO

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every connection fail."""

    def refuse(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def lcdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a store with LCDB, whose datasets have many qualities."""
    folder = tmp_path_factory.mktemp("lcdb") / "store"
    with metakg.open(folder) as kg:
        kg.ingest(find_source("lcdb"))
    return folder


def valid(document: dict[str, Any] | str) -> Any:
    """Croissant's own reader of a document, which it finds no fault in."""
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=document)
    assert dataset.metadata.ctx.issues.errors == set()
    return dataset


def test_a_dataset_of_the_graph(lcdb: Path, tmp_path: Path, shell: Shell, offline: None) -> None:
    path = tmp_path / "credit.json"
    status, printed, said = shell("--store", lcdb, "export", path, "--croissant", "31")
    assert (status, printed) == (0, "")
    assert said.startswith("not known, and so not in it: the licence of the data;")
    document = json.loads(path.read_text())
    valid(str(path))
    assert (document["name"], document["url"]) == ("credit-g", "https://www.openml.org/d/31")
    assert document["sameAs"] == "http://w3id.org/mlsea/openml/dataset/31"
    assert document["conformsTo"] == CONFORMS_TO
    assert "license" not in document
    assert "distribution" not in document
    (batch,) = find_source("lcdb").batches()
    known = batch.qualities.filter(dataset=document["sameAs"])
    measured = {item["name"]: float(item["value"]) for item in document["variableMeasured"]}
    assert measured == dict(zip(known["name"], known["value"], strict=True))
    with metakg.open(lcdb, read_only=True) as kg:
        assert kg.croissant("openml:31").document == document == kg.croissant(document["sameAs"]).document


def test_an_own_table_is_found_and_read_by_its_description(
    wdbc: Path, tmp_path: Path, shell: Shell, offline: None
) -> None:
    import hashlib

    table = tmp_path / "wdbc.csv"
    table.write_bytes(wdbc.read_bytes())
    path = tmp_path / "wdbc.json"
    assert shell("export", path, "--table", table, "--target", "diagnosis")[0] == 0
    document = json.loads(path.read_text())
    assert str(tmp_path) not in path.read_text()
    (file,) = document["distribution"]
    assert file["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    (records,) = document["recordSet"]
    target = records["mlso:hasDefaultTargetFeature"]["@id"]
    fields = {field["@id"]: field for field in records["field"]}
    assert (fields[target]["name"], fields[target]["description"]) == ("diagnosis", "target")
    first = next(iter(valid(str(path)).records("rows")))
    row = pd.read_csv(table).iloc[0]
    shown = {fields[key]["name"]: value for key, value in first.items()}
    assert set(shown) == set(row.index)
    assert shown["mean radius"] == pytest.approx(row["mean radius"])
    assert shown["diagnosis"] in (row["diagnosis"], str(row["diagnosis"]).encode())


def test_types_and_missing_values_of_columns(tmp_path: Path, offline: None) -> None:
    table = tmp_path / "people.csv"
    table.write_text("age;height;name;member\n31;1.5;Ada;True\n29;;Bo;False\n")
    document = metakg.croissant_of_table(table).document
    valid(document)
    fields = {field["name"]: field for field in document["recordSet"][0]["field"]}
    assert {name: field["dataType"] for name, field in fields.items()} == {
        "age": "sc:Integer",
        "height": "sc:Float",
        "name": "sc:Text",
        "member": "sc:Boolean",
    }
    assert fields["height"]["description"] == "1 missing"
    assert "separated by ';'" in document["description"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--croissant", "424242"], "the graph knows no dataset"),
        (["--croissant", "credit"], "neither an OpenML id"),
        (["--table", "WDBC", "--target", "colour"], "no column 'colour'"),
        (["--table", "missing.csv"], "no such file"),
    ],
)
def test_mistakes_write_nothing(
    lcdb: Path, wdbc: Path, tmp_path: Path, shell: Shell, words: list[str], said: str
) -> None:
    path = tmp_path / "out.json"
    given = [str(wdbc) if word == "WDBC" else word for word in words]
    status, _, errors = shell("--store", lcdb, "export", path, *given)
    assert status == 2
    assert said in errors
    assert len(errors.splitlines()) == 1
    assert not path.exists()
