"""LCDB's qualities and the ends of its learning curves arrive, and never look like cross-validation."""

import polars as pl
import pytest

import metakg
from ingest import LcdbSource, OboeSource
from ingest.sklearn_names import lcdb_pipeline
from ingest.tables import DATA
from kg import iris
from kg.batch import content_hash
from kg.errors import QueryError

SERIES = 309_400
"""Values of all curves: five measures, of which two are for two classes only."""


@pytest.fixture(scope="module")
def source():
    return LcdbSource()


@pytest.fixture(scope="module")
def batch(source):
    (only,) = source.batches()
    return only


def test_counts(source, batch):
    assert batch.counts() == {
        "datasets": 270,
        "qualities": 219 * 64 - 3077,
        "tasks": 248,
        "pipelines": 20,
        "runs": 4367,
        "evaluations": 5 * 4367 - 2 * 1613,
        "series": SERIES,
    }
    assert {item.what: item.count for item in source.tally.left_out} == {
        "qualities": 3077,
        "evaluations": 1613,
        "series": 5 * 72_224 - SERIES,
    }


# means over the rows of lcdb 0.1.0, lcdb/database-{accuracy,auc,f1,logloss}.csv, at the largest size_train
@pytest.mark.parametrize(
    ("number", "learner", "anchor", "expected"),
    [
        (
            31,
            "SVC_linear",
            810,
            {
                "accuracy": 0.744,
                "roc_auc": 0.664768,
                "f1": 0.520504,
                "log_loss": 8.841928,
                "runtime_seconds": 0.037592,
            },
        ),
        # iris has three classes: no AUC and no F1; its log loss is not repeated here
        (61, "sklearn.naive_bayes.BernoulliNB", 121, {"accuracy": 0.3333, "runtime_seconds": 0.001156}),
    ],
)
def test_values_are_the_means_of_the_csv(batch, number, learner, anchor, expected):
    run = iris.own("run", f"lcdb/{number}/{lcdb_pipeline(learner).key}/{anchor}")
    row = batch.runs.row(by_predicate=pl.col("run") == run, named=True)
    assert row["training_size"] == anchor
    assert row["task"] == iris.task(f"openml-{number}", "learning-curve-holdout")
    values = dict(batch.evaluations.filter(pl.col("run") == run).select("measure", "value").iter_rows())
    for key, value in expected.items():
        assert values.pop(iris.measure(key)) == pytest.approx(value, abs=5e-7)
    assert set(values) <= {iris.measure("log_loss")}


def test_qualities_keep_names_and_values(batch):
    of_3 = batch.qualities.filter(pl.col("dataset") == iris.openml_dataset(3))
    values = dict(of_3.select("name", "value").iter_rows())
    # datasets.csv, first row (kr-vs-kp)
    assert values["AutoCorrelation"] == 0.9990610328638496
    assert values["ClassEntropy"] == 0.9985755386554582
    assert values["NumberOfInstances"] == 3196
    # an empty field stays missing
    assert "MaxKurtosisOfNumericAtts" not in values


def test_never_mixed_with_cross_validation(batch):
    (other,) = OboeSource().batches()
    assert set(batch.tasks["procedure"]) == {iris.procedure("learning-curve-holdout")}
    for table, column in (("tasks", "task"), ("runs", "run"), ("tasks", "procedure")):
        assert not set(batch.tables()[table][column]) & set(other.tables()[table][column])


def test_datasets_of_both_sources_are_one_node_with_one_title(batch):
    (other,) = OboeSource().batches()
    titles = dict(other.datasets.select("dataset", "title").iter_rows())
    shared = [
        (title, titles[dataset])
        for dataset, title in batch.datasets.select("dataset", "title").iter_rows()
        if dataset in titles
    ]
    assert len(shared) > 96
    assert all(one == two for one, two in shared)


def test_curves_end_where_the_runs_are(source, batch):
    curves = source.curves()
    assert curves.height == 72_224
    ends = curves.group_by("openmlid", "learner").agg(pl.col("size_train").max())
    assert sorted(ends["size_train"]) == sorted(batch.runs["training_size"])


def test_series_are_the_whole_curves(source, batch):
    curves = source.curves()
    run = iris.own("run", f"lcdb/31/{lcdb_pipeline('SVC_linear').key}/810")
    of_run = batch.series.filter(pl.col("run") == run)
    assert set(of_run["axis"]) == {"training_size"}
    expected = curves.filter(openmlid=31, learner="SVC_linear").sort("size_train")
    assert expected.height > 10
    for measure in ("accuracy", "roc_auc", "f1", "log_loss", "runtime_seconds"):
        points = of_run.filter(name=measure).sort("position")
        assert points["position"].to_list() == expected["size_train"].to_list()
        assert points["value"].to_list() == expected[measure].to_list()


def test_the_graph_gives_the_curve_of_a_run(tmp_path):
    with metakg.open(tmp_path / "store") as kg:
        first = kg.ingest("lcdb")
        assert first.written["series"] == SERIES
        assert not kg.ingest("lcdb").changed
        run = iris.own("run", f"lcdb/31/{lcdb_pipeline('SVC_linear').key}/810")
        points = kg.series(run)
        assert points.columns == ["name", "axis", "position", "value"]
        (end,) = points.filter(name="accuracy", position=810.0)["value"]
        assert end == pytest.approx(0.744)
        text = kg.explain(run).to_text()
        assert "training_size" in text
        assert "log_loss" in text
        with pytest.raises(QueryError, match="knows no run"):
            kg.series(iris.own("run", "lcdb/none"))
        assert first.quads < SERIES  # the points are no triples


def test_size_of_one_hot_encoding_agrees_with_oboe():
    """What OBOE's sizes are: its columns, less the target, are LCDB's NumberOfFeaturesAfterBinarization."""
    sizes = pl.read_parquet(DATA / "oboe-datasets.parquet")
    both = sizes.join(
        pl.read_parquet(DATA / "lcdb-datasets.parquet"), left_on="openml_id", right_on="openmlid"
    )
    encoded = both["columns"] - 1 == both["NumberOfFeaturesAfterBinarization"]
    differ = both["NumberOfFeatures"] - 1 != both["NumberOfFeaturesAfterBinarization"]
    assert (both.height, encoded.sum(), differ.sum()) == (96, 94, 16)
    assert not (both["columns"] == both["NumberOfFeatures"]).filter(differ).any()
    assert (both["rows"] == both["NumberOfInstances"]).all()


def test_the_original_archive_gives_the_same(lcdb_archive):
    assert content_hash(LcdbSource(lcdb_archive).batches()) == content_hash(LcdbSource().batches())
