"""Queries in the shapes that users of MLSea-KG write find OpenML's things here by the same IRIs and properties.

The queries restate, in our words, those that MLSea-KG publishes as examples and those of programs that read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyoxigraph as ox
import pytest

import kg
from kg import iris, mlsea
from kg.measures import MEASURES
from kg.pipeline import Pipeline, Step
from kg.terms import Value
from kg.vocabulary import DCAT, MLS

QUERIES = Path(__file__).parent / "mlsea"
MLSO_FILES = Path(__file__).parents[2].parent / "shared" / "data" / "mlso"
CREDIT = iris.openml_dataset(31)
BOOSTED = Pipeline((Step("estimator", "sklearn.ensemble.AdaBoostClassifier", {"n_estimators": 7}),))
RUNS = {59: 0.75, 60: 0.5}


def openml_batch() -> kg.Batch:
    """Two runs on OpenML's task 31, named as MLSea-KG names them."""
    runs = [f"{iris.OPENML}run/{number}" for number in RUNS]
    task = f"{iris.OPENML}task/31"
    return kg.Batch(
        kg.Manifest("openml", "trial", "Two runs", "CC-BY-4.0", "https://www.openml.org"),
        datasets=pl.DataFrame(
            {
                "dataset": [CREDIT],
                "openml_id": [31],
                "title": ["credit-g"],
                "landing_page": ["https://www.openml.org/d/31"],
            }
        ),
        qualities=pl.DataFrame({"dataset": [CREDIT], "name": ["NumberOfInstances"], "value": [1000.0]}),
        tasks=pl.DataFrame(
            {
                "task": [task],
                "dataset": [CREDIT],
                "type": ["classification"],
                "procedure": [iris.procedure("10-fold-cv")],
            }
        ),
        pipelines=pl.DataFrame(
            {"pipeline": [BOOSTED.iri], "title": [BOOSTED.title], "canonical": [BOOSTED.canonical()]}
        ),
        runs=pl.DataFrame({"run": runs}).with_columns(
            task=pl.lit(task), dataset=pl.lit(CREDIT), pipeline=pl.lit(BOOSTED.iri), status=pl.lit("finished")
        ),
        evaluations=pl.DataFrame({"run": runs, "value": list(RUNS.values())}).with_columns(
            measure=pl.lit(iris.measure("accuracy"))
        ),
    )


@pytest.fixture(scope="module")
def store(batches: list[kg.Batch]) -> Iterator[kg.Store]:
    """Parts of OBOE and LCDB, and two runs of OpenML."""
    with kg.MemoryStore() as made:
        for batch in (*batches[:2], openml_batch()):
            made.commit(batch)
        yield made


def rows(store: kg.Store, name: str) -> list[tuple[Value | None, ...]]:
    return list(store.query((QUERIES / f"{name}.rq").read_text()).rows())


def test_datasets_by_name(store: kg.Store) -> None:
    assert rows(store, "datasets") == [
        ("credit-g", "https://www.openml.org/d/31", "https://www.openml.org/t/31")
    ]


def test_characteristics(store: kg.Store, batches: list[kg.Batch]) -> None:
    found = {shown for _, shown in rows(store, "characteristics")}
    known = batches[1].qualities.filter(dataset=CREDIT)
    assert len(known) > 20
    assert set(known["name"]) <= {str(shown).partition(": ")[0] for shown in found}
    assert "NumberOfInstances: 1000" in found


def test_datasets_of_a_size(store: kg.Store, batches: list[kg.Batch]) -> None:
    sizes = pl.concat(batch.qualities for batch in batches[:2]).filter(name="NumberOfInstances")
    large = {(row["dataset"], row["value"]) for row in sizes.filter(pl.col("value") >= 4000).to_dicts()}
    assert set(rows(store, "datasets-of-a-size")) == large
    assert len(large) > 1


def test_implementations(store: kg.Store, batches: list[kg.Batch]) -> None:
    found = rows(store, "implementations")
    known = pl.concat([*(batch.pipelines for batch in batches[:2]), openml_batch().pipelines])
    boosted = known.filter(pl.col("title").str.contains("AdaBoost"))
    assert {label for label, _ in found} == set(boosted["title"])
    wanted = {name for _, name in found if name is not None}
    steps = [step for text in boosted["canonical"] for step in Pipeline.from_canonical(text).steps]
    assert wanted == {name for step in steps for name in step.parameters}


def test_evaluations_with_the_names_of_measures(store: kg.Store, batches: list[kg.Batch]) -> None:
    found = set(rows(store, "evaluations"))
    every = pl.concat([*(batch.evaluations for batch in batches[:2]), openml_batch().evaluations])
    runs = pl.concat([*(batch.runs for batch in batches[:2]), openml_batch().runs]).filter(dataset=CREDIT)
    known = every.filter(pl.col("run").is_in(runs["run"].to_list()))
    names = known["measure"].str.strip_prefix(iris.measure(""))
    assert found == set(zip(known["run"], names, known["value"], strict=True))
    assert len(found) > 400


def test_configurations(store: kg.Store) -> None:
    pages = [f"https://www.openml.org/r/{number}" for number in RUNS]
    assert sorted(rows(store, "configurations")) == [(page, "n_estimators: 7") for page in pages]


def test_best_settings(store: kg.Store, batches: list[kg.Batch]) -> None:
    ((label, run, best, settings),) = rows(store, "best-settings")
    oboe = batches[0]
    boosted = oboe.pipelines.filter(pl.col("title").str.contains("AdaBoost"))["pipeline"].to_list()
    runs = oboe.runs.filter(pl.col("pipeline").is_in(boosted))
    scores = oboe.evaluations.filter(measure=iris.measure("one_vs_rest_balanced_accuracy"))
    assert best == scores.join(runs, on="run")["value"].max()
    assert run in set(runs["run"])
    assert "AdaBoost" in str(label)
    chosen = oboe.runs.filter(run=str(run))["pipeline"].item()
    canonical = oboe.pipelines.filter(pipeline=chosen)["canonical"].item()
    steps = Pipeline.from_canonical(canonical).steps
    assert len(str(settings).split(", ")) == sum(len(step.parameters) for step in steps)


def test_tasks_and_their_dataset(store: kg.Store) -> None:
    assert rows(store, "dataset-of-a-task") == [(31,)]
    (task,) = rows(store, "tasks-of-a-dataset")
    assert task == (
        f"{iris.OPENML}task/31",
        31,
        "https://www.openml.org/t/31",
        "Task 31 (classification)",
        "http://w3id.org/mlso/vocab/estimation_procedure#crossvalidation",
    )


def test_runs_and_their_metrics(store: kg.Store) -> None:
    found = rows(store, "runs-of-a-task")
    assert [(number, page) for _, number, page, _ in found] == [
        (number, f"https://www.openml.org/r/{number}") for number in RUNS
    ]
    assert {implementation for *_, implementation in found} == {BOOSTED.iri}
    assert rows(store, "metrics-of-a-run") == [
        ("http://w3id.org/mlso/vocab/evaluation_measure#accuracy", 0.75)
    ]


def test_every_query_is_asked() -> None:
    text = Path(__file__).read_text()
    names = {path.stem for path in QUERIES.glob("*.rq")}
    assert len(names) >= 8
    assert {name for name in names if f'"{name}"' not in text} == set()


def test_the_iris_are_those_of_mlsea(store: kg.Store) -> None:
    """Distribution, qualities and specification of OpenML's things are where MLSea-KG has them."""
    found = store.query(
        f"SELECT DISTINCT ?d ?q WHERE {{ $dataset <{DCAT}distribution> ?d . ?d <{MLS}hasQuality> ?q }}",
        bindings={"dataset": kg.IRI(CREDIT)},
    )
    assert {d for d, _ in found.rows()} == {"http://w3id.org/mlsea/openml/distribution/31"}
    assert "http://w3id.org/mlsea/openml/dataset/31/datasetCharacteristic/NumberOfInstances" in {
        str(quality) for _, quality in found.rows()
    }
    specified = store.query(
        f"SELECT ?s WHERE {{ ?s <{MLS}defines> <{iris.OPENML}task/31> }}",
    )
    assert list(specified.rows()) == [("http://w3id.org/mlsea/openml/evaluationSpecification/31",)]


def test_our_own_datasets_keep_their_parts_below_them() -> None:
    own = iris.own("dataset", "0123456789abcdef")
    frame = pl.DataFrame({"dataset": [own, CREDIT]})
    assert frame.select(mlsea.distribution("dataset")).to_series().to_list() == [
        f"{own}/distribution",
        "http://w3id.org/mlsea/openml/distribution/31",
    ]


@pytest.mark.skipif(not MLSO_FILES.is_dir(), reason="the files of MLSO are not here")
def test_types_are_concepts_of_mlso() -> None:
    """Each type is in MLSO's taxonomies, with / for MLSea-KG's #; but for one that MLSO spells otherwise."""
    known = {
        quad.subject.value
        for path in MLSO_FILES.glob("mlso_*.ttl")
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
        if isinstance(quad.subject, ox.NamedNode)
    }
    used = [
        *mlsea.CHARACTERISTIC_TYPES.values(),
        *mlsea.TASK_TYPES.values(),
        *mlsea.MEASURE_TYPES.values(),
        *mlsea.PROCEDURE_TYPES.values(),
    ]
    unknown = {iri for iri in used if iri.replace("#", "/") not in known}
    assert unknown == {"http://w3id.org/mlso/vocab/dataset_characteristic/minority_class_size"}
    assert set(mlsea.MEASURE_TYPES) <= set(MEASURES)
