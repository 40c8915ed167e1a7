"""What scikit-learn does is logged by itself: each outermost fit, cross-validation and search once, else nothing."""

import inspect
import pickle
import threading

import joblib
import numpy as np
import pytest
import sklearn.model_selection as selection
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, cross_val_score, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import metakg
from embeddings.table import prepare
from ingest.sklearn_objects import pipeline_of
from kg import iris
from metakg.tracked_run import RUN_VARIABLE

X, Y = load_iris(return_X_y=True)

RUNS = """PREFIX mls: <http://www.w3.org/ns/mls#> PREFIX mkg: <https://w3id.org/metakg/ontology#>
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?run ?name ?pipeline ?parent WHERE { ?run a mls:Run ; mls:executes ?pipeline .
  OPTIONAL { ?run rdfs:label ?name } OPTIONAL { ?run dcterms:isPartOf ?parent } } ORDER BY ?run"""


class Constant(ClassifierMixin, BaseEstimator):
    """A person's own estimator, which trains another one within."""

    def __init__(self, strength=1):
        self.strength = strength

    def fit(self, X, y, sample_weight=None):
        self.inner_ = GaussianNB().fit(X, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X):
        return self.inner_.predict(X)


class OnlyThird(BaseEstimator, ClassifierMixin):
    def fit(self, X, y):
        if len(X) != 50:
            raise ValueError("not as many as I like")
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.fixture
def kg(tmp_path, monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    monkeypatch.setenv("METAKG_PROJECT", "trial")
    with metakg.open(tmp_path / "store") as graph:
        yield graph
    assert not hasattr(SVC.fit, "metakg_original")


def runs(kg):
    kg.create()
    kg.refresh()
    found = kg.store.query(RUNS)
    return [dict(zip(found.variables, row, strict=True)) for row in found.rows()]


def names(kg):
    return sorted(run["name"] or "-" for run in runs(kg))


def known(kg, run):
    return kg.explain(run).to_dict()


def scores(kg, run):
    return {row["measure"]: row["value"] for row in known(kg, run)["scores"]}


def test_a_cross_validation_is_one_run(kg):
    estimator = make_pipeline(StandardScaler(), SVC(C=2, random_state=4))
    plain = cross_val_score(estimator, X, Y, cv=5, scoring="balanced_accuracy")
    with metakg.autolog(kg):
        logged = cross_val_score(estimator, X, Y, cv=5, scoring="balanced_accuracy")
    assert np.array_equal(plain, logged)
    (run,) = runs(kg)
    found = known(kg, run["run"])
    table = load_iris(as_frame=True).data.set_axis(["x0", "x1", "x2", "x3"], axis=1).assign(target=Y)
    assert found["dataset"] == iris.table_dataset(prepare(table, "target").fingerprint)
    assert (found["pipeline"], found["procedure"]) == (
        pipeline_of(estimator).iri,
        iris.procedure("5-fold-cv"),
    )
    assert scores(kg, run["run"])["balanced_accuracy"] == pytest.approx(plain.mean(), abs=1e-15)
    points = kg.store.series([run["run"]])
    assert points["axis"].unique().to_list() == ["fold"]
    assert np.array_equal(points["value"].to_numpy(), plain)
    quality = """PREFIX mls: <http://www.w3.org/ns/mls#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
    SELECT ?value { ?quality rdfs:label "NumberOfInstances" ; mls:hasValue ?value }"""
    assert list(kg.store.query(quality).rows()) == [(150.0,)]
    assert kg.validate().conforms


def test_several_scores_and_other_folds(kg):
    A, b = load_diabetes(return_X_y=True)
    with metakg.autolog(kg):
        found = cross_validate(
            Ridge(),
            A,
            b,
            cv=KFold(3),
            scoring={"a": "neg_mean_squared_error", "b": "r2", "c": make_scorer(max_of)},
        )
    (run,) = runs(kg)
    assert known(kg, run["run"])["procedure"] == iris.procedure("3-fold-cv")
    logged = scores(kg, run["run"])
    assert logged["mean_squared_error"] == pytest.approx(-found["test_a"].mean())
    assert logged["r2"] == pytest.approx(found["test_b"].mean())
    assert logged["training_seconds"] == pytest.approx(found["fit_time"].mean())
    assert set(logged) == {
        "mean_squared_error",
        "r2",
        "training_seconds",
        "prediction_seconds",
        "runtime_seconds",
    }
    tags = {row["tag"]: row["text"] for row in known(kg, run["run"])["tags"]}
    assert float(tags["c"]) == pytest.approx(found["test_c"].mean())


def max_of(truth, predicted):
    return float(np.max(predicted - truth))


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(SVC(random_state=1), {"C": [1, 10]}, cv=3),
        RandomizedSearchCV(SVC(random_state=1), {"C": [1, 10]}, n_iter=2, cv=3, n_jobs=2, random_state=0),
    ],
    ids=lambda search: type(search).__name__,
)
def test_each_candidate_of_a_search_is_a_part_of_its_run(kg, search):
    with metakg.autolog(kg):
        search.fit(X, Y)
    whole, *parts = sorted(runs(kg), key=lambda run: run["parent"] or "")
    assert whole["name"] == type(search).__name__
    assert {part["parent"] for part in parts} == {whole["run"]}
    expected = {
        pipeline_of(clone(search.estimator).set_params(**params)).iri: score
        for params, score in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        )
    }
    assert {part["pipeline"]: scores(kg, part["run"])["accuracy"] for part in parts} == pytest.approx(
        expected
    )
    assert {known(kg, part["run"])["dataset"] for part in parts} == {known(kg, whole["run"])["dataset"]}
    tags = {row["tag"]: row["text"] for row in known(kg, whole["run"])["tags"]}
    assert tags["best C"] == str(search.best_params_["C"])
    assert kg.validate().conforms


def test_only_the_outermost_fit_is_a_run(kg):
    with metakg.autolog(kg):
        make_pipeline(StandardScaler(), SVC()).fit(X, Y)
        RandomForestClassifier(4, n_jobs=2).fit(X, Y)  # its trees are fitted in threads
        VotingClassifier([("a", SVC()), ("b", Constant())]).fit(X, Y)
        StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())], cv=2).fit(X, Y)
        with joblib.parallel_config("threading"):
            BaggingClassifier(Constant(), 4, n_jobs=2).fit(X, Y)
            cross_val_score(Constant(), X, Y, n_jobs=2)
        Constant().fit(X, Y)
        KMeans(2).fit_predict(X)
        StandardScaler().fit_transform(X)  # predicts nothing
        selection.learning_curve(GaussianNB(), X, Y, cv=2)
    assert names(kg) == [
        "BaggingClassifier",
        "Constant",
        "KMeans",
        "Pipeline",
        "RandomForestClassifier",
        "StackingClassifier",
        "VotingClassifier",
        "cross_val_score of Constant",
    ]
    assert kg.status().refused == 0


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_workers_log_nothing(kg, backend):
    with metakg.autolog(kg), joblib.parallel_config(backend):
        cross_val_score(Constant(), X, Y, n_jobs=2, cv=2)
        joblib.Parallel(n_jobs=2)(joblib.delayed(Constant().fit)(X, Y) for _ in range(2))
    assert names(kg) == ["cross_val_score of Constant"]


def test_threads_of_a_person_log_each(kg):
    with metakg.autolog(kg):
        workers = [threading.Thread(target=GaussianNB().fit, args=(X, Y)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert names(kg) == ["GaussianNB"] * 4


def test_runs_of_autolog_are_parts_of_the_run_that_goes_on(kg):
    with metakg.autolog(kg), kg.run("mine") as outer:
        GaussianNB().fit(X, Y)
    assert {run["name"]: run["parent"] for run in runs(kg)} == {None: None, "GaussianNB": outer.iri}


def test_what_fails_is_a_failed_run_and_raises_the_same(kg):
    with pytest.raises(ValueError, match="not as many") as plain:
        OnlyThird().fit(X, Y)
    with metakg.autolog(kg):
        with pytest.raises(ValueError, match="not as many") as caught:
            OnlyThird().fit(X, Y)
        with pytest.warns(FitFailedWarning):
            selection.cross_validate(
                OnlyThird(), X[:75], Y[:75], cv=[(range(50), range(50, 75)), (range(9), [9])]
            )
        with pytest.raises(TypeError, match="missing a required argument: 'X'"):
            cross_val_score(GaussianNB())
        with pytest.raises(TypeError):
            GaussianNB().fit()
    assert str(caught.value) == str(plain.value)
    failed = {run["name"]: known(kg, run["run"]) for run in runs(kg)}
    assert {found["status"] for found in failed.values()} == {"failed"}
    assert failed["OnlyThird"]["error"] == "not as many as I like"
    assert failed["cross_validate of OnlyThird"]["error"] == "could not be fitted in 1 of 2 folds"


def test_scikit_learn_is_as_before_while_and_after(kg):
    before = (SVC.fit, GridSearchCV.fit, cross_val_score, cross_validate, selection.cross_validate)
    signatures = [str(inspect.signature(each)) for each in before]
    hook = BaseEstimator.__init_subclass__.__func__

    with metakg.autolog(kg), metakg.autolog(kg):
        while_it_is_on = (
            SVC.fit,
            GridSearchCV.fit,
            cross_val_score,
            cross_validate,
            selection.cross_validate,
        )
        assert all(old is not new for old, new in zip(before, while_it_is_on, strict=True))
        assert [str(inspect.signature(each)) for each in while_it_is_on] == signatures
        assert [each.__doc__ for each in while_it_is_on] == [each.__doc__ for each in before]
        assert SVC.fit.metakg_original is before[0]  # once, not twice

        class Later(Constant):
            def fit(self, X, y):
                return super().fit(X, y)

        Later().fit(X, Y)
        estimator = pickle.loads(pickle.dumps(clone(Constant(3))))
        assert estimator.get_params() == {"strength": 3}
        assert pickle.loads(pickle.dumps(cross_validate)) is cross_validate
        pickle.loads(pickle.dumps(SVC().fit(X, Y))).predict(X)
    assert (SVC.fit, GridSearchCV.fit, cross_val_score, cross_validate, selection.cross_validate) == before
    assert BaseEstimator.__init_subclass__.__func__ is hook
    assert not hasattr(Later.fit, "metakg_original")
    Later().fit(X, Y)
    assert names(kg) == ["Later", "SVC"]
    metakg.autolog(kg)
    metakg.autolog(disable=True)
    metakg.autolog(disable=True)
    assert SVC.fit is before[0]


def test_a_store_that_cannot_be_written_changes_nothing(tmp_path, kg):
    (tmp_path / "taken").write_text("no store")
    with (
        pytest.warns(metakg.TrackingWarning, match="the run was not logged"),
        metakg.autolog(metakg.open(tmp_path / "taken")),
    ):
        assert GridSearchCV(SVC(), {"C": [1, 10]}, cv=2).fit(X, Y).best_params_


def test_what_metakg_fits_itself_is_no_experiment(kg, own_store, wdbc):
    with metakg.open(own_store) as graph, metakg.autolog(kg):
        graph.recommend(wdbc, "diagnosis", top=1)
    assert runs(kg) == []
