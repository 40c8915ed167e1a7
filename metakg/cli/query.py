"""The command ``query``, and how results of queries are printed."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.errors import QueryError
from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session
from metakg.cli.time_limit import time_limit
from metakg.explanation import iris_in_short

if TYPE_CHECKING:
    from kg.result import Result

__all__ = ["FORMATS", "print_result", "query"]

FORMATS = ("table", "csv", "json", "turtle")


@click.command()
@click.argument("text", metavar="FILE_OR_TEXT")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=10_000,
    show_default=True,
    help="Read at most so many rows; 0: all.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the answer; 0: for ever.",
)
@click.option(
    "--allow-service",
    "services",
    metavar="HOST",
    multiple=True,
    help="Let SERVICE <http://HOST/...> call this host (HOST or HOST:PORT; may be repeated).",
)
@pass_session
def query(
    session: Session, text: str, form: str, limit: int, timeout: float, services: tuple[str, ...]
) -> None:
    """Run a SPARQL query that reads: a file, the text itself, or - for stdin."""
    given = _query_text(text)
    with session.open(read_only=True) as kg:
        # In a process of its own, so that a query that needs too much memory ends in one line.
        with time_limit(timeout):
            result = kg.sparql(
                given, max_rows=limit or None, timeout_seconds=math.inf, allow_services=services
            )
        print_result(session, result, form)


def _query_text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    path = Path(given)
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise QueryError(f"{given}: not UTF-8 text; a query file holds SPARQL") from error
    except OSError as error:
        if not any(mark in given for mark in "{ \n"):  # a query is no file name, however long
            raise QueryError(f"{given}: cannot be read ({error.strerror})") from error
    if path.suffix in (".rq", ".sparql"):
        raise QueryError(f"{given}: no such file; check the spelling or give the query itself")
    return given


def print_result(session: Session, result: Result, form: str) -> None:
    """Print a result; say on stderr when a limit has cut rows off."""
    total = len(result)
    if result.truncated:
        session.say(f"the first {total:,} rows; raise --limit for more")
    if form != "table":
        write(getattr(result, f"to_{form}")())
    elif result.kind == "boolean":
        write("yes" if result.answer else "no")
    elif total:
        rows = list(result.rows())
        numbers = [i for i in range(len(result.variables)) if isinstance(rows[0][i], int | float)]
        plain_table(result.variables, [[_shown(cell) for cell in row] for row in rows], right=numbers)
    else:
        session.say("no rows")


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return "" if cell is None else iris_in_short(str(cell))
