"""One spelling for what scikit-learn's releases spell differently: that of the sources in the graph.

The reverse of ``embeddings.translation``, so that a pipeline that was built for the installed release comes
back as the one that it was built from. Its three repairs are undone too:

- ``LogisticRegression(l1_ratio=1)`` is ``penalty="l1"``, ``C=inf`` is ``penalty=None``; one of ``liblinear``
  within a ``OneVsRestClassifier`` is what ``liblinear`` always did with more than two classes;
- ``SGDClassifier(learning_rate="pa1" or "pa2", eta0=C)`` is ``PassiveAggressiveClassifier(C=...)``;
- ``QuadraticDiscriminantAnalysis(reg_param=1e-6, tol=0)`` is one without regularisation that runs.

Functions that select features go by their name alone (``SelectKBest(score_func="chi2")``), as TensorOboe's do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ingest.components import Component
from ingest.python_values import defaults_of_path

__all__ = ["modern"]

_LINEAR = "sklearn.linear_model."
_SELECTION = "sklearn.feature_selection."
_FORESTS = ("ExtraTreesClassifier", "RandomForestClassifier")
_TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier", *_FORESTS, "GradientBoostingClassifier")

_RENAMED: Mapping[tuple[str, str], str] = {
    **{
        (name, "base_estimator"): "estimator"
        for name in (
            "AdaBoostClassifier",
            "AdaBoostRegressor",
            "BaggingClassifier",
            "BaggingRegressor",
            "CalibratedClassifierCV",
            "ClassifierChain",
            "RANSACRegressor",
            "RegressorChain",
            "SelfTrainingClassifier",
        )
    },
    ("Perceptron", "n_iter"): "max_iter",
    ("SGDClassifier", "n_iter"): "max_iter",
}
_REVALUED: Mapping[tuple[str, str, str], object] = {
    ("GradientBoostingClassifier", "loss", "deviance"): "log_loss",
    ("HistGradientBoostingClassifier", "loss", "auto"): "log_loss",
    ("HistGradientBoostingClassifier", "loss", "binary_crossentropy"): "log_loss",
    ("Perceptron", "penalty", "none"): None,
    ("SGDClassifier", "loss", "log"): "log_loss",
    ("SGDClassifier", "penalty", "none"): None,
    ("SVC", "gamma", "auto_deprecated"): "auto",
    **{(name, "max_features", "auto"): "sqrt" for name in _TREES},
    **{(name, "max_features", "auto"): 1.0 for name in ("ExtraTreesRegressor", "RandomForestRegressor")},
}


def modern(component: Component) -> Component:
    """The component in the one spelling; itself if it is spelled so, or is not scikit-learn's."""
    if not component.path.startswith("sklearn."):
        return component
    name = component.path.rpartition(".")[2]
    parameters: dict[str, Any] = {}
    for given, value in component.parameters.items():
        parameter = _RENAMED.get((name, given), given)
        if parameter != given and (
            value in (None, "deprecated", "warn") or component.parameters.get(parameter)
        ):
            continue
        if isinstance(value, str):
            if parameter == "score_func":
                value = value.removeprefix(_SELECTION)
            value = _REVALUED.get((name, parameter, value), value)
        parameters[parameter] = value
    defaults = component.defaults
    if "score_func" in defaults:
        usual = tuple(str(value).removeprefix(_SELECTION) for value in defaults["score_func"])
        defaults = {**defaults, "score_func": usual}
    component = replace(component, parameters=parameters, defaults=defaults)
    repair = _REPAIRS.get(component.path)
    return component if repair is None else repair(component)


def _penalised(component: Component) -> Component:
    kept = dict(component.parameters)
    penalty = kept.pop("penalty", "deprecated")
    ratio = kept.pop("l1_ratio", None)
    if penalty in ("deprecated", "warn"):
        if kept.get("C") == math.inf:
            penalty = None
        else:
            penalty = "l1" if ratio == 1 else "elasticnet" if ratio else "l2"
    if penalty in (None, "none"):
        kept.pop("C", None)
        penalty = None
    elif penalty == "elasticnet":
        kept["l1_ratio"] = ratio
    return replace(component, parameters={**kept, "penalty": penalty})


def _passive_aggressive(component: Component) -> Component:
    given = dict(component.parameters)
    if given.get("learning_rate") not in ("pa1", "pa2"):
        return component
    if given.get("loss", "hinge") != "hinge" or given.get("penalty", "l2") is not None:
        return component
    path = _LINEAR + "PassiveAggressiveClassifier"
    defaults = defaults_of_path(path)
    squared = given.pop("learning_rate") == "pa2"
    given |= {"C": given.pop("eta0", 0.01), "loss": "squared_hinge" if squared else "hinge"}
    known = {*defaults, "C", "loss"}
    return Component(path, {name: value for name, value in given.items() if name in known}, defaults)


def _regularised(component: Component) -> Component:
    given = component.parameters
    if given.get("reg_param") != 1e-6 or given.get("tol") != 0:
        return component
    kept = {name: value for name, value in given.items() if name not in ("reg_param", "tol")}
    return replace(component, parameters=kept)


def _one_vs_rest(component: Component) -> Component:
    inner = component.parameters.get("estimator")
    if not isinstance(inner, Component) or inner.path != _LINEAR + "LogisticRegression":
        return component
    return modern(inner) if inner.parameters.get("solver") == "liblinear" else component


_REPAIRS: Mapping[str, Callable[[Component], Component]] = {
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": _regularised,
    "sklearn.linear_model.LogisticRegression": _penalised,
    "sklearn.linear_model.SGDClassifier": _passive_aggressive,
    "sklearn.multiclass.OneVsRestClassifier": _one_vs_rest,
}
