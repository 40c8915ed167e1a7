"""``metakg ingest``: reading sources into the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metakg.cli.ingest_table import table_command
from metakg.cli.output import write
from metakg.cli.session import Session, pass_session

if TYPE_CHECKING:
    from metakg.graph import KnowledgeGraph

__all__ = ["ingest", "ingest_one"]


class _IngestGroup(click.Group):
    """Words that name no command of their own are names and paths of sources."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["sources", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_IngestGroup, invoke_without_command=False)
def ingest() -> None:
    """Read sources of experiments into the graph; doing so again changes nothing.

    \b
    metakg ingest oboe lcdb          sources by name
    metakg ingest mlruns/ runs.ttl   what a source reads, by its path

    Sources with options of their own are commands below; `metakg ingest sources --help` has the options of all others.
    """


@ingest.command("sources")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--path", type=click.Path(path_type=Path), help="File or folder that the source is read from.")
@click.option("--validate", is_flag=True, help="Check the source's tables first; RDF is always checked.")
@click.option(
    "--keep-going",
    is_flag=True,
    help="Go on without what is wrong; RDF that breaks a rule is put into quarantine.",
)
@click.option("--name", metavar="NAME", help="Name of a file or folder in the graph, if not its own.")
@click.option("--title", metavar="TEXT", help="RDF: what the file is, for people.")
@click.option("--licence", metavar="SPDX", help="Licence of a file or folder, such as CC-BY-4.0.")
@click.option("--derived-from", metavar="IRI", help="RDF: where it comes from.")
@click.option(
    "--dataset", metavar="DATASET", help="Dataset of the runs that name none: openml:31, 31, or a name."
)
@click.option(
    "--measure",
    "measures",
    metavar="NAME=DIRECTION[:LOW[:HIGH[:UNIT]]]",
    multiple=True,
    help="Declare a measure that is not known, such as gini=higher:0:1; may be repeated.",
)
@pass_session
def sources_command(
    session: Session,
    sources: tuple[str, ...],
    path: Path | None,
    validate: bool,
    keep_going: bool,
    dataset: str | None,
    measures: tuple[str, ...],
    **options: Any,
) -> None:
    """Read sources of experiments into the graph; doing so again changes nothing.

    SOURCE is the name of a source, such as oboe, lcdb or tensoroboe, the path of something that a source reads, an RDF
    file, or the word rdf with RDF files after it. The store is made if it is not there. What is wrong is refused, with
    exit status 1.
    """
    from kg.rdf_file import is_rdf_path
    from metakg.contents import source_of

    given = {key: value for key, value in options.items() if value}
    runs = {key: value for key, value in (("dataset", dataset), ("measures", measures)) if value}
    files = sources[1:] if sources[0] == "rdf" else tuple(word for word in sources if is_rdf_path(word))
    _check_options(sources, files, path, given, runs)
    named = {**({} if path is None else {"path": path}), **given, **runs}
    found: list[Any] = [
        word if word in files else source_of(word, named)
        for word in sources
        if word != "rdf" or sources[0] != "rdf"
    ]
    with session.open() as kg:
        for source in found:
            chosen = given if isinstance(source, str) else {}
            ingest_one(session, kg, source, validate=validate, keep_going=keep_going, **chosen)


ingest.add_command(table_command)


def ingest_one(session: Session, kg: KnowledgeGraph, source: Any, **options: Any) -> None:
    """Ingest one source and print the report.

    Raises
    ------
    click.exceptions.Exit
        With status 1 if something is wrong with the data, which is printed.
    """
    from kg.errors import GateError, RejectedError

    try:
        with session.counts() as progress:
            report: Any = kg.ingest(source, progress=progress, **options)
    except GateError as refused:
        write(refused.report.to_text())
        session.say(f"metakg: {refused.what}: nothing was written: {refused.remedy}", important=True)
        raise click.exceptions.Exit(1) from refused
    except RejectedError as refused:
        for item in refused.rejected:
            write(f"{item.place}: {item.why}")
        if refused.count > len(refused.rejected):
            write(f"and {refused.count - len(refused.rejected):,} more")
        session.say(f"metakg: {refused}", important=True)
        raise click.exceptions.Exit(1) from refused
    write(str(report))
    if kept_back := getattr(report, "kept_back", ()):
        session.say(
            f"{source}: {len(kept_back):,} things are in quarantine: `metakg quarantine` tells why",
            important=True,
        )


def _check_options(
    sources: tuple[str, ...],
    files: tuple[str, ...],
    path: Path | None,
    given: dict[str, Any],
    runs: dict[str, Any],
) -> None:
    if sources == ("rdf",):
        raise click.UsageError("rdf needs at least one FILE")
    if path is not None and len(sources) > 1:
        raise click.UsageError(
            f"--path is for one source, {len(sources)} are named: ingest {sources[0]} by itself"
        )
    others = len(sources) - (sources[0] == "rdf") - len(files)
    only = next((key for key in given if key in ("title", "derived_from")), None)
    if others and only:
        raise click.UsageError(f"--{only.replace('_', '-')} is for RDF files only")
    if files and runs:
        raise click.UsageError(
            f"--{next(iter(runs)).removesuffix('s')} is not for RDF files: they say it themselves"
        )
    if "name" in given and len(files) + others > 1:
        raise click.UsageError("--name names one file or folder: ingest them one by one")
