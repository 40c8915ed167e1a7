"""The command ``methods``: list, show, run and judge the methods; found by the entry point ``metakg.commands``."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from metakg.cli.output import plain_table, write
from metakg.cli.recommend import Seconds
from metakg.cli.session import Session, pass_session
from methods.errors import MethodError
from methods.registry import find_method, method_names

if TYPE_CHECKING:
    from methods.comparison import Report

__all__ = ["Seeds", "methods"]


class Seeds(click.ParamType):
    """Seeds: ``5`` for the first five, ``100-104``, or ``3,7``."""

    name = "seeds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        """Seeds of the text, in order and each once."""
        if isinstance(value, list):
            return value
        text = str(value).replace(" ", "")
        if re.fullmatch(r"\d{1,4}", text) and int(text):
            return list(range(int(text)))
        found: list[int] = []
        for part in text.split(","):
            match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
            if not match or int(match[2] or match[1]) < int(match[1]):
                self.fail(f"{value!r}: write 5 for seeds 0 to 4, 100-104, or 3,7", param, ctx)
            found += range(int(match[1]), int(match[2] or match[1]) + 1)
        return list(dict.fromkeys(found))


@click.group()
def methods() -> None:
    """Meta-learning methods of the literature: run them beside their baselines, and see what the graph says."""


@methods.command("list")
@pass_session
def list_methods(session: Session) -> None:  # noqa: ARG001 - click's signature
    """Name the methods, with the papers that they are from."""
    rows = []
    for name in method_names():
        method = find_method(name)
        rows.append((name, f"{method.paper.title} ({method.paper.year})", method.fidelity))
    plain_table(("method", "paper", "fidelity"), rows)


@methods.command()
@click.argument("name")
@pass_session
def show(session: Session, name: str) -> None:  # noqa: ARG001 - click's signature
    """Say what a method is: paper, tasks, arms, claims and hyperparameters."""
    from methods.text import described

    write(described(find_method(name)))


@methods.command()
@click.argument("name")
@click.option("--task", metavar="TASK", help="What to run on; the method's first without.")
@click.option(
    "--seeds", type=Seeds(), default="5", show_default=True, help="5 for seeds 0 to 4, 100-104, or 3,7."
)
@click.option(
    "--budget", type=Seconds(), metavar="TIME", help="About how long five seeds may take on two cores."
)
@click.option("--data", type=click.Path(), metavar="PATH", help="Data of your own, where the task takes any.")
@click.option("--arm", "arms", multiple=True, metavar="ARM", help="Only this arm; may be repeated.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A hyperparameter; may be repeated."
)
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Processes to run seeds in; by the cores, at most 4."
)
@click.option("--again", is_flag=True, help="Run what the graph has already once more; the last run counts.")
@pass_session
def run(
    session: Session,
    name: str,
    task: str | None,
    seeds: list[int],
    budget: float | None,
    data: str | None,
    arms: tuple[str, ...],
    settings: tuple[str, ...],
    jobs: int | None,
    again: bool,
) -> None:
    """Run a method and its baselines over seeds, into the graph, and print how they compare.

    Interrupted, the same command goes on where it was.
    """
    from methods.comparison import compare
    from methods.running import plan
    from methods.text import results_text
    from methods.verdict import verdict

    method = find_method(name)
    about = plan(method, task, budget_seconds=budget, data=data, **_settings(settings))
    kg = session.open()
    with _bars(session) as report:
        results = compare(
            kg,
            about,
            seeds,
            arms=arms,
            again=again,
            jobs=jobs or min(4, os.cpu_count() or 1),
            report=report,
            said=session.say,
        )
    failed = [one for one in results if one.error]
    for one in failed:
        session.say(f"{one.arm} with seed {one.seed} failed: {one.error}; {one.run}", important=True)
    if len(failed) < len(results) or not results:
        write(results_text(verdict(kg, method, about.task.name, about.configuration)))
        session.say(f"judged by the graph: metakg methods verdict {method.name} --task {about.task.name}")
    if failed:
        raise MethodError(
            f"{len(failed)} of {len(results)} runs failed; they are in the graph as failed runs"
        )


@methods.command("verdict")
@click.argument("name")
@click.option("--task", metavar="TASK", help="That is judged; the method's first without.")
@click.option("--configuration", metavar="TEXT", help="That is judged; the last that was run without.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@pass_session
def verdict_of(session: Session, name: str, task: str | None, configuration: str | None, form: str) -> None:
    """Say what the graph says of a method: differences to each other arm, paired over seeds, and its claims.

    The exit status is 0 only if every claim holds on at least five seeds.
    """
    from methods.text import verdict_text
    from methods.verdict import verdict

    said = verdict(session.open(read_only=True), find_method(name), task, configuration)
    write(json.dumps(said.to_dict(), indent=1, ensure_ascii=False) if form == "json" else verdict_text(said))
    if not said.holds:
        raise click.exceptions.Exit(1)


def _settings(words: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise MethodError(f"--set {word!r} is no setting: write NAME=VALUE")
        found[name] = value
    return found


@contextmanager
def _bars(session: Session) -> Iterator[Report]:
    """Bars by seed on a terminal; else a line when a seed is done."""
    with session.progress() as advance:

        def report(seed: int, share: float) -> None:
            if advance is not None:
                advance(f"seed {seed}", share)
            elif share >= 1.0:
                session.say(f"seed {seed} done")

        yield report
        sys.stdout.flush()
