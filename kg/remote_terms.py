"""Answers of a SPARQL endpoint as pyoxigraph terms, so that a result is the same whichever store gave it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.result import Result

if TYPE_CHECKING:
    import pyoxigraph as ox

    from kg.endpoint import Answer

__all__ = ["from_json", "from_turtle", "to_tsv"]


def from_json(answer: Answer, url: str) -> Result:
    """Solutions or a boolean from SPARQL 1.1 JSON.

    Raises
    ------
    StoreError
        If the document ends early or is something else.
    """
    import pyoxigraph as ox

    try:
        document = json.loads(answer.body)
        if "boolean" in document:
            truth = document["boolean"] in (True, 1, "true", "1")
            return Result("boolean", ("answer",), [(ox.Literal(truth),)])
        names = tuple(document["head"]["vars"])
        rows = document["results"]["bindings"]
        if names == ("__ASK_RETVAL",):  # Virtuoso's way to say a boolean
            return Result("boolean", ("answer",), [(ox.Literal(rows[0][names[0]]["value"] == "1"),)])
        terms = [tuple(_term(row[name]) if name in row else None for name in names) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(url) from error
    return Result("solutions", names, terms)


def from_turtle(answer: Answer, url: str) -> Result:
    """Graph from Turtle.

    Raises
    ------
    StoreError
        If the document ends early or is something else.
    """
    import pyoxigraph as ox

    try:
        quads = list(ox.parse(answer.body, format=ox.RdfFormat.TURTLE))
    except SyntaxError as error:
        raise _broken(url) from error
    rows = [(quad.subject, quad.predicate, quad.object) for quad in quads]
    return Result("graph", ("subject", "predicate", "object"), rows)


def to_tsv(result: Result) -> bytes:
    """SPARQL 1.1 TSV of solutions."""
    lines = ["\t".join(f"?{name}" for name in result.variables)]
    lines += ["\t".join(_cells(row)) for row in result.terms]
    return ("\n".join(lines) + "\n").encode()


def _cells(row: Iterable[Any]) -> list[str]:
    return ["" if term is None else str(term).replace("\t", "\\t") for term in row]


def _broken(url: str) -> StoreError:
    return StoreError(
        f"the answer of {url} ends early or is not SPARQL: ask for less, or check that the URL is its query endpoint"
    )


def _term(cell: dict[str, Any]) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    import pyoxigraph as ox

    kind, value = cell["type"], cell["value"]
    if kind == "uri":
        return ox.NamedNode(value)
    if kind == "bnode":
        return ox.BlankNode(value.removeprefix("_:").replace("nodeID://", ""))
    if "xml:lang" in cell:
        return ox.Literal(str(value), language=cell["xml:lang"])
    if "datatype" in cell:
        return ox.Literal(str(value), datatype=ox.NamedNode(cell["datatype"]))
    return ox.Literal(str(value))
