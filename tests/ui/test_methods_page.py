"""The page on methods, on runs of a small method in a store of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import metakg
from methods.comparison import compare
from methods.running import plan
from tests.methods.toy import Toy


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a store with three seeds of a method, one of them twice."""
    folder = tmp_path_factory.mktemp("tried") / "store"
    with metakg.open(folder) as kg:
        compare(kg, plan(Toy()), [0, 1, 2])
        compare(kg, plan(Toy()), [0], again=True)
    return folder


@pytest.fixture
def page(tried: Path, open_app: Callable[[Path], AppTest]) -> AppTest:
    return open_app(tried).switch_page("app_pages/methods.py").run()


def figures(page: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def test_scores_and_curves_are_drawn_and_products_listed(page: AppTest) -> None:
    assert not page.exception
    scores, curves = figures(page)
    dots = {trace["y"][0]: trace for trace in scores["data"] if trace.get("customdata")}
    assert list(dots) == ["median", "first", "mean"] or list(dots) == ["median", "mean", "first"]
    assert sorted(dots["median"]["customdata"]) == [0, 1, 2]
    assert {trace.get("name") for trace in curves["data"]} >= {"median", "mean", "first"}
    means, products = (element.value for element in page.dataframe)
    assert means["seeds"].to_list() == [3, 3, 3]
    assert products["title"].to_list() == ["sort first", "sort less"] * 3
    assert "Robust Estimation of a Location Parameter" in page.markdown[0].value


def test_another_measure_can_be_chosen(page: AppTest) -> None:
    page.selectbox(key="chosen-measure").set_value("runtime_seconds").run()
    assert not page.exception
    assert figures(page)[0]["layout"]["xaxis"]["title"]["text"] == "runtime_seconds"


def test_without_runs_it_says_what_to_type(app: AppTest) -> None:
    page = app.switch_page("app_pages/methods.py").run()
    assert not page.exception
    assert "no run of a method yet" in page.info[0].value
    assert "methods run" in page.code[0].value
