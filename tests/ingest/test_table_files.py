"""Files of tables: every format and encoding says the same, and none does harm."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zipfile

import polars as pl
import pytest

from ingest import TableSource, source_for
from ingest.table_files import read
from kg.errors import SourceError

TEXT = 'dataset,model,acc,remark\niris,svm,0.5,"one\nand two"\nädelweiß,knn,0.25,\n'


def rows(path):
    frame = read(path).frame
    return frame.select("dataset", "model", "acc").rows()


EXPECTED = [("iris", "svm", "0.5"), ("ädelweiß", "knn", "0.25")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", TEXT.encode()),
        ("mark.csv", TEXT.encode("utf-8-sig")),
        ("windows.csv", TEXT.replace("\n", "\r\n").encode()),
        ("utf16.csv", TEXT.encode("utf-16")),
        ("packed.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("UPPER.CSV", TEXT.encode()),
        ("semicolon.csv", TEXT.replace(",", ";").encode()),
        ("tab.tsv", TEXT.replace(",", "\t").encode()),
        ("packed.tsv.gz", gzip.compress(TEXT.replace(",", "\t").encode(), mtime=0)),
    ],
)
def test_text_of_every_kind_is_the_same_table(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    assert rows(path) == EXPECTED
    assert read(path).frame["\x00line"].to_list() == [2, 4]
    assert isinstance(source_for(path), TableSource)


def test_parquet_is_the_same_table_and_its_structures_are_json(tmp_path):
    path = tmp_path / "results.parquet"
    frame = pl.DataFrame(
        {"dataset": ["iris"], "model": ["svm"], "acc": [0.5], "params": [{"C": 2.0, "deep": {"a": 1}}]}
    )
    frame.with_columns(pl.col("model").cast(pl.Categorical), tags=pl.lit(["a", "b"])).write_parquet(path)
    table = read(path)
    assert table.frame.row(0)[:5] == ("iris", "svm", "0.5", '{"C":2.0,"deep":{"a":1}}', '["a", "b"]')
    assert table.place("", 2) == "row 2"
    (batch,) = TableSource(path).batches()
    assert batch.pipelines["title"].to_list() == ['svm(C=2, deep={"a":1})']
    with pytest.raises(SourceError, match=r"results.parquet: [\d,]+ bytes are more than the 100"):
        read(path, 100)


def test_encodings_that_nobody_states_are_refused_by_their_line(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes(TEXT.encode("latin-1"))
    with pytest.raises(SourceError, match=r"latin.csv: line 4: is not UTF-8 .*save it as UTF-8"):
        read(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("\n\n", "has no header"),
        (",,\n1,2,3\n", "has no header"),
        ("dataset,model,dataset\na,b,c\n", "line 1: has the column 'dataset' twice"),
        ('dataset,model,acc\niris,"svm,1\n', "line 2: unexpected end of data"),
        ('dataset,model,acc\niris,svm,1\niris,"svm"x,1\n', "line 3: ',' expected after '\"'"),
        (
            "dataset,model,acc\niris," + "x" * 1_100_000 + ",1\n",
            "line 2: is longer than 1,000,000 characters",
        ),
        ("dataset,model,acc\niris," + "x" * 200_000 + ",1\n", "line 2: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused_by_its_line(content, why, tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(content)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert why in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_sparse_file_of_two_gibibytes_is_refused_by_size_and_never_fills_the_memory(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.write(b"dataset,model,acc\n")
        os.truncate(stream.fileno(), 2**31)
    with pytest.raises(SourceError, match=r"2,147,483,648 bytes are more than the 200,000,000 .*--max-bytes"):
        read(path)
    tracemalloc.start()
    with pytest.raises(SourceError, match="line 2: is longer than"):
        read(path, 2**32)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def test_a_packed_file_is_refused_while_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"dataset,model,acc\n" + b"iris,svm,0.5\n" * 500_000, mtime=0))
    assert path.stat().st_size < 100_000
    with pytest.raises(SourceError, match="bytes are more than the 1,000,000 that are read"):
        read(path, 1_000_000)


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


EXTERNAL = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a/>'


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"xl/worksheets/sheet1.xml": b" " * 30_000_000}, "sheet1.xml grows from .* which no table does"),
        ({"xl/worksheets/sheet1.xml": EXTERNAL}, "entities of XML"),
        ({"xl/workbook.xml": b"<!--" + b"x" * 900_000 + b"-->" + EXTERNAL}, "entities of XML"),
        ({"xl/workbook.xml": EXTERNAL.decode().encode("utf-16")}, "entities of XML"),
        (
            {f"{number}.xml": b"ab" * 20_000_000 for number in range(3)},
            "120,000,000 bytes are more than the 100,",
        ),
    ],
)
def test_workbooks_that_would_do_harm_are_refused_before_they_are_opened(members, why, tmp_path):
    path = archive(tmp_path / "results.xlsx", members)
    assert path.stat().st_size < 200_000
    with pytest.raises(SourceError, match=why):
        read(path, 100_000_000)


def test_a_workbook_is_the_same_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="Excel files are read with openpyxl")
    path = tmp_path / "results.xlsx"
    book = openpyxl.Workbook()
    for row in (
        ["dataset", "model", "acc", "flag"],
        ["iris", "svm", 0.5, True],
        [],
        ["ädelweiß", "knn", 0.25, None],
    ):
        book.active.append(row)
    book.save(path)
    assert rows(path) == EXPECTED
    assert read(path).frame["\x00line"].to_list() == [2, 4]
    book.active.append(["iris", "nb", 0.5, None, "beyond"])
    book.save(path)
    with pytest.raises(SourceError, match="row 5: has more cells than the header"):
        read(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read(archive(tmp_path / "part.xlsx", {"xl/workbook.xml": b"<workbook/>"}))


def test_a_workbook_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(
        SourceError, match=r"results.xlsx: .*`pip install openpyxl`, or save the table as CSV"
    ):
        read(archive(tmp_path / "results.xlsx", {"xl/workbook.xml": b"<workbook/>"}))
