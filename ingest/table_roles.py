"""What the columns of a table of results are: guessed by their names and first cells, or said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.table_names import FIELD_NAMES, PARAMETER, ROLES, TYPES
from kg.errors import SourceError
from kg.measure_names import Reading, normalise

if TYPE_CHECKING:
    from ingest.table_files import Table
    from ingest.table_preset import Preset
    from kg.measures import Measure

__all__ = ["Columns", "Role", "guess", "reading_of"]

_TASK = re.compile(r"(?i)^(?:https?://)?(?:www\.)?openml\.org/t/\d+/?$")
_WHOLE = re.compile(r"^(?:[A-Za-z]+[ _-]?)?\d+(?:\.0+)?$")
_DATASET = re.compile(r"(?i)^(?:(?:https?://)?(?:www\.)?openml\.org/d/\d+/?|openml:\d+)$")


_CELLS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("fold", "repeat", "seed", "training_size"), _WHOLE.match),
    "type": lambda cell: _plain(cell) in TYPES,
    "started": re.compile(r"^\d{4}-\d\d-\d\d[T ]").match,
}
"""What the first cell of a column must be like for the column to have a role by its name alone."""


@dataclass(frozen=True)
class Role:
    """What a column is.

    Attributes
    ----------
    column
        Its name.
    role
        One of ``ROLES``; empty for a column that is not used.
    detail
        Of a measure the name by which it is read, of a parameter the parameter's.
    example
        The first cell that is not empty.
    reason
        Why it is taken for that.
    """

    column: str
    role: str
    detail: str = ""
    example: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Columns:
    """Roles of all columns of a table, and whose names of measures they are."""

    roles: tuple[Role, ...]
    vocabulary: str = ""

    def of(self, role: str) -> list[Role]:
        """Columns of a role, in the table's order."""
        return [each for each in self.roles if each.role == role]

    def one(self, role: str) -> str | None:
        """The column of a role that only one has."""
        return next((each.column for each in self.of(role)), None)

    def to_map(self) -> dict[str, tuple[str, str]]:
        """Column → (role, detail), which :func:`guess` takes again."""
        return {each.column: (each.role, each.detail) for each in self.roles}


def reading_of(name: str, vocabulary: str, declared: Mapping[str, Measure]) -> Reading | None:
    """How a column or a metric of that name is read: as declared, or as the vocabulary has it."""
    return Reading(declared[name]) if name in declared else normalise(name, vocabulary)


def guess(
    table: Table,
    preset: Preset | None,
    said: Mapping[str, tuple[str, str]],
    declared: Mapping[str, Measure],
) -> Columns:
    """Role of each column: what is said of it, what the preset knows, or what its name and first cell suggest.

    Raises
    ------
    SourceError
        If the table lacks a column that something is said of.
    """
    vocabulary = preset.vocabulary if preset else ""
    for column, (role, detail) in said.items():
        if column not in table.columns:
            raise SourceError(
                f"the table has no column {column!r}: its columns are {', '.join(table.columns)}: correct the map"
            )
        if role == "measure" and reading_of(detail, vocabulary, declared) is None:
            raise SourceError(
                f"{detail!r}, which the column {column!r} is mapped to, is neither a role ({', '.join(ROLES)}) nor a "
                f"measure that is known: declare it, such as --measure {detail}=higher:0:1"
            )
    taken = {role for role, _ in said.values()}
    roles: dict[str, Role] = {}
    for column in sorted(table.columns, key=lambda name: _rank(name, preset)):
        cell = next(iter(table.frame[column].drop_nulls().head(1)), "")
        if column in said:
            role, detail, reason = *said[column], "as you say"
        elif preset and column in preset.roles:
            role, detail = preset.roles[column]
            reason = f"a column of {preset.title}"
        else:
            role, detail, reason = _suggested(column, cell, vocabulary, declared)
        if role in ROLES and not ROLES[role] and role in taken and column not in said:
            role, detail, reason = "", "", f"another column is the {role}"
        taken.add(role)
        roles[column] = Role(column, role, detail, cell, reason)
    return Columns(_without_half(tuple(roles[name] for name in table.columns), said), vocabulary)


def _rank(column: str, preset: Preset | None) -> int:
    """Columns of which the name says most come first, so that ``framework`` is a pipeline before ``method`` is."""
    if preset and column in preset.roles:
        return -1
    return FIELD_NAMES.get(_plain(column), ("", 1_000))[1]


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def _suggested(
    column: str, cell: str, vocabulary: str, declared: Mapping[str, Measure]
) -> tuple[str, str, str]:
    if _TASK.match(cell):
        return "task", "", "its cells are tasks of OpenML"
    if _DATASET.match(cell):
        return "dataset", "", "its cells are datasets of OpenML"
    if column in declared:
        return "measure", column, "a measure that you declare"
    if match := PARAMETER.match(column):
        return "parameter", column[match.end() :], f"its name begins with {match.group()}"
    role = FIELD_NAMES.get(_plain(column), ("", 0))[0]
    if role == "task" and not cell.isdecimal():
        return "dataset", "", "called so, and its cells are no numbers of tasks"
    if role == "error" and _is_number(cell):
        return "", "", "a number: which measure is it?"
    if role == "dataset_id" and cell and not _WHOLE.match(cell):
        return "dataset", "", "called so, and its cells are no numbers of datasets"
    if role in _CELLS and cell and not _CELLS[role](cell):
        return "", "", f"called so, but its cells are no {role.replace('_', ' ')}"
    if role:
        return role, "", "called so"
    found = reading_of(column, vocabulary, declared)
    if found and (not cell or _is_number(cell)):
        return "measure", column, f"{found.measure.label}{_converted(found)}"
    return "", "", "not known"


def _converted(found: Reading) -> str:
    if (found.factor, found.offset) == (1.0, 0.0):
        return ""
    plus = f" + {found.offset:g}" if found.offset else ""
    return f", as value * {found.factor:g}{plus}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _without_half(roles: tuple[Role, ...], said: Mapping[str, tuple[str, str]]) -> tuple[Role, ...]:
    """Roles where a column of values that no column of metrics belongs to, or the other way round, is not used."""
    there = {each.role for each in roles}
    lone = {"metric", "value"} & there if len({"metric", "value"} & there) == 1 else set()
    return tuple(
        Role(each.column, "", "", each.example, "which measure is it?")
        if each.role in lone and each.column not in said
        else each
        for each in roles
    )
