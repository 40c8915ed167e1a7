"""Reading and preparing tables: what is understood, and one clear line for everything that is not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from embeddings.table import COLUMN_LIMIT, prepare, read_table
from kg.errors import TableError


def frame(rows=40):
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": generator.normal(size=rows),
            "count": generator.integers(0, 9, rows),
            "colour": generator.choice(["red", "green"], rows),
            "flag": generator.choice([True, False], rows),
            "when": pd.date_range("2026-01-01", periods=rows),
            "y": ["no", "yes"] * (rows // 2),
        }
    )


def written(folder, text, name="table.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_types():
    table = prepare(frame(), "y", name="mine")
    assert table.numeric == ["size", "count"]
    assert table.categorical == ["colour", "flag", "when"]
    assert (table.task, table.target, table.name) == ("classification", "y", "mine")
    assert table.X["count"].dtype == float
    assert set(table.X["flag"]) == {"True", "False"}
    assert table.X.index.equals(pd.RangeIndex(40))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(tmp_path, separator):
    data = frame()
    data["text"] = "a, b; c"
    path = tmp_path / "table.csv"
    data.to_csv(path, sep=separator, index=False)
    assert list(read_table(path).columns) == list(data.columns)


def test_formats_give_one_fingerprint(tmp_path):
    data = frame().assign(when="2026-01-01", colour=lambda d: d["colour"].where(d["size"] > 0))
    data.to_csv(tmp_path / "a.csv", index=False)
    data.to_csv(tmp_path / "b.tsv", index=False, sep="\t", encoding="utf-8-sig")
    data.to_parquet(tmp_path / "c.parquet")
    prints = {
        prepare(read_table(tmp_path / name), "y").fingerprint for name in ("a.csv", "b.tsv", "c.parquet")
    }
    assert len(prints) == 1
    changed = data.copy()
    changed.loc[3, "size"] += 1e-9
    others = {
        prepare(changed, "y").fingerprint,
        prepare(data.rename(columns={"size": "Size"}), "y").fingerprint,
        prepare(data, "flag").fingerprint,
        prepare(data.iloc[::-1], "y").fingerprint,
        prepare(data.iloc[:-1], "y").fingerprint,
    }
    assert len(others | prints) == 6


def test_missing_spellings(tmp_path):
    text = "a,b,y\n?,,0\n1,x,1\nNA,z,0\n" + "2,x,1\n3,z,0\n" * 5
    table = prepare(read_table(written(tmp_path, text)), "y")
    assert table.numeric == ["a"]
    assert table.X["a"].isna().sum() == 2
    assert table.X["b"].isna().sum() == 1


def test_empty_columns_and_rows_without_target_are_left_out():
    data = frame().assign(empty=np.nan, blank=None)
    data.loc[:2, "y"] = None
    table = prepare(data, "y")
    assert len(table.X) == len(table.y) == 37
    assert "3 rows without a value in the target 'y' were left out" in table.notes
    assert "2 columns ('empty', 'blank') without any value left out" in table.notes
    assert data["y"].isna().sum() == 3


def test_text_and_high_cardinality_are_noted():
    data = frame(600)
    data["name"] = [f"name {i}" for i in range(600)]
    data["city"] = [f"city {i % 55}" for i in range(600)]
    table = prepare(data.drop(columns="when"), "y")
    assert table.text == ["name"]
    assert "2 categorical columns ('name', 'city') with over 50 distinct values" in table.notes


def test_mixed_column_is_categorical():
    data = frame()
    data["mixed"] = [1, "one"] * 20
    data["numbers"] = pd.Series([1, 2.5] * 20, dtype=object)
    table = prepare(data, "y")
    assert "mixed" in table.categorical
    assert "numbers" in table.numeric


def test_column_names_that_are_no_text():
    table = prepare(frame().rename(columns={"size": 7}), "y")
    assert table.numeric == ["7", "count"]


@pytest.mark.parametrize(
    ("values", "task", "kind"),
    [
        (load_iris().target, "classification", "i"),
        (load_diabetes().target, "regression", "f"),
        (np.tile([0.0, 0.5, 1.0], 20), "classification", "O"),
        (np.arange(40) * 1.5, "regression", "f"),
        (np.arange(40), "regression", "f"),
        (np.tile(np.arange(26), 10), "classification", "i"),
        (np.tile([True, False], 10), "classification", "b"),
        (np.tile(["a", "b"], 10), "classification", "O"),
        (np.append(np.tile([1.0, 2.0], 10), np.nan), "classification", "i"),
    ],
)
def test_task_is_found_out(values, task, kind):
    table = prepare(pd.DataFrame({"x": np.arange(len(values)), "y": values}), "y")
    assert table.task == task
    assert table.y.dtype.kind == kind


def test_task_can_be_given():
    data = pd.DataFrame({"x": np.arange(60), "y": np.tile([1, 2, 3], 20)})
    assert prepare(data, "y").task == "classification"
    assert prepare(data, "y", "regression").task == "regression"
    with pytest.raises(TableError, match="holds text; regression needs numbers"):
        prepare(frame(), "y", "regression")


def test_rare_classes_stay_with_a_note():
    data = frame()
    data.loc[0, "y"] = "once"
    table = prepare(data, "y")
    assert len(table.X) == 40
    assert "1 of 3 classes have under 5 rows ('once'); some folds miss them" in table.notes


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        (lambda d: d, "Y", "no column 'Y'; did you mean 'y'\\? columns are: 'size', 'count'"),
        (lambda d: d, "outcome", "no column 'outcome'; .*columns are: 'size', 'count', 'colour'"),
        (lambda d: d.assign(y="no"), "y", "target 'y' has the same value 'no' in every row"),
        (lambda d: d.assign(y=None), "y", "target column 'y' holds no value at all"),
        (lambda d: d.iloc[:1], "y", "only one row"),
        (lambda d: d.iloc[:0], "y", "only a header, no rows"),
        (lambda d: d[["y"]], "y", "'y' is the only column"),
        (lambda d: d.assign(size=np.nan)[["size", "y"]], "y", "every column but the target 'y' is empty"),
        (lambda d: pd.concat([d, d[["size"]]], axis=1), "y", "column name 'size' occurs more than once"),
        (lambda d: d.iloc[:4], "y", "5-fold cross-validation needs 5 and 2"),
        (lambda d: d.assign(y=[*"ab", *["c"] * 38]), "y", "38 and 1 rows"),
        (
            lambda d: d.assign(size=d["size"].mask(d.index == 6, np.inf)),
            "y",
            "column 'size' holds an infinite value in row 7 \\(1 in all\\)",
        ),
        (
            lambda d: d.assign(y=d["size"].mask(d.index == 2, -np.inf)),
            "y",
            "column 'y' holds an infinite value",
        ),
    ],
)
def test_unusable_frames(change, target, message):
    with pytest.raises(TableError, match=message) as caught:
        prepare(change(frame()), target, name="mine")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("table 'mine': ")


def test_column_limit(tmp_path):
    generator = np.random.default_rng(0)
    wide = pd.DataFrame(generator.normal(size=(20, 10_000)), columns=[f"c{j}" for j in range(10_000)])
    path = tmp_path / "wide.csv"
    wide.assign(y=[0, 1] * 10).to_csv(path, index=False)
    with pytest.raises(TableError, match=f"10,000 feature columns, at most {COLUMN_LIMIT:,} are supported"):
        prepare(read_table(path), "y")
    accepted = prepare(wide.iloc[:, :COLUMN_LIMIT].assign(y=[0, 1] * 10), "y")
    assert len(accepted.numeric) == COLUMN_LIMIT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "holds no columns"),
        (b"a,b,y\n", "only a header, no rows"),
        (b"a,y\n1,caf\xc3\xa9\n2,caf\xe9\n", "not UTF-8 at byte 17 \\(line 3\\); convert it: iconv"),
        (b"a,a,y\n1,2,3\n", "column name 'a' occurs more than once"),
        (b"a,y\n1,2\n3,4,5\n", "lines differ in their number of fields"),
        (b"a,y\n1,2,3\n3,4,5\n", "lines differ in their number of fields"),
        (b"PK\x03\x04\0\0\0", "a binary file"),
    ],
)
def test_unreadable_files(tmp_path, content, message):
    path = written(tmp_path, content)
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_fault_far_into_a_file(tmp_path):
    start = b"a,y\n" + b"\xc3\xa9,1\n" * 700_000
    with pytest.raises(TableError, match=rf"byte {len(start)} \(line 700002\)"):
        read_table(written(tmp_path, start + b"\xff,1\n"))


def test_paths_that_are_no_tables(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(TableError, match=r"\.xlsx files are not read; save the table as CSV"):
        read_table(written(tmp_path, b"PK", "sheet.xlsx"))
    with pytest.raises(TableError, match="cannot be read as a table"):
        read_table(written(tmp_path, b"no parquet", "bad.parquet"))


def test_real_table(tmp_path):
    data = load_breast_cancer(as_frame=True).frame
    data.to_csv(tmp_path / "wdbc.csv", index=False)
    table = prepare(read_table(tmp_path / "wdbc.csv"), "target")
    assert table.X.shape == (569, 30)
    assert table.fingerprint == prepare(data, "target").fingerprint
    assert not table.notes
