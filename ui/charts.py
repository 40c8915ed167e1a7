"""Charts of a recommendation: the shortlist with its intervals and expected times, and the neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from metakg.neighbours import NeighbourDataset
    from metakg.recommendation import RankedPipeline

__all__ = ["duration", "neighbour_chart", "shortlist_chart"]

_ACCENT = "#1f5f8b"
_SOFT = "#a9c9dd"
_GREY = "#b8bec6"
_ROW_PIXELS = 38
_MARGIN = {"l": 10, "r": 20, "t": 10, "b": 50}
_LABEL_LENGTH = 70
_TEXT = {"size": 13, "color": "#31333f"}


def duration(seconds: float | None) -> str:
    """Time for people: ``84 ms``, ``2.4 s``, ``3 min``; empty if unknown."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _short(text: str) -> str:
    return text if len(text) <= _LABEL_LENGTH else f"{text[: _LABEL_LENGTH - 1]}…"


def shortlist_chart(items: Sequence[RankedPipeline], measure: str) -> go.Figure:
    """Predicted scores as dots on their 90 % intervals, and expected times as bars; the first rank on top."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    labels = [_short(f"{item.rank}. {item.pipeline.estimator.title}") for item in items]
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, column_widths=[0.74, 0.26], horizontal_spacing=0.03
    )
    figure.add_trace(
        go.Scatter(
            x=[item.predicted for item in items],
            y=labels,
            mode="markers",
            marker={"size": 12, "color": _ACCENT},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [item.high - item.predicted for item in items],
                "arrayminus": [item.predicted - item.low for item in items],
                "color": _SOFT,
                "thickness": 7,
                "width": 0,
            },
            customdata=[(item.pipeline.title, item.low, item.high) for item in items],
            hovertemplate="%{customdata[0]}<br>predicted %{x:.3f}<br>"
            "90 % interval %{customdata[1]:.3f} to %{customdata[2]:.3f}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Bar(
            x=[item.expected_runtime_seconds for item in items],
            y=labels,
            orientation="h",
            marker={"color": _GREY},
            width=0.45,
            text=[duration(item.expected_runtime_seconds) for item in items],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{text} for 5-fold cross-validation<extra></extra>",
        ),
        row=1,
        col=2,
    )
    longest = max((item.expected_runtime_seconds or 0.0 for item in items), default=0.0)
    figure.update_layout(height=_ROW_PIXELS * len(labels) + 90, margin=_MARGIN, showlegend=False)
    figure.update_xaxes(title=f"predicted {measure.replace('_', ' ')}, 90 % interval", row=1, col=1)
    figure.update_xaxes(
        title="expected time",
        range=[0, 1.45 * longest or 1],
        showticklabels=False,
        showgrid=False,
        row=1,
        col=2,
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=_TEXT)
    return figure


def neighbour_chart(neighbours: Sequence[NeighbourDataset]) -> go.Figure:
    """Similarity of the neighbouring datasets as bars, the most similar on top; the reasons when pointed at."""
    import plotly.graph_objects as go

    # Names may occur twice among datasets, and bars with one label would be drawn on one another.
    labels = [_short(_distinct(item)) for item in neighbours]
    figure = go.Figure(
        go.Bar(
            x=[item.similarity for item in neighbours],
            y=labels,
            orientation="h",
            marker={"color": _ACCENT},
            width=0.6,
            text=[f"{item.similarity:.2f}" for item in neighbours],
            textposition="outside",
            customdata=[item.why.replace("; ", "<br>") for item in neighbours],
            hovertemplate="<b>%{y}</b><br>%{customdata}<extra></extra>",
        )
    )
    figure.update_layout(
        height=30 * len(labels) + 80,
        margin=_MARGIN,
        xaxis={"title": "similarity: predicted rank correlation of pipelines' scores", "range": [0, 1.08]},
        yaxis={"autorange": "reversed", "automargin": True, "tickfont": _TEXT},
    )
    return figure


def _distinct(item: NeighbourDataset) -> str:
    known = item.openml_id is None or item.title.endswith(f":{item.openml_id}")
    return item.title if known else f"{item.title} ({item.openml_id})"
