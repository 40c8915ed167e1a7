"""Text that people give as a query: it may read, and nothing else.

The engine has no switch against ``SERVICE``, so what cannot hold a keyword (strings, IRIs, comments) is taken out of
the text, and what remains is looked at. Its parser calls itself for each level of nesting, and its optimiser for each
member of a chain, until the stack of a thread ends and the process with it; so both are counted before it sees a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kg.errors import QueryError

__all__ = ["TOKEN", "check_read_only", "check_update", "names_its_graphs", "services_as_graphs"]

MOST_CHARACTERS = 1_000_000
"""Length of a query; an update, which carries data, may be ``MOST_IN_UPDATE`` long."""

MOST_IN_UPDATE = 16 * 2**20

MOST_NESTED = 64
"""Levels of brackets: the engine's stack of 2 MB a thread ends at over 100 (measured)."""

MOST_STEPS = 500
"""Groups, filters, assignments and operators: that stack ends at over 500 of one kind in a row (measured)."""

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
    r"""\"{3}(?:[^"\\]|\\.|"(?!""))*+(?:\"{3}|(?P<open>\Z))"""
    r"""|'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3}|(?P<open1>\Z))"""
    r"""|"(?:[^"\\\n\r]|\\.)*+"|'(?:[^'\\\n\r]|\\.)*+'"""
    r"""|(?P<iri><[^<>"{}|^`\x00-\x20]*+>)"""
    r"""|\#[^\n\r]*+"""
    r"""|\\.""",
    re.DOTALL,
)
"""Where a keyword cannot stand: strings, IRIs, comments, escaped characters of prefixed names.

No quantifier gives back what it took, so that no text takes more than one pass.
"""

_NAMES = re.compile(
    r"[?$]\w+|@[a-z][a-z0-9-]*|(?<![\w:.-])(?![\w-]*(?:service|load))[a-z][\w-]*:[a-z_][\w-]*",
    re.ASCII | re.IGNORECASE,
)
"""Variables, language tags and prefixed names, read more narrowly than SPARQL does."""

_BRACKETS = re.compile(r"(?P<open>[{(\[])|[})\]]")
_STEPS = re.compile(
    r"\|\||&&|[{!^|+*/]|(?<![eE])-(?=[\s\d.?$(!+-])|(?<![:\w?$])(?:BIND|FILTER|HAVING)(?![:\w])",
    re.IGNORECASE,
)

_CALL = re.compile(
    r"SERVICE(?P<silent>\s+SILENT)?\s+"
    r"(?P<iri><(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[\w.~/?%=&:;,+-]*)?>)",
    re.ASCII | re.IGNORECASE,
)
"""A call that says in plain letters whom it calls; nothing in it can begin or end a string or a comment."""

_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"})
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


def check_read_only(text: str, allowed_services: Sequence[str] = ()) -> None:
    """Refuse a query that would write or reach the network, or that would end the engine's process.

    The engine needs no space around a keyword (``1.SERVICE``, ``SERVICE:name`` and ``trueSERVICE`` all call a
    service), so any text in which ``service`` stands where a keyword could is refused. The text is looked at as
    it is and with ``\\uXXXX`` decoded, since engines differ in when they decode it.

    Parameters
    ----------
    text
        SPARQL query.
    allowed_services
        Hosts (``HOST`` for any port, or ``HOST:PORT``) that ``SERVICE <http://HOST/...>`` may call.

    Raises
    ------
    QueryError
        Naming what is not allowed.
    """
    text = services_as_graphs(text, allowed_services)
    bare = _checked(text, MOST_CHARACTERS, "query")
    steps = sum(1 for _ in _STEPS.finditer(_structure(text)))
    if steps > MOST_STEPS:
        raise QueryError(
            f"the query has {steps:,} groups, filters and operators, and {MOST_STEPS} are the most: split it, "
            "or write VALUES for a long list"
        )
    words = (word.upper() for word in re.findall(r"(?<![:\w])[A-Za-z]++(?![:\w])", bare))
    first = next((word for word in words if word in _UPDATES | _FORMS), None)
    if first in _UPDATES:
        raise QueryError(
            f"{first} would change the graph: queries only read; use `metakg ingest` to add to it"
        )
    _refuse_services(bare, text, allowed_services)


def check_update(text: str, allowed_services: Sequence[str] = ()) -> None:
    """Refuse an update that would reach the network; it may write.

    Raises
    ------
    QueryError
        Naming what is not allowed.
    """
    text = services_as_graphs(text, allowed_services)
    bare = _checked(text, MOST_IN_UPDATE, "update")
    _refuse_services(bare, text, allowed_services)
    for reading in (bare, _bare(_decoded(text))):
        if "load" in _NAMES.sub(" ", reading).lower():
            raise QueryError("LOAD would reach the network: send the data itself, or use `metakg ingest`")


def services_as_graphs(text: str, allowed_services: Sequence[str]) -> str:
    """Text in which the calls of allowed services are patterns of named graphs, which have the same syntax.

    For looking at and for parsing, not for answering.
    """
    allowed = {host.lower() for host in allowed_services}

    def replaced(match: re.Match[str]) -> str:
        host = match["host"].lower()
        port = match["port"] or {"http": "80", "https": "443"}[match["scheme"].lower()]
        return f"GRAPH {match['iri']}" if {host, f"{host}:{port}"} & allowed else match[0]

    return _CALL.sub(replaced, text) if allowed else text


def _refuse_services(bare: str, text: str, allowed: Sequence[str]) -> None:
    for reading in (bare, _bare(_decoded(text))):
        if "service" in _NAMES.sub(" ", reading).lower():
            if allowed:
                raise QueryError(
                    f"SERVICE may call {', '.join(allowed)} only, written as SERVICE <http://HOST/...>"
                )
            raise QueryError("SERVICE would reach the network: remove it; queries read this graph alone")


def _checked(text: str, most: int, kind: str) -> str:
    """Text without strings, IRIs and comments, if its size is one that the engine stands."""
    if len(text) > most:
        raise QueryError(f"the {kind} has {len(text):,} characters, and {most:,} are the most: split it")
    if "\0" in text:
        raise QueryError(f"the {kind} holds a NUL character: remove it")
    bare = _bare(text)
    depth = deepest = 0
    for match in _BRACKETS.finditer(_structure(text)):
        depth = depth + 1 if match["open"] else max(depth - 1, 0)
        deepest = max(deepest, depth)
    if deepest > MOST_NESTED:
        raise QueryError(
            f"the {kind} is nested {deepest:,} levels deep, and {MOST_NESTED} are the most: flatten it"
        )
    return bare


def _structure(text: str) -> str:
    """Text without strings and comments, and without what is an IRI for certain: `<((1))&&2>` may be none."""
    return _OPAQUE.sub(lambda match: match["iri"] if match["iri"] and "//" not in match["iri"] else " ", text)


def names_its_graphs(text: str) -> bool:
    """Whether the query says with ``FROM`` which graphs it reads."""
    return re.search(r"(?<![:\w?$@-])FROM(?![:\w-])", _bare(text), re.IGNORECASE) is not None


def _bare(text: str) -> str:
    """Text with everything blanked that cannot hold a keyword.

    Raises
    ------
    QueryError
        If an IRI could also be read as a comparison with a string or a comment behind it, or a string has no end.
    """
    for match in _OPAQUE.finditer(text):
        if match["open"] is not None or match["open1"] is not None:
            raise QueryError(f"a string that begins with {match[0][:3]} does not end: close it")
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
