"""One run as people write it down: an object of JSON, flat or nested.

>>> line = '{"dataset": "openml:31", "model": "SVC", "params": {"C": 2}, "metrics": {"accuracy": 0.75}, "seed": 1}'
>>> run = run_of_line(json.loads(line), "line-1", "runs.jsonl:1", lambda name: name == "accuracy")
>>> run.parameters, run.metrics
({'C': 2, 'dataset': 'openml:31', 'model': 'SVC', 'seed': 1}, {'accuracy': 0.75})
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ingest.moments import moment
from ingest.tracked import TrackedRun, flat
from ingest.wandb_run import number
from kg.errors import SourceError
from kg.pipeline import Pipeline

__all__ = ["KNOWN", "run_of_line"]

_PARAMETERS = ("params", "parameters", "hyperparameters", "config")
_METRICS = ("metrics", "scores", "results")
_HISTORY = ("history", "series")
_KEYS = ("id", "run_id", "run")
_CONTEXT = ("name", "user", "commit", "script", "host", "python", "platform")
_STATUS = {
    **dict.fromkeys(("finished", "completed", "complete", "done", "ok", "success", "succeeded"), "finished"),
    **dict.fromkeys(("failed", "error", "crashed", "killed", "timeout"), "failed"),
    **dict.fromkeys(("running", "queued", "pending"), "running"),
    "pruned": "pruned",
}
_METRIC = re.compile(r"(?i)train(ing)?[_/. ].*|(.*[_/. ])?loss")
"""Names of metrics, without an object ``metrics`` around them, that are no measure by which runs are compared."""

KNOWN = {"dataset", "model", "pipeline", "measure", *_PARAMETERS, *_METRICS}
"""Keys of which a run has at least one."""


def run_of_line(
    said: Mapping[str, Any], key: str, place: str, is_measure: Callable[[str], bool]
) -> TrackedRun:
    """Run of an object; ``key`` is for one that has none of its own.

    Raises
    ------
    PipelineError, SourceError
        If a part of it is not of the kind that its key promises.
    """
    rest = dict(said)
    parameters = _gathered(rest, _PARAMETERS)
    metrics = _gathered(rest, _METRICS)
    history = {name: list(_points(name, given)) for name, given in _gathered(rest, _HISTORY).items()}
    if isinstance(measure := rest.pop("measure", rest.pop("metric", None)), str):
        metrics[measure] = rest.pop("value", None)
    word = str(rest.pop("status", "failed" if rest.get("error") else "finished"))
    if (status := _STATUS.get(word.lower())) is None:
        raise SourceError(f"status {word!r} is unknown: say finished, failed, pruned or running")
    error = rest.pop("error", None)
    fields: dict[str, Any] = {
        "key": str(next((rest.pop(name) for name in _KEYS if rest.get(name) is not None), key)),
        "experiment": str(rest.pop("experiment", rest.pop("project", ""))),
        "error": (str(error) if error else "its line says no more than that it failed")
        if status == "failed"
        else None,
        "error_type": _text(rest.pop("error_type", None)),
        "parent": _text(rest.pop("parent", None)),
        "started": moment(rest.pop("started", rest.pop("start_time", None))),
        "ended": moment(rest.pop("ended", rest.pop("end_time", None))),
        "context": {name: _text(rest.pop(name, None)) for name in _CONTEXT},
        "tags": _tags(rest.pop("tags", {})),
    }
    pipeline = None
    for name in ("pipeline", "model"):
        if isinstance(model := rest.get(name), Mapping):
            del rest[name]
            if "steps" in model:
                pipeline = Pipeline.from_canonical(json.dumps(model))
            else:
                own = dict(model)
                parameters |= _gathered(own, _PARAMETERS)
                rest[name] = own.pop("class", None) or own.pop("name", None)
                parameters |= own
    for name, value in list(rest.items()):
        if (is_measure(name) or _METRIC.fullmatch(name)) and number(value) is not None:
            metrics[name] = rest.pop(name)
    if isinstance(rest.get("dataset"), Mapping):
        inner = rest.pop("dataset")
        rest["dataset"] = inner.get("openml_id") or inner.get("name") or inner.get("id")
    return TrackedRun(
        place=place,
        status=status,
        parameters=flat({**parameters, **rest}),
        metrics={**{name: pairs[-1][1] for name, pairs in history.items() if pairs}, **flat(metrics)},
        history=history,
        pipeline=pipeline,
        **fields,
    )


def _gathered(rest: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Take what stands under one of the names, nested (``params``) or flat (``params.C``, ``params/C``)."""
    found: dict[str, Any] = {}
    for name in list(rest):
        before, mark, after = name.partition("." if "." in name else "/")
        if before in names and mark and after:
            found[after] = rest.pop(name)
        elif name in names and rest[name] is not None:
            given = rest.pop(name)
            if not isinstance(given, Mapping):
                raise SourceError(f"{name} is {given!r:.60}, not an object of names and values")
            found |= given
    return found


def _points(name: str, given: Any) -> Iterator[tuple[float, float]]:
    """Values one after the other, or pairs of position and value."""
    if not isinstance(given, list):
        raise SourceError(f"the series {name!r} is no list")
    for place, item in enumerate(given):
        pair = item if isinstance(item, list) and len(item) == 2 else [place, item]
        at, value = (number(each) for each in pair)
        if at is None or value is None:
            raise SourceError(
                f"the series {name!r} has {item!r:.60}, which is neither a number nor a pair of numbers"
            )
        yield at, value


def _tags(given: Any) -> dict[str, str]:
    if isinstance(given, list):
        return {"tags": ", ".join(map(str, given))}
    if not isinstance(given, Mapping):
        return {"tags": str(given)}
    return {str(name): str(value) for name, value in given.items()}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
