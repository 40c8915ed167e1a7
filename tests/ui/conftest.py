"""The app's script on a store of its own, and what tests read from a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "ui" / "app.py"
PAGE_SECONDS = 120.0


@pytest.fixture(scope="module")
def app_store(small_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small trained store for the app to write recommendations to, shared by the tests of a page."""
    folder = tmp_path_factory.mktemp("app") / "store"
    # Published files are never written again, so links are as good as copies.
    shutil.copytree(small_store, folder, symlinks=True, copy_function=os.link)
    return folder


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], AppTest]:
    """Open the app on a store, as a new session."""

    def opened(store: Path) -> AppTest:
        monkeypatch.setenv("METAKG_STORE", str(store))
        return AppTest.from_file(str(APP), default_timeout=PAGE_SECONDS).run()

    return opened


@pytest.fixture
def app(app_store: Path, open_app: Callable[[Path], AppTest]) -> AppTest:
    """The app on the small trained store."""
    return open_app(app_store)
