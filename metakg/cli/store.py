"""Commands about the store itself: ``init``, ``ingest``, ``status``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Progress, Session, pass_session

if TYPE_CHECKING:
    from ingest.rdf import RdfReport
    from ingest.report import IngestReport

__all__ = ["in_shares", "ingest", "init", "status"]


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
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--path", type=click.Path(path_type=Path), help="File or folder that the source is read from.")
@click.option("--validate", is_flag=True, help="Check the source's tables first; RDF is always checked.")
@click.option(
    "--keep-going", is_flag=True, help="RDF: put what breaks a rule into quarantine, take the rest."
)
@click.option("--name", metavar="NAME", help="RDF: name of the file in the graph, if not its own.")
@click.option("--title", metavar="TEXT", help="RDF: what the file is, for people.")
@click.option("--licence", metavar="SPDX", help="RDF: its licence, such as CC-BY-4.0.")
@click.option("--derived-from", metavar="IRI", help="RDF: where it comes from.")
@pass_session
def ingest(
    session: Session, sources: tuple[str, ...], path: Path | None, validate: bool, **options: Any
) -> None:
    """Read sources of experiments into the graph; doing so again changes nothing.

    SOURCE is the name of a source, such as oboe, lcdb or tensoroboe, or an RDF file, or the word rdf with RDF files
    after it. The store is made if it is not there. RDF that breaks a rule is refused, with exit status 1.
    """
    from ingest import find_source
    from kg.errors import GateError
    from kg.rdf_file import is_rdf_path

    given = {key: value for key, value in options.items() if value}
    files = sources[1:] if sources[0] == "rdf" else tuple(word for word in sources if is_rdf_path(word))
    _check_options(sources, files, path, given)
    named = {} if path is None else {"path": path}
    found = [
        word if word in files else find_source(word, **named)
        for word in sources
        if word != "rdf" or sources[0] != "rdf"
    ]
    with session.open() as kg:
        for source in found:
            try:
                with session.counts() as progress:
                    if isinstance(source, str):
                        report: RdfReport | IngestReport = kg.ingest_rdf(source, progress=progress, **given)
                    else:
                        report = kg.ingest(source, validate=validate, progress=progress)
            except GateError as refused:
                write(refused.report.to_text())
                session.say(f"metakg: {refused.what}: nothing was written: {refused.remedy}", important=True)
                raise click.exceptions.Exit(1) from refused
            write(str(report))
            if kept_back := getattr(report, "kept_back", ()):
                session.say(
                    f"{source}: {len(kept_back):,} things are in quarantine: `metakg quarantine` tells why",
                    important=True,
                )


def _check_options(
    sources: tuple[str, ...], files: tuple[str, ...], path: Path | None, given: dict[str, Any]
) -> None:
    if sources == ("rdf",):
        raise click.UsageError("rdf needs at least one FILE")
    if path is not None and len(sources) > 1:
        raise click.UsageError(
            f"--path is for one source, {len(sources)} are named: ingest {sources[0]} by itself"
        )
    if given and len(files) < len(sources) - (sources[0] == "rdf"):
        raise click.UsageError(f"--{next(iter(given)).replace('_', '-')} is for RDF files only")
    if "name" in given and len(files) > 1:
        raise click.UsageError("--name names one file: ingest the files one by one")


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
