"""The top-level command: finds a subcommand by name and loads only that one."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

import click

import metakg
from metakg.cli.session import Session

__all__ = ["COMMANDS", "Place", "app"]


class Place(NamedTuple):
    """Where a command lives, and the line that the overview shows for it."""

    module: str
    help: str


COMMANDS = {
    "init": Place("metakg.cli.store", "make an empty store"),
    "ingest": Place("metakg.cli.ingest", "read sources of experiments into the graph"),
    "log": Place("metakg.cli.log", "record one run"),
    "exec": Place("metakg.cli.exec", "run a program and record it as a run"),
    "status": Place("metakg.cli.store", "what the graph holds, and from where"),
    "validate": Place("metakg.cli.validate", "check the graph, or RDF files, against the shapes"),
    "quarantine": Place("metakg.cli.quarantine", "what was kept back, and why"),
    "history": Place("metakg.cli.history", "what came in when"),
    "diff": Place("metakg.cli.history", "compare two versions of the store"),
    "link": Place("metakg.cli.link", "say which datasets are one, and which are not"),
    "remove": Place("metakg.cli.history", "remove a source"),
    "embed": Place("metakg.cli.embed", "train the models that recommendations come from"),
    "recommend": Place("metakg.cli.recommend", "rank pipelines for a table, with the evidence"),
    "similar": Place("metakg.cli.similar", "datasets that behave like a table or a dataset"),
    "query": Place("metakg.cli.query", "run SPARQL"),
    "ask": Place("metakg.cli.ask", "ask a shipped question"),
    "leaderboard": Place("metakg.cli.leaderboard", "the best pipelines of a dataset, or over all datasets"),
    "explain": Place("metakg.cli.explain", "what the graph knows about a thing"),
    "network": Place("metakg.cli.network", "what surrounds or connects things, and communities"),
    "export": Place(
        "metakg.cli.export", "write the graph, a recommendation's evidence or a dataset to a file"
    ),
    "doctor": Place("metakg.cli.doctor", "what is installed, which store, what is wrong"),
    "demo": Place("metakg.cli.demo", "the whole way on real data, from nothing to checked advice"),
    "ui": Place("metakg.cli.ui", "open the app in a browser"),
    "serve": Place("metakg.cli.serve", "answer SPARQL over HTTP, read-only"),
    "publish": Place("metakg.cli.publish", "upload runs to OpenML"),
    "push": Place("metakg.cli.push", "carry the graph to a SPARQL endpoint"),
    "bench": Place("metakg.cli.bench", "print a benchmark of the README"),
}


@cache
def _added() -> dict[str, EntryPoint]:
    """Commands of packages that stand above this one: the entry points ``metakg.commands``, by name."""
    return {entry.name: entry for entry in entry_points(group="metakg.commands")}


def _load(name: str) -> click.Command | None:
    if name in COMMANDS:
        place = COMMANDS[name]
        command: click.Command = getattr(import_module(place.module), name)
        command.short_help = place.help
        return command
    return _added()[name].load() if name in _added() else None


class Application(click.Group):
    """A group whose commands are loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order in which they are usually needed."""
        return [*COMMANDS, *_added()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load the command, and let it take the global options too."""
        command = _load(cmd_name)
        if command is None:
            return None
        within = command.commands.values() if isinstance(command, click.Group) else ()
        for one in (command, *within):
            known = {parameter.name for parameter in one.params}
            one.params += [option for option in _shared_options(hidden=True) if option.name not in known]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name is answered with the one that was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and args[0] not in _added():
            known = self.list_commands(ctx)
            close = difflib.get_close_matches(args[0], known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without loading any of ours."""
        added = [(name, entry.load().get_short_help_str(80)) for name, entry in _added().items()]
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()] + added)


def _set(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    session = ctx.ensure_object(Session)
    # A subcommand's own default must not undo what stood before its name.
    if value not in (None, False):
        setattr(session, str(parameter.name), value)
    return value


def _shared_options(hidden: bool = False) -> list[click.Option]:
    return [
        click.Option(
            ["--store"],
            metavar="PATH_OR_URL",
            envvar=None if hidden else "METAKG_STORE",
            help="Store to use (METAKG_STORE, or ./metakg-store).",
            expose_value=False,
            hidden=hidden,
            callback=_set,
        ),
        click.Option(
            ["--quiet", "-q"],
            is_flag=True,
            help="No progress and no notes on stderr.",
            expose_value=False,
            hidden=hidden,
            callback=_set,
        ),
    ]


@click.command(
    cls=Application,
    params=_shared_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 success, 1 `doctor` found faults or data breaks a rule, 2 something a person can mend.",
)
@click.version_option(metakg.__version__, prog_name="metakg")
def app() -> None:
    """A knowledge graph that remembers machine-learning experiments and recommends pipelines, with evidence.

    A first try: metakg demo. On your own table: metakg recommend my.csv --target y.
    """
