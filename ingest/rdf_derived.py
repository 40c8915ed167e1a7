"""What MLSea-KG's dumps and ExeKG's pipelines leave unsaid in the graph's own terms, derived from what they say.

MLSea-KG's OpenML part has the shape of ML-Schema and MLSO (``docs/mlsea.md``): a run executes a flow, with its settings
as inputs, and each evaluation is a node. A dump of it gets, beside its triples, which stay as they are:

- of a task its type and procedure, from its MLSO type and the label of its evaluation procedure;
- of a run the value by each measure that OpenML's name stands for, and the pipeline that the flow with these settings
  is (``mkg:derivedPipeline``), one step under the flow's name;
- of a quality OpenML's name (``mkg:qualityName``), of which its label is a sentence.

ExeKG's executable pipelines (``ExeKGLib``) are chains of tasks, each with a method. One that trains a model becomes a
pipeline of one step: the method of its training, with the literals of task and method, and all the tasks in order.

Each graph says that this was derived: an activity of its own, by which every derived pipeline was generated.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ingest.records import UNKNOWN_PROCEDURE
from ingest.sklearn_objects import opaque_pipeline
from kg import iris
from kg.batch import Batch, Manifest
from kg.measure_names import normalise
from kg.pipeline import Pipeline
from kg.quads import nquads
from kg.vocabulary import DCTERMS, MLS, MLSO, PROV, RDF, RDFS, XSD, own_term

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["derive", "procedure_of"]

_EXEKG = "_exeKGOntology.ttl#"
_EXEKG_BASES = tuple(
    f"https://raw.githubusercontent.com/{owner}/ExeKGOntology/main/ds{_EXEKG}"
    for owner in ("nsai-uio", "boschresearch")
)
_FLOW, _MEASURE = f"{iris.OPENML}flow/", f"{iris.OPENML}evaluationMeasure/"
_CHARACTERISTIC = "/datasetCharacteristic/"

_TYPES = {
    "classification": "classification",
    "regression": "regression",
    "clustering": "clustering",
    "survival": "survival_analysis",
    "forecast": "forecasting",
    "anomaly": "anomaly_detection",
}
"""Words in the names of MLSO's types of tasks."""

_MOST_TASKS = 10_000
"""Tasks of one executable pipeline."""


def derive(raw: pyoxigraph.Store, graph: Any, manifest: Manifest) -> int:
    """Add to a graph of a file what can be derived of it; returns the number of triples that are new.

    Parameters
    ----------
    raw
        The file, changed in place.
    graph
        Of it, as a pyoxigraph term.
    manifest
        Under which the graph goes into the store.
    """
    import pyoxigraph as ox

    view = _View(raw, graph)
    found = list(_of_mlsea(view))
    pipelines = {**_flows(view), **_executable(view)}
    for subject, predicate, pipeline in ((*key, value) for key, value in pipelines.items()):
        found.append((subject, predicate, ox.NamedNode(pipeline.iri)))
    if not found:
        return 0
    activity = ox.NamedNode(f"{manifest.graph}/derivation")
    found += [
        (activity, f"{RDF}type", ox.NamedNode(f"{PROV}Activity")),
        (activity, f"{RDFS}label", ox.Literal("derived by metakg from what the file says; not in the file")),
    ]
    for iri in {pipeline.iri for pipeline in pipelines.values()}:
        found.append((ox.NamedNode(iri), f"{PROV}wasGeneratedBy", activity))
    quads = [ox.Quad(subject, ox.NamedNode(predicate), value, graph) for subject, predicate, value in found]
    quads += _described(manifest, set(pipelines.values()), graph)
    new = [quad for quad in set(quads) if quad not in raw]
    raw.extend(new)
    return len(new)


class _View:
    """One graph of a file."""

    def __init__(self, raw: pyoxigraph.Store, graph: Any) -> None:
        self._raw, self._graph = raw, graph

    def pairs(self, predicate: str) -> Iterator[tuple[Any, Any]]:
        """Subjects and objects of a property."""
        import pyoxigraph as ox

        quads = self._raw.quads_for_pattern(None, ox.NamedNode(predicate), None, self._graph)
        return ((quad.subject, quad.object) for quad in quads)

    def about(self, subject: Any) -> list[tuple[str, Any]]:
        """Properties and objects of a subject."""
        quads = self._raw.quads_for_pattern(subject, None, None, self._graph)
        return sorted(((quad.predicate.value, quad.object) for quad in quads), key=str)


def _of_mlsea(view: _View) -> Iterator[tuple[Any, str, Any]]:
    import pyoxigraph as ox

    known = {task for task, _ in view.pairs(own_term("taskType"))}
    for task, kind in view.pairs(f"{MLSO}hasTaskType"):
        if _value(task).startswith(iris.OPENML) and task not in known:
            yield task, own_term("taskType"), ox.Literal(_task_type(_value(kind)))
    yield from _procedures(view)
    named = {quality for quality, _ in view.pairs(own_term("qualityName"))}
    for _, quality in view.pairs(f"{MLS}hasQuality"):
        iri = _value(quality)
        if iri.startswith(iris.OPENML) and _CHARACTERISTIC in iri and quality not in named:
            name = unquote(iri.rpartition(_CHARACTERISTIC)[2])
            if (f"{RDFS}label", name) not in [(each, _value(term)) for each, term in view.about(quality)]:
                yield quality, own_term("qualityName"), ox.Literal(name)
    yield from _values(view)


def _task_type(kind: str) -> str:
    name = re.split("[#/]", kind)[-1].lower()
    return next((found for word, found in _TYPES.items() if word in name), "other")


def _procedures(view: _View) -> Iterator[tuple[Any, str, Any]]:
    import pyoxigraph as ox

    known = {task for task, _ in view.pairs(own_term("procedure"))}
    labels = dict(view.pairs(f"{RDFS}label"))
    types = dict(view.pairs(f"{MLSO}hasEvaluationProcedureType"))
    parts: dict[Any, list[Any]] = defaultdict(list)
    for specification, part in view.pairs(f"{MLS}hasPart"):
        parts[specification].append(part)
    for specification, task in view.pairs(f"{MLS}defines"):
        if not _value(task).startswith(iris.OPENML) or task in known:
            continue
        found = [
            part for part in parts[specification] if part in types or "/evaluationProcedure/" in _value(part)
        ]
        keys = {procedure_of(_value(labels.get(part)), _value(types.get(part))) for part in found}
        key = keys.pop() if len(keys) == 1 else UNKNOWN_PROCEDURE
        known.add(task)
        yield task, own_term("procedure"), ox.NamedNode(iris.procedure(key))
    for task, _ in view.pairs(f"{MLSO}hasTaskType"):
        if _value(task).startswith(iris.OPENML) and task not in known:
            yield task, own_term("procedure"), ox.NamedNode(iris.procedure(UNKNOWN_PROCEDURE))


def procedure_of(label: str, kind: str = "") -> str:
    """Key of an estimation procedure by OpenML's name of it, and MLSO's type.

    >>> procedure_of("10-fold Crossvalidation"), procedure_of("5 times 2-fold Crossvalidation")
    ('10-fold-cv', '5x2-fold-cv')
    >>> procedure_of("33% Holdout set"), procedure_of("crossvalidation")
    ('33-percent-holdout', 'unspecified')
    """
    text = label.lower()
    if folds := re.search(r"(?:(\d+) times )?(\d+)-fold cross-?validation", text):
        times, number = folds.groups()
        return f"{times}x{number}-fold-cv" if times and times != "1" else f"{number}-fold-cv"
    if share := re.search(r"(\d+)\s*% holdout", text):
        return f"{share.group(1)}-percent-holdout"
    if re.search(r"leave[ -]one[ -]out", text):
        return "leave-one-out"
    return "holdout" if "holdout" in text or "holdout" in kind.lower() else UNKNOWN_PROCEDURE


def _values(view: _View) -> Iterator[tuple[Any, str, Any]]:
    """Values of runs, as shortcuts of their evaluations."""
    import pyoxigraph as ox

    measures = {
        node: name for node, name in view.pairs(f"{MLS}specifiedBy") if _value(name).startswith(_MEASURE)
    }
    if not measures:
        return
    values = dict(view.pairs(f"{MLS}hasValue"))
    used: dict[tuple[Any, str], Any] = {}
    stated: dict[str, set[Any]] = {}
    for run, evaluation in sorted(view.pairs(f"{MLS}hasOutput"), key=str):
        name, number = _value(measures.get(evaluation)), _number(values.get(evaluation))
        if not name.startswith(_MEASURE) or number is None:
            continue
        reading = normalise(unquote(name.removeprefix(_MEASURE)), "openml")
        if reading is None:
            continue
        measure = reading.measure
        if measure.iri not in stated:
            stated[measure.iri] = {run for run, _ in view.pairs(measure.iri)}
            yield ox.NamedNode(measure.iri), f"{RDF}type", ox.NamedNode(f"{MLS}EvaluationMeasure")
            yield ox.NamedNode(measure.iri), f"{RDFS}label", ox.Literal(measure.key)
        if run not in stated[measure.iri] and (run, measure.iri) not in used:
            used[run, measure.iri] = number
            text = repr(reading.value(number))
            yield run, measure.iri, ox.Literal(text, datatype=ox.NamedNode(f"{XSD}double"))


def _flows(view: _View) -> dict[tuple[Any, str], Pipeline]:
    """Pipelines that runs of flows are, by the run and the property that says so."""
    canonical = {pipeline for pipeline, _ in view.pairs(own_term("canonical"))}
    runs = {
        run: flow
        for run, flow in view.pairs(f"{MLS}executes")
        if _value(flow).startswith(_FLOW) and flow not in canonical
    }
    if not runs:
        return {}
    titles = dict(view.pairs(f"{DCTERMS}title"))
    specified, values = dict(view.pairs(f"{MLS}specifiedBy")), dict(view.pairs(f"{MLS}hasValue"))
    settings: dict[Any, dict[str, Any]] = {run: {} for run in runs}
    for run, given in view.pairs(f"{MLS}hasInput"):
        hyperparameter = specified.get(given)
        if run in runs and hyperparameter is not None and given in values:
            name = unquote(_value(hyperparameter).rpartition("/hyperParameter/")[2])
            settings[run][name] = _setting(values[given].value)
    found = {}
    for run, flow in runs.items():
        title = _value(titles.get(flow)) or f"OpenML flow {_value(flow).removeprefix(_FLOW)}"
        name = re.sub(r"\(\d+\)$", "", title.strip())
        found[run, own_term("derivedPipeline")] = opaque_pipeline(name, settings[run])
    return found


def _setting(text: str) -> Any:
    """Value of a setting: OpenML writes text as JSON does."""
    if text[:1] == '"':
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text  # text that merely begins with a mark
    return text


def _executable(view: _View) -> dict[tuple[Any, str], Pipeline]:
    """Pipelines of ExeKG that train a model."""
    starts = [pair for base in _EXEKG_BASES for pair in view.pairs(f"{base}hasStartTask")]
    if not starts:
        return {}
    following = {task: then for base in _EXEKG_BASES for task, then in view.pairs(f"{base}hasNextTask")}
    kinds: dict[Any, str] = {}
    for subject, kind in sorted(view.pairs(f"{RDF}type"), key=str):
        if _EXEKG in _value(kind):
            kinds.setdefault(subject, _value(kind))
    found = {}
    for pipeline, first in starts:
        order: dict[Any, None] = {}
        task = first
        while task is not None and task not in order and len(order) < _MOST_TASKS:
            order[task] = None
            task = following.get(task)
        chain = [_task(view, each, kinds) for each in order]
        trained = [(method, parameters) for kind, method, parameters in chain if kind == "Train" and method]
        if len(trained) == 1:
            method, parameters = trained[0]
            tasks = [[kind, method, parameters] if method else [kind] for kind, method, parameters in chain]
            steps = json.dumps(tasks, sort_keys=True, separators=(",", ":"))
            found[pipeline, own_term("derivedPipeline")] = opaque_pipeline(
                method, {**parameters, "tasks": steps}
            )
    return found


def _task(view: _View, task: Any, kinds: dict[Any, str]) -> tuple[str, str, dict[str, Any]]:
    """Kind of a task, its method, and the literals of both."""
    import pyoxigraph as ox

    parameters: dict[str, Any] = {}
    method = ""
    nodes = [task]
    for predicate, value in view.about(task):
        if re.search(f"{re.escape(_EXEKG)}has\\w*Method$", predicate) and value in kinds:
            method = kinds[value].rpartition("#")[2]
            nodes.append(value)
    for node in nodes:
        for predicate, value in view.about(node):
            if isinstance(value, ox.Literal) and _EXEKG in predicate:
                parameters[predicate.rpartition("#")[2]] = value.value
    return kinds.get(task, _value(task)).rpartition("#")[2], method, parameters


def _described(manifest: Manifest, pipelines: set[Pipeline], graph: Any) -> list[Any]:
    """Quads that describe pipelines, as those of a batch are."""
    import polars as pl
    import pyoxigraph as ox

    rows = [(each.iri, each.title, each.canonical()) for each in pipelines]
    if not rows:
        return []
    frame = pl.DataFrame(rows, schema=["pipeline", "title", "canonical"], orient="row")
    text = b"".join(nquads(Batch(manifest, pipelines=frame)))
    quads = ox.parse(text, format=ox.RdfFormat.N_QUADS)
    return [ox.Quad(quad.subject, quad.predicate, quad.object, graph) for quad in quads]


def _value(term: Any) -> str:
    return getattr(term, "value", "") if term is not None else ""


def _number(term: Any) -> float | None:
    """Finite number of a literal; None of any other, such as the scores of single classes."""
    try:
        number = float(_value(term))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
