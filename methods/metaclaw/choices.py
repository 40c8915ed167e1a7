"""What the agent chooses between: the stages of a pipeline, and what the documentation says of each choice.

The documentation is what an engineer would have at hand. It names no task and no remedy for a failure; the evolver
reads it as it reads the texts of errors.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DOCUMENTATION", "STAGES", "Choices", "choice_text"]

Choices = Mapping[str, str]
"""A choice by stage."""

DOCUMENTATION: Mapping[str, Mapping[str, str]] = {
    "cleaner": {
        "keep": "leaves the columns as they are",
        "finite": "replaces infinite and too large numbers by missing cells",
        "dates": "turns a column of dates and calendar days into numbers",
        "amounts": "turns a column of amounts, numbers written as strings with units, into numbers",
        "changing": "removes a constant column, one that never changes",
    },
    "imputer": {
        "none": "does nothing",
        "mean": "fills empty, missing NaN cells with the average",
        "median": "fills empty, missing NaN cells with the middle value, whatever values lie far outside",
        "indicator": "fills empty, missing NaN cells with the average and adds a column that tells which were empty",
        "frequent": "fills empty, missing NaN cells with the most frequent value",
    },
    "scaler": {
        "none": "does nothing",
        "standard": "brings columns of different scale, magnitude and unit to mean 0 and variance 1",
        "minmax": "brings columns of different scale, magnitude and unit into the range from 0 to 1, negative ones too",
        "robust": "brings columns of different scale to their quartiles; "
        "extreme values, outliers that lie far outside, do no harm",
        "quantile": "spreads the values of skewed columns evenly by rank; extreme values, outliers, do no harm",
    },
    "encoder": {
        "none": "passes text on",
        "drop": "removes text columns",
        "ordinal": "numbers the string categories of text columns",
        "ordinal_unknown": "numbers the string categories of text columns; "
        "unknown categories found in transform get -1",
        "onehot": "one dense column for each of the string categories of text columns",
        "onehot_unknown": "one dense column for each of the string categories of text columns; "
        "unknown categories found in transform are ignored",
        "onehot_sparse": "one column of a sparse matrix for each of many string categories of text columns; "
        "unknown categories are ignored",
    },
    "weight": {
        "none": "every row counts the same",
        "balanced": "rows of a rare, small class count more, by the parameter class_weight",
    },
    "model": {
        "logistic": "a linear model, logistic regression, with class_weight",
        "knn": "k nearest neighbours by distance: curved boundaries, no class_weight",
        "bayes": "Gaussian naive Bayes, needs dense data, no class_weight",
        "tree": "a decision tree: thresholds of single columns, with class_weight",
        "svm": "a support vector machine with a radial kernel: smooth curved boundaries, with class_weight",
        "counts": "multinomial naive Bayes for counts, no negative values",
    },
}
"""What is said of each choice, by stage."""

STAGES: Mapping[str, tuple[str, ...]] = {stage: tuple(docs) for stage, docs in DOCUMENTATION.items()}
"""Names of the choices, by stage; the only things that a pipeline is made of."""


def choice_text(choices: Choices) -> str:
    """Choices as the agent's answer says them.

    >>> choice_text({"imputer": "mean", "model": "tree"})
    'imputer mean, model tree'
    """
    return ", ".join(f"{stage} {choice}" for stage, choice in choices.items())
