"""Tables of known projects, which are recognised by their header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Preset", "preset_of"]


@dataclass(frozen=True)
class Preset:
    """What is known of the tables of one project.

    Attributes
    ----------
    name, title
        Short name, and what people call it.
    vocabulary
        Whose names of measures it uses; see :func:`kg.measure_names.normalise`.
    header
        Groups of columns; a table that has one of each group is of this project.
    roles
        Column → (role, detail); a column that is not here is told by its name.
    procedures
        Number of splits → key of the procedure; other numbers do not say which one it is.
    """

    name: str
    title: str
    vocabulary: str
    header: Sequence[Sequence[str]]
    roles: Mapping[str, tuple[str, str]]
    procedures: Mapping[int, str]


def preset_of(columns: Sequence[str]) -> Preset | None:
    """The project that a header is of, or None."""
    from ingest.amlb import AMLB
    from ingest.tabrepo import TABREPO

    for preset in (AMLB, TABREPO):
        if all(any(name in columns for name in group) for group in preset.header):
            return preset
    return None
