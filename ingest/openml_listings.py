"""OpenML's listings (of evaluations, setups, tasks, measures) and suites, read from their XML."""

from __future__ import annotations

import json
from typing import NamedTuple

from ingest.openml_xml import Element, children, name_of, number, parse, text, values

__all__ = ["Row", "read_evaluations", "read_measures", "read_setups", "read_suite", "read_tasks"]


class Row(NamedTuple):
    """One evaluation of one run, as ``evaluation/list`` has it; ``folds`` is JSON text, of a listing per fold."""

    run: int
    task: int
    setup: int
    flow: int
    dataset: int
    dataset_name: str
    uploader: str
    value: str
    folds: str


def read_evaluations(document: str, where: str) -> list[Row]:
    """Rows of ``evaluation/list/...``, in its order.

    Raises
    ------
    SourceError
        If a row lacks an id; :class:`ingest.openml_xml.DamagedError` if the document was cut short.
    """
    found = []
    for position, element in enumerate(parse(document, "evaluations", where)):
        stated = values(element)
        ids = {}
        for name in ("run_id", "task_id", "setup_id", "flow_id", "data_id"):
            plain = stated.get(name, "")
            ids[name] = int(plain) if plain.isdecimal() else number(plain, name, f"{where}, row {position}")
        found.append(
            Row(
                ids["run_id"],
                ids["task_id"],
                ids["setup_id"],
                ids["flow_id"],
                ids["data_id"],
                stated.get("data_name", ""),
                stated.get("uploader", ""),
                stated.get("value", ""),
                stated.get("values", ""),
            )
        )
    return found


def read_setups(document: str, where: str) -> dict[int, str]:
    """Setups of ``setup/list/...`` by id, as JSON text: [flow, [[parameter, value, the component's flow], ...]]."""
    found = {}
    for element in children(parse(document, "setups", where), "setup"):
        setup = number(text(element, "setup_id"), "setup_id", where)
        flow = number(text(element, "flow_id"), "flow_id", where)
        # A setup that has tags is joined with them: its parameters come once for each.
        settings = {each.get("id", ""): each for each in map(values, children(element, "parameter"))}
        listed = [
            [
                each.get("parameter_name", ""),
                each.get("value"),
                number(each.get("flow_id"), "flow_id", f"{where}, setup {setup}"),
            ]
            for each in settings.values()
        ]
        found[setup] = json.dumps([flow, listed])
    return found


def read_tasks(document: str, where: str) -> list[int]:
    """Ids of ``task/list/...``."""
    return _ids(parse(document, "tasks", where), "task", "task_id", where)


def read_suite(document: str, where: str) -> list[int]:
    """Ids of the tasks of a suite, as ``study/ID`` has them."""
    listed = children(parse(document, "study", where), "tasks")
    return [
        number((each.text or "").strip(), "task_id", where)
        for element in listed
        for each in children(element, "task_id")
    ]


def read_measures(document: str, where: str) -> list[str]:
    """Names that ``evaluationmeasure/list`` has."""
    root = parse(document, "evaluation_measures", where)
    return [(each.text or "").strip() for each in root.iter() if name_of(each) == "measure"]


def _ids(root: Element, kind: str, name: str, where: str) -> list[int]:
    return [number(text(each, name), name, where) for each in children(root, kind)]
