"""Progress bars on stderr: by the share that is done, or by units with their rate and the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from metakg.cli.session import Counts
    from metakg.cli.session import Progress as Shares

__all__ = ["counts", "shares"]

_RATE_SECONDS = 60.0
"""Time that a rate is taken over: batches of a big source come seconds apart."""


@contextmanager
def shares() -> Iterator[Shares]:
    """Bars that take ``(stage, share done)``."""
    with _bars(TimeElapsedColumn()) as advance:
        yield lambda stage, share: advance(stage, min(share, 1.0), 1.0)


@contextmanager
def counts(console: Console | None = None) -> Iterator[Counts]:
    """Bars that take ``(stage, units done, units in all)``."""
    with _bars(
        _Amount(), _Rate(), TimeRemainingColumn(elapsed_when_finished=True), console=console
    ) as advance:
        yield advance


@contextmanager
def _bars(
    *columns: ProgressColumn, console: Console | None = None
) -> Iterator[Callable[[str, float, float], None]]:
    bars = Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        *columns,
        console=console or Console(stderr=True),
        transient=True,
        speed_estimate_period=_RATE_SECONDS,
    )
    with bars:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, done: float, units: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=units)
            bars.update(tasks[stage], completed=done, total=units)

        yield advance


class _Amount(ProgressColumn):
    """Units done and in all."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed:,.0f}/{task.total or 0:,.0f}", style="progress.download")


class _Rate(ProgressColumn):
    """Units per second, of late."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")
