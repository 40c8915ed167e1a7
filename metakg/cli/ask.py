"""The command ``ask``: shipped questions, each a subcommand whose options are the question's parameters."""

from __future__ import annotations

import difflib
from typing import Any

import click

from metakg.cli.output import plain_table
from metakg.cli.query import FORMATS, print_result
from metakg.cli.session import Session
from metakg.cli.time_limit import time_limit

__all__ = ["ask"]


class Questions(click.Group):
    """A group with one command per shipped question."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of the questions."""
        from kg import questions

        return list(questions.names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Command of one question, its options made from the parameters that the question declares."""
        from kg import questions

        if cmd_name not in questions.names():
            return None
        question = questions.load(cmd_name)
        options: list[click.Parameter] = [
            click.Option(
                [f"--{parameter.name.replace('_', '-')}", parameter.name],
                required=parameter.default is None,
                metavar=parameter.kind.upper(),
                help=parameter.description
                + (f" [default: {parameter.default}]" if parameter.default else ""),
            )
            for parameter in question.params
        ]
        options.append(click.Option(["--format", "form"], type=click.Choice(FORMATS), default="table"))

        options.append(
            click.Option(
                ["--timeout", "timeout"],
                type=click.FloatRange(0),
                default=60.0,
                show_default=True,
                help="Seconds to wait for the answer; 0: for ever.",
            )
        )

        def answer(form: str, timeout: float, **parameters: Any) -> None:
            session = click.get_current_context().ensure_object(Session)
            with session.open(read_only=True) as kg:
                with time_limit(timeout):
                    result = kg.ask(cmd_name, **parameters)
                print_result(session, result, form)

        return click.Command(cmd_name, params=options, callback=answer, help=question.question)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the question; an unknown name is answered with the one that was probably meant."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], known, 1)
            hint = f"did you mean {close[0]!r}?" if close else "`metakg ask` lists them"
            raise click.UsageError(f"no question {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Questions, invoke_without_command=True, subcommand_metavar="[QUESTION [OPTIONS]]")
@click.pass_context
def ask(context: click.Context) -> None:
    """Ask a shipped question; without one, list all questions."""
    if context.invoked_subcommand is None:
        from kg import questions

        loaded = [questions.load(name) for name in questions.names()]
        plain_table(("question", "what it asks"), [(question.name, question.question) for question in loaded])
        context.ensure_object(Session).say("next: metakg ask best-pipelines --dataset 31")
