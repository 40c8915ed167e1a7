"""Numbers of Virtuoso in full: its results have six digits of a double, unless the query asks for the text of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.guard import TOKEN, names_its_graphs
from kg.result import Result
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from kg.endpoint import Answer

__all__ = ["in_full", "joined", "was_shortened"]

_SUFFIX = "__text"


def was_shortened(answer: Answer) -> bool:
    """Whether an answer in JSON is Virtuoso's and has doubles."""
    return answer.server.startswith("Virtuoso") and f'"{XSD}double"'.encode() in answer.body


def in_full(text: str, variables: tuple[str, ...]) -> str | None:
    """SELECT query around the given one that has each variable's text beside it.

    None if its rows are in an order, which a query around it would lose, or if it says which graphs it reads,
    which only the outermost query may.
    """
    words = [match for match in TOKEN.finditer(text) if match["word"]]
    if names_its_graphs(text) or any(match["word"].upper() == "ORDER" for match in words):
        return None
    start = next(match.start() for match in words if match["word"].upper() == "SELECT")
    columns = " ".join(f"?{name} (STR(?{name}) AS ?{name}{_SUFFIX})" for name in variables)
    return f"{text[:start]} SELECT {columns} WHERE {{ {{ {text[start:]}\n}} }}"


def joined(result: Result) -> Result:
    """Result of a query that :func:`in_full` made, its doubles read from their texts."""
    names = [name for name in result.variables if not name.endswith(_SUFFIX)]
    at = {name: i for i, name in enumerate(result.variables)}
    pairs = [(at[name], at[name + _SUFFIX]) for name in names]
    rows = [tuple(_exact(row[term], row[text]) for term, text in pairs) for row in result.terms]
    return Result("solutions", tuple(names), rows)


def _exact(term: Any, text: Any) -> Any:
    import pyoxigraph as ox

    if text is not None and isinstance(term, ox.Literal) and term.datatype.value == f"{XSD}double":
        return ox.Literal(text.value, datatype=term.datatype)
    return term
