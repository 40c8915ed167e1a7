"""`metakg publish openml` with the real client, against a server on this machine that checks what it is sent."""

import io
import logging
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import metakg
from ingest.openml_connection import Server, connected
from ingest.openml_documents import parse_flow, parse_settings
from ingest.openml_flows import pipeline_of_flow
from ingest.openml_upload import without_idle_imputer
from ingest.records import DatasetRef, Record, Records
from ingest.source import Tally
from kg import Manifest, Pipeline, Step, iris
from kg.errors import PublishError
from metakg.publishable import candidates
from tests.metakg.openml_upload_server import IRIS_TASK, KEY, REGRESSION_TASK, TITANIC_TASK, served

IRIS, TITANIC = DatasetRef("iris", 61), DatasetRef("Titanic", 40945)
PROJECT = Manifest(
    "project", "flowers", "tracked runs", "not stated", "https://example.org/flowers", kind="project"
)
NB = Pipeline((Step("estimator", "sklearn.naive_bayes.GaussianNB"),))
SVC = Pipeline(
    (
        Step("scaler", "sklearn.preprocessing.StandardScaler"),
        Step("estimator", "sklearn.svm.SVC", {"C": 2, "kernel": "poly"}),
    )
)
TREE = Pipeline(
    (
        Step("numeric_imputer", "sklearn.impute.KNNImputer", {"n_neighbors": 2}),
        Step("categorical_imputer", "sklearn.impute.SimpleImputer", {"strategy": "most_frequent"}),
        Step("encoder", "sklearn.preprocessing.OneHotEncoder", {"min_frequency": 5}),
        Step("estimator", "sklearn.tree.DecisionTreeClassifier", {"max_depth": 3}),
    )
)


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """No file and no key of whoever runs the tests; the package reads its file when it is first imported."""
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("OPENML_CACHE_DIR", raising=False)
    import openml

    monkeypatch.setattr(openml.config, "apikey", "")
    monkeypatch.setattr(openml.config, "_root_cache_directory", tmp_path / "home")
    monkeypatch.setenv("OPENML_APIKEY", KEY)


@pytest.fixture
def server():
    with served() as openml:
        yield openml
        assert openml.keys_in_addresses == []
        assert openml.wrong == []


def record(key, pipeline=NB, dataset=IRIS, **more):
    fields = {"scores": {"accuracy": 0.95}, "procedure": "5-fold-cv", "type": "classification", "seed": 3}
    return Record(key, dataset, pipeline, place=key, **{**fields, **more})


def logged(folder, *records, manifest=PROJECT):
    """Store with runs that were tracked; returns their IRIs."""
    gathered = Records(manifest, Tally())
    for one in records:
        assert gathered.add(one)
    batch = gathered.batch()
    with metakg.open(folder) as kg:
        kg.log(batch)
    return list(batch.runs["run"])


@pytest.fixture
def store(tmp_path):
    logged(tmp_path / "store", record("nb"), record("svc", SVC))
    return tmp_path / "store"


def links(store):
    query = "SELECT ?run ?other WHERE { ?run <http://www.w3.org/ns/prov#alternateOf> ?other } ORDER BY ?other"
    with metakg.open(store, read_only=True) as kg:
        return [tuple(map(str, row)) for row in kg.store.query(query).rows()]


def openml_words(server, store, *words):
    where = ("--server", server.api, "--task", IRIS_TASK)
    return ("--store", store, "publish", "openml", *words, *where)


def test_a_project_is_published_once(server, store, shell):
    words = openml_words(server, store, "--project", "flowers", "--yes")
    status, out, errors = shell(*words)
    assert (status, "2 runs will be uploaded" in errors) == (0, True), (out, errors)
    assert sorted(run["task"] for run in server.runs.values()) == [IRIS_TASK, IRIS_TASK]
    assert all("metakg" in run["tags"] for run in server.runs.values())
    assert [other for _, other in links(store)] == [f"{server.url}/r/1000", f"{server.url}/r/1001"]
    assert re.search(r"accuracy: 0\.9500 logged \(5-fold-cv\), 0\.9\d\d\d on the official splits", out)

    asked = len(server.asked)
    status, out, _ = shell(*words)
    assert (status, out.count("published already"), len(server.asked)) == (0, 2, asked)
    with metakg.open(store, read_only=True) as kg:
        assert kg.validate().conforms
        assert kg.experience().rows.collect().height == 2


def test_what_is_published_reads_back_as_the_same_pipeline(server, store, shell):
    shell(*openml_words(server, store, "--project", "flowers", "--yes"))
    read = set()
    for run in server.runs.values():
        flow = parse_flow(ElementTree.tostring(server.flows[run["flow"]], encoding="unicode"))
        settings = parse_settings(ElementTree.tostring(run["description"], encoding="unicode"))
        read.add(pipeline_of_flow(flow, settings).iri)
        assert ("random_state", "3") in {
            (each.name, each.value) for each in settings
        } or "SVC" not in flow.name
    assert read == {NB.iri, SVC.iri}


def test_a_table_of_text_numbers_and_gaps_is_published(server, tmp_path, shell):
    logged(tmp_path / "store", record("tree", TREE, TITANIC))
    status, out, errors = shell(
        *("--store", tmp_path / "store", "publish", "openml", "--project", "flowers", "--yes"),
        *("--server", server.api, "--task", TITANIC_TASK),
    )
    assert (status, list(server.runs)) == (0, [1000]), (out, errors)


def test_a_class_that_a_flow_would_have_twice_is_left_out_only_where_it_does_nothing(server, tmp_path):
    same = Pipeline(
        (Step("numeric_imputer", "sklearn.impute.SimpleImputer", {"strategy": "median"}), *TREE.steps[1:])
    )
    logged(tmp_path / "titanic", record("tree", same, TITANIC))
    with metakg.open(tmp_path / "titanic") as kg:
        (told,) = kg.publish(project="flowers", server=server.api, task=TITANIC_TASK)
    assert told.state == "refused"
    assert "each class once" in told.why
    assert "SimpleImputer" in told.why
    logged(tmp_path / "iris", record("tree", same))
    with metakg.open(tmp_path / "iris") as kg:
        (told,) = kg.publish(project="flowers", server=server.api, task=IRIS_TASK)
    assert told.state == "published"
    assert "SimpleImputer" in told.prepared.flow_name
    without = Pipeline(same.steps[1:])
    assert without_idle_imputer(same, ["numeric_imputer"]) == without
    assert without_idle_imputer(same, ["numeric_imputer", "categorical_imputer"]) == without
    assert without_idle_imputer(same, []) == same
    assert without_idle_imputer(TREE, ["numeric_imputer"]) == TREE


def test_a_dry_run_needs_no_key_and_changes_nothing(server, store, shell, monkeypatch):
    monkeypatch.delenv("OPENML_APIKEY")
    status, out, _ = shell(*openml_words(server, store, "project/flowers/svc", "--dry-run"))
    assert status == 0
    assert "can be published" in out
    assert f"{IRIS_TASK} (iris, class; 3 folds, 1 repeats)" in out
    assert "sklearn.svm._classes.SVC.C = 2" in out
    assert "sklearn.svm._classes.SVC.random_state = 3" in out
    assert {method for method, _ in server.asked} == {"GET"}
    assert links(store) == []


def test_an_upload_whose_answer_is_lost_is_found_again(server, store, shell):
    words = openml_words(server, store, "project/flowers/nb", "--yes")
    server.faults["run"] = "drop"
    status, _, errors = shell(*words)
    assert status == 2
    assert "cannot be reached" in errors
    assert "publish again to go on" in errors
    assert (len(server.runs), server.posted("run"), links(store)) == (1, 1, [])
    server.faults.clear()
    status, out, _ = shell(*words)
    assert (status, len(server.runs)) == (0, 1)
    assert "published already" in out
    assert [other for _, other in links(store)] == [f"{server.url}/r/1000"]


def test_interrupted_midway_it_goes_on_where_it_was(server, store):
    with metakg.open(store) as kg:
        steps = kg.publish(project="flowers", server=server.api, task=IRIS_TASK)
        assert next(steps).state == "published"
        server.faults["run"] = "500"
        with pytest.raises(PublishError, match=r"HTTP 500.*1 published before it, and recorded"):
            next(steps)
        assert len(links(store)) == 1
        server.faults.clear()
        again = [each.state for each in kg.publish(project="flowers", server=server.api, task=IRIS_TASK)]
    assert again == ["known", "published"]
    assert len(server.runs) == 2


def test_a_run_that_the_server_refuses_does_not_keep_the_others(server, store, shell, monkeypatch):
    calls = iter([(412, 207, "Predictions are incomplete")])
    take = server.take_run

    def take_run(*given):
        from tests.metakg.openml_upload_server import RefusalError

        for fault in calls:
            raise RefusalError(*fault)
        return take(*given)

    monkeypatch.setattr(server, "take_run", take_run)
    runs = ("project/flowers/nb", "project/flowers/svc")
    status, out, _ = shell(*openml_words(server, store, *runs, "--yes"))
    assert (status, len(server.runs)) == (1, 1)
    assert "answered HTTP 412, code 207: Predictions are incomplete" in out
    assert len(links(store)) == 1


def test_without_a_key_it_says_where_to_get_one(server, store, shell, monkeypatch):
    monkeypatch.delenv("OPENML_APIKEY")
    status, out, errors = shell(*openml_words(server, store, "project/flowers/nb", "--yes"))
    assert (status, out, server.asked) == (2, "", [])
    assert "OPENML_APIKEY" in errors
    assert "https://www.openml.org/auth/api-key" in errors
    status, _, errors = shell(
        *openml_words(server, store, "project/flowers/nb", "--yes", "--apikey-from", "MY_KEY")
    )
    assert (status, "MY_KEY" in errors) == (2, True)


@pytest.mark.parametrize("fault", [None, (401, 103, "Authentication failed")])
def test_a_key_that_is_refused_is_never_shown(fault, server, store, shell, monkeypatch, caplog):
    wrong = "feedfacefeedfacefeedfacefeedface"
    monkeypatch.setenv("MY_KEY", wrong)
    if fault:
        server.faults["flow/exists"] = fault
    with caplog.at_level(logging.DEBUG):
        status, out, errors = shell(
            *openml_words(server, store, "project/flowers/nb", "--yes", "--apikey-from", "MY_KEY")
        )
    assert status == 2
    assert "code 103: Authentication failed" in errors
    assert wrong not in out + errors + caplog.text
    assert server.runs == {}


def test_a_key_is_not_carried_on_to_another_address(server, store, shell):
    server.faults["flow/exists"] = "redirect"
    status, out, errors = shell(*openml_words(server, store, "project/flowers/nb", "--yes"))
    assert (status, "HTTP 307" in out) == (1, True), errors
    assert ("POST", "elsewhere") not in server.asked


def test_what_a_server_says_is_shown_without_the_key(server, store, shell):
    server.faults["flow/exists"] = (412, 999, f"\x1b[31mno run with {KEY}")
    _, out, _ = shell(*openml_words(server, store, "project/flowers/nb", "--yes"))
    assert "no run with ***" in out
    assert KEY not in out
    assert "\x1b" not in out


def test_a_server_that_hangs_is_left(server, store, shell):
    server.faults["task"] = "hang"
    status, _, errors = shell(*openml_words(server, store, "project/flowers/nb", "--yes", "--timeout", "0.3"))
    assert status == 2
    assert "did not answer within 0.3 s" in errors
    assert server.asked == [("GET", f"task/{IRIS_TASK}")]


def test_what_cannot_be_published_is_told_with_the_reason(server, tmp_path, shell):
    foreign = Pipeline((Step("estimator", "xgboost.sklearn.XGBClassifier"),))
    store = tmp_path / "store"
    logged(
        store,
        record("broken", scores={}, status="failed", error="out of memory"),
        record("foreign", foreign),
        record("numbers", type="regression", scores={"r2": 0.5}),
        record("elsewhere", dataset=TITANIC),
        record("theirs", iri=iris.openml_run(12)),
    )
    status, out, _ = shell(*openml_words(server, store, "--project", "flowers", "--yes"))
    assert (status, server.posted("run")) == (1, 0)
    reasons = dict(re.findall(r"(\S+): not published: (.*)", out))
    told = {name.rpartition("/")[2]: reason for name, reason in reasons.items()}
    assert told["broken"] == "it is failed: only finished runs are published"
    assert "'xgboost.sklearn.XGBClassifier' is not allowed" in told["foreign"]
    assert told["numbers"] == "its task is regression: only classification can be published"
    assert "is on dataset 61 (iris), the run on dataset 'Titanic'" in told["elsewhere"]
    assert told["12"] == "it is OpenML's own"
    status, _, _ = shell(*openml_words(server, store, "project/flowers/broken", "--yes"))
    assert status == 1


def test_of_a_project_what_the_graph_knows_not_to_fit_is_no_failure(server, tmp_path, shell):
    logged(tmp_path / "store", record("nb"), record("broken", scores={}, status="failed", error="no memory"))
    status, out, _ = shell(*openml_words(server, tmp_path / "store", "--project", "flowers", "--yes"))
    assert (status, len(server.runs), out.count("not published")) == (0, 1, 1)


@pytest.mark.parametrize(
    ("task", "reason"),
    [(REGRESSION_TASK, "only pipelines for supervised classification"), (4711, "code 151: Unknown task")],
)
def test_a_task_that_does_not_fit_is_refused(task, reason, server, store):
    with metakg.open(store) as kg:
        told = list(kg.publish(project="flowers", server=server.api, task=task))
    assert [(each.state, reason in each.why) for each in told] == [("refused", True)] * 2


def test_nothing_is_uploaded_without_consent(server, store, shell, monkeypatch):
    words = openml_words(server, store, "project/flowers/nb")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    status, out, errors = shell(*words)
    assert (status, out, server.asked) == (2, "", [])
    assert "--yes" in errors

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert shell(*words)[:2] == (0, "")
    assert server.asked == []
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    status, out, _ = shell(*words)
    assert (status, "published as" in out) == (0, True)


def test_unknown_runs_and_projects_are_named(server, store, shell):
    for words, name in ((("project/flowers/x",), "project/flowers/x"), (("--project", "trees"), "'trees'")):
        status, _, errors = shell(*openml_words(server, store, *words, "--yes"))
        assert (status, name in errors) == (2, True)
    status, _, errors = shell("--store", store, "publish", "openml")
    assert (status, "--project" in errors) == (2, True)


def test_the_task_is_the_runs_own_or_the_one_that_fits_its_dataset(tmp_path):
    store, official = tmp_path / "store", Server()
    own, other, plain = logged(
        store,
        record("own", task=iris.openml_task(59)),
        record("other", dataset=TITANIC, task=iris.openml_task(7), pipeline=SVC),
        record("plain", dataset=TITANIC),
    )
    table = record("table", dataset=DatasetRef("mine", fingerprint="ab" * 32))
    (unknown,) = logged(store, table, manifest=PROJECT)
    with metakg.open(store, read_only=True) as kg:
        found = {
            each.run: each for each in candidates(kg.store, [own, other, plain, unknown], server=official)
        }
        assert [found[run].task for run in (own, other, plain, unknown)] == [59, 7, 7, None]
        assert "is not OpenML's" in found[unknown].refusal
        (given,) = candidates(kg.store, [plain], task=12, server=official)
        assert given.task == 12
    logged(store, record("more", dataset=TITANIC, task=iris.openml_task(8), procedure="10-fold-cv"))
    with metakg.open(store, read_only=True) as kg:
        (unsure,) = candidates(kg.store, [plain], server=official)
        assert "OpenML's tasks 7, 8 fit its dataset: name one with --task" in unsure.refusal


def test_a_table_that_is_one_of_openmls_counts_as_that(tmp_path):
    import polars as pl

    from kg import Batch

    reference = DatasetRef("mine", fingerprint="cd" * 32)
    (run,) = logged(tmp_path / "store", record("table", dataset=reference))
    link = {"dataset": reference.iri, "other": IRIS.iri, "relation": "same", "reason": "same content"}
    with metakg.open(tmp_path / "store") as kg:
        kg.log(Batch(PROJECT, links=pl.DataFrame([link])))
    with metakg.open(tmp_path / "store") as kg:
        (found,) = candidates(kg.store, [run], task=59, server=Server())
        assert (found.dataset, found.task, found.refusal) == (61, 59, None)


def test_runs_of_openml_itself_have_its_iris():
    assert Server().run(7) == iris.openml_run(7)
    assert Server("https://test.openml.org/api/v1/xml/").run(7) == "https://test.openml.org/r/7"


@pytest.mark.parametrize("url", ["http://test.openml.org/api/v1/xml", "openml.org", "https://openml.org/"])
def test_a_server_that_is_no_api_or_not_encrypted_is_refused(url):
    with pytest.raises(PublishError, match=re.escape(url.rstrip("/"))):
        Server(url)


def test_the_packages_settings_and_cache_are_as_they_were(server, tmp_path):
    import openml

    before = {**openml.config.get_config_as_dict(), "cache": openml.config._root_cache_directory}
    requests = openml._api_calls.requests
    with connected(Server(server.api), KEY) as connection:
        cache = Path(connection.cache)
        with connection.explaining("task"):
            assert openml.config.server == server.api
            openml.tasks.get_task(IRIS_TASK, download_data=True)
        assert openml.config.server != server.api
        assert any(cache.rglob("*.arff"))
    assert {**openml.config.get_config_as_dict(), "cache": openml.config._root_cache_directory} == before
    assert openml._api_calls.requests is requests
    assert not cache.exists()
    assert not any((tmp_path / "home").rglob("*.arff"))
    assert "OPENML_SKIP_PARQUET" not in os.environ
