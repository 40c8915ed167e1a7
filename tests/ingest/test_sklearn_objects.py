"""Estimators become pipelines: the same node as from OBOE and LCDB, nothing lost, one form of values."""

import functools
import inspect
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold, chi2, f_classif
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, PassiveAggressiveClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from embeddings.estimators import build
from ingest.components import NEUTRAL
from ingest.sklearn_names import LCDB_LEARNERS, lcdb_pipeline, oboe_pipeline, tensoroboe_pipeline
from ingest.sklearn_objects import opaque_pipeline, pipeline_of, restore, seed_of
from ingest.sklearn_paths import CLASSES, FOREIGN_DEFAULTS, class_of, public_path
from ingest.tables import DATA, read_parquet
from kg.errors import SourceError
from kg.pipeline import Pipeline as Canonical


class Own(ClassifierMixin, BaseEstimator):
    def __init__(self, depth=3, inner=None, options=None, **extra):
        self.depth, self.inner, self.options = depth, inner, options


class Settable(ClassifierMixin, BaseEstimator):
    def __init__(self, value=None):
        self.value = value


def _slots(estimator):
    return {step.slot: step.title for step in pipeline_of(estimator).steps}


def _value(value):
    return pipeline_of(Settable(value)).estimator.parameters["value"]


# --- the same node ---


def _graphs_pipelines():
    texts = read_parquet(DATA / "oboe-results.parquet", ["configuration"])["configuration"].unique()
    return [*map(oboe_pipeline, texts), *map(lcdb_pipeline, LCDB_LEARNERS)]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("negative", [False, True])
def test_what_is_built_from_oboe_and_lcdb_is_read_back_as_the_same_node(n_classes, negative):
    pipelines = _graphs_pipelines()
    assert len(pipelines) == 219 + len(LCDB_LEARNERS) == 239
    for pipeline in pipelines:
        built = build(
            pipeline, numeric=["age"], categorical=["job"], n_classes=n_classes, seed=5, negative=negative
        )
        assert pipeline_of(built).canonical() == pipeline.canonical()
        seeded = any(name.endswith("random_state") for name in built.get_params())
        assert seed_of(built) == (5 if seeded else None)


def test_a_chain_is_tensoroboes_pipeline():
    column = tensoroboe_pipeline(
        {
            "imputer": ("SimpleImputer", {"strategy": "median"}),
            "encoder": ("OneHotEncoder", {"handle_unknown": "ignore", "sparse": 0}),
            "standardizer": ("StandardScaler", {}),
            "dim_reducer": ("PCA", {"n_components": 4}),
            "estimator": ("RF", {"min_samples_split": 2, "criterion": "entropy"}),
        }
    )
    chain = make_pipeline(
        SimpleImputer(strategy="median"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        make_pipeline(StandardScaler(copy=False), PCA(n_components=4)),
        RandomForestClassifier(criterion="entropy", n_jobs=2, random_state=0),
        memory="cache",
    )
    assert pipeline_of(chain).iri == column.iri


# --- slots ---


def test_branches_of_columns_fill_the_slots():
    numeric = make_pipeline(KNNImputer(n_neighbors=3), StandardScaler())
    categorical = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    selector = make_column_selector(dtype_include="number")
    columns = ColumnTransformer([("n", numeric, selector), ("c", categorical, ["a"]), ("d", "drop", [3])])
    assert _slots(make_pipeline(columns, VarianceThreshold(), GaussianNB())) == {
        "numeric_imputer": "KNNImputer(n_neighbors=3)",
        "categorical_imputer": "SimpleImputer(strategy=most_frequent)",
        "encoder": "OneHotEncoder",
        "scaler": "StandardScaler",
        "reducer": "VarianceThreshold",
        "estimator": "GaussianNB",
    }
    others = ColumnTransformer([("c", OneHotEncoder(), ["a"])], remainder=SimpleImputer())
    assert _slots(make_pipeline(others, GaussianNB())) == {
        "numeric_imputer": "SimpleImputer",
        "encoder": "OneHotEncoder",
        "estimator": "GaussianNB",
    }
    rest = ColumnTransformer([("c", OneHotEncoder(), ["a"])], remainder="passthrough")
    assert _slots(make_pipeline(rest, GaussianNB())) == {
        "encoder": "OneHotEncoder",
        "estimator": "GaussianNB",
    }


def test_an_imputer_of_numbers_fills_one_slot_and_of_anything_two():
    assert list(_slots(make_pipeline(KNNImputer(), GaussianNB()))) == ["numeric_imputer", "estimator"]
    assert list(_slots(make_pipeline(SimpleImputer(), GaussianNB()))) == [
        "numeric_imputer",
        "categorical_imputer",
        "estimator",
    ]


@pytest.mark.parametrize(
    ("estimator", "path", "parameter"),
    [
        (make_pipeline(StandardScaler(), MinMaxScaler(), SVC()), "sklearn.pipeline.Pipeline", "steps"),
        (make_pipeline(PCA(), StandardScaler(), SVC()), "sklearn.pipeline.Pipeline", "steps"),
        (make_pipeline(StandardScaler(), SimpleImputer(), SVC()), "sklearn.pipeline.Pipeline", "steps"),
        (make_pipeline(FunctionTransformer(np.log1p), SVC()), "sklearn.pipeline.Pipeline", "steps"),
        (make_pipeline(make_union(PCA(), SelectKBest()), SVC()), "sklearn.pipeline.Pipeline", "steps"),
        (
            make_pipeline(ColumnTransformer([("a", PCA(), [0, 1])]), SVC()),
            "sklearn.pipeline.Pipeline",
            "steps",
        ),
        (
            make_pipeline(
                ColumnTransformer([("a", StandardScaler(), [0])], transformer_weights={"a": 2}), SVC()
            ),
            "sklearn.pipeline.Pipeline",
            "steps",
        ),
        (Pipeline([("only", "passthrough")]), "sklearn.pipeline.Pipeline", "steps"),
        (
            FeatureUnion([("a", PCA()), ("b", SelectKBest())]),
            "sklearn.pipeline.FeatureUnion",
            "transformer_list",
        ),
        (
            VotingClassifier([("a", SVC()), ("b", GaussianNB())]),
            "sklearn.ensemble.VotingClassifier",
            "estimators",
        ),
        (
            StackingClassifier([("a", SVC())], final_estimator=SVC()),
            "sklearn.ensemble.StackingClassifier",
            "estimators",
        ),
        (GridSearchCV(SVC(), {"C": [1, 2]}), "sklearn.model_selection.GridSearchCV", "estimator"),
    ],
)
def test_what_fits_no_slots_is_one_step_that_holds_all(estimator, path, parameter):
    pipeline = pipeline_of(estimator)
    (step,) = pipeline.steps
    assert (step.slot, step.component) == ("estimator", path)
    assert json.loads(step.parameters[parameter])
    assert Canonical.from_canonical(pipeline.canonical()) == pipeline


def test_one_step_holds_components_parameters_and_columns_in_order():
    odd = make_pipeline(PCA(n_components=2), StandardScaler(with_mean=False), SVC(C=3.0, random_state=1))
    steps = json.loads(pipeline_of(odd).estimator.parameters["steps"])
    assert [step["steps"][0]["component"].rpartition(".")[2] for step in steps] == [
        "PCA",
        "StandardScaler",
        "SVC",
    ]
    assert [step["steps"][0]["parameters"] for step in steps] == [
        {"n_components": 2},
        {"with_mean": False},
        {"C": 3},
    ]
    columns = ColumnTransformer([("a", PCA(), [0, 1]), ("b", "passthrough", slice(2, 4))])
    transformers = json.loads(pipeline_of(columns).estimator.parameters["transformers"])
    assert transformers[0][1] == [0, 1]
    assert transformers[1] == ["passthrough", {"object": "slice", "arguments": [2, 4, None]}]


def test_names_of_steps_do_nothing_and_order_does():
    one = Pipeline([("a", StandardScaler()), ("b", MinMaxScaler()), ("c", SVC())])
    two = Pipeline([("x", StandardScaler()), ("y", MinMaxScaler()), ("z", SVC())])
    other = Pipeline([("a", MinMaxScaler()), ("b", StandardScaler()), ("c", SVC())])
    assert pipeline_of(one).key == pipeline_of(two).key != pipeline_of(other).key


def test_an_estimator_within_is_in_its_canonical_form():
    stump = DecisionTreeClassifier(max_depth=1)
    boosted = pipeline_of(AdaBoostClassifier(stump, n_estimators=50))
    assert dict(boosted.estimator.parameters) == {"estimator": pipeline_of(stump).canonical()}
    assert Canonical.from_canonical(boosted.estimator.parameters["estimator"]) == pipeline_of(stump)


# --- defaults and what is left out ---


@pytest.mark.filterwarnings("ignore")
def test_every_estimator_of_scikit_learn_with_defaults_is_its_public_path_and_nothing_else():
    checked = 0
    for name, kind in all_estimators():
        parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
        if any(each.default is each.empty and each.kind is not each.VAR_KEYWORD for each in parameters):
            continue
        (step, *_) = pipeline_of(kind()).steps
        assert step.component == CLASSES[name]
        assert class_of(step.component) is kind
        assert dict(step.parameters) == {}, name
        checked += 1
    assert checked > 170


def test_the_table_of_paths_has_every_estimator_of_the_installed_release():
    for name, kind in all_estimators():
        assert public_path(f"{kind.__module__}.{name}") == public_path(name) == CLASSES[name]


@pytest.mark.parametrize(
    ("path", "public"),
    [
        ("sklearn.tree.tree.DecisionTreeClassifier", "sklearn.tree.DecisionTreeClassifier"),
        ("sklearn.linear_model.logistic.LogisticRegression", "sklearn.linear_model.LogisticRegression"),
        ("sklearn.grid_search.GridSearchCV", "sklearn.model_selection.GridSearchCV"),
        ("sklearn.preprocessing.imputation.Imputer", "sklearn.preprocessing.Imputer"),
        ("sklearn.later._module.Unheard", "sklearn.later.Unheard"),
        ("xgboost.sklearn.XGBClassifier", "xgboost.XGBClassifier"),
        ("lightgbm.sklearn.LGBMClassifier", "lightgbm.LGBMClassifier"),
        ("mine._private.SVC", "mine._private.SVC"),
        ("", ""),
    ],
)
def test_paths_of_other_releases_and_packages(path, public):
    assert public_path(path) == public
    assert public_path(public) == public


def test_only_scikit_learn_is_imported_for_a_path():
    assert class_of("xgboost.XGBClassifier") is None
    assert class_of("sklearn.preprocessing.Imputer") is None  # gone since 0.22
    assert class_of("os.system") is None
    assert FOREIGN_DEFAULTS["lightgbm.LGBMClassifier"]["num_leaves"] == 31


def test_how_a_run_is_carried_out_is_left_out():
    told = RandomForestClassifier(n_jobs=4, verbose=2, random_state=3, warm_start=True)
    assert pipeline_of(told) == pipeline_of(RandomForestClassifier())
    encoder = OneHotEncoder(sparse_output=False, dtype=np.float32)
    assert pipeline_of(encoder) == pipeline_of(OneHotEncoder())
    assert pipeline_of(SVC(cache_size=900)) == pipeline_of(SVC())
    assert {"n_jobs", "random_state", "memory", "copy"} <= NEUTRAL


def test_a_single_feature_is_not_all_of_them():
    assert dict(pipeline_of(RandomForestRegressor(max_features=1)).estimator.parameters) == {
        "max_features": 1
    }
    assert dict(pipeline_of(RandomForestRegressor(max_features=1.0)).estimator.parameters) == {}


@pytest.mark.parametrize(
    ("estimator", "component", "parameters"),
    [
        (
            LogisticRegression(l1_ratio=1, solver="saga"),
            "LogisticRegression",
            {"penalty": "l1", "solver": "saga"},
        ),
        (LogisticRegression(C=np.inf), "LogisticRegression", {"penalty": None}),
        (LogisticRegression(l1_ratio=0.5), "LogisticRegression", {"penalty": "elasticnet", "l1_ratio": 0.5}),
        (
            SGDClassifier(penalty=None, learning_rate="pa2", eta0=2.0, max_iter=50),
            "PassiveAggressiveClassifier",
            {"C": 2, "loss": "squared_hinge", "max_iter": 50},
        ),
        (SGDClassifier(learning_rate="pa1"), "SGDClassifier", {"learning_rate": "pa1"}),
        (QuadraticDiscriminantAnalysis(reg_param=1e-6, tol=0), "QuadraticDiscriminantAnalysis", {}),
        (SelectKBest(chi2, k=3), "SelectKBest", {"score_func": "chi2", "k": 3}),
        (SelectKBest(f_classif), "SelectKBest", {}),
    ],
)
def test_releases_are_spelled_as_one(estimator, component, parameters):
    step = pipeline_of(estimator).steps[-1]
    assert (step.name, dict(step.parameters)) == (component, parameters)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_both_ways_to_write_a_passive_aggressive_classifier_are_one():
    modern = SGDClassifier(loss="hinge", penalty=None, learning_rate="pa1", eta0=1.0)
    assert pipeline_of(modern) == pipeline_of(PassiveAggressiveClassifier())


# --- seeds ---


def test_the_seed_is_that_of_all_parts():
    assert seed_of(SVC()) is None
    assert seed_of(SVC(random_state=np.int64(4))) == 4
    assert seed_of(make_pipeline(PCA(random_state=4), SVC(random_state=4))) == 4
    assert seed_of(make_pipeline(PCA(random_state=1), SVC(random_state=4))) is None
    assert seed_of(GridSearchCV(AdaBoostClassifier(DecisionTreeClassifier(random_state=9)), {})) == 9
    assert seed_of(SVC(random_state=np.random.RandomState(1))) is None


# --- values ---


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.float64(0.5), 0.5),
        (np.int32(7), 7),
        (np.bool_(True), True),
        (np.float32(2), 2),
        (np.str_("a"), "a"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2.0, 2),
        ((100, 50.0), "[100,50]"),
        ({"b": 1, "a": (None, True)}, '{"a":[null,true],"b":1}'),
        ({1: 2.0, (3, 4): 5}, '{"1":2,"[3,4]":5}'),
        ({3, 1, 2}, "[1,2,3]"),
        ("\ud800", "\\ud800"),
        ([float("nan")], '["nan"]'),
        (len, "len"),
        (np.mean, "numpy.mean"),
        (float, "float"),
        (np.float64, "numpy.float64"),
        (f_classif, "sklearn.feature_selection.f_classif"),
        (Own, f"{Own.__module__}.Own"),
        (range(3), '{"arguments":[0,3,1],"object":"range"}'),
        (
            functools.partial(int, base=2),
            '{"arguments":[],"function":"int","keywords":{"base":2},"object":"functools.partial"}',
        ),
        (
            StratifiedKFold(3, shuffle=True, random_state=1),
            '{"object":"sklearn.model_selection.StratifiedKFold","parameters":{"n_splits":3,"shuffle":true}}',
        ),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_values_have_one_form(value, written):
    found = _value(value)
    assert (found, type(found)) == (written, type(written))


def test_arrays_are_their_hash():
    one = _value(np.arange(6).reshape(2, 3))
    assert one.startswith("sha256:")
    assert len(one) == 71
    assert one == _value(np.asfortranarray(np.arange(6).reshape(2, 3)))
    others = [np.arange(6), np.arange(6.0).reshape(2, 3), np.array(["a", None], dtype=object), b"six"]
    assert len({one, *map(_value, others)}) == 5


def test_objects_without_parameters_are_named_and_never_by_their_address():
    plain = type("Plain", (), {"__module__": "mine", "__slots__": ()})
    assert _value(plain()) == '{"object":"mine.Plain","parameters":{}}'
    assert _value(iter([])) == _value(iter([1]))


def test_an_own_class_keeps_its_path_and_says_what_was_chosen():
    step = pipeline_of(make_pipeline(StandardScaler(), Own(depth=4, options={"a": [1]}))).estimator
    assert step.component == f"{Own.__module__}.Own"
    assert dict(step.parameters) == {"depth": 4, "options": '{"a":[1]}'}


def test_a_class_of_a_script_is_called_main():
    code = (
        "from sklearn.base import BaseEstimator\n"
        "from ingest.sklearn_objects import pipeline_of\n"
        "class Mine(BaseEstimator):\n"
        "    def __init__(self, a=1): self.a = a\n"
        "print(pipeline_of(Mine(2)).estimator.component, pipeline_of(Mine(2)).title)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "__main__.Mine Mine(a=2)"


def test_importing_does_not_import_scikit_learn():
    code = (
        "import sys, ingest.sklearn_objects, ingest.openml_flows\n"
        "print('sklearn' in sys.modules, 'openml' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# --- errors ---


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3, r"an object of builtins\.int is no estimator: it has no get_params"),
        (None, "no estimator"),
        (SVC, r"sklearn\.svm\._classes\.SVC is a class: give an object, SVC\(\.\.\.\)"),
        (StratifiedKFold(), "StratifiedKFold is no estimator"),
    ],
)
def test_what_is_no_estimator_is_refused(thing, message):
    with pytest.raises(SourceError, match=message):
        pipeline_of(thing)
    with pytest.raises(SourceError, match=message):
        seed_of(thing)


def test_an_estimator_that_forgets_its_parameters_is_refused():
    class Forgetful(BaseEstimator):
        def __init__(self, depth=1):
            pass

    with pytest.raises(SourceError, match=r"parameters of .*Forgetful cannot be read: .*AttributeError"):
        pipeline_of(Forgetful())


def test_what_holds_itself_is_refused():
    ring = Settable()
    ring.value = ring
    endless = []
    endless.append(endless)
    for estimator in (ring, Settable(endless)):
        with pytest.raises(SourceError, match="nested more than 100 levels deep"):
            pipeline_of(estimator)


def test_deep_nesting_costs_no_more_than_its_length():
    estimator = SVC()
    for _ in range(16):
        estimator = make_pipeline(PCA(), StandardScaler(), BaggingClassifier(estimator))
    # quotes within quotes would be escaped to lengths of 2 to the power of 16
    assert len(pipeline_of(estimator).canonical()) < 20_000


# --- trackers ---


def test_a_name_and_texts_are_the_same_node_as_the_object():
    texts = {"n_estimators": "100", "max_depth": "5", "n_jobs": "4", "random_state": "1", "bootstrap": "True"}
    expected = pipeline_of(RandomForestClassifier(max_depth=5))
    for name in (
        "RandomForestClassifier",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
    ):
        assert opaque_pipeline(name, texts) == expected
    layers = opaque_pipeline("MLPClassifier", {"hidden_layer_sizes": "(50, 20)", "alpha": "0.0001"})
    assert layers == pipeline_of(MLPClassifier(hidden_layer_sizes=(50, 20)))
    assert opaque_pipeline("MLPClassifier", {"hidden_layer_sizes": (100,)}) == pipeline_of(MLPClassifier())


def test_a_step_of_a_tracker_is_one_estimator_whatever_it_is():
    (step,) = opaque_pipeline("StandardScaler", {"with_mean": "False"}).steps
    assert (step.slot, dict(step.parameters)) == ("estimator", {"with_mean": False})
    assert opaque_pipeline("my model v2", {"id": "0012", "note": "[see wiki"}).estimator.parameters == {
        "id": "0012",
        "note": "[see wiki",
    }
    with pytest.raises(SourceError, match="a model's name is ' '"):
        opaque_pipeline(" ", {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("-3", -3),
        ("0", 0),
        ("1e-05", 1e-05),
        ("2.5E+3", 2500.0),
        ("True", True),
        ("false", False),
        ("None", None),
        ("null", None),
        *[
            (text, text)
            for text in (
                "nan", "inf", "-inf", "Infinity", "0012", "-007", "00.5", "+1", "1_000", " 1", "1 ", "", "-", ".", "e5",
                "1e999", "12345678901234567890", "0x10", "١", "gini", "TRUE", "9" * 5000, "1,5", "1.2.3",
            )
        ],
    ],
)  # fmt: skip
def test_texts_are_restored(text, value):
    restored = restore(text)
    assert (restored, type(restored)) == (value, type(value))


@given(
    st.one_of(
        st.integers(-(10**15) + 1, 10**15 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.none(),
    )
)
def test_what_python_writes_is_restored(value):
    assert restore(str(value)) == value


@given(st.text())
def test_any_text_is_restored_to_something(text):
    assert opaque_pipeline("SVC", {"kernel": text}).key == opaque_pipeline("SVC", {"kernel": text}).key


# --- totality ---

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=8),  # lone surrogates among them
    st.sampled_from(
        [np.float32(0.1), np.int64(3), np.arange(3), len, np.mean, float, SVC, StratifiedKFold(4)]
    ),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.builds(Settable, inner),
    ),
    max_leaves=6,
)
_FORESTS = st.builds(
    RandomForestClassifier,
    n_estimators=st.integers(1, 500),
    max_features=st.one_of(st.sampled_from(["sqrt", "log2", None]), st.floats(0.01, 1), st.integers(1, 9)),
    criterion=st.sampled_from(["gini", "entropy"]),
    random_state=st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    class_weight=st.one_of(st.none(), st.dictionaries(st.integers(0, 3), st.floats(0.1, 9), max_size=3)),
)
_MACHINES = st.builds(
    SVC, C=st.floats(1e-3, 1e3), kernel=st.sampled_from(["rbf", "poly"]), degree=st.integers(1, 5)
)
_PARTS = st.one_of(
    st.builds(SimpleImputer, strategy=st.sampled_from(["mean", "median", "most_frequent"])),
    st.builds(StandardScaler, with_mean=st.booleans()),
    st.builds(MinMaxScaler, feature_range=st.tuples(st.floats(-1, 0), st.floats(0.5, 2))),
    st.builds(PCA, n_components=st.one_of(st.none(), st.floats(0.1, 0.9), st.integers(1, 9))),
    st.builds(OneHotEncoder, handle_unknown=st.sampled_from(["error", "ignore"])),
    st.builds(Settable, _values),
    st.just("passthrough"),
)
_ESTIMATORS = st.recursive(
    st.one_of(_FORESTS, _MACHINES, st.builds(Settable, _values), st.builds(MultinomialNB)),
    lambda inner: st.one_of(
        st.builds(BaggingClassifier, inner),
        st.builds(lambda parts, last: make_pipeline(*parts, last), st.lists(_PARTS, max_size=4), inner),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda found: VotingClassifier([(str(position), each) for position, each in enumerate(found)])
        ),
        st.builds(lambda each, grid: GridSearchCV(each, {"C": grid}), inner, st.lists(_scalars, max_size=3)),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=200)
@given(_ESTIMATORS)
def test_any_estimator_is_a_pipeline_with_one_key(estimator):
    pipeline = pipeline_of(estimator)
    assert pipeline.key == pipeline_of(estimator).key
    assert Canonical.from_canonical(pipeline.canonical()) == pipeline
    assert pipeline.title
    seed = seed_of(estimator)
    assert seed is None or isinstance(seed, int)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), _values, max_size=4), st.randoms(use_true_random=False))
def test_the_key_does_not_depend_on_the_order_of_parameters(parameters, random):
    shuffled = list(parameters.items())
    random.shuffle(shuffled)
    assert opaque_pipeline("mine.Model", parameters) == opaque_pipeline("mine.Model", dict(shuffled))
    assert _value(parameters) == _value(dict(shuffled))


@settings(deadline=None)
@given(_FORESTS, _FORESTS)
def test_equal_keys_are_equal_parameters(one, other):
    def chosen(forest):
        parameters = forest.get_params(deep=False)
        del parameters["random_state"]
        # True is 1 and 1.0 is 1 in the graph's canonical form
        return {name: float(value) if isinstance(value, int) else value for name, value in parameters.items()}

    assert (pipeline_of(one).key == pipeline_of(other).key) == (chosen(one) == chosen(other))
