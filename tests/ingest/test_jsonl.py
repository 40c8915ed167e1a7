"""Runs in JSON lines. The lines are written here, as people write them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import JsonlSource, source_for
from ingest.source import Source
from ingest.testing import SourceTestCase
from kg import iris
from kg.batch import Batch
from kg.errors import RejectedError, SourceError
from kg.pipeline import Pipeline, Step

LINES: list[dict[str, Any]] = [
    {
        "dataset": "openml:31",
        "model": "SVC",
        "params": {"C": 2.0},
        "metrics": {"accuracy": 0.75},
        "seed": 1,
        "cv_folds": 5,
    },
    {
        "dataset": "https://www.openml.org/d/31",
        "model": "sklearn.svm.SVC",
        "C": 2,
        "accuracy": 0.5,
        "fold": 3,
    },
    {
        "dataset": {"name": "mine"},
        "model": {"class": "Net", "layers": [8, 4]},
        "scores": {"rmse": 2},
        "id": "third",
    },
    {
        "dataset": "mine",
        "pipeline": "Net",
        "params.depth": 3,
        "metrics/r2": 0.5,
        "parent": "third",
        "tags": ["a", "b"],
    },
    {
        "dataset": "mine",
        "model": "Net",
        "status": "failed",
        "error": "out of memory",
        "error_type": "MemoryError",
    },
    {
        "dataset": "mine",
        "model": "Net",
        "measure": "my score",
        "value": 3,
        "started": "2026-01-01T00:00:00+01:00",
    },
    {"dataset": "mine", "model": "Net", "status": "running"},
    {
        "dataset": "mine",
        "model": "Net",
        "history": {"val_accuracy": [0.5, 0.75], "train_loss": [[10, 0.5], [20, 0.25]]},
    },
]


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "runs.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def read(source: Source, *, keep_going: bool = False) -> Batch:
    source.keep_going = keep_going
    (batch,) = source.batches()
    return batch


class TestJsonl(SourceTestCase):
    path: Path

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        cls.path = written(tmp_path_factory.mktemp("lines"), *LINES)

    def make(self) -> Source:
        return JsonlSource(self.path, measures={"my score": ("lower", 0)})

    def damaged(self, folder: Path) -> Iterator[tuple[Source, Path]]:
        yield JsonlSource(folder / "nowhere.jsonl"), folder / "nowhere.jsonl"
        for number, content in enumerate(
            [
                b"{",
                b"[]",
                b"1",
                b"\xff\xfe{}",
                b'{"dataset": "a"}',
                b'{"model": "a", "accuracy": 1}',
                b"[" * 100_000,
            ]
        ):
            path = folder / f"{number}.jsonl"
            path.write_bytes(content + b"\n")
            yield JsonlSource(path), path


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return read(source_for(written(tmp_path, *LINES), measures=["my score=lower:0"]))


def test_nested_and_flat_lines_say_the_same(batch: Batch) -> None:
    first, second = batch.runs.head(2).iter_rows(named=True)
    assert (
        first["pipeline"]
        == second["pipeline"]
        == Pipeline((Step("estimator", "sklearn.svm.SVC", {"C": 2}),)).iri
    )
    assert first["dataset"] == second["dataset"] == iris.openml_dataset(31)
    assert first["task"] == iris.task("openml-31", "5-fold-cv")
    assert (first["seed"], second["task"]) == (1, iris.task("openml-31", "unspecified"))
    assert batch.tags.filter(run=second["run"]).select("name", "text").rows() == [("fold", "3")]


def test_what_lines_say_of_their_runs(batch: Batch) -> None:
    runs = {run["run"].rpartition("/")[2]: run for run in batch.runs.iter_rows(named=True)}
    assert set(runs) == {"line-1", "line-2", "third", "line-4", "line-5", "line-6", "line-8"}
    assert batch.contexts.filter(run=runs["line-4"]["run"])["parent"].to_list() == [runs["third"]["run"]]
    assert (runs["line-5"]["status"], runs["line-5"]["error"]) == ("failed", "out of memory")
    assert runs["line-6"]["started"].isoformat() == "2025-12-31T23:00:00+00:00"
    kinds = dict(batch.tasks.select("task", "type").iter_rows())
    assert [kinds[runs[key]["task"]] for key in ("third", "line-5", "line-8")] == [
        "regression",
        "other",
        "classification",
    ]
    assert {(name, at) for _, name, _, at, _ in batch.series.iter_rows()} == {
        ("accuracy", 0),
        ("accuracy", 1),
        ("train_loss", 10),
        ("train_loss", 20),
    }
    assert batch.measures["label"].to_list() == ["my score"]


def test_a_pipeline_in_the_canonical_form_is_that_pipeline(tmp_path: Path) -> None:
    pipeline = Pipeline((Step("scaler", "a.Scaler"), Step("estimator", "a.Model", {"b": 1})))
    line = {"dataset": "x", "pipeline": json.loads(pipeline.canonical()), "accuracy": 1}
    assert read(JsonlSource(written(tmp_path, line))).pipelines["pipeline"].to_list() == [pipeline.iri]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"dataset": "a", "model": "m", "accuracy": NaN}', "accuracy is nan, which is not a finite number"),
        ({"dataset": "a", "model": "m", "metrics": {"accuracy": 1.5}}, "accuracy must be from 0 to 1"),
        (
            {"dataset": "a", "model": "m", "metrics": {"accuracy": True}},
            "accuracy is True, which is not a number",
        ),
        ({"dataset": "a", "model": "m", "metrics": {"rmse": 10**400}}, "0..., which is not a number"),
        ({"dataset": "a", "model": "m", "metrics": [1]}, "metrics is [1], not an object"),
        ({"model": "m", "accuracy": 1}, "names no dataset"),
        ({"dataset": "???", "model": "m", "accuracy": 1}, "names no dataset"),
        ({"dataset": "a", "accuracy": 1}, "a model's name is ''"),
        ({"dataset": "a", "model": "m", "accuracy": 1, "status": "odd"}, "status 'odd' is unknown"),
        ({"dataset": "a", "model": "m", "accuracy": 1, "started": "soon"}, "'soon' is no time"),
        ({"dataset": "a", "model": "m", "history": {"accuracy": ["x"]}}, "neither a number nor a pair"),
        ({"dataset": "a", "pipeline": {"steps": []}, "accuracy": 1}, "a pipeline needs at least one step"),
        ('{"dataset": "a", "model": "m\\ud800", "accuracy": 1}', "surrogates not allowed"),
        ("{oh", "no run: "),
    ],
)
def test_what_is_wrong_is_told_by_its_line(line: Any, why: str, tmp_path: Path) -> None:
    path = written(tmp_path, LINES[0], "", line)
    with pytest.raises(RejectedError) as caught:
        read(JsonlSource(path))
    assert f"{path}:3: " in str(caught.value)
    assert why in str(caught.value)
    assert read(JsonlSource(path), keep_going=True).runs.height == 1


def test_a_key_twice_and_a_circle_of_parents(tmp_path: Path) -> None:
    good = {"dataset": "a", "model": "m", "accuracy": 1}
    inner = {**good, "id": "x", "parent": "y", "history": {"loss": [1, 2]}}
    outer = {**good, "id": "y", "parent": "x"}
    path = written(tmp_path, good, inner, outer, {**good, "id": "x"})
    source = JsonlSource(path)
    assert read(source, keep_going=True).runs.height == 1
    assert len(source.tally.rejected) == 3


def test_series_of_two_names_for_one_measure_stay_two(tmp_path: Path) -> None:
    line = {
        "dataset": "a",
        "model": "m",
        "history": {"val_accuracy": [0.5, 0.75], "accuracy": [0.25, 1], "acc": [0, 1]},
    }
    batch = read(JsonlSource(written(tmp_path, line)))
    assert set(batch.series["name"]) == {"accuracy", "val_accuracy", "acc"}
    assert batch.evaluations["value"].to_list() == [0.75]


def test_large_files_and_lines_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, LINES[0])
    os.truncate(path, 2 * 2**30)
    with pytest.raises(SourceError, match=r"has 2,147,483,648 bytes, at most 1,073,741,824 are read"):
        read(JsonlSource(path))
    os.truncate(path, 20 * 2**20)
    with pytest.raises(SourceError, match=r"runs.jsonl:1: line of more than 16,777,216 bytes"):
        read(JsonlSource(path))


def test_other_json_lines_are_not_taken(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_text('{"op_code": 0, "study_name": "x"}\n')
    assert not JsonlSource.accepts(journal)
    assert not JsonlSource.accepts(tmp_path / "nowhere.jsonl")
    assert not JsonlSource.accepts(3)
