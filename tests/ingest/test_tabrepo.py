"""Results of TabRepo and TabArena: synthetic ones in their schemas."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

import polars as pl
import pytest

from ingest import TableSource
from kg import iris

TABLES = Path(__file__).parent / "tables"


def errors(name, dataset, framework):
    with (TABLES / name).open(encoding="utf-8", newline="") as stream:
        return [
            float(row["metric_error"])
            for row in csv.DictReader(stream)
            if row["dataset"] == dataset and framework in (row.get("framework"), row.get("method"))
        ]


@pytest.mark.parametrize(
    ("dataset", "measure", "value"),
    [
        ("Australian", "roc_auc", lambda error: 1 - error),
        ("car", "log_loss", lambda error: error),
        ("abalone", "root_mean_squared_error", lambda error: error),
    ],
)
def test_errors_are_read_as_the_metric_they_are_of(dataset, measure, value):
    (batch,) = TableSource(TABLES / "tabrepo.csv").batches()
    runs = batch.runs.filter(pl.col("dataset") == iris.named_dataset(dataset))
    found = batch.evaluations.filter(pl.col("measure") == iris.measure(measure)).join(runs, on="run")
    expected = [
        value(statistics.fmean(errors("tabrepo.csv", dataset, framework)))
        for framework in ("CatBoost_c1_BAG_L1", "LightGBM_r5_BAG_L1")
    ]
    assert sorted(found["value"]) == pytest.approx(sorted(expected))
    assert runs["task"][0].startswith(iris.task(f"name/{dataset.lower()}", "3-of-10-fold-cv"))


def test_times_are_in_seconds():
    (batch,) = TableSource(TABLES / "tabrepo.csv").batches()
    assert set(batch.evaluations["measure"]) >= {
        iris.measure("training_seconds"),
        iris.measure("prediction_seconds"),
    }


def test_what_was_imputed_is_left_out():
    source = TableSource(TABLES / "tabarena.csv")
    (batch,) = source.batches()
    assert batch.pipelines["title"].to_list() == ["RF (default)"]
    assert batch.tasks["procedure"].to_list() == [iris.procedure("3x3-fold-cv")]
    assert ("runs", "imputed: another run's result", 1) in [
        (item.what, item.why, item.count) for item in source.tally.left_out
    ]


def test_an_error_that_is_out_of_range_is_told_by_its_line(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text((TABLES / "tabrepo.csv").read_text(encoding="utf-8").replace("0.060229", "1.5"))
    source = TableSource(path)
    source.keep_going = True
    list(source.batches())
    assert [(item.place, item.why) for item in source.tally.rejected] == [
        ("line 2", "roc_auc is 1.5, roc_auc must be from 0 to 1")
    ]
