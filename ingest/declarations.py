"""Measures that somebody declares beside a source: as text on the command line, as a tuple in Python.

>>> parse_declaration("gini=higher:0:1")
('gini', Measure(key='gini', label='gini', direction='higher', low=0.0, high=1.0, unit=''))
>>> declarations({"delay": ("lower", 0, None, "s")})["delay"].unit
's'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kg.errors import SourceError
from kg.measures import Measure, declared

__all__ = ["declarations", "parse_declaration"]

_FORM = "name=higher or name=lower, then :low:high:unit as far as known, such as gini=higher:0:1 or delay=lower:0::s"


def parse_declaration(text: str) -> tuple[str, Measure]:
    """Read ``name=direction[:low[:high[:unit]]]``; a bound that is left empty is open.

    Raises
    ------
    QueryError
        If the measure cannot be declared so; see :func:`kg.measures.declared`.
    SourceError
        If the text has another form.
    """
    name, equals, rest = text.rpartition("=")
    parts = rest.split(":", 3)
    if not equals or not name.strip():
        raise SourceError(f"measure {text!r} is not understood: write {_FORM}")
    try:
        low, high = (float(part) if part.strip() else None for part in (*parts[1:3], "", "")[:2])
    except ValueError as error:
        raise SourceError(f"measure {text!r}: a bound is no number: write {_FORM}") from error
    return name.strip(), declared(name, parts[0].strip(), low, high, parts[3].strip() if parts[3:] else "")


def declarations(given: Mapping[str, Any] | Sequence[str]) -> dict[str, Measure]:
    """Measures by the source's names, from whatever form they are given in.

    Parameters
    ----------
    given
        Name → ``(direction, low, high, unit)`` (or less of it), text ``direction:low:high:unit``, or a measure; or
        lines as :func:`parse_declaration` reads them.

    Raises
    ------
    QueryError
        If a measure cannot be declared so.
    SourceError
        If something has none of these forms.
    """
    if not isinstance(given, Mapping):
        return dict(parse_declaration(line) for line in given)
    found = {}
    for name, said in given.items():
        if isinstance(said, Measure):
            found[name] = said
        elif isinstance(said, str):
            found[name] = parse_declaration(f"{name}={said}")[1]
        elif isinstance(said, tuple | list) and 1 <= len(said) <= 4:
            found[name] = declared(name, *said)
        else:
            raise SourceError(
                f"measure {name!r} is declared as {said!r}: write ('higher', 0, 1) or ('lower', 0, None)"
            )
    return found
