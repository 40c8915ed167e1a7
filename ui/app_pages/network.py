"""Network: what surrounds a thing, how two are connected, and which datasets behave alike."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import streamlit as st

import metakg
from metakg.network_text import neighbourhood_rows, trait_text
from ui.knowledge import knowledge_graph, one_line
from ui.links import OPENML_PAGE, openml_page, plain, short
from ui.network_chart import kind_of, network_chart
from ui.state import kept

if TYPE_CHECKING:
    import networkx as nx

    from metakg.network_text import Communities

SURROUNDINGS, PATH, COMMUNITIES = "Surroundings", "Path to another thing", "Communities of datasets"
KINDS = {"Dataset": "dataset", "Pipeline": "pipeline", "Run or IRI": "other"}
SHOWN_MEMBERS = 8
MOST_NODES = 300
LOOKED_AT = 8_000


@st.cache_resource(show_spinner=False, max_entries=4)
def names(location: str, version: int, kind: str) -> dict[str, str]:  # noqa: ARG001 - the key of the cache
    """Datasets or pipelines that runs are of, by IRI: names to choose by, in their order."""
    experience = graph.experience()
    known = experience.datasets if kind == "dataset" else experience.pipelines
    used = set(experience.runs[kind].unique())
    rows = [
        (str(title or short(iri)), str(iri))
        for iri, title in known.select(kind, "title").iter_rows()
        if iri in used
    ]
    return {iri: title for title, iri in sorted(rows, key=lambda row: (row[0].lower(), row[1]))}


def choose(label: str, key: str) -> str:
    """Let a person choose a thing."""
    chosen = st.segmented_control(label, list(KINDS), required=True, key=kept(f"{key} kind", "Dataset"))
    kind = KINDS[str(chosen)]
    if kind == "other":
        return st.text_input(
            "Key of a run, or IRI",
            placeholder="oboe/31/8ad1f1386e3da299",
            key=kept(f"{key} other", ""),
        ).strip()
    known = names(graph.name, graph.store.version, kind)
    options = list(known)
    place = 1 if key == "end" and len(options) > 1 else 0
    found = st.selectbox(
        kind.capitalize(),
        options,
        format_func=lambda iri: f"{known[iri]} ({str(short(iri)).rpartition('/')[2]})",
        key=kept(f"{key} {kind}", options[place] if options else None),
    )
    return found or ""


def table(rows: list[dict[str, object]], key: str) -> None:
    """Show rows with links to OpenML's pages."""
    page = st.column_config.LinkColumn("OpenML", display_text=rf"{OPENML_PAGE}(\d+)", width=70)
    st.dataframe(rows, column_config={"OpenML": page}, hide_index=True, placeholder="", key=key)


def links(iri: str) -> None:
    """Lead on to what the graph says of a thing."""
    left, right = st.columns([3, 1])
    left.code(f"metakg explain {short(iri)}", language="bash")
    if right.button("Query what is stated of it", icon=":material/database_search:", key="query-thing"):
        st.session_state[kept("query")] = (
            f"SELECT ?predicate ?object WHERE {{\n  <{iri}> ?predicate ?object\n}} LIMIT 100"
        )
        st.switch_page("app_pages/sparql.py")


def draw_surroundings(thing: str, hops: int, most: int) -> None:
    """Draw what is around a thing."""
    found = graph.network(thing, hops=hops, max_nodes=most)
    said(len(found), found.graph["truncated"])
    centre = found.graph["centre"]
    st.plotly_chart(network_chart(found, kind_of, (centre,)), key="network")
    columns = ("hop", "from", "statement", "to", "type", "IRI")
    rows = [dict(zip(columns, row, strict=True)) for row in neighbourhood_rows(found)]
    table(rows, "statements")
    links(centre)


def draw_path(start: str, end: str, count: int) -> None:
    """Draw how two things are connected."""
    found = graph.paths(start, end, count=count, max_nodes=LOOKED_AT)
    ways: list[list[str]] = found.graph["paths"]
    if not ways:
        st.info(
            f"No path: {found.graph['looked_at']:,} nodes were looked at. {found.graph['truncated']}",
            icon=":material/link_off:",
        )
        return
    said(len(found), found.graph["truncated"])
    st.plotly_chart(network_chart(found, kind_of, (found.graph["start"], found.graph["end"])), key="network")
    table(
        [row for number, way in enumerate(ways, start=1) for row in steps(found, number, way)], "statements"
    )
    links(found.graph["end"])


def steps(found: nx.MultiDiGraph, number: int, way: list[str]) -> list[dict[str, object]]:
    """One row for each statement of a path."""
    return [
        {
            "path": number,
            "from": found.nodes[here]["label"],
            "statement": ", ".join(
                [f"{edge['label']} →" for edge in (found.get_edge_data(here, there) or {}).values()]
                + [f"← {edge['label']}" for edge in (found.get_edge_data(there, here) or {}).values()]
            ),
            "to": found.nodes[there]["label"],
            "OpenML": openml_page(there),
            "IRI": short(there),
        }
        for here, there in pairwise(way)
    ]


@st.cache_resource(show_spinner=False, max_entries=4)
def grouped(location: str, version: int) -> Communities:  # noqa: ARG001 - the key of the cache
    """Communities of datasets of this version of the graph."""
    return graph.communities()


def draw_communities(most: int) -> None:
    """Draw communities of datasets: of each as many as its share of the nodes that are drawn."""
    found = grouped(graph.name, graph.store.version)
    share = min(1.0, most / len(found.graph))
    drawn = [node for item in found.items for node in item.members[: max(1, int(share * len(item.members)))]]
    said(
        len(drawn),
        f"{len(drawn)} of {len(found.graph):,} datasets are drawn, those with the strongest ties"
        if len(drawn) < len(found.graph)
        else found.truncated,
    )
    st.caption(
        f"Datasets are tied to those on which pipelines rank most alike (Spearman); "
        f"{len(found.items)} communities, modularity {found.modularity:.2f}"
    )
    picture = found.graph.subgraph(drawn)
    st.plotly_chart(
        network_chart(picture, lambda about: f"community {int(str(about['community'])) + 1}"), key="network"
    )
    titles = names(graph.name, graph.store.version, "pipeline")
    st.table(
        [
            {
                "Community": str(item.number + 1),
                "Datasets": len(item.members),
                "Such as": plain(
                    ", ".join(found.graph.nodes[node]["label"] for node in item.members[:SHOWN_MEMBERS])
                ),
                "Typical": plain("; ".join(trait_text(trait, found.of) for trait in item.traits)),
                "Pipelines that rank best": plain(
                    "; ".join(f"{titles.get(iri, short(iri))} ({rank:.2f})" for iri, rank in item.winners)
                ),
            }
            for item in found.items
        ],
        hide_index=True,
    )


def said(nodes: int, truncated: str) -> None:
    """Say how much is drawn, and what is not."""
    st.caption(f"{nodes:,} nodes" + (f": {truncated}" if truncated else ""))


st.title("Network")
graph = knowledge_graph()
view = st.segmented_control(
    "View", [SURROUNDINGS, PATH, COMMUNITIES], required=True, key=kept("view", SURROUNDINGS)
)
try:
    left, right = st.columns(2, gap="large")
    if view == COMMUNITIES:
        with left:
            limit = st.slider("Nodes to draw at most", 10, MOST_NODES, key=kept("drawn", 200))
        draw_communities(limit)
    else:
        with left:
            first = choose("Thing", "start")
        if view == PATH:
            with right:
                other = choose("Other thing", "end")
                number = st.slider("Paths", 1, 20, key=kept("paths", 3))
            if first and other:
                draw_path(first, other, number)
        else:
            with right:
                limit = st.slider("Nodes to draw at most", 10, MOST_NODES, key=kept("nodes", 60))
                far = st.slider("Edges from it", 1, 4, key=kept("hops", 1))
            if first:
                draw_surroundings(first, far, limit)
except metakg.MetakgError as error:
    st.error(one_line(error), icon=":material/error:")
