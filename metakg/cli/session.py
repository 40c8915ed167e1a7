"""What every command shares: the store, whether to be quiet, and progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metakg.graph import KnowledgeGraph

__all__ = ["Counts", "Progress", "Session", "pass_session"]

Progress = Callable[[str, float], None]
"""Called as ``progress(stage, share of the stage that is done)``."""

Counts = Callable[[str, int, int], None]
"""Called as ``counts(stage, units done, units in all)``."""


@dataclass
class Session:
    """Global options of one invocation."""

    store: str | None = None
    quiet: bool = False
    _said: set[str] = field(default_factory=set)

    def open(self, *, read_only: bool = False) -> KnowledgeGraph:
        """Open the store that was asked for."""
        import metakg

        return metakg.open(self.store, read_only=read_only)

    def say(self, text: str, *, important: bool = False) -> None:
        """Write a line for people to stderr, once; only important ones when quiet."""
        if text not in self._said and (important or not self.quiet):
            self._said.add(text)
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Progress bars on stderr if it is a terminal; None, which costs nothing, otherwise."""
        if self._silent():
            yield None
            return
        from metakg.cli.bars import shares

        with shares() as advance:
            yield advance

    @contextmanager
    def counts(self) -> Iterator[Counts | None]:
        """The same for what is counted: with the units done, their rate, and the time left."""
        if self._silent():
            yield None
            return
        from metakg.cli.bars import counts

        with counts() as advance:
            yield advance

    def _silent(self) -> bool:
        return self.quiet or not sys.stderr.isatty()


pass_session = click.make_pass_decorator(Session, ensure=True)
