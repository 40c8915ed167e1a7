"""Methods: how the arms of a method did, seed by seed, their curves, and what was made on the way."""

from __future__ import annotations

import polars as pl
import streamlit as st

from ui.knowledge import knowledge_graph
from ui.links import short
from ui.method_charts import curve_chart, score_chart
from ui.state import kept

MOST_ROWS = 100_000
KIND_ORDER = {"method": 0, "baseline": 1, "ablation": 2}
MEASURE = "https://w3id.org/metakg/measure/"
LAST = "the last run of an arm and seed counts"


def known_methods() -> list[str]:
    """Names of the methods that the graph holds runs of."""
    text = (
        "PREFIX mkg: <https://w3id.org/metakg/ontology#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT DISTINCT ?name { ?method a mkg:Method ; rdfs:label ?name } ORDER BY ?name"
    )
    return [str(name) for (name,) in graph.sparql(text).rows()]


def last_runs(method: str) -> pl.DataFrame:
    """Scores of the finished runs of a method, of several of an arm and seed the last; the method's own arm first."""
    runs = graph.ask("method-runs", method=method, limit=MOST_ROWS).to_polars()
    finished = runs.filter(pl.col("status") == "finished", pl.col("measure").is_not_null())
    same = ["benchmark", "configuration", "version", "arm", "seed", "measure"]
    return (
        finished.sort("started")
        .unique(same, keep="last", maintain_order=True)
        .with_columns(
            measure=pl.col("measure").str.strip_prefix(MEASURE),
            order=pl.col("kind").replace_strict(KIND_ORDER, default=3, return_dtype=pl.Int64),
        )
        .sort("order", "arm", "seed")
    )


def choose(runs: pl.DataFrame) -> pl.DataFrame:
    """Let a person choose a benchmark and a configuration, the newest first."""
    tried = runs.group_by("benchmark", "configuration", "version").agg(pl.col("started").max())
    options = tried.sort("started", descending=True).select("benchmark", "configuration", "version").rows()
    chosen = st.selectbox(
        "Benchmark and configuration",
        options,
        format_func=lambda one: f"{one[0]} ({one[1]}), version {one[2]}",
        key="chosen-configuration",
    )
    return runs.filter(
        pl.col("benchmark") == chosen[0],
        pl.col("configuration") == chosen[1],
        pl.col("version") == chosen[2],
    )


def draw_scores(runs: pl.DataFrame) -> None:
    """Draw a measure of all arms, and list its numbers."""
    measures = sorted(runs["measure"].unique(), key=lambda name: (name == "runtime_seconds", name))
    measure = st.selectbox("Measure", measures, key="chosen-measure")
    scores = runs.filter(pl.col("measure") == measure)
    st.plotly_chart(score_chart(scores, measure), key="scores")
    by_arm = scores.group_by("arm", "kind", maintain_order=True).agg(
        seeds=pl.len(), mean=pl.col("value").mean(), deviation=pl.col("value").std()
    )
    st.dataframe(by_arm, hide_index=True, key="means")


def draw_curves(runs: pl.DataFrame) -> None:
    """Draw a series of the runs, if they have any."""
    frames = []
    for run, arm, kind in runs.select("run", "arm", "kind").unique(maintain_order=True).iter_rows():
        points = graph.series(run)
        frames.append(points.with_columns(arm=pl.lit(arm), kind=pl.lit(kind)))
    points = pl.concat(frames) if frames else pl.DataFrame()
    if points.is_empty():
        return
    st.subheader("Curves")
    names = points.select("name", "axis").unique(maintain_order=True).sort("name").rows()
    name, axis = st.selectbox(
        "Series", names, format_func=lambda one: f"{one[0]} by {one[1]}", key="chosen-series"
    )
    shown = points.filter(pl.col("name") == name, pl.col("axis") == axis)
    st.plotly_chart(curve_chart(shown, axis, name), key="curves")


def list_products(runs: pl.DataFrame) -> None:
    """List what the method's own runs made."""
    rows = []
    for run in runs.filter(pl.col("kind") == "method")["run"].unique(maintain_order=True):
        made = graph.explain(run).to_dict().get("made", [])
        rows += [
            {"kind": each["kind"], "title": each["title"], "IRI": short(each["product"])} for each in made
        ]
    if rows:
        st.subheader("What the method made")
        st.dataframe(rows, hide_index=True, key="products")
        st.caption("`metakg explain IRI` tells where each came from; `metakg ask lineage` lists descent.")


graph = knowledge_graph()
st.title("Methods")
names = known_methods()
if not names:
    st.info(
        "The graph holds no run of a method yet. Run one, which takes two minutes:", icon=":material/science:"
    )
    st.code(f"metakg --store {graph.name} methods run moh", language="bash")
    st.stop()
method = st.selectbox("Method", names, key=kept("method", names[0]))
about = graph.explain(f"metakg:method/{method}").facts
st.markdown(
    f"[{about['title']}]({about['publication']}), {about['year']}: {about['fidelity']}. {about['note'] or ''}"
)
all_runs = last_runs(method)
if all_runs.is_empty():
    st.info("None of its runs has finished: `metakg ask failures` says why.", icon=":material/error:")
    st.stop()
chosen_runs = choose(all_runs)
draw_scores(chosen_runs)
draw_curves(chosen_runs)
list_products(chosen_runs)
st.caption(f"`metakg methods verdict {method}` says which claims hold; {LAST}.")
