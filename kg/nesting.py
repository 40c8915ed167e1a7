"""How deeply data is nested, watched while it is read: some readers end the process when it is too deep.

XML entities that expand without end are found on the way.
"""

from __future__ import annotations

import re
from typing import Protocol

__all__ = ["Guard", "guard_of"]

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TERMS_AT_ONCE = 20_000
"""Opening marks of triples within triples, in the stretch that is read at once, from which they are nested on purpose.

They cannot be told from marks in text without reading all of it twice; 50,000 levels are read without harm.
"""


def _too_deep(limit: int) -> str:
    return f"nested more than {limit} deep: write what is inside as nodes of its own"


class Guard(Protocol):
    """Watches the bytes of a file as they come."""

    def complaint(self, chunk: bytes) -> str | None:
        """Say what is wrong with the file up to the end of this chunk; None if nothing is."""


def guard_of(kind: str, depth: int) -> Guard:
    """Guard for a format, by pyoxigraph's name of it."""
    if kind == "JSON_LD":
        return _Brackets(depth)
    return _Elements(depth) if kind == "RDF_XML" else _Terms(depth)


class _Brackets:
    """Objects and arrays of JSON, those in strings not counted."""

    def __init__(self, limit: int) -> None:
        self._limit, self._depth, self._rest = limit, 0, b""

    def complaint(self, chunk: bytes) -> str | None:
        import numpy as np

        text = _STRING.sub(b"", self._rest + chunk)
        # A string that is not closed yet waits for the next chunk.
        text, quote, rest = text.partition(b'"')
        self._rest = quote + rest
        marks = np.frombuffer(text.translate(None, _ALL_BUT_BRACKETS), dtype=np.uint8)
        if not len(marks):
            return None
        opening = (marks == ord("[")) | (marks == ord("{"))
        depths = self._depth + np.cumsum(np.where(opening, 1, -1))
        self._depth = int(depths[-1])
        return _too_deep(self._limit) if depths.max() > self._limit else None


class _Elements:
    """Elements of XML."""

    def __init__(self, limit: int) -> None:
        from xml.parsers import expat

        self._limit, self._depth, self._deepest = limit, 0, 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._broken = False

    def _start(self, *_: object) -> None:
        self._depth += 1
        self._deepest = max(self._deepest, self._depth)

    def _end(self, *_: object) -> None:
        self._depth -= 1

    def complaint(self, chunk: bytes) -> str | None:
        from xml.parsers import expat

        if not self._broken:
            try:
                self._parser.Parse(chunk)
            except expat.ExpatError as error:
                if "amplification" in str(error):
                    return "its entities expand without end: write out what they stand for"
                self._broken = True  # the RDF reader says what is wrong with it
        return _too_deep(self._limit) if self._deepest > self._limit else None


class _Terms:
    """Triples within triples, in the formats derived from Turtle."""

    def __init__(self, limit: int) -> None:
        self._limit, self._before = limit, 0

    def complaint(self, chunk: bytes) -> str | None:
        now = chunk.count(b"<<")
        total, self._before = self._before + now, now
        return _too_deep(self._limit) if total > _TERMS_AT_ONCE else None
