"""Names of things as the names of graphs have them."""

from __future__ import annotations

import re

from kg.errors import SourceError

__all__ = ["slug"]


def slug(name: str, otherwise: str = "") -> str:
    """Name as a graph's version has it; ``otherwise`` if it has no letter or digit.

    >>> slug("My trees!")
    'My-trees'
    >>> slug("...", "table")
    'table'

    Raises
    ------
    SourceError
        If it has none, and nothing is given for that case.
    """
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.") or otherwise
    if not plain:
        raise SourceError(f"name {name!r} has no letter or digit: give another one")
    return plain
