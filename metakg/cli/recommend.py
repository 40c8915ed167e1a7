"""The command ``recommend``."""

from __future__ import annotations

import re
from typing import Any

import click

from metakg.cli.output import write
from metakg.cli.selection import selecting
from metakg.cli.session import Session, pass_session

__all__ = ["Seconds", "recommend"]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

FORMATS = ("table", "json", "csv", "python", "turtle")


class Seconds(click.ParamType):
    """A time: ``90``, ``90s``, ``5m`` or ``1.5h``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of the text."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)", str(value).strip())
        if not match or not float(match[1]):
            self.fail(f"{value!r} is not a time; write it as 90s, 5m or 1.5h", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


@click.command()
@click.argument("table", metavar="TABLE")
@click.option("--target", required=True, metavar="COLUMN", help="Column to predict.")
@click.option(
    "--top", type=click.IntRange(1, 100), default=10, show_default=True, help="Pipelines to recommend."
)
@click.option(
    "--task", type=click.Choice(["classification", "regression"]), help="Found out from the target."
)
@click.option("--budget", type=Seconds(), metavar="TIME", help="Time for running all of them, such as 60s.")
@selecting
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--output", "-o", metavar="FILE", help="Write there instead of to stdout.")
@click.option("--no-store", is_flag=True, help="Do not keep the recommendation in the graph.")
@pass_session
def recommend(
    session: Session,
    table: str,
    target: str,
    top: int,
    task: str | None,
    budget: float | None,
    form: str,
    output: str | None,
    no_store: bool,
    **selected: Any,
) -> None:
    """Rank pipelines for TABLE (CSV or Parquet), with what speaks for each.

    The pipelines are chosen together: each adds most to the ones before it. --format python writes a script
    that runs the first one on the table.
    """
    with session.open() as kg, session.progress() as progress:
        answer = kg.recommend(
            table,
            target,
            top=top,
            task=task,  # type: ignore[arg-type]
            budget_seconds=budget,
            store_evidence=not no_store,
            progress=progress,
            **selected,
        )
    for note in answer.notes:
        session.say(f"note: {note}")
    write(getattr(answer, f"to_{form}")(), output)
