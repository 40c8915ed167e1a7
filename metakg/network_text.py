"""Networks as text: for people, and in the formats that graph programs read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kg.communities import Communities
from metakg.explanation import iris_in_short

if TYPE_CHECKING:
    import networkx as nx

    from kg.communities import Community, Trait

__all__ = [
    "Communities",
    "communities_text",
    "dot",
    "graphml",
    "neighbourhood_rows",
    "node_link",
    "paths_text",
]

SHOWN_MEMBERS = 6


def node_link(graph: nx.Graph, **more: Any) -> str:
    """JSON of a graph as networkx reads it (``node_link_graph``), with more attributes of the graph."""
    import networkx as nx

    data = nx.node_link_data(graph, edges="edges")
    data["graph"] = {**data["graph"], **more}
    return json.dumps(data, ensure_ascii=False, indent=1)


def graphml(graph: nx.Graph) -> str:
    """GraphML, without what it cannot hold: lists."""
    import networkx as nx

    plain = graph.copy()
    plain.graph = {name: value for name, value in graph.graph.items() if not isinstance(value, list)}
    out = io.BytesIO()
    nx.write_graphml(plain, out)
    return out.getvalue().decode()


def dot(graph: nx.Graph) -> str:
    """DOT, for Graphviz: nodes by IRI, with their labels."""
    kind, arrow = ("digraph", "->") if graph.is_directed() else ("graph", "--")
    lines = [f"{kind} metakg {{"]
    for node, about in graph.nodes(data=True):
        lines.append(
            f"  {_quoted(node)} [label={_quoted(about['label'])}, tooltip={_quoted(about['type'])}];"
        )
    for source, target, about in graph.edges(data=True):
        said = f"label={_quoted(about['label'])}" if "label" in about else f"weight={about['weight']}"
        lines.append(f"  {_quoted(source)} {arrow} {_quoted(target)} [{said}];")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def neighbourhood_rows(graph: nx.MultiDiGraph) -> Iterator[tuple[object, ...]]:
    """Edges from the middle outwards: hop, from, by what, to, type and IRI of what was reached."""
    hops = graph.nodes(data="hop")
    edges = [
        (hops[target], source, f"{label} →", target)
        if hops[source] <= hops[target]
        else (hops[source], target, f"← {label}", source)
        for source, target, label in graph.edges(data="label")
    ]
    for hop, near, relation, far in sorted(edges, key=lambda edge: (edge[0], edge[1], edge[2], edge[3])):
        about = graph.nodes[far]
        yield hop, graph.nodes[near]["label"], relation, about["label"], about["type"], iris_in_short(far)


def paths_text(graph: nx.MultiDiGraph) -> str:
    """Each path as lines: its nodes, and between them the statements that join them."""
    found = graph.graph["paths"]
    ends = [_named(graph, graph.graph[end]) for end in ("start", "end")]
    if not found:
        return f"no path between {ends[0]} and {ends[1]} over {graph.graph['looked_at']:,} nodes\n"
    lines = [f"from {ends[0]} to {ends[1]}"]
    for number, path in enumerate(found, start=1):
        lines += ["", f"{number}. {len(path) - 1} statements", f"   {_named(graph, path[0])}"]
        for here, there in pairwise(path):
            forward = sorted(graph.get_edge_data(here, there, default={}).values(), key=_label)
            backward = sorted(graph.get_edge_data(there, here, default={}).values(), key=_label)
            said = [f"─ {_label(edge)} →" for edge in forward] + [f"← {_label(edge)} ─" for edge in backward]
            lines.append(f"     {', '.join(said)}  {_named(graph, there)}")
    return "\n".join(lines) + "\n"


def _label(edge: dict[str, str]) -> str:
    return edge["label"]


def _named(graph: nx.MultiDiGraph, node: str) -> str:
    label, short = graph.nodes[node]["label"], iris_in_short(node)
    return short if short.endswith(label) else f"{label} ({short})"


def communities_text(found: Communities, titles: dict[str, str]) -> str:
    """Each community: its size, who is in it, what is typical, and what ranks best."""
    measure, procedure = (
        iri.rpartition("/")[2].replace("_", " ") for iri in (found.measure, found.procedure)
    )
    lines = [
        f"{len(found.items)} communities of {len(found.graph):,} {found.of} by {measure}, {procedure}: "
        f"modularity {found.modularity:.2f}"
    ]
    best = "pipelines that rank best" if found.of == "datasets" else "datasets on which they rank best"
    for item in found.items:
        shown = [found.graph.nodes[node]["label"] for node in item.members[:SHOWN_MEMBERS]]
        more = f" and {len(item.members) - len(shown)} more" if len(item.members) > len(shown) else ""
        lines += ["", f"{item.number + 1}. {len(item.members)} {found.of}: {', '.join(shown)}{more}"]
        lines += [f"   typical: {trait_text(trait, found.of)}" for trait in item.traits]
        lines += [f"   {best}: {_winners(item, titles)}"] if item.winners else []
    return "\n".join(lines) + "\n"


def trait_text(trait: Trait, of: str) -> str:
    """What is typical, in words."""
    if of == "pipelines":
        return f"{trait.name.rpartition('.')[2]} in {trait.inside:.0%} of them, {trait.outside:.0%} of the others"
    level = "high" if trait.separation >= 0.5 else "low"
    return f"{level} {trait.name}, median {trait.inside:.3g} against {trait.outside:.3g}"


def _winners(item: Community, titles: dict[str, str]) -> str:
    return ", ".join(f"{titles.get(iri, iris_in_short(iri))} {rank:.2f}" for iri, rank in item.winners)
