"""``metakg publish``: runs that were logged here, to OpenML."""

from __future__ import annotations

import sys

import click

from metakg.cli.output import write
from metakg.cli.session import Session, pass_session

__all__ = ["publish"]


@click.group()
def publish() -> None:
    """Carry runs to where others find them."""


@publish.command("openml")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--project", metavar="NAME", help="All runs of a project.")
@click.option("--task", type=click.IntRange(min=1), metavar="ID", help="OpenML task to run them on.")
@click.option("--dry-run", is_flag=True, help="Do everything but the upload; needs no API key.")
@click.option("--server", metavar="URL", help="API of another OpenML server, such as a test server.")
@click.option(
    "--apikey-from",
    metavar="NAME",
    help="Environment variable that holds the API key, or `config` for the file of the openml package. "
    "Default: OPENML_APIKEY, then the file.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the server may take to answer a request.",
)
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@pass_session
def openml_command(
    session: Session,
    runs: tuple[str, ...],
    project: str | None,
    task: int | None,
    dry_run: bool,
    server: str | None,
    apikey_from: str | None,
    timeout: float,
    yes: bool,
) -> None:
    """Publish runs to OpenML: each is run again on the official splits of a task, and its predictions are uploaded.

    RUN is the IRI or the key of a run. A run is published once: what was published is recorded in the graph. Uploads
    are public. Exit status 1 if a run was refused; not for runs of a project of which the graph says that they
    cannot be published.
    """
    if not runs and project is None:
        raise click.UsageError("name at least one RUN, or a project with --project")

    def agree(number: int, where: str) -> bool:
        what = f"{number} run{'s' * (number != 1)} will be uploaded to {where}, where everyone can see them"
        if yes:
            session.say(what)
            return True
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"{what}: there is no terminal to ask, so say --yes, or look with --dry-run"
            )
        return click.confirm(f"{what}. Go on?", err=True)

    failed = False
    with session.open(read_only=dry_run) as kg, session.counts() as progress:
        for publication in kg.publish(
            runs,
            project=project,
            task=task,
            dry_run=dry_run,
            server=server,
            apikey_from=apikey_from,
            timeout=timeout,
            agree=agree,
            progress=progress,
        ):
            write(publication.to_text())
            # Of a project, what the graph knows cannot be published is left out, and no failure.
            failed |= publication.state == "refused" and bool(runs or not publication.candidate.refusal)
    if failed:
        raise click.exceptions.Exit(1)
