"""The allow-list: scikit-learn classes that a pipeline of the graph may become, and slots they may fill.

A component is named by its public path (``sklearn.svm.SVC``). What is not listed here is never imported,
whatever a graph or a file says: :func:`resolve` looks a path up in a table of constants.

>>> resolve("sklearn.svm.SVC").__name__
'SVC'
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from kg.errors import PipelineError

__all__ = [
    "COMPONENTS",
    "FUNCTIONS",
    "closest",
    "import_path",
    "parameter_names",
    "resolve",
    "resolve_function",
]

_IMPUTERS = {"sklearn.impute": ("SimpleImputer", "KNNImputer")}
_ENCODERS = {"sklearn.preprocessing": ("OneHotEncoder", "OrdinalEncoder")}
_SCALERS = {
    "sklearn.preprocessing": (
        "KBinsDiscretizer",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "PowerTransformer",
        "QuantileTransformer",
        "RobustScaler",
        "StandardScaler",
    ),
}
_REDUCERS = {
    "sklearn.decomposition": ("PCA", "TruncatedSVD"),
    "sklearn.feature_selection": ("SelectKBest", "SelectPercentile", "VarianceThreshold"),
}
_CLASSIFIERS = {
    "sklearn.discriminant_analysis": ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.ensemble": (
        "AdaBoostClassifier",
        "BaggingClassifier",
        "ExtraTreesClassifier",
        "GradientBoostingClassifier",
        "HistGradientBoostingClassifier",
        "RandomForestClassifier",
    ),
    "sklearn.linear_model": (
        "LogisticRegression",
        "PassiveAggressiveClassifier",
        "Perceptron",
        "RidgeClassifier",
        "SGDClassifier",
    ),
    "sklearn.naive_bayes": ("BernoulliNB", "ComplementNB", "GaussianNB", "MultinomialNB"),
    "sklearn.neighbors": ("KNeighborsClassifier", "NearestCentroid"),
    "sklearn.neural_network": ("MLPClassifier",),
    "sklearn.svm": ("LinearSVC", "NuSVC", "SVC"),
    "sklearn.tree": ("DecisionTreeClassifier", "ExtraTreeClassifier"),
}
_ASSEMBLY = {
    "sklearn.compose": ("ColumnTransformer",),
    "sklearn.multiclass": ("OneVsRestClassifier",),
    "sklearn.pipeline": ("Pipeline",),
}


def _paths(classes: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, str]]:
    return {f"{module}.{name}": (module, name) for module, names in classes.items() for name in names}


COMPONENTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "numeric_imputer": _paths(_IMPUTERS),
    "categorical_imputer": _paths({"sklearn.impute": ("SimpleImputer",)}),
    "encoder": _paths(_ENCODERS),
    "scaler": _paths(_SCALERS),
    "reducer": _paths(_REDUCERS),
    "estimator": _paths(_CLASSIFIERS),
}
"""For each slot, path of a component → (module, class)."""

FUNCTIONS: Mapping[str, tuple[str, str]] = _paths({"sklearn.feature_selection": ("chi2", "f_classif")})
"""Functions that a parameter may name (``SelectKBest(score_func=...)``): path → (module, function)."""

_TABLE: Mapping[str, tuple[str, str]] = {
    **{path: entry for entries in COMPONENTS.values() for path, entry in entries.items()},
    **_paths(_ASSEMBLY),
}


def closest(name: str, allowed: Iterable[str]) -> str:
    """Return a hint of what was probably meant, or of what there is: `` Did you mean ...?``."""
    choices = sorted(allowed)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    if not near:
        # a class that merely lives in another module is found by its own name
        own = {choice.rpartition(".")[2]: choice for choice in choices}
        near = [
            own[match] for match in difflib.get_close_matches(name.rpartition(".")[2], own, n=1, cutoff=0.6)
        ]
    return f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(choices)}"


def import_path(path: str) -> tuple[str, str]:
    """Return (module, name) of an allowed class or function, for an import statement."""
    entry = _TABLE.get(path) or FUNCTIONS.get(path)
    if entry is None:
        raise PipelineError(f"component {path!r} is not allowed; {closest(path, _TABLE)}")
    return entry


@cache
def resolve(path: str) -> type:
    """Import an allowed class.

    Raises
    ------
    PipelineError
        If ``path`` is not in the allow-list; nothing is imported then.
    """
    if path not in _TABLE:
        raise PipelineError(
            f"component {path!r} is not allowed in a pipeline; {closest(path, _TABLE)} "
            "(only the scikit-learn classes of embeddings/components.py are ever imported)"
        )
    module, name = _TABLE[path]
    found: type = getattr(importlib.import_module(module), name)
    return found


def resolve_function(path: str) -> Callable[..., Any]:
    """Import an allowed function; raises :class:`PipelineError` for any other."""
    if path not in FUNCTIONS:
        raise PipelineError(f"function {path!r} is not allowed in a pipeline; {closest(path, FUNCTIONS)}")
    module, name = FUNCTIONS[path]
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


@cache
def parameter_names(path: str) -> frozenset[str]:
    """Names of the constructor parameters of an allowed class, as installed."""
    return frozenset(inspect.signature(resolve(path)).parameters)
