"""Commands about what came in when: ``history``, ``diff``, ``remove``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from kg.errors import QueryError
from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session

__all__ = ["diff", "history", "remove"]

FORMATS = click.Choice(["table", "json"])


@click.command()
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the newest N commits.")
@pass_session
def history(session: Session, form: str, last: int | None) -> None:
    """List the commits that changed the store, oldest first."""
    with session.open(read_only=True) as kg:
        commits = kg.history()[-last:] if last else kg.history()
    if form == "json":
        write(json.dumps([asdict(commit) for commit in commits], indent=2))
        return
    if not commits:
        session.say("nothing was ever committed; next: metakg ingest oboe lcdb")
        return
    rows = [
        (
            commit.version,
            commit.time,
            commit.action,
            f"{commit.source} {commit.source_version}",
            f"{commit.counts['runs']:,}",
            f"{commit.quads:,}",
        )
        for commit in commits
    ]
    plain_table(("version", "time", "action", "graph", "runs then", "quads written"), rows, right=(0, 4, 5))


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
@pass_session
def diff(session: Session, first: str, second: str, form: str) -> None:
    """Compare two versions of the store, each a number or a time such as 2026-11-01 or 2026-11-01T12:00Z."""
    with session.open(read_only=True) as kg:
        found = kg.diff(_version(first), _version(second))
    if form == "json":
        write(json.dumps([asdict(each) for each in found], indent=2))
        return
    if not found:
        session.say("no difference")
        return
    rows = [
        (
            f"{each.source} {each.source_version}",
            each.table,
            f"{each.before:,}",
            f"{each.after:,}",
            f"{each.after - each.before:+,}"
            if each.after != each.before
            else "other content"
            if each.changed
            else "",
        )
        for each in found
    ]
    plain_table(("graph", "of", "before", "after", "difference"), rows, right=(2, 3, 4))


def _version(given: str) -> int | str:
    return int(given) if given.isdigit() else given


@click.command()
@click.argument("source")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def remove(session: Session, source: str, yes: bool) -> None:
    """Remove a source from the graph: by its name, its name and version ("lcdb 0.1.0"), or its graph's IRI."""
    with session.open() as kg:
        found = kg.graphs_of(source)
        for info in found:
            session.say(
                f"{info.source} {info.version}: {info.counts.get('runs', 0):,} runs, since {info.generated_at}"
            )
        if not yes:
            if not sys.stdin.isatty():
                raise QueryError("removing cannot be undone: say --yes to remove without being asked")
            click.confirm("Remove this for good?", abort=True, err=True)
        for commit in kg.remove(source):
            write(f"removed {commit.graph}; the store is at version {commit.version}")
