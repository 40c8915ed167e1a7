"""The page that recommends: real tables in, drawn answers out, and one line for each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import metakg
from metakg import samples

SAMPLE = "A sample table"


def choose_sample(app: AppTest, name: str) -> AppTest:
    app.segmented_control[0].set_value(SAMPLE).run()
    return app.selectbox(key="kept:sample").set_value(name).run()


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    return app.file_uploader(key="upload").set_value((name, content, "text/csv")).run()


def recommend(app: AppTest) -> AppTest:
    return app.button(key="recommend").click().run()


def field(app: AppTest, kind: str, label: str):  # type: ignore[no-untyped-def]
    (found,) = [element for element in getattr(app, kind) if element.label.startswith(label)]
    return found


def keep_nothing_out(app: AppTest) -> AppTest:
    return field(app, "text_input", "Datasets to keep out").set_value("").run()


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in app.error]


def ranked(app: AppTest):  # type: ignore[no-untyped-def]
    (frame,) = [element.value for element in app.dataframe if "predicted" in element.value.columns]
    return frame


def frame_bytes(frame) -> bytes:  # type: ignore[no-untyped-def]
    return frame.to_csv(index=False).encode()


@pytest.fixture
def wine(tmp_path: Path):  # type: ignore[no-untyped-def]
    return metakg.read_table(samples.write("wine", tmp_path))


def test_an_uploaded_table_gets_ranked_pipelines_with_evidence(app: AppTest, wdbc: Path) -> None:
    upload(app, "tumours.csv", wdbc.read_bytes())
    assert [element.value for element in app.metric] == ["569", "31", "0.0%"]
    assert field(app, "selectbox", "Target").value == "diagnosis"
    recommend(app)
    assert errors(app) == []
    assert "Pipelines for tumours.csv, target “diagnosis”" in [element.value for element in app.subheader]
    frame = ranked(app)
    assert list(frame["rank"]) == list(range(1, 11))
    assert ((frame["low"] <= frame["predicted"]) & (frame["predicted"] <= frame["high"])).all()
    assert len(app.get("plotly_chart")) == 2
    pipelines = [element for element in app.expander if element.label != "Advanced"]
    assert len(pipelines) == 10
    script = pipelines[0].code[0].value
    assert 'PATH = "tumours.csv"' in script
    compile(script, "script", "exec")
    support = [element.value for element in pipelines[0].dataframe]
    assert support
    assert support[0]["run"].str.startswith("metakg:run/oboe/").all()
    assert support[0]["page"].str.startswith("https://www.openml.org/d/").all()


def test_answer_and_choices_stay_while_another_page_is_open(app: AppTest, wine) -> None:  # type: ignore[no-untyped-def]
    upload(app, "wine.csv", frame_bytes(wine))
    field(app, "slider", "Pipelines").set_value(3).run()
    before = ranked(recommend(app))
    app.switch_page("app_pages/sparql.py").run()
    assert not app.expander
    app.switch_page("app_pages/recommend.py").run()
    assert errors(app) == []
    assert ranked(app).equals(before)
    assert field(app, "slider", "Pipelines").value == 3
    assert field(app, "selectbox", "Target").value == "cultivar"


def test_the_recommendation_is_the_public_one(app: AppTest, app_store: Path, wdbc: Path) -> None:
    upload(app, wdbc.name, wdbc.read_bytes())
    recommend(app)
    answer, seconds, version = app.session_state["answer"]
    with metakg.open(app_store) as kg:
        expected = kg.recommend(wdbc, "diagnosis", store_evidence=False)
        assert kg.store.version == version
        assert kg.explain(answer.iri)
    assert json.loads(answer.to_json()) == json.loads(expected.to_json())
    captions = " ".join(element.value for element in app.caption)
    assert f"Graph version {version}" in captions
    assert f"answered in {seconds:.1f} s" in captions
    assert len(app.get("download_button")) == 3 + len(answer)


@pytest.mark.parametrize("name", ["digits", "wine-roughened"])
def test_many_classes_words_and_missing_values(app: AppTest, name: str) -> None:
    keep_nothing_out(choose_sample(app, name))
    recommend(app)
    assert errors(app) == []
    assert len(ranked(app)) == 10


def test_a_sample_is_kept_out_of_its_own_evidence(app: AppTest) -> None:
    choose_sample(app, "breast-cancer")
    assert field(app, "text_input", "Datasets to keep out").value == "1510"
    recommend(app)
    assert errors(app) == []
    answer = app.session_state["answer"][0]
    used = {run.dataset for item in answer for run in item.support} | {
        item.dataset for item in answer.neighbours
    }
    assert used
    assert "http://w3id.org/mlsea/openml/dataset/1510" not in used
    assert any("OpenML 1510" in element.value for element in app.caption)


def test_time_budget_is_kept(app: AppTest, wine) -> None:  # type: ignore[no-untyped-def]
    upload(app, "wine.csv", frame_bytes(wine))
    field(app, "number_input", "Time").set_value(0.5).run()
    recommend(app)
    assert errors(app) == []
    answer = app.session_state["answer"][0]
    assert sum(item.expected_runtime_seconds for item in answer) <= 0.5


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty.csv: the file is empty"),
        ("header.csv", b"a,b\n", "header.csv: only a header"),
        ("latin.csv", "größe,b\nä,1\n".encode("latin1"), "latin.csv: not UTF-8"),
        ("twice.csv", b"a,a,b\n1,2,3\n", "column name 'a' occurs more than once"),
        ("ragged.csv", b"a,b\n1,2,3\n4,5\n", "ragged.csv: lines differ"),
        ("fake.parquet", b"not parquet", "fake.parquet: cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(app: AppTest, name: str, content: bytes, said: str) -> None:
    upload(app, name, content)
    (line,) = errors(app)
    assert said in line
    assert "metakg-ui-" not in line
    assert "\n" not in line
    assert not [element for element in app.button if element.key == "recommend"]


def test_a_table_that_cannot_be_learned_from_is_one_line(app: AppTest, wine) -> None:  # type: ignore[no-untyped-def]
    cases = {
        "constant.csv": (wine.assign(target=1), "same value"),
        "one.csv": (wine.head(1), "only one row"),
        "continuous.csv": (wine.assign(target=wine["alcohol"] * 1.01), "regression"),
        "infinite.csv": (wine.replace({"alcohol": {14.23: float("inf")}}), "infinite"),
    }
    for name, (frame, said) in cases.items():
        recommend(upload(app, name, frame_bytes(frame)))
        (line,) = errors(app)
        assert said in line, name
        assert "answer" not in app.session_state


def test_an_unknown_word_for_a_dataset_is_one_line(app: AppTest, wine) -> None:  # type: ignore[no-untyped-def]
    upload(app, "wine.csv", frame_bytes(wine))
    field(app, "text_input", "Datasets to keep out").set_value("wdbc").run()
    (line,) = errors(recommend(app))
    assert "wdbc" in line


def test_where_there_is_no_store_the_page_says_what_to_type(
    open_app: Callable[[Path], AppTest], tmp_path: Path
) -> None:
    app = open_app(tmp_path / "nothing")
    (line,) = errors(app)
    assert "there is no metakg store" in line
    assert "ingest oboe" in app.code[0].value
    with metakg.open(tmp_path / "empty") as kg:
        kg.create()
    (line,) = errors(open_app(tmp_path / "empty"))
    assert "is empty" in line


def test_the_app_follows_the_store(open_app: Callable[[Path], AppTest], own_store: Path) -> None:
    app = open_app(own_store)

    def said() -> str:
        return app.caption[0].value

    with metakg.open(own_store) as kg:
        before = kg.store.version
        assert f"version {before}:" in said()
        kg.ingest("lcdb")
        after = kg.store.version
    app.run()
    assert after > before
    assert f"version {after}:" in said()
    assert "lcdb" in said()
