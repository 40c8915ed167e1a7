"""Commands about the store itself: ``init``, ``status``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Progress, Session, pass_session

if TYPE_CHECKING:
    pass

__all__ = ["in_shares", "init", "status"]


@click.command()
@pass_session
def init(session: Session) -> None:
    """Make an empty store."""
    kg = session.open()
    made = kg.create()
    session.say(
        f"made an empty store in {kg.name}; next: metakg ingest oboe lcdb"
        if made
        else f"there is a store in {kg.name} already, at version {kg.store.version}: nothing changed"
    )


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@pass_session
def status(session: Session, form: str) -> None:
    """Show what the graph holds and from where, and whether its models are of today."""
    with session.open(read_only=True) as kg:
        state = kg.status()
    if form == "json":
        write(state.to_json())
        return
    write(f"store {state.location}, version {state.version}")
    columns = ("graph", "datasets", "pipelines", "runs", "evaluations", "licence", "since")
    rows = [
        (
            f"{graph.source} {graph.version}",
            *(
                f"{graph.counts.get(table, 0):,}"
                for table in ("datasets", "pipelines", "runs", "evaluations")
            ),
            graph.licence,
            graph.generated_at,
        )
        for graph in state.graphs
    ]
    if rows:
        plain_table(columns, rows, right=(1, 2, 3, 4))
    else:
        write("the graph is empty; next: metakg ingest oboe lcdb")
    for model in state.models:
        excluded = (*model.excluded, *model.excluded_sources)
        left_out = f", without {', '.join(excluded)}" if excluded else ""
        left_out += f", as of {model.as_of}" if model.as_of else ""
        selected = bool(model.excluded_sources or model.as_of)
        age = "" if selected or model.experience == state.experience else ", of an older graph"
        write(
            f"model {model.key}: {model.datasets} datasets x {model.pipelines} pipelines, "
            f"trained {model.trained_at} in {model.seconds:.0f} s{left_out}{age}"
        )
    for graph in state.graphs:
        if graph.unfinished:
            write(f"{graph.source} {graph.version} is unfinished: ingest it again to go on")
    if state.waiting:
        write(f"{state.waiting:,} logged runs wait to be appended: another process is writing")
    if state.refused:
        write(f"{state.refused:,} logged runs could not be appended: see {kg.location / 'inbox' / 'refused'}")
    if rows and not state.fresh:
        write("no model of this version of the graph yet; next: metakg embed")


def in_shares(progress: Progress) -> Callable[..., None]:
    """Turn units done into shares: sources tell (runs, of how many), stores (stage, done, of how many)."""

    def advance(*words: Any) -> None:
        stage, done, units = words if len(words) == 3 else ("reading runs", *words)
        progress(stage, done / units if units else 0.0)

    return advance
