"""SPARQL that the public API asks, one question in each ``.rq`` file, and the way to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from kg.binding import range_over
from kg.terms import IRI, Value, to_term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.result import Result
    from kg.selection import Selection
    from kg.store import Store

__all__ = ["run", "text", "with_values"]


@cache
def text(name: str) -> str:
    """Text of ``NAME.rq``."""
    return (files(__name__) / f"{name}.rq").read_text(encoding="utf-8")


def run(store: Store, name: str, selection: Selection | None = None, /, **bindings: Value) -> Result:
    """Answer of ``NAME.rq`` with these values for its variables, over what is selected."""
    query = text(name) if selection is None else selection.restrict(text(name))
    return store.query(query, bindings=bindings)


def with_values(
    name: str,
    lists: Mapping[str, Iterable[str]],
    bindings: Mapping[str, str],
    selection: Selection | None = None,
) -> str:
    """Text of ``NAME.rq`` in which variables range over lists of IRIs, or stand for one.

    The text stands for itself, so that it can be kept and asked again.

    Parameters
    ----------
    name
        Of the query.
    lists
        IRIs by variable; the query has an empty ``VALUES ?variable { }`` for each.
    bindings
        One IRI by variable.
    selection
        What the query may look at.

    Raises
    ------
    QueryError
        If something is not an IRI.
    """
    query = text(name) if selection is None else selection.restrict(text(name))
    query = range_over(query, lists)
    for variable, value in bindings.items():
        query = query.replace(f"?{variable} ", f"{to_term(IRI(value))} ")
    return query
