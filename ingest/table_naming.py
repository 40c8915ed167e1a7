"""What the cells of a row name: a dataset, a task of OpenML, a pipeline."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingest.records import DatasetRef
from ingest.sklearn_objects import opaque_pipeline
from kg.errors import QueryError, SourceError
from kg.pipeline import Pipeline

if TYPE_CHECKING:
    from ingest.table_roles import Columns

__all__ = ["dataset_of", "pipeline_of_cells"]

_OPENML = re.compile(r"(?i)^(?:https?://)?(?:www\.)?openml\.org/([td])/(\d{1,12})/?$|^openml:(\d{1,12})$")


def dataset_of(cells: dict[str, str | None], given: str | None) -> tuple[DatasetRef, str | None]:
    """Dataset, and the number of its task at OpenML.

    Raises
    ------
    QueryError
        If a name has no letter or digit, or ``given`` is a task.
    SourceError
        If nothing names a dataset, or a number is none.
    """
    name, number, task = cells.get("dataset"), None, None
    for role, cell in cells.items():
        match = _OPENML.match(cell or "")
        if match and match[1] in ("t", "T"):
            task = match[2]
        elif match:
            number = int(match[2] or match[3])
        elif cell and role == "dataset_id":
            number = _id(cell, "dataset")
        elif cell and role == "task" and re.fullmatch(r"\d+(\.0)?", cell):
            task = str(_id(cell, "task"))
        elif cell and role == "task" and not name:
            name = cell
        elif cell and role == "dataset" and _is_number(cell):
            number, name = int(cell), None
    if name and _OPENML.match(name):
        name = None
    if name is None and number is None and task is None:
        if given is None:
            raise SourceError("names no dataset: fill the cell, or name one for all rows with --dataset")
        match = _OPENML.match(given)
        if match and match[1] in ("t", "T"):
            raise QueryError(f"dataset {given!r} is a task: give a dataset's name or number")
        number = int(match[2] or match[3]) if match else int(given) if _is_number(given) else None
        name = None if number is not None else given
    page = f"https://www.openml.org/t/{task}" if task and number is None else None
    if name is None and number is None:
        name = f"OpenML task {task}"
    return DatasetRef(name=name, openml_id=number, landing_page=page), task


def _is_number(cell: str) -> bool:
    """Whether it can be the number of a thing at OpenML."""
    return cell.isdecimal() and len(cell) <= 12


def _id(cell: str, what: str) -> int:
    number = cell.removesuffix(".0")
    if not _is_number(number):
        raise SourceError(
            f"{what} {cell!r} is no number of a {what} at OpenML: correct it, or map a column of names"
        )
    return int(number)


def pipeline_of_cells(cells: dict[str, str | None], columns: Columns) -> Pipeline:
    """Pipeline of a name and of whatever parameters stand beside it; an empty cell states none.

    Raises
    ------
    SourceError
        If the name's cell is empty.
    """
    names = [each.column for each in columns.of("pipeline")]
    name = next((cells[each] for each in names if cells[each]), None)
    if name is None:
        raise SourceError(f"the cell of {names[0]!r} is empty: it names the pipeline")
    parameters: dict[str, Any] = {}
    for each in columns.of("parameters"):
        text = cells[each.column]
        if text is None:
            continue
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            held = None
        parameters |= held if isinstance(held, dict) else {each.column: text}
    for each in columns.of("parameter"):
        if cells[each.column] is not None:
            parameters[each.detail] = cells[each.column]
    return _with_version(opaque_pipeline(name, parameters), parameters.get("version"))


def _with_version(pipeline: Pipeline, version: str | None) -> Pipeline:
    """The pipeline with its version as it is written: 0.10 is another one than 0.1."""
    (step,) = pipeline.steps
    if version is None or step.parameters.get("version") in (None, version):
        return pipeline
    return Pipeline((replace(step, parameters={**step.parameters, "version": version}),))
