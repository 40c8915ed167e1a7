"""What MLflow 3.17.2 recorded (recordings/README.md), by its file store and its database, and damage to both."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ingest import MlflowSource, source_for
from ingest.report import ingest
from ingest.sklearn_objects import pipeline_of
from ingest.source import Source
from ingest.testing import SourceTestCase
from kg import iris
from kg.batch import Batch
from kg.errors import RejectedError, SourceError
from kg.memory import MemoryStore

RECORDED = Path(__file__).parent / "recordings" / "mlflow"


def database(folder: Path) -> Path:
    path = folder / "mlflow.db"
    with sqlite3.connect(path) as made:
        made.executescript((RECORDED / "mlflow.sql").read_text())
    made.close()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mlflow")
    with tarfile.open(RECORDED / "mlruns.tar.gz") as archive:
        archive.extractall(place, filter="data")
    return place / "mlruns"


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "mlruns"))


def file_of(copy: Path, pattern: str) -> Path:
    return min(copy.glob(f"*/*/{pattern}"))


class _Recorded(SourceTestCase):
    path: Path

    def make(self) -> Source:
        return MlflowSource(self.path)


class TestFiles(_Recorded):
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def place(cls, folder: Path) -> None:
        cls.path = folder

    def damaged(self, folder: Path) -> Iterator[tuple[Source, Path]]:
        yield MlflowSource(folder / "nowhere"), folder / "nowhere"
        (folder / "empty").mkdir()
        yield MlflowSource(folder / "empty"), folder / "empty"
        bomb = "\n".join(
            [
                "a: &a [x, x]",
                *(f"{name}: &{name} [*{last}, *{last}]" for last, name in zip("abc", "bcd", strict=True)),
            ]
        )
        for number, text in enumerate(
            [
                "name: [",
                "- 1\n",
                bomb,
                "x: !!python/object:os.system {}",
                "[" * 5_000,
                "a" * 2_000_000,
                "\x00",
            ]
        ):
            copy = Path(shutil.copytree(self.path, folder / str(number)))
            broken = file_of(copy, "meta.yaml")
            broken.write_text(text)
            yield MlflowSource(copy), broken


class TestDatabase(_Recorded):
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        cls.path = database(tmp_path_factory.mktemp("database"))

    def damaged(self, folder: Path) -> Iterator[tuple[Source, Path]]:
        whole = self.path.read_bytes()
        for number, content in enumerate([whole[: len(whole) // 2], whole[:100], b"", b"no database" * 100]):
            broken = folder / f"{number}-mlflow.db"
            broken.write_bytes(content)
            yield MlflowSource(broken), broken
        for number, statement in enumerate(
            [
                "DROP TABLE params",
                # an endless query in place of a table
                "DROP TABLE params; CREATE VIEW params AS WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key + 1 "
                "FROM n) SELECT key, key AS value, 'x' AS run_uuid FROM n",
            ]
        ):
            broken = folder / f"lacking-{number}.db"
            shutil.copy(self.path, broken)
            with sqlite3.connect(broken) as changed:
                changed.executescript(statement)
            changed.close()
            yield MlflowSource(broken), broken


def read(source: Source) -> Batch:
    (batch,) = source.batches()
    return batch


@pytest.fixture(scope="module", params=["files", "database"])
def batch(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    path = folder if request.param == "files" else database(tmp_path_factory.mktemp("read"))
    found = source_for(path, measures={"surprise": ("lower", 0, 10)})
    assert isinstance(found, MlflowSource)
    return read(found)


def named(batch: Batch, name: str) -> dict[str, object]:
    return batch.contexts.filter(name=name).join(batch.runs, on="run").row(0, named=True)


def test_an_autologged_pipeline_is_the_node_of_the_object(batch: Batch) -> None:
    run = named(batch, "scaled svc")
    assert run["pipeline"] == pipeline_of(make_pipeline(StandardScaler(), SVC(C=2.0))).iri
    assert (run["seed"], run["user"], run["script"]) == (7, "recorder", "/tmp/x/make_mlflow.py")
    assert len(str(run["commit"])) == 40
    assert batch.evaluations.filter(run=run["run"])["measure"].to_list() == [iris.measure("accuracy")]
    tags = dict(batch.tags.filter(run=run["run"]).select("name", "text").iter_rows())
    assert float(tags["training_accuracy_score"]) > 0.9
    assert str(run["dataset"]).startswith(iris.named_dataset("dataset"))


def test_nested_runs_have_a_parent_parameters_and_an_openml_dataset(batch: Batch) -> None:
    inner, outer = named(batch, "depth 2"), named(batch, "depths")
    assert inner["parent"] == outer["run"]
    assert inner["dataset"] == iris.openml_dataset(44223)
    assert outer["dataset"] == iris.named_dataset("diabetes")
    (title,) = batch.pipelines.filter(pipeline=inner["pipeline"])["title"]
    assert title == "RandomForestRegressor(max_depth=2, n_estimators=50)"
    (kind,) = batch.tasks.filter(task=inner["task"])["type"]
    assert (kind, inner["seed"]) == ("regression", 1)
    assert batch.evaluations.filter(run=inner["run"], measure=iris.measure("surprise"))[
        "value"
    ].to_list() == [0.5]
    assert (inner["ended"] - inner["started"]).total_seconds() > 0


def test_metrics_along_steps_are_series_and_the_last_is_the_score(batch: Batch) -> None:
    run = named(batch, "network")
    series = batch.series.filter(run=run["run"])
    assert series.filter(name="accuracy").select("position", "value").rows() == [
        (0, 0.5),
        (1, 0.6),
        (2, 0.7),
        (3, 0.8),
    ]
    assert set(series["name"]) == {"accuracy", "train_loss", "gap"}
    assert batch.evaluations.filter(run=run["run"])["value"].to_list() == [0.8]
    (canonical,) = batch.pipelines.filter(pipeline=run["pipeline"])["canonical"]
    assert '"parameters":{"dropout":null,"layers":"[8,4]","learning_rate":0.01}' in canonical
    assert run["dataset"] == iris.named_dataset("networks")


def test_failed_runs_are_kept_running_and_deleted_ones_left_out(batch: Batch) -> None:
    run = named(batch, "too large")
    assert (run["status"], run["error"]) == ("failed", "MLflow says no more than that it failed")
    assert batch.contexts["name"].to_list().count("still running") == 0
    assert batch.runs.height == 6


def test_what_is_left_out_is_counted_by_reason(folder: Path) -> None:
    source = MlflowSource(folder)
    read(source)
    left = {(item.what, item.why): item.count for item in source.tally.left_out}
    assert left["runs", "deleted in MLflow"] == 1
    assert left["runs", "running, or ended without a word of it"] == 1
    assert (
        left[
            "evaluations", "measure 'surprise' is not known: declare it, as in --measure surprise=higher:0:1"
        ]
        == 2
    )


def test_artefacts_beside_the_files_are_known_by_their_content(folder: Path) -> None:
    found = read(MlflowSource(folder)).artefacts
    assert found.filter(name="words/notes.txt")["bytes"].to_list() == [8, 8]
    assert found.filter(pl.col("name") == "words/notes.txt")["sha256"].n_unique() == 2


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_score_that_is_no_finite_number_is_rejected_by_its_run(value: str, copy: Path) -> None:
    broken = file_of(copy, "metrics/r2")
    broken.write_text(f"1 {value} 0\n")
    with pytest.raises(RejectedError) as caught:
        read(MlflowSource(copy))
    assert f"{broken.parents[1]}: r2 is {value}, which is not a finite number" in str(caught.value)
    with MemoryStore() as store:
        source = MlflowSource(copy, measures=["surprise=lower"])
        source.keep_going = True
        assert ingest(store, source).written["runs"] == 6


def test_numbers_that_are_none_in_the_database(tmp_path: Path) -> None:
    path = database(tmp_path)
    with sqlite3.connect(path) as changed:
        changed.execute("UPDATE metrics SET value = 0, is_nan = 1 WHERE key = 'rmse'")
        changed.execute("UPDATE metrics SET value = 1.7976931348623157e308 WHERE key = 'r2'")
    changed.close()
    source = MlflowSource(path)
    source.keep_going = True
    read(source)
    whys = sorted(item.why for item in source.tally.rejected)
    assert whys == ["r2 is inf, which is not a finite number"] * 2 + [
        "rmse is nan, which is not a finite number"
    ]


def test_a_line_that_is_no_point_is_rejected_by_its_number(copy: Path) -> None:
    broken = file_of(copy, "metrics/val/accuracy")
    broken.write_text(broken.read_text() + "12 much 5\n")
    with pytest.raises(RejectedError) as caught:
        read(MlflowSource(copy))
    assert f"{broken}:5: '12 much 5' is not `milliseconds value step`" in str(caught.value)
    source = MlflowSource(copy)
    source.keep_going = True
    assert read(source).runs.height == 6


def test_runs_in_a_circle_are_refused_and_the_rest_taken(copy: Path) -> None:
    (copy_of_parent,) = {path.read_text() for path in copy.glob("*/*/tags/mlflow.parentRunId")}
    first = file_of(copy, "tags/mlflow.parentRunId").parents[1]
    (first.parent / copy_of_parent / "tags" / "mlflow.parentRunId").write_text(first.name)
    with pytest.raises(RejectedError, match="is nested in itself"):
        read(MlflowSource(copy))
    source = MlflowSource(copy)
    source.keep_going = True
    assert read(source).runs.height == 4


def test_large_files_and_links_to_the_outside_are_refused_unread(copy: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    large = file_of(copy, "params/model")
    os.truncate(large, 2 * 2**30)
    with pytest.raises(RejectedError, match=r"model: has 2,147,483,648 bytes, at most 1,048,576 are read"):
        read(MlflowSource(copy))
    large.unlink()
    large.symlink_to(secret)
    with pytest.raises(RejectedError, match="is a link that leads outside"):
        read(MlflowSource(copy))
    large.unlink()
    metric = file_of(copy, "metrics/r2")
    os.truncate(metric, 2 * 2**30)
    with pytest.raises(RejectedError, match=r"r2: has 2,147,483,648 bytes, at most 1,073,741,824 are read"):
        read(MlflowSource(copy))
    metric.unlink()
    (copy / "link").symlink_to(copy)
    artefact = file_of(copy, "artifacts/words/notes.txt")
    artefact.unlink()
    artefact.symlink_to(secret)
    source = MlflowSource(copy)
    source.keep_going = True
    found = read(source)
    assert "artefacts" in {item.what for item in source.tally.left_out}
    assert found.artefacts.filter(name="words/notes.txt").height == 1


def test_another_folder_of_the_same_name_does_not_replace_it(folder: Path, copy: Path) -> None:
    with MemoryStore() as store:
        ingest(store, MlflowSource(folder))
        assert not ingest(store, MlflowSource(copy)).changed
        file_of(copy, "metrics/r2").write_text("1 0.5 0\n")
        with pytest.raises(SourceError, match=r"give .* another name with --name"):
            ingest(store, MlflowSource(copy))
        assert ingest(store, MlflowSource(copy, name="second")).graph == iris.graph("mlflow", "second")


def test_by_its_path_with_a_dataset_for_runs_that_name_none(folder: Path, tmp_path: Path) -> None:
    import metakg

    with metakg.open(tmp_path / "store") as kg:
        report = kg.ingest(str(folder), dataset="openml:31", name="mine")
        assert (report.source, report.written["runs"]) == ("mlflow", 6)
        assert iris.openml_dataset(31) in {
            row[0] for row in kg.store.query("SELECT ?d { ?d a ?type }").rows()
        }
