"""A recommendation as text: a table with drawn intervals for people, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kg.measures import measure_of

if TYPE_CHECKING:
    from metakg.recommendation import RankedPipeline, Recommendation

__all__ = ["csv_text", "interval_bar", "table_text"]

BAR_WIDTH = 24
SHOWN_SUPPORT = 3

CSV_COLUMNS = (
    "rank",
    "title",
    "pipeline_iri",
    "predicted",
    "low",
    "high",
    "measure",
    "expected_runtime_seconds",
    "support",
)


def csv_text(recommendation: Recommendation) -> str:
    """One row per pipeline; supporting runs are separated by spaces."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for item in recommendation.items:
        runs = " ".join(support.run for support in item.support)
        numbers = (item.predicted, item.low, item.high, recommendation.measure, item.expected_runtime_seconds)
        writer.writerow((item.rank, item.pipeline.title, item.pipeline.iri, *numbers, runs))
    return out.getvalue()


def interval_bar(low: float, value: float, high: float, left: float, right: float) -> str:
    """Draw an interval with its value on a scale from ``left`` to ``right``.

    >>> interval_bar(0.5, 0.75, 1.0, 0.5, 1.0)
    '├───────────●──────────┤'
    """
    span = max(right - left, 1e-9)

    def place(number: float) -> int:
        return round((min(max(number, left), right) - left) / span * (BAR_WIDTH - 1))

    start, middle, end = place(low), place(value), place(high)
    cells = [" "] * BAR_WIDTH
    cells[start : end + 1] = ["─"] * (end - start + 1)
    cells[start], cells[end] = "├", "┤"
    cells[middle] = "●"
    return "".join(cells)


def table_text(recommendation: Recommendation, width: int = 100) -> str:
    """The ranked pipelines, their scores drawn on one scale, and below each what speaks for it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    items = recommendation.items
    if not items:
        return "no pipeline fits the time budget; allow more time\n"
    left, right = min(item.low for item in items), max(item.high for item in items)
    measure = measure_of(recommendation.measure).label
    scaler = _common_scaler(items)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("#", justify="right")
    table.add_column("pipeline, and what speaks for it", overflow="fold", ratio=1)
    table.add_column(f"{left:.2f}".ljust(BAR_WIDTH - 4) + f"{right:.2f}", no_wrap=True, width=BAR_WIDTH)
    table.add_column("predicted", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for item in items:
        table.add_row(
            str(item.rank),
            Text(f"{item.pipeline.title.removeprefix(f'{scaler} > ')}\n{_support(item)}"),
            interval_bar(item.low, item.predicted, item.high, left, right),
            f"{item.predicted:.3f}\n{item.low:.2f}–{item.high:.2f}",
            _duration(item.expected_runtime_seconds),
        )
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    after = f", all after {scaler}" if scaler else ""
    heading = f"{measure} expected in 5-fold cross-validation, with 90 % intervals{after}"
    console.print(Text(f"{recommendation.target.name}: {heading}"))
    console.print(table)
    console.print(Text(_neighbour_line(recommendation)))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _common_scaler(items: Sequence[RankedPipeline]) -> str:
    """Title of the scaler that all pipelines begin with, or nothing: what is always the same is said once."""
    titles = {item.pipeline.title.partition(" > ")[0] for item in items if " > " in item.pipeline.title}
    shared = len(titles) == 1 and all(" > " in item.pipeline.title for item in items)
    return titles.pop() if shared else ""


def _support(item: RankedPipeline) -> str:
    if not item.support:
        return "  no run of it on a similar dataset: the prediction rests on related pipelines"
    shown = [f"{run.title} {run.value:.3f} (best {run.best:.3f})" for run in item.support[:SHOWN_SUPPORT]]
    return "on " + ", ".join(shown)


def _neighbour_line(recommendation: Recommendation) -> str:
    names: Sequence[str] = [f"{item.title} {item.similarity:.2f}" for item in recommendation.neighbours[:6]]
    return f"most similar datasets: {', '.join(names)}\nevidence: {recommendation.iri}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
