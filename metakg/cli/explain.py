"""The command ``explain``."""

from __future__ import annotations

import click

from metakg.cli.output import write
from metakg.cli.session import Session, pass_session

__all__ = ["explain"]


@click.command()
@click.argument("thing", metavar="IRI")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@pass_session
def explain(session: Session, thing: str, form: str) -> None:
    """Show what the graph knows about a recommendation, run, dataset, pipeline, method or product.

    IRI may also be the OpenML id of a dataset, such as 31.
    """
    with session.open(read_only=True) as kg:
        found = kg.explain(thing)
    write(found.to_json() if form == "json" else found.to_text())
