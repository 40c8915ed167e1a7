"""Runs that nobody could repeat beside OBOE: they are answered about, and never recommended from."""

from __future__ import annotations

import json

import polars as pl
import pytest

import metakg
from embeddings.estimators import build, refusal
from ingest.records import DatasetRef, Record, Records
from ingest.sklearn_objects import opaque_pipeline
from ingest.source import Tally
from kg.batch import Batch, Manifest
from kg.measures import declared
from kg.pipeline import Pipeline, Step
from metakg.training import MEASURE, PROCEDURE
from metakg.training_runs import only_recommendable


def foreign(buildable: Pipeline) -> Batch:
    """300 runs (synthetic) of opaque pipelines, and each of 12 datasets once by one that is of nobody else."""
    records = Records(
        Manifest("notes", "1", "Notes", "CC0-1.0", "https://example.org/notes"),
        Tally(),
        declared={"my loss": declared("my loss", "lower", 0.0, 1.0)},
    )
    for number in range(300):
        odd = {
            "params": json.dumps({"depth": [number, {"a": "'\"\\n"}]}),
            "q": 'say "x"\nand \\ more',
            "é": None,
        }
        regression = number % 3 == 0
        records.add(
            Record(
                str(number),
                DatasetRef("Titanic (train)") if number % 5 else DatasetRef(openml_id=1510),
                opaque_pipeline(f"my model {number % 7}", odd),
                {"rmse": number + 0.5}
                if regression
                else {"my loss": number / 300, "one_vs_rest_balanced_accuracy": 0.999},
                f"row {number}",
                procedure="5-fold-cv",
                type="regression" if regression else "classification",
            )
        )
    for number in range(12):
        scores = {"one_vs_rest_balanced_accuracy": 0.99}
        opaque = opaque_pipeline("often.Used", {})
        rare = Pipeline((Step("estimator", "sklearn.svm.SVC", {"C": 1000 + number}),))
        for key, pipeline in (("often", opaque), ("rare", rare), ("known", buildable)):
            records.add(
                Record(
                    f"{key}-{number}",
                    DatasetRef(f"own table {number}"),
                    pipeline,
                    scores,
                    f"row {number}",
                    procedure="5-fold-cv",
                    type="classification",
                )
            )
    assert not records.tally.rejected
    return records.batch()


@pytest.fixture
def kg(own_store):  # type: ignore[no-untyped-def]
    with metakg.open(own_store) as opened:
        pipelines = sorted(opened.experience().pipeline_objects.items())
        opened.store.commit(foreign(pipelines[0][1]))
        yield opened


def test_only_pipelines_that_can_be_built_and_are_known_are_learned(kg, small_store):  # type: ignore[no-untyped-def]
    with metakg.open(small_store, read_only=True) as before:
        plain = before.experience()
        assert only_recommendable(plain, MEASURE, PROCEDURE) is plain
        expected = plain.matrix(MEASURE, PROCEDURE)
    learned = only_recommendable(kg.experience(), MEASURE, PROCEDURE)
    datasets, pipelines, values = learned.matrix(MEASURE, PROCEDURE)
    assert pipelines == expected[1]
    of_oboe = [datasets.index(dataset) for dataset in expected[0]]
    assert (values[of_oboe] == expected[2]).all()
    assert len(datasets) == len(expected[0]) + 12
    for each in (learned.pipeline_objects[iri] for iri in pipelines):
        build(each, numeric=["a"], categorical=["b"], n_classes=3)


def test_everything_answers_beside_them(kg, shell, own_store):  # type: ignore[no-untyped-def]
    board = kg.leaderboard(measure="my_loss", top=300)
    assert board["mean"].is_sorted()
    assert board["mean"][0] < 0.01
    worst = kg.leaderboard("metakg:dataset/name/titanic-train", measure="root_mean_squared_error", top=300)
    assert worst["value"].is_sorted()
    # One good run on an easy table is no place on the board over all datasets.
    over_all = kg.leaderboard(top=1000)
    assert set(over_all["pipeline"]) == set(over_all.filter(pl.col("datasets") >= 30)["pipeline"])
    opaque = board["pipeline"][0]
    for words in (
        ("explain", opaque),
        ("explain", "metakg:dataset/name/titanic-train"),
        ("network", "neighbourhood", opaque),
        ("network", "communities"),
        ("ask", "best-pipelines", "--dataset", "metakg:dataset/name/titanic-train", "--measure", "my_loss"),
        ("leaderboard", "--measure", "my_loss"),
        ("link",),
    ):
        status, out, err = shell("--store", own_store, *words)
        assert status == 0, err
        assert out


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (Step("estimator", "opaque", {"x": "{}"}), "is not allowed"),
        (Step("estimator", "sklearn.linear_model.LinearRegression"), "is not allowed"),
        (Step("estimator", "sklearn.svm.SVC", {"C": '{"a": 1}'}), "must be a float"),
        (Step("estimator", "sklearn.svm.SVC", {"C": -1}), "must be a float"),
        (Step("estimator", "sklearn.svm.SVC", {"zz": 1}), "has no parameter 'zz'"),
        (Step("scaler", "sklearn.preprocessing.StandardScaler"), "no step in slot 'estimator'"),
    ],
)
def test_why_a_pipeline_cannot_be_built(step, why):  # type: ignore[no-untyped-def]
    said = refusal(Pipeline((step,)))
    assert said is not None
    assert why in said
    assert refusal(Pipeline((Step("estimator", "sklearn.svm.SVC", {"C": 2}),))) is None
