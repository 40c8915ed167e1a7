"""Words by which people tell a tracker what a run was about: its dataset, model, task, procedure and seed.

They stand among the run's parameters or tags, in any case, with ``-``, ``_`` or a dot between words.

>>> words = Words({"Dataset": "openml:31", "C": 2, "cv_folds": 5}, {"task_type": "binary"})
>>> words.dataset(), words.type(), words.procedure(), words.parameters
(DatasetRef(name=None, openml_id=31, ...), 'classification', '5-fold-cv', {'C': 2})
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.json_values import restore
from ingest.records import UNKNOWN_PROCEDURE, DatasetRef
from kg.schema import ALLOWED

__all__ = ["MODELS", "Words", "dataset_named", "guessed_type"]

MODELS = (
    *("estimator_class", "model_class", "estimator_name", "estimator", "pipeline", "model", "model_name"),
    *("model_type", "algorithm", "classifier", "regressor", "learner", "architecture", "arch", "network"),
)
"""Names of what was run, the most telling first."""

_OPENML = ["openml_id", "openml_dataset_id", "openml_dataset", "openml_did"]
_DATASETS = [
    "dataset",
    "dataset_name",
    "dataset_id",
    "data_set",
    "dataset.name",
    "data.dataset",
    "data.name",
    "data",
]
_TYPES = {
    **dict.fromkeys(("binary", "multiclass", "binary_classification"), "classification"),
    **dict.fromkeys(("multiclass_classification", "supervised_classification"), "classification"),
    "supervised_regression": "regression",
    "time_series_forecasting": "forecasting",
    "outlier_detection": "anomaly_detection",
    "survival": "survival_analysis",
    **{kind: kind for kind in ALLOWED["type"] if kind != "other"},
}
_FOLDS = ["cv_folds", "n_folds", "n_splits", "k_folds", "folds"]
_PROCEDURE = re.compile(r"([1-9]\d{0,2}x)?[1-9]\d{0,3}-fold-cv|holdout|[1-9]\d?-percent-holdout")
_PAGE = re.compile(
    r"(?:https?://)?(?:www\.|api\.|new\.)?openml\.org/(?:d/|search\?(?:\S*&)?id=|api/v1/(?:json/)?data/)(\d{1,9})\b.*"
)

_CLASSIFICATION = """
    accuracy balanced_accuracy one_vs_rest_balanced_accuracy roc_auc roc_auc_ovr_macro roc_auc_ovr_weighted
    roc_auc_ovo_macro roc_auc_ovo_weighted average_precision f1 f1_macro f1_micro f1_weighted precision precision_macro
    precision_micro precision_weighted recall recall_micro recall_weighted jaccard matthews_correlation cohen_kappa
    log_loss brier_score
"""
_REGRESSION = """
    r2 explained_variance mean_squared_error root_mean_squared_error mean_absolute_error median_absolute_error
    max_error mean_absolute_percentage_error symmetric_mean_absolute_percentage_error mean_squared_log_error
    root_mean_squared_log_error relative_absolute_error root_relative_squared_error pearson_correlation
    spearman_correlation
"""
_MEASURES = {
    "classification": _CLASSIFICATION.split(),
    "survival_analysis": ["concordance_index"],
    "clustering": ["adjusted_rand_index", "normalized_mutual_information", "silhouette"],
    "regression": _REGRESSION.split(),
}


def dataset_named(said: Any, *, openml: bool = False) -> DatasetRef | None:
    """Dataset that somebody names: 31, ``openml:31`` or a page at OpenML is OpenML's, any other text a name.

    A whole number is a number of OpenML's, as everywhere in metakg.

    Parameters
    ----------
    openml
        Whether only a number of OpenML's is meant.
    """
    if isinstance(said, Mapping):
        inner = {_plain(str(name)): value for name, value in said.items()}
        return next(
            (found for name in ("openml_id", "name", "id") if (found := dataset_named(inner.get(name)))), None
        )
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    text = str(int(said)) if isinstance(said, float) and said.is_integer() else str(said).strip()
    if match := re.fullmatch(r"(?:openml[:/ -]?)?(\d{1,9})", text, re.IGNORECASE) or _PAGE.fullmatch(text):
        return DatasetRef(openml_id=int(match.group(1)))
    if openml or not re.search(r"[^\W_]", text):
        return None
    return DatasetRef(text, landing_page=text if re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", text) else None)


def guessed_type(measures: Iterable[str]) -> str:
    """Type of the task that runs with scores by these measures (keys) are about."""
    found = set(measures)
    return next((kind for kind, keys in _MEASURES.items() if found.intersection(keys)), "other")


class Words:
    """Parameters and tags of a run; what is understood of them is taken out of the parameters.

    Parameters
    ----------
    parameters
        Name → value; those of inner mappings with dots between the names.
    tags
        Name → text. They stay, whatever is read in them.
    """

    def __init__(self, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self.parameters = dict(parameters)
        self._names = {_plain(name): name for name in reversed(self.parameters)}
        self._tags = {_plain(name): text for name, text in tags.items()}
        self.odd: dict[str, Any] = {}
        """Parameters that are about the data or the task, but are not understood."""

    def take(self, *names: str) -> Any:
        """Value by the first of the names that there is; None if there is none."""
        for name in names:
            own = self._names.get(name)
            if own in self.parameters and self.parameters[own] not in (None, "", "None"):
                return self.parameters.pop(own)
            if name in self._tags:
                return self._tags[name]
        return None

    def dataset(self) -> DatasetRef | None:
        """The run's dataset, if the parameters or tags name one."""
        for names, openml in ((_OPENML, True), (_DATASETS, False)):
            for name in names:
                if (said := self.take(name)) is not None:
                    if found := dataset_named(said, openml=openml):
                        return found
                    self.odd[name] = said
        return None

    def type(self) -> str | None:
        """Type of the task, if it is stated."""
        for name in ("task_type", "problem_type", "task"):
            if (said := self.take(name)) is not None:
                if found := _TYPES.get(_plain(str(said))):
                    return found
                self.odd[name] = said
        return None

    def procedure(self) -> str:
        """Key of the estimation procedure, if it is stated, else that of an unknown one."""
        said = self.take("procedure", "estimation_procedure")
        if said is not None and _PROCEDURE.fullmatch(_plain(str(said)).replace("_", "-")):
            return _plain(str(said)).replace("_", "-")
        folds, share = _number(self.take(*_FOLDS)), _number(self.take("test_size"))
        if isinstance(folds, int) and 1 < folds < 10_000:
            return f"{folds}-fold-cv"
        if isinstance(share, float) and 0 < share < 1:
            return f"{max(1, min(99, round(100 * share)))}-percent-holdout"
        known = (("procedure", said), ("folds", folds), ("test_size", share))
        self.odd.update({name: value for name, value in known if value is not None})
        return UNKNOWN_PROCEDURE

    def seed(self) -> int | None:
        """The run's seed: stated for the run, or the only one among its parameters'."""
        said = _number(self.take("seed", "random_seed", "random_state"))
        if said is None:
            inner = {
                _number(value)
                for name, value in self.parameters.items()
                if name.endswith(("__random_state", ".seed"))
            }
            said = next(iter(inner)) if len(inner - {None}) == len(inner) == 1 else None
        if isinstance(said, int) and not isinstance(said, bool) and abs(said) < 2**63:
            return said
        if said is not None:
            self.odd["seed"] = said
        return None


def _plain(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[-\s_]+", "_", words).lower()


def _number(value: Any) -> Any:
    return restore(value) if isinstance(value, str) else value
