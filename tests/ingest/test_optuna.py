"""Studies of Optuna: files that it made (``recordings/make_optuna.py``), in memory, and what is wrong with others."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path

import polars as pl
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

import metakg
from ingest import OptunaSource, source_for
from ingest.optuna_journal import studies_of_journal
from ingest.optuna_sqlite import studies_of_database
from ingest.optuna_studies import restored
from ingest.sklearn_objects import pipeline_of
from ingest.testing import SourceTestCase
from kg import iris
from kg.errors import QueryError, RejectedError, SourceError
from kg.measures import declared

RECORDINGS = Path(__file__).parent / "recordings"
DATABASE, JOURNAL = RECORDINGS / "optuna.db", RECORDINGS / "optuna-journal.jsonl"
FILES = pytest.mark.parametrize("path", [DATABASE, JOURNAL], ids=["sqlite", "journal"])


def batch_of(subject, **options):
    (batch,) = source_for(subject, **options).batches()
    return batch


def states(batch):
    return dict(batch.runs["status"].value_counts().iter_rows())


def values(batch, key):
    rows = batch.evaluations.filter(pl.col("measure") == iris.measure(key))
    return {run.rpartition("/")[2]: value for run, value in rows.select("run", "value").iter_rows()}


class TestOptunaDatabase(SourceTestCase):
    def make(self):
        return OptunaSource(DATABASE, study="iris SVC")

    def damaged(self, folder):
        whole = DATABASE.read_bytes()
        for number, content in enumerate(
            (
                whole[: len(whole) // 2],
                whole[:5_000],
                whole[:40_000] + bytes(60_000) + whole[100_000:],
                b"text",
                b"",
            )
        ):
            path = folder / f"{number}.db"
            path.write_bytes(content)
            yield OptunaSource(path), path
        yield OptunaSource(folder / "nowhere.db"), folder / "nowhere.db"
        for change in (
            "UPDATE version_info SET schema_version = 11",
            "DELETE FROM version_info",
            "DROP TABLE trial_values",
            "UPDATE study_user_attributes SET value_json = '{\"a'",
            "UPDATE trials SET number = 'first'",
            "DELETE FROM studies",
        ):
            yield OptunaSource(path := changed(folder, change)), path


class TestOptunaJournal(SourceTestCase):
    def make(self):
        return OptunaSource(JOURNAL, study="iris SVC")

    def damaged(self, folder):
        lines = JOURNAL.read_text().splitlines(keepends=True)
        deep = "[" * 100_000 + "]" * 100_000
        for number, line in enumerate(
            (
                '{"op_code": 5, "worker_id"\n',
                "[]\n",
                '{"op_code": 77, "worker_id": "a"}\n',
                '{"op_code": 4, "worker_id": "a", "study_id": 9, "datetime_start": null}\n',
                '{"op_code": 6, "worker_id": "a", "trial_id": 99, "state": 1, "values": [1]}\n',
                '{"op_code": 6, "worker_id": "a", "trial_id": -1, "state": 1, "values": [1]}\n',
                '{"op_code": 6, "worker_id": "a", "trial_id": 12, "state": 9, "values": [1]}\n',
                '{"op_code": 7, "worker_id": "a", "trial_id": 12, "step": "x", "intermediate_value": 1}\n',
                '{"op_code": 8, "worker_id": "a", "trial_id": 12}\n',
                f'{{"op_code": 8, "worker_id": "a", "trial_id": 12, "user_attr": {{"a": {deep}}}}}\n',
                "\udcff\n",
            )
        ):
            path = folder / f"{number}.jsonl"
            path.write_text("".join([*lines, line, lines[0]]), errors="surrogateescape")
            yield OptunaSource(path), Path(f"{path}, line {len(lines) + 1}")
        empty = folder / "empty.jsonl"
        empty.write_text("")
        yield OptunaSource(empty), empty


def changed(folder, *statements):
    """A copy of the database after some SQL."""
    path = folder / f"changed-{len(list(folder.iterdir()))}.db"
    shutil.copy(DATABASE, path)
    with closing(sqlite3.connect(path)) as file, file:
        for statement in statements:
            file.execute(statement)
    return path


# --- what is read ---


@FILES
def test_trials_become_runs_by_their_state(path):
    source = source_for(path, study="iris SVC")
    (batch,) = source.batches()
    assert states(batch) == {"finished": 6, "failed": 2, "pruned": 4}
    reasons = {(item.what, item.why, item.count) for item in source.tally.left_out}
    assert {("runs", "trials that are running", 1), ("runs", "trials that are waiting", 1)} <= reasons
    finished = set(batch.runs.filter(pl.col("status") == "finished")["run"])
    assert set(batch.evaluations["run"]) == finished
    assert batch.tasks.select("type", "procedure").row(0) == ("classification", iris.procedure("5-fold-cv"))
    assert batch.datasets["dataset"].to_list() == [iris.named_dataset("iris")]
    assert batch.runs["started"].null_count() == 0


@FILES
def test_values_steps_and_parameters_are_those_of_the_study(path):
    """The first trial, made again by scikit-learn from what is said of it."""
    batch = batch_of(path, study="iris SVC")
    pipeline = batch.runs.filter(pl.col("run").str.ends_with("/0"))["pipeline"].item()
    canonical = batch.pipelines.filter(pl.col("pipeline") == pipeline)["canonical"].item()
    parameters = json.loads(canonical)["steps"][0]["parameters"]
    X, y = load_iris(return_X_y=True)
    folds = cross_val_score(SVC(**parameters), X, y)
    assert values(batch, "accuracy")["0"] == pytest.approx(folds.mean())
    steps = batch.series.filter(pl.col("run").str.ends_with("/0")).sort("position")
    assert set(steps["axis"]) == {"step"}
    assert set(steps["name"]) == {"accuracy"}
    assert steps["value"].to_list() == pytest.approx([folds[: n + 1].mean() for n in range(5)])
    pruned = batch.runs.filter(pl.col("status") == "pruned")["run"]
    assert batch.series.filter(pl.col("run").is_in(pruned.implode())).height == 4
    tags = dict(batch.tags.filter(pl.col("run").str.ends_with("/0")).select("name", "text").iter_rows())
    assert tags == {"study": "iris SVC", "note": '{"by":"hand","fold":[1,2]}'}


def test_both_storages_say_the_same():
    database, journal = studies_of_database(DATABASE), studies_of_journal(JOURNAL)
    assert [study.name for study in database] == ["iris SVC", "network", "odd", "last"]
    for one, other in zip(database, journal, strict=True):
        assert (one.name, one.directions, one.metric_names) == (
            other.name,
            other.directions,
            other.metric_names,
        )
        assert one.attributes == other.attributes
        if one.name == "last":  # no sampler was given there
            continue
        for mine, its in zip(one.trials, other.trials, strict=True):
            assert (mine.number, mine.state, mine.parameters) == (its.number, its.state, its.parameters)
            assert (list(mine.values), mine.attributes) == (list(its.values), its.attributes)
            assert mine.steps == its.steps
            assert (mine.started is None) == (its.started is None)
            if mine.started:  # they were made one after the other
                assert abs(mine.started - its.started) < timedelta(minutes=5)
                assert mine.started.tzinfo is UTC


@FILES
def test_several_objectives_are_named_or_stay_the_studys_own(path):
    nameless = batch_of(path, study="network")
    assert nameless.measures.select("measure", "direction").rows() == [
        (iris.measure("objective_0_of_network"), "higher"),
        (iris.measure("objective_1_of_network"), "lower"),
    ]
    units = declared("hidden units", "lower", 1)
    batch = batch_of(path, study="network", measures=["accuracy", units], procedure="5-fold-cv")
    assert values(batch, "hidden_units") == values(nameless, "objective_1_of_network")
    assert values(batch, "accuracy") == values(nameless, "objective_0_of_network")
    assert values(batch, "accuracy")["3"] == 0.5
    assert any('"activation":"tanh"' in text for text in batch.pipelines["canonical"])


def test_a_model_makes_the_trials_pipelines_of_scikit_learn():
    named = batch_of(DATABASE, study="iris SVC")
    given = batch_of(DATABASE, study="iris SVC", model=SVC(random_state=5))
    assert set(given.pipelines["pipeline"]) == set(named.pipelines["pipeline"])
    assert set(given.runs["seed"]) == {5}
    first = studies_of_database(DATABASE)[0].trials[0]
    assert pipeline_of(SVC(**first.parameters)).iri in set(named.pipelines["pipeline"])


def test_a_known_measure_may_be_told_as_an_error():
    own = batch_of(DATABASE, study="last")
    batch = batch_of(DATABASE, study="last", measure="error_rate")
    assert values(batch, "accuracy") == {
        key: 1 - value for key, value in values(own, "objective_of_last").items()
    }


def test_what_is_still_being_written_at_the_end_of_a_journal_does_not_count(tmp_path):
    path = tmp_path / "running.jsonl"
    path.write_bytes(JOURNAL.read_bytes() + b'{"op_code":4,"worker_id":"a","stu')
    assert studies_of_journal(path) == studies_of_journal(JOURNAL)


def test_a_trial_that_has_ended_in_a_journal_does_not_change_any_more(tmp_path):
    """Two processes may write of one trial; Optuna takes the first that ends it."""
    path = tmp_path / "two.jsonl"
    late = (
        '{"op_code":6,"worker_id":"b","trial_id":0,"state":3,"values":null}\n'
        '{"op_code":7,"worker_id":"b","trial_id":0,"step":9,"intermediate_value":0.5}\n'
    )
    path.write_text(JOURNAL.read_text() + late)
    assert studies_of_journal(path) == studies_of_journal(JOURNAL)


def test_times_before_optuna_5_are_of_no_known_zone(tmp_path):
    path = changed(tmp_path, "UPDATE version_info SET library_version = '4.5.0'")
    batch = batch_of(path, study="iris SVC")
    assert batch.runs["started"].null_count() == batch.runs.height
    assert values(batch, "runtime_seconds") == {}


# --- which files ---


def test_only_optunas_files_are_accepted(tmp_path):
    other, text, journal = tmp_path / "mlflow.db", tmp_path / "text.db", tmp_path / "log.jsonl"
    with closing(sqlite3.connect(other)) as file, file:
        file.execute("CREATE TABLE runs (run_uuid TEXT)")
        file.execute("CREATE TABLE studies (title TEXT)")
    text.write_text("trials, studies")
    journal.write_text('{"op_code": 1}\n')
    (tmp_path / "empty.db").touch()
    for path in (
        other,
        text,
        journal,
        tmp_path / "empty.db",
        tmp_path,
        tmp_path / "nowhere.db",
        "optuna.db",
        3,
        None,
    ):
        assert not OptunaSource.accepts(path)
    for path in (DATABASE, JOURNAL):
        assert OptunaSource.accepts(path)
    half = tmp_path / "half.db"
    half.write_bytes(DATABASE.read_bytes()[:100_000])
    assert OptunaSource.accepts(half)


def test_reading_changes_no_file(tmp_path):
    path = tmp_path / "study.db"
    shutil.copy(DATABASE, path)
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        batch_of(path, study="iris SVC")
        assert [each.name for each in tmp_path.iterdir()] == ["study.db"]
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == DATABASE.read_bytes()


# --- what is wrong ---


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "UPDATE trial_params SET param_value = 3 WHERE param_name = 'kernel' AND trial_id = 1",
            "parameter 'kernel': its value is choice 3.0 of 3, counted from 0",
        ),
        (
            "UPDATE trial_params SET param_value = -1 WHERE param_name = 'kernel' AND trial_id = 1",
            "parameter 'kernel': its value is choice -1.0 of 3",
        ),
        (
            "UPDATE trial_params SET param_value = 'many' WHERE param_name = 'C' AND trial_id = 1",
            "parameter 'C': its value is 'many', which is not a number",
        ),
        (
            "UPDATE trial_params SET param_value = 2.5 WHERE param_name = 'degree' AND trial_id = 1",
            "parameter 'degree': its value is 2.5, which is no whole number",
        ),
        (
            "UPDATE trial_params SET distribution_json = '{\"na' WHERE param_name = 'C' AND trial_id = 1",
            "parameter 'C': '{\"na' is not JSON",
        ),
        ("UPDATE trials SET state = 'LOST' WHERE trial_id = 1", "its state is 'LOST'; known: RUNNING"),
        (
            "UPDATE trials SET datetime_start = 'noon' WHERE trial_id = 1",
            "Invalid isoformat string: 'noon+00:00'",
        ),
        ("DELETE FROM trial_values WHERE trial_id = 1", "it has 0 values for 1 objectives"),
        (
            "UPDATE trial_values SET value_type = 'INF_NEG' WHERE trial_id = 1",
            "accuracy is -inf, which is not a finite number",
        ),
        (
            "UPDATE trial_values SET value = 'good' WHERE trial_id = 1",
            "accuracy is 'good', which is not a number",
        ),
        (
            "UPDATE trial_values SET value = 7 WHERE trial_id = 1",
            "accuracy is 7.0, accuracy must be from 0 to 1",
        ),
        (
            f"UPDATE trial_user_attributes SET value_json = '{'[' * 100_000}' WHERE trial_id = 1",
            "is not JSON (maximum recursion depth exceeded",
        ),
    ],
)
def test_what_is_wrong_with_a_trial_is_rejected_by_its_number(tmp_path, change, why):
    path = changed(tmp_path, change)
    with pytest.raises(RejectedError) as caught:
        batch_of(path, study="iris SVC")
    assert f"study 'iris SVC', trial 0: {why}" in str(caught.value) or (
        why in str(caught.value) and "trial 0" in str(caught.value)
    )
    source = source_for(path, study="iris SVC")
    source.keep_going = True
    (batch,) = source.batches()
    assert sorted(values(batch, "accuracy")) == ["10", "11", "2", "3", "6"]


@pytest.mark.parametrize(
    ("options", "error", "why"),
    [
        (
            {"study": "none"},
            SourceError,
            "has no study 'none'; there are: 'iris SVC', 'network', 'odd', 'last'",
        ),
        (
            {"study": "iris SVC", "measure": "log_loss"},
            SourceError,
            "seeks higher values of 'log_loss', of which lower",
        ),
        ({"study": "iris SVC", "measures": ["accuracy", "f1"]}, SourceError, "has 1 objectives, named are"),
        (
            {"study": "network", "measures": ["accuracy", "accuracy"]},
            SourceError,
            "or one for two objectives",
        ),
        ({"study": "network", "measure": "accuracy"}, SourceError, "has 2 objectives"),
        ({"study": "last", "measure": "!"}, QueryError, "has no letter from a to z"),
        ({"study": "last", "measure": 3}, SourceError, "objective 3 is no name"),
        ({"study": "last", "procedure": 5}, SourceError, "procedure is 5: give a name such as '5-fold-cv'"),
        ({"study": "last", "model": " "}, RejectedError, "a model's name is ' '"),
        ({"study": "last", "model": SVC()}, RejectedError, "study 'last', trial 0: Invalid parameter 'x'"),
        ({"study": "last", "dataset": 0}, SourceError, "no OpenML id"),
        ({"direction": "higher"}, SourceError, "source 'optuna' takes no direction"),
        ({"measure": "score"}, SourceError, "has 2 objectives"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, error, why):
    with pytest.raises(error) as caught:
        batch_of(DATABASE, **options)
    assert why in str(caught.value)


def test_studies_that_mean_different_things_by_one_name_are_taken_one_by_one(tmp_path):
    names = "INSERT INTO study_system_attributes (study_id, key, value_json) SELECT study_id, "
    path = changed(
        tmp_path,
        f"{names} 'study:metric_names', '[\"profit\"]' FROM studies WHERE study_name = 'last'",
        f"{names} 'study:metric_names', '[\"profit\", \"cost\"]' FROM studies WHERE study_name = 'network'",
    )
    with pytest.raises(SourceError, match="studies 'network' and 'last' mean different things by 'profit'"):
        batch_of(path)
    assert values(batch_of(path, study="last"), "profit")


def test_a_study_that_does_not_say_its_data_is_asked_for_it(tmp_path):
    path = changed(tmp_path, "DELETE FROM study_user_attributes")
    with metakg.open(tmp_path / "kg") as kg:
        with pytest.raises(
            SourceError, match=r"'iris SVC' does not know its data: say dataset=.*set_user_attr"
        ):
            kg.ingest(path)
        with pytest.raises(SourceError, match="this is no study of Optuna: give the path"):
            kg.ingest("optuna")
        assert not kg.location.exists()
        report = kg.ingest(path, dataset=load_iris(as_frame=True).frame, target="target", keep_going=True)
        assert report.written["qualities"] > 10
        assert report.graph == iris.graph("optuna", path.stem)
        again = kg.ingest(path, dataset=load_iris(as_frame=True).frame, target="target", keep_going=True)
        assert not again.changed


def test_distributions_of_older_releases():
    assert restored(2, '{"name": "IntUniformDistribution", "attributes": {"low": 1, "high": 9}}') == 2
    assert restored(2, '{"name": "LogUniformDistribution", "attributes": {"low": 1, "high": 9}}') == 2.0
    for wrong in ("[]", "3", '{"name": "CategoricalDistribution", "attributes": []}'):
        with pytest.raises(ValueError, match=r"distribution|choice"):
            restored(1, wrong)


# --- studies in memory ---


def test_a_study_in_memory_is_the_study_in_its_file(tmp_path):
    optuna = pytest.importorskip("optuna")
    path = tmp_path / "copy.db"
    shutil.copy(DATABASE, path)
    whole = optuna.load_study(study_name="iris SVC", storage=f"sqlite:///{path}")
    assert OptunaSource.accepts(whole)
    memory, file = batch_of(whole, name="one"), batch_of(DATABASE, study="iris SVC", name="one")
    for table, frame in memory.tables().items():
        assert frame.equals(file.tables()[table]), table


def test_a_study_that_was_just_run(tmp_path):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", study_name="just run")
    study.optimize(lambda trial: 1 - trial.suggest_float("C", 0.1, 1.0) / 10, n_trials=3)
    with metakg.open(tmp_path / "kg") as kg:
        report = kg.ingest(study, dataset="iris", model=SVC(), measure="accuracy", procedure="5-fold-cv")
        assert (report.written["runs"], report.graph) == (3, iris.graph("optuna", "just-run"))
        assert not kg.ingest(
            study, dataset="iris", model=SVC(), measure="accuracy", procedure="5-fold-cv"
        ).changed


def test_the_examples_of_the_docs(tmp_path, monkeypatch, capsys):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    page = Path(__file__).parents[2] / "docs" / "searches.md"
    blocks = re.findall(r"```python\n(.+?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(block, namespace)
    reports = capsys.readouterr().out
    assert reports.count("search: ") == reports.count("optuna: ") == 2
    with metakg.open(tmp_path / "my-graph") as kg:
        assert sorted(graph.counts["runs"] for graph in kg.store.graphs()) == [1, 3, 5, 5]
