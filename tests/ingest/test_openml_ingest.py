"""OpenML's listings become runs of a graph: what is in it, what is left out, and what another time adds."""

import json
import subprocess
import sys

import pytest

import metakg
from benchmarks.openml_replay import killed_and_resumed, state
from ingest import OpenmlSource, find_source, ingest
from ingest.openml_client import Client
from ingest.openml_selection import selected
from ingest.openml_things import procedure_key
from kg import iris
from kg.errors import SourceError
from kg.memory import MemoryStore
from kg.terms import IRI
from kg.testing import one_run
from tests.ingest.openml_server import REPLAY, World, serving, synthetic_world

ACCURACY = "predictive_accuracy"


@pytest.fixture(scope="module")
def server():
    """Not to be changed: 300 runs."""
    with serving(synthetic_world(300), page=100) as running:
        yield running


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def source(server, **options):
    client = Client(server.url, pause=0.0, first_wait=0.01, timeout=5.0)
    options.setdefault("page", server.page)
    return OpenmlSource(server=server.url, client=client, **options)


@pytest.fixture
def store():
    with MemoryStore() as empty:
        yield empty


@pytest.fixture
def disk(tmp_path):
    with metakg.open(tmp_path / "store") as kg:
        kg.create()
        yield kg.store


def info(store):
    (found,) = store.graphs()
    return found


def reasons(report):
    return {(item.what, item.why): item.count for item in report.left_out}


def values(store, measure):
    rows = store.query(
        "SELECT ?run ?value { ?run $measure ?value }",
        bindings={"measure": IRI(iris.measure(measure))},
        default_graph=info(store).iri,
    ).rows()
    return {int(run.rpartition("/")[2]): value for run, value in rows}


def listed(server, function):
    return {row.run: float(row.value) for row in server.world.evaluations[function]}


def test_every_evaluation_is_in_the_graph(server, store):
    report = ingest(store, source(server, suite=99))
    assert values(store, "accuracy") == listed(server, ACCURACY)
    assert values(store, "roc_auc_ovr_weighted") == listed(server, "area_under_roc_curve")
    seconds = {run: value / 1000 for run, value in listed(server, "usercpu_time_millis").items()}
    assert values(store, "runtime_seconds") == pytest.approx(seconds)
    assert report.left_out == ()
    assert report.read["runs"] == report.written["runs"] == info(store).counts["runs"] == 300
    assert report.read["evaluations"] == report.written["evaluations"] == 1_200
    assert info(store).licence == "CC-BY-4.0"
    assert info(store).unfinished is False


def test_datasets_tasks_and_runs_have_openmls_iris_and_what_it_says(server, store):
    ingest(store, source(server, suite=99, limit=40))
    task, run = IRI(iris.openml_task(14)), "?run a mls:Run ; mls:achieves $task ; mkg:user ?user"
    prefixes = "PREFIX mls: <http://www.w3.org/ns/mls#> PREFIX mkg: <https://w3id.org/metakg/ontology#> "
    rows = store.query(
        prefixes + "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX dcat: <http://www.w3.org/ns/dcat#> "
        "SELECT ?dataset ?title ?page ?procedure ?target { $task mls:definedOn ?dataset ; mkg:procedure ?procedure ; "
        "dcterms:subject ?target . ?dataset dcterms:title ?title ; dcat:landingPage ?page }",
        bindings={"task": task},
    ).rows()
    assert list(rows) == [
        (
            iris.openml_dataset(2),
            "anneal",
            "https://www.openml.org/d/2",
            iris.procedure("5-fold-cv"),
            "class",
        )
    ]
    qualities = store.query(
        prefixes
        + "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT ?value { $dataset dcat:distribution/mls:hasQuality ?quality . "
        "?quality rdfs:label 'NumberOfFeatures' ; mls:hasValue ?value }",
        bindings={"dataset": IRI(iris.openml_dataset(1))},
    ).rows()
    assert list(qualities) == [(39.0,)]  # of dataset 1 the server has no qualities, but its features
    rows = store.query(prefixes + f"SELECT ?run ?user {{ {run} }}", bindings={"task": task}).rows()
    uploaders = {iris.openml_run(each.run): str(each.uploader) for each in server.world.evaluations[ACCURACY]}
    found = dict(rows)
    assert found
    assert all(uploaders[run] == user for run, user in found.items())


def test_setups_of_scikit_learn_are_pipelines_with_steps_and_parameters(server, store):
    ingest(store, source(server, task=[11, 12], function=ACCURACY))
    titles = {
        title
        for (title,) in store.query(
            "PREFIX mkg: <https://w3id.org/metakg/ontology#> PREFIX dcterms: <http://purl.org/dc/terms/> "
            "SELECT ?title { ?pipeline a mkg:Pipeline ; dcterms:title ?title }"
        ).rows()
    }
    assert any("DecisionTreeClassifier" in title and "max_depth=7" in title for title in titles)


def test_filters_reach_the_server_and_narrow_what_comes(server, store):
    ingest(store, source(server, task=11, flow=101, uploader=[1, 2], function=ACCURACY))
    rows = server.world.evaluations[ACCURACY]
    expected = {
        row.run: float(row.value) for row in rows if (row.task, row.flow) == (11, 101) and row.uploader < 3
    }
    assert expected
    assert values(store, "accuracy") == expected
    assert "task-11_flow-101_uploader-1-2" in info(store).iri


def test_tasks_of_a_dataset_are_found(server, store):
    ingest(store, source(server, dataset=61, function=ACCURACY))
    assert set(values(store, "accuracy")) == {
        row.run for row in server.world.evaluations[ACCURACY] if row.dataset == 61
    }


def test_everything_needs_no_filter(server, store):
    ingest(store, source(server, everything=True, function=ACCURACY))
    assert values(store, "accuracy") == listed(server, ACCURACY)
    assert "/openml/all" in info(store).iri


def test_a_limit_bounds_the_runs_and_each_has_all_its_measures(server, disk):
    report = ingest(disk, source(server, suite=99, limit=60))
    assert info(disk).counts["runs"] == 60
    for measure in ("accuracy", "f1_weighted", "roc_auc_ovr_weighted", "runtime_seconds"):
        assert set(values(disk, measure)) == set(range(1, 61))
    assert report.left_out == ()
    before = info(disk)
    again = ingest(disk, source(server, suite=99, limit=60))
    assert not again.changed
    assert info(disk) == before
    ingest(disk, source(server, suite=99, limit=90))
    assert info(disk).counts["runs"] == 90
    assert set(values(disk, "f1_weighted")) == set(range(1, 91))


def test_values_of_folds_are_series(server, store):
    ingest(store, source(server, task=[13, 14], function=[ACCURACY, "usercpu_time_millis"], per_fold=True))
    frame = store.series()
    rows = [row for row in server.world.evaluations["usercpu_time_millis"] if row.task in (13, 14)]
    assert set(frame["name"]) == {"accuracy", "runtime_seconds"}
    assert set(frame["axis"]) == {"fold"}
    for row in rows[:5]:
        points = frame.filter(
            (frame["run"] == iris.openml_run(row.run)) & (frame["name"] == "runtime_seconds")
        )
        assert list(points["value"]) == pytest.approx([value / 1000 for value in json.loads(row.folds)])
        assert list(points["position"]) == list(range(len(points)))
    before = info(store)
    assert before.counts["series"] == frame.height
    ingest(store, source(server, task=[13, 14], function=[ACCURACY, "usercpu_time_millis"], per_fold=True))
    assert info(store) == before


def test_fold_values_that_the_server_cut_short_are_left_out(store):
    world = synthetic_world(20)
    rows = world.evaluations[ACCURACY]
    rows[3] = rows[3]._replace(folds="[0.5,0.6]")
    with serving(world) as server:
        report = ingest(store, source(server, suite=99, function=ACCURACY, per_fold=True))
    left = reasons(report)
    assert left == {("series", "the server lists more or fewer values than there are folds"): 2}
    assert report.read["series"] == report.written["series"] + 2


def test_another_time_only_what_is_new_is_fetched_and_added(disk):
    world = synthetic_world(60)
    both = [ACCURACY, "f_measure"]
    late = world.evaluations["f_measure"].pop(30)
    with serving(world, page=20) as server:
        ingest(disk, source(server, suite=99, function=both))
        assert late.run not in values(disk, "f1_weighted")
        asked = len(server.requests)
        unchanged = ingest(disk, source(server, suite=99, function=both))
        assert not unchanged.changed
        assert not any(unchanged.written.values())
        assert not any("setup/" in path or "data/" in path for path in server.requests[asked:])
        assert not any("/offset/0" in path and ACCURACY in path for path in server.requests[asked:])
        # One measure of a run that is there comes late, in the middle of its listing; and there is a new run.
        world.evaluations["f_measure"].insert(30, late)
        new = late._replace(run=1_000, value="0.25")
        for function in both:
            world.add_run(function, new)
        report = ingest(disk, source(server, suite=99, function=both))
    assert (report.written["runs"], report.written["evaluations"]) == (1, 3)
    assert values(disk, "f1_weighted") == {
        row.run: float(row.value) for row in world.evaluations["f_measure"]
    }
    assert values(disk, "accuracy")[1_000] == 0.25
    assert report.read["evaluations"] == 3 + sum(item.count for item in report.left_out)


def test_a_listing_that_is_longer_than_the_server_gives_is_read_by_task(disk):
    said = []
    with serving(synthetic_world(90), page=30) as server:
        server.fail(f"{ACCURACY}/limit/30/offset/60$", "504", times=10_000)
        options = {"everything": True, "function": [ACCURACY, "f_measure"], "furthest": 60}
        ingest(disk, source(server, **options), lambda what, *_: said.append(what))
        assert values(disk, "accuracy") == listed(server, ACCURACY)
        assert values(disk, "f1_weighted") == listed(server, "f_measure")
        assert any("read in 2 parts by task" in what for what in said)
        again = ingest(disk, source(server, **options))
        assert not again.changed


def test_measures_that_are_not_known_are_counted_and_left_out(store):
    world = synthetic_world(30)
    world.evaluations["kb_relative_information_score"] = list(world.evaluations[ACCURACY])
    with serving(world) as server:
        report = ingest(store, source(server, suite=99, function=[ACCURACY, "kb_relative_information_score"]))
        assert reasons(report) == {
            ("evaluations", "measure 'kb_relative_information_score' is not known"): 30
        }
        with pytest.raises(SourceError, match="did you mean 'predictive_accuracy'"):
            ingest(store, source(server, suite=99, function="predictiv_accurac"))


def test_errors_of_a_classification_are_read_only_where_they_are_named(store):
    world = synthetic_world(30)
    world.evaluations["mean_absolute_error"] = list(world.evaluations[ACCURACY])
    with serving(world) as server:
        report = ingest(store, source(server, suite=99))
        ((_, why),) = reasons(report)
        assert "no regression" in why
        ingest(store, source(server, suite=99, function="mean_absolute_error"))
        assert len(values(store, "mean_absolute_error")) == 30


def test_values_that_no_measure_can_have_are_left_out(store):
    world = synthetic_world(20)
    rows = world.evaluations[ACCURACY]
    for place, value in enumerate(("", "1.5", "NaN", "much")):
        rows[place] = rows[place]._replace(value=value)
    rows.append(rows[10])
    with serving(world) as server:
        report = ingest(store, source(server, suite=99, function=ACCURACY))
    assert reasons(report) == {
        ("evaluations", "no value is listed"): 1,
        ("evaluations", "outside the range of accuracy"): 1,
        ("evaluations", "not a finite number"): 1,
        ("evaluations", "not a number"): 1,
        ("evaluations", "accuracy of the same run by a second evaluation engine"): 1,
    }
    assert info(store).counts["runs"] == 16
    assert report.read["evaluations"] == 21


def test_of_two_clocks_the_first_counts(store):
    world = synthetic_world(10)
    world.evaluations["wall_clock_time_millis"] = [
        row._replace(value="7000") for row in world.evaluations[ACCURACY][:4]
    ]
    with serving(world) as server:
        report = ingest(store, source(server, suite=99))
    found = values(store, "runtime_seconds")
    assert [found[run] for run in range(1, 5)] == [7.0] * 4
    assert len(found) == 10
    assert reasons(report) == {
        ("evaluations", "runtime_seconds is there already, by this or another name"): 4
    }


def test_real_documents(store):
    if not REPLAY.exists():
        pytest.skip("../shared/data/openml-replay is not there")
    world = World()
    world.add_real_runs()
    with serving(world) as server:
        report = ingest(store, source(server, everything=True, limit=100, per_fold=True))
    counts = info(store).counts
    assert (counts["runs"], counts["datasets"], counts["tasks"]) == (6, 2, 4)
    assert values(store, "accuracy") == pytest.approx(
        {row.run: float(row.value) for row in world.evaluations[ACCURACY]}
    )
    assert set(values(store, "root_mean_squared_error")) == {223, 224}
    procedures = store.query(
        "SELECT ?procedure { ?task <https://w3id.org/metakg/ontology#procedure> ?procedure }"
    ).rows()
    assert {each for (each,) in procedures} == {iris.procedure("10-fold-cv"), iris.procedure("5x2-fold-cv")}
    assert report.written["series"] > 0
    for table, count in report.read.items():
        left = sum(item.count for item in report.left_out if item.what == table)
        assert count == report.written.get(table, 0) + left, table


def test_the_named_way_and_a_store_without_a_folder(server):
    with MemoryStore() as store:
        report = ingest(store, source(server, suite=99, function=ACCURACY))
        assert report.changed
        assert not ingest(store, source(server, suite=99, function=ACCURACY)).changed
        made = find_source("openml", suite=99)
        assert made.selection == selected(suite=99)
        store.commit(one_run("1"))  # the graph of another source is not looked at
        assert not ingest(store, source(server, suite=99, function=ACCURACY)).changed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "name suites, tasks"),
        ({"suite": 99, "everything": True}, "not both"),
        ({"suite": "CC18"}, "'CC18' is no id"),
        ({"task": [3, -1]}, "-1 is no id"),
        ({"task": True}, "True is no id"),
        ({"suite": 99, "limit": 0}, "limit is 0"),
        ({"suite": 99, "function": "a/b"}, "no name of a measure"),
        ({"everything": True, "per_fold": True}, "name tasks or flows"),
        ({"suite": 99, "server": "ftp://openml.org"}, "no address of an API"),
    ],
)
def test_what_cannot_be_asked_for(options, words):
    with pytest.raises(SourceError, match=words):
        OpenmlSource(**options)


def test_names_of_graphs():
    assert selected(suite=99).version == "suite-99"
    assert selected(task=[31, 3, 3], flow=8353).version == "task-3-31_flow-8353"
    long = selected(task=range(1, 100)).version
    assert long != selected(task=range(1, 101)).version
    assert len(long) < 80
    assert selected(everything=True, server="https://test.openml.org/api/v1/xml").version == (
        "all_at-test.openml.org"
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "key"),
    [
        ("crossvalidation", {"number_repeats": "1", "number_folds": "10", "percentage": ""}, "10-fold-cv"),
        ("crossvalidation", {"number_repeats": "10", "number_folds": "10"}, "10x10-fold-cv"),
        ("holdout", {"number_repeats": "10", "percentage": "33.0000"}, "10x33-percent-holdout"),
        ("holdout_ordered", {"percentage": "33"}, "33-percent-ordered-holdout"),
        ("leaveoneout", {"number_repeats": "1"}, "leave-one-out"),
        ("learningcurve", {"number_folds": "10"}, "10-fold-learning-curve"),
        ("testthentrain", {}, "test-then-train"),
        ("Something new", {}, "something-new"),
        ("", {}, "unspecified"),
    ],
)
def test_keys_of_procedures(kind, parameters, key):
    assert procedure_key(kind, parameters) == key


def test_the_command(shell, tmp_path):
    with serving(synthetic_world(50)) as server:
        _check_command(server, shell, tmp_path / "store")


def _check_command(server, shell, folder):
    words = ["--store", folder, "ingest", "openml", "--server", server.url]
    status, _, error = shell(*words)
    assert (status, folder.exists()) == (2, False)
    assert "name suites, tasks, flows" in error
    options = ["--task", 11, "--task", 12, "--function", ACCURACY]
    status, answer, error = shell(*words, *options)
    assert (status, error) == (0, "")
    assert "openml: " in answer
    assert "runs" in answer
    assert "nothing changed" in shell(*words, *options)[1]
    assert "openml" in shell("--store", folder, "status")[1]
    assert shell(*words, "--suite", "no")[0] == 2
    assert "--per-fold" in shell("ingest", "openml", "--help")[1]


def test_importing_metakg_imports_no_openml():
    code = "import metakg, ingest, sys; sys.exit(any(name in sys.modules for name in ('openml', 'requests')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_whoever_is_killed_goes_on_where_he_was(tmp_path):
    with serving(synthetic_world(100, functions=(ACCURACY,))) as server:
        assert killed_and_resumed(tmp_path, server, 2, page=25, seed=1) == []


def test_interrupted_between_any_two_steps_the_graph_is_the_same(tmp_path):
    """An error at the n-th request, for several n: the graph and the report are those of one go."""
    with serving(synthetic_world(60, functions=(ACCURACY, "f_measure")), page=25) as server:
        both = [ACCURACY, "f_measure"]
        with metakg.open(tmp_path / "whole") as kg:
            whole = kg.ingest(source(server, suite=99, function=both))
        asked = len(server.requests)
        expected = state(tmp_path / "whole")
        for step in range(2, asked, 7):
            folder = tmp_path / f"broken-{step}"
            server.fail("", "", times=step)
            server.fail("", "<oml:x/>", times=1)
            client = Client(server.url, pause=0.0, attempts=1)
            with metakg.open(folder) as kg, pytest.raises(SourceError, match="in 1 attempts"):
                kg.ingest(OpenmlSource(suite=99, function=both, server=server.url, client=client, page=25))
            with metakg.open(folder) as kg:
                report = kg.ingest(source(server, suite=99, function=both))
            assert (report.read, report.written, report.left_out) == (
                whole.read,
                whole.written,
                whole.left_out,
            ), step
            assert state(folder) == expected, step
