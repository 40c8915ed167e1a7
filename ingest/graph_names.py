"""Names of things as the names of graphs have them."""

from __future__ import annotations

import re

from kg.errors import SourceError

__all__ = ["slug"]


def slug(name: str) -> str:
    """Name as a graph's version has it.

    >>> slug("My trees!")
    'My-trees'

    Raises
    ------
    SourceError
        If it has no letter or digit.
    """
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")
    if not plain:
        raise SourceError(f"name {name!r} has no letter or digit: give another one")
    return plain
