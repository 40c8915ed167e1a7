"""Text that people give as a query: it may read, and nothing else.

The engine has no switch against ``SERVICE``, so what cannot hold a keyword (strings, IRIs, comments) is taken out of
the text, and what remains is looked at.
"""

from __future__ import annotations

import re

from kg.errors import QueryError

__all__ = ["TOKEN", "check_read_only", "names_its_graphs"]

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

_OPAQUE = re.compile(
    r"""\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'"""
    r"""|(?P<iri><[^<>"{}|^`\x00-\x20]*>)"""
    r"""|\#[^\n\r]*"""
    r"""|\\.""",
    re.DOTALL,
)
"""Where a keyword cannot stand: strings, IRIs, comments, escaped characters of prefixed names."""

_NAMES = re.compile(
    r"[?$]\w+|@[a-z][a-z0-9-]*|(?<![\w.:-])(?![\w-]*service[\w-]*:)[a-z][\w-]*:[a-z_][\w-]*",
    re.ASCII | re.IGNORECASE,
)
"""Variables, language tags and prefixed names, read more narrowly than SPARQL does."""

_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"})
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


def check_read_only(text: str) -> None:
    """Refuse a query that would write or reach the network.

    The engine needs no space around a keyword (``1.SERVICE``, ``SERVICE:name`` and ``trueSERVICE`` all call a
    service), so any text in which ``service`` stands where a keyword could is refused. The text is looked at as
    it is and with ``\\uXXXX`` decoded, since engines differ in when they decode it.

    Raises
    ------
    QueryError
        Naming what is not allowed.
    """
    bare = _bare(text)
    words = (word.upper() for word in re.findall(r"(?<![:\w])[A-Za-z]+(?![:\w])", bare))
    first = next((word for word in words if word in _UPDATES | _FORMS), None)
    if first in _UPDATES:
        raise QueryError(
            f"{first} would change the graph: queries only read; use `metakg ingest` to add to it"
        )
    for reading in (bare, _bare(_decoded(text))):
        if "service" in _NAMES.sub(" ", reading).lower():
            raise QueryError("SERVICE would reach the network: remove it; queries read this graph alone")


def names_its_graphs(text: str) -> bool:
    """Whether the query says with ``FROM`` which graphs it reads."""
    return re.search(r"(?<![:\w?$@-])FROM(?![:\w-])", _bare(text), re.IGNORECASE) is not None


def _bare(text: str) -> str:
    """Text with everything blanked that cannot hold a keyword.

    Raises
    ------
    QueryError
        If an IRI could also be read as a comparison with a string or a comment behind it.
    """
    for match in _OPAQUE.finditer(text):
        iri = match["iri"] or ""
        before, hash_sign, _ = iri.partition("#")
        # In `?a<'x>'` and `?a<ex:b#c>` the engine sees `?a < 'x>'` and a comment; `//` is in no comparison.
        if "'" in iri or (hash_sign and "//" not in before):
            raise QueryError(
                f"{iri} may be an IRI or a comparison: write %27 for ' in an IRI, and spaces around <"
            )
    return _OPAQUE.sub(" ", text)


def _decoded(text: str) -> str:
    return re.sub(
        r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})",
        lambda match: _character(match.group(1) or match.group(2)),
        text,
    )


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
