"""A recommendation on the page: the drawn shortlist, each pipeline with its evidence, and the neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from metakg.recommendation import COVERAGE
from ui.charts import duration, neighbour_chart, shortlist_chart
from ui.links import OPENML_PAGE, openml_page, plain, short
from ui.state import kept

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

    from metakg import Recommendation
    from metakg.recommendation import RankedPipeline

__all__ = ["draw"]

_PLAIN = {"displayModeBar": False}
_PAGE = st.column_config.LinkColumn("OpenML", display_text=rf"{OPENML_PAGE}(\d+)", width=70)


def _score(label: str) -> ColumnConfig:
    return st.column_config.NumberColumn(label, format="%.3f")


def draw(answer: Recommendation, *, seconds: float, version: int) -> None:
    """Draw a recommendation.

    Parameters
    ----------
    answer
        What is drawn.
    seconds
        From the question to the answer.
    version
        Of the graph that it was drawn from.
    """
    measure = answer.measure.replace("_", " ")
    st.subheader(
        f"Pipelines for {plain(answer.target.name)}, target “{plain(answer.target.target)}”", anchor="answer"
    )
    st.caption(_about(answer, measure, seconds, version))
    for note in answer.notes:
        st.info(plain(note), icon=":material/info:")
    if not answer.items:
        st.warning("No pipeline fits the time budget; allow more time.", icon=":material/timer:")
        return
    st.plotly_chart(shortlist_chart(answer.items, answer.measure), config=_PLAIN, key="shortlist")
    st.dataframe(_rows(answer), column_config=_columns(measure), hide_index=True, key="ranked")
    _downloads(answer)
    st.subheader("Each pipeline, and what speaks for it", anchor="pipelines")
    for item in answer.items:
        expected = f"{item.predicted:.3f} ({item.low:.2f} to {item.high:.2f})"
        with st.expander(f"**{item.rank}.** {plain(item.pipeline.title)}  ·  {expected}"):
            _pipeline(answer, item, measure)
    st.subheader("Datasets that behave like it", anchor="neighbours")
    _neighbours(answer)


def _about(answer: Recommendation, measure: str, seconds: float, version: int) -> str:
    made_from = answer.provenance
    without = [*made_from.excluded, *made_from.excluded_sources]
    excluded = f" · without {', '.join(map(_name, without))}" if without else ""
    excluded += f" · as of {made_from.as_of}" if made_from.as_of else ""
    return (
        f"Expected {measure} in 5-fold cross-validation; intervals are made to hold {COVERAGE:.0%} of true scores. "
        f"Ranks are those of a portfolio: each pipeline adds most to the ones before it.  \n"
        f"Graph version {version} · model {made_from.model}{excluded} · answered in {seconds:.1f} s"
    )


def _name(iri: str) -> str:
    page = openml_page(iri)
    return f"[OpenML {page.removeprefix(OPENML_PAGE)}]({page})" if page else f"`{iri}`"


def _rows(answer: Recommendation) -> list[dict[str, object]]:
    return [
        {
            "rank": item.rank,
            "pipeline": item.pipeline.title,
            "predicted": item.predicted,
            "low": item.low,
            "high": item.high,
            "time": duration(item.expected_runtime_seconds),
            "support": len(item.support),
        }
        for item in answer.items
    ]


def _columns(measure: str) -> dict[str, ColumnConfig]:
    return {
        "rank": st.column_config.NumberColumn("#", width=40),
        "pipeline": st.column_config.TextColumn("Pipeline", width="large"),
        "predicted": _score(f"Predicted {measure}"),
        "low": _score("From"),
        "high": _score("To"),
        "time": st.column_config.TextColumn("Expected time", width="small"),
        "support": st.column_config.NumberColumn("Supporting runs", width="small"),
    }


def _downloads(answer: Recommendation) -> None:
    stem = f"{Path(answer.target.name).stem}-pipelines"
    with st.container(horizontal=True):
        for label, suffix, text, kind in (
            ("JSON", "json", answer.to_json(), "application/json"),
            ("CSV", "csv", answer.to_csv(), "text/csv"),
            ("Turtle (RDF)", "ttl", answer.to_turtle(), "text/turtle"),
        ):
            st.download_button(
                label, text, f"{stem}.{suffix}", kind, icon=":material/download:", on_click="ignore"
            )
        if st.button("Query the evidence", icon=":material/database_search:", key="evidence"):
            st.session_state[kept("query")] = answer.provenance.query
            st.switch_page("app_pages/sparql.py")


def _pipeline(answer: Recommendation, item: RankedPipeline, measure: str) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**Steps**")
        for step in item.pipeline.steps:
            settings = ", ".join(f"{name}={value!r}" for name, value in step.parameters.items())
            st.markdown(
                f":gray[{step.slot.replace('_', ' ')}]  `{step.component.rpartition('.')[2]}`"
                + (f" with `{settings}`" if settings else "")
            )
    with right:
        st.markdown("**Expected**")
        st.markdown(f"{measure} **{item.predicted:.3f}**, between {item.low:.3f} and {item.high:.3f}")
        if item.expected_runtime_seconds is not None:
            st.markdown(f"{duration(item.expected_runtime_seconds)} for 5-fold cross-validation")
        st.caption(f"`{short(item.pipeline.iri)}`")
    st.markdown("**Runs that speak for it**")
    if item.support:
        st.dataframe(
            [
                {
                    "title": run.title,
                    "page": openml_page(run.dataset),
                    "similarity": run.similarity,
                    "value": run.value,
                    "best": run.best,
                    "run": short(run.run),
                }
                for run in item.support
            ],
            column_config={
                "title": st.column_config.TextColumn("Dataset", width="medium"),
                "page": _PAGE,
                "similarity": _score("Similarity"),
                "value": _score(f"Measured {measure}"),
                "best": _score("Best known there"),
                "run": st.column_config.TextColumn("Run", width="medium"),
            },
            hide_index=True,
            placeholder="",
            key=f"support-{item.rank}",
        )
    else:
        st.caption("No run of it on a similar dataset: the prediction rests on related pipelines.")
    st.markdown("**Python script**")
    code = answer.to_python(item.rank, path=answer.target.name)
    st.code(code, language="python", height=320)
    st.download_button(
        "Download the script",
        code,
        f"pipeline-{item.rank}.py",
        "text/x-python",
        icon=":material/download:",
        on_click="ignore",
        key=f"script-{item.rank}",
    )


def _neighbours(answer: Recommendation) -> None:
    if not answer.neighbours:
        st.caption("The graph knows no dataset to compare it with.")
        return
    st.plotly_chart(neighbour_chart(answer.neighbours), config=_PLAIN, key="neighbours")
    # A static table breaks long lines, which the interactive one cuts.
    st.table(
        [
            {
                "Dataset": f"[{plain(item.title)}]({OPENML_PAGE}{item.openml_id})"
                if item.openml_id
                else plain(item.title),
                "Similarity": f"{item.similarity:.3f}",
                "Why": item.why,
            }
            for item in answer.neighbours
        ],
        hide_index=True,
    )
