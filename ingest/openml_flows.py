"""OpenML's flows as pipelines: those of scikit-learn as the same node that the object is.

A flow document is read without the ``openml`` package, whose cache holds pickles. The format of parameter
values is that of openml-python's extension for scikit-learn (``openml/extensions/sklearn/extension.py`` in
0.15): each is JSON text, in which a step is a reference to a component of the flow. What a run does not set
has the value that the flow document states, which is the uploader's, not necessarily scikit-learn's default.

>>> flow = parse_flow(
...     '<oml:flow xmlns:oml="http://openml.org/openml"><oml:id>60</oml:id><oml:name>weka.J48</oml:name>'
...     "<oml:parameter><oml:name>C</oml:name><oml:default_value>0.25</oml:default_value></oml:parameter>"
...     "</oml:flow>"
... )
>>> pipeline_of_flow(flow, [Setting("C", "0.9", 60)]).title
'J48(C=0.9)'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ingest.arrangement import arrange, one_step
from ingest.components import Component
from ingest.json_values import restore
from ingest.openml_documents import FlowInfo, Setting, parse_flow, parse_settings
from ingest.openml_values import Values
from ingest.python_values import defaults_of_path
from ingest.sklearn_paths import public_path
from kg.errors import SourceError
from kg.pipeline import Pipeline

__all__ = ["FlowInfo", "Setting", "parse_flow", "parse_settings", "pipeline_of_flow", "title_of_flow"]

_PIPELINE = "sklearn.pipeline.Pipeline"
_GENERATOR_OF_R = frozenset({"openml.kind", "openml.normal.kind", "openml.sample.kind", "openml.seed"})
"""The random numbers of a run in R: not the model."""


def pipeline_of_flow(flow: FlowInfo, settings: Iterable[Setting] = ()) -> Pipeline:
    """Pipeline of a flow, run with settings.

    A flow of scikit-learn is arranged as :func:`ingest.sklearn_objects.pipeline_of` does with the object. Any
    other is one step with the flow's name, the settings that differ from the flow's defaults, and its
    components as canonical JSON.

    Parameters
    ----------
    settings
        Of a run or a setup (:func:`parse_settings`). One that names no flow belongs to the first component, in
        the order of the document, that has a parameter of that name, and to the flow itself if none has.

    Raises
    ------
    SourceError
        If a setting belongs to another flow, or the document refers to a component that it lacks, or twice to
        the same.
    """
    settled = _settled(flow, settings)
    return arrange(_sklearn(settled)) if flow.is_sklearn else one_step(_foreign(settled))


def title_of_flow(flow: FlowInfo, pipeline: Pipeline) -> str:
    """Short text for people: of a flow that is not scikit-learn's, its whole name and what was set.

    The last part of a name, which a pipeline's own title shows, is not what people know an R learner by
    (``mlr.classif.randomForest.filtered``).
    """
    if flow.is_sklearn:
        return pipeline.title
    step = pipeline.estimator
    return f"{step.component}{step.title.removeprefix(step.name)}"


def _settled(flow: FlowInfo, settings: Iterable[Setting]) -> FlowInfo:
    """The flow with its settings in ``values`` of each component."""
    flows = list(flow.walk())
    queues: dict[int, dict[str, list[str | None]]] = {each.id: {} for each in flows if each.id is not None}
    owners: dict[str, FlowInfo] = {}
    for each in flows:
        for name in each.parameters:
            owners.setdefault(name, each)
    loose: dict[int, dict[str, str | None]] = {}
    for setting in settings:
        if setting.flow is None:
            owner = owners.get(setting.name, flow)
            loose.setdefault(id(owner), {})[setting.name] = setting.value
        elif setting.flow in queues:
            queues[setting.flow].setdefault(setting.name, []).append(setting.value)
        else:
            raise SourceError(
                f"{flow.label}: setting {setting.name!r} belongs to flow {setting.flow}, which is not part of it; "
                "take the settings of a run of this flow"
            )

    def settle(each: FlowInfo) -> FlowInfo:
        values = dict(loose.get(id(each), {}))
        for name, queue in (queues[each.id] if each.id is not None else {}).items():
            # A component that a flow has twice has settings twice, in the order of the document.
            values[name] = queue.pop(0) if len(queue) > 1 else queue[0]
        return replace(
            each, values=values, components={key: settle(part) for key, part in each.components.items()}
        )

    return settle(flow)


def _sklearn(flow: FlowInfo) -> Component:
    path = public_path((flow.class_name or flow.name).partition("(")[0].strip())
    defaults = defaults_of_path(path)
    parts = {key: _part(part) for key, part in flow.components.items()}
    values = Values(flow.label, parts)
    parameters: dict[str, Any] = {}
    for name, text in {**flow.parameters, **flow.values}.items():
        value = values.read(text)
        # of a package that is not imported, null is what says nothing
        if value is not None or name in defaults:
            parameters[name] = value
    unused = values.unused()
    if path == _PIPELINE and "steps" not in parameters:
        parameters["steps"] = [[name, part] for name, part in unused.items()]
    else:
        parameters |= {name: part for name, part in unused.items() if parameters.get(name) is None}
    return Component(path, parameters, defaults)


def _part(flow: FlowInfo) -> Component | str:
    return flow.name if flow.name in ("drop", "passthrough") else _sklearn(flow)


def _foreign(flow: FlowInfo) -> Component:
    values = {name: _restored(text) for name, text in flow.values.items() if name not in _GENERATOR_OF_R}
    parts = {key: _foreign(part) for key, part in flow.components.items()}
    defaults = {name: (_restored(text),) for name, text in flow.parameters.items()}
    return Component(flow.name, {**values, **parts}, defaults)


def _restored(text: str | None) -> Any:
    return None if text is None else restore(text)
