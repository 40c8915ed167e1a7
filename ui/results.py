"""The answer of a query on the page: a table, yes or no, or triples, and the files to take away."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

import metakg
from ui.knowledge import one_line
from ui.links import OPENML_PAGE, openml_page, short

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.elements.lib.column_types import ColumnConfig

__all__ = ["ROW_LIMIT", "TIME_LIMIT_SECONDS", "Outcome", "draw", "outcome"]

ROW_LIMIT = 10_000
"""Most rows that are shown and offered for download."""


TIME_LIMIT_SECONDS = 30.0
"""After which a query is ended."""


@dataclass(frozen=True)
class Outcome:
    """What came of a query: a result of at most ``ROW_LIMIT`` rows, or the line that says why not.

    ``milliseconds`` is the time of the query, without drawing.
    """

    result: metakg.Result | None
    milliseconds: float
    error: str = ""


def outcome(kg: metakg.KnowledgeGraph, query: str) -> Outcome:
    """Run a query."""
    started = time.perf_counter()
    try:
        result = kg.sparql(query, max_rows=ROW_LIMIT, timeout_seconds=TIME_LIMIT_SECONDS)
    except metakg.MetakgError as error:
        return Outcome(None, 0.0, one_line(error))
    elapsed = 1000 * (time.perf_counter() - started)
    return Outcome(result, elapsed)


def draw(found: Outcome) -> None:
    """Draw what came of a query."""
    if found.result is None:
        st.error(found.error, icon=":material/error:")
        return
    result = found.result
    if result.kind == "boolean":
        st.markdown(f"### {'Yes' if result.answer else 'No'}")
        st.caption(f"{found.milliseconds:.0f} ms")
    else:
        noun = "row" if result.kind == "solutions" else "triple"
        count = len(result)
        st.caption(f"{count:,} {noun}{'' if count == 1 else 's'} in {found.milliseconds:.0f} ms")
        if result.truncated:
            st.warning(
                f"There are more: the first {count:,} {noun}s are shown and can be downloaded; "
                "`metakg query --format csv --limit 0` writes all.",
                icon=":material/content_cut:",
            )
        if count:
            frame = result.to_pandas()
            columns = _for_people(frame)
            st.dataframe(frame, column_config=columns, hide_index=True, placeholder="", key="rows")
        else:
            st.info("The graph holds nothing that answers this.", icon=":material/info:")
    _downloads(result)


def _for_people(frame: pd.DataFrame) -> dict[str, ColumnConfig]:
    """Turn columns of OpenML's datasets into links to their pages, and write our own IRIs short."""
    columns: dict[str, ColumnConfig] = {}
    for name in frame.columns:
        present = frame[name].dropna()
        pages = present.map(openml_page)
        if len(present) and pages.notna().all():
            frame[name] = pages.reindex(frame.index)
            columns[name] = st.column_config.LinkColumn(name, display_text=rf"{OPENML_PAGE}(\d+)")
        else:
            frame[name] = frame[name].map(short)
            if present.map(type).nunique() > 1:  # a column of the page has one type
                frame[name] = frame[name].map(str, na_action="ignore")
    return columns


def _downloads(result: metakg.Result) -> None:
    files = [("CSV", "csv", "text/csv"), ("JSON", "json", "application/sparql-results+json")]
    if result.kind == "graph":
        files = [("Turtle", "turtle", "text/turtle"), *files]
    with st.container(horizontal=True):
        for label, form, kind in files:
            suffix = {"turtle": "ttl"}.get(form, form)
            st.download_button(
                label,
                getattr(result, f"to_{form}")(),
                f"result.{suffix}",
                kind,
                icon=":material/download:",
                on_click="ignore",
                key=f"download-{form}",
            )
