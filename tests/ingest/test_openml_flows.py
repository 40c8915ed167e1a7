"""OpenML's flows become pipelines: scikit-learn's the same node as the object, all others one step."""

import inspect
import json
import warnings
from pathlib import Path

import pytest
import scipy.stats
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.impute import SimpleImputer
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from ingest.openml_flows import (
    FlowInfo,
    Setting,
    parse_flow,
    parse_settings,
    pipeline_of_flow,
    title_of_flow,
)
from ingest.sklearn_names import oboe_pipeline
from ingest.sklearn_objects import opaque_pipeline, pipeline_of
from kg.errors import SourceError
from kg.pipeline import Pipeline as Canonical

SYNTHETIC = Path(__file__).parent / "openml"
REPLAY = Path(__file__).parents[2].parent / "shared" / "data" / "openml-replay"


def _flow(name):
    return parse_flow((SYNTHETIC / name).read_bytes(), where=name)


def _reference(key, kind="component_reference"):
    return {"oml-python:serialized_object": kind, "value": {"key": key, "step_name": key}}


def _sklearn_flow(path, parameters, components=None, number=None):
    texts = {name: json.dumps(value) for name, value in parameters.items()}
    return FlowInfo(
        number, path, external_version="sklearn==1.5.0", parameters=texts, components=components or {}
    )


@pytest.fixture
def replay():
    if not REPLAY.exists():
        pytest.skip("../shared/data/openml-replay is not there")
    return REPLAY


def test_oboe_column_object_and_flow_are_one_node():
    column = oboe_pipeline(
        "{'algorithm': 'kSVM', 'hyperparameters': {'C': 16, 'kernel': 'poly', 'coef0': 10}}"
    )
    branches = [
        ("n", SimpleImputer(), ["age"]),
        (
            "c",
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
            ["job"],
        ),
    ]
    estimator = make_pipeline(
        ColumnTransformer(branches), StandardScaler(), SVC(C=16.0, kernel="poly", coef0=10, random_state=7)
    )
    settings = parse_settings((SYNTHETIC / "columns-run.xml").read_bytes())
    flow = pipeline_of_flow(_flow("columns.xml"), settings)
    assert column.iri == pipeline_of(estimator).iri == flow.iri
    # without the run's settings it is what its uploader had: another pipeline
    assert pipeline_of_flow(_flow("columns.xml")).iri != flow.iri


@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        ("single.xml", DecisionTreeClassifier(max_depth=3)),
        (
            "pipeline.xml",
            make_pipeline(
                SimpleImputer(strategy="most_frequent"),
                OneHotEncoder(handle_unknown="ignore"),
                DecisionTreeClassifier(),
            ),
        ),
        (
            "search.xml",
            RandomizedSearchCV(
                Pipeline(
                    [
                        ("imputer", SimpleImputer(strategy="median")),
                        ("select", SelectKBest(chi2)),
                        ("estimator", DecisionTreeClassifier(random_state=1)),
                    ]
                ),
                {
                    "estimator__max_depth": [1, 2],
                    "estimator__min_samples_leaf": scipy.stats.uniform(0, 0.5),
                },
                cv=StratifiedKFold(3, shuffle=True),
            ),
        ),
    ],
)
def test_a_flow_is_the_node_of_the_object(name, estimator):
    flow = _flow(name)
    assert flow.is_sklearn
    assert pipeline_of_flow(flow).canonical() == pipeline_of(estimator).canonical()


def test_passthrough_and_a_package_that_is_not_imported():
    pipeline = pipeline_of_flow(_flow("passthrough.xml"))
    assert pipeline == opaque_pipeline("XGBClassifier", {"max_depth": "6", "n_estimators": "50"})
    assert pipeline.title == "XGBClassifier(max_depth=6, n_estimators=50)"


def _constructible():
    for name, kind in all_estimators():
        if name == "FeatureAgglomeration":  # openml-python cannot write its pooling_func, numpy.mean
            continue
        required = [
            parameter
            for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]
            if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        ]
        if not required:
            yield pytest.param(kind, id=name)


@pytest.mark.parametrize("kind", list(_constructible()))
def test_what_openml_python_writes_of_any_estimator_is_the_node_of_the_object(kind):
    from openml.extensions.sklearn import SklearnExtension

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = kind()
        written = SklearnExtension().model_to_flow(estimator)._to_xml()
    assert pipeline_of_flow(parse_flow(written)).canonical() == pipeline_of(estimator).canonical()


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), SVC(C=3.0, class_weight={"a": 1, "b": 2.5})),
        make_pipeline(SVC(kernel="linear")),
        Pipeline([("scale", "passthrough"), ("tree", DecisionTreeClassifier(max_depth=4))]),
        RandomizedSearchCV(
            make_pipeline(StandardScaler(), SVC()), {"svc__C": scipy.stats.expon(scale=2)}, n_iter=3
        ),
        make_pipeline(
            ColumnTransformer(
                [("n", make_pipeline(SimpleImputer(), StandardScaler()), [0]), ("c", OneHotEncoder(), [1])]
            ),
            DecisionTreeClassifier(),
        ),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_what_openml_python_writes_of_compositions_is_the_node_of_the_object(estimator):
    from openml.extensions.sklearn import SklearnExtension

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = SklearnExtension().model_to_flow(estimator)._to_xml()
    assert pipeline_of_flow(parse_flow(written)).canonical() == pipeline_of(estimator).canonical()


def test_a_value_that_equals_the_documents_default_and_not_the_components_is_kept():
    flow = _sklearn_flow("sklearn.svm.classes.SVC", {"C": 5.0, "kernel": "rbf"}, number=4)
    assert pipeline_of_flow(flow) == pipeline_of(SVC(C=5))
    assert pipeline_of_flow(flow, [Setting("C", "5.0", 4)]) == pipeline_of(SVC(C=5))
    assert pipeline_of_flow(flow, [Setting("C", "1.0", 4)]) == pipeline_of(SVC())


def test_real_documents_of_r(replay):
    flows = {
        path.parent.name: parse_flow(path.read_bytes()) for path in replay.glob("openml-r/flows/*/flow.xml")
    }
    assert {number: flow.name for number, flow in flows.items()} == {
        "2": "openml.evaluation.PolynomialKernel",
        "16": "mlr.classif.rpart",
        "17": "mlr.classif.rpart",
        "26": "mlr.regr.rpart",
        "5270": "mlr.classif.randomForest.filtered",
        "75243": "mlr.classif.randomForest.filtered",
    }
    assert flows["16"].parameters["openml.kind"] == "Mersenne-Twister"
    assert flows["5270"].components["randomForest"].name == "mlr.classif.randomForest"
    assert not any(flow.is_sklearn for flow in flows.values())

    filtered = pipeline_of_flow(
        flows["75243"], parse_settings((replay / "openml-r/runs/26936/run.xml").read_bytes())
    )
    # the seed and the generators are the run's
    assert dict(filtered.estimator.parameters) == {
        "fw.method": "variance",
        "fw.perc": 0.5,
        "mtry": 2,
        "ntree": 5,
    }
    assert title_of_flow(flows["75243"], filtered) == (
        "mlr.classif.randomForest.filtered(fw.method=variance, fw.perc=0.5, mtry=2, ntree=5)"
    )
    rpart = pipeline_of_flow(flows["16"], parse_settings((replay / "openml-r/runs/219/run.xml").read_bytes()))
    assert rpart == Canonical((Canonical.from_canonical(rpart.canonical()).estimator,))
    assert (rpart.estimator.component, dict(rpart.estimator.parameters)) == ("mlr.classif.rpart", {"xval": 0})


def test_real_setup_of_weka(replay):
    (path,) = replay.rglob("setup/1/body.xml")
    flow = FlowInfo(60, "weka.J48", parameters={"C": "0.25", "M": "2", "U": None})
    pipeline = pipeline_of_flow(flow, parse_settings(path.read_bytes()))
    assert (pipeline.estimator.component, pipeline.title) == ("weka.J48", "J48(C=0.9)")
    assert title_of_flow(flow, pipeline) == "weka.J48(C=0.9)"


def test_real_run_without_component_numbers_sets_what_has_the_parameter(replay):
    settings = parse_settings((replay / "openml-python/org/openml/test/runs/1/description.xml").read_bytes())
    search = FlowInfo(68, "weka.K2", parameters={"P": "2", "S": "BAYES"})
    flow = FlowInfo(67, "weka.BayesNet_K2", parameters={"D": None, "Q": None}, components={"Q": search})
    pipeline = pipeline_of_flow(flow, settings)
    assert pipeline.estimator.parameters["D"] is True
    assert json.loads(pipeline.estimator.parameters["Q"])["steps"][0]["parameters"] == {"P": 1}


def test_unknown_kinds_of_objects_are_kept():
    odd = {"oml-python:serialized_object": "quantum", "value": {"qubits": 3}}
    pipeline = pipeline_of_flow(_sklearn_flow("sklearn.svm._classes.SVC", {"C": 2.0, "kernel": odd}))
    assert dict(pipeline.estimator.parameters) == {
        "C": 2,
        "kernel": '{"object":"quantum","value":{"qubits":3}}',
    }


def test_values_that_are_no_json_stay_text():
    flow = FlowInfo(
        None,
        "sklearn.svm.SVC",
        external_version="sklearn==0.18",
        parameters={"kernel": "poly", "C": "[[" * 9999},
    )
    assert pipeline_of_flow(flow).estimator.parameters == {"kernel": "poly", "C": "[[" * 9999}


def test_components_that_no_value_refers_to_take_their_places():
    parts = {
        "scaler": _sklearn_flow("sklearn.preprocessing.data.StandardScaler", {}),
        "svc": _sklearn_flow("sklearn.svm.classes.SVC", {"C": 2.0}),
    }
    assert pipeline_of_flow(_sklearn_flow("sklearn.pipeline.Pipeline", {}, parts)) == pipeline_of(
        make_pipeline(StandardScaler(), SVC(C=2))
    )


@pytest.mark.parametrize(
    ("parts", "steps", "message"),
    [
        ({}, ["svc"], "refers to component 'svc', which it lacks; it has none"),
        ({"svc": "sklearn.svm.SVC"}, ["svc", "svc"], "refer to component 'svc' twice"),
        ({"svc": "sklearn.svm.SVC"}, ["steps"], "refers to component 'steps', which it lacks; it has svc"),
    ],
)
def test_references_that_lead_nowhere_or_in_circles_are_refused(parts, steps, message):
    components = {key: _sklearn_flow(path, {}) for key, path in parts.items()}
    values = {"steps": [_reference(key) for key in steps]}
    with pytest.raises(SourceError, match=message):
        pipeline_of_flow(_sklearn_flow("sklearn.pipeline.Pipeline", values, components))


def test_a_flow_that_holds_itself_is_refused():
    components = {}
    flow = FlowInfo(9, "weka.Bagging", components=components)
    components["W"] = flow
    with pytest.raises(SourceError, match="nested more than 20 levels"):
        pipeline_of_flow(flow)


def test_a_setting_of_another_flow_is_refused():
    with pytest.raises(SourceError, match=r"flow 60 \(weka\.J48\): setting 'C' belongs to flow 61"):
        pipeline_of_flow(FlowInfo(60, "weka.J48"), [Setting("C", "1", 61)])


def _nested(levels):
    opening = "<oml:component><oml:identifier>W</oml:identifier><oml:flow><oml:name>weka.Bagging</oml:name>"
    return (
        '<oml:flow xmlns:oml="http://openml.org/openml"><oml:name>weka.Bagging</oml:name>'
        + opening * levels
        + "</oml:flow></oml:component>" * levels
        + "</oml:flow>"
    )


def test_twenty_levels_are_read_and_ten_thousand_are_refused():
    pipeline = pipeline_of_flow(parse_flow(_nested(20)))
    assert pipeline.estimator.parameters["W"].count("weka.Bagging") == 20
    assert len(pipeline.canonical()) < 10_000
    for levels in (21, 10_000):
        with pytest.raises(SourceError, match="nested more than 20 levels"):
            parse_flow(_nested(levels))


def test_references_far_within_a_value_are_refused_and_long_values_at_the_bottom_are_not():
    flow = _sklearn_flow("sklearn.svm.classes.SVC", {"class_weight": json.loads("[" * 90 + "]" * 90)})
    for level in range(20):
        reference = _reference("inner")
        if level % 2:
            reference["value"]["step_name"] = None
            flow = _sklearn_flow(
                "sklearn.ensemble.BaggingClassifier", {"estimator": reference}, {"inner": flow}
            )
        else:
            flow = _sklearn_flow("sklearn.pipeline.Pipeline", {"steps": [[[reference]]]}, {"inner": flow})
    assert pipeline_of_flow(flow).canonical().count("[" * 90) == 1
    deep = json.loads("[" * 5 + json.dumps(_reference("inner")) + "]" * 5)
    with pytest.raises(SourceError, match="reference to a component is 6 levels within a value"):
        pipeline_of_flow(
            _sklearn_flow("sklearn.pipeline.Pipeline", {"steps": deep}, {"inner": FlowInfo(1, "drop")})
        )


def test_ten_thousand_components_side_by_side_are_read():
    inner = "<oml:flow><oml:name>weka.J48</oml:name></oml:flow>"
    part = "<oml:component><oml:identifier>{}</oml:identifier>" + inner + "</oml:component>"
    text = "<oml:flow xmlns:oml='http://openml.org/openml'><oml:name>weka.Vote</oml:name>{}</oml:flow>"
    flow = parse_flow(text.format("".join(part.format(number) for number in range(10_000))))
    assert len(pipeline_of_flow(flow).estimator.parameters) == 10_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE f [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE f SYSTEM "http://localhost/f.dtd">',
    ],
)
def test_declarations_of_entities_are_refused(declaration, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>{declaration}<oml:flow><oml:name>&x;</oml:name></oml:flow>'
    with pytest.raises(SourceError, match="declares a document type or an entity"):
        parse_flow(text.encode(encoding))


def test_truncated_documents_are_refused():
    whole = (SYNTHETIC / "columns.xml").read_bytes().rstrip()
    for end in range(0, len(whole) - 1, 97):
        with pytest.raises(SourceError, match="columns is damaged"):
            parse_flow(whole[:end], where="columns")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<html><p>Service unavailable</p></html>", "holds <html>: expected <oml:flow>"),
        ("<oml:flow><oml:id>1</oml:id></oml:flow>", "<oml:flow> has no <oml:name>"),
        ("<oml:flow><oml:id>one</oml:id><oml:name>f</oml:name></oml:flow>", "'one', which is no number"),
        (
            "<oml:flow><oml:name>f</oml:name><oml:component><oml:identifier>W</oml:identifier></oml:component></oml:flow>",
            "component 'W' holds no flow",
        ),
        ("<oml:flow><oml:name>\ud800</oml:name></oml:flow>", "damaged, or no XML"),
        (b"<?xml version='1.0' encoding='klingon'?><oml:flow/>", "damaged, or no XML"),
    ],
)
def test_what_is_no_flow_is_refused(document, message):
    with pytest.raises(SourceError, match=message):
        parse_flow(document)


def test_what_holds_no_settings_is_refused():
    with pytest.raises(SourceError, match="expected <oml:run> or <oml:setup_parameters>"):
        parse_settings("<oml:flow><oml:name>f</oml:name></oml:flow>")
