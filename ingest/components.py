"""A configured component as a source describes it, before its parameters and steps get their one form.

Python objects (``ingest.sklearn_objects``) and OpenML's flows (``ingest.openml_flows``) are both read into a
:class:`Component`, so that :mod:`ingest.arrangement` decides in one place what is left out and what goes where.

Left out are parameters that say nothing about the model:

- how a run is carried out: ``n_jobs``, ``nthread``, ``thread_count``, ``verbose`` and its like, ``warm_start``,
  ``memory``, ``cache_size``, ``pre_dispatch``, and the seed, which belongs to the run;
- how data lie in memory: ``copy`` and its like, ``dtype``, ``sparse_output`` (``sparse`` before 1.2) of an
  encoder, ``sparse_threshold``;
- what is written down besides the model: ``return_train_score``, ``verbose_feature_names_out``,
  ``feature_name_combiner``;
- ``keep_empty_features`` of an imputer: what happens to columns without any value, which have nothing to tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from embeddings.translation import NEUTRAL as NEUTRAL_TO_A_BUILD

__all__ = ["NEUTRAL", "RETIRED", "Component", "is_neutral"]

NEUTRAL = NEUTRAL_TO_A_BUILD | {
    "copy_X_train",
    "feature_name_combiner",
    "force_int_remainder_cols",
    "logging_level",
    "memory",
    "nthread",
    "pre_dispatch",
    "random_seed",
    "return_train_score",
    "silent",
    "sparse_threshold",
    "thread_count",
    "verbose_feature_names_out",
    "verbosity",
}
"""Parameters that say nothing about the model, whatever component has them."""

_NEUTRAL_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "sklearn.impute.IterativeImputer": frozenset({"keep_empty_features"}),
        "sklearn.impute.KNNImputer": frozenset({"keep_empty_features"}),
        "sklearn.impute.SimpleImputer": frozenset({"keep_empty_features"}),
        "sklearn.preprocessing.OneHotEncoder": frozenset({"sparse", "sparse_output"}),
    }
)

_TREES = {"min_impurity_split": (None, 1e-7), "presort": (False, "auto")}
_FOREST = {"min_impurity_split": (None, 1e-7)}
RETIRED: Mapping[str, Mapping[str, tuple[object, ...]]] = MappingProxyType(
    {
        "sklearn.ensemble.AdaBoostClassifier": {"base_estimator": (None,), "algorithm": ("SAMME",)},
        "sklearn.ensemble.AdaBoostRegressor": {"base_estimator": (None,)},
        "sklearn.ensemble.BaggingClassifier": {"base_estimator": (None,)},
        "sklearn.ensemble.BaggingRegressor": {"base_estimator": (None,)},
        "sklearn.ensemble.ExtraTreesClassifier": _FOREST,
        "sklearn.ensemble.ExtraTreesRegressor": _FOREST,
        "sklearn.ensemble.GradientBoostingClassifier": {**_TREES, "criterion": ("friedman_mse",)},
        "sklearn.ensemble.GradientBoostingRegressor": {**_TREES, "criterion": ("friedman_mse",)},
        "sklearn.ensemble.RandomForestClassifier": _FOREST,
        "sklearn.ensemble.RandomForestRegressor": _FOREST,
        "sklearn.linear_model.LogisticRegression": {"multi_class": ("auto",)},
        "sklearn.linear_model.Perceptron": {"n_iter": (None,)},
        "sklearn.linear_model.SGDClassifier": {"n_iter": (None,)},
        "sklearn.model_selection.GridSearchCV": {"iid": (True,), "fit_params": (None,)},
        "sklearn.model_selection.RandomizedSearchCV": {"iid": (True,), "fit_params": (None,)},
        "sklearn.preprocessing.OneHotEncoder": {
            "categorical_features": (None, "all"),
            "n_values": (None, "auto"),
        },
        "sklearn.svm.NuSVC": {"probability": (False,)},
        "sklearn.svm.SVC": {"probability": (False,)},
        "sklearn.tree.DecisionTreeClassifier": _TREES,
        "sklearn.tree.DecisionTreeRegressor": _TREES,
        "sklearn.tree.ExtraTreeClassifier": _FOREST,
        "sklearn.tree.ExtraTreeRegressor": _FOREST,
    }
)
"""Values of parameters that scikit-learn no longer has, under which its components do what they do now."""


@dataclass(frozen=True)
class Component:
    """A component with what a source states of its parameters.

    Attributes
    ----------
    path
        Public import path, or what the source calls it.
    parameters
        Name → value: None, text, a boolean, a number (NaN and infinity too), a list, a dictionary with text as
        keys, or a :class:`Component`, and these within each other.
    defaults
        Name → values of which each means that nothing was chosen, in the same form.
    """

    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def is_neutral(path: str, parameter: str) -> bool:
    """Whether a parameter says nothing about the model."""
    return parameter in NEUTRAL or parameter in _NEUTRAL_OF.get(path, ())
