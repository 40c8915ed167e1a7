"""Results of the AutoML Benchmark: synthetic ones, in the schemas of 2019 and of today."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

import polars as pl
import pytest

from ingest import TableSource
from kg import iris
from kg.pipeline import Pipeline

TABLES = Path(__file__).parent / "tables"


def read(name):
    source = TableSource(TABLES / name)
    (batch,) = source.batches()
    return source, batch


def values(batch, dataset, measure):
    runs = batch.runs.filter(pl.col("dataset") == iris.named_dataset(dataset))
    found = batch.evaluations.filter(pl.col("measure") == iris.measure(measure))
    return found.join(runs, on="run")["value"].to_list()


def column(name, task, framework, column):
    with (TABLES / name).open(encoding="utf-8", newline="") as stream:
        return [
            float(row[column])
            for row in csv.DictReader(stream)
            if row["task"] == task and row["framework"] == framework and row[column]
        ]


def test_ten_folds_of_a_framework_are_one_run(tmp_path):
    _, batch = read("amlb-2019.csv")
    assert values(batch, "Airlines", "roc_auc") == [
        pytest.approx(statistics.fmean(column("amlb-2019.csv", "Airlines", "autosklearn", "auc")))
    ]
    assert values(batch, "Covertype", "log_loss") == [
        pytest.approx(statistics.fmean(column("amlb-2019.csv", "Covertype", "H2OAutoML", "logloss")))
    ]
    assert values(batch, "Airlines", "log_loss") == []
    assert set(batch.tasks["procedure"]) == {iris.procedure("10-fold-cv")}
    assert set(batch.datasets["landing_page"]) == {
        "https://www.openml.org/t/189354",
        "https://www.openml.org/t/7593",
    }


def test_a_fold_that_failed_fails_its_run():
    _, batch = read("amlb-2019.csv")
    failed = batch.runs.filter(pl.col("status") == "failed")
    assert failed["error"].to_list() == ["fold 5: Error: Subprocess running exec_run died abruptly."]
    assert batch.runs.height == 3
    points = batch.series.filter((pl.col("run") == failed["run"][0]) & (pl.col("name") == "log_loss"))
    assert sorted(points["position"]) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def test_version_and_constraint_make_another_pipeline():
    _, batch = read("amlb-2023.csv")
    steps = [Pipeline.from_canonical(text).estimator for text in batch.pipelines["canonical"]]
    assert sorted(
        (step.component, step.parameters["constraint"], step.parameters["version"]) for step in steps
    ) == [
        ("RandomForest", "1h8c_gp3", "0.24.2"),
        ("RandomForest", "4h8c_gp3", "0.24.2"),
    ]


def test_versions_that_look_like_numbers_stay_apart(tmp_path):
    path = tmp_path / "results.csv"
    text = (TABLES / "amlb-2023.csv").read_text(encoding="utf-8")
    path.write_text(text.replace(",0.24.2,", ",0.1,") + text.partition("\n")[2].replace(",0.24.2,", ",0.10,"))
    (batch,) = TableSource(path).batches()
    steps = [Pipeline.from_canonical(text).estimator for text in batch.pipelines["canonical"]]
    assert {step.parameters["version"] for step in steps} == {"0.1", "0.10"}


def test_losses_are_read_from_their_columns_and_from_the_negative_result():
    _, batch = read("amlb-2023.csv")
    loss = statistics.fmean(column("amlb-2023.csv", "abalone", "RandomForest", "rmse"))
    assert values(batch, "abalone", "root_mean_squared_error") == [pytest.approx(loss)]
    assert dict(batch.tasks.select("dataset", "type").rows())[iris.named_dataset("abalone")] == "regression"


def test_the_result_counts_where_the_metric_has_no_column(tmp_path):
    text = (TABLES / "amlb-2023.csv").read_text(encoding="utf-8")
    header, *rows = (line.rpartition(",")[0] for line in text.splitlines())
    path = tmp_path / "results.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    (batch,) = TableSource(path).batches()
    loss = statistics.fmean(column("amlb-2023.csv", "abalone", "RandomForest", "rmse"))
    assert values(batch, "abalone", "root_mean_squared_error") == [pytest.approx(loss)]


def test_fewer_than_ten_folds_do_not_tell_the_procedure(tmp_path):
    path = tmp_path / "results.csv"
    lines = (TABLES / "amlb-2023.csv").read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[4] in "012")]) + "\n"
    )
    source = TableSource(path)
    (batch,) = source.batches()
    assert set(batch.tasks["procedure"]) == {iris.procedure("unspecified")}
    assert "--procedure" in source.notes[0]
