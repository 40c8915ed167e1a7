"""What ``log`` and ``exec`` share: options of a run, and warnings in single lines."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from kg.errors import QueryError, TrackingWarning
from metakg.cli.session import Session

__all__ = ["declared_measures", "pairs", "run_options", "saying_warnings"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--project", metavar="NAME", help="Project of the run (METAKG_PROJECT, or the folder's name)."
    ),
    click.option("--name", metavar="TEXT", help="Name of the run, for people."),
    click.option("--seed", type=int, help="Seed that it was run with."),
    click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A note; may be repeated."),
    click.option("--artefact", "artefacts", multiple=True, metavar="FILE", help="A file that it made."),
    click.option(
        "--measure",
        "measures",
        multiple=True,
        metavar="NAME=DIRECTION[:LOW:HIGH]",
        help="Declare a measure, such as gini=higher:-1:1; an open side is left empty.",
    ),
)


def run_options(command: F) -> F:
    """Give a command the options of a run."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def pairs(words: Iterable[str], option: str) -> dict[str, str]:
    """Values by name of words such as ``C=1``.

    Raises
    ------
    QueryError
        If a word has no ``=``, or nothing before it.
    """
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise QueryError(f"{option} {word!r} is no NAME=VALUE: write it as {option} {name or 'name'}=...")
        found[name.strip()] = value
    return found


def declared_measures(words: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Arguments of :func:`kg.measures.declared` by name, of words such as ``gini=higher:-1:1``.

    Raises
    ------
    QueryError
        If a bound is no number.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for name, said in pairs(words, "--measure").items():
        direction, *bounds = said.split(":")
        try:
            found[name] = (direction, *(float(bound) if bound.strip() else None for bound in bounds))
        except ValueError as error:
            raise QueryError(
                f"--measure {name}={said}: a bound is not a number: write it as {name}=higher:0:1"
            ) from error
        if len(bounds) > 2:
            raise QueryError(
                f"--measure {name}={said} has more than two bounds: write it as {name}=higher:0:1"
            )
    return found


@contextmanager
def saying_warnings(session: Session) -> Iterator[None]:
    """Write warnings of tracking as lines for people."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrackingWarning)
        yield
    for warning in caught:
        session.say(f"metakg: {warning.message}", important=True)
