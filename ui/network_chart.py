"""A network drawn: nodes coloured by group, edges between them, labels where there is room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ui.links import short

if TYPE_CHECKING:
    import networkx as nx
    import plotly.graph_objects as go

__all__ = ["kind_of", "network_chart"]

_COLOURS = (
    "#1f5f8b",
    "#d1812f",
    "#4f9d69",
    "#b0413e",
    "#7a5ea8",
    "#3aa6a6",
    "#8a6d3b",
    "#c76b98",
    "#6b7a8f",
    "#9aa53b",
)
_LABELLED = 40
"""With more nodes than this, labels would lie on one another; pointing at a node shows it."""
_EXACT = 60
"""Kamada and Kawai's layout is the clearest, and takes time that grows with the cube of the nodes."""
_LABEL_LENGTH = 32
_HIDDEN = {"visible": False}


def kind_of(about: dict[str, object]) -> str:
    """Type of a node for the legend, without its prefix."""
    return str(about["type"]).rpartition(":")[2] or "other"


def network_chart(
    graph: nx.Graph, group: Callable[[dict[str, object]], str], marked: tuple[str, ...] = ()
) -> go.Figure:
    """Draw a network.

    Parameters
    ----------
    graph
        Its nodes have ``label`` and ``type``.
    group
        Name of the group of a node, by its attributes: one colour and one entry of the legend each.
    marked
        Nodes that are drawn larger.
    """
    import plotly.graph_objects as go

    place = _layout(graph)
    edges: list[tuple[float | None, float | None]] = []
    for source, target in sorted({tuple(sorted(edge[:2])) for edge in graph.edges}):
        edges += [place[source], place[target], (None, None)]
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _ in edges],
            y=[y for _, y in edges],
            mode="lines",
            line={"color": "#cfd5dc", "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    groups: dict[str, list[str]] = {}
    for node, about in graph.nodes(data=True):
        groups.setdefault(group(about), []).append(node)
    labelled = len(graph) <= _LABELLED
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    for number, (name, nodes) in enumerate(ordered):
        labels = [str(graph.nodes[node]["label"]) for node in nodes]
        figure.add_trace(
            go.Scatter(
                x=[place[node][0] for node in nodes],
                y=[place[node][1] for node in nodes],
                name=name,
                mode="markers+text" if labelled else "markers",
                text=[_cut(label) for label in labels],
                textposition="top center",
                textfont={"size": 11, "color": "#31333f"},
                marker={
                    "size": [18 if node in marked else 10 for node in nodes],
                    "color": _COLOURS[number % len(_COLOURS)],
                    "line": {"color": "white", "width": 1},
                },
                customdata=[(label, short(node)) for label, node in zip(labels, nodes, strict=True)],
                hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra>" + name + "</extra>",
                cliponaxis=False,
            )
        )
    figure.update_layout(
        height=620,
        margin={"l": 60, "r": 60, "t": 20, "b": 10},
        xaxis=_HIDDEN,
        yaxis=_HIDDEN,
        plot_bgcolor="white",
        showlegend=True,
        legend={"orientation": "h", "y": -0.02, "itemsizing": "constant"},
        hovermode="closest",
    )
    return figure


def _layout(graph: nx.Graph) -> dict[str, tuple[float, float]]:
    import networkx as nx

    simple = nx.Graph(graph)
    if len(simple) <= _EXACT and len(simple) > 1 and nx.is_connected(simple):
        found = nx.kamada_kawai_layout(simple, weight=None)
    else:
        # Small parts that are tied to nothing fly off; a wider spring keeps the rest apart.
        found = nx.spring_layout(simple, seed=0, k=2.2 / max(len(simple), 1) ** 0.5, iterations=80)
    return {node: (float(x), float(y)) for node, (x, y) in found.items()}


def _cut(label: str) -> str:
    """Label that fits: of keys the end tells them apart, of pipelines the estimator."""
    label = label.rpartition(" > ")[2]
    if len(label) <= _LABEL_LENGTH:
        return label
    return f"…{label[1 - _LABEL_LENGTH :]}" if "/" in label else f"{label[: _LABEL_LENGTH - 1]}…"
