"""The page for SPARQL: shipped questions, people's own, every kind of answer, and nothing but reading."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import metakg
from ui.links import short
from ui.results import ROW_LIMIT

DATASET = "http://w3id.org/mlsea/openml/dataset/1510"


@pytest.fixture
def page(app: AppTest) -> AppTest:
    return app.switch_page("app_pages/sparql.py").run()


def run(page: AppTest, query: str | None = None) -> AppTest:
    if query is not None:
        page.text_area[0].set_value(query)
    (button,) = [element for element in page.button if element.label == "Run"]
    return button.click().run()


def said(page: AppTest) -> str:
    assert not page.exception
    return " ".join(
        element.value for kind in ("caption", "warning", "info") for element in getattr(page, kind)
    )


def test_a_shipped_question_with_a_parameter_fills_the_editor_and_answers(
    page: AppTest, app_store: Path
) -> None:
    page.selectbox(key="kept:question").set_value("best-pipelines").run()
    page.text_input(key="kept:dataset of best-pipelines").set_value("1510").run()
    page.text_input(key="kept:limit of best-pipelines").set_value("7").run()
    assert DATASET in page.text_area[0].value
    run(page)
    assert not page.error
    with metakg.open(app_store, read_only=True) as kg:
        expected = kg.ask("best-pipelines", dataset=1510, limit=7).to_pandas()
    shown = page.dataframe[0].value
    assert shown["title"].tolist() == expected["title"].tolist()
    assert shown["value"].tolist() == expected["value"].tolist()
    assert shown["pipeline"].tolist() == [short(iri) for iri in expected["pipeline"]]
    assert len(shown) == 7
    assert "7 rows in" in said(page)


def test_every_shipped_question_can_be_chosen_and_run(page: AppTest, app_store: Path) -> None:
    with metakg.open(app_store, read_only=True) as kg:
        questions = kg.questions()
    assert len(questions) >= 12
    for question in questions:
        page.selectbox(key="kept:question").set_value(question.name).run()
        assert f"# question: {question.question}\n" in page.text_area[0].value
        run(page)
        assert not page.exception
        assert not page.error, question.name


def test_a_parameter_that_is_not_in_the_graph_is_one_line_and_leaves_the_query(page: AppTest) -> None:
    page.text_input(key="kept:dataset of best-pipelines").set_value("1510").run()
    before = page.text_area[0].value
    page.text_input(key="kept:dataset of best-pipelines").set_value("999999").run()
    (line,) = [element.value for element in page.error]
    assert "999999" in line
    assert page.text_area[0].value == before


def test_yes_and_no(page: AppTest) -> None:
    run(page, f"ASK {{ <{DATASET}> ?p ?o }}")
    assert [element.value for element in page.markdown if element.value.startswith("###")] == ["### Yes"]
    run(page, "ASK { <http://example.org/nothing> ?p ?o }")
    assert [element.value for element in page.markdown if element.value.startswith("###")] == ["### No"]


def test_a_graph_is_shown_as_triples_and_given_as_turtle(page: AppTest) -> None:
    run(page, f"CONSTRUCT {{ <{DATASET}> ?p ?o }} WHERE {{ <{DATASET}> ?p ?o }}")
    frame = page.dataframe[0].value
    assert list(frame.columns) == ["subject", "predicate", "object"]
    assert set(frame["subject"]) == {"https://www.openml.org/d/1510"}
    assert "triple" in said(page)
    assert [element.proto.label for element in page.get("download_button")] == ["Turtle", "CSV", "JSON"]


def test_a_long_answer_is_cut_and_says_so(page: AppTest) -> None:
    run(page, f"SELECT ?s ?p ?o {{ ?s ?p ?o }} LIMIT {ROW_LIMIT + 5}")
    assert len(page.dataframe[0].value) == ROW_LIMIT
    assert f"There are more: the first {ROW_LIMIT:,} rows" in said(page)


def test_no_rows_is_an_answer(page: AppTest) -> None:
    run(page, "SELECT * { ?s <http://example.org/nothing> ?o }")
    assert not page.error
    assert "0 rows" in said(page)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("INSERT DATA { <a:a> <a:b> <a:c> }", "INSERT would change the graph"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", "SERVICE would reach the network"),
        ("SELECT * WHERE { ?s ?p }", ""),
        ("", ""),
    ],
)
def test_what_does_not_read_or_parse_is_one_line(page: AppTest, query: str, said: str) -> None:
    run(page, query)
    assert not page.exception
    (line,) = [element.value for element in page.error]
    assert said in line
    assert line
    assert "\n" not in line


def test_the_evidence_of_a_recommendation_opens_in_the_editor(app: AppTest, wdbc: Path) -> None:
    page = app
    page.file_uploader(key="upload").upload(wdbc.name, wdbc.read_bytes()).run()
    page.button(key="recommend").click().run()
    answer = page.session_state["answer"][0]
    page.button(key="evidence").click().run()
    assert page.text_area[0].value == answer.provenance.query
    run(page)
    runs = {short(run.run) for item in answer for run in item.support}
    assert runs <= set(page.dataframe[0].value["run"])
