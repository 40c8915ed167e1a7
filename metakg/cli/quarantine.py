"""The command ``quarantine``: what was kept back, and why."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session
from metakg.explanation import iris_in_short

__all__ = ["quarantine"]


@click.command()
@click.argument("name", required=False)
@click.option(
    "--export", "target", metavar="FILE", help="Write what was said of them as N-Quads; - for stdout."
)
@click.option("--remove", is_flag=True, help="Forget the quarantine NAME.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@pass_session
def quarantine(session: Session, name: str | None, target: str | None, remove: bool, form: str) -> None:
    """List what ingesting RDF kept back, of all files or of the one called NAME.

    To mend it: --export it to a file, mend that, and ingest it; or mend the original and ingest that again, which
    empties its quarantine.
    """
    if remove and name is None:
        raise click.UsageError("--remove needs the NAME of a quarantine")
    with session.open(read_only=not remove) as kg:
        found = kg.quarantine(name)
        if target is not None:
            write("".join(unit.nquads() for unit in found), target)
        elif form == "json":
            write(json.dumps([asdict(unit) for unit in found], ensure_ascii=False, indent=2))
        elif found:
            rows = [(unit.quarantine, iris_in_short(unit.thing), unit.reason) for unit in found]
            plain_table(("quarantine", "thing", "reason"), rows)
        else:
            session.say("nothing is in quarantine")
        if remove and name is not None:
            session.say(f"forgot {kg.release(name):,} things of quarantine {name}")
