"""The page that draws networks: each view on real experiments, and one line for each mistake."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import metakg

WDBC = "http://w3id.org/mlsea/openml/dataset/1510"
SECONDS = 4.0  # the bar is 2 s; others work on the machine that tests


@pytest.fixture
def page(app: AppTest) -> AppTest:
    return app.switch_page("app_pages/network.py").run()


def view(page: AppTest, name: str) -> AppTest:
    (control,) = [element for element in page.segmented_control if element.label == "View"]
    return control.set_value(name).run()


def traces(page: AppTest) -> dict[str, dict]:
    assert not page.exception
    (chart,) = page.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    return {trace.get("name", "edges"): trace for trace in figure["data"]}


def drawn(page: AppTest) -> int:
    return sum(len(trace["customdata"]) for name, trace in traces(page).items() if name != "edges")


def said(page: AppTest) -> str:
    return " ".join(element.value for element in page.caption)


def test_surroundings_of_a_dataset_are_drawn_by_type_and_listed(page: AppTest) -> None:
    started = time.perf_counter()
    page.selectbox(key="kept:start dataset").set_value(WDBC).run()
    assert time.perf_counter() - started < SECONDS
    assert not page.error
    shown = traces(page)
    assert {"Run", "Dataset", "Task"} <= set(shown)
    (dataset,) = shown["Dataset"]["customdata"]
    assert dataset[1] == WDBC
    assert drawn(page) == 60 or "more lie within" not in said(page)
    rows = page.dataframe[0].value
    assert set(rows.columns) == {"hop", "from", "statement", "to", "type", "IRI"}
    page.slider(key="kept:nodes").set_value(10).run()
    assert drawn(page) == 10
    assert "more lie within 1 hop" in said(page)
    page.button(key="query-thing").click().run()
    assert f"<{WDBC}>" in page.text_area[0].value


def test_a_path_is_drawn_and_each_statement_listed(page: AppTest, app_store: Path) -> None:
    view(page, "Path to another thing")
    page.selectbox(key="kept:start dataset").set_value(WDBC).run()
    page.slider(key="kept:paths").set_value(2).run()
    other = page.selectbox(key="kept:end dataset").value
    assert not page.error
    with metakg.open(app_store, read_only=True) as kg:
        expected = kg.paths(WDBC, other, count=2)
    assert drawn(page) == len(expected)
    rows = page.dataframe[0].value
    assert len(rows) == sum(len(way) - 1 for way in expected.graph["paths"])
    assert sorted(set(rows["path"])) == [1, 2]
    assert set(traces(page)) == {"edges", "Dataset", "Run", "Pipeline"}


def test_communities_are_drawn_within_the_limit_and_described(page: AppTest, app_store: Path) -> None:
    view(page, "Communities of datasets")
    assert not page.error
    with metakg.open(app_store, read_only=True) as kg:
        expected = kg.communities()
    assert set(traces(page)) == {"edges", *(f"community {item.number + 1}" for item in expected.items)}
    assert drawn(page) == len(expected.graph)
    assert f"modularity {expected.modularity:.2f}" in said(page)
    (described,) = page.table
    assert list(described.value["Datasets"]) == [len(item.members) for item in expected.items]
    page.slider(key="kept:drawn").set_value(20).run()
    assert drawn(page) <= 20
    assert f"of {len(expected.graph)} datasets are drawn" in said(page)


@pytest.mark.parametrize(
    ("written", "line"), [("oboe/31/none", "is not in the graph"), ("what?", "give one of these")]
)
def test_a_thing_that_is_not_there_is_one_line(page: AppTest, written: str, line: str) -> None:
    (control,) = [element for element in page.segmented_control if element.label == "Thing"]
    control.set_value("Run or IRI").run()
    assert not page.get("plotly_chart")
    page.text_input(key="kept:start other").set_value(written).run()
    assert not page.exception
    (error,) = [element.value for element in page.error]
    assert line in error
    assert "\n" not in error
