"""From the scikit-learn that a pipeline was run with to the installed one (≥ 1.8).

Sources date back to scikit-learn 0.19. Parameters that were renamed, removed or deprecated since then are
translated here, so that a pipeline builds without deprecation warnings and does what it did wherever
scikit-learn still can:

- ``LogisticRegression(penalty=...)`` → ``l1_ratio`` (``penalty=None`` → ``C=inf``); with
  ``solver="liblinear"`` or ``multi_class="ovr"`` and more than two classes → ``OneVsRestClassifier``;
- ``PassiveAggressiveClassifier(C=..., loss=...)`` → ``SGDClassifier(learning_rate="pa1" or "pa2", eta0=C)``;
- ``AdaBoostClassifier(algorithm=...)``: only SAMME is left (SAMME.R was the default before 1.6 and may score
  differently);
- ``QuadraticDiscriminantAnalysis`` refuses collinear columns (one-hot encoded ones always are), where older
  versions only warned: a regularisation of 1e-6 lets it run;
- ``SVC(probability=...)`` does not touch predictions and is dropped;
- ``SelectKBest(k="25%")`` and ``PCA(n_components="25%")`` → that share of the table's columns as they were
  before encoding, rounded down (so TensorOboe used them), at least one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embeddings.components import closest, parameter_names
from kg.errors import PipelineError

__all__ = ["NEUTRAL", "Translation", "translate"]

NEUTRAL = frozenset(
    {"n_jobs", "verbose", "random_state", "warm_start", "copy", "copy_X", "cache_size", "dtype"}
)
"""Parameters about how a run is carried out, not about what is learned; the seed is the caller's."""

_REMOVED: Mapping[str, frozenset[str]] = {
    "AdaBoostClassifier": frozenset({"algorithm"}),
    "GradientBoostingClassifier": frozenset({"criterion", "presort"}),
    "DecisionTreeClassifier": frozenset({"presort"}),
    "SVC": frozenset({"probability"}),
    "NuSVC": frozenset({"probability"}),
}
_RENAMED: Mapping[tuple[str, str], str] = {
    ("OneHotEncoder", "sparse"): "sparse_output",
    ("SGDClassifier", "n_iter"): "max_iter",
    ("Perceptron", "n_iter"): "max_iter",
}
_REVALUED: Mapping[tuple[str, str, object], object] = {
    ("GradientBoostingClassifier", "loss", "deviance"): "log_loss",
    ("HistGradientBoostingClassifier", "loss", "auto"): "log_loss",
    ("SGDClassifier", "loss", "log"): "log_loss",
    ("SGDClassifier", "penalty", "none"): None,
    ("Perceptron", "penalty", "none"): None,
    **{
        (name, "max_features", "auto"): "sqrt"
        for name in (
            "DecisionTreeClassifier",
            "ExtraTreeClassifier",
            "ExtraTreesClassifier",
            "GradientBoostingClassifier",
            "RandomForestClassifier",
        )
    },
    # canonical pipelines write 1.0 as 1, which these parameters would take as a count
    ("HistGradientBoostingClassifier", "max_features", 1): 1.0,
    **{
        (name, "min_samples_split", 1): 1.0
        for name in (
            "DecisionTreeClassifier",
            "ExtraTreeClassifier",
            "ExtraTreesClassifier",
            "GradientBoostingClassifier",
            "RandomForestClassifier",
        )
    },
}

_SHARES: Mapping[str, str] = {"PCA": "n_components", "SelectKBest": "k"}


@dataclass(frozen=True)
class Translation:
    """A component as the installed scikit-learn knows it.

    Attributes
    ----------
    component
        Public path of the class.
    parameters
        Keyword arguments for its constructor.
    one_vs_rest
        Whether one copy per class is to be fitted (``OneVsRestClassifier``).
    """

    component: str
    parameters: dict[str, Any]
    one_vs_rest: bool = False


def translate(
    component: str, parameters: Mapping[str, Any], *, n_classes: int, n_columns: int
) -> Translation:
    """Translate one step to the installed scikit-learn, for a table of ``n_columns`` features.

    Raises
    ------
    PipelineError
        If a parameter is neither known now nor was known before.
    """
    name = component.rpartition(".")[2]
    kept: dict[str, Any] = {}
    for given, value in sorted(parameters.items()):
        if given in NEUTRAL or given in _REMOVED.get(name, ()):
            continue
        parameter = _RENAMED.get((name, given), given)
        kept[parameter] = _revalued(name, parameter, value)
    if name == "LogisticRegression":
        translation = _logistic_regression(component, kept, n_classes)
    elif name == "PassiveAggressiveClassifier":
        translation = _passive_aggressive(kept)
    elif name == "QuadraticDiscriminantAnalysis" and not kept.get("reg_param") and "solver" not in kept:
        translation = Translation(component, kept | {"reg_param": 1e-6, "tol": 0})
    elif (share := _SHARES.get(name)) and isinstance(kept.get(share), str) and kept[share].endswith("%"):
        kept[share] = _share(component, share, kept[share], n_columns)
        translation = Translation(component, kept)
    else:
        translation = Translation(component, kept)
    _check_names(component, translation)
    return translation


def _revalued(name: str, parameter: str, value: Any) -> Any:
    if isinstance(value, bool):  # True == 1 as a dictionary key, and is no count
        return value
    return _REVALUED.get((name, parameter, value), value)


def _check_names(component: str, translation: Translation) -> None:
    known = parameter_names(translation.component) - {"estimator"}
    for parameter in translation.parameters:
        if parameter not in known:
            raise PipelineError(
                f"{component} has no parameter {parameter!r}; {closest(parameter, known - NEUTRAL)} "
                "Mend the pipeline, or leave the parameter out"
            )


def _logistic_regression(component: str, parameters: dict[str, Any], n_classes: int) -> Translation:
    given = dict(parameters)
    penalty = given.pop("penalty", "l2")
    multi_class = given.pop("multi_class", "auto")
    if penalty in (None, "none"):
        given["C"] = math.inf
        given.pop("l1_ratio", None)
    elif penalty == "l1":
        given["l1_ratio"] = 1.0
    elif penalty == "l2" and "penalty" in parameters:
        given.pop("l1_ratio", None)
    elif penalty not in ("l2", "elasticnet"):
        raise PipelineError(
            f"{component}: penalty {penalty!r} is unknown; allowed: 'l1', 'l2', 'elasticnet', null"
        )
    split = n_classes > 2 and (multi_class == "ovr" or given.get("solver") == "liblinear")
    return Translation(component, given, one_vs_rest=split)


def _passive_aggressive(parameters: dict[str, Any]) -> Translation:
    # scikit-learn 1.8, deprecation note of PassiveAggressiveClassifier: PA-I is hinge, PA-II squared hinge
    given = dict(parameters)
    squared = given.pop("loss", "hinge") == "squared_hinge"
    given |= {
        "loss": "hinge",
        "penalty": None,
        "learning_rate": "pa2" if squared else "pa1",
        "eta0": given.pop("C", 1.0),
    }
    return Translation("sklearn.linear_model.SGDClassifier", given)


def _share(component: str, parameter: str, text: str, n_columns: int) -> int:
    try:
        share = float(text[:-1]) / 100
    except ValueError:
        raise PipelineError(
            f"{component}: {parameter} {text!r} is no percentage; write it as '25%'"
        ) from None
    return max(1, int(share * n_columns))
