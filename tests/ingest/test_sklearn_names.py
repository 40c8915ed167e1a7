"""Names of sources become scikit-learn components; defaults are dropped, and nothing else."""

import ast
import importlib
import inspect

import pytest

from ingest.sklearn_names import DEFAULTS, LCDB_LEARNERS, OBOE_ALGORITHMS, lcdb_pipeline, oboe_pipeline
from ingest.tables import DATA, read_parquet
from kg.errors import SourceError


def _class(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.fixture(scope="module")
def configurations():
    return sorted(read_parquet(DATA / "oboe-results.parquet", ["configuration"])["configuration"].unique())


@pytest.mark.parametrize("path", sorted(DEFAULTS))
def test_defaults_are_those_of_the_installed_scikit_learn(path):
    signature = inspect.signature(_class(path)).parameters
    checked = 0
    for name, value in DEFAULTS[path].items():
        # 'penalty' of LogisticRegression was 'l2' until scikit-learn 1.7 and is deprecated since 1.8
        if name in signature and signature[name].default != "deprecated":
            assert signature[name].default == value, name
            checked += 1
    assert checked


def test_every_component_exists():
    names = [*OBOE_ALGORITHMS.values(), *(component for component, _ in LCDB_LEARNERS.values()), *DEFAULTS]
    for name in names:
        assert inspect.isclass(_class(name)), name


def test_219_configurations_are_219_pipelines(configurations):
    assert len(configurations) == 219
    assert len({oboe_pipeline(text).iri for text in configurations}) == 219


def test_dropped_and_kept_parameters_are_what_was_stated(configurations):
    for text in configurations:
        stated = ast.literal_eval(text)
        component = OBOE_ALGORITHMS[stated["algorithm"]]
        estimator = oboe_pipeline(text).estimator
        dropped = {
            name: DEFAULTS[component][name]
            for name in stated["hyperparameters"]
            if name not in estimator.parameters
        }
        assert estimator.component == component
        assert {**dropped, **estimator.parameters} == stated["hyperparameters"]
        assert not set(estimator.parameters.items()) & set(DEFAULTS.get(component, {}).items())


def test_estimators_of_both_sources_meet():
    forest = oboe_pipeline(
        "{'algorithm': 'RF', 'hyperparameters': {'min_samples_split': 2, 'criterion': 'gini'}}"
    )
    kernel = oboe_pipeline("{'algorithm': 'kSVM', 'hyperparameters': {'C': 1, 'kernel': 'poly', 'coef0': 0}}")
    assert forest.estimator == lcdb_pipeline("sklearn.ensemble.RandomForestClassifier").estimator
    assert kernel.estimator == lcdb_pipeline("SVC_poly").estimator
    # the whole pipelines differ: OBOE imputes the mean and scales
    assert forest.iri != lcdb_pipeline("sklearn.ensemble.RandomForestClassifier").iri
    assert [step.slot for step in forest.steps] == [
        "numeric_imputer",
        "categorical_imputer",
        "encoder",
        "scaler",
        "estimator",
    ]
    assert dict(lcdb_pipeline("SVC_rbf").steps[0].parameters) == {"strategy": "median"}


def test_a_parameter_without_effect_is_kept():
    with_offset = oboe_pipeline(
        "{'algorithm': 'kSVM', 'hyperparameters': {'C': 1, 'kernel': 'rbf', 'coef0': 10}}"
    )
    without = oboe_pipeline("{'algorithm': 'kSVM', 'hyperparameters': {'C': 1, 'kernel': 'rbf', 'coef0': 0}}")
    assert dict(with_offset.estimator.parameters) == {"coef0": 10}
    assert dict(without.estimator.parameters) == {}


@pytest.mark.parametrize(
    "text",
    [
        "{'algorithm': 'Unheard', 'hyperparameters': {}}",
        "{'algorithm': 'RF'}",
        "__import__('os').getcwd()",
        "{'algorithm':",
        "3",
    ],
)
def test_what_is_no_configuration_is_refused_and_not_run(text):
    with pytest.raises(SourceError, match="not understood"):
        oboe_pipeline(text)


def test_unknown_learner_is_refused():
    with pytest.raises(SourceError, match=r"'sklearn\.svm\.Unheard' is unknown; known: SVC_linear"):
        lcdb_pipeline("sklearn.svm.Unheard")
