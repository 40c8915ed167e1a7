"""The knowledge graph that all sessions share, what is said when there is none, and errors in one line."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import streamlit as st

import metakg
from metakg.graph import default_location

__all__ = ["FOLDER_PREFIX", "knowledge_graph", "one_line", "writing"]

FOLDER_PREFIX = "metakg-ui-"
"""Beginning of the name of the temporary folder for uploads and samples."""

_KEPT_FILES = re.compile(rf"[^\s'\"]*/{FOLDER_PREFIX}[^/]*/(?:[0-9a-f]{{16}}/)?")


@st.cache_resource(show_spinner=False)
def _opened(location: str) -> metakg.KnowledgeGraph:
    return metakg.open(location)


@st.cache_resource(show_spinner=False)
def _lock() -> threading.Lock:
    return threading.Lock()


def writing() -> threading.Lock:
    """Lock for what may write or train: commits of one store object are not made at the same time."""
    return _lock()


def knowledge_graph() -> metakg.KnowledgeGraph:
    """The store of this app at its newest version; ends the page with what to type where there is none."""
    location = default_location()
    try:
        kg = _opened(location)
        kg.refresh()
        graphs = [graph for graph in kg.store.graphs() if graph.kind != "recommendations"]
    except metakg.MetakgError as error:
        _explain_start(location, one_line(error))
    if not graphs:
        _explain_start(location, f"The store {location} is empty.")
    runs = sum(graph.counts.get("runs", 0) for graph in graphs)
    sources = ", ".join(f"{graph.source} {graph.version}" for graph in graphs)
    place = kg.name if kg.remote else Path(location).resolve()
    st.caption(f"Store `{place}`, version {kg.store.version}: {runs:,} runs from {sources}")
    return kg


def _explain_start(location: str, reason: str) -> None:
    st.title("No experiments yet")
    st.error(reason, icon=":material/error:")
    st.markdown("Fill a store with real experiments, train, and open the app on it:")
    st.code(
        f"metakg --store {location} ingest oboe lcdb\nmetakg --store {location} embed\nmetakg --store {location} ui",
        language="bash",
    )
    st.caption("`metakg doctor` says what is installed and what is wrong. Reload this page when it is done.")
    st.stop()


def one_line(error: Exception) -> str:
    """Message of an error in one line, with a person's file called by its name and not by where it is kept."""
    return _KEPT_FILES.sub("", " ".join(str(error).split()))
