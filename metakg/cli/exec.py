"""The command ``exec``: a program whose run is recorded."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kg.errors import QueryError
from metakg.cli.output import write
from metakg.cli.session import Session, pass_session
from metakg.cli.tracked import declared_measures, pairs, run_options, saying_warnings
from metakg.tracked_run import RUN_VARIABLE, Run

__all__ = ["exec"]

PREFIX = b"metakg: "
PASSED_ON = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT")
    if hasattr(signal, name)
)
_LONGEST_LINE = 1_000


@click.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--dataset", metavar="TABLE_OR_NAME", help="What it works on: table.csv, openml:31, an IRI or a name."
)
@click.option("--target", metavar="COLUMN", help="Target column of a table.")
@click.option("--procedure", metavar="KEY", help="How its scores are estimated: 5-fold-cv, holdout, ...")
@click.option("--no-metrics", is_flag=True, help="Leave its stdout alone: the program keeps the terminal.")
@run_options
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- PROGRAM [ARGUMENT]...")
@pass_session
def exec(
    session: Session,
    words: tuple[str, ...],
    no_metrics: bool,
    tags: tuple[str, ...],
    artefacts: tuple[str, ...],
    measures: tuple[str, ...],
    **about: Any,
) -> None:
    """Run a program and record it: command, duration, exit status, commit, and the scores that it prints.

    \b
    metakg exec --project p -- python train.py --C 1

    Lines of its stdout such as `metakg: balanced_accuracy=0.91` are scores. What it tracks itself becomes a part of
    this run. Signals are passed on to it, and its exit status is that of this command.
    """
    from ingest.tracking_context import of_program

    if shutil.which(words[0]) is None:
        raise QueryError(f"there is no program {words[0]!r}: check its name, or give the full path")
    noted, own = pairs(tags, "--tag"), declared_measures(measures)
    with session.open() as kg, saying_warnings(session):
        run = kg.run(_program(words), measures=own, context=of_program(words), **about)
        status = 0
        with run:
            status = _run(words, run, Path(kg.name).absolute() if not kg.remote else kg.name, no_metrics)
            run.tag({**noted, "exit status": status})
            for path in artefacts:
                run.artefact(path)
            if status:
                run.fail(*_failure(status))
    if run.logged:
        from metakg.explanation import iris_in_short

        write(f"logged run {iris_in_short(run.iri)}")
    raise click.exceptions.Exit(status if status >= 0 else 128 - status)


def _program(words: tuple[str, ...]) -> str:
    """Name of the program: the script, where an interpreter runs one."""
    scripts = (".py", ".R", ".r", ".jl", ".sh", ".ipynb")
    return next((Path(word).stem for word in words[:4] if word.endswith(scripts)), Path(words[0]).stem)


def _failure(status: int) -> tuple[str, str]:
    if status > 0:
        return "ExitStatus", f"exit status {status}"
    name = signal.Signals(-status).name
    return name, "interrupted" if -status == signal.SIGINT else f"ended by signal {name}"


def _run(words: tuple[str, ...], run: Run, store: object, no_metrics: bool) -> int:
    environment = {**os.environ, "METAKG_STORE": str(store)}
    if run.iri:
        environment |= {RUN_VARIABLE: run.iri, "METAKG_PROJECT": run.project}
    if not no_metrics:
        environment.setdefault("PYTHONUNBUFFERED", "1")  # a pipe would keep its lines back
    sys.stdout.flush()
    try:
        program = subprocess.Popen(
            words, env=environment, stdout=None if no_metrics else subprocess.PIPE, bufsize=0
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise QueryError(f"{words[0]!r} cannot be run ({reason}): check that it is a program") from error
    with program, _passing_on(program):
        if program.stdout is not None:
            _pass_lines(program.stdout.fileno(), run)
        return program.wait()


@contextlib.contextmanager
def _passing_on(program: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass signals on to the program meanwhile."""

    def pass_on(number: int, _: object) -> None:
        if number == signal.SIGINT and _has_terminal():
            return  # the terminal has sent it to the program too
        with contextlib.suppress(ProcessLookupError):
            program.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _pass_lines(source: int, run: Run) -> None:
    """Pass the program's stdout on as it comes, and take note of the scores in it."""
    begun = b""
    out = sys.stdout.buffer
    while piece := os.read(source, 65_536):
        out.write(piece)
        out.flush()
        *lines, begun = (begun + piece).split(b"\n")
        for line in lines:
            _take(line, run)
        begun = begun[: _LONGEST_LINE + 1]
    if begun:
        _take(begun, run)
        out.write(b"\n")  # what is said of the run stands on a line of its own
        out.flush()


def _take(line: bytes, run: Run) -> None:
    name, equals, value = line.removeprefix(PREFIX).partition(b"=")
    if line.startswith(PREFIX) and equals and len(line) <= _LONGEST_LINE:
        run[name.decode("utf-8", "replace").strip()] = value.decode("utf-8", "replace").strip()
