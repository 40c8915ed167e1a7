"""Text that people give as a query: it may read, and nothing else.

The engine has no switch against ``SERVICE``, so the text is cut into SPARQL's tokens (strings, IRIs, comments,
prefixed names and variables are whole tokens) and what remains as a bare keyword is looked at.
"""

from __future__ import annotations

import re

from kg.errors import QueryError

__all__ = ["TOKEN", "check_read_only", "keywords"]

TOKEN = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^'\\]|\\.|'(?!''))*\'\'\''''
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'"""
    r"""|<[^<>"{}|^`\\\x00-\x20]*>"""
    r"""|\#[^\n\r]*"""
    r"""|[?$]\w+"""
    r"""|[\w.-]*:(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)*"""
    r"""|@\w[\w-]*"""
    r"""|(?P<word>[A-Za-z_]\w*)"""
    r"""|\d[\w.]*|\S""",
    re.DOTALL,
)

_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"})
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


def keywords(text: str) -> list[str]:
    """Bare words of a query in upper case, in order; without strings, IRIs, comments, names and variables."""
    # SPARQL decodes \uXXXX before it looks for tokens, so a keyword can hide behind such escapes.
    decoded = re.sub(
        r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})",
        lambda match: _character(match.group(1) or match.group(2)),
        text,
    )
    return [match["word"].upper() for match in TOKEN.finditer(decoded) if match["word"]]


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def check_read_only(text: str) -> None:
    """Refuse a query that would write or reach the network.

    Raises
    ------
    QueryError
        Naming the keyword that is not allowed.
    """
    words = keywords(text)
    first = next((word for word in words if word in _UPDATES | _FORMS), None)
    if first in _UPDATES:
        raise QueryError(
            f"{first} would change the graph: queries only read; use `metakg ingest` to add to it"
        )
    if "SERVICE" in words:
        raise QueryError("SERVICE would reach the network: remove it; queries read this graph alone")
