"""Hostile texts on the page for SPARQL: one line of error, nothing written, nobody called, and the page goes on."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import kg
import ui.results
from kg.testing import small_batch
from tests.hostile import ENDLESS, LARGE, MEMORY, REACHING, UNREADABLE, WRITING


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile-page") / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


@pytest.fixture
def page(folder: Path, open_app: Callable[[Path], AppTest]) -> AppTest:
    return open_app(folder).switch_page("app_pages/sparql.py").run()


def run(page: AppTest, text: str) -> list[str]:
    """Errors that the page shows for a query."""
    page.text_area[0].set_value(text)
    (button,) = [element for element in page.button if element.label == "Run"]
    button.click().run()
    assert not page.exception
    return [element.value for element in page.error]


def test_hostile_texts_are_refused(page: AppTest, folder: Path) -> None:
    with kg.open_store(folder, read_only=True) as store:
        before = store.version, len(store.query("SELECT * { GRAPH ?g { ?s ?p ?o } }"))
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/"
        for text in (*REACHING, *WRITING, *UNREADABLE):
            lines = run(page, text.replace("$URL", url))
            assert len(lines) == 1, text[:200]
            assert lines[0], text[:200]
            assert "\n" not in lines[0]
        with pytest.raises(BlockingIOError):
            canary.accept()
    with kg.open_store(folder, read_only=True) as store:
        assert (store.version, len(store.query("SELECT * { GRAPH ?g { ?s ?p ?o } }"))) == before


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a query use one GiB, whatever the machine has."""
    monkeypatch.setattr("kg.query_process.fair_memory", lambda: 2**30)


def test_endless_and_large_ones_end(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ui.results.TIME_LIMIT_SECONDS == 30
    monkeypatch.setattr(ui.results, "TIME_LIMIT_SECONDS", 1.0)
    for text in ENDLESS:
        assert run(page, text) == ["no answer within 1 s: narrow the query, or raise the time limit"]
    monkeypatch.setattr(ui.results, "TIME_LIMIT_SECONDS", 30.0)
    (line,) = run(page, MEMORY)
    assert "more than 1 GiB of memory" in line
    assert run(page, LARGE) == []
    assert len(page.dataframe[0].value) == ui.results.ROW_LIMIT
