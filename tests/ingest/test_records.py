"""Runs one at a time, gathered into a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ingest.records import DatasetRef, Points, Record, Records
from ingest.report import ingest
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import RejectedError
from kg.measures import declared
from kg.memory import MemoryStore
from kg.pipeline import Pipeline, Step

SVC = Pipeline((Step("estimator", "sklearn.svm.SVC"),))


def record(key: str, scores: dict[str, Any], **more: Any) -> Record:
    return Record(key, DatasetRef("Iris (all)"), SVC, scores, f"line {key}", **more)


class ListedSource(Source):
    name = "listed"
    title = "runs that a test lists"

    def __init__(self, *records: Record) -> None:
        super().__init__()
        self.records = records

    @property
    def manifest(self) -> Manifest:
        return Manifest(self.name, "1", self.title, "CC0-1.0", "https://example.org/listed")

    def read(self, tally: Tally) -> Iterator[Batch]:
        own = declared("my score", "lower", 0, 10)
        gathered = Records(self.manifest, tally, declared={"my score": own})
        for each in self.records:
            gathered.add(each)
        yield gathered.batch()


def test_scores_are_read_by_the_names_that_people_use() -> None:
    with MemoryStore() as store:
        source = ListedSource(
            record(
                "1",
                {"Accuracy": "0.5", "neg_log_loss": -0.25, "my score": 3, "mine": 1},
                type="classification",
            )
        )
        report = ingest(store, source)
        rows = dict(
            store.query(
                "SELECT ?measure ?value { ?run a <http://www.w3.org/ns/mls#Run> ; ?measure ?value "
                "FILTER(STRSTARTS(STR(?measure), 'https://w3id.org/metakg/measure/')) }"
            ).rows()
        )
    assert rows == {
        iris.measure("accuracy"): 0.5,
        iris.measure("log_loss"): 0.25,
        iris.measure("my_score"): 3.0,
    }
    assert report.written["measures"] == 1
    assert [(item.what, item.count) for item in report.left_out] == [("evaluations", 1)]
    assert "'mine' is not known: declare it" in str(report)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (record("2", {"accuracy": "high"}), "line 2: accuracy is 'high', which is not a number"),
        (record("2", {"accuracy": float("nan")}), "line 2: accuracy is nan, which is not a finite number"),
        (record("2", {"accuracy": 1.5}), "line 2: accuracy is 1.5, accuracy must be from 0 to 1"),
        (record("1", {"accuracy": 0.5}), "line 1: run '1' occurs twice"),
        (
            record("2", {"accuracy": 0.5}, parent="2"),
            "line 2: run https://w3id.org/metakg/run/listed/1/2 is nested",
        ),
    ],
)
def test_what_is_wrong_keeps_all_out_unless_asked_to_go_on(wrong: Record, why: str) -> None:
    with MemoryStore() as store:
        good = record("1", {"accuracy": 0.75})
        with pytest.raises(RejectedError, match="nothing was written") as caught:
            ingest(store, ListedSource(good, wrong))
        assert why in str(caught.value)
        assert store.graphs() == []
        source = ListedSource(good, wrong)
        source.keep_going = True
        report = ingest(store, source)
        assert (report.written["runs"], report.written["evaluations"]) == (1, 1)
        assert why in str(report)


def test_a_circle_of_nested_runs_is_refused_whole() -> None:
    source = ListedSource(
        record("1", {"accuracy": 0.75}, parent="2"),
        record("2", {"accuracy": 0.75}, parent="1"),
        record("3", {"accuracy": 0.75}, parent="1"),
    )
    source.keep_going = True
    (batch,) = source.batches()
    assert [place.place for place in source.tally.rejected] == ["line 1", "line 2"]
    assert batch.runs.height == 1


@pytest.mark.parametrize("status", ["failed", "pruned"])
def test_a_run_that_did_not_finish_has_series_and_no_score(status: str) -> None:
    points = Points("val_loss", "epoch", [(1, 0.5), (2, float("nan")), (3, 0.25)])
    source = ListedSource(record("1", {"accuracy": 0.75}, status=status, series=[points]))
    (batch,) = source.batches()
    assert (batch.runs.height, batch.evaluations.height, batch.series.height) == (1, 0, 2)
    assert source.tally.expected("series") == 2


def test_tasks_of_other_kinds_and_targets_are_other_tasks() -> None:
    names: Callable[[str], str] = lambda rest: f"https://w3id.org/metakg/task/name/iris-all/{rest}"  # noqa: E731
    source = ListedSource(
        record("1", {"accuracy": 0.75}, type="classification", procedure="5-fold-cv"),
        record("2", {"r2": 0.75}, type="regression", procedure="5-fold-cv"),
        record("3", {"r2": 0.75}, type="regression", procedure="5-fold-cv", target="a b"),
    )
    (batch,) = source.batches()
    assert batch.tasks["task"].to_list() == [
        names("5-fold-cv"),
        names("5-fold-cv/regression"),
        names("5-fold-cv/regression/a%20b"),
    ]
