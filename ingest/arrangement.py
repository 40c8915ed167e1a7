"""A component, however a source nests it, arranged into a pipeline's slots.

Data pass through imputers, an encoder, a scaler, a reducer and an estimator; a chain in that order, and a
``ColumnTransformer`` with one branch for numbers (impute, scale) and one for categories (impute, encode), fill
the slots. Which columns a branch takes is the dataset's affair, and a scaler of the numeric branch is the
scaler. An imputer that all columns pass fills both imputers' slots, as TensorOboe's does; one that knows only
numbers the first alone. Any other order or composition is one step, named by the outermost component, whose
parameter ``steps`` (or ``transformers``, ``estimators``, ...) holds what is within as canonical JSON; names of
steps are left out, as they do nothing to a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.components import RETIRED, Component, is_neutral
from ingest.json_values import canonical, same, usual
from ingest.sklearn_names import DEFAULTS
from ingest.sklearn_paths import is_public
from ingest.sklearn_releases import modern
from kg.pipeline import SLOTS, Pipeline, Scalar, Step

__all__ = ["arrange", "one_step"]

_COLUMNS, _PIPELINE = "sklearn.compose.ColumnTransformer", "sklearn.pipeline.Pipeline"
_ANY_COLUMN = frozenset({"sklearn.impute.SimpleImputer", "sklearn.preprocessing.Imputer"})

_KINDS: Mapping[str, str] = {
    "numeric_imputer": """impute.IterativeImputer impute.KNNImputer impute.SimpleImputer
        preprocessing.Imputer""",
    "encoder": "preprocessing.OneHotEncoder preprocessing.OrdinalEncoder preprocessing.TargetEncoder",
    "scaler": """preprocessing.KBinsDiscretizer preprocessing.MaxAbsScaler preprocessing.MinMaxScaler
        preprocessing.Normalizer preprocessing.PowerTransformer preprocessing.QuantileTransformer
        preprocessing.RobustScaler preprocessing.StandardScaler""",
    "reducer": """cluster.FeatureAgglomeration decomposition.DictionaryLearning decomposition.FactorAnalysis
        decomposition.FastICA decomposition.IncrementalPCA decomposition.KernelPCA
        decomposition.LatentDirichletAllocation decomposition.MiniBatchDictionaryLearning
        decomposition.MiniBatchNMF decomposition.MiniBatchSparsePCA decomposition.NMF decomposition.PCA
        decomposition.SparsePCA decomposition.TruncatedSVD feature_selection.GenericUnivariateSelect
        feature_selection.RFE feature_selection.RFECV feature_selection.SelectFdr feature_selection.SelectFpr
        feature_selection.SelectFromModel feature_selection.SelectFwe feature_selection.SelectKBest
        feature_selection.SelectPercentile feature_selection.SequentialFeatureSelector
        feature_selection.VarianceThreshold random_projection.GaussianRandomProjection
        random_projection.SparseRandomProjection""",
}
_SLOT_OF = {f"sklearn.{path}": slot for slot, paths in _KINDS.items() for path in paths.split()}

_SHARE_OR_COUNT = frozenset({"max_features", "max_samples", "min_samples_leaf", "min_samples_split"})
"""Parameters of which 1.0 is the whole and 1 is a single one."""

_UNSET = ("deprecated", "warn")
"""Defaults with which scikit-learn's releases watch whether a parameter is set."""


def arrange(component: Component) -> Pipeline:
    """Pipeline of a component: its steps in slots if they fit, else one step."""
    placed = _slots(component)
    if placed is None:
        return one_step(component)
    return Pipeline(tuple(_step(slot, part) for slot, part in placed.items()))


def one_step(component: Component) -> Pipeline:
    """Pipeline of a component that is taken as it is."""
    return Pipeline((_step("estimator", modern(component)),))


def _step(slot: str, component: Component) -> Step:
    return Step(slot, component.path, {name: _scalar(tree) for name, tree in _stated(component).items()})


def _scalar(tree: Any) -> Scalar:
    return canonical(tree) if isinstance(tree, dict | list) else tree


def _slots(component: Component) -> dict[str, Component] | None:
    """Components by slot, or None if they do not fit."""
    chain = _chain(component)
    if not chain:
        return None
    placed: dict[str, Component] = {}
    reached = -1
    for position, part in enumerate(chain):
        if part.path == _COLUMNS:
            found = _branches(part) if position == 0 else None
        else:
            found = _own_slots(part, last=position == len(chain) - 1)
        if found is None or any(SLOTS.index(slot) <= reached for slot in found):
            return None
        placed |= found
        reached = max([reached, *map(SLOTS.index, found)])
    return placed or None


def _own_slots(part: Component, *, last: bool) -> dict[str, Component] | None:
    slot = _SLOT_OF.get(part.path)
    if slot is None:
        return {"estimator": part} if last else None
    if slot == "numeric_imputer" and part.path in _ANY_COLUMN:
        return {"numeric_imputer": part, "categorical_imputer": part}
    return {slot: part}


def _chain(component: Any) -> list[Component] | None:
    """Components that data pass one after the other; None if one is unknown."""
    if component in (None, "passthrough"):
        return []
    if not isinstance(component, Component):
        return None
    component = modern(component)
    if component.path != _PIPELINE:
        return [component]
    steps = _items(component, "steps", 2)
    if steps is None:
        return None
    chain: list[Component] = []
    for name, part in steps:
        if _is_guard(name, part):
            continue
        inner = _chain(part)
        if inner is None:
            return None
        chain += inner
    return chain


def _is_guard(name: object, part: object) -> bool:
    """Whether the step was put in by ``embeddings.estimators`` for a table that has numbers below zero."""
    return (
        name == "non_negative"
        and isinstance(part, Component)
        and part.path == "sklearn.preprocessing.MinMaxScaler"
        and _stated(part) == {"clip": True}
    )


def _items(component: Component, parameter: str, length: int) -> list[list[Any]] | None:
    """Entries of a composition; None if it has other parameters, or entries that are none."""
    items = component.parameters.get(parameter)
    others = Component(
        component.path,
        {name: value for name, value in component.parameters.items() if name not in (parameter, "remainder")},
        component.defaults,
    )
    if not isinstance(items, list) or _stated(others):
        return None
    return items if all(isinstance(item, list) and len(item) == length for item in items) else None


def _branches(columns: Component) -> dict[str, Component] | None:
    """Components by slot of a ``ColumnTransformer`` with at most a numeric and a categorical branch."""
    items = _items(columns, "transformers", 3)
    if items is None:
        return None
    branches = [branch for _, branch, _ in items] + [columns.parameters.get("remainder", "drop")]
    placed: dict[str, Component] = {}
    taken = set()
    for branch in branches:
        if branch == "drop":
            continue
        chain = _chain(branch)
        if chain is None:
            return None
        kinds: list[str | None] = [_SLOT_OF.get(part.path) for part in chain]
        if kinds in (["encoder"], ["numeric_imputer", "encoder"]):
            kinds = [*["categorical_imputer"] * (len(kinds) - 1), "encoder"]
            side = "categorical"
        elif kinds in ([], ["numeric_imputer"], ["scaler"], ["numeric_imputer", "scaler"]):
            side = "numeric"
        else:
            return None
        if side in taken:
            return None
        taken.add(side)
        placed |= {slot: part for slot, part in zip(kinds, chain, strict=True) if slot is not None}
    return placed


def _stated(component: Component) -> dict[str, Any]:
    """Parameters that differ from the defaults and say something about the model, as trees of JSON."""
    component = modern(component)
    keep_names = component.parameters.get("transformer_weights") is not None
    kept = {}
    for name, value in sorted(component.parameters.items()):
        if is_neutral(component.path, name) or (value in _UNSET if is_public(component.path) else False):
            continue
        tree = _tree(value, keep_names=keep_names)
        if not any(same(tree, _tree(default)) for default in _defaults(component, name, value)):
            kept[name] = tree
    return kept


def _defaults(component: Component, name: str, value: Any) -> list[Any]:
    defaults = [*component.defaults.get(name, ()), *RETIRED.get(component.path, {}).get(name, ())]
    known = DEFAULTS.get(component.path, {})
    if name in known:
        defaults.append(known[name])
    if name in _SHARE_OR_COUNT:
        return [default for default in defaults if type(default) is type(value)]
    return defaults


def _tree(value: Any, *, keep_names: bool = False) -> Any:
    if isinstance(value, Component):
        placed = _slots(value)
        steps = placed.items() if placed is not None else [("estimator", modern(value))]
        return {
            "steps": [
                {"slot": slot, "component": part.path, "parameters": _stated(part)}
                for slot, part in sorted(steps, key=lambda step: SLOTS.index(step[0]))
            ]
        }
    if isinstance(value, list):
        items = value if keep_names else _without_names(value)
        return [_tree(item, keep_names=keep_names) for item in items]
    if isinstance(value, dict):
        return {usual(name): _tree(item) for name, item in value.items()}
    return usual(value)


def _without_names(items: list[Any]) -> list[Any]:
    """Entries of a composition (name, component, perhaps columns) without the names."""
    named = all(
        isinstance(item, list)
        and len(item) in (2, 3)
        and isinstance(item[0], str)
        and (isinstance(item[1], Component) or item[1] in (None, "drop", "passthrough"))
        for item in items
    )
    if not named or not any(isinstance(item[1], Component) for item in items):
        return items
    return [item[1] if len(item) == 2 else item[1:] for item in items]
