"""What W&B keeps of a run, by its own file, its folder or an export alike, as a tracked run.

Names that begin with ``_`` are W&B's own; of its summary, the numbers are metrics, and texts are tags. A run without a
parent of its own is a part of its sweep or group only in name: these are tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from ingest.records import Artefact
from ingest.tracked import TrackedRun, flat

__all__ = ["WandbRun", "about_machine", "number", "tracked"]

_STATUS = {"finished": "finished", "failed": "failed", "crashed": "failed", "killed": "failed"}
_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_LONGEST = 10_000


@dataclass
class WandbRun:
    """One run: W&B's words for it. ``state`` is finished, failed, crashed, killed, or any other for running."""

    key: str
    place: str
    project: str = ""
    name: str | None = None
    state: str = "running"
    error: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    context: dict[str, str | None] = field(default_factory=dict)
    artefacts: list[Artefact] = field(default_factory=list)


def number(value: Any) -> float | None:
    """Number that a metric's value is, NaN and infinity as W&B writes them included; None if it is none."""
    if isinstance(value, str):
        return _NUMBERS.get(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def tracked(run: WandbRun) -> TrackedRun:
    """The run in the terms of all trackers. The history goes by epochs if each entry has a later one, else by steps.

    Raises
    ------
    SourceError
        If the configuration is nested too deeply.
    """
    axis = "epoch" if _counts_up(run.history, "epoch") else "_step"
    history: dict[str, list[tuple[float, float]]] = {}
    for place, row in enumerate(run.history):
        at = number(row.get(axis))
        for name, value in flat(row).items():
            found = number(value)
            if found is not None and not name.startswith("_"):
                history.setdefault(name, []).append((float(place if at is None else at), found))
    last = {name: pairs[-1][1] for name, pairs in history.items()}
    summary = {name: value for name, value in flat(run.summary).items() if not name.startswith("_")}
    metrics = {name: found for name, value in summary.items() if (found := number(value)) is not None}
    said = {
        name: str(value)[:_LONGEST]
        for name, value in summary.items()
        if name not in metrics and value is not None
    }
    status = _STATUS.get(run.state.lower(), "running")
    return TrackedRun(
        key=run.key,
        place=run.place,
        experiment=run.project or "uncategorized",
        parameters=flat({name: value for name, value in run.config.items() if not name.startswith("_")}),
        metrics={**last, **metrics},
        history=history,
        axis=axis.lstrip("_"),
        tags={**said, **run.tags},
        status=status,
        error=(run.error or f"W&B says no more than that it {run.state.lower()}")
        if status == "failed"
        else None,
        started=run.started,
        ended=run.ended,
        context={**run.context, "name": run.name},
        artefacts=run.artefacts,
    )


def _counts_up(history: list[dict[str, Any]], name: str) -> bool:
    found = [number(row.get(name)) for row in history]
    pairs = pairwise(found)
    return None not in found and all(
        one < other for one, other in pairs if one is not None and other is not None
    )


def about_machine(about: Mapping[str, Any]) -> dict[str, str | None]:
    """Context of a run by W&B's ``wandb-metadata.json``."""
    git = about.get("git")
    said = {
        "host": about.get("host"),
        "platform": about.get("os"),
        "python": about.get("python"),
        "script": about.get("program") or about.get("codePath"),
        "user": about.get("username"),
        "commit": git.get("commit") if isinstance(git, Mapping) else None,
    }
    return {name: value for name, value in said.items() if isinstance(value, str)}
