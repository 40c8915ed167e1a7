"""The command ``export``: the graph as RDF, a recommendation as RO-Crate, a dataset as Croissant."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast, get_args

import click

from kg.export import Format
from metakg.cli.output import write
from metakg.cli.session import Session, pass_session

__all__ = ["export"]


@click.command()
@click.argument("target", metavar="FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(Format)),
    help="RDF format; by the name of FILE if left out.",
)
@click.option(
    "--graph", "graphs", multiple=True, metavar="SOURCE_OR_IRI", help="Only this graph; may be repeated."
)
@click.option("--recommendation", metavar="IRI", help="Write its evidence as RO-Crate: a folder, or a .zip.")
@click.option("--croissant", metavar="DATASET", help="Describe a dataset of the graph in Croissant.")
@click.option("--table", metavar="TABLE", help="Describe your own table in Croissant.")
@click.option("--target", "column", metavar="COL", help="Target column of --table.")
@pass_session
def export(
    session: Session,
    target: str,
    form: Format | None,
    graphs: tuple[str, ...],
    recommendation: str | None,
    croissant: str | None,
    table: str | None,
    column: str | None,
) -> None:
    """Write what is in the graph to FILE, whole or not at all; - is stdout.

    Without further options it is the whole store as RDF: N-Quads (.nq), TriG (.trig), Turtle (.ttl) or JSON-LD
    (.jsonld), and packed if .gz follows.
    """
    asked = {
        "--recommendation": recommendation,
        "--croissant": croissant,
        "--table": table,
        "--graph or --format": graphs or form,
    }
    given = [name for name, value in asked.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} ask for two exports: give one of them")
    if column and not table:
        raise click.UsageError("--target names a column of --table: give the table too")
    if recommendation:
        _crate(session, target, recommendation)
    elif croissant or table:
        _croissant(session, target, croissant, table, column)
    else:
        _graphs(session, target, form, graphs)


def _graphs(session: Session, target: str, form: Format | None, graphs: tuple[str, ...]) -> None:
    if target == "-" and form is None:
        raise click.UsageError("stdout has no name that tells the format: give --format")
    with session.open(read_only=True) as kg, session.counts() as progress:
        if target == "-":
            with _stdout() as out:
                done = kg.export(out, form, graphs=graphs, progress=progress)
        else:
            done = kg.export(target, form, graphs=graphs, progress=progress)
    kind = "triples" if done.form == "turtle" else "quads"
    place = "stdout" if target == "-" else target
    graphs_in_it = f"{len(done.graphs)} graph{'s' if len(done.graphs) > 1 else ''}"
    session.say(f"wrote {done.quads:,} {kind} of {graphs_in_it} to {place} ({done.form})")


def _crate(session: Session, target: str, recommendation: str) -> None:
    if target == "-":
        raise click.UsageError("an RO-Crate is a folder or a .zip, not stdout: name one")
    with session.open(read_only=True) as kg:
        crate = kg.export_crate(recommendation, target)
    session.say(f"wrote {crate} with {len(crate.files)} files, {crate.runs} supporting runs")


def _croissant(
    session: Session, target: str, dataset: str | None, table: str | None, column: str | None
) -> None:
    if table:
        import metakg

        document = metakg.croissant_of_table(table, target=column)
    else:
        with session.open(read_only=True) as kg:
            document = kg.croissant(str(dataset))
    write(document.to_json(), target)
    session.say(f"not known, and so not in it: {'; '.join(document.unknown)}")


@contextmanager
def _stdout() -> Iterator[IO[bytes]]:
    """Binary stdout whose writes are whole: an unbuffered one takes part of a chunk for all of it."""
    sys.stdout.flush()
    raw = sys.stdout.buffer
    if not isinstance(raw, io.RawIOBase):
        yield raw
        return
    out = io.BufferedWriter(raw)
    try:
        yield cast(IO[bytes], out)
        out.flush()
    finally:
        out.detach()
