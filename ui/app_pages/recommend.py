"""Recommend: from a table to ranked pipelines, with what speaks for each."""

from __future__ import annotations

import re
import time

import streamlit as st

import metakg
from metakg import samples
from ui import answers, subjects
from ui.knowledge import knowledge_graph, one_line, writing
from ui.links import plain
from ui.state import kept

UPLOAD, SAMPLE = "Your file", "A sample table"
AUTOMATIC = "found out from the target"
TASKS = {AUTOMATIC: None, "classification": "classification", "regression": "regression"}


def choose_subject() -> subjects.Subject | None:
    """Upload or sample; what was chosen stays when the page is left and entered again."""
    source = st.segmented_control("Table", [UPLOAD, SAMPLE], required=True, key=kept("source", UPLOAD))
    try:
        if source == SAMPLE:
            name = st.selectbox(
                "Sample",
                list(samples.SAMPLES),
                format_func=lambda name: samples.SAMPLES[name].title,
                key=kept("sample", next(iter(samples.SAMPLES))),
            )
            if st.session_state.get("sample_name") != name:
                st.session_state["sample_subject"] = subjects.of_sample(name)
                st.session_state["sample_name"] = name
            return st.session_state["sample_subject"]
        given = st.file_uploader("CSV, TSV or Parquet, with a header", type=subjects.SUFFIXES, key="upload")
        if given is not None and st.session_state.get("upload_id") != given.file_id:
            st.session_state.pop("upload_subject", None)
            st.session_state["upload_subject"] = subjects.of_upload(given.name, given.getvalue())
            st.session_state["upload_id"] = given.file_id
        return st.session_state.get("upload_subject")
    except metakg.MetakgError as error:
        st.error(one_line(error), icon=":material/error:")
        return None


def preview(subject: subjects.Subject) -> None:
    """Show the table's size and first rows."""
    cells = subject.rows * len(subject.columns)
    st.markdown(f"**{plain(subject.path.name)}**")
    with st.container(horizontal=True):
        st.metric("Rows", f"{subject.rows:,}")
        st.metric("Columns", f"{len(subject.columns):,}")
        st.metric("Missing values", f"{subject.missing / cells:.1%}" if cells else "0 %")
    st.dataframe(subject.head, height=215, key="preview")
    if len(subject.columns) > subject.head.shape[1]:
        st.caption(f"The first {subject.head.shape[1]} of {len(subject.columns):,} columns.")


def excluded(text: str) -> list[str]:
    """Datasets that a person lists, separated by commas or spaces."""
    return [word for word in re.split(r"[,;\s]+", text) if word]


def ask(kg: metakg.KnowledgeGraph, subject: subjects.Subject) -> None:
    """Offer the choices; on the button, recommend and remember the answer."""
    place = f"{subject.path.parent.name}/{subject.path.name}"
    target = st.selectbox(
        "Target column, to be predicted",
        subject.columns,
        key=kept(f"target of {place}", subject.target),
    )
    with st.expander("Advanced"):
        top = st.slider("Pipelines to recommend", 1, 30, key=kept("top", 10))
        budget = st.number_input(
            "Time for trying all of them, in seconds (empty: no limit)",
            min_value=0.1,
            value=None,
            key=kept("budget"),
        )
        without = st.text_input(
            "Datasets to keep out of the evidence (OpenML ids or IRIs)",
            help="A sample is itself in the graph: its own runs are kept out, so that the answer is a prediction. "
            "The first answer without a dataset trains a model, which takes about a minute.",
            key=kept(f"without for {place}", str(subject.openml_id or "")),
        )
        task = st.selectbox("Task", list(TASKS), key=kept("task", AUTOMATIC))
    if not st.button("Recommend pipelines", type="primary", icon=":material/leaderboard:", key="recommend"):
        return
    st.session_state.pop("answer", None)
    bar = st.progress(0.0, "Describing the table and asking the model")

    def advance(stage: str, share: float) -> None:
        bar.progress(min(share, 1.0), f"Training, once for this graph: {stage}")

    try:
        started = time.perf_counter()
        with writing():
            answer = kg.recommend(
                subject.path,
                target,
                top=top,
                task=TASKS[task],  # type: ignore[arg-type]
                exclude_datasets=excluded(without),
                budget_seconds=budget,
                progress=advance,
            )
            version = kg.store.version
        st.session_state["answer"] = (answer, time.perf_counter() - started, version)
    except metakg.MetakgError as error:
        st.error(one_line(error), icon=":material/error:")
    finally:
        bar.empty()


st.title("Recommend pipelines")
graph = knowledge_graph()
st.markdown(
    "Bring a table; get scikit-learn pipelines that are expected to do best on it, "
    "with the experiments that speak for each."
)
left, right = st.columns([2, 3], gap="large")
with left:
    table = choose_subject()
if table is not None:
    with right:
        preview(table)
    with left:
        ask(graph, table)
if "answer" in st.session_state:
    st.divider()
    made, elapsed, made_at = st.session_state["answer"]
    answers.draw(made, seconds=elapsed, version=made_at)
