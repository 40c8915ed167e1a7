"""auto-sklearn's configurations as pipelines, by what version 0.15.0 builds of them.

Where auto-sklearn hands its hyperparameters on to a class of scikit-learn as they are, that class is the component
(read from ``autosklearn/pipeline/components``). Where it turns them into something that depends on the table (the
share of features of a random forest is an exponent of their number), or has an algorithm of its own, the component is
auto-sklearn's, with all its hyperparameters. What every pipeline has without a choice (a variance threshold of 0, the
imputation of categories) is not stated.

Balancing by weights is ``class_weight`` where auto-sklearn sets that; where it weighs the rows itself the component is
auto-sklearn's with the parameter ``balancing``; of all others it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.sklearn_objects import opaque_pipeline
from kg.pipeline import Pipeline, Step

__all__ = ["pipeline_of_configuration"]

_OWN = "autosklearn.pipeline.components"
_TYPE = "data_preprocessor:feature_type"
_NUMBERS, _CATEGORIES = f"{_TYPE}:numerical_transformer", f"{_TYPE}:categorical_transformer"

_SCALERS = {
    "minmax": "MinMaxScaler",
    "normalize": "Normalizer",
    "power_transformer": "PowerTransformer",
    "quantile_transformer": "QuantileTransformer",
    "robust_scaler": "RobustScaler",
    "standardize": "StandardScaler",
}
_REDUCERS = {
    "kitchen_sinks": "sklearn.kernel_approximation.RBFSampler",
    "pca": "sklearn.decomposition.PCA",
    "polynomial": "sklearn.preprocessing.PolynomialFeatures",
}
_ESTIMATORS = {
    "bernoulli_nb": "sklearn.naive_bayes.BernoulliNB",
    "gaussian_nb": "sklearn.naive_bayes.GaussianNB",
    "k_nearest_neighbors": "sklearn.neighbors.KNeighbors",
    "lda": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    "liblinear_svc": "sklearn.svm.LinearSVC",
    "libsvm_svc": "sklearn.svm.SVC",
    "multinomial_nb": "sklearn.naive_bayes.MultinomialNB",
    "qda": "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
}
_FORESTS = {"extra_trees": "sklearn.ensemble.ExtraTrees", "random_forest": "sklearn.ensemble.RandomForest"}
_TREES = 512
"""Trees of a forest, and rounds of boosting, unless it stops early."""
_EXPONENTS = {"0.5": "sqrt", "1.0": None}
"""Exponents of the number of features that scikit-learn has a word for."""

_BY_CLASS_WEIGHT = ("liblinear_svc", "libsvm_svc")
_BY_SAMPLE_WEIGHT = (
    "adaboost",
    "extra_trees",
    "gradient_boosting",
    "passive_aggressive",
    "random_forest",
    "sgd",
)
_BALANCED = (
    *_BY_SAMPLE_WEIGHT,
    "decision_tree",
    "extra_trees_preproc_for_classification",
    "liblinear_svc_preprocessor",
)
"""Components of auto-sklearn's that weigh classes if they are told to."""


def pipeline_of_configuration(configuration: Mapping[str, str]) -> Pipeline:
    """Pipeline of a row of ``configurations.csv``: hyperparameters as text, without those that are not active.

    >>> pipeline_of_configuration({"classifier:__choice__": "gaussian_nb"}).title
    'GaussianNB'
    """
    balanced = configuration.get("balancing:strategy") == "weighting"
    kind = "regressor" if "regressor:__choice__" in configuration else "classifier"
    steps = (
        _imputer(configuration),
        _encoder(configuration),
        _scaler(configuration),
        _reducer(configuration, balanced),
        _estimator(configuration, kind, balanced),
    )
    return Pipeline(tuple(step for step in steps if step is not None))


def _step(slot: str, path: str, parameters: Mapping[str, Any]) -> Step:
    """A step in the one form that an object of that class has too."""
    step = opaque_pipeline(path, parameters).estimator
    return Step(slot, step.component, step.parameters)


def _chosen(configuration: Mapping[str, str], place: str) -> tuple[str, dict[str, Any]]:
    """What was chosen at a place, and its hyperparameters."""
    name = configuration.get(f"{place}:__choice__", "")
    start = f"{place}:{name}:"
    return name, {
        key.removeprefix(start): value for key, value in configuration.items() if key.startswith(start)
    }


def _imputer(configuration: Mapping[str, str]) -> Step | None:
    strategy = configuration.get(f"{_NUMBERS}:imputation:strategy")
    return (
        _step("numeric_imputer", "sklearn.impute.SimpleImputer", {"strategy": strategy}) if strategy else None
    )


def _encoder(configuration: Mapping[str, str]) -> Step | None:
    encoding, _ = _chosen(configuration, f"{_CATEGORIES}:categorical_encoding")
    coalescer, parameters = _chosen(configuration, f"{_CATEGORIES}:category_coalescence")
    if coalescer == "minority_coalescer":
        path = f"{_OWN}.data_preprocessing.minority_coalescense.MinorityCoalescer"
        return _step("encoder", path, {**parameters, "encoding": encoding})
    return (
        _step("encoder", "sklearn.preprocessing.OneHotEncoder", {})
        if encoding == "one_hot_encoding"
        else None
    )


def _scaler(configuration: Mapping[str, str]) -> Step | None:
    name, parameters = _chosen(configuration, f"{_NUMBERS}:rescaling")
    if name in ("", "none"):
        return None
    if name not in _SCALERS:
        return _step("scaler", f"{_OWN}.data_preprocessing.rescaling.{name}", parameters)
    if name == "robust_scaler":
        low, high = parameters.pop("q_min", "0.25"), parameters.pop("q_max", "0.75")
        parameters["quantile_range"] = (
            f"({low}, {high})"  # handed on as they are, though the class takes percent
        )
    return _step("scaler", f"sklearn.preprocessing.{_SCALERS[name]}", parameters)


def _reducer(configuration: Mapping[str, str], balanced: bool) -> Step | None:
    name, parameters = _chosen(configuration, "feature_preprocessor")
    if name in ("", "no_preprocessing"):
        return None
    if name == "pca" and "keep_variance" in parameters:
        parameters["n_components"] = parameters.pop("keep_variance")
    if name in _REDUCERS:
        return _step("reducer", _REDUCERS[name], parameters)
    return _step("reducer", f"{_OWN}.feature_preprocessing.{name}", _weighed(name, parameters, balanced))


def _estimator(configuration: Mapping[str, str], kind: str, balanced: bool) -> Step:
    name, parameters = _chosen(configuration, kind)
    suffix = {"classifier": "Classifier", "regressor": "Regressor"}[kind]
    plain = None if balanced and name in _BY_SAMPLE_WEIGHT else _plain(name, parameters, suffix)
    if plain is not None:
        path, translated = plain
        weight = {"class_weight": "balanced"} if balanced and name in _BY_CLASS_WEIGHT else {}
        return _step("estimator", path, {**translated, **weight})
    folder = {"classifier": "classification", "regressor": "regression"}[kind]
    return _step("estimator", f"{_OWN}.{folder}.{name}", _weighed(name, parameters, balanced))


def _weighed(name: str, parameters: Mapping[str, Any], balanced: bool) -> dict[str, Any]:
    return {**parameters, **({"balancing": "weighting"} if balanced and name in _BALANCED else {})}


def _plain(name: str, parameters: Mapping[str, Any], suffix: str) -> tuple[str, dict[str, Any]] | None:
    """Class of scikit-learn with its parameters, if it is built of the hyperparameters as they are."""
    if name == "lda":
        return _ESTIMATORS[name], _discriminant(parameters)
    if name in _ESTIMATORS:
        path = _ESTIMATORS[name]
        return (f"{path}{suffix}" if name == "k_nearest_neighbors" else path), dict(parameters)
    if name in _FORESTS:
        share = parameters.get("max_features", "1.0")
        if suffix == "Classifier":
            if share not in _EXPONENTS:
                return None
            share = _EXPONENTS[share]
        return f"{_FORESTS[name]}{suffix}", {**parameters, "max_features": share, "n_estimators": _TREES}
    if name == "gradient_boosting" and parameters.get("early_stop") == "off":
        kept = {
            key: value for key, value in parameters.items() if key not in ("early_stop", "scoring", "loss")
        }
        path = f"sklearn.ensemble.HistGradientBoosting{suffix}"
        return path, {**kept, "early_stopping": False, "max_iter": _TREES}
    return None


def _discriminant(parameters: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"tol": parameters.get("tol", 1e-4)}
    shrinkage = parameters.get("shrinkage", "None")
    if shrinkage == "None":
        return kept
    amount = parameters.get("shrinkage_factor", 0.5) if shrinkage == "manual" else shrinkage
    return {**kept, "solver": "lsqr", "shrinkage": amount}
