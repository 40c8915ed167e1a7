"""Measures that somebody declares in a word: ``name=direction[:low[:high[:unit]]]``.

>>> parse_declaration("gini=higher:0:1")
('gini', Measure(key='gini', label='gini', direction='higher', low=0.0, high=1.0, unit=''))
>>> parse_declaration("energy=lower:0::J")[1].unit
'J'
"""

from __future__ import annotations

from kg.errors import QueryError
from kg.measures import Measure, declared

__all__ = ["parse_declaration"]


def parse_declaration(text: str) -> tuple[str, Measure]:
    """Name that the source uses, and the measure; a bound that is left empty is open.

    Raises
    ------
    QueryError
        If it is not of that form, or :func:`kg.measures.declared` refuses it.
    """
    name, sign, rest = text.partition("=")
    parts = rest.split(":", 3)
    if not sign or not name.strip():
        raise QueryError(f"measure {text!r}: say name=direction[:low[:high[:unit]]], such as gini=higher:0:1")
    bounds: list[float | None] = []
    for part in (*parts[1:3], "", "")[:2]:
        try:
            bounds.append(float(part) if part.strip() else None)
        except ValueError as error:
            raise QueryError(
                f"measure {text!r}: bound {part!r} is no number: leave an open side empty"
            ) from error
    unit = parts[3].strip() if len(parts) > 3 else ""
    return name.strip(), declared(name.strip(), parts[0].strip(), bounds[0], bounds[1], unit)
