"""Charts of a recommendation: the shortlist with its intervals, and the neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

__all__ = ["neighbour_chart", "shortlist_chart"]

_ACCENT = "#2a6f97"
_SOFT = "#a9c6d9"
_ROW_PIXELS = 44
_MARGIN = {"l": 10, "r": 20, "t": 10, "b": 40}


def shortlist_chart(items: Sequence[dict[str, Any]], titles: Sequence[str], measure: str) -> go.Figure:
    """Predicted scores of the recommended pipelines as dots on their 90 % intervals, best rank on top."""
    import plotly.graph_objects as go

    labels = [f"{item['rank']}. {title}" for item, title in zip(items, titles, strict=True)]
    predicted = [item["predicted"] for item in items]
    low, high = zip(*(item["interval"] for item in items), strict=True)
    figure = go.Figure(
        go.Scatter(
            x=predicted,
            y=labels,
            mode="markers",
            marker={"size": 13, "color": _ACCENT},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [h - p for h, p in zip(high, predicted, strict=True)],
                "arrayminus": [p - lo for lo, p in zip(low, predicted, strict=True)],
                "color": _SOFT,
                "thickness": 6,
                "width": 0,
            },
            customdata=list(zip(low, high, strict=True)),
            hovertemplate="%{y}<br>predicted %{x:.3f}<br>90 % interval %{customdata[0]:.3f} to "
            "%{customdata[1]:.3f}<extra></extra>",
        )
    )
    figure.update_layout(
        height=_ROW_PIXELS * len(labels) + 80,
        margin=_MARGIN,
        xaxis_title=f"predicted {measure.replace('_', ' ')}, with its 90 % interval",
        yaxis={"autorange": "reversed", "automargin": True},
    )
    return figure


def neighbour_chart(neighbours: Sequence[dict[str, Any]]) -> go.Figure:
    """Similarity of the neighbouring datasets as bars, most similar on top."""
    import plotly.graph_objects as go

    labels = [neighbour["title"] or neighbour["dataset"] for neighbour in neighbours]
    figure = go.Figure(
        go.Bar(
            x=[neighbour["similarity"] for neighbour in neighbours],
            y=labels,
            orientation="h",
            marker={"color": _ACCENT},
            hovertemplate="%{y}<br>similarity %{x:.2f}<extra></extra>",
        )
    )
    figure.update_layout(
        height=28 * len(labels) + 80,
        margin=_MARGIN,
        xaxis={"title": "similarity", "range": [0, 1]},
        yaxis={"autorange": "reversed", "automargin": True},
    )
    return figure
