"""Values that go into and come out of queries: IRIs as text of their own kind, literals as Python values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.errors import QueryError
from kg.vocabulary import XSD

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["IRI", "Value", "from_term", "to_term"]


class IRI(str):
    """Text that is an IRI, so that it is bound as one and not as a literal."""

    __slots__ = ()


Value = IRI | str | int | float | bool

_INTEGERS = {
    XSD + name for name in ("integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger")
}
_FLOATS = {XSD + name for name in ("double", "float", "decimal")}


def from_term(term: Any) -> Value | None:
    """Python value of an RDF term: IRIs as :class:`IRI`, numbers and booleans typed, all else as text."""
    import pyoxigraph as ox

    if term is None:
        return None
    if isinstance(term, ox.Literal):
        datatype, text = term.datatype.value, term.value
        if datatype in _INTEGERS:
            return int(text)
        if datatype in _FLOATS:
            return float(text)
        if datatype == XSD + "boolean":
            return text in ("true", "1")
        return text
    if isinstance(term, ox.NamedNode):
        return IRI(term.value)
    return str(term)


def to_term(value: Value) -> pyoxigraph.NamedNode | pyoxigraph.Literal:
    """RDF term of a Python value.

    Raises
    ------
    QueryError
        If an IRI has characters that IRIs cannot have.
    """
    import pyoxigraph as ox

    if isinstance(value, IRI):
        try:
            return ox.NamedNode(value)
        except ValueError as error:
            raise QueryError(f"{str(value)!r} is not an IRI: {error}") from error
    return ox.Literal(value)
