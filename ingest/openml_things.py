"""OpenML's descriptions of datasets and tasks, read from their XML."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.openml_xml import Element, children, number, parse, text, values
from ingest.records import UNKNOWN_PROCEDURE

__all__ = ["TaskInfo", "counts_of_features", "procedure_key", "qualities", "read_task", "title"]

_TYPES = {
    1: "classification",
    2: "regression",
    3: "classification",  # along a learning curve
    4: "classification",  # of a data stream
    5: "clustering",
    7: "survival_analysis",
}
"""Our types by the number of OpenML's; challenges, subgroup discovery and all that came later are other."""


@dataclass(frozen=True)
class TaskInfo:
    """A task: its dataset's number, type, target, the key of its estimation procedure, and how many folds that has."""

    dataset: int
    type: str
    target: str | None
    procedure: str
    folds: int | None


def read_task(document: str, where: str) -> TaskInfo:
    """Read ``task/ID``.

    Raises
    ------
    SourceError
        If it names no dataset; :class:`ingest.openml_xml.DamagedError` if it was cut short.
    """
    root = parse(document, "task", where)
    inputs = {each.get("name"): each for each in children(root, "input")}
    data = _inner(inputs.get("source_data"), "data_set")
    stated = {} if data is None else values(data)
    procedure = _inner(inputs.get("estimation_procedure"), "estimation_procedure")
    kind, parameters = "", dict[str, str]()
    if procedure is not None:
        kind = text(procedure, "type") or ""
        parameters = {
            each.get("name", ""): (each.text or "").strip() for each in children(procedure, "parameter")
        }
    number_of_type = text(root, "task_type_id") or ""
    return TaskInfo(
        number(stated.get("data_set_id"), "data_set_id", where),
        _TYPES.get(int(number_of_type) if number_of_type.isdecimal() else 0, "other"),
        stated.get("target_feature") or None,
        procedure_key(kind, parameters),
        _folds(kind, parameters),
    )


def procedure_key(kind: str, parameters: Mapping[str, str]) -> str:
    """Key of an estimation procedure by OpenML's type and parameters.

    >>> procedure_key("crossvalidation", {"number_repeats": "5", "number_folds": "2"})
    '5x2-fold-cv'
    >>> procedure_key("holdout", {"number_repeats": "1", "percentage": "33"})
    '33-percent-holdout'
    >>> procedure_key("testontrainingdata", {})
    'test-on-training-data'
    """
    repeats, folds = _count(parameters, "number_repeats") or 1, _count(parameters, "number_folds")
    often = f"{repeats}x" if repeats > 1 else ""
    share = re.sub(r"\.0*$", "", parameters.get("percentage", ""))
    if kind == "crossvalidation" and folds:
        return f"{often}{folds}-fold-cv"
    if kind == "learningcurve":
        # One fold is a holdout of what the curve does not grow into.
        return f"{often}{folds}-fold-learning-curve" if folds and folds > 1 else f"{often}learning-curve"
    if kind in ("holdout", "customholdout", "holdout_ordered"):
        name = {"holdout": "holdout", "customholdout": "custom-holdout"}.get(kind, "ordered-holdout")
        return f"{often}{share}-percent-{name}" if share else f"{often}{name}"
    known = {
        "leaveoneout": "leave-one-out",
        "testontrainingdata": "test-on-training-data",
        "testthentrain": "test-then-train",
        "bootstrapping": "bootstrap",
    }
    slug = known.get(kind, re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-"))
    return f"{often}{slug}" if slug else UNKNOWN_PROCEDURE


def _folds(kind: str, parameters: Mapping[str, str]) -> int | None:
    repeats = _count(parameters, "number_repeats") or 1
    if kind == "crossvalidation":
        folds = _count(parameters, "number_folds")
        return repeats * folds if folds else None
    return repeats if kind.endswith("holdout") else None


def _count(parameters: Mapping[str, str], name: str) -> int | None:
    stated = parameters.get(name, "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 7 else None


def _inner(element: Element | None, name: str) -> Element | None:
    return next(iter(children(element, name)), None) if element is not None else None


def title(document: str, where: str) -> str | None:
    """Name of the dataset that ``data/ID`` describes."""
    return text(parse(document, "data_set_description", where), "name")


def qualities(document: str, where: str) -> dict[str, float]:
    """Qualities of ``data/qualities/ID`` that have a finite value, by OpenML's names."""
    found = {}
    for element in children(parse(document, "data_qualities", where), "quality"):
        stated = values(element)
        try:
            value = float(stated.get("value", ""))
        except ValueError:
            continue
        if stated.get("name") and math.isfinite(value):
            found[stated["name"]] = value
    return found


def counts_of_features(document: str, where: str) -> dict[str, float]:
    """What ``data/features/ID`` says of the numbers of features, as the qualities that OpenML makes of it."""
    used = [
        each
        for each in map(values, children(parse(document, "data_features", where), "feature"))
        if each.get("is_ignore") != "true" and each.get("is_row_identifier") != "true"
    ]
    missing = [each.get("number_of_missing_values", "") for each in used]
    found = {
        "NumberOfFeatures": len(used),
        "NumberOfNumericFeatures": sum(each.get("data_type") == "numeric" for each in used),
        "NumberOfSymbolicFeatures": sum(each.get("data_type") == "nominal" for each in used),
    }
    if used and all(each.isdecimal() for each in missing):
        found["NumberOfMissingValues"] = sum(map(int, missing))
    return {name: float(count) for name, count in found.items()}
