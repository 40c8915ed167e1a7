"""The grid of OBOE, the learners of LCDB and the steps of TensorOboe as scikit-learn estimators."""

from __future__ import annotations

import subprocess
import sys
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning

from embeddings.components import COMPONENTS, resolve, resolve_function
from embeddings.estimators import Call, Columns, Function, adaptations, build, construct, layout
from embeddings.table import Table, prepare
from kg.errors import PipelineError
from kg.pipeline import Pipeline, Step

SPLITS = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 0.01, 0.001, 0.0001, 1e-05]
FOREST = {"min_samples_split": [*SPLITS, 0.1], "criterion": ["gini", "entropy"]}
SVM_C = [0.125, 0.25, 0.5, 0.75, 1, 2, 4, 8, 16]
OBOE = {
    "sklearn.ensemble.AdaBoostClassifier": {"n_estimators": [50, 100], "learning_rate": [1, 1.5, 2, 2.5, 3]},
    "sklearn.tree.DecisionTreeClassifier": {"min_samples_split": SPLITS},
    "sklearn.ensemble.ExtraTreesClassifier": FOREST,
    "sklearn.ensemble.GradientBoostingClassifier": {
        "learning_rate": [0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
        "max_depth": [3, 6],
        "max_features": [None, "log2"],
    },
    "sklearn.naive_bayes.GaussianNB": {},
    "sklearn.neighbors.KNeighborsClassifier": {"n_neighbors": [1, 3, 5, 7, 9, 11, 13, 15], "p": [1, 2]},
    "sklearn.linear_model.LogisticRegression": {
        "C": [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4],
        "solver": ["liblinear", "saga"],
        "penalty": ["l1", "l2"],
    },
    "sklearn.neural_network.MLPClassifier": {
        "learning_rate_init": [0.0001, 0.001, 0.01],
        "learning_rate": ["adaptive"],
        "solver": ["sgd", "adam"],
        "alpha": [0.0001, 0.01],
    },
    "sklearn.linear_model.Perceptron": {},
    "sklearn.ensemble.RandomForestClassifier": FOREST,
    "sklearn.svm.SVC": {"C": SVM_C, "kernel": ["rbf", "poly"], "coef0": [0, 10]},
    "sklearn.svm.LinearSVC": {"C": SVM_C},
}
FORESTS = {path for path, grid in OBOE.items() if "sklearn.ensemble" in path and "n_estimators" not in grid}
PREPARATION = (
    Step("numeric_imputer", "sklearn.impute.SimpleImputer"),
    Step("categorical_imputer", "sklearn.impute.SimpleImputer", {"strategy": "most_frequent"}),
    Step("encoder", "sklearn.preprocessing.OneHotEncoder", {"handle_unknown": "ignore"}),
)
SCALER = Step("scaler", "sklearn.preprocessing.StandardScaler")
TREE = Step("estimator", "sklearn.tree.DecisionTreeClassifier")


def configurations(component: str) -> list[dict]:
    grid = OBOE[component]
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def pipeline(component: str, parameters: dict | None = None, *more: Step) -> Pipeline:
    return Pipeline((*PREPARATION, *more, Step("estimator", component, parameters or {})))


@pytest.fixture(scope="module")
def mixed() -> Table:
    """Missing values of every spelling, text labels, booleans, a column of mixed types, rare classes."""
    rng = np.random.default_rng(0)
    n = 90
    kind = pd.Series(rng.choice(["a", "b", "zz"], n), dtype=object)
    kind[0], kind[3], kind[4], kind[7] = "once", None, np.nan, pd.NA
    frame = pd.DataFrame(
        {
            "weight": rng.normal(size=n),
            "count": rng.integers(0, 9, n),
            "flag": rng.random(n) < 0.5,
            "kind": kind,
            "various": pd.Series(rng.choice(np.array([1, "x", True, 2.5], dtype=object), n), dtype=object),
        }
    )
    frame["label"] = np.where(
        frame["weight"] + (kind == "a") > 0.5, "yes", np.where(frame["count"] > 5, "maybe", "no")
    )
    frame.loc[:1, "label"] = "rare"
    frame.loc[::7, "weight"] = np.nan
    frame.loc[::9, "various"] = None
    return prepare(frame, "label")


@pytest.fixture(scope="module")
def breast_cancer() -> Table:
    data = load_breast_cancer(as_frame=True)
    return prepare(data.frame.assign(target=data.target_names[data.target]), "target")


def fitted(pipeline: Pipeline, table: Table, train: slice = slice(None, None, 2)) -> np.ndarray:
    """Fit with every warning but ConvergenceWarning made an error; return predictions for all rows."""
    estimator = build(
        pipeline,
        numeric=table.numeric,
        categorical=table.categorical,
        n_classes=table.y.nunique(),
        **adaptations(table.X, numeric=table.numeric, categorical=table.categorical),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(table.X[train], table.y[train]).predict(table.X)


def test_grid_is_the_whole_of_oboe() -> None:
    assert sum(len(configurations(component)) for component in OBOE) == 219


@pytest.mark.parametrize("component", OBOE)
def test_every_oboe_configuration_fits_a_mixed_table(component: str, mixed: Table) -> None:
    # Fewer trees than the default of 100, for speed alone.
    fewer = {"n_estimators": 5} if component in FORESTS else {}
    for parameters in configurations(component):
        predicted = fitted(pipeline(component, parameters | fewer, SCALER), mixed)
        assert set(predicted) <= set(mixed.y)
        assert len(predicted) == len(mixed.y)


@pytest.mark.parametrize("component", OBOE)
def test_oboe_components_learn_a_binary_table(component: str, breast_cancer: Table) -> None:
    parameters = configurations(component)[len(configurations(component)) // 2]
    predicted = fitted(pipeline(component, parameters, SCALER), breast_cancer)
    assert (predicted[1::2] == breast_cancer.y[1::2]).mean() > (
        0.6 if "min_samples_split" in parameters else 0.85
    )


@pytest.mark.parametrize("component", COMPONENTS["estimator"])
def test_every_allowed_classifier_fits(component: str, mixed: Table) -> None:
    # Two classes and no scaler: how LCDB ran its learners; discriminant analysis needs two rows per class.
    common = mixed.y.isin(["yes", "no"]).to_numpy()
    table = Table(
        mixed.X[common], mixed.y[common], mixed.numeric, mixed.categorical, "classification", "label", "", ""
    )
    assert set(fitted(pipeline(component), table, slice(None))) <= {"yes", "no"}


@pytest.mark.parametrize(
    ("slot", "component"),
    [(slot, path) for slot in COMPONENTS for path in COMPONENTS[slot] if slot != "estimator"],
)
def test_every_allowed_step_fits(slot: str, component: str, mixed: Table, breast_cancer: Table) -> None:
    steps = {step.slot: step for step in (*PREPARATION, TREE)} | {slot: Step(slot, component)}
    if component.endswith("KBinsDiscretizer"):
        steps[slot] = Step(slot, component, {"strategy": "uniform"})
    if component.endswith("QuantileTransformer"):
        steps[slot] = Step(slot, component, {"n_quantiles": 10})
    if component.endswith("SelectKBest"):
        steps[slot] = Step(slot, component, {"k": 2, "score_func": "f_classif"})
    # The F-test warns about columns that are constant, which encoded rare categories can be in half a table.
    table = breast_cancer if slot == "reducer" else mixed
    assert len(fitted(Pipeline(tuple(steps.values())), table)) == len(table.y)


@pytest.mark.parametrize("table", [load_iris, load_digits])
def test_many_classes(table) -> None:
    data = table(as_frame=True)
    ready = prepare(data.frame, "target")
    for parameters in ({"solver": "liblinear", "penalty": "l1"}, {"solver": "liblinear"}):
        estimator = pipeline("sklearn.linear_model.LogisticRegression", parameters, SCALER)
        assert (fitted(estimator, ready)[1::2] == ready.y[1::2]).mean() > 0.85


def test_seed_is_given_to_every_step_that_takes_one() -> None:
    reducer = Step("reducer", "sklearn.decomposition.PCA", {"n_components": 2})
    chosen = pipeline("sklearn.ensemble.RandomForestClassifier", {"random_state": 7, "n_jobs": 4}, reducer)
    built = build(chosen, numeric=["a"], categorical=["b"], n_classes=2, seed=42)
    assert built["estimator"].random_state == built["reducer"].random_state == 42
    assert built["estimator"].n_jobs is None


def test_steps_for_absent_kinds_of_columns_are_left_out() -> None:
    only_numbers = build(pipeline(TREE.component), numeric=["a"], categorical=[], n_classes=2)
    assert [name for name, _, _ in only_numbers["columns"].transformers] == ["numeric"]
    only_text = build(pipeline(TREE.component), numeric=[], categorical=["b"], n_classes=2)
    assert [name for name, _, _ in only_text["columns"].transformers] == ["categorical"]
    with pytest.raises(PipelineError, match="at least one feature column"):
        build(pipeline(TREE.component), numeric=[], categorical=[], n_classes=2)


def arguments(component: str, parameters: dict, *, n_classes: int = 2, n_columns: int = 8) -> Call:
    chosen = Pipeline(
        (
            Step(
                "reducer" if "PCA" in component or "Select" in component else "estimator",
                component,
                parameters,
            ),
            *([TREE] if "PCA" in component or "Select" in component else []),
        )
    )
    tree = layout(chosen, numeric=[f"c{i}" for i in range(n_columns)], categorical=[], n_classes=n_classes)
    return dict(tree.arguments["steps"])[
        "reducer" if "PCA" in component or "Select" in component else "estimator"
    ]


def test_translation_of_logistic_regression() -> None:
    path = "sklearn.linear_model.LogisticRegression"
    assert arguments(path, {"penalty": "l1", "C": 2}).arguments == {
        "C": 2,
        "l1_ratio": 1.0,
        "random_state": 0,
    }
    assert arguments(path, {"penalty": "l2", "multi_class": "auto"}).arguments == {"random_state": 0}
    assert arguments(path, {"penalty": None}).arguments["C"] == float("inf")
    assert arguments(path, {"penalty": "elasticnet", "l1_ratio": 0.3}).arguments["l1_ratio"] == 0.3
    assert arguments(path, {"solver": "liblinear"}).path == path
    for parameters in ({"solver": "liblinear"}, {"multi_class": "ovr"}):
        assert arguments(path, parameters, n_classes=3).path == "sklearn.multiclass.OneVsRestClassifier"
    with pytest.raises(PipelineError, match="penalty 'l3' is unknown"):
        arguments(path, {"penalty": "l3"})


def test_passive_aggressive_is_what_it_was() -> None:
    from sklearn.linear_model import PassiveAggressiveClassifier

    X, y = load_digits(return_X_y=True)
    for loss in ("hinge", "squared_hinge"):
        call = arguments(
            "sklearn.linear_model.PassiveAggressiveClassifier", {"C": 0.5, "loss": loss}, n_classes=10
        )
        with pytest.warns(FutureWarning, match="deprecated"):
            old = PassiveAggressiveClassifier(C=0.5, loss=loss, random_state=0).fit(X, y)
        np.testing.assert_allclose(construct(call).fit(X, y).coef_, old.coef_)


def test_translation_of_renamed_and_removed_parameters() -> None:
    boosting = {"criterion": "friedman_mse", "presort": "auto", "loss": "deviance", "max_features": "auto"}
    assert arguments("sklearn.ensemble.GradientBoostingClassifier", boosting).arguments == {
        "loss": "log_loss",
        "max_features": "sqrt",
        "random_state": 0,
    }
    assert arguments("sklearn.ensemble.AdaBoostClassifier", {"algorithm": "SAMME.R"}).arguments == {
        "random_state": 0
    }
    assert arguments("sklearn.svm.SVC", {"probability": True}).arguments == {"random_state": 0}
    assert (
        arguments("sklearn.tree.DecisionTreeClassifier", {"min_samples_split": 1}).arguments[
            "min_samples_split"
        ]
        == 1.0
    )
    assert isinstance(
        arguments("sklearn.tree.DecisionTreeClassifier", {"min_samples_split": 1}).arguments[
            "min_samples_split"
        ],
        float,
    )


def test_percentages_are_shares_of_the_columns() -> None:
    assert arguments("sklearn.decomposition.PCA", {"n_components": "25%"}).arguments["n_components"] == 2
    assert arguments("sklearn.feature_selection.SelectKBest", {"k": "75%"}).arguments["k"] == 6
    assert arguments("sklearn.feature_selection.SelectKBest", {"k": "25%"}, n_columns=3).arguments["k"] == 1
    with pytest.raises(PipelineError, match="no percentage"):
        arguments("sklearn.decomposition.PCA", {"n_components": "many%"})


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((Step("estimator", "os.system"),), "'os.system' is not allowed in slot 'estimator'"),
        ((Step("estimator", "sklearn.svm.SVCC"),), "did you mean 'sklearn.svm.SVC'"),
        ((Step("estimator", "svm.LinearSVC"),), "did you mean 'sklearn.svm.LinearSVC'"),
        ((Step("estimator", "sklearn.preprocessing.FunctionTransformer"),), "not allowed"),
        ((Step("scaler", "sklearn.svm.SVC"), TREE), "not allowed in slot 'scaler'"),
        ((Step("estimator", "sklearn.svm.SVC", {"gama": 1}),), "no parameter 'gama'; did you mean 'gamma'"),
        (
            (Step("estimator", "sklearn.ensemble.BaggingClassifier", {"estimator": "os"}),),
            "no parameter 'estimator'",
        ),
        (
            (Step("reducer", "sklearn.feature_selection.SelectKBest", {"score_func": "os"}), TREE),
            "function .* not allowed",
        ),
        ((SCALER,), "no step in slot 'estimator'"),
    ],
)
def test_what_is_not_allowed_is_named(steps: tuple[Step, ...], message: str) -> None:
    with pytest.raises(PipelineError, match=message) as caught:
        build(Pipeline(steps), numeric=["a"], categorical=[], n_classes=2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["os.system", "sklearn.svm", "sklearn.svm._base.BaseLibSVM", "", "subprocess.Popen"]
)
def test_nothing_else_is_ever_imported(path: str) -> None:
    with pytest.raises(PipelineError):
        resolve(path)
    with pytest.raises(PipelineError):
        resolve_function(path)
    with pytest.raises(PipelineError):
        construct([(Call(path, {}),)])
    with pytest.raises(PipelineError):
        construct(Function(path))


def test_wide_tables_stay_sparse() -> None:
    import scipy.sparse

    rng = np.random.default_rng(0)
    n = 6_000
    frame = pd.DataFrame(
        {"id": [f"id{i}" for i in range(n)], "x": rng.normal(size=n), "y": rng.integers(0, 2, n)}
    )
    table = prepare(frame, "y")
    known = adaptations(table.X, numeric=table.numeric, categorical=table.categorical)
    assert known == {"sparse": True, "negative": True}
    chosen = pipeline("sklearn.linear_model.SGDClassifier", {}, SCALER)
    model = build(chosen, numeric=["x"], categorical=["id"], n_classes=2, **known).fit(table.X, table.y)
    assert scipy.sparse.issparse(model[:-1].transform(table.X[:5]))
    dense = build(chosen, numeric=["x"], categorical=["id"], n_classes=2).fit(table.X[:50], table.y[:50])
    assert isinstance(dense[:-1].transform(table.X[:5]), np.ndarray)


def test_models_for_counts_get_no_negative_values() -> None:
    path = "sklearn.naive_bayes.MultinomialNB"
    names = [step[0] for step in build(pipeline(path), numeric=["a"], categorical=[], n_classes=2).steps]
    assert names == ["columns", "estimator"]
    negative = build(pipeline(path), numeric=["a"], categorical=[], n_classes=2, negative=True)
    assert [step[0] for step in negative.steps] == ["columns", "non_negative", "estimator"]
    scaled = build(pipeline(path, {}, SCALER), numeric=["a"], categorical=[], n_classes=2)
    assert [step[0] for step in scaled.steps] == ["columns", "scaler", "non_negative", "estimator"]


def test_text_without_an_encoder_becomes_ordinal(mixed: Table) -> None:
    chosen = Pipeline((Step("numeric_imputer", "sklearn.impute.SimpleImputer"), TREE))
    assert len(fitted(chosen, mixed)) == len(mixed.y)


def test_columns_become_a_list_of_names() -> None:
    assert construct(Columns("numeric", ("a", "b"))) == ["a", "b"]


def test_importing_loads_no_scikit_learn() -> None:
    code = "import sys, embeddings.estimators; sys.exit('sklearn' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
