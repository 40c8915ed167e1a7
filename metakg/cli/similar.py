"""The command ``similar``."""

from __future__ import annotations

from typing import Any

import click

from metakg.cli.output import plain_table, write
from metakg.cli.selection import selecting
from metakg.cli.session import Session, pass_session

__all__ = ["similar"]


@click.command()
@click.argument("subject", metavar="DATASET_OR_TABLE")
@click.option("--target", metavar="COLUMN", help="Target column of a table; guessed if left out.")
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True)
@selecting
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@pass_session
def similar(session: Session, subject: str, target: str | None, top: int, form: str, **selected: Any) -> None:
    """List the datasets that behave like a table, or like a dataset (31, openml:31 or an IRI), and why."""
    with session.open() as kg, session.progress() as progress:
        found = kg.similar(subject, target, top=top, progress=progress, **selected)
    for note in found.notes:
        session.say(f"note: {note}")
    if form != "table":
        write(found.to_json() if form == "json" else found.to_csv())
        return
    write(f"datasets like {found.subject}: predicted rank correlation of pipelines' scores")
    rows = [(f"{item.similarity:.3f}", item.openml_id or "", item.title, item.why) for item in found]
    plain_table(("similarity", "OpenML", "dataset", "why"), rows, right=(0, 1))
