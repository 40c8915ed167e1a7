"""What MLSea-KG's OpenML part calls the things that ours has too, so that queries written for it find them.

MLSea-KG names the concepts of MLSO's taxonomies with ``#``, MLSO's own files with ``/``. Data is named as MLSea-KG
does, which is what its users' queries hold; ``ontology/`` links to MLSO.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import iris

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "CHARACTERISTIC_TYPES",
    "MEASURE_TYPES",
    "PROCEDURE_TYPES",
    "TASK_TYPES",
    "characteristic",
    "distribution",
    "page",
    "specification",
]

_VOCABULARY = "http://w3id.org/mlso/vocab/"

CHARACTERISTIC_TYPES = {
    name: f"{_VOCABULARY}dataset_characteristic/{concept}"
    for name, concept in {
        "MajorityClassSize": "majority_class_size",
        "MinorityClassSize": "minority_class_size",
        "NumberOfClasses": "number_of_classes",
        "NumberOfFeatures": "number_of_features",
        "NumberOfInstances": "number_of_instances",
        "NumberOfInstancesWithMissingValues": "number_of_instances_with_missing_values",
        "NumberOfMissingValues": "number_of_missing_values",
        "NumberOfNumericFeatures": "number_of_numeric_features",
        "NumberOfSymbolicFeatures": "number_of_symbolic_features",
    }.items()
}
"""Type of a dataset's quality by its name: the nine that MLSea-KG has."""

TASK_TYPES = {
    "classification": f"{_VOCABULARY}ml_task_type#Supervised_Classification",
    "regression": f"{_VOCABULARY}ml_task_type#Supervised_Regression",
}
"""Type of a task by our name for it."""

MEASURE_TYPES = {
    key: f"{_VOCABULARY}evaluation_measure#{concept}"
    for key, concept in {
        "balanced_accuracy": "unweighted_recall",
        "accuracy": "accuracy",
        "roc_auc": "area_under_curve",
        "roc_auc_ovr_weighted": "mean_weighted_area_under_ROC_curve",
        "f1": "f_measure",
        "f1_macro": "mean_unweighted_f_measure",
        "f1_weighted": "mean_weighted_f_measure",
        "precision": "precision",
        "precision_macro": "mean_unweighted_precision",
        "precision_weighted": "mean_weighted_precision",
        "recall": "recall",
        "recall_weighted": "weighted_recall",
        "jaccard": "jaccard",
        "matthews_correlation": "matthews_correlation_coefficient",
        "cohen_kappa": "kappa",
        "root_mean_squared_error": "root_mean_squared_error",
        "mean_absolute_error": "mean_absolute_error",
        "relative_absolute_error": "relative_absolute_error",
        "root_relative_squared_error": "root_relative_squared_error",
        "pearson_correlation": "pearson_correlation_coefficient",
        "concordance_index": "c_index",
    }.items()
}
"""Type of a measure by its key; measures that it does not have, or counts in other units, have none."""

PROCEDURE_TYPES = {
    "5-fold-cv": f"{_VOCABULARY}estimation_procedure#crossvalidation",
    "10-fold-cv": f"{_VOCABULARY}estimation_procedure#crossvalidation",
    "learning-curve-holdout": f"{_VOCABULARY}estimation_procedure#holdout",
    "holdout": f"{_VOCABULARY}estimation_procedure#holdout",
}
"""Type of an estimation procedure by its key."""

_PAGES = {
    f"{iris.OPENML}task/": "https://www.openml.org/t/",
    f"{iris.OPENML}run/": "https://www.openml.org/r/",
}


def distribution(dataset: str) -> pl.Expr:
    """IRIs of the distributions of a column of datasets."""
    return _beside(dataset, f"{iris.OPENML}dataset/", f"{iris.OPENML}distribution/", "/distribution")


def specification(task: str) -> pl.Expr:
    """IRIs of what specifies how the tasks of a column are evaluated."""
    place = f"{iris.OPENML}evaluationSpecification/"
    return _beside(task, f"{iris.OPENML}task/", place, "/evaluationSpecification")


def _beside(column: str, base: str, place: str, suffix: str) -> pl.Expr:
    """OpenML's things have it in a place of its own; all others have it below their own IRI."""
    import polars as pl

    thing = pl.col(column)
    beside = pl.concat_str([pl.lit(place), thing.str.strip_prefix(base)])
    return pl.when(thing.str.starts_with(base)).then(beside).otherwise(thing + suffix)


def characteristic(dataset: str, quoted_name: pl.Expr) -> pl.Expr:
    """IRIs of the qualities of a column of datasets."""
    import polars as pl

    return pl.concat_str([pl.col(dataset), pl.lit("/datasetCharacteristic/"), quoted_name])


def page(column: str) -> pl.Expr:
    """Pages of OpenML's tasks and runs; null for what is not OpenML's."""
    import polars as pl

    thing = pl.col(column)
    found = pl.lit(None, dtype=pl.String)
    for base, site in _PAGES.items():
        address = pl.concat_str([pl.lit(site), thing.str.strip_prefix(base)])
        found = pl.when(thing.str.starts_with(base)).then(address).otherwise(found)
    return found
