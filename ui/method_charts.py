"""Charts of what methods were tried: scores of arms by seed, and their curves."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

__all__ = ["curve_chart", "score_chart"]

_COLOURS = {"method": "#1f5f8b", "baseline": "#c8752b", "ablation": "#8a929c"}
_OTHERS = ("#c8752b", "#5f8f3a", "#8a5fa8", "#b8506a", "#3f9a93", "#8a929c")
"""Colours of curves of baselines and ablations, in turn."""
_BAND = 0.12
_MARGIN = {"l": 10, "r": 20, "t": 10, "b": 50}
_ROW_PIXELS = 44


def score_chart(scores: pl.DataFrame, measure: str) -> go.Figure:
    """Arms in rows, a dot for each seed and a line at the mean; the method on top.

    Parameters
    ----------
    scores
        Columns arm, kind, seed and value, in the order of the rows.
    measure
        Name for the axis.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for (arm, kind), rows in scores.group_by("arm", "kind", maintain_order=True):
        colour = _COLOURS[str(kind)]
        figure.add_trace(
            go.Scatter(
                x=rows["value"].to_list(),
                y=[str(arm)] * rows.height,
                mode="markers",
                name=str(kind),
                legendgroup=str(kind),
                showlegend=str(kind) not in {trace.legendgroup for trace in figure.data},
                marker={"size": 10, "color": colour, "opacity": 0.55},
                customdata=rows["seed"].to_list(),
                hovertemplate="seed %{customdata}: %{x:.4g}<extra></extra>",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=[float(str(rows["value"].mean()))],
                y=[str(arm)],
                mode="markers",
                showlegend=False,
                marker={"symbol": "line-ns", "size": 24, "line": {"width": 3, "color": colour}},
                hovertemplate="mean %{x:.4g}<extra></extra>",
            )
        )
    arms = scores["arm"].n_unique()
    figure.update_layout(
        margin=_MARGIN, height=110 + _ROW_PIXELS * arms, legend={"orientation": "h", "y": 1.1}
    )
    figure.update_xaxes(title=measure, zeroline=False)
    figure.update_yaxes(autorange="reversed")
    return figure


def curve_chart(points: pl.DataFrame, axis: str, name: str) -> go.Figure:
    """Mean of a series over seeds for each arm, with the range of the seeds around it.

    Parameters
    ----------
    points
        Columns arm, kind, position and value: a row for each point of each run.
    axis, name
        Names for the axes.
    """
    import plotly.graph_objects as go
    import polars as pl

    figure, others = go.Figure(), cycle(_OTHERS)
    for (arm, kind), rows in points.group_by("arm", "kind", maintain_order=True):
        colour = _COLOURS["method"] if kind == "method" else next(others)
        by = (
            rows.group_by("position")
            .agg(mean=pl.col("value").mean(), low=pl.col("value").min(), high=pl.col("value").max())
            .sort("position")
        )
        x = by["position"].to_list()
        figure.add_trace(
            go.Scatter(
                x=[*x, *reversed(x)],
                y=[*by["high"].to_list(), *reversed(by["low"].to_list())],
                fill="toself",
                fillcolor=colour,
                opacity=_BAND,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        )
        figure.add_trace(
            go.Scatter(
                x=x,
                y=by["mean"].to_list(),
                name=str(arm),
                line={"color": colour, "dash": "solid" if kind == "method" else "dot"},
                hovertemplate=f"{arm}: %{{y:.4g}}<extra></extra>",
            )
        )
    figure.update_layout(margin=_MARGIN, height=380, legend={"orientation": "h", "y": 1.12})
    figure.update_xaxes(title=axis)
    figure.update_yaxes(title=name)
    return figure
