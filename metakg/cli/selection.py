"""Options of commands that may use only part of the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["selecting"]

_OPTIONS = (
    click.option(
        "--exclude-dataset",
        "exclude_datasets",
        multiple=True,
        metavar="DATASET",
        help="Keep a dataset (31, openml:31 or an IRI) out of it.",
    ),
    click.option(
        "--exclude-source",
        "exclude_sources",
        multiple=True,
        metavar="SOURCE",
        help="Keep a source out of it: lcdb, 'lcdb 0.1.0', or the IRI of a graph.",
    ),
    click.option(
        "--as-of",
        metavar="DATE",
        help="Use only what was known at the end of that day, UTC, or at that ISO time.",
    ),
)


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options, as ``exclude_datasets``, ``exclude_sources`` and ``as_of``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
