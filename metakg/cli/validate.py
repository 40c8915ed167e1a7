"""The command ``validate``: hold the store, or RDF files, to the shapes."""

from __future__ import annotations

import click

from kg.violations import Report
from metakg.cli.output import write
from metakg.cli.session import Session, pass_session

__all__ = ["validate"]


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "turtle"]), default="table", show_default=True
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=1_000,
    show_default=True,
    help="Violations of one rule that are read; 0: all.",
)
@click.option(
    "--engine",
    type=click.Choice(["sparql", "pyshacl"]),
    default="sparql",
    show_default=True,
    help="pyshacl is the slow reference.",
)
@pass_session
def validate(session: Session, files: tuple[str, ...], form: str, limit: int, engine: str) -> None:
    """Check RDF files, or every graph of the store, against the shapes.

    Turtle, TriG, N-Triples, N-Quads, RDF/XML and JSON-LD are told apart by their suffix; .gz may follow. Each named
    graph is checked by itself. The turtle format is SHACL's report. Exit status 1 if anything breaks a rule.
    """
    reports = []
    with session.open(read_only=True) as kg, session.counts() as progress:
        for file in files or (None,):
            reports.append(
                kg.validate(file, engine=engine, limit=limit or None, progress=progress)  # type: ignore[arg-type]
            )
    report = Report.joined(reports)
    write({"table": report.to_text, "json": report.to_json, "turtle": report.to_turtle}[form]())
    if report.truncated:
        session.say(f"the first {limit:,} violations of each rule in each graph; raise --limit for more")
    if not report.conforms:
        raise click.exceptions.Exit(1)
