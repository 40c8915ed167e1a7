"""``metakg ingest table``: results in a table, whose columns are guessed and shown before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session

if TYPE_CHECKING:
    from ingest.result_table import TableSource
    from ingest.table_roles import Columns

__all__ = ["table_command"]


@click.command("table")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--map", "said", metavar="ROLE=COLUMN,...", default="", help="What columns are; overrides the guess."
)
@click.option("--yes", is_flag=True, help="Go on without asking whether the guess is right.")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME=DIRECTION[:LOW[:HIGH[:UNIT]]]",
    help="Declare a measure that is not known, such as gini=higher:0:1; may be repeated.",
)
@click.option("--dataset", metavar="NAME", help="Dataset of all rows, or the number of OpenML's.")
@click.option(
    "--procedure", metavar="KEY", help="How the scores were estimated, such as 10-fold-cv or holdout."
)
@click.option("--name", metavar="NAME", help="Name of the table in the graph, if not the file's.")
@click.option("--licence", metavar="SPDX", default="not stated", show_default=True, help="Such as CC-BY-4.0.")
@click.option("--max-bytes", type=click.IntRange(min=1), metavar="N", help="Read tables of up to N bytes.")
@click.option("--keep-going", is_flag=True, help="Go on without the rows that are wrong.")
@pass_session
def table_command(
    session: Session,
    path: Path,
    said: str,
    yes: bool,
    measures: tuple[str, ...],
    dataset: str | None,
    procedure: str | None,
    name: str | None,
    licence: str,
    max_bytes: int | None,
    keep_going: bool,
) -> None:
    """Read experiment results from a table: CSV, TSV (or .gz), Parquet, Excel, or a folder of them.

    What each column is, is guessed by its name and shown; --map says it better:

    \b
    metakg ingest table results.csv --map dataset=task,pipeline=framework,accuracy=acc,fold=fold

    A ROLE is dataset, dataset_id, task, pipeline, parameter, parameters (JSON), metric, value, fold, repeat, seed,
    training_size, type, status, error, started, unused, or the name of a measure. The map that was used is remembered
    for the next table with the same header. The results of the AutoML Benchmark and of TabRepo are known.
    """
    from ingest.result_table import TableSource
    from ingest.table_files import MAX_BYTES
    from ingest.table_maps import remember, remembered
    from metakg.cli.ingest import ingest_one

    source = TableSource(
        path,
        map=said,
        measures=measures,
        dataset=dataset,
        procedure=procedure,
        name=name,
        licence=licence,
        max_bytes=max_bytes or MAX_BYTES,
    )
    with session.open() as kg:
        names = source.header()
        held = None if said else remembered(kg.location, names)
        if held is not None:
            source.map = held
            session.say(f"{path}: its columns are read as they were before; --map says otherwise")
        columns = source.columns()
        if held is None:
            _show(columns)
        source.check(columns)
        if not (said or yes or held is not None):
            _ask(path, session)
        ingest_one(session, kg, source, keep_going=keep_going)
        remember(kg.location, names, columns.to_map())
    _tell(session, path, source)


def _show(columns: Columns) -> None:
    rows = [
        tuple(map(_printable, (each.column, _role(each.role, each.detail), each.example[:40], each.reason)))
        for each in columns.roles
    ]
    plain_table(("column", "is", "for example", "because"), rows)


def _printable(text: str) -> str:
    """Text of a file without what a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in text)


def _role(role: str, detail: str) -> str:
    return f"{role} {detail}".strip() if role else "not used"


def _ask(path: Path, session: Session) -> None:
    if not sys.stdin.isatty():
        session.say(
            f"metakg: {path}: nobody can be asked whether this is right, so nothing was written: go on with --yes, "
            "or correct it with --map ROLE=COLUMN,...",
            important=True,
        )
        raise click.exceptions.Exit(1)
    if not click.confirm("Go on?", default=False, err=True):
        write("nothing was written")
        raise click.exceptions.Exit(1)


def _tell(session: Session, path: Path, source: TableSource) -> None:
    for note in source.notes:
        session.say(f"{path}: {note}", important=True)
