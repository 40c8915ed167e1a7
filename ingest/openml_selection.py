"""Which part of OpenML is read: what a person asked for, and the names that it has in the graph."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ingest.openml_client import PUBLIC
from kg.errors import SourceError

__all__ = ["FUNCTIONS", "Selection", "selected"]

FUNCTIONS = (
    "predictive_accuracy",
    "area_under_roc_curve",
    "f_measure",
    "root_mean_squared_error",
    "mean_absolute_error",
    "wall_clock_time_millis",
    "wall_clock_time_millis_training",
    "wall_clock_time_millis_testing",
    "usercpu_time_millis",
    "usercpu_time_millis_training",
    "usercpu_time_millis_testing",
)
"""Measures that are read unless others are named; of clocks the first that a run has counts."""

OF_REGRESSION = frozenset({"root_mean_squared_error", "mean_absolute_error"})
"""Of classifications OpenML has these too, of the classes' probabilities: read only where they are named."""

_LONGEST_VERSION = 80


@dataclass(frozen=True)
class Selection:
    """What is read: evaluations by ``functions`` of runs on ``tasks`` (also those of suites and datasets), of ``flows``
    and by ``uploaders``; of a kind that is not named, all.

    Attributes
    ----------
    functions
        OpenML's names of measures; empty for :data:`FUNCTIONS`.
    limit
        Runs that the graph gets at most.
    per_fold
        Whether the values of folds are read too, as series.
    """

    suites: tuple[int, ...] = ()
    tasks: tuple[int, ...] = ()
    flows: tuple[int, ...] = ()
    datasets: tuple[int, ...] = ()
    uploaders: tuple[int, ...] = ()
    functions: tuple[str, ...] = ()
    limit: int | None = None
    per_fold: bool = False
    server: str = PUBLIC

    @property
    def measures(self) -> tuple[str, ...]:
        """Functions that are read, in this order."""
        return self.functions or FUNCTIONS

    @property
    def by_task(self) -> bool:
        """Whether it is of some tasks only."""
        return bool(self.suites or self.tasks or self.datasets)

    @property
    def version(self) -> str:
        """Version of the source, which names the graph: ``suite-99``, ``task-3-31_flow-8353``, ``all``."""
        kinds = ("suites", "tasks", "datasets", "flows", "uploaders")
        words = [
            f"{kind.removesuffix('s')}-" + "-".join(map(str, ids))
            for kind in kinds
            if (ids := getattr(self, kind))
        ]
        text = "_".join(words) or "all"
        if len(text) > _LONGEST_VERSION:
            text = f"{text[:40].rstrip('-_')}-and-more-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        place = urlsplit(self.server)
        if place.hostname != urlsplit(PUBLIC).hostname:
            text += "_at-" + re.sub(r"[^\w.]+", "-", place.netloc)
        return text

    @property
    def title(self) -> str:
        """For people."""
        words = []
        for kind in ("suites", "tasks", "datasets", "flows", "uploaders"):
            ids = getattr(self, kind)
            if ids:
                shown = ", ".join(map(str, ids[:10])) + (
                    f" and {len(ids) - 10} more" if len(ids) > 10 else ""
                )
                words.append(f"{kind if len(ids) > 1 else kind.removesuffix('s')} {shown}")
        return "OpenML: runs of " + "; ".join(words) if words else "OpenML: all runs"


def selected(
    *,
    everything: bool = False,
    function: str | Sequence[str] = (),
    limit: int | None = None,
    per_fold: bool = False,
    server: str = PUBLIC,
    **ids: int | Sequence[int],
) -> Selection:
    """Selection of what a person asked for; ``ids`` are one or several of suite, task, flow, dataset and uploader.

    Raises
    ------
    SourceError
        If nothing is asked for, or an id is no id.
    """
    chosen = {f"{kind}s": _ids(kind, given) for kind, given in ids.items()}
    named = any(chosen.values())
    if named == everything:
        raise SourceError(
            "openml: name suites, tasks, flows, datasets or uploaders, or ask for everything"
            + (", not both" if named else " (--all; in Python everything=True): ten million evaluations")
        )
    functions = (function,) if isinstance(function, str) else tuple(function)
    for name in functions:
        if not re.fullmatch(r"\w+", name):
            raise SourceError(
                f"openml: function {name!r} is no name of a measure, such as predictive_accuracy"
            )
    if limit is not None and limit < 1:
        raise SourceError(f"openml: limit is {limit}: give a number of runs, or leave it out")
    if per_fold and everything and limit is None:
        raise SourceError(
            "openml: the server gives the values of folds for some runs at a time only: name tasks or flows, or give "
            "a limit"
        )
    return Selection(
        **chosen,
        functions=tuple(dict.fromkeys(functions)),
        limit=limit,
        per_fold=per_fold,
        server=server.strip().rstrip("/"),
    )


def _ids(kind: str, given: int | Sequence[int]) -> tuple[int, ...]:
    listed = [given] if isinstance(given, int | str) else list(given)
    for each in listed:
        if isinstance(each, bool) or not re.fullmatch(r"[1-9]\d{0,17}", str(each)):
            raise SourceError(f"openml: {kind} {each!r} is no id: give numbers, such as {kind}=99")
    return tuple(sorted({int(each) for each in listed}))
