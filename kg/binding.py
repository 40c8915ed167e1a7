"""Values for a query's variables, bound token by token.

The engine's own substitution takes only variables that the query projects. Here a variable is replaced where
it stands as a token, by its RDF term in SPARQL's syntax (SHACL-SPARQL, section 5.3, pre-binds ``$this`` in the same
way); text inside strings, IRIs and comments is never touched, and a value cannot become anything but one term.

>>> from kg.terms import IRI
>>> bind("SELECT ?run WHERE { ?run ?p ?dataset } # ?dataset", {"dataset": IRI("https://example.org/1")})
'SELECT ?run WHERE { ?run ?p <https://example.org/1> } # ?dataset'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kg.errors import QueryError
from kg.guard import TOKEN
from kg.terms import IRI, Value, to_term

__all__ = ["bind", "range_over"]


def bind(text: str, bindings: Mapping[str, Value]) -> str:
    """Query with its variables replaced; a projected variable stays as a column that holds its value.

    Raises
    ------
    QueryError
        If the query does not have one of the variables, or a value is not an RDF term.
    """
    terms = {name: str(to_term(value)) for name, value in bindings.items()}
    unused = set(terms)
    out: list[str] = []
    end, depth, clause, previous = 0, 0, "", ""
    for match in TOKEN.finditer(text):
        piece = match.group()
        out.append(text[end : match.start()])
        end = match.end()
        depth += (piece in "({") - (piece in ")}") if len(piece) == 1 else 0
        if match["word"]:
            clause = _clause(clause, piece.upper())
        name = piece[1:] if piece[0] in "?$" and len(piece) > 1 else None
        if name in terms and previous != "AS":
            unused.discard(name)
            piece = _placed(terms[name], name, clause if depth == 0 else "")
        out.append(piece)
        previous = piece.upper()
    if unused:
        raise QueryError(f"the query has no variable {', '.join('?' + name for name in sorted(unused))}")
    return "".join([*out, text[end:]])


def _clause(clause: str, word: str) -> str:
    if word in ("SELECT", "WHERE", "FROM", "HAVING", "LIMIT", "VALUES"):
        return word
    return "BY" if word == "BY" else clause


def _placed(term: str, name: str, clause: str) -> str:
    if clause == "SELECT":
        return f"({term} AS ?{name})"
    return f"({term})" if clause == "BY" else term


def range_over(text: str, lists: Mapping[str, Iterable[str]]) -> str:
    """Query in which variables range over lists of IRIs; it has an empty ``VALUES ?variable { }`` for each.

    Every IRI goes through the RDF engine's own term, which refuses characters that could end it.

    Raises
    ------
    QueryError
        If something is not an IRI.
    """
    for variable, values in lists.items():
        terms = " ".join(str(to_term(IRI(value))) for value in values)
        text = text.replace(f"VALUES ?{variable} {{ }}", f"VALUES ?{variable} {{ {terms} }}")
    return text
