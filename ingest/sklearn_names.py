"""What sources call their algorithms → scikit-learn components, with values equal to the defaults dropped.

Dropping defaults is what makes the same pipeline from two sources one node:

>>> oboe = oboe_pipeline("{'algorithm': 'RF', 'hyperparameters': {'criterion': 'gini'}}")
>>> oboe.estimator == lcdb_pipeline("sklearn.ensemble.RandomForestClassifier").estimator
True

A parameter without effect (``coef0`` of an RBF kernel) stays as the source states it. Defaults that changed
between releases and that a source does not state (``n_estimators`` of forests, ``gamma`` of SVC, AdaBoost's
``algorithm``) are unknown: neither source records the release that it ran.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType

from kg.errors import SourceError
from kg.pipeline import Pipeline, Scalar, Step

__all__ = [
    "DEFAULTS",
    "LCDB_LEARNERS",
    "OBOE_ALGORITHMS",
    "TENSOROBOE_STEPS",
    "Option",
    "lcdb_pipeline",
    "oboe_pipeline",
    "tensoroboe_pipeline",
]

Option = tuple[str | None, Mapping[str, Scalar]]
"""What a source puts in one place of a pipeline: its short name of an algorithm, or None, and parameters."""

OBOE_ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {
        "AB": "sklearn.ensemble.AdaBoostClassifier",
        "DT": "sklearn.tree.DecisionTreeClassifier",
        "ExtraTrees": "sklearn.ensemble.ExtraTreesClassifier",
        "GBT": "sklearn.ensemble.GradientBoostingClassifier",
        "GNB": "sklearn.naive_bayes.GaussianNB",
        "KNN": "sklearn.neighbors.KNeighborsClassifier",
        "Logit": "sklearn.linear_model.LogisticRegression",
        "MLP": "sklearn.neural_network.MLPClassifier",
        "Perceptron": "sklearn.linear_model.Perceptron",
        "RF": "sklearn.ensemble.RandomForestClassifier",
        "kSVM": "sklearn.svm.SVC",
        "lSVM": "sklearn.svm.LinearSVC",
    }
)
"""OBOE's short name → component; the imports of ``oboe/util.py``."""

TENSOROBOE_STEPS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = MappingProxyType(
    {
        "imputer": (
            ("numeric_imputer", "categorical_imputer"),
            {"SimpleImputer": "sklearn.impute.SimpleImputer"},
        ),
        "encoder": (("encoder",), {"OneHotEncoder": "sklearn.preprocessing.OneHotEncoder"}),
        "standardizer": (("scaler",), {"StandardScaler": "sklearn.preprocessing.StandardScaler"}),
        "dim_reducer": (
            ("reducer",),
            {
                "PCA": "sklearn.decomposition.PCA",
                "SelectKBest": "sklearn.feature_selection.SelectKBest",
                "VarianceThreshold": "sklearn.feature_selection.VarianceThreshold",
            },
        ),
        "estimator": (("estimator",), OBOE_ALGORITHMS),
    }
)
"""TensorOboe's step → slots that it fills, and its short names; ``oboe/pipeline.py``, in its order."""

LCDB_LEARNERS: Mapping[str, tuple[str, Mapping[str, Scalar]]] = MappingProxyType(
    {
        "SVC_linear": ("sklearn.svm.LinearSVC", {}),
        "SVC_poly": ("sklearn.svm.SVC", {"kernel": "poly"}),
        "SVC_rbf": ("sklearn.svm.SVC", {"kernel": "rbf"}),
        "SVC_sigmoid": ("sklearn.svm.SVC", {"kernel": "sigmoid"}),
        **{
            component: (component, {})
            for component in (
                "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
                "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
                "sklearn.ensemble.ExtraTreesClassifier",
                "sklearn.ensemble.GradientBoostingClassifier",
                "sklearn.ensemble.RandomForestClassifier",
                "sklearn.linear_model.LogisticRegression",
                "sklearn.linear_model.PassiveAggressiveClassifier",
                "sklearn.linear_model.Perceptron",
                "sklearn.linear_model.RidgeClassifier",
                "sklearn.linear_model.SGDClassifier",
                "sklearn.naive_bayes.BernoulliNB",
                "sklearn.naive_bayes.MultinomialNB",
                "sklearn.neighbors.KNeighborsClassifier",
                "sklearn.neural_network.MLPClassifier",
                "sklearn.tree.DecisionTreeClassifier",
                "sklearn.tree.ExtraTreeClassifier",
            )
        },
    }
)
"""LCDB's learner → component and parameters; ``lcdb/computelc.py``."""

DEFAULTS: Mapping[str, Mapping[str, Scalar]] = MappingProxyType(
    {
        "sklearn.ensemble.AdaBoostClassifier": {"n_estimators": 50, "learning_rate": 1},
        "sklearn.ensemble.ExtraTreesClassifier": {"min_samples_split": 2, "criterion": "gini"},
        "sklearn.ensemble.GradientBoostingClassifier": {
            "learning_rate": 0.1,
            "max_depth": 3,
            "max_features": None,
        },
        "sklearn.ensemble.RandomForestClassifier": {"min_samples_split": 2, "criterion": "gini"},
        "sklearn.impute.SimpleImputer": {"strategy": "mean"},
        "sklearn.linear_model.LogisticRegression": {"C": 1, "penalty": "l2", "solver": "lbfgs"},
        "sklearn.neighbors.KNeighborsClassifier": {"n_neighbors": 5, "p": 2},
        "sklearn.neural_network.MLPClassifier": {
            "alpha": 0.0001,
            "learning_rate": "constant",
            "learning_rate_init": 0.001,
            "solver": "adam",
        },
        "sklearn.preprocessing.OneHotEncoder": {"handle_unknown": "error"},
        "sklearn.svm.LinearSVC": {"C": 1},
        "sklearn.svm.SVC": {"C": 1, "coef0": 0, "kernel": "rbf"},
        "sklearn.tree.DecisionTreeClassifier": {"min_samples_split": 2},
    }
)
"""Documented defaults of scikit-learn 1.x for the parameters that the sources state."""

_MOST_FREQUENT = {"strategy": "most_frequent"}
_MISSING = object()


def _step(slot: str, component: str, parameters: Mapping[str, Scalar] | None = None) -> Step:
    defaults = DEFAULTS.get(component, {})
    kept = {
        name: value for name, value in (parameters or {}).items() if defaults.get(name, _MISSING) != value
    }
    return Step(slot, component, kept)


def oboe_pipeline(configuration: str) -> Pipeline:
    """Pipeline of a column of OBOE's matrices.

    OBOE's tables were preprocessed (``oboe/preprocessing.py``): mean and most frequent value imputed, one-hot
    encoded, then all columns standardised, which are steps of the pipeline here.

    Raises
    ------
    SourceError
        If the text is no such dictionary, or the algorithm is unknown.
    """
    try:
        stated = ast.literal_eval(configuration)
        component = OBOE_ALGORITHMS[stated["algorithm"]]
        parameters = dict(stated["hyperparameters"])
    except (ValueError, SyntaxError, KeyError, TypeError) as error:
        raise SourceError(
            f"OBOE configuration {configuration!r} is not understood ({error!r}): expected "
            f"{{'algorithm': ..., 'hyperparameters': {{...}}}} with one of {', '.join(OBOE_ALGORITHMS)}"
        ) from error
    return Pipeline(
        (
            _step("numeric_imputer", "sklearn.impute.SimpleImputer"),
            _step("categorical_imputer", "sklearn.impute.SimpleImputer", _MOST_FREQUENT),
            _step("encoder", "sklearn.preprocessing.OneHotEncoder", {"handle_unknown": "ignore"}),
            _step("scaler", "sklearn.preprocessing.StandardScaler"),
            _step("estimator", component, parameters),
        )
    )


def tensoroboe_pipeline(options: Mapping[str, Option]) -> Pipeline:
    """Pipeline of one cell of TensorOboe's tensors.

    All steps were fitted within the folds (``oboe/pipeline.py``). One imputer saw all columns, categories among
    them as numbers, so it fills both slots; without an encoder the numbers stayed. ``sparse`` of the encoder is
    how its output is stored, not what it is, and is dropped. The percentages of PCA and SelectKBest are shares
    of the dataset's columns before encoding (``oboe/auto_learner.py``), and stay as the source states them.

    Parameters
    ----------
    options
        One :data:`Option` for each step of :data:`TENSOROBOE_STEPS`.

    Raises
    ------
    SourceError
        If a step or an algorithm is unknown.
    """
    steps = []
    for place, (algorithm, parameters) in options.items():
        slots, components = TENSOROBOE_STEPS.get(place, ((), {}))
        if not slots or (algorithm is not None and algorithm not in components):
            raise SourceError(
                f"TensorOboe's step {place!r} with algorithm {algorithm!r} is unknown; known: "
                + "; ".join(f"{name}: {', '.join(known)}" for name, (_, known) in TENSOROBOE_STEPS.items())
            )
        if algorithm is not None:
            stated = {name: value for name, value in parameters.items() if name != "sparse"}
            steps += [_step(slot, components[algorithm], stated) for slot in slots]
    return Pipeline(tuple(steps))


def lcdb_pipeline(learner: str) -> Pipeline:
    """Pipeline of one of LCDB's learners.

    LCDB's tables were preprocessed (``get_dataset`` in ``lcdb/lcdb.py``): median and most frequent value
    imputed and one-hot encoded, not scaled.

    Raises
    ------
    SourceError
        If the learner is unknown.
    """
    if learner not in LCDB_LEARNERS:
        raise SourceError(f"LCDB learner {learner!r} is unknown; known: {', '.join(LCDB_LEARNERS)}")
    component, parameters = LCDB_LEARNERS[learner]
    return Pipeline(
        (
            _step("numeric_imputer", "sklearn.impute.SimpleImputer", {"strategy": "median"}),
            _step("categorical_imputer", "sklearn.impute.SimpleImputer", _MOST_FREQUENT),
            _step("encoder", "sklearn.preprocessing.OneHotEncoder", {"handle_unknown": "ignore"}),
            _step("estimator", component, parameters),
        )
    )
