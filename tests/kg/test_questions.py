"""The shipped questions: each file is sound, each answer is what polars computes from the same batches."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

import kg
from kg import iris, questions
from kg.errors import QueryError
from kg.measures import MEASURES
from kg.pipeline import Pipeline

CREDIT_G = iris.openml_dataset(31)
CV, CURVE = iris.procedure("5-fold-cv"), iris.procedure("learning-curve-holdout")
SCORE = iris.measure("one_vs_rest_balanced_accuracy")
NAIVE_BAYES, SVC = "8ad1f1386e3da299", "b907c90eb6bd3b2b"
GIVEN = {
    "dataset": "31",
    "component": "sklearn.svm.SVC",
    "pipeline": NAIVE_BAYES,
    "pipeline_a": NAIVE_BAYES,
    "pipeline_b": SVC,
    "run": f"oboe/31/{NAIVE_BAYES}",
    "text": "credit",
    "method": "trial",
}


OF_METHODS = ("lineage", "method-results", "method-runs", "products")


@pytest.fixture(scope="module")
def results(batches: list[kg.Batch]) -> pl.DataFrame:
    """One row per run and measure, from the batches and not from the graph."""
    runs = pl.concat([batch.runs for batch in batches])
    evaluations = pl.concat([batch.evaluations for batch in batches])
    tasks = pl.concat([batch.tasks for batch in batches]).unique("task").select("task", "procedure")
    pipelines = pl.concat([batch.pipelines for batch in batches]).unique("pipeline")
    component = {
        iri: Pipeline.from_canonical(canonical).estimator.component
        for iri, canonical in pipelines.select("pipeline", "canonical").iter_rows()
    }
    return (
        runs.join(evaluations, on="run")
        .join(tasks, on="task")
        .with_columns(component=pl.col("pipeline").replace_strict(component))
    )


@pytest.fixture(scope="module")
def scores(results: pl.DataFrame) -> pl.DataFrame:
    """One-vs-rest balanced accuracies by cross-validation."""
    return results.filter((pl.col("measure") == SCORE) & (pl.col("procedure") == CV))


def answer(store: kg.Store, name: str, **params: object) -> pl.DataFrame:
    required = {p.name: GIVEN[p.name] for p in questions.load(name).params if p.default is None}
    return questions.ask(store, name, **{**required, **params}).to_polars()


@pytest.mark.parametrize("name", questions.names())
class TestEachQuestion:
    def test_header_and_query_agree(self, name: str) -> None:
        question = questions.load(name)
        declared = re.findall(r"^# param (\w+):", question.text, re.MULTILINE)
        assert question.question.endswith("?")
        assert [parameter.name for parameter in question.params] == declared
        blocks = set(re.findall(r"VALUES \?(\w+) \{ [^{}\s]+ \}", question.text))
        assert blocks - {"sign"} == set(declared) - {"limit"}
        assert {parameter.kind for parameter in question.params} <= set(questions.KINDS)
        assert ("sign" not in blocks) or ("measure" in blocks)

    def test_runs_as_it_stands_and_gives_an_answer(
        self, name: str, experiments: kg.Store, trials: kg.Store
    ) -> None:
        question = questions.load(name)
        store = trials if name in OF_METHODS else experiments
        as_it_stands = store.query(question.text)
        assert len(as_it_stands) > 0
        limit = next((int(p.default or 0) for p in question.params if p.name == "limit"), None)
        asked = questions.ask(
            store, name, **{p.name: GIVEN[p.name] for p in question.params if not p.default}
        )
        assert asked.variables == as_it_stands.variables
        assert asked.terms == as_it_stands.terms[:limit]
        assert len(set(asked.terms)) == len(asked)


def test_there_are_enough() -> None:
    assert len(questions.names()) >= 14


def test_best_pipelines(experiments: kg.Store, scores: pl.DataFrame) -> None:
    best = scores.filter(pl.col("dataset") == CREDIT_G).sort("value", descending=True)
    found = answer(experiments, "best-pipelines", limit=10)
    assert found["value"].to_list() == best["value"][:10].to_list()
    assert found["pipeline"][0] == best["pipeline"][0]
    assert answer(experiments, "best-pipelines", limit=1000).height == best.height


def test_best_means_lowest_where_lower_is_better(experiments: kg.Store, results: pl.DataFrame) -> None:
    asked = {"measure": "log_loss", "procedure": "learning-curve-holdout"}
    expected = results.filter(
        (pl.col("dataset") == CREDIT_G)
        & (pl.col("measure") == iris.measure("log_loss"))
        & (pl.col("procedure") == CURVE)
    ).sort("value")
    found = answer(experiments, "best-pipelines", **asked)
    assert found["value"].to_list() == expected["value"][:20].to_list()
    hardest = answer(experiments, "hardest-datasets", limit=1, **asked)
    best = (
        results.filter(pl.col("measure") == iris.measure("log_loss"))
        .group_by("dataset")
        .agg(pl.col("value").min())
    )
    assert hardest["best"][0] == pytest.approx(best["value"].max())


def test_ever_best(experiments: kg.Store, scores: pl.DataFrame) -> None:
    winners = scores.filter(pl.col("value") == pl.col("value").max().over("task"))
    wins = dict(winners.group_by("pipeline").len().iter_rows())
    found = answer(experiments, "ever-best", limit=1000)
    assert dict(found.select("pipeline", "wins").iter_rows()) == wins
    assert found["wins"].is_sorted(descending=True)


def test_algorithm_ranking(experiments: kg.Store, scores: pl.DataFrame) -> None:
    best = scores.group_by("component", "task").agg(pl.col("value").max())
    expected = best.group_by("component").agg(pl.col("value").mean(), pl.len())
    found = answer(experiments, "algorithm-ranking")
    assert found["mean_best"].is_sorted(descending=True)
    truth = {iris.component(name): (mean, count) for name, mean, count in expected.iter_rows()}
    assert {row[0] for row in found.select("component").iter_rows()} == set(truth)
    for component, mean, count in found.select("component", "mean_best", "datasets").iter_rows():
        assert (mean, count) == (pytest.approx(truth[component][0]), truth[component][1])


def test_hardest_and_easiest_datasets(experiments: kg.Store, scores: pl.DataFrame) -> None:
    by_dataset = scores.group_by("dataset").agg(
        best=pl.col("value").max(), mean=pl.col("value").mean(), runs=pl.len()
    )
    hardest = answer(experiments, "hardest-datasets", limit=1000)
    assert hardest["best"].is_sorted()
    truth = by_dataset.sort("dataset")
    shown = hardest.sort("dataset")
    assert shown["dataset"].to_list() == truth["dataset"].to_list()
    assert shown["best"].to_list() == pytest.approx(truth["best"].to_list())
    assert shown["runs"].to_list() == truth["runs"].to_list()
    easiest = answer(experiments, "easiest-datasets", limit=3)
    assert easiest["mean"].to_list() == pytest.approx(by_dataset["mean"].top_k(3).to_list())


def test_two_pipelines_against_each_other(experiments: kg.Store, scores: pl.DataFrame) -> None:
    both = scores.with_columns(key=pl.col("pipeline").str.split("/").list.last()).filter(
        pl.col("key").is_in([NAIVE_BAYES, SVC])
    )
    wide = both.pivot("key", index="dataset", values="value").drop_nulls()
    found = answer(experiments, "head-to-head")
    assert found["datasets"][0] == wide.height == 20
    assert found["a_wins"][0] == (wide[NAIVE_BAYES] > wide[SVC]).sum()
    assert found["b_wins"][0] == (wide[NAIVE_BAYES] < wide[SVC]).sum()
    assert found["ties"][0] == (wide[NAIVE_BAYES] == wide[SVC]).sum()
    assert found["mean_b"][0] == pytest.approx(wide[SVC].mean())
    compared = answer(experiments, "compare-pipelines")
    assert compared.height == 20
    assert compared["difference"][0] == pytest.approx((wide[NAIVE_BAYES] - wide[SVC]).max())
    slower = answer(experiments, "head-to-head", measure="runtime_seconds")
    assert slower["a_wins"][0] == compared.height  # naive Bayes is faster on every dataset


def test_datasets_of_like_size(experiments: kg.Store, batches: list[kg.Batch], scores: pl.DataFrame) -> None:
    qualities = pl.concat([batch.qualities for batch in batches])
    wide = qualities.pivot("name", index="dataset", values="value", aggregate_function="max")
    sizes = ["NumberOfInstances", "NumberOfFeaturesAfterBinarization"]
    own = wide.filter(pl.col("dataset") == CREDIT_G).select(sizes).row(0)
    ratio = pl.lit(1.0)
    for name, value in zip(sizes, own, strict=True):
        ratio = ratio * pl.max_horizontal(pl.col(name) / value, value / pl.col(name))
    near = (
        wide.drop_nulls(sizes)
        .filter(pl.col("dataset") != CREDIT_G)
        .with_columns(distance=ratio)
        .sort("distance")
    )
    found = answer(experiments, "datasets-like-it", limit=5)
    assert found["neighbour"].to_list() == near["dataset"][:5].to_list()
    assert found["distance"].to_list() == pytest.approx(near["distance"][:5].to_list())
    nearest = scores.filter(pl.col("dataset").is_in(near["dataset"][:5].to_list()))
    means = nearest.group_by("pipeline").agg(pl.col("value").mean(), n=pl.col("dataset").n_unique())
    worked = answer(experiments, "tried-on-similar", limit=1000)
    assert worked.height == means.height
    top = means.sort("n", "value", descending=True).row(0)
    assert (worked["pipeline"][0], worked["datasets"][0]) == (top[0], 5)
    assert worked["mean"][0] == pytest.approx(top[1])


def test_fast_and_good(experiments: kg.Store, results: pl.DataFrame, scores: pl.DataFrame) -> None:
    mine = scores.filter(pl.col("dataset") == CREDIT_G)
    close = mine.filter(pl.col("value") >= mine["value"].max() - 0.05)
    runtimes = results.filter(pl.col("measure") == iris.measure("runtime_seconds")).select(
        "run", seconds="value"
    )
    expected = close.join(runtimes, on="run").sort("seconds")
    found = answer(experiments, "fast-and-good", within=0.05, limit=1000)
    assert found["pipeline"].to_list() == expected["pipeline"].to_list()
    assert found.height > 1


def test_slow_pipelines(experiments: kg.Store, results: pl.DataFrame) -> None:
    slow = results.filter((pl.col("measure") == iris.measure("runtime_seconds")) & (pl.col("value") > 100))
    found = answer(experiments, "slow-pipelines", seconds=100, limit=1000)
    assert dict(found.select("pipeline", "slow_runs").iter_rows()) == dict(
        slow.group_by("pipeline").len().iter_rows()
    )
    assert found["longest"].max() == slow["value"].max()


def test_winning_hyperparameters(
    experiments: kg.Store, scores: pl.DataFrame, batches: list[kg.Batch]
) -> None:
    svc = scores.filter(pl.col("component") == "sklearn.svm.SVC")
    winners = svc.filter(pl.col("value") == pl.col("value").max().over("task"))
    canonical = dict(pl.concat([b.pipelines for b in batches]).select("pipeline", "canonical").iter_rows())
    wins: dict[tuple[str, Any], int] = {}
    for pipeline in winners["pipeline"]:
        for name, value in Pipeline.from_canonical(canonical[pipeline]).estimator.parameters.items():
            wins[name, str(value)] = wins.get((name, str(value)), 0) + 1
    found = questions.ask(experiments, "winning-hyperparameters", component="sklearn.svm.SVC", limit=1000)
    assert {(name, str(value)): count for name, value, count in found.rows()} == wins


def test_measures_and_procedures(experiments: kg.Store, results: pl.DataFrame) -> None:
    expected = results.group_by("measure", "procedure").agg(pl.col("task").n_unique(), pl.len())
    found = answer(experiments, "measures").select("measure", "procedure", "datasets", "runs")
    assert set(found.iter_rows()) == set(expected.iter_rows())
    for measure in MEASURES.values():
        assert f"measure:{measure.key}" in questions.load("measures").text


def test_results_of_a_dataset(experiments: kg.Store, results: pl.DataFrame) -> None:
    mine = results.filter(pl.col("dataset") == CREDIT_G)
    expected = mine.group_by("measure", "procedure").agg(
        pl.len().cast(pl.Int64), pl.col("value").min().alias("low"), pl.col("value").max().alias("high")
    )
    found = answer(experiments, "dataset-results").select("measure", "procedure", "runs", "lowest", "highest")
    assert set(found.iter_rows()) == set(expected.iter_rows())


def test_learning_curve_states_its_sizes(experiments: kg.Store, results: pl.DataFrame) -> None:
    mine = results.filter((pl.col("dataset") == CREDIT_G) & (pl.col("measure") == iris.measure("accuracy")))
    found = answer(experiments, "learning-curve")
    assert set(found.select("pipeline", "training_size", "value").iter_rows()) == set(
        mine.select("pipeline", "training_size", "value").iter_rows()
    )


def test_one_pipeline_everywhere(experiments: kg.Store, scores: pl.DataFrame) -> None:
    mine = scores.filter(pl.col("pipeline").str.ends_with(NAIVE_BAYES))
    found = answer(experiments, "pipeline-across-datasets")
    assert dict(found.select("dataset", "value").iter_rows()) == dict(
        mine.select("dataset", "value").iter_rows()
    )


def test_one_run(experiments: kg.Store, scores: pl.DataFrame) -> None:
    told = {
        (about, prop): value
        for about, prop, value in questions.ask(experiments, "run", run=GIVEN["run"]).rows()
    }
    value = scores.filter(pl.col("run").str.ends_with(GIVEN["run"]))["value"].item()
    assert told["run", SCORE] == value
    assert told["task", "https://w3id.org/metakg/ontology#procedure"] == CV
    assert told["dataset", "http://purl.org/dc/terms/title"] == "credit-g"
    assert "GaussianNB" in str(told["pipeline", "http://purl.org/dc/terms/title"])


def test_failures_say_why(experiments: kg.Store) -> None:
    found = answer(experiments, "failures")
    assert found.height == 1
    assert found["error"][0] == "ValueError: nothing to fit"
    assert found["dataset"][0] == iris.openml_dataset(3)


def test_datasets_are_found_by_size_and_by_name(experiments: kg.Store, batches: list[kg.Batch]) -> None:
    rows = pl.concat([b.qualities for b in batches]).filter(pl.col("name") == "NumberOfInstances")
    sizes = rows.group_by("dataset").agg(pl.col("value").max())
    found = answer(experiments, "datasets-by-size", minimum_rows=1000, maximum_rows=3000)
    assert set(found["dataset"]) == set(sizes.filter(pl.col("value").is_between(1000, 3000))["dataset"])
    assert answer(experiments, "datasets-named", text="CREDIT-G")["dataset"].to_list() == [CREDIT_G]


def test_overview_has_every_quality(experiments: kg.Store, batches: list[kg.Batch]) -> None:
    found = answer(experiments, "dataset-overview")
    qualities = pl.concat([b.qualities for b in batches]).filter(pl.col("dataset") == CREDIT_G)
    assert set(qualities["name"]) <= set(found["property"])
    told = dict(questions.ask(experiments, "dataset-overview", dataset=31).rows())
    assert told["title"] == "credit-g"
    assert told["runs, 5-fold-cv"] == 219


def test_sources_and_counts(experiments: kg.Store, batches: list[kg.Batch]) -> None:
    found = answer(experiments, "sources").filter(pl.col("kind") == "source")
    counts = {b.manifest.source: (b.datasets.height, b.runs.height, b.evaluations.height) for b in batches}
    told = found.select("source", "datasets", "runs", "evaluations").iter_rows()
    assert {source: tuple(rest) for source, *rest in told} == counts


@pytest.mark.parametrize("written", [31, "31", "openml:31", CREDIT_G, kg.IRI(CREDIT_G)])
def test_a_dataset_is_named_in_several_ways(experiments: kg.Store, written: object) -> None:
    assert answer(experiments, "best-pipelines", dataset=written, limit=1).height == 1


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("best-pipeline", {}, "did you mean 'best-pipelines'"),
        ("best-pipelines", {"dataset": 31, "mesure": "accuracy"}, "did you mean 'measure'"),
        ("best-pipelines", {}, "needs dataset: OpenML id"),
        ("best-pipelines", {"dataset": 999999}, "not in the graph"),
        ("best-pipelines", {"dataset": "credit-g"}, "neither an OpenML id"),
        ("best-pipelines", {"dataset": "https://x.org/> } DELETE"}, "neither an OpenML id"),
        (
            "best-pipelines",
            {"dataset": 31, "measure": "balanced_acuracy"},
            "did you mean 'balanced_accuracy'",
        ),
        ("best-pipelines", {"dataset": 31, "procedure": "10-fold-cv"}, "did you mean '5-fold-cv'"),
        ("best-pipelines", {"dataset": 31, "limit": "many"}, "not a number"),
        ("winning-hyperparameters", {"component": "sklearn.svm.SVM"}, "did you mean 'sklearn.svm.SVC'"),
        ("pipeline-across-datasets", {"pipeline": "0123"}, "not in the graph"),
        ("run", {"run": "oboe/31/0123"}, "not in the graph"),
        ("run", {"run": "https://x.org/a b"}, "is not an IRI"),
        ("sources", {"dataset": 31}, "there is none"),
    ],
)
def test_what_is_unknown_is_said(experiments: kg.Store, name: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(QueryError, match=re.escape(said)):
        questions.ask(experiments, name, **params)


@pytest.mark.parametrize(
    "hostile", ['" } DELETE', "' OR 1=1", '\\" . ?s ?p ?o', "credit\n# }", "{ VALUES ?text }"]
)
def test_text_is_a_value_and_nothing_else(experiments: kg.Store, hostile: str) -> None:
    assert answer(experiments, "datasets-named", text=hostile).height == 0


def test_a_filled_question_can_be_asked_again(experiments: kg.Store) -> None:
    text = questions.phrase(experiments, "best-pipelines", dataset=23, limit=3)
    assert (
        experiments.query(text).terms
        == questions.ask(experiments, "best-pipelines", dataset=23, limit=3).terms
    )


def test_what_methods_showed_and_made(trials: kg.Store) -> None:
    (shown,) = answer(trials, "method-results").iter_rows(named=True)
    assert (shown["method"], shown["baseline"], shown["pairs"]) == ("trial", "plain", 2)
    assert shown["difference"] == pytest.approx(0.25)
    assert sorted(shown["seeds"].split()) == ["0", "1"]
    made = answer(trials, "products")
    assert made.select("title", "status", "error").rows() == [
        ("skill 1", "failed", "ValueError: NaN"),
        ("skill 2", None, None),
    ]
    assert answer(trials, "products", kind="optimizer")["title"].to_list() == [
        "optimizer 1",
        "optimizer 2",
    ]
    assert answer(trials, "lineage").select("title", "parent_title").rows() == [
        ("optimizer 2", "optimizer 1")
    ]
