"""Printing: machine output and tables on stdout, nothing of it cut off in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "plain_table", "write"]

PIECE = 2**14

PIPE_WIDTH = 160


def console() -> Console:
    """Console on stdout: the terminal's width, or wide and without colours in a pipe."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(width=PIPE_WIDTH, highlight=False, soft_wrap=False)


def plain_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """Print rows as a table; columns numbered in ``right`` are aligned to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(table)


def write(text: str, path: str | None = None) -> None:
    """Write text to a file, whole or not at all, or to stdout; it ends with a line break either way."""
    ended = text if text.endswith("\n") else text + "\n"
    if path is None or path == "-":
        # In pieces: an unbuffered stream takes part of a large text for the whole when its reader goes away.
        for start in range(0, len(ended), PIECE):
            sys.stdout.write(ended[start : start + PIECE])
        return
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    partial.write_text(ended, encoding="utf-8")
    partial.replace(target)
